# What other programs call otherwise is answered with the exact command.
$ sslutil init
sslutil: error: sslutil has no command init
sslutil: hint: sslutil certificate self-sign mail.example.org
? 2

$ sslutil cert mail.example.org
sslutil: error: sslutil has no command cert
sslutil: hint: sslutil certificate self-sign mail.example.org
? 2

$ sslutil generate --cn mail.example.org
sslutil: error: sslutil has no command generate
sslutil: hint: sslutil certificate self-sign mail.example.org
? 2

$ sslutil certificate self-sign -d mail.example.org
sslutil: error: sslutil certificate self-sign has no option -d
sslutil: hint: sslutil certificate self-sign mail.example.org
? 2

$ sslutil csr --san DNS:mail.example.org,DNS:imap.example.org
sslutil: error: sslutil csr has no option --san
sslutil: hint: sslutil certificate csr mail.example.org imap.example.org
? 2

$ sslutil renew
sslutil: error: sslutil has no command renew
sslutil: hint: sslutil certificate renew
? 2

$ sslutil import answer.pem
sslutil: error: sslutil has no command import
sslutil: hint: sslutil certificate import answer.pem
? 2

$ sslutil ciphers
sslutil: error: sslutil has no command ciphers
sslutil: hint: sslutil configure ciphers --list
? 2

$ sslutil mtls
sslutil: error: sslutil has no command mtls
sslutil: hint: sslutil client-auth list
? 2

$ sslutil undo
sslutil: error: sslutil has no command undo
sslutil: hint: sslutil rollback
? 2

$ sslutil follow
sslutil: error: sslutil has no command follow
sslutil: hint: sslutil certificate follow --certificate fullchain.pem --key privkey.pem
? 2

$ sslutil pfx
sslutil: error: sslutil has no command pfx
sslutil: hint: sslutil export pkcs12 --out mail.p12
? 2

$ sslutil dane
sslutil: error: sslutil has no command dane
sslutil: hint: sslutil tlsa
? 2

$ sslutil cron
sslutil: error: sslutil has no command cron
sslutil: hint: sslutil timer install
? 2

$ sslutil check
sslutil: error: sslutil has no command check
sslutil: hint: sslutil status
? 2

$ sslutil apply --check
sslutil: error: sslutil apply has no option --check; did you mean --dry-run?
sslutil: hint: sslutil apply --dry-run
? 2

$ sslutil export sendmail
sslutil: error: sslutil export has no command sendmail
sslutil: hint: sslutil export --help
? 2

$ sslutil stauts
sslutil: error: sslutil has no command stauts; did you mean status?
sslutil: hint: sslutil status
? 2

$ sslutil --registry-path /srv/other init mail.example.org
sslutil: error: sslutil has no command init
sslutil: hint: sslutil certificate self-sign mail.example.org --registry-path /srv/other
? 2
% absent mail

# A group alone tells what it has.
$ sslutil export
Usage: sslutil export [OPTIONS] COMMAND [ARGS]...
…
  Give policy, key and certificate to another program.
…
Options:
  --registry-path PATH  Use this registry, for one command.
  --json                Answer with one JSON object on stdout.
  -h, --help            Show this message and exit.
…
Commands:
  apache        Print the configuration of Apache httpd.
  caddy         Print the configuration of Caddy.
  der           Write the certificate as DER, its binary form.
  dovecot       Print the configuration of Dovecot.
  exim          Print the configuration of Exim.
  gunicorn      Print the configuration of gunicorn.
  haproxy       Print the configuration of HAProxy.
  hypercorn     Print the configuration of hypercorn.
  lighttpd      Print the configuration of lighttpd.
  nginx         Print the configuration of nginx.
  openssl-conf  Print the configuration of OpenSSL itself.
  pem           Write the certificate and its chain as PEM.
  pkcs12        Write key and chain as PKCS#12, also called PFX.
  postfix       Print the configuration of Postfix.
  uvicorn       Print the configuration of uvicorn.

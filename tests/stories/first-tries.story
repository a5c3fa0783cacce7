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
sslutil: error: sslutil has no command import; the answer of a certificate authority can't be taken in yet
sslutil: hint: sslutil certificate --help
? 2

$ sslutil ciphers
sslutil: error: sslutil has no command ciphers; the suites are in site.toml, as profile = … below [tls]
sslutil: hint: ${EDITOR:-vi} "$(sslutil registry-path)/site.toml" && sslutil apply
? 2

$ sslutil client-auth --mode require
sslutil: error: sslutil has no command client-auth; client certificates are in site.toml, as mode and ca_files below [client_auth]
sslutil: hint: ${EDITOR:-vi} "$(sslutil registry-path)/site.toml" && sslutil apply
? 2

$ sslutil rollback
sslutil: error: sslutil has no command rollback
sslutil: hint: sslutil history
? 2

$ sslutil check
sslutil: error: sslutil has no command check
sslutil: hint: sslutil status
? 2

$ sslutil apply --check
sslutil: error: sslutil apply has no option --check; did you mean --dry-run?
sslutil: hint: sslutil apply --dry-run
? 2

$ sslutil export nginx
sslutil: error: sslutil export has no command nginx
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
  Say the site's policy in the words of another program.
…
Options:
  --registry-path PATH  Use this registry, for one command.
  --json                Answer with one JSON object on stdout.
  -h, --help            Show this message and exit.
…
Commands:
  apache  Print the configuration of Apache httpd.

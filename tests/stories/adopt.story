# A server has had key and certificate for years: they are taken over, and nothing changes for its users.
$ pair() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=mail.example.org -addext subjectAltName=DNS:mail.example.org -addext extendedKeyUsage=serverAuth -addext basicConstraints=critical,CA:FALSE -keyout $1.key -out $1.crt 2>/dev/null; }
$ pair old; pair other
$ openssl pkcs12 -export -in old.crt -inkey old.key -passout pass:correct-horse -out old.p12
$ echo correct-horse >good; echo wrong >bad

# What does not belong together is refused, and leaves no trace.
$ sslutil certificate import old.crt
sslutil: error: no key of this registry fits the certificate for mail.example.org in old.crt
sslutil: hint: sslutil certificate import old.crt --key KEY
? 6
% absent mail

$ sslutil certificate import old.crt --key other.key
sslutil: error: the key in other.key fits none of the certificates, the first of which is for CN=mail.example.org
sslutil: hint: sslutil certificate show old.crt
? 6
% absent mail

$ sslutil certificate import old.p12 --passphrase-file bad
sslutil: error: old.p12 is encrypted, and the passphrase that opens it was not given
sslutil: hint: …
? 6
% absent mail

# The pair as it is; the same in PKCS#12 is the same.
$ sslutil certificate import old.crt --key old.key
took in the certificate over old.key
  Names:               mail.example.org
  Signed by:           itself
…
  Chain:               the leaf alone
sslutil: next:
  sslutil status
  sslutil export apache
  sslutil certificate csr
% mode 0600 mail/current/server.key
% unchanged old.key old.crt

$ openssl x509 -in old.crt -noout -fingerprint -sha256 >fingerprint
$ openssl x509 -in mail/current/server.crt -noout -fingerprint -sha256 | cmp - fingerprint
$ openssl pkey -in old.key -pubout >public; openssl pkey -in mail/current/server.key -pubout | cmp - public

$ sslutil certificate import old.p12 --passphrase-file good 2>talk | head -n 1
nothing to do: this certificate is in force already
% unchanged mail

# Where another program goes on renewing, its files are followed; half a change is refused.
$ mkdir live; cp other.crt live/fullchain.pem; cp other.key live/privkey.pem
$ sslutil certificate follow --certificate live/fullchain.pem --key live/privkey.pem 2>talk | head -n 1
follows /srv/live/fullchain.pem and /srv/live/privkey.pem

$ sslutil certificate renew 2>talk | head -n 1
nothing to do: /srv/live/fullchain.pem and /srv/live/privkey.pem hold what is in force
% unchanged mail

$ pair other; cp other.crt live/fullchain.pem
$ sslutil certificate renew
sslutil: error: the key in /srv/live/privkey.pem fits none of the certificates, the first of which is for CN=mail.example.org
sslutil: hint: sslutil certificate show /srv/live/fullchain.pem
? 6
% unchanged mail

$ cp other.key live/privkey.pem
$ sslutil certificate renew 2>talk | head -n 1
took over what /srv/live/fullchain.pem and /srv/live/privkey.pem hold

# And back to what was adopted.
$ sslutil rollback 1 2>talk | head -n 1
went back to generation 1, as generation 4
$ openssl x509 -in mail/current/server.crt -noout -fingerprint -sha256 | cmp - fingerprint

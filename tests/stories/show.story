# Before anything is there.
$ sslutil certificate show
nothing is in force in /srv/mail yet
sslutil: next:
  sslutil certificate self-sign mail.example.org
% absent mail

$ sslutil certificate show --pem
sslutil: error: no certificate, request or revocation list is there to be shown as PEM
sslutil: hint: sslutil certificate show FILE
? 6

$ sslutil certificate self-sign mail.example.org --days 90 >out 2>&1

# What is in force, on a card.
$ sslutil certificate show
generation 1 is in force: 1 certificate
…
Certificate: /srv/mail/current/server.crt
  Names:               mail.example.org
  Subject:             CN=mail.example.org
  Signed by:           itself
  Serial number:       …
  Valid from:          …
  Valid until:         … (90 days left)
  Key:                 ECDSA P-256
  Key SHA-256:         …
  Signature:           ECDSA with SHA-256
  Uses:                digital signature, TLS server
  Authority:           no
  Key id:              …
  Issuer's key id:     …
  SHA-256 fingerprint: …
  Fits:                is the certificate in force in this registry
% unchanged .

# As PEM alone, for another program: what is served, byte for byte.
$ sslutil certificate show --pem 2>talk | cmp - mail/current/server.crt

$ cat talk
sslutil: generation 1 is in force: 1 certificate

# A folder of somebody's files, whose names say nothing: which key is for which certificate?
$ openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=old.example.org -days 9 -keyout a -out b 2>talk

$ openssl x509 -in b -outform DER -out b.der && cp mail/current/server.key c

$ sslutil certificate show a c b.der
1 certificate, 2 private keys in a, c, b.der
…
Certificate: b.der
  Subject:             CN=old.example.org
…
  Fits:                its key is the key in a
…
Private key 1: a
  Key:                 RSA 2048
  Key SHA-256:         …
  Fits:                fits the certificate
…
Private key 2: c
  Key:                 ECDSA P-256
  Key SHA-256:         …
  Fits:                is the key in force
% unchanged .

# A key that is encrypted.
$ openssl pkcs12 -export -in b -inkey a -passout pass:secret -out d

$ sslutil certificate show d
sslutil: error: d is encrypted: it needs a passphrase to be shown
sslutil: hint: sslutil certificate show d --passphrase-file FILE
? 6

$ echo secret | sslutil certificate show d --passphrase-file -
1 certificate, 1 private key in d
…
$ echo wrong | sslutil certificate show d --passphrase-file -
sslutil: error: d is encrypted: the passphrase that was given does not open it
sslutil: hint: sslutil certificate show d --passphrase-file FILE
? 6

# No network is asked for what looks like a file, and nothing is asked that can't be a server.
$ sslutil certificate show nothing.pem
sslutil: error: can't read nothing.pem: no such file or directory
sslutil: hint: ls -l nothing.pem
? 6

$ sslutil certificate show "*.example.org:443"
sslutil: error: *.example.org:443 stands for many servers, and one is to be asked
sslutil: hint: sslutil certificate show mail.example.org:443
? 2

$ sslutil certificate show c --starttls smtp
sslutil: error: --starttls is for servers, and none is among what is to be shown
sslutil: hint: sslutil certificate show HOST:PORT --starttls smtp
? 2

# Nobody listens on port 1.
$ sslutil certificate show 127.0.0.1:1
sslutil: error: 127.0.0.1:1 can't be reached: connection refused
sslutil: hint: sslutil certificate show 127.0.0.1:1  # once it is reached
? 8

$ sslutil show
sslutil: error: sslutil has no command show
sslutil: hint: sslutil certificate show
? 2

$ sslutil view
sslutil: error: sslutil has no command view
sslutil: hint: sslutil certificate show
? 2
% unchanged .

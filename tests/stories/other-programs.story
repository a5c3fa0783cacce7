# Key and certificate for programs that don't read the registry.
$ sslutil export pkcs12 --out mail.p12
sslutil: error: nothing is in force in /srv/mail, so there is nothing to export
sslutil: hint: sslutil certificate self-sign mail.example.org
? 3
% absent mail.p12 mail

$ sslutil certificate self-sign mail.example.org >out 2>&1

# A passphrase is made where nobody says one, and told once.
$ sslutil export pkcs12 --out mail.p12
wrote mail.p12: PKCS#12 of generation 1
  Form:                modern
  Friendly name:       mail.example.org
  Passphrase:          …-…-…-…-…
sslutil: warning: the passphrase is kept nowhere: it is shown this once
sslutil: next:
  rm /srv/mail.p12  # once the other program has it: a key is in it
% mode 0600 mail.p12
% unchanged mail

# With one's own, that is not told; and never over another file.
$ echo "correct horse" >passphrase; chmod 600 passphrase; sslutil export pkcs12 --out mail.p12 --passphrase-file passphrase
sslutil: error: mail.p12 exists: name another file, or overwrite it with --force
sslutil: hint: sslutil export pkcs12 --out mail.p12 --passphrase-file passphrase --force
? 2
% unchanged mail.p12

$ sslutil export pkcs12 --out mail.p12 --passphrase-file passphrase --force
wrote mail.p12: PKCS#12 of generation 1
  Form:                modern
  Friendly name:       mail.example.org
sslutil: next:
  rm /srv/mail.p12  # once the other program has it: a key is in it

$ openssl pkcs12 -in mail.p12 -passin file:passphrase -nokeys -info -noout 2>&1 | grep -c AES-256-CBC
2

$ openssl pkcs12 -in mail.p12 -passin pass:wrong -noout
Mac verify error: invalid password?
? 1

# A pipe gets the bytes, and an old reader its old form.
$ sslutil export pkcs12 --legacy --passphrase-file passphrase 2>talk | openssl pkcs12 -legacy -passin file:passphrase -nodes 2>/dev/null | grep -c BEGIN
2

$ cat talk
sslutil: PKCS#12 of generation 1

$ sslutil export pkcs12 --out other.p12 --passphrase-file /dev/null
sslutil: error: /dev/null holds no passphrase: its first line is empty
sslutil: hint: sslutil export pkcs12 --out other.p12 --passphrase-file FILE
? 2
% absent other.p12

$ sslutil pfx
sslutil: error: sslutil has no command pfx
sslutil: hint: sslutil export pkcs12 --out mail.p12
? 2

# PEM, as certbot names its files; all four or none.
$ mkdir tls; touch tls/chain.pem tls/privkey.pem; echo mine >tls/privkey.pem; sslutil export pem --split tls
sslutil: error: tls/privkey.pem exists: name another file, or overwrite it with --force
sslutil: hint: sslutil export pem --split tls --force
? 2
% absent tls/cert.pem tls/fullchain.pem
% unchanged mail

$ sslutil export pem --split tls --force
wrote cert.pem, chain.pem, fullchain.pem, privkey.pem of generation 1 into tls
% mode 0600 tls/privkey.pem
% mode 0644 tls/cert.pem tls/fullchain.pem

$ sslutil export pem --split tls
nothing to do: tls holds these already
% unchanged tls

$ sslutil export pem 2>/dev/null | cmp - mail/current/server.crt

$ sslutil export der 2>/dev/null | openssl x509 -inform DER -noout -subject
subject=CN = mail.example.org

$ sslutil export der --key --json
sslutil: error: key of generation 1 is binary, or holds a key, and JSON is no place for it
sslutil: hint: sslutil export der --key --json --out FILE
{
…
}
? 2

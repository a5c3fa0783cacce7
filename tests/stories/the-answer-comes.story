# A request goes to an authority, and its answer comes: in a mail, with the root before the leaf and words between.
$ sslutil csr mail.example.org webmail.example.org >out 2>&1

$ openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=Example Root" -addext keyUsage=critical,keyCertSign -keyout root.key -out root.crt 2>/dev/null
$ cat >leaf.cnf <<END
> subjectAltName = DNS:mail.example.org, DNS:webmail.example.org
> basicConstraints = critical, CA:FALSE
> extendedKeyUsage = serverAuth
> END
$ sign() { openssl x509 -req -in mail/requests/000001/request.csr -CA root.crt -CAkey root.key "$@" 2>/dev/null; }
$ sign -days 90 -extfile leaf.cnf -out leaf.crt
$ { echo "Dear customer, our root:"; cat root.crt; echo "and your certificate:"; cat leaf.crt; } >mail.txt

# What is no answer is refused, and leaves no trace.
$ sslutil certificate import
sslutil: error: sslutil certificate import needs FILE behind it
sslutil: hint: sslutil certificate import answer.zip
? 2
% unchanged .

$ sslutil certificate import mail/requests/000001/request.csr
sslutil: error: mail/requests/000001/request.csr holds a request, and no certificate: it is what goes to the authority, not what comes back
sslutil: hint: sslutil status
? 6
% unchanged .

$ sslutil certificate import root.crt
sslutil: error: no key of this registry fits the certificate for CN=Example Root in root.crt; nearest is request 1 of … for mail.example.org, webmail.example.org, which has another key
sslutil: hint: sslutil certificate show
? 6
% unchanged .

$ sed -i 's/, DNS:webmail.*//' leaf.cnf; sign -days 90 -extfile leaf.cnf -out few.crt
$ sslutil certificate import few.crt root.crt
sslutil: error: the certificate in few.crt is not for webmail.example.org, which the site wants; it is for mail.example.org
sslutil: hint: sslutil certificate import few.crt root.crt --replace
? 6
% unchanged .

# The mail says what it would do, then does it, and a second time does nothing.
$ sslutil certificate import mail.txt --dry-run 2>talk | head -n 1
would change: …
% unchanged mail

$ sslutil certificate import mail.txt
took in the answer to request 1
  Names:               mail.example.org, webmail.example.org
  Signed by:           CN=Example Root
…
  Chain:               the leaf alone; its root is CN=Example Root
sslutil: warning: left out "CN=Example Root": the root, of which clients have their own copy
sslutil: warning: the chain ends at the root "CN=Example Root" (to …), which this machine does not trust: only clients where it is installed will take the certificate
sslutil: next:
  apachectl graceful
  sslutil status

$ openssl verify -CAfile root.crt -verify_hostname webmail.example.org mail/current/server.crt
mail/current/server.crt: OK

$ cmp mail/current/server.key mail/requests/000001/request.key

$ sslutil certificate import mail.txt 2>talk | head -n 1
nothing to do: this certificate is in force already
% unchanged mail

$ sslutil status
…
  Signed by:           CN=Example Root
…
  Request 1:           mail.example.org, webmail.example.org; made less than an hour ago, answered; key …

# Nothing puts a self-signed one in its place unasked.
$ sslutil certificate self-sign 2>talk
? 3
% unchanged mail

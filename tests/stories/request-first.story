# Nothing is served yet: the request comes with a self-signed certificate over its key, which serves until the answer.
$ sslutil csr mail.example.org
made request 1
  Names:               mail.example.org
  Key:                 ECDSA P-256
  Request:             /srv/mail/requests/000001/request.csr
  Send it:             to your certificate authority, the whole text with its BEGIN and END lines; the key stays here
  Born with it:        a self-signed certificate over the same key serves until the answer comes
sslutil: next:
  sslutil certificate csr mail.example.org --out -
  sslutil status

$ cmp mail/current/server.key mail/requests/000001/request.key

$ sslutil history
1 generation in /srv/mail
No.  Time (UTC)        Command …  State
1    …  csr      …  first certificate  in force

$ sslutil csr mail.example.org
nothing to do: request 1 asks for this already
  Names:               mail.example.org
  Key:                 ECDSA P-256
  Request:             /srv/mail/requests/000001/request.csr
  Send it:             to your certificate authority, the whole text with its BEGIN and END lines; the key stays here
sslutil: next:
  sslutil certificate csr mail.example.org --out -
  sslutil status
% unchanged .

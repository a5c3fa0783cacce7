# A certificate authority is to sign: the request takes the key that is served, and nothing that is served changes.
$ sslutil certificate self-sign mail.example.org >out 2>&1

$ sslutil csr
made request 1
  Names:               mail.example.org
  Key:                 ECDSA P-256
  Request:             /srv/mail/requests/000001/request.csr
  Send it:             to your certificate authority, the whole text with its BEGIN and END lines; the key stays here
sslutil: next:
  sslutil certificate csr --out -
  sslutil status
% unchanged mail/current mail/site.toml mail/generations
% mode 0700 mail/requests mail/requests/000001
% mode 0600 mail/requests/000001/request.key

$ cmp mail/current/server.key mail/requests/000001/request.key

$ openssl req -in mail/requests/000001/request.csr -noout -verify -subject
Certificate request self-signature verify OK
subject=CN = mail.example.org

# The same wish twice is the same request.
$ sslutil certificate csr mail.example.org
nothing to do: request 1 asks for this already
  Names:               mail.example.org
  Key:                 ECDSA P-256
  Request:             /srv/mail/requests/000001/request.csr
  Send it:             to your certificate authority, the whole text with its BEGIN and END lines; the key stays here
sslutil: next:
  sslutil certificate csr mail.example.org --out -
  sslutil status
% unchanged .

# On stdout the request alone, for whatever sends it.
$ sslutil csr --out - 2>talk | head -n 1
-----BEGIN CERTIFICATE REQUEST-----

$ cat talk
sslutil: nothing to do: request 1 asks for this already
sslutil: next:
  sslutil certificate csr --out -
  sslutil status

# Another wish is another request; the first one's key stays as it is.
$ sslutil csr mail.example.org imap.example.org --new-key
made request 2
  Names:               mail.example.org, imap.example.org
  Key:                 ECDSA P-256
  Request:             /srv/mail/requests/000002/request.csr
  Send it:             to your certificate authority, the whole text with its BEGIN and END lines; the key stays here
sslutil: next:
  sslutil certificate csr mail.example.org imap.example.org --new-key --out -
  sslutil status
% unchanged mail/requests/000001 mail/current

$ sslutil csr mail.example.org imap.example.org --new-key --out request.csr
wrote request.csr: request 2 asks for this already
  Names:               mail.example.org, imap.example.org
  Key:                 ECDSA P-256
  Request:             request.csr
  Send it:             to your certificate authority, the whole text with its BEGIN and END lines; the key stays here
sslutil: next:
  sslutil certificate csr mail.example.org imap.example.org --new-key --out -
  sslutil status
% exists request.csr
% unchanged mail

$ sslutil csr --out request.csr
sslutil: error: request.csr exists: name another file, or overwrite it with --force
sslutil: hint: sslutil csr --out request.csr --force
? 2
% unchanged .

$ sslutil csr --out request.csr --force --json | grep -v BEGIN
{
  "changed": true,
  "headline": "wrote request.csr: request 1 asks for this already",
  "registry": "/srv/mail",
  "generation": 1,
  "written": [
    "/srv/request.csr"
  ],
  "warnings": [],
  "next": [
    "sslutil certificate csr --out -",
    "sslutil status"
  ],
  "diff": "",
  "request": 1,
  "born": false,
  "names": [
    "mail.example.org"
  ],
  "subject": {},
  "must_staple": false
}

$ sslutil status
generation 1 is in force, TLS is enabled
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
  Renewal due:         …
  Users type:          https://mail.example.org/
  Ports:               https 443, http 80 (offers secure mode)
  TLS:                 profile intermediate
  Client certificates: off
  Exports:             apache
  Registry:            /srv/mail (the variable SSLUTIL_REGISTRY_PATH says so)
  Since:               …, by certificate self-sign
  Request 1:           mail.example.org; made …
  Request 2:           mail.example.org, imap.example.org; made …

# A firm's own authority wants to know the firm; public ones ignore that. Nothing that is served changes.
$ sslutil certificate self-sign mail.example.org >out 2>&1

$ sslutil csr --organization "Example Ltd" --country at
made request 1
  Names:               mail.example.org
  Subject:             organization Example Ltd, country AT (public authorities put in what they checked themselves)
  Key:                 ECDSA P-256
  Request:             /srv/mail/requests/000001/request.csr
  Send it:             to your certificate authority, the whole text with its BEGIN and END lines; the key stays here
sslutil: next:
  sslutil certificate csr --organization 'Example Ltd' --country at --out -
  sslutil status
% unchanged mail/current mail/site.toml mail/generations

$ openssl req -in mail/requests/000001/request.csr -noout -verify -subject
Certificate request self-signature verify OK
subject=C = AT, O = Example Ltd, CN = mail.example.org

# The same wish twice is the same request; without the firm it is another one.
$ sslutil csr --country AT --organization "Example Ltd"
nothing to do: request 1 asks for this already
…
% unchanged .

$ sslutil csr --dry-run
would make a request
  Names:               mail.example.org
  Key:                 ECDSA P-256, the one in force
% unchanged .

# What no certificate may hold is refused, and leaves no trace.
$ sslutil csr --country Austria
sslutil: error: --country is two letters of ISO 3166, not Austria
sslutil: hint: sslutil csr --country AT
? 2
% unchanged .

$ sslutil csr --organization
sslutil: error: --organization needs a value behind it
sslutil: hint: sslutil csr --organization 'Example Ltd'
? 2
% unchanged .

$ sslutil csr --unit .
sslutil: error: --unit has a letter or a digit, or is left away
sslutil: hint: sslutil csr --unit Mail
? 2
% unchanged .

# Must-staple and an e-mail address are taken, and what comes of them is said.
$ sslutil csr --must-staple --email postmaster@example.org 2>talk | grep staple
  Must-staple:         asked for

$ grep warning talk
sslutil: warning: public authorities ignore an e-mail address in the subject, or refuse it
sslutil: warning: with must-staple, clients refuse a server that does not staple an OCSP answer, and authorities without OCSP refuse the order (Let's Encrypt ended its OCSP on 2025-08-06)

# A request that nobody sent is discarded. Its key stays: a certificate may still come.
$ sslutil csr --discard 2 --dry-run
would discard request 2
  Names:               mail.example.org
  Key:                 stays in /srv/mail/requests/000002, for a certificate that may still come
sslutil: next:
  sslutil status
% unchanged .

$ sslutil csr --discard 2
discarded request 2
  Names:               mail.example.org
  Key:                 stays in /srv/mail/requests/000002, for a certificate that may still come
sslutil: next:
  sslutil status
% exists mail/requests/000002/request.key
% unchanged mail/current mail/site.toml mail/requests/000001

$ sslutil csr --discard 2 2>talk | head -n 1
nothing to do: request 2 is discarded already
% unchanged mail

$ sslutil csr --discard 7
sslutil: error: there is no request 7 in /srv/mail; those there are: 1 (mail.example.org), 2 (mail.example.org)
sslutil: hint: sslutil status
? 2
% unchanged .

$ sslutil csr mail.example.org --discard 1
sslutil: error: --discard takes the number of a request alone: it makes none, and so goes with no name or wish
sslutil: hint: sslutil certificate csr --discard 1
? 2
% unchanged .

# A discarded request waits for nothing: the same wish is a new one.
$ sslutil csr --must-staple --email postmaster@example.org 2>talk | head -n 1
made request 3

$ sslutil status | grep Request
  Request 1:           mail.example.org; made less than an hour ago, waits for its answer; key …
  Request 2:           mail.example.org; made less than an hour ago, discarded; key …
  Request 3:           mail.example.org; made less than an hour ago, waits for its answer; key …

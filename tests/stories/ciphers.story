# The TLS policy: what there is, what it would mean, what is changed, what is refused.
$ sslutil certificate self-sign mail.example.org >out 2>&1

$ sslutil configure ciphers --list | grep -e suites -e Suite -e '^AES128-SHA ' -e prime256v1
27 suites, 8 groups, 4 protocols
Suite …  Protocol  Key exchange  Authentication  Profiles …  Forward secrecy
AES128-SHA …  TLSv1 …  RSA …  RSA …  old …  no
  prime256v1: …  modern intermediate old bsi nist ncsc-nl; OpenSSL 1.0.2 and later
% unchanged .

$ sslutil configure ciphers --profile modern --explain
what profile modern would mean here
  Key:                 ECDSA P-256
  Protocols:           TLSv1.3
  Suites of TLS 1.3:   TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256
  Groups:              X25519MLKEM768 X25519 prime256v1 secp384r1
  Newer clients:       admitted: Firefox 63, Android 10.0, Chrome 70, Edge 75, Java 11, OpenSSL 1.1.1, Opera 57, Safari 12.1, and later ones
  Older clients:       cut off, they have no TLS 1.3: Firefox 31.3.0, …
  Oldest clients:      cut off, they have no more than TLS 1.0: Firefox 1, …
  Apache httpd:        …
% unchanged .

$ sslutil configure ciphers --profile modern 2>&1 | grep -e changed -e 'Cut off'
changed the TLS policy
  What changed:        tls.profile: intermediate → modern
  Cut off:             clients older than Firefox 63, …

$ sslutil configure ciphers --profile modern 2>/dev/null | head -n 1
nothing to do: the TLS policy is as wished

# Lists of one's own begin with those of a profile; IANA's and GnuTLS's names are taken too.
$ sslutil configure ciphers --profile intermediate --group P-256 --cipher TLS_ECDHE_ECDSA_AES_256_GCM_SHA384 >out 2>&1

$ grep -e ^profile -e "^ciphers =" -e ^groups mail/site.toml
profile = "custom"
ciphers = ["ECDHE-ECDSA-AES256-GCM-SHA384"]
groups = ["prime256v1"]

# A suite in the wrong place, a slip of the finger, and suites that the key can't use.
$ sslutil configure ciphers --cipher TLS_AES_128_GCM_SHA256
sslutil: error: TLS_AES_128_GCM_SHA256 is a suite of TLS 1.3, and --cipher takes a suite of TLS 1.2 and below
sslutil: hint: sslutil configure ciphers --ciphersuite TLS_AES_128_GCM_SHA256
? 2

$ sslutil configure ciphers --group X25519 --group P-265
sslutil: error: unknown group 'P-265'; did you mean P-256?
sslutil: hint: sslutil configure ciphers --group X25519 --group P-256
? 2

$ sslutil configure ciphers --protocol TLSv1.2 --cipher ECDHE-RSA-AES128-GCM-SHA256
sslutil: error: no suite of the list is for TLSv1.2 and a key of type p256: no client could connect
sslutil: hint: add TLSv1.3 to protocols, or suites that fit the key
? 3
% unchanged mail

# A newer guideline, from a file.
$ cat >6.1.json <<EOF
> {"version": 6.1, "href": "https://data.tlsref.org/guidelines/6.1.json", "configurations": {"intermediate": {
> "ciphers": {"openssl": ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-NEW-SUITE"]}, "ciphersuites": ["TLS_AES_256_GCM_SHA384"],
> "tls_curves": ["X25519MLKEM768", "X25519"], "tls_versions": ["TLSv1.2", "TLSv1.3"], "server_preferred_order": false}}}
> EOF

$ sslutil configure ciphers --guideline 6.1.json --profile intermediat
sslutil: error: 6.1.json has no profile 'intermediat'; did you mean intermediate?
sslutil: hint: it has intermediate
? 3
% unchanged mail

$ sslutil configure ciphers --guideline 6.1.json --profile intermediate 2>&1 | grep -e Guideline -e Changes -e 'left out'
  Guideline:           TLSRef 6.1, intermediate
  Changes:             against our intermediate: ciphers: without ECDHE-ECDSA-AES128-GCM-SHA256, …; ciphersuites: …; groups: without prime256v1, secp384r1
sslutil: warning: left out, since sslutil does not know them: ECDHE-NEW-SUITE

$ grep -e ^profile -e ^guideline mail/site.toml
profile = "custom"
guideline = "TLSRef 6.1, intermediate"

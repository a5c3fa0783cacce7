# Renewal is made to be run every night, and does nothing before its time.
$ sslutil certificate renew
sslutil: error: nothing is in force in /srv/mail, so there is nothing to renew
sslutil: hint: sslutil certificate self-sign mail.example.org
? 3
% absent mail

$ sslutil certificate self-sign mail.example.org >out 2>&1

$ sslutil certificate renew
nothing to do: renewal is due from …
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
sslutil: next:
  sslutil status
% unchanged .

$ sslutil certificate renew --detailed-exitcode --json > renewed.json

$ grep -e changed -e generation renewed.json
  "changed": false,
  "generation": 1,

# Early, over the same key.
$ cp mail/current/server.key key; sslutil certificate renew --force --detailed-exitcode; cmp key mail/current/server.key
renewed the certificate over the same key
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
  What changed:        early renewal asked for
  Users type:          https://mail.example.org/
  Settings:            /srv/mail/current/settings.toml
  Apache httpd:        Include /srv/mail/current/apache.conf
sslutil: next:
…
  sslutil status

$ sslutil certificate renew --new-key --dry-run
would change: new key asked for
  Key:                 a new ECDSA P-256 key
  Certificate:         self-signed, 397 days, for …
  Settings:            /srv/mail/current/settings.toml
  Exports:             apache…
  Reloads:             none
% unchanged mail

$ sslutil certificate renew --new-key 2>/dev/null | head -n 1; cmp -s key mail/current/server.key
renewed the certificate with a new key
? 1

$ sslutil history
3 generations in /srv/mail
No.  Time (UTC)        Command …  State
3    …  certificate renew      …  new key asked for        in force
2    …  certificate renew      …  early renewal asked for
1    …  certificate self-sign  …  first certificate

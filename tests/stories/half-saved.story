# A file that was saved by half often parses. What it has lost is not taken for a wish.
$ sslutil certificate self-sign mail.example.org >out 2>&1

$ sslutil configure ports --https-port 8443 >out 2>&1

$ sed -i '/^https_port/,$d' mail/site.toml; sslutil apply
sslutil: error: https_port was 8443 and is now absent from [site], which would change its effect
sslutil: hint: write https_port = 8443 below [site] again, or another value
? 3
% unchanged mail/current mail/generations

$ sslutil apply --dry-run
sslutil: error: https_port was 8443 and is now absent from [site], which would change its effect
sslutil: hint: write https_port = 8443 below [site] again, or another value
? 3

# Nothing that runs at night cares.
$ sslutil certificate renew
nothing to do: renewal is due from …
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
sslutil: warning: site.toml has edits that are not in force (site.https_port: 8443 → 443); take them in: sslutil apply
sslutil: next:
  sslutil status
% unchanged mail

# No file at all stops as well.
$ rm mail/site.toml; sslutil apply
sslutil: error: /srv/mail/site.toml is missing
sslutil: hint: cp /srv/mail/current/site.toml /srv/mail/site.toml
? 3

$ sslutil enable
sslutil: error: /srv/mail/site.toml is missing
sslutil: hint: cp /srv/mail/current/site.toml /srv/mail/site.toml
? 3

$ sslutil certificate renew
nothing to do: renewal is due from …
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
sslutil: warning: /srv/mail/site.toml is missing; what is in force stays as it is
sslutil: next:
  sslutil status

$ sslutil status 2>&1 >/dev/null
sslutil: warning: /srv/mail/site.toml is missing; what is in force stays as it is

$ cp mail/current/site.toml mail/site.toml; sslutil apply 2>/dev/null | head -n 1
nothing to do: site.toml is in force as it stands

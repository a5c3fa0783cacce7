# Edits by hand wait until somebody takes them in. There are three ways.
$ sslutil certificate self-sign mail.example.org >out 2>&1

$ sed -i 's/^http_port.*/http_port = 8080   # behind the proxy/' mail/site.toml

$ sslutil status 2>&1 >/dev/null
sslutil: warning: site.toml has edits that are not in force (site.http_port: 80 → 8080); take them in: sslutil apply
sslutil: next:
  sslutil apply --dry-run --diff
  sslutil apply

# An edit of other keys stops, and says how it goes on.
$ sslutil configure ports --https-port 8443
sslutil: error: /srv/mail/site.toml has edits that are not in force (site.http_port: 80 → 8080)
sslutil: hint: sslutil apply  # takes them in
sslutil: hint: cp /srv/mail/current/site.toml /srv/mail/site.toml  # drops them
? 3
% unchanged mail/current mail/site.toml mail/generations

# An order works from what is in force, and leaves them alone.
$ sslutil certificate renew --force
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
sslutil: warning: site.toml has edits that are not in force (site.http_port: 80 → 8080); take them in: sslutil apply
sslutil: next:
…
  sslutil status
% unchanged mail/site.toml

$ grep http_port mail/current/settings.toml
http_port = 80

$ sslutil csr 2>/dev/null | head -n 1
made request 1
% unchanged mail/site.toml mail/current

# An edit of the same key takes it in; the remark behind it stays.
$ sslutil configure ports --http-port 8080 2>/dev/null | grep What
  What changed:        site.http_port: 80 → 8080

$ grep http_port mail/site.toml mail/current/settings.toml
mail/site.toml:http_port = 8080   # behind the proxy
mail/current/settings.toml:http_port = 8080

# apply takes in whatever there is.
$ sed -i 's/^https_port.*/https_port = 8443/' mail/site.toml; sslutil apply 2>/dev/null | grep What
  What changed:        site.https_port: 443 → 8443

# Or they are dropped: the text in force is at hand.
$ sed -i 's/^https_port.*/https_port = 1/' mail/site.toml; cp mail/current/site.toml mail/site.toml; sslutil apply
nothing to do: site.toml is in force as it stands
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
sslutil: next:
  sslutil status

# The first certificate: one command makes key, certificate and settings. A second one changes no byte.
$ sslutil status
nothing is in force in /srv/mail yet
  Registry:            /srv/mail (the variable SSLUTIL_REGISTRY_PATH says so)
sslutil: next:
  sslutil certificate self-sign mail.example.org

$ sslutil certificate self-sign mail.example.org webmail.example.org
made a self-signed certificate
  Names:               mail.example.org, webmail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
  What changed:        first certificate
  Users type:          https://mail.example.org/, https://webmail.example.org/
  Settings:            /srv/mail/current/settings.toml
  Apache httpd:        Include /srv/mail/current/apache.conf
sslutil: next:
  sslutil status
  sslutil export apache
  sslutil certificate csr
% exists mail/site.toml mail/current mail/deployed mail/generations/000001 mail/current/settings.toml
% exists mail/current/apache.conf mail/current/apache-plain.conf mail/current/bundle.pem
% absent mail/requests mail/clients mail/generations/000002
% mode 0600 mail/current/server.key mail/current/bundle.pem mail/.lock
% mode 0644 mail/current/server.crt mail/current/settings.toml mail/site.toml
% mode 0755 mail mail/generations mail/generations/000001

$ ls -A mail mail/current/
mail:
.lock
current
deployed
generations
site.toml
…
mail/current/:
apache-plain.conf
apache.conf
bundle.pem
generation.toml
server.crt
server.key
settings.toml
site.toml

$ sslutil certificate self-sign mail.example.org webmail.example.org
nothing to do: the certificate is as wished, its renewal is due from …
  Names:               mail.example.org, webmail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
sslutil: next:
  sslutil status
% unchanged .

$ sslutil certificate self-sign
nothing to do: the certificate is as wished, its renewal is due from …
  Names:               mail.example.org, webmail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
sslutil: next:
  sslutil status
% unchanged .

$ sslutil certificate --self-signed webmail.example.org mail.example.org --dry-run
would change: site.names: mail.example.org, webmail.example.org → webmail.example.org, mail.example.org
  Key:                 the key that is there
  Certificate:         …
  Settings:            /srv/mail/current/settings.toml
  Exports:             apache-plain.conf, apache.conf
  Reloads:             none
% unchanged .

$ sslutil status
generation 1 is in force, TLS is enabled
  Names:               mail.example.org, webmail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
  Renewal due:         …
  Users type:          https://mail.example.org/, https://webmail.example.org/
  Ports:               https 443, http 80 (offers secure mode)
  TLS:                 profile intermediate
  Client certificates: off
  Exports:             apache
  Registry:            /srv/mail (the variable SSLUTIL_REGISTRY_PATH says so)
  Since:               …, by certificate self-sign
% unchanged .

# The same key, whatever else changes, unless a new one is asked for.
$ cp mail/current/server.key key; sslutil certificate self-sign --days 90 && cmp key mail/current/server.key
made a self-signed certificate over the same key
  Names:               mail.example.org, webmail.example.org
  Signed by:           itself
  Valid until:         … (90 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
  What changed:        certificate.lifetime: 397 → 90
  Users type:          https://mail.example.org/, https://webmail.example.org/
  Settings:            /srv/mail/current/settings.toml
  Apache httpd:        Include /srv/mail/current/apache.conf
sslutil: next:
…
  sslutil status

$ sslutil certificate self-sign --new-key 2>/dev/null | head -n 1; cmp -s key mail/current/server.key
made a self-signed certificate
? 1

# A name in use is not dropped by a slip.
$ sslutil certificate self-sign mail.example.org
sslutil: error: webmail.example.org would no longer be covered, and its users would see a warning: name it too, or drop it with --replace
sslutil: hint: sslutil certificate self-sign mail.example.org --replace
? 3
% unchanged mail

$ sslutil certificate self-sign mail.example.org --replace
made a self-signed certificate over the same key
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (90 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
  What changed:        site.names: mail.example.org, webmail.example.org → mail.example.org
  Users type:          https://mail.example.org/
  Settings:            /srv/mail/current/settings.toml
  Apache httpd:        Include /srv/mail/current/apache.conf
sslutil: next:
…
  sslutil status

$ sslutil history
4 generations in /srv/mail
No.  Time (UTC)        Command …  State
4    …  certificate self-sign  …  site.names: mail.example.org, webmail.example.org → mail.example.org  in force
3    …  certificate self-sign  …  new key asked for
2    …  certificate self-sign  …  certificate.lifetime: 397 → 90
1    …  certificate self-sign  …  first certificate

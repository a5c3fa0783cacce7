# The original's "Enable SSL", a box to tick.
$ sslutil certificate self-sign mail.example.org >out 2>&1

$ sslutil enable
nothing to do: TLS on the web port is enabled
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
sslutil: next:
  sslutil status
% unchanged .

$ sslutil disable
disabled TLS on the web port
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
  What changed:        site.enabled: true → false
  Users type:          http://mail.example.org/
  Settings:            /srv/mail/current/settings.toml
  Apache httpd:        Include /srv/mail/current/apache.conf
sslutil: next:
…
  sslutil status

$ grep enabled mail/current/settings.toml
enabled = false

$ sslutil export apache 2>/dev/null | grep '^SSL'
SSLEngine off

# Plain http can't be closed as long as it is all there is.
$ sslutil configure ports --plain-http closed
sslutil: error: enabled = false with plain_http = "closed" would leave users no way in
sslutil: hint: sslutil configure ports --plain-http offer
? 3
% unchanged mail

$ sslutil enable >out 2>&1

$ sslutil configure ports --plain-http closed 2>/dev/null | head -n 1
changed the ports

$ sslutil disable
sslutil: error: enabled = false with plain_http = "closed" would leave users no way in
sslutil: hint: sslutil configure ports --plain-http offer
? 3
% unchanged mail

$ sslutil history
4 generations in /srv/mail
No.  Time (UTC)        Command …  State
4    …  configure ports        …  site.plain_http: offer → closed  in force
3    …  enable                 …  site.enabled: false → true
2    …  disable                …  site.enabled: true → false
1    …  certificate self-sign  …  first certificate

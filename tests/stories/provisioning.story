# A provisioning tool writes only what matters; apply takes it in, says whether anything changed, and never twice.
$ mkdir mail; cat > mail/site.toml << END
> version = 1
>
> [site]
> names = ["mail.example.org", "*.mail.example.org", "192.0.2.25"]
> https_port = 8443
>
> [notes]
> written_by = "the provisioning tool"
> END

$ sslutil status
nothing is in force in /srv/mail yet
  Registry:            /srv/mail (the variable SSLUTIL_REGISTRY_PATH says so)
sslutil: next:
  sslutil apply

$ sslutil apply --dry-run --detailed-exitcode
would change: first certificate
  Key:                 a new ECDSA P-256 key
  Certificate:         …
  Settings:            /srv/mail/current/settings.toml
  Exports:             apache-plain.conf, apache.conf
  Reloads:             none
? 10
% unchanged .

$ sslutil apply --detailed-exitcode
took site.toml in
  Names:               mail.example.org, *.mail.example.org, 192.0.2.25
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
  What changed:        first certificate
  Users type:          https://mail.example.org:8443/, any name below mail.example.org on port 8443, https://192.0.2.25:8443/
  Settings:            /srv/mail/current/settings.toml
  Apache httpd:        Include /srv/mail/current/apache.conf
sslutil: next:
  sslutil status
  sslutil export apache
  sslutil certificate csr
? 10
% unchanged mail/site.toml

$ sslutil apply --detailed-exitcode
nothing to do: site.toml is in force as it stands
  Names:               mail.example.org, *.mail.example.org, 192.0.2.25
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
sslutil: next:
  sslutil status
% unchanged .

# What can't be taken is named with its line, its key and the remedy.
$ sed -i 's/https_port/htps_port/' mail/site.toml; sslutil apply
sslutil: error: /srv/mail/site.toml, line 5: unknown key htps_port; did you mean https_port?
sslutil: hint: write https_port instead
? 3

$ sed -i 's/htps_port = 8443/https_port = "8443"/' mail/site.toml; sslutil apply
sslutil: error: /srv/mail/site.toml, line 5: https_port is a whole number from 1 to 65535, not "8443"
sslutil: hint: write https_port = 443
? 3

$ sed -i 's/"8443"/84430/' mail/site.toml; sslutil apply
sslutil: error: /srv/mail/site.toml, line 5: https_port is a whole number from 1 to 65535, not 84430
sslutil: hint: write https_port = 443
? 3

$ sed -i 's/84430/8443/; s/"192.0.2.25"/"192.0.2.256"/' mail/site.toml; sslutil apply
sslutil: error: /srv/mail/site.toml, line 4: name "192.0.2.256" looks like an IPv4 address, but is none
sslutil: hint: remove it
? 3

$ sed -i 's/256"/25/' mail/site.toml; sslutil apply
sslutil: error: /srv/mail/site.toml: not TOML: illegal character '\n' (at line 4, column 64)
sslutil: hint: ${EDITOR:-vi} /srv/mail/site.toml
? 3
% unchanged mail/current mail/generations

$ sslutil certificate renew
nothing to do: renewal is due from …
  Names:               mail.example.org, *.mail.example.org, 192.0.2.25
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
sslutil: warning: /srv/mail/site.toml: not TOML: illegal character '\n' (at line 4, column 64); what is in force stays as it is
sslutil: next:
  sslutil status

# A name in use is dropped only on purpose.
$ sed -i 's/^names.*/names = ["mail.example.org"]/' mail/site.toml; sslutil apply
sslutil: error: *.mail.example.org, 192.0.2.25 would no longer be covered, and their users would see a warning: name them too, or drop them with --replace
sslutil: hint: sslutil apply --replace
? 3

$ sslutil apply --replace 2>/dev/null | head -n 1
took site.toml in

# A server is told of each change and has the last word. This one can't have port 8443.
$ cat > reload << END
> #!/bin/sh
> if grep -q 8443 $PWD/mail/current/settings.toml; then echo "address in use: 8443"; exit 1; fi
> END

$ chmod 0755 reload; mkdir mail; cat > mail/site.toml << END
> version = 1
> [site]
> names = ["mail.example.org"]
> [deploy]
> reload = [["$PWD/reload"]]
> END

$ sslutil apply >out 2>&1
% exists mail/deployed

# What it refuses is undone; site.toml has not even been touched.
$ sslutil configure ports --https-port 8443
sslutil: error: a server refused generation 2 (/srv/reload: exit status 1, which said: address in use: 8443); the one before is in force again, and site.toml is as it was
sslutil: hint: sslutil status
? 9
% unchanged mail/site.toml

$ sslutil status | head -n 1; readlink mail/current mail/deployed
generation 1 is in force, TLS is enabled
generations/000001
generations/000001
% absent mail/.refused mail/.site.toml.2

$ sslutil configure ports --https-port 8444 >out 2>&1

# It refuses the old generation as well: it was broken before. Nothing is undone, and its reload is owed.
$ echo 'echo "no server at all"; exit 1' >> reload; sslutil configure ports --https-port 8445
sslutil: error: a server refused the reload (/srv/reload: exit status 1, which said: no server at all); generation 4 is in force all the same, its reload is owed
sslutil: hint: sslutil certificate renew  # once the server is mended
? 9
% absent mail/deployed

$ sslutil history | grep force
4    …  configure ports  …  site.https_port: 8444 → 8445  in force, reload owed

$ sslutil status 2>&1 >/dev/null
sslutil: warning: generation 4 is in force, but the servers' reload is owed
sslutil: next:
  sslutil apply

# Once it is mended, whatever changes next tells it, or the renewal of the night.
$ sed -i '$d' reload; sslutil certificate renew >out 2>&1
% exists mail/deployed
% unchanged mail/current

# A change can also be made without telling anybody, as where an image is built.
$ sslutil configure ports --https-port 8446 --no-reload
changed the ports
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
  What changed:        site.https_port: 8445 → 8446
  Users type:          https://mail.example.org:8446/
  Or, in plain:        http://mail.example.org/
  Settings:            /srv/mail/current/settings.toml
  Apache httpd:        Include /srv/mail/current/apache.conf
sslutil: warning: servers were not told: their reload is owed
sslutil: next:
  sslutil certificate renew
  sslutil status
% absent mail/deployed

# The web mail of old: plain http on 8383, secure mode on 8384.
$ sslutil certificate self-sign mail.example.org >out 2>&1

$ sslutil configure ports --https-port 8384 --http-port 8383
changed the ports
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
  What changed:        site.https_port: 443 → 8384; site.http_port: 80 → 8383
  Users type:          https://mail.example.org:8384/
  Or, in plain:        http://mail.example.org:8383/
  Settings:            /srv/mail/current/settings.toml
  Apache httpd:        Include /srv/mail/current/apache.conf
sslutil: next:
…
  sslutil status

$ grep -e port -e plain mail/current/settings.toml
https_port = 8384
http_port = 8383
plain_http = "offer"

# Nothing is said twice, and a dry run only says.
$ sslutil configure ports --https-port 8384
nothing to do: the ports are as wished
  Names:               mail.example.org
  Signed by:           itself
  Valid until:         … (397 days left)
  Key:                 ECDSA P-256
  SHA-256 fingerprint: …
  Users type:          https://mail.example.org:8384/
  Or, in plain:        http://mail.example.org:8383/
sslutil: next:
  sslutil status
% unchanged .

$ sslutil configure ports --plain-http redirect --dry-run --diff | grep -e would -e '^[-+]plain'
would change: site.plain_http: offer → redirect
-plain_http = "offer"
+plain_http = "redirect"
-plain_http = "offer"
+plain_http = "redirect"
% unchanged .

$ sslutil configure ports --plain-http redirect --detailed-exitcode 2>/dev/null | head -n 1
changed the ports

$ sslutil configure ports --plain-http redirect --detailed-exitcode >out 2>&1; echo $?
0

$ grep ^plain mail/site.toml
plain_http = "redirect"
# Choices that would harm are refused.
$ sslutil configure ports --http-port 8384
sslutil: error: https_port and http_port are both 8384
sslutil: hint: sslutil configure ports --https-port 443 --http-port 80
? 3
% unchanged mail

$ sslutil configure ports --hsts-max-age 31536000
sslutil: error: HSTS with a self-signed certificate would lock every user out
sslutil: hint: sslutil configure ports --hsts-max-age 0
? 3
% unchanged mail

$ sslutil configure ports --https-port 70000
sslutil: error: --https-port is a whole number from 1 to 65535, not 70000
sslutil: hint: sslutil configure ports --https-port 443
? 2

$ sslutil configure ports --plain-http redirekt
sslutil: error: --plain-http is one of offer, redirect, closed, not "redirekt"; did you mean redirect?
sslutil: hint: sslutil configure ports --plain-http redirect
? 2
% unchanged mail

# What else runs on this host is named, and no two of them share a port.
$ sslutil configure ports --service https --service imaps --service submission 2>/dev/null | grep "What changed"
  What changed:        site.services: https → https, imaps, submission

$ sslutil configure ports --https-port 993
sslutil: error: https_port is 993, the port of imaps, which is one of the site's services
sslutil: hint: sslutil configure ports --https-port 443
? 3
% unchanged mail

$ sslutil configure ports --service submissons
sslutil: error: --service is one of https, smtp, submission, submissions, imap, imaps, pop3, pop3s, sieve, not "submissons"; did you mean submissions?
sslutil: hint: sslutil configure ports --service submissions
? 2
% unchanged mail

# Not on a terminal, the wizard says which commands do the same.
$ sslutil configure </dev/null | grep -e Usage -e "do the same"
Usage: sslutil configure [OPTIONS] COMMAND [ARGS]...
  …Elsewhere these commands do the same:

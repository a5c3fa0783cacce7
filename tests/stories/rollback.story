# A port and a new key came into force, and were no good idea.
$ sslutil certificate self-sign mail.example.org >out 2>&1

$ sslutil rollback
sslutil: error: generation 1 is the first, so there is none to go back to
sslutil: hint: sslutil history
? 2
% unchanged .

$ sslutil configure ports --https-port 8443 >out 2>&1
$ sslutil certificate renew --new-key >out 2>&1

$ sslutil rollback 9
sslutil: error: there is no generation 9; there are 1, 2, 3
sslutil: hint: sslutil rollback 3
? 2
% unchanged .

$ sslutil rollback 1 --dry-run
would change: key and certificate of generation 1; site.https_port: 8443 → 443
  Key:                 the certificate's own
  Certificate:         by itself, for mail.example.org
  Settings:            /srv/mail/current/settings.toml
  Exports:             apache…
  Reloads:             none
% unchanged .

# What comes back is a new generation: settings, key and certificate, byte for byte.
$ sslutil rollback 1 2>talk | head -n 1
went back to generation 1, as generation 4
% unchanged mail/generations/000003

$ cmp mail/generations/000001/server.key mail/current/server.key
$ cmp mail/generations/000001/server.crt mail/current/server.crt
$ grep https_port mail/site.toml
https_port = 443

$ sslutil rollback 1 2>talk | head -n 1
nothing to do: what is in force is as generation 1 was
% unchanged mail

# Without a number it is the one that was in force before, so twice is a way there and back.
$ sslutil rollback 2>talk | head -n 1
went back to generation 3, as generation 5

# The settings alone: today's key stays.
$ cp mail/current/server.key key
$ sslutil rollback 1 --keep-certificate 2>talk | head -n 1
went back to generation 1, as generation 6
$ cmp key mail/current/server.key

# A compromised key comes never back.
$ sslutil certificate renew --compromised 2>talk | head -n 1
renewed the certificate with a new key

$ sslutil rollback
sslutil: error: the key of generation 6 is marked as compromised, and nothing uses it again: take its settings alone with --keep-certificate
sslutil: hint: sslutil rollback --keep-certificate
? 6
% unchanged .

# An edit of the operator's is never dropped unasked.
$ sed -i 's/^http_port = .*/http_port = 8080/' mail/site.toml
$ sslutil rollback 1
sslutil: error: /srv/mail/site.toml has edits that going back would drop (site.http_port: 80 → 8080)
sslutil: hint: sslutil apply  # takes them in
sslutil: hint: cp /srv/mail/current/site.toml /srv/mail/site.toml  # drops them
? 3
% unchanged .

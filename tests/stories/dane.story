# What the DNS says of the key, before another one is put in force.
$ sslutil certificate self-sign mail.example.org >out 2>&1

$ sslutil tlsa
_25._tcp.mail.example.org. 3600 IN TLSA 3 1 1 …
_443._tcp.mail.example.org. 3600 IN TLSA 3 1 1 …
sslutil: 2 records for the key in force; a renewal keeps the key, so they stay as they are
sslutil: warning: site.toml names no service of mail, so port 25 is taken; services = ["https", "smtp", "imaps"] below [site] would name them
% unchanged mail

$ sed -i '/^\[client_auth\]/,$!s/^services = .*/services = ["smtp", "imaps", "gopher"]/' mail/site.toml; sslutil apply
sslutil: error: …services…
…
? 3

$ sed -i '/^\[client_auth\]/,$!s/^services = .*/services = ["smtp", "imaps"]/' mail/site.toml; sslutil apply 2>/dev/null | grep What
  What changed:        site.services: …

$ sslutil tlsa 2>/dev/null >zone; cut -d " " -f 1-7 zone
_25._tcp.mail.example.org. 3600 IN TLSA 3 1 1
_993._tcp.mail.example.org. 3600 IN TLSA 3 1 1

# A renewal keeps the key, and so the records.
$ sslutil certificate renew --force >out 2>&1; sslutil tlsa 2>/dev/null | cmp - zone

# A new key is on its way: both are published.
$ sslutil csr --new-key >out 2>&1; sslutil tlsa --port 25 --ttl 600 --form generic
_25._tcp.mail.example.org. 600 IN TYPE52 \# 35 030101…
_25._tcp.mail.example.org. 600 IN TYPE52 \# 35 030101…
sslutil: 1 record for the key in force, as many for the key of request 1: publish all of them
sslutil: next:
  sslutil certificate import FILE  # the answer to request 1, no sooner than 20 minutes (two TTLs) after these records are published
  sslutil tlsa --port 25 --form generic --ttl 600  # after that: what it doesn't say any more, take out of the zone

# Records stand below hosts.
$ sslutil tlsa "*.example.org"
sslutil: error: *.example.org is no host name, and a TLSA record stands below one
sslutil: hint: sslutil tlsa mail.example.org
? 2

$ sslutil dane
sslutil: error: sslutil has no command dane
sslutil: hint: sslutil tlsa
? 2

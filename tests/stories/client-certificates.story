# Client certificates: issued, asked for, revoked; and what would let nobody in.
$ sslutil certificate self-sign mail.example.org >out 2>&1

# Nobody can be asked for what nobody has.
$ sslutil client-auth --mode require
sslutil: error: mode = "require" would lock every client out: nobody has a certificate of this registry's own authority yet
sslutil: hint: sslutil client-auth issue anna@example.org  # makes the authority, and the first certificate
? 3
% unchanged .

# The first certificate makes the authority.
$ sslutil client-auth issue anna@example.org --format pem 2>/dev/null
issued a client certificate for anna@example.org
  For:                 anna@example.org
  Valid until:         …
  Serial number:       …
  File:                anna@example.org.pem
  Goes along:          anna@example.org.txt
  Authority:           new, with this first certificate: CN=Client CA 1 of mail.example.org, until …

$ sslutil client-auth issue anna@example.org --format pem
nothing to do: anna@example.org has a client certificate until …, serial number …
sslutil: next:
  sslutil client-auth issue anna@example.org --another  # for another device
  sslutil client-auth renew anna@example.org  # in place of that one

$ printf 'address\nbob@example.org\ncarla@example.org\n' >people.csv

$ sslutil client-auth issue --from people.csv --format pem 2>/dev/null | head -n 1
issued 2 client certificates

$ sslutil client-auth --mode require 2>/dev/null | head -n 2
changed who may connect
  Clients:             require: whoever has no valid certificate can't connect, not even to log on

# Out, for good; the same again does nothing, and a slip of the finger is found.
$ sslutil client-auth revoke bob@example.org 2>/dev/null | head -n 1
revoked 1 client certificate of bob@example.org

$ sslutil client-auth revoke bob@example.org 2>/dev/null | head -n 1
nothing to do: every client certificate of bob@example.org was revoked on …

$ sslutil client-auth revoke carl@example.org
sslutil: error: no client certificate for carl@example.org was issued here; did you mean carla@example.org?
sslutil: hint: sslutil client-auth revoke carla@example.org
? 2

$ openssl crl -in mail/current/client-ca.crl -noout -crlnumber
crlNumber=0x02

# What would let nobody in is refused.
$ sslutil client-auth revoke carla@example.org >out 2>&1

$ sslutil client-auth revoke anna@example.org
sslutil: error: nobody would get in: a certificate is required, and no client certificate is valid; let somebody in first, or do so with --lock-out
sslutil: hint: sslutil client-auth revoke anna@example.org --lock-out
? 3

$ sslutil client-auth list | cut -c 1-17
3 client certific
  Authority 1:   
Address         …
anna@example.org …
bob@example.org …
carla@example.org

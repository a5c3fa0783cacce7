# Played by an account of its own.
# Where the keys live: one bare path on stdout, why it is that one beside it.
$ sslutil registry-path
/srv/.local/share/sslutil
sslutil: /srv/.local/share/sslutil, because it is the default place

$ sslutil registry-path 2>/dev/null
/srv/.local/share/sslutil

# It is stored for this user; the folder need not exist yet.
$ sslutil registry-path mail/tls
/srv/mail/tls
sslutil: stored /srv/mail/tls in /srv/.config/sslutil/registry-path
sslutil: next:
  sslutil status
% absent mail

$ sslutil registry-path mail/tls
/srv/mail/tls
sslutil: nothing to do: /srv/.config/sslutil/registry-path says /srv/mail/tls already
sslutil: next:
  sslutil status
% unchanged .

$ sslutil certificate self-sign mail.example.org >out 2>&1; cd "$(sslutil registry-path 2>/dev/null)" && pwd && cd
/srv/mail/tls
% exists mail/tls/current/settings.toml

# A variable overrides what is stored, an option overrides both.
$ SSLUTIL_REGISTRY_PATH=/srv/other sslutil registry-path
/srv/other
sslutil: /srv/other, because the variable SSLUTIL_REGISTRY_PATH says so

$ SSLUTIL_REGISTRY_PATH=/srv/other sslutil --registry-path third registry-path
/srv/third
sslutil: /srv/third, because the option --registry-path says so

$ SSLUTIL_REGISTRY_PATH=/srv/other sslutil registry-path fourth
/srv/fourth
sslutil: stored /srv/fourth in /srv/.config/sslutil/registry-path
sslutil: warning: the variable SSLUTIL_REGISTRY_PATH overrides what is stored: /srv/other
sslutil: next:
  sslutil status

# The original's spelling means folders below the default place, its backslashes eaten by the shell or not.
$ sslutil registry-path 'software\ipswitch\imail\ssl'
/srv/.local/share/sslutil/software/ipswitch/imail/ssl
sslutil: stored /srv/.local/share/sslutil/software/ipswitch/imail/ssl in /srv/.config/sslutil/registry-path
sslutil: next:
  sslutil status

$ sslutil registry-path software\ipswitch\imail\ssl
/srv/.local/share/sslutil/software/ipswitch/imail/ssl
sslutil: nothing to do: /srv/.config/sslutil/registry-path says /srv/.local/share/sslutil/software/ipswitch/imail/ssl already
sslutil: next:
  sslutil status
% unchanged .

# Forgotten again.
$ sslutil registry-path --unset --dry-run --diff
/srv/.local/share/sslutil/software/ipswitch/imail/ssl
sslutil: would forget what /srv/.config/sslutil/registry-path says; it is /srv/.local/share/sslutil/software/ipswitch/imail/ssl, because it is stored for this user
--- /srv/.config/sslutil/registry-path
+++ /srv/.config/sslutil/registry-path
@@ -1 +0 @@
-/srv/.local/share/sslutil/software/ipswitch/imail/ssl
% unchanged .

$ sslutil registry-path --unset
/srv/.local/share/sslutil
sslutil: forgot what /srv/.config/sslutil/registry-path said; it is /srv/.local/share/sslutil, because it is the default place

$ sslutil registry-path --unset
/srv/.local/share/sslutil
sslutil: nothing to do: no path is stored in /srv/.config/sslutil/registry-path; it is /srv/.local/share/sslutil, because it is the default place
% unchanged .

# What can't be a registry is refused.
$ touch file; sslutil registry-path file
sslutil: error: /srv/file is not a folder
sslutil: hint: ls -ld /srv/file
? 4

$ sslutil registry-path ''
sslutil: error: a registry path has at least one character and no control characters
sslutil: hint: sslutil registry-path /etc/sslutil
? 2

$ sslutil registry-path 'C:\mail'
sslutil: error: C:\mail is not a path on this system
sslutil: hint: sslutil registry-path /etc/sslutil
? 2

$ sslutil registry-path here --unset
sslutil: error: a PATH is stored and --unset forgets it: give one of the two
sslutil: hint: sslutil registry-path --unset
? 2

$ sslutil registry-path here there
sslutil: error: sslutil registry-path takes no argument there
sslutil: hint: sslutil registry-path here
? 2

$ sslutil registry-path --registry-path here there
sslutil: error: --registry-path chooses a registry for one command, and a PATH stores one: give one of the two
sslutil: hint: sslutil registry-path there
? 2
% unchanged .

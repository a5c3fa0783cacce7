# Whatever is wrong is said in one sentence, with the command that helps, and leaves no trace.
$ sslutil certificate self-sign https://mail.example.org/webmail
sslutil: error: name "https://mail.example.org/webmail" is a URL, not a name
sslutil: hint: sslutil certificate self-sign mail.example.org
? 2

$ sslutil certificate self-sign mail.example.org:443
sslutil: error: name "mail.example.org:443" has a port behind it
sslutil: hint: sslutil certificate self-sign mail.example.org
? 2

$ sslutil certificate self-sign "mail.example.org, imap.example.org"
sslutil: error: name "mail.example.org, imap.example.org" is several names in one
sslutil: hint: sslutil certificate self-sign mail.example.org imap.example.org
? 2

$ sslutil certificate self-sign mail_1.example.org
sslutil: error: name "mail_1.example.org" has an underscore, which host names can't have
sslutil: hint: sslutil certificate self-sign mail-1.example.org
? 2

$ sslutil certificate self-sign mail.example.org.
sslutil: error: name "mail.example.org." ends with a dot
sslutil: hint: sslutil certificate self-sign mail.example.org
? 2

$ sslutil certificate self-sign mail..example.org
sslutil: error: name "mail..example.org" has an empty label: two dots in a row, or one in front
sslutil: hint: sslutil certificate self-sign mail.example.org
? 2

$ sslutil certificate self-sign '*.*.example.org'
sslutil: error: name "*.*.example.org" has more than one wildcard, and clients accept one
sslutil: hint: sslutil certificate self-sign '*.example.org'
? 2

$ sslutil certificate self-sign postmaster@example.org
sslutil: error: name "postmaster@example.org" is an e-mail address, not the name of a server
sslutil: hint: sslutil certificate self-sign example.org
? 2

$ sslutil certificate self-sign ''
sslutil: error: name "" is empty
sslutil: hint: sslutil certificate self-sign mail.example.org  # give the name that clients connect to, such as mail.example.org
? 2

$ sslutil certificate self-sign mail.example.org --days 900
sslutil: error: --days is a whole number from 1 to 825 days, not 900
sslutil: hint: sslutil certificate self-sign mail.example.org --days 397
? 2

$ sslutil certificate self-sign mail.example.org --key-type p265
sslutil: error: --key-type is one of p256, p384, rsa2048, rsa3072, rsa4096, ed25519, ml-dsa-65, not "p265"; did you mean p256?
sslutil: hint: sslutil certificate self-sign mail.example.org --key-type p256
? 2

$ sslutil certificate self-sign mail.example.org --key-group nosuchgroup
sslutil: error: key_group nosuchgroup is no group of this machine
sslutil: hint: getent group
? 3

$ sslutil certificate self-sign mail.example.org --wait long
sslutil: error: --wait is a number of seconds from 0 to 3600, not long
sslutil: hint: sslutil certificate self-sign mail.example.org --wait 30
? 2

$ sslutil certificate self-sing mail.example.org
sslutil: error: sslutil certificate has no command self-sing; did you mean self-sign?
sslutil: hint: sslutil certificate self-sign mail.example.org
? 2

$ sslutil certificate self-sign mail.example.org --detailed-exitcodes
sslutil: error: sslutil certificate self-sign has no option --detailed-exitcodes; did you mean --detailed-exitcode?
sslutil: hint: sslutil certificate self-sign mail.example.org --detailed-exitcode
? 2

$ sslutil certificate self-sign mail.example.org --days
sslutil: error: --days needs a value behind it
sslutil: hint: sslutil certificate self-sign mail.example.org --days 397
? 2

$ sslutil status now
sslutil: error: sslutil status takes no argument now
sslutil: hint: sslutil status
? 2

$ sslutil export apache
sslutil: error: nothing is in force in /srv/mail, so there is nothing to export
sslutil: hint: sslutil certificate self-sign mail.example.org
? 3

$ sslutil csr mail.example.org --out /nosuchfolder/request.csr
sslutil: error: the folder /nosuchfolder does not exist
sslutil: hint: mkdir -p /nosuchfolder
? 2
% absent mail

$ touch file; sslutil certificate self-sign mail.example.org --registry-path file
sslutil: error: /srv/file is not a folder
sslutil: hint: ls -ld /srv/file
? 4

$ mkdir open; chmod 0777 open; sslutil certificate self-sign mail.example.org --registry-path open/mail
sslutil: error: the folder /srv/open can be written by others, who could put another key in place of yours
sslutil: hint: chmod go-w /srv/open
? 4
% absent open/mail mail

$ mkdir mail; echo 'version = 2' > mail/site.toml; sslutil certificate self-sign mail.example.org
sslutil: error: /srv/mail/site.toml, line 1: version is 1, the only one there is
sslutil: hint: write version = 1
? 3

$ printf 'version = 1\n[site]\nnames = ["mail.example.org"' > mail/site.toml; sslutil apply
sslutil: error: /srv/mail/site.toml: not TOML: unclosed array (at end of document)
sslutil: hint: ${EDITOR:-vi} /srv/mail/site.toml
? 3

$ rm mail/site.toml; mkfifo mail/site.toml; sslutil apply
sslutil: error: /srv/mail/site.toml is not a regular file
sslutil: hint: ls -ld /srv/mail/site.toml
? 3

$ rm mail/site.toml; ln -s /etc/passwd mail/site.toml; sslutil apply
sslutil: error: can't read /srv/mail/site.toml: too many levels of symbolic links (none is followed here)
sslutil: hint: ls -ld /srv/mail/site.toml
? 3

$ rm mail/site.toml; mkdir mail/site.toml; sslutil apply
sslutil: error: /srv/mail/site.toml is not a regular file
sslutil: hint: ls -ld /srv/mail/site.toml
? 3
% absent mail/generations mail/current mail/.lock

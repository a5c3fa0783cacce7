# Played by root, with an /etc of its own.
# Root stores the path for the whole machine.
$ sslutil registry-path
/etc/sslutil
sslutil: /etc/sslutil, because it is the default place

$ sslutil registry-path /srv/mail
/srv/mail
sslutil: stored /srv/mail in /etc/xdg/sslutil/registry-path
sslutil: next:
  sslutil status

$ cat /etc/xdg/sslutil/registry-path; stat -c '%a %U' /etc/xdg/sslutil/registry-path
/srv/mail
644 root

$ sslutil registry-path --json 2>/dev/null | grep -e source -e registry
  "headline": "/srv/mail, because it is stored for this machine in /etc/xdg/sslutil/registry-path",
  "registry": "/srv/mail",
  "source": "machine"

$ sslutil registry-path --unset
/etc/sslutil
sslutil: forgot what /etc/xdg/sslutil/registry-path said; it is /etc/sslutil, because it is the default place

$ ls /etc/xdg/sslutil
% absent mail .config .local

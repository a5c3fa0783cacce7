"""Debian's Roundcube: a web mailer in PHP behind Apache, which judges the certificate of its IMAP server."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from tests.judges import apache

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.judges.chromium import Pipe

PAGES = Path("/var/lib/roundcube/public_html")
OWN_SETTINGS = Path("/etc/roundcube")
TABLES = Path("/usr/share/roundcube/SQL/sqlite.initial.sql")
PHP = Path("/usr/lib/cgi-bin/php")
ACCOUNT = "www-data"
ANSWERS = "#messagelist tr.message, #messagestack .alert-warning, #messagestack .alert-danger"
"""What the page holds after a login that worked, and after one that did not."""


@contextlib.contextmanager
def serving(port: int, host: str, folder: Path, *, imap: str, trusted: Path) -> Iterator[apache.Apache]:
    """Start Apache with Roundcube in the virtual host; all that it writes goes into `folder`, which others may enter.

    `imap` is the server as Roundcube names it: "ssl://127.0.0.1:993", or tls:// for STARTTLS. It trusts `trusted`.
    """
    _write_settings(folder, imap, trusted)
    outside = [
        *(f'LoadModule {name}_module "{apache.MODULES}/mod_{name}.so"' for name in ("actions", "cgid", "env")),
        f'ScriptSock "{folder}/cgid.sock"',
        f'<Directory "{PAGES.parent}">',
        "  Require all granted",
        "  Options FollowSymLinks",
        "  AllowOverride All",
        "</Directory>",
        f'<Directory "{PHP.parent}">',
        "  Require all granted",
        "</Directory>",
    ]
    inside = [
        host,
        f'DocumentRoot "{PAGES}"',
        "DirectoryIndex index.php",
        f'ScriptAlias /php "{PHP}"',
        "Action application/x-httpd-php /php",
        'AddHandler application/x-httpd-php ".php"',
        "AddType text/css .css",
        "AddType text/javascript .js",
        "AddType image/svg+xml .svg",
        f'SetEnv ROUNDCUBE_CONFIG_DIR "{folder}/settings"',
    ]
    with apache.serving([(port, "\n".join(inside))], outside="\n".join(outside)) as running:
        yield running


def _write_settings(folder: Path, imap: str, trusted: Path) -> None:
    settings = folder / "settings"
    settings.mkdir()
    for name in ("defaults.inc.php", "mimetypes.php"):
        (settings / name).symlink_to(OWN_SETTINGS / name)
    shutil.copy(trusted, folder / "trusted.pem")
    with contextlib.closing(sqlite3.connect(folder / "roundcube.sqlite")) as database:
        database.executescript(TABLES.read_text())
    values = {
        "db_dsnw": f"'sqlite:///{folder}/roundcube.sqlite'",
        "imap_host": f"'{imap}'",
        "imap_conn_options": f"['ssl' => ['verify_peer' => true, 'cafile' => '{folder}/trusted.pem']]",
        "smtp_host": "'localhost:587'",
        "des_key": "'0123456789abcdef01234567'",
        "log_driver": "'file'",
        "log_dir": f"'{folder}/logs/'",
        "temp_dir": f"'{folder}/temp/'",
        "plugins": "[]",
        "language": "'en_GB'",
        "enable_spellcheck": "false",
    }
    lines = ["<?php", "$config = [];", *(f"$config['{name}'] = {value};" for name, value in values.items())]
    (settings / "config.inc.php").write_text("\n".join(lines) + "\n")
    for name in ("logs", "temp"):
        (folder / name).mkdir()
    for path in (folder, folder / "roundcube.sqlite", folder / "logs", folder / "temp"):
        shutil.chown(path, ACCOUNT, ACCOUNT)


def log_in(page: Pipe, url: str, user: str, password: str) -> None:
    """Log in, and wait for the answer: the mailbox, or a message that says why not."""
    page.call("Page.navigate", url=url)
    page.wait_until("document.querySelector('#rcmloginuser') && document.readyState == 'complete'")
    page.evaluate(f"document.querySelector('#rcmloginuser').value = '{user}'")
    page.evaluate(f"document.querySelector('#rcmloginpwd').value = '{password}'")
    page.evaluate("document.querySelector('#rcmloginsubmit').click()")
    page.wait_until(f"document.readyState == 'complete' && document.querySelector('{ANSWERS}')")

"""Every kind of server that there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.apache import Apache
from tests.servers.caddy import Caddy
from tests.servers.dovecot import Dovecot
from tests.servers.exim import Exim
from tests.servers.haproxy import HAProxy
from tests.servers.lighttpd import Lighttpd
from tests.servers.nginx import Nginx
from tests.servers.openssl_conf import OpensslConf
from tests.servers.postfix import Postfix
from tests.servers.python_servers import Gunicorn, Hypercorn, Uvicorn

if TYPE_CHECKING:
    from tests.servers.kinds import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Apache(),
        Nginx(),
        HAProxy(),
        Lighttpd(),
        Caddy(),
        Postfix(),
        Dovecot(),
        Exim(),
        OpensslConf(),
        Gunicorn(),
        Uvicorn(),
        Hypercorn(),
    )
}
"""By the name of the exporter."""

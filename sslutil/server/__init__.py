"""What a mail web server uses to serve what the registry says; the standard library is all it needs.

    settings = sslutil.server.load()
    context = settings.ssl_context()      # an ssl.SSLContext: wrap connections, or give it to asyncio
    settings.identity(connection)         # who the client is, by its certificate; None where it showed none
    settings.reload_if_changed()          # at each accept, or on SIGHUP: new connections meet the new generation

`load` raises RegistryError where settings.toml can't be read, `ssl_context` MaterialError where key and certificates
can't be used; both are SslutilError of `sslutil.errors`, with a `message` and a `hint`.
"""

from __future__ import annotations

from sslutil.errors import MaterialError, RegistryError, SslutilError
from sslutil.server.contract import Certificate, ClientAuth
from sslutil.server.identity import Identity
from sslutil.server.settings import Settings, load

__all__ = [
    "Certificate",
    "ClientAuth",
    "Identity",
    "MaterialError",
    "RegistryError",
    "Settings",
    "SslutilError",
    "load",
]

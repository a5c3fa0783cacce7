"""OpenSSL's own server, with the policy from its configuration alone."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from tests.judges import Verdict, python_servers
from tests.servers.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.sites import Site


class OpensslConf(Kind):
    """`openssl s_server -www`, which is told of its certificate and of its clients, and of nothing else."""

    name = "openssl-conf"
    programs = ("openssl",)

    @contextlib.contextmanager
    def serving(self, site: Site, port: int) -> Iterator[None]:
        """Run it."""
        argv = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet", *_given(site)]
        folder = Path(tempfile.mkdtemp(prefix="sslutil-s-server-"))
        try:
            with python_servers.running(argv, port, folder, env={"OPENSSL_CONF": str(site.current / "openssl.cnf")}):
                yield
        finally:
            shutil.rmtree(folder)

    def check(self, site: Site, port: int) -> Verdict:
        """Return whether it starts: from OpenSSL 3.2 on it does not with a configuration that it can't use."""
        try:
            with self.serving(site, port):
                return Verdict(accepted=True, words="")
        except python_servers.RefusedError as fault:
            return Verdict(accepted=False, words=str(fault))


def _given(site: Site) -> list[str]:
    clients = tomllib.loads((site.current / "settings.toml").read_text())["client_auth"]
    asked = {"off": [], "optional": ["-verify"], "require": ["-Verify"]}[clients["mode"]]
    trust = [*asked, str(clients["depth"]), "-verify_return_error", "-CAfile", str(site.current / "client-ca.crt")]
    given = ["-cert", str(site.certificate), "-cert_chain", str(site.certificate)]
    return [*given, "-key", str(site.current / "server.key"), *(trust if asked else [])]

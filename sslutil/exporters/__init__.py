"""One policy in the dialect of each server: one file a dialect, and its row in EXPORTERS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, cast

from sslutil.errors import SiteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sslutil.facts import Policy
    from sslutil.plan import Version
    from sslutil.site import Site


class ExportPlan(NamedTuple):
    """All that an exporter may know."""

    site: Site
    policy: Policy
    directory: str
    """Absolute path of the files, through the link `current`."""
    versions: Mapping[str, Version]
    """What the text is written for, by program; the oldest supported where nothing is known."""
    assumed: frozenset[str] = frozenset()
    """The programs whose version nobody knew."""
    crl: bool = False
    """Whether a revocation list is in force."""
    revokes: bool = False
    """Whether a list that is in force revokes anybody, or will on a day that is set."""
    unlisted: tuple[str, ...] = ()
    """The subjects of the client authorities of which no revocation list is in force, where any is."""


class Exporter(NamedTuple):
    """One program whose configuration can be written."""

    name: str
    """As it is typed, and as it stands in deploy.exports."""
    title: str
    oldest: Version
    """The oldest version that is supported; empty where only OpenSSL's matters."""
    files: Mapping[str, str]
    """The files of a generation: the option of `export` that chooses it, empty for the main one → its name."""
    proven: tuple[str, ...] = ()
    """The versions of Debian 12 and Debian 13, with which the tests run it; empty where only OpenSSL's matters."""
    vhost: bool = False
    """Whether there is a complete virtual host too."""
    suggests: bool = False
    """Whether there are commands that set the same with the program's own tool."""
    reload: str = ""
    """The command line that tells a running one of a change."""
    lists: Literal["each", "any", "none", ""] = ""
    """Of which client authorities it must have a revocation list where there is any: of "each", of "any" that has one,
    of "none" as it reads no list; empty where it asks for no certificate."""


class Dialect(Protocol):
    """What the module of each exporter has."""

    def render(self, plan: ExportPlan) -> dict[str, str]:
        """Return the text of each of its files, by file name; SiteError for what would let someone in."""

    def find_losses(self, plan: ExportPlan) -> tuple[str, ...]:
        """Return what the program can't express of the site, each as half a sentence; comments in the text say it."""

    def render_include(self, directory: str) -> Mapping[str, str]:
        """Return what makes the program read each file of `directory`, by file name: a line of its own file."""


class HostDialect(Dialect, Protocol):
    """What the module of a web server has besides."""

    def render_vhost(self, plan: ExportPlan) -> str:
        """Return a complete virtual host for both ports: what the files say, and what goes around it."""


class SuggestingDialect(Dialect, Protocol):
    """What the module of a program with a tool of its own has besides."""

    def suggest(self, plan: ExportPlan) -> str:
        """Return the command lines that set what the files say."""


EXPORTERS: dict[str, Exporter] = {
    row.name: row
    for row in (
        # SSLCipherSuite takes the suites of TLS 1.3 from 2.4.36 on (httpd manual, mod_ssl).
        Exporter(
            "apache",
            "Apache httpd",
            (2, 4, 36),
            {"": "apache.conf", "plain": "apache-plain.conf"},
            proven=("2.4.71", "2.4.71"),
            vhost=True,
            reload="apachectl graceful",
            lists="any",
        ),
        # ssl_conf_command, the only way to the suites of TLS 1.3, came with 1.19.4 (nginx changelog).
        Exporter(
            "nginx",
            "nginx",
            (1, 19, 4),
            {"": "nginx.conf", "plain": "nginx-plain.conf", "identity": "nginx-identity.conf"},
            proven=("1.22.1", "1.26.3"),
            vhost=True,
            reload="nginx -s reload",
            lists="each",
        ),
        # http-after-response, which puts a header into HAProxy's own errors too, came with 2.2.
        Exporter(
            "haproxy",
            "HAProxy",
            (2, 2),
            {"": "haproxy.cfg"},
            proven=("2.6.12", "3.0.11"),
            vhost=True,
            reload="systemctl reload haproxy",
            lists="each",
        ),
        # ssl.verifyclient.ca-file and its kind came with 1.4.60.
        Exporter(
            "lighttpd",
            "lighttpd",
            (1, 4, 60),
            {"": "lighttpd.conf", "plain": "lighttpd-plain.conf"},
            proven=("1.4.69", "1.4.79"),
            vhost=True,
            reload="systemctl reload lighttpd",
            lists="each",
        ),
        # The oldest that was tried; what came when is not told by its manual.
        Exporter(
            "caddy",
            "Caddy",
            (2, 6, 2),
            {"": "caddy.conf"},
            proven=("2.6.2", "2.6.2"),
            vhost=True,
            reload="systemctl reload caddy",
            lists="none",
        ),
        Exporter(
            "postfix",
            "Postfix",
            (3, 6),
            {"": "postfix-main.cf", "master": "postfix-master.cf"},
            proven=("3.7.11", "3.10.13"),
            suggests=True,
            reload="postfix reload",
            lists="none",
        ),
        # ssl_cipher_suites came with 2.3.15 (Dovecot's manual).
        Exporter(
            "dovecot",
            "Dovecot",
            (2, 3, 15),
            {"": "dovecot.conf"},
            proven=("2.3.19", "2.4.1"),
            reload="doveadm reload",
            lists="each",
        ),
        Exporter(
            "exim",
            "Exim",
            (4, 94),
            {"": "exim.conf"},
            proven=("4.96", "4.98.2"),
            reload="systemctl reload exim4",
            lists="each",
        ),
        Exporter("openssl-conf", "OpenSSL itself", (), {"": "openssl.cnf"}),
        Exporter("gunicorn", "gunicorn", (), {"": "gunicorn.conf.py"}, lists="each"),
        Exporter("uvicorn", "uvicorn", (), {"": "uvicorn_server.py"}, lists="each"),
        Exporter("hypercorn", "hypercorn", (), {"": "hypercorn_server.py"}, lists="each"),
    )
}
"""Every exporter by name, in the order of sslutil.site.EXPORTS."""


def load_dialect(name: str) -> Dialect:
    """Return the module of an exporter."""
    from importlib import import_module

    return cast("Dialect", import_module(f"sslutil.exporters.{name.replace('-', '_')}"))


def render_exports(plan: ExportPlan) -> dict[str, str]:
    """Return the text of every file that the site's exports ask for, by file name."""
    texts: dict[str, str] = {}
    for name in plan.site.deploy.exports:
        texts |= render_export(name, plan)
    return texts


def render_export(name: str, plan: ExportPlan) -> dict[str, str]:
    """Return the text of one program's files, by file name; SiteError where it can't be had, or mustn't."""
    _refuse_older(EXPORTERS[name], plan)
    return load_dialect(name).render(_narrow(name, plan))


def render_vhost(name: str, plan: ExportPlan) -> str:
    """Return a complete virtual host of a web server."""
    _refuse_older(EXPORTERS[name], plan)
    return cast("HostDialect", load_dialect(name)).render_vhost(_narrow(name, plan))


def suggest(name: str, plan: ExportPlan) -> str:
    """Return the command lines that set what an export says."""
    _refuse_older(EXPORTERS[name], plan)
    return cast("SuggestingDialect", load_dialect(name)).suggest(_narrow(name, plan))


def _refuse_older(exporter: Exporter, plan: ExportPlan) -> None:
    from sslutil.plan import OLDEST_OPENSSL, render_version

    if plan.versions["openssl"] < OLDEST_OPENSSL:
        found, oldest = render_version(plan.versions["openssl"]), render_version(OLDEST_OPENSSL)
        message = f"OpenSSL {found} is too old for this policy: {oldest} is the first that can express it"
        raise SiteError(message, "upgrade it, and say its version below [deploy]", key="deploy.versions")
    if exporter.oldest and plan.versions[exporter.name] < exporter.oldest:
        found, oldest = render_version(plan.versions[exporter.name]), render_version(exporter.oldest)
        message = f"{exporter.title} {found} is too old for this policy: {oldest} is the first that can express it"
        hint = f"upgrade it, or take {exporter.name} out of exports below [deploy]"
        raise SiteError(message, hint, key="deploy.exports")


def _narrow(name: str, plan: ExportPlan) -> ExportPlan:
    """Return the plan without what is assumed of other programs."""
    return plan._replace(assumed=plan.assumed & {name, "openssl"})

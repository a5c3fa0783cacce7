"""What the wizard asks, in its order: one row for each key of the site that a person is asked for."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from sslutil.errors import SiteError
from sslutil.profiles import PROFILES
from sslutil.site import (
    BY_CA,
    CLIENT_MODES,
    CUSTOM,
    EXPORTS,
    FROM_FILES,
    HTTP_STANDARD_PORT,
    HTTPS_STANDARD_PORT,
    ISSUERS,
    PLAIN_HTTP,
    SELF_SIGNED,
    Site,
)
from sslutil.steps.interview import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NONE = "none"
_ISSUERS = {
    SELF_SIGNED: "we do, here and now; browsers warn until their users accept it",
    BY_CA: "an authority, by a request: csr comes next; we sign meanwhile",
    FROM_FILES: "another program, such as certbot, whose two files are followed",
}
_PLAIN_HTTP = {
    "offer": "it works, and links lead into secure mode and out of it",
    "redirect": "it sends everybody to the https address",
    "closed": "it refuses everybody, and only https works",
}
_CLIENTS = {
    "off": "let any client connect; recommended",
    "optional": "ask for a certificate, and let in who has none",
    "require": "let in only who shows a certificate of your authorities",
}


def make_questions(site: Site, *, signed: bool, offer: str = "") -> tuple[Question, ...]:
    """Return the questions for a site; `signed`: its certificate is not self-signed; `offer`: the machine's name."""
    return (
        *_ask_certificate(offer),
        *_ask_policy(site),
        *_ask_ports(signed=signed),
        *_ask_clients(),
        Question(
            "deploy.exports",
            "servers to write configuration for",
            f"any of {', '.join(EXPORTS)}, with blanks between; or {NONE}. Their files come with each change, in "
            "current/, and never touch a server's own configuration",
            _parse_words,
            _render_words,
        ),
    )


def _ask_certificate(offer: str) -> Iterable[Question]:
    follows: Callable[[Site], bool] = lambda site: site.certificate.issuer == FROM_FILES  # noqa: E731
    yield Question(
        "site.names",
        "names that users type",
        "host names, *.wildcards and addresses, with blanks between, the most important first; one certificate "
        "speaks for all of them",
        lambda typed: typed.replace(",", " ").split(),
        " ".join,
        decides=("site.names",),
        offer=offer,
    )
    yield Question(
        "certificate.issuer",
        "who signs the certificate",
        "an authority's certificate makes no browser warn; a self-signed one is there at once, costs nothing, and "
        "its users must accept it",
        choices=_titled(ISSUERS, _ISSUERS),
        decides=("certificate.issuer",),
    )
    yield Question(
        "certificate.certificate_file",
        "the file of the certificate and its chain",
        "the absolute path of the PEM file, such as /etc/letsencrypt/live/mail.example.org/fullchain.pem",
        applies=follows,
        otherwise="",
    )
    yield Question(
        "certificate.key_file",
        "the file of its key",
        "the absolute path of the PEM file, such as /etc/letsencrypt/live/mail.example.org/privkey.pem",
        applies=follows,
        otherwise="",
    )


def _ask_policy(site: Site) -> Iterable[Question]:
    titles = {name: profile.title for name, profile in PROFILES.items()}
    own: Callable[[Site], bool] = lambda site: site.tls.profile == CUSTOM  # noqa: E731
    if own(site):
        titles[CUSTOM] = "your own lists, as they are"
    yield Question(
        "tls.profile",
        "TLS profile",
        "it chooses protocols, suites and groups; configure ciphers tells what each means for your clients, and takes "
        "lists of your own",
        choices=tuple(titles.items()),
        decides=("tls.profile", "tls.protocols", "tls.ciphers", "tls.ciphersuites", "tls.groups"),
    )
    for name in ("protocols", "ciphers", "ciphersuites", "groups"):
        yield Question(f"tls.{name}", "", applies=own, otherwise=[])
    yield Question("tls.prefer_server_ciphers", "", applies=own, otherwise=False)
    yield Question("tls.guideline", "", applies=own, otherwise="")


def _ask_ports(*, signed: bool) -> Iterable[Question]:
    yield Question(
        "site.https_port",
        "port of https",
        f"{HTTPS_STANDARD_PORT} is the standard; another one stands in the address that users type",
        _parse_whole,
        decides=("site.https_port",),
    )
    yield Question(
        "site.http_port",
        "port of plain http",
        f"{HTTP_STANDARD_PORT} is the standard; the web mail of old listened on 8383",
        _parse_whole,
        decides=("site.http_port", "site.https_port"),
    )
    yield Question(
        "site.plain_http",
        "what plain http does",
        "whatever it does, authorities may look below /.well-known/acme-challenge/",
        choices=_titled(PLAIN_HTTP, _PLAIN_HTTP),
        decides=("site.plain_http", "site.enabled"),
    )
    yield Question(
        "site.hsts_max_age",
        "seconds for which browsers refuse plain http",
        "0: they don't; 31536000 is a year. A browser keeps to it whatever happens to the certificate, on all ports",
        _parse_whole,
        applies=lambda site: _may_have_hsts(site, signed=signed),
        otherwise=0,
    )


def _may_have_hsts(site: Site, *, signed: bool) -> bool:
    """Return whether the judge would take HSTS: nothing plain, and an authority's certificate in force or at hand."""
    web = site.site
    standard = (web.http_port, web.https_port) == (HTTP_STANDARD_PORT, HTTPS_STANDARD_PORT)
    is_closed = web.plain_http == "closed" or (web.plain_http == "redirect" and standard)
    issuer = site.certificate.issuer
    return is_closed and (issuer == FROM_FILES or (issuer == BY_CA and signed))


def _ask_clients() -> Iterable[Question]:
    asks: Callable[[Site], bool] = lambda site: site.client_auth.mode != "off"  # noqa: E731
    yield Question(
        "client_auth.mode",
        "certificates of clients",
        "people can have certificates too, besides their passwords; few have, so let any client connect. "
        "client-auth issue makes them, and the small authority that signs them",
        choices=_titled(CLIENT_MODES, _CLIENTS),
    )
    yield Question(
        "client_auth.ca_files",
        "files of other authorities whose clients are let in",
        f"absolute paths of PEM files, with blanks between, or {NONE}; a path with a blank in it stands in quotes",
        _parse_paths,
        _render_paths,
        applies=asks,
    )
    yield Question(
        "client_auth.crl_files",
        "files of their revocation lists",
        f"absolute paths of PEM files, likewise, or {NONE}; nginx, HAProxy and Exim want one of each authority",
        _parse_paths,
        _render_paths,
        applies=lambda site: asks(site) and bool(site.client_auth.ca_files),
    )


def _titled(names: Iterable[str], titles: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, titles[name]) for name in names)


def _parse_whole(typed: str) -> Any:  # noqa: ANN401  what is no number is the judge's to refuse
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 20 else typed  # noqa: PLR2004  any port


def _parse_words(typed: str) -> list[str]:
    return [] if typed.lower() == NONE else list(dict.fromkeys(typed.lower().replace(",", " ").split()))


def _render_words(words: list[str]) -> str:
    return " ".join(words) or NONE


def _parse_paths(typed: str) -> list[str]:
    try:
        return [] if typed.lower() == NONE else shlex.split(typed)
    except ValueError as fault:
        message = f"{typed} has a quote that is not closed"
        raise SiteError(message) from fault


def _render_paths(paths: list[str]) -> str:
    return shlex.join(paths) or NONE

"""Which directory is the registry, why it is that one, and the name of each thing in it: pure text."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from sslutil.errors import UsageError, command

VARIABLE = "SSLUTIL_REGISTRY_PATH"
MACHINE_FILE = "/etc/xdg/sslutil/registry-path"
MACHINE_DEFAULT = "/etc/sslutil"

SITE = "site.toml"
CURRENT = "current"
DEPLOYED = "deployed"
GENERATIONS = "generations"
REQUESTS = "requests"
CLIENTS = "clients"
LOCK = ".lock"
REFUSED_MARK = ".refused"

SETTINGS = "settings.toml"
KEY = "server.key"
CERTIFICATE = "server.crt"
BUNDLE = "bundle.pem"
CLIENT_CA = "client-ca.crt"
CLIENT_CRL = "client-ca.crl"
CLIENT_TRUST = "client-trust.pem"
"""The client authorities, then their lists, for a server that reads both from one file: Dovecot."""
RECORD = "generation.toml"

REQUEST_PEM = "request.csr"
REQUEST_KEY = "request.key"
REQUEST_RECORD = "request.toml"
REQUEST_ANSWER = "answer.pem"
REQUEST_DISCARDED = "discarded"
COMPROMISED = "compromised.toml"

AUTHORITY_KEY = "ca.key"
AUTHORITY_CERTIFICATE = "ca.crt"
AUTHORITY_CRL = "ca.crl"
ISSUED = "certificates"
ROSTER = "roster.toml"

ORIGINAL_FOLDERS = ("software", "ipswitch", "imail", "ssl")


class Choice(NamedTuple):
    """A registry and where the choice came from."""

    path: str
    """Absolute path."""
    source: str
    """"option", "variable", "user", "machine" or "default"."""
    reason: str
    """The source in words, for people."""


def choose(*, option: str | None, variable: str | None, user: str | None, machine: str | None, default: str) -> Choice:
    """Return the first of the five that is given, in the order of their precedence; all are absolute paths."""
    sources = (
        ("option", option, "the option --registry-path says so"),
        ("variable", variable, f"the variable {VARIABLE} says so"),
        ("user", user, "it is stored for this user"),
        ("machine", machine, f"it is stored for this machine in {MACHINE_FILE}"),
    )
    for source, path, reason in sources:
        if path:
            return Choice(path, source, reason)
    return Choice(default, "default", "it is the default place")


def user_default(data_home: str) -> str:
    """Return the default registry of an account that is not root's, on a machine without /etc/sslutil."""
    return posixpath.join(data_home, "sslutil")


def user_file(config_home: str) -> str:
    """Return the file that stores the choice of one user."""
    return posixpath.join(config_home, "sslutil", "registry-path")


def parse_registry_path(text: str, *, working_directory: str, default: str) -> str:
    r"""Return the absolute path that `text` means; `working_directory` is empty where it was removed.

    The original's spelling, software\ipswitch\imail\ssl, also with the backslashes eaten by a shell, is taken as
    folders below `default`. Raises UsageError for what can't be a path.
    """
    if not text.strip() or any(ord(character) < 32 or ord(character) == 127 for character in text):  # noqa: PLR2004
        msg = "a registry path has at least one character and no control characters"
        raise UsageError(msg, "sslutil registry-path /etc/sslutil")
    if text.lower() == "".join(ORIGINAL_FOLDERS):
        return posixpath.join(default, *ORIGINAL_FOLDERS)
    if "\\" in text and "/" not in text:
        folders = [folder for folder in text.split("\\") if folder]
        if not folders or folders[0].endswith(":") or ".." in folders:
            msg = f"{text} is not a path on this system"
            raise UsageError(msg, "sslutil registry-path /etc/sslutil")
        if tuple(folder.lower() for folder in folders) == ORIGINAL_FOLDERS:
            folders = list(ORIGINAL_FOLDERS)
        return posixpath.join(default, *folders)
    if not working_directory and not text.startswith("/"):
        message = f"the working directory is gone, and {text} is relative to it"
        raise UsageError(message, command("cd", "/"))
    return posixpath.normpath(posixpath.join(working_directory, text))


def generation_name(number: int) -> str:
    """Return the folder name of a generation or a request: six digits or more."""
    return f"{number:06d}"


def parse_generation_name(name: str) -> int | None:
    """Return the number of a generation's or request's folder, or None for any other name."""
    if len(name) >= 6 and name.isascii() and name.isdigit() and generation_name(int(name)) == name:  # noqa: PLR2004
        return int(name)
    return None


def generation_target(number: int) -> str:
    """Return what `current` and `deployed` point to, relative to the registry."""
    return f"{GENERATIONS}/{generation_name(number)}"


def parse_generation_target(target: str) -> int | None:
    """Return the number that a link names, or None where it points anywhere else than below generations/."""
    folder, _, name = target.partition("/")
    return parse_generation_name(name) if folder == GENERATIONS else None


def waiting_name(number: int) -> str:
    """Return the name of the text of site.toml that waits for the outcome of a generation."""
    return f".{SITE}.{number}"

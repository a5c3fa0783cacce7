"""What can go wrong, one class for each exit status that scripts rely on."""

from __future__ import annotations

from typing import ClassVar, Self


class SslutilError(Exception):
    """A fault told in one sentence, with the command that helps.

    `message` is lower case, without a full stop, and names the file; `hint` is a command, or several on a line each,
    what each is for behind a #; or an empty string.
    """

    status: ClassVar[int] = 70
    meaning: ClassVar[str] = "internal: a fault of sslutil itself"

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep both sentences; nothing here may hold a secret."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.account = ""
        """The account that could do what was typed."""
        self.added: tuple[str, ...] = ()
        """Words behind what was typed that would make it do."""

    def cured_by(self, account: str) -> Self:
        """Return the same fault, with the account that could do what was typed: then that is the hint."""
        self.account = account
        return self

    def cured_with(self, *words: str) -> Self:
        """Return the same fault, with words behind what was typed that would make it do: then that is the hint."""
        self.added = words
        return self


class UsageError(SslutilError):
    """What was typed can't be taken: the word `typed`, where it is one, with the words `near` probably meant."""

    status = 2
    meaning = "usage: what was typed can't be taken"

    def __init__(self, message: str, hint: str = "", *, typed: str | None = None, near: tuple[str, ...] = ()) -> None:
        """Keep the sentences, and of what was typed the word at fault and its better."""
        super().__init__(message, hint)
        self.typed = typed
        self.near = near


class SiteError(SslutilError):
    """site.toml can't be taken, or a choice in it would harm.

    `key` is the dotted key that is at fault ("site.https_port"), or an empty string.
    """

    status = 3
    meaning = "site: site.toml can't be taken, or a choice would harm"

    def __init__(self, message: str, hint: str = "", *, key: str = "") -> None:
        """Keep the sentences and the key at fault."""
        super().__init__(message, hint)
        self.key = key


class SettingError(SiteError):
    """The value of one setting can't be taken, whatever the others say; `near` is the value that was probably meant."""

    def __init__(self, message: str, hint: str = "", *, key: str = "", near: str = "") -> None:
        """Keep the sentences, the key at fault and the value that was probably meant."""
        super().__init__(message, hint, key=key)
        self.near = near


class RegistryError(SslutilError):
    """The registry can't be read or written."""

    status = 4
    meaning = "registry: the registry can't be read or written"


class BusyError(SslutilError):
    """Another sslutil holds the lock."""

    status = 5
    meaning = "busy: another sslutil is changing the registry"


class MaterialError(SslutilError):
    """A key, certificate or request can't be used."""

    status = 6
    meaning = "material: a key, certificate or request can't be used"


class IssuerError(SslutilError):
    """What an issuer has could not be had from it, or from the network."""

    status = 8
    meaning = "issuer: an issuer or the network did not give what was asked for"


class ServerRefusedError(SslutilError):
    """A server did not take what was given to it."""

    status = 9
    meaning = "server: a server refused the change"


def command(*words: str) -> str:
    """Return the words as one command line that a POSIX shell takes apart into the same words."""
    from shlex import join

    return join(words)

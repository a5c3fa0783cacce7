"""Where a registry's path is stored, and which of the stored, given and default ones counts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from sslutil.disk import tell
from sslutil.errors import RegistryError, command
from sslutil.host.accounts import home_of
from sslutil.registry import (
    MACHINE_DEFAULT,
    MACHINE_FILE,
    VARIABLE,
    Choice,
    choose,
    parse_registry_path,
    user_default,
    user_file,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_PATH = 4096


class Places(NamedTuple):
    """The places that count for one account and environment."""

    environment: Mapping[str, str]
    user: int
    """User id."""
    working_directory: str

    @property
    def default(self) -> str:
        """The default registry."""
        if self.user == 0 or os.path.isdir(MACHINE_DEFAULT):
            return MACHINE_DEFAULT
        return user_default(self._folder("XDG_DATA_HOME", ".local/share"))

    @property
    def file(self) -> str:
        """The file in which this account stores a path: the machine's for root."""
        return MACHINE_FILE if self.user == 0 else self._user_file()

    def choose(self, option: str | None) -> Choice:
        """Return the registry that counts, and why; `option` is what --registry-path says."""
        variable = self.environment.get(VARIABLE) or None
        given = option or variable
        user = _read(self._user_file()) if not given and self.user and self._home() else None
        machine = None if given or user else _read(MACHINE_FILE)
        return choose(
            option=self._parse(option),
            variable=self._parse(variable),
            user=user,
            machine=machine,
            default="" if given or user or machine else self.default,
        )

    def stored(self) -> str | None:
        """Return what this account has stored."""
        return _read(self.file)

    def store(self, path: str) -> None:
        """Store a path, whole or not at all."""
        fresh = f"{self.file}.new"
        try:
            os.makedirs(os.path.dirname(self.file), exist_ok=True)
            with open(fresh, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(f"{path}\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self.file)
        except OSError as fault:
            raise self._unwritable(fault) from fault

    def forget(self) -> None:
        """Forget what was stored."""
        try:
            os.unlink(self.file)
        except OSError as fault:
            raise self._unwritable(fault) from fault

    def _parse(self, text: str | None) -> str | None:
        if not text:
            return None
        default = self.default if self.user == 0 or self._home() else MACHINE_DEFAULT
        return parse_registry_path(text, working_directory=self.working_directory, default=default)

    def _user_file(self) -> str:
        return user_file(self._folder("XDG_CONFIG_HOME", ".config"))

    def _folder(self, variable: str, below: str) -> str:
        """Return a base folder of the account: the variable's, if it is absolute and not another account's."""
        stated = self.environment.get(variable, "")
        if stated.startswith("/") and self._is_own(stated):
            return stated
        if not self._home():
            message = "this account has no home, so no place for a registry of its own: name one"
            raise RegistryError(message).cured_with("--registry-path", MACHINE_DEFAULT)
        return os.path.join(self._home(), below)

    def _home(self) -> str:
        """Return the account's home, or an empty string where it has none."""
        home = self.environment.get("HOME", "")
        if not home.startswith("/") or not self._is_own(home):
            home = home_of(self.user) or ""
        return home if home.startswith("/") else ""

    def _is_own(self, folder: str) -> bool:
        """Return whether a folder is the account's; for root, who may be here by sudo, it must be root's."""
        try:
            return self.user != 0 or os.stat(folder).st_uid == 0
        except OSError:
            return True

    def _unwritable(self, fault: OSError) -> RegistryError:
        message = f"can't write {self.file}: {tell(fault)}"
        return RegistryError(message, command("ls", "-ld", os.path.dirname(self.file)))


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read(_LONGEST_PATH).removesuffix("\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as fault:
        message = f"can't read {path}: {tell(fault)}"
        raise RegistryError(message, command("ls", "-ld", path)) from fault
    if not text.startswith("/") or "\n" in text or "\0" in text:
        message = f"{path} holds no absolute path"
        raise RegistryError(message, command("rm", path))
    return text

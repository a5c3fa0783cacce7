"""One table of settings.toml, asked for its values by key and type; what is wrong is told with file and key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sslutil import registry
from sslutil.errors import RegistryError

NAME = re.compile(r"(\*\.)?[A-Za-z0-9:][A-Za-z0-9.:-]*")
"""A DNS name as A-labels, a wildcard, an IPv4 or an IPv6 address."""
SPELLING = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
"""A name of OpenSSL's, without a character of its language of lists (":", "!", "@", "+", "?")."""


@dataclass(frozen=True, slots=True)
class Table:
    """The values of one table; each question raises RegistryError where the answer is missing or of another kind."""

    values: dict[str, Any]
    name: str
    """As in the file; empty for the keys above the first table."""
    directory: Path
    """The generation's: file names are relative to it."""
    cure: str
    """The command that makes the file anew."""

    @property
    def file(self) -> Path:
        """The settings.toml that this table is of."""
        return self.directory / registry.SETTINGS

    def fault(self, key: str, what: str) -> RegistryError:
        """Return the error that says that `key` is `what`, or that it is missing."""
        dotted = f"{self.name}.{key}" if self.name else key
        return RegistryError(f"{dotted} in {self.file} is {what if key in self.values else 'missing'}", self.cure)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self.values.get(key)
        if not isinstance(value, bool):
            raise self.fault(key, "neither true nor false")
        return value

    def number(self, key: str) -> int:
        """Return a number from 0 up."""
        value = self.values.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.fault(key, "not a number from 0 up")
        return value

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        """Return one of `choices`."""
        value = self.values.get(key)
        if value not in choices:
            raise self.fault(key, f"none of {', '.join(choices)}")
        return str(value)

    def texts(self, key: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
        """Return a list of texts, each of which fits `pattern` whole."""
        value = self.values.get(key)
        if not isinstance(value, list) or not all(isinstance(one, str) and pattern.fullmatch(one) for one in value):
            raise self.fault(key, "not a list of names")
        return tuple(value)

    def path(self, key: str) -> Path:
        """Return the absolute path of a file of the same generation."""
        value = self.values.get(key)
        if not isinstance(value, str) or Path(value).name != value or value == "..":
            raise self.fault(key, "not the name of a file beside it")
        return self.directory / value

    def table(self, key: str) -> Table:
        """Return a table."""
        value = self.values.get(key)
        if not isinstance(value, dict):
            raise self.fault(key, "not a table")
        return Table(value, key, self.directory, self.cure)

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return an array of one or more tables."""
        value = self.values.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
            raise self.fault(key, "not an array of tables")
        return tuple(Table(one, key, self.directory, self.cure) for one in value)

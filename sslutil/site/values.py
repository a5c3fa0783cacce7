"""One value of site.toml at a time: TOML's → ours, or a ValueError with half a sentence for the judge."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sslutil import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sslutil.names import Identity

VERSIONED_PROGRAMS = ("apache", "nginx", "haproxy", "lighttpd", "caddy", "postfix", "dovecot", "exim", "openssl")
"""Programs whose version an export may depend on."""
_LONGEST_LINE = 100
HIGHEST_GROUP = 2**32 - 2
"""The number above it means "leave it" to chown(2)."""
_NUMBER = re.compile(r"[0-9]{1,10}")


def keep(value: Any) -> Any:  # noqa: ANN401  a TOML value of any type
    """Return a value as it is."""
    return value


def parse_boolean(value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise ValueError("is true or false")  # noqa: TRY004  half a sentence for the judge
    return value


def whole_number(low: int, high: int, unit: str = "") -> Callable[[object], int]:
    """Return a parser of whole numbers within bounds; `unit` is for its sentence."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"is a whole number from {low} to {high}{unit}")
        return value

    return parse


def parse_fraction(value: object) -> float:
    """Return a fraction of a lifetime."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.1 <= value <= 0.95:  # noqa: PLR2004
        raise ValueError("is a fraction from 0.1 to 0.95")
    return float(value)


class OneOf:
    """A parser that takes one of a few texts."""

    def __init__(self, choices: Iterable[str]) -> None:
        """Take the texts in the order in which they are named."""
        self.choices = tuple(choices)

    def __call__(self, value: object) -> str:
        """Return the text."""
        if value in self.choices:
            return str(value)
        raise ValueError(f"is one of {', '.join(self.choices)}")


def parse_strings(value: object) -> tuple[str, ...]:
    """Return a list of texts."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError('is a list of texts: ["…", "…"]')
    return tuple(value)


def each_of(parse_one: Callable[[str], str]) -> Callable[[object], tuple[str, ...]]:
    """Return a parser of lists whose every text another parser takes; duplicates are folded."""

    def parse(value: object) -> tuple[str, ...]:
        return tuple(dict.fromkeys(parse_one(text) for text in parse_strings(value)))

    return parse


def parse_names(value: object) -> tuple[Identity, ...]:
    """Return the identities of a list of names."""
    return names.parse_identities(parse_strings(value))


def parse_absolute(text: str) -> str:
    """Return an absolute path."""
    if not text.startswith("/") or "\0" in text:
        raise ValueError(f"names files by absolute paths, and {text} is none")
    return text


def parse_optional_path(value: object) -> str:
    """Return an absolute path, or an empty text for none."""
    if not isinstance(value, str) or "\0" in value or (value and not value.startswith("/")):
        raise ValueError("is the absolute path of a file, or empty")
    return value


def parse_line(value: object) -> str:
    """Return a short text that stands on one line, or an empty one."""
    if not isinstance(value, str) or len(value) > _LONGEST_LINE or not value.isprintable():
        raise ValueError(f"is one line of at most {_LONGEST_LINE} characters")
    return value


def parse_commands(value: object) -> tuple[tuple[str, ...], ...]:
    """Return commands, each a list of words of which the first is an absolute path."""
    if not isinstance(value, list | tuple):
        raise ValueError('is a list of commands, each a list of words: [["/usr/bin/systemctl", "reload", "apache2"]]')  # noqa: TRY004
    commands = []
    for argv in value:
        if not isinstance(argv, list | tuple) or not argv or not all(isinstance(word, str) for word in argv):
            raise ValueError('holds lists of words, never a shell line: [["/usr/bin/systemctl", "reload", "apache2"]]')
        if not argv[0].startswith("/") or any("\0" in word for word in argv):
            raise ValueError(f"names programs by absolute paths, and {argv[0]} is none")
        commands.append(tuple(argv))
    return tuple(commands)


def parse_account_group(value: object) -> str | int:
    """Return a group's name or number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("is a group's name or number")  # noqa: TRY004  half a sentence for the judge
    if isinstance(value, str) and value.isprintable() and not (value.isascii() and value.isdigit()):
        return value
    number = int(value) if isinstance(value, int) or _NUMBER.fullmatch(value) else -1
    if not 0 <= number <= HIGHEST_GROUP:
        raise ValueError(f"is a group's name, or its number up to {HIGHEST_GROUP}")
    return value


def parse_versions(value: object) -> tuple[tuple[str, str], ...]:
    """Return versions by program, sorted."""
    example = 'is a table such as { apache = "2.4.62", openssl = "3.5.0" }'
    if isinstance(value, tuple):
        value = dict(value)
    if not isinstance(value, dict):
        raise ValueError(example)  # noqa: TRY004  half a sentence for the judge
    for program, version in value.items():
        OneOf(VERSIONED_PROGRAMS)(program)
        if not isinstance(version, str) or not all(_NUMBER.fullmatch(part) for part in version.split(".")):
            raise ValueError(example)
    return tuple(sorted(value.items()))


def render_names(identities: tuple[Identity, ...]) -> list[str]:
    """Return names as a person writes them."""
    return [identity.unicode for identity in identities]

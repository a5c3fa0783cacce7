"""What the tests of several dialects share: whatever registry and names are called, it stays where it belongs."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st

from sslutil.errors import SiteError, UsageError
from sslutil.exporters.parts import FORGED
from sslutil.names import parse_identity

if TYPE_CHECKING:
    from collections.abc import Callable


_IDENTITY = re.compile(
    r"""
    [ ]*setenv\.set-request-header[ ]=[ ]\(\n(?:.*=>[ ]"",\n)*[ ]*\)\n
    |.*(?:x[._-]ssl[._-]client|sslutil_client|ignore_invalid_headers|SSLUserName|\+StdEnvVars|verifyclient\.username).*\n
    |[#][ ]Left[ ]out:[ ]the[ ]headers[ ].*\n
    |.*(?:proxy_set_header|setenv\.set-request-header)[ ]of[ ]its[ ]own.*\n
    |[ ]*"""
    + FORGED.replace(" ", "[ ]").replace("#", "[#]")
    + r"\n",
    re.VERBOSE | re.IGNORECASE,
)


def without_identity(text: str) -> str:
    """Return a file without what it says of who the client is, which test_identity.py looks at."""
    return _IDENTITY.sub("", text)


def any_texts(characters: str) -> st.SearchStrategy[list[str]]:
    """Return texts of all kinds, some of them near to names with these characters, as a class of `re` has them."""
    return st.lists(st.text(max_size=40) | st.from_regex(rf"[{characters}]{{1,30}}", fullmatch=True), min_size=1)


def find_names(texts: list[str]) -> list[str]:
    """Return those that a site can be called."""
    names = []
    for text in texts:
        with contextlib.suppress(UsageError):
            names.append(parse_identity(text).text)
    return names


def check_refused(make: Callable[[], object]) -> None:
    """Check that a text is an error of the site that names the setting and a way out, in one printable line."""
    with pytest.raises(SiteError) as caught:
        make()

    assert "deploy.exports" == caught.value.key
    assert caught.value.message.isprintable()
    assert "sslutil registry-path" in caught.value.hint


def check_longest(quote: Callable[[str], str], most: int) -> None:
    """Check that a path may be so many bytes long, not letters, and no more."""
    letters = "/" + "ü" * ((most - 1) // 2)
    longest = letters + "x" * (most - len(letters.encode()))

    assert longest in quote(longest)
    for longer in (longest + "x", "/" + "x" * most):
        with pytest.raises(SiteError):
            quote(longer)


def rules(text: str) -> list[str]:
    """Return the lines of a file that are no comments."""
    return [line.strip() for line in text.splitlines() if line and not line.strip().startswith("#")]


def check_rules(texts: list[str], directives: set[str]) -> None:
    """Check that files hold these directives alone, and no string without its end."""
    for text in texts:
        for line in rules(text):
            assert line.split()[0] in directives
            assert 0 == line.count('"') % 2

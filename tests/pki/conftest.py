"""What the tests of this room share: one key of each type, made once."""

from __future__ import annotations

from functools import cache

import pytest

from sslutil.keytypes import KEY_TYPES
from sslutil.pki.keys import Key, make_key

made_once = cache(make_key)


@pytest.fixture(params=KEY_TYPES)
def key(request: pytest.FixtureRequest) -> Key:
    """A key of each type in turn."""
    return made_once(str(request.param))


@pytest.fixture
def p256() -> Key:
    """A key of the default type."""
    return made_once("p256")


@pytest.fixture
def rsa2048() -> Key:
    """A key of the most common type of RSA."""
    return made_once("rsa2048")

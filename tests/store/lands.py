"""What the tests of owners share: whose a folder is, and what is in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests import accounts

SHARED_GROUP = 100
"""A group of every Debian system: users."""
SELF_SIGN = ("certificate", "self-sign", "mail.example.org")


def give(path: Path, account: accounts.Account, group: int | None = None) -> None:
    """Give a name, were it a link, to an account."""
    os.chown(path, account.uid, account.gid if group is None else group, follow_symlinks=False)


def tree(folder: Path) -> list[str]:
    """Return every name below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))

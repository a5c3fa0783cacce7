"""The accounts and groups of this machine."""

from __future__ import annotations

import grp
import os
import pwd

from sslutil.disk import Owners
from sslutil.errors import SiteError


def account_name(user: int) -> str:
    """Return the name of a user id, or "#1234" where it has none, as sudo takes both."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"#{user}"


def home_of(user: int) -> str | None:
    """Return the home folder that the accounts' own list gives to a user id."""
    try:
        return pwd.getpwuid(user).pw_dir
    except KeyError:
        return None


def is_private_group(group: int) -> bool:
    """Return whether the group is the runner's own: bears the account's name and has nobody else in it."""
    user = os.geteuid()
    try:
        account, entry = pwd.getpwuid(user), grp.getgrgid(group)
    except KeyError:
        return False
    if entry.gr_name != account.pw_name or any(member != account.pw_name for member in entry.gr_mem):
        return False
    return all(other.pw_uid == user for other in pwd.getpwall() if other.pw_gid == group)


def owners() -> Owners:
    """Return who may own what is trusted, for the account that runs this."""
    return Owners(os.geteuid(), is_private_group, account_name)


def find_group(group: str | int) -> int | None:
    """Return the id of a group given by name or number, None for an empty name; SiteError where there is none."""
    if isinstance(group, int) or (group.isascii() and group.isdigit()):
        return int(group)
    if not group:
        return None
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError as fault:
        message = f"key_group {group} is no group of this machine"
        raise SiteError(message, "getent group", key="deploy.key_group") from fault

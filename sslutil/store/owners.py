"""Whether every folder on the way to the registry belongs to somebody who may be trusted with a key."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from sslutil.disk import told
from sslutil.errors import RegistryError, command

if TYPE_CHECKING:
    from sslutil.disk import Owners

_MOST_LINKS = 40
"""As many as Linux follows in one path (path_resolution(7))."""


def judge_way(path: str, owners: Owners) -> str:
    """Return the path with every link resolved, after a look at each folder and link on the way.

    Raises RegistryError where anybody but root and the runner could put another folder in its place. Folders that
    do not exist yet are fine: they will be the runner's.
    """
    rest = [part for part in path.split("/") if part][::-1]
    way = "/"
    links = 0
    _judge_folder(way, os.lstat(way), owners, last=not rest)
    while rest:
        step = os.path.normpath(os.path.join(way, rest.pop()))
        with told("look at", step):
            try:
                status = os.lstat(step)
            except FileNotFoundError:
                return os.path.join(step, *rest[::-1])
        if stat.S_ISLNK(status.st_mode):
            links += 1
            if links > _MOST_LINKS:
                message = f"{path} runs in a circle of links"
                raise RegistryError(message, command("ls", "-ld", step))
            _judge_owner(step, status, owners)
            target = os.readlink(step)
            rest += [part for part in target.split("/") if part][::-1]
            way = "/" if target.startswith("/") else way
            continue
        _judge_folder(step, status, owners, last=not rest)
        way = step
    return way


def _judge_folder(path: str, status: os.stat_result, owners: Owners, *, last: bool) -> None:
    if not stat.S_ISDIR(status.st_mode):
        message = f"{path} is not a folder"
        raise RegistryError(message, command("ls", "-ld", path))
    _judge_owner(path, status, owners)
    sticky = bool(status.st_mode & stat.S_ISVTX) and not last
    if sticky:
        return
    by_group = status.st_mode & stat.S_IWGRP and not owners.is_private_group(status.st_gid)
    if by_group or status.st_mode & stat.S_IWOTH:
        message = f"the folder {path} can be written by others, who could put another key in place of yours"
        raise RegistryError(message, command("chmod", "go-w", path))


def _judge_owner(path: str, status: os.stat_result, owners: Owners) -> None:
    if status.st_uid in {0, owners.runner}:
        return
    owner = owners.account_name(status.st_uid)
    message = f"{path} belongs to {owner}, neither to root nor to the account that runs this"
    if owners.runner == 0:
        raise RegistryError(message).cured_by(owner)
    raise RegistryError(message, command("ls", "-ld", path))


def judge_registry(path: str, status: os.stat_result, owners: Owners) -> None:
    """Raise RegistryError where the registry itself is somebody else's: root does not work in a user's registry."""
    if status.st_uid != owners.runner:
        owner = owners.account_name(status.st_uid)
        message = f"the registry {path} belongs to {owner}, and only {owner} changes it"
        raise RegistryError(message).cured_by(owner)

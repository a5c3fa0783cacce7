"""A disk that forgets: replays the calls of a run, and says what a power loss after each of them may leave.

What was synced stays: the bytes and mode of a file with its fsync, the names in a folder with that of the folder. Of
the rest, anything may be there or not, in any order: journals are kinder, POSIX is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash.soundness import Entry, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crash.tracing import Call

_DESCRIPTOR = re.compile(r"\d+<(?P<path>[^>]*)>")
_STRING = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"')


@dataclass(eq=False)
class Node:
    """A file, folder or link, as running programs see it and as the disk has it."""

    entry: Entry
    synced: Entry
    names: dict[str, Node] = field(default_factory=dict)
    synced_names: dict[str, Node] = field(default_factory=dict)
    unsynced: list[dict[str, Node | None]] = field(default_factory=list)
    """Changes of names that the disk may have or not; each is whole or not at all."""

    @property
    def dirty(self) -> bool:
        """Whether a sync would make anything last that does not yet."""
        return bool(self.unsynced) or self.entry != self.synced

    def change(self, **names: Node | None) -> None:
        """Give names to nodes, or take them away, in one change."""
        self.unsynced.append(names)
        _apply(self.names, names)

    def sync(self) -> None:
        """Make it last."""
        self.synced, self.synced_names = self.entry, dict(self.names)
        self.unsynced.clear()


def _apply(names: dict[str, Node], change: dict[str, Node | None]) -> None:
    for name, node in change.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


def _make_node(kind: str, mode: int, content: bytes = b"") -> Node:
    link = kind == "link"
    return Node(Entry(kind, 0 if link else mode, content), Entry(kind, 0 if link else mode, content if link else b""))


class Disk:
    """The disk below one folder."""

    def __init__(self, folder: Path, name: str, tree: Tree) -> None:
        """`tree` is what lies, synced, in the folder's only subfolder `name`; nothing where it is empty."""
        self.folder = folder
        self.name = name
        self.top = Node(Entry("folder", 0o700), Entry("folder", 0o700))
        self.needless: list[str] = []
        """Syncs that made nothing last."""
        if tree:
            self.top.names[name] = _make_node("folder", 0o755)
        for path, entry in sorted(tree.items()):
            parent = self._find(Path(name, path).parent)
            parent.names[path.rpartition("/")[2]] = Node(entry, entry)
        for node in self._nodes(self.top):
            node.sync()

    def _nodes(self, node: Node) -> Iterator[Node]:
        yield node
        for inner in node.names.values():
            yield from self._nodes(inner)

    def _find(self, path: Path) -> Node:
        node = self.top
        for part in path.parts:
            node = node.names[part]
        return node

    def replay(self, call: Call) -> None:
        """Take over what a call did."""
        if call.result is None or call.result < 0:
            return
        strings = [_unescape(found["text"]) for found in _STRING.finditer(call.text)]
        getattr(self, f"_{call.name}")(call, self._folders(call)[0], *strings)

    def _folders(self, call: Call) -> list[Node]:
        return [self._find(Path(found["path"]).relative_to(self.folder)) for found in _DESCRIPTOR.finditer(call.text)]

    def _openat(self, call: Call, folder: Node, name: str) -> None:
        if name not in folder.names:
            folder.change(**{name: _make_node("file", int(call.text.rpartition(", ")[2], 8))})

    def _mkdirat(self, call: Call, folder: Node, name: str) -> None:
        folder.change(**{name: _make_node("folder", int(call.text.rpartition(", ")[2], 8))})

    def _symlinkat(self, _call: Call, folder: Node, target: str, name: str) -> None:
        folder.change(**{name: _make_node("link", 0, target.encode())})

    def _unlinkat(self, _call: Call, folder: Node, name: str) -> None:
        folder.change(**{name: None})

    def _renameat(self, call: Call, folder: Node, old: str, new: str) -> None:
        target = self._folders(call)[-1]
        moved = folder.names[old]
        if target is folder:
            folder.change(**{old: None, new: moved})
        else:
            target.change(**{new: moved})
            folder.change(**{old: None})

    def _write(self, _call: Call, file: Node, text: str) -> None:
        file.entry = file.entry._replace(content=file.entry.content + text.encode("latin-1"))

    def _pwrite64(self, call: Call, file: Node, text: str) -> None:
        assert call.text.endswith(", 0")
        file.entry = file.entry._replace(content=text.encode("latin-1"))

    def _ftruncate(self, _call: Call, file: Node) -> None:
        file.entry = file.entry._replace(content=b"")

    def _fchmod(self, call: Call, node: Node) -> None:
        node.entry = node.entry._replace(mode=int(call.text.rpartition(", ")[2], 8))

    def _fsync(self, call: Call, node: Node) -> None:
        if not node.dirty:
            self.needless.append(call.text)
        node.sync()

    def losses(self) -> Iterator[Tree]:
        """Yield what may be left if the power fails now."""
        for choice in ("none", "names", "all", "last", "first", "but the last"):
            tree: Tree = {}
            self._lose(self.top, "", tree, choice)
            prefix = f"{self.name}/"
            yield {path.removeprefix(prefix): entry for path, entry in tree.items() if path.startswith(prefix)}

    def _lose(self, node: Node, path: str, tree: Tree, choice: str) -> None:
        names = dict(node.synced_names)
        kept = {"none": [], "last": node.unsynced[-1:], "first": node.unsynced[:1], "but the last": node.unsynced[:-1]}
        for change in kept.get(choice, node.unsynced):
            _apply(names, change)
        for name, inner in names.items():
            tree[f"{path}{name}"] = inner.entry if choice == "all" else inner.synced
            self._lose(inner, f"{path}{name}/", tree, choice)


def _unescape(text: str) -> str:
    return text.encode("latin-1").decode("unicode_escape")

"""What a disk holds after a power cut, from the calls that `shim.cpp` wrote down.

Bytes of a file survive when it was synced behind them, names when their folder was. What was not synced may have
survived all the same: none of it, all of it, or a part, by two models of a file system:

- "ordered", as ext4 with its journal: names change in the order of the calls, and a sync of anything makes all changes
  of names before it survive; of the bytes of each file any prefix of what was written survives, cut anywhere
- "strict", what POSIX says and no more: each change of a name survives or not by itself, until its folder is synced; of
  the bytes of a file a prefix, or any set of its blocks; where a block is missing there are zeros
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

Model: TypeAlias = Literal["ordered", "strict"]
MODELS: tuple[Model, ...] = ("ordered", "strict")

_HEAD = struct.Struct("<cQQQHH")
_BLOCK = 4096


class Call(NamedTuple):
    """One record of the log, see `shim.cpp`."""

    operation: str
    inode: int
    offset: int
    length: int
    path: str
    second: str
    data: bytes


def read_log(log: Path) -> list[Call]:
    """Return all calls in their order."""
    data, at, calls = log.read_bytes(), 0, []
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        start, end = at + 4, at + 4 + size
        operation, inode, offset, length, first, second = _HEAD.unpack_from(data, start)
        start += _HEAD.size
        path, other = data[start : start + first].decode(), data[start + first : start + first + second].decode()
        calls.append(Call(operation.decode(), inode, offset, length, path, other, data[start + first + second : end]))
        at = end
    return calls


class Change(NamedTuple):
    """A change of a file: bytes at an offset; or with no bytes, the length (`cut`), or the least length."""

    offset: int
    data: bytes | None
    length: int = 0
    cut: bool = False


@dataclass(eq=False, slots=True)
class Node:
    """A file, or a folder with `names`."""

    names: dict[str, Node] | None = None
    synced: bytes = b""
    pending: list[Change] = field(default_factory=list)
    # The names of a folder that survive for sure.
    kept: dict[str, Node] = field(default_factory=dict)

    def content(self) -> bytes:
        """Return the bytes of a file as its process sees them."""
        return applied(self.synced, self.pending)


def applied(data: bytes, changes: list[Change]) -> bytes:
    """Return bytes after changes."""
    result = bytearray(data)
    for change in changes:
        if change.data is None:
            if change.cut:
                del result[change.length :]
            result.extend(bytes(max(0, change.length - len(result))))
        else:
            result.extend(bytes(max(0, change.offset - len(result))))
            result[change.offset : change.offset + len(change.data)] = change.data
    return bytes(result)


# What one call does to names: folder, name, and what the name means then.
Names: TypeAlias = "list[tuple[Node, str, Node | None]]"


class Disk:
    """A folder while its calls are played back."""

    def __init__(self, root: Path, model: Model) -> None:
        self.root, self.model = root, model
        self.top = Node({})
        self._inodes: dict[int, Node] = {root.stat().st_ino: self.top}
        # Changes of names that may not survive yet, in order.
        self._renames: list[Names] = []

    def play(self, call: Call) -> None:
        """Let one call take effect."""
        match call.operation:
            case "C" | "D":
                node = self._inodes[call.inode] = Node({} if call.operation == "D" else None)
                self._name([(*self._place(call.path), node)])
            case "W":
                self._inodes[call.inode].pending.append(Change(call.offset, call.data))
            case "T" | "A":
                self._inodes[call.inode].pending.append(Change(0, None, call.length, call.operation == "T"))
            case "S":
                self._sync(self._inodes[call.inode])
            case "R":
                folder, name = self._place(call.path)
                assert folder.names is not None
                self._name([(folder, name, None), (*self._place(call.second), folder.names[name])])
            case "L":
                folder, name = self._place(call.path)
                assert folder.names is not None
                self._name([(*self._place(call.second), folder.names[name])])
            case "U" | "X":
                self._name([(*self._place(call.path), None)])
            case "K":
                pass
            case _:
                raise AssertionError(f"{call.operation}: a call that the model does not know")

    def _place(self, path: str) -> tuple[Node, str]:
        *folders, name = Path(path).relative_to(self.root).parts
        node = self.top
        for folder in folders:
            assert node.names is not None
            node = node.names[folder]
        return node, name

    def _name(self, names: Names) -> None:
        _rename(names, lambda node: node.names)
        self._renames.append(names)

    def _sync(self, node: Node) -> None:
        if node.names is None:
            node.synced, node.pending = node.content(), []
        if self.model == "ordered":
            survives, self._renames = self._renames, []
        else:
            survives = [names for names in self._renames if any(folder is node for folder, _, _ in names)]
            self._renames = [names for names in self._renames if not any(folder is node for folder, _, _ in names)]
        for names in survives:
            _rename(names, lambda node: node.kept)

    def is_named(self, call: Call) -> bool:
        """Return whether the name of a folder that a call works on survives; of a file, True."""
        node = self._inodes[call.inode]
        kept = _files(self.top, lambda n: n.kept, folders=True)
        return node.names is None or node is self.top or any(n is node for _, n in kept)

    def whole(self) -> dict[str, bytes]:
        """Return all files as their process sees them."""
        return {path: node.content() for path, node in _files(self.top, lambda n: n.names)}

    def cut(self, rng: random.Random) -> dict[str, bytes | None]:
        """Return what is on disk after a power cut: the bytes of each file; None for a folder."""
        kept = _copied(self.top)
        share = rng.choice([0.0, 1.0, 0.5, rng.random()])
        survivors = self._renames[: rng.randint(0, len(self._renames))] if share not in (0.0, 1.0) else self._renames
        for names in survivors:
            if share and (self.model == "ordered" or rng.random() < share):
                _rename(names, lambda node: kept.setdefault(node, {}))
        choice = rng.choice(["none", "all", "part", "part"])
        contents: dict[Node, bytes] = {}
        result: dict[str, bytes | None] = {}
        for path, node in _files(self.top, lambda n: kept.get(n, {}), folders=True):
            if node.names is not None:
                result[path] = None
                continue
            if node not in contents:
                contents[node] = self._survived(node, choice, rng)
            result[path] = contents[node]
        return result

    def _survived(self, node: Node, choice: str, rng: random.Random) -> bytes:
        if choice == "none" or not node.pending:
            return node.synced
        if choice == "all":
            return node.content()
        if self.model == "strict" and rng.random() < 0.5:
            return _some_blocks(node, rng)
        changes = node.pending[: rng.randint(0, len(node.pending))]
        if changes and changes[-1].data and rng.random() < 0.7:
            last = changes[-1]
            assert last.data is not None
            changes[-1] = last._replace(data=last.data[: rng.randint(0, len(last.data))])
        return applied(node.synced, changes)


def _some_blocks(node: Node, rng: random.Random) -> bytes:
    """Each block as it was synced or as it was written; the length is the new one."""
    old, new = node.synced, node.content()
    result = bytearray(old[: len(new)].ljust(len(new), b"\0"))
    share = rng.random()
    for start in range(0, len(new), _BLOCK):
        if rng.random() < share:
            result[start : start + _BLOCK] = new[start : start + _BLOCK]
    return bytes(result)


def _rename(names: Names, of: object) -> None:
    for folder, name, node in names:
        entries = of(folder)  # type: ignore[operator]
        if node is None:
            entries.pop(name, None)
        else:
            entries[name] = node


def _copied(top: Node) -> dict[Node, dict[str, Node]]:
    copies, todo = {}, [top]
    while todo:
        node = todo.pop()
        if node.names is not None and node not in copies:
            copies[node] = dict(node.kept)
            todo += [*node.kept.values(), *node.names.values()]
    return copies


def _files(top: Node, of: object, *, folders: bool = False) -> Iterator[tuple[str, Node]]:
    todo, seen = [("", top)], {top}
    while todo:
        at, folder = todo.pop()
        for name, node in of(folder).items():  # type: ignore[operator]
            path = f"{at}/{name}" if at else name
            if node.names is None:
                yield path, node
            elif node not in seen:
                seen.add(node)
                if folders:
                    yield path, node
                todo.append((path, node))


def lay_out(files: dict[str, bytes | None], target: Path) -> None:
    """Write files and folders below a new folder."""
    target.mkdir(parents=True)
    for path, data in files.items():
        place = target / path
        if data is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

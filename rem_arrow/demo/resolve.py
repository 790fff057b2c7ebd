"""Names to definitions: follows a reference through imports, aliases, star imports, attributes and base classes.

In: the facts of all modules by full name, and the names of modules without source. Out: a `Target`, the definition that
a reference means, or None where the tree does not tell. Nothing is imported or run. What Python decides at run time is
taken at its first choice in the order of the source: a module's own definition, then its imports and assignments, then
its star imports. Members of a class are looked up in the class, then in its bases, depth first. A cycle of names
resolves to None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from rem_arrow.demo.facts import CALL, ModuleFacts, Path, Reference


@dataclass(frozen=True, slots=True)
class Target:
    """A definition: its table and id. An instance has the id of its class."""

    kind: Literal["modules", "classes", "functions", "instance"]
    id: str


class Resolver:
    """Resolves the references of one tree; caches what it has resolved."""

    def __init__(self, facts: Mapping[str, ModuleFacts], sourceless: Iterable[str]) -> None:
        self._facts = facts
        self._modules = {*facts, *sourceless}
        self._definitions: dict[str, Target] = {}
        self._base_paths: dict[str, tuple[str, str | None, tuple[Path, ...]]] = {}
        for module, its in facts.items():
            for f in its.functions:
                self._definitions[f"{module}.{f.qualname}"] = Target("functions", f"{module}.{f.qualname}")
            for c in its.classes:
                id_ = f"{module}.{c.qualname}"
                self._definitions[id_] = Target("classes", id_)
                self._base_paths[id_] = (module, f"{module}.{c.owner}" if c.owner else None, c.base_paths)
        self._lookups: dict[tuple[str, str], Target | None] = {}
        self._bases: dict[str, tuple[str, ...]] = {}
        self._members: dict[tuple[str, str], Target | None] = {}

    def module(self, name: str) -> str | None:
        """Return the longest leading part of a dotted name that is a module of the tree."""
        while name and name not in self._modules:
            name = name.rpartition(".")[0]
        return name or None

    def target(self, reference: Reference, module: str, *, class_id: str | None) -> Target | None:
        """Return what a reference in `module`, in a method of `class_id`, means."""
        path = reference.path
        match reference.scope:
            case "tree":
                return self._follow(Target("modules", path[0]), path[1:]) if path[0] in self._modules else None
            case "module":
                return self._follow(self._lookup(module, path[0]), path[1:])
            case "class":
                return self._follow(Target("classes", class_id), path) if class_id else None
            case "bases":
                members = (self._member(base, path[0]) for base in self.bases(class_id)) if class_id else iter(())
                return self._follow(next((t for t in members if t is not None), None), path[1:])

    def callee(self, target: Target | None) -> str | None:
        """Return the id of the function that runs when `target` is called: of a class `__init__`, of an instance
        `__call__`."""
        if target is not None and target.kind in ("classes", "instance"):
            target = self._member(target.id, "__init__" if target.kind == "classes" else "__call__")
        return target.id if target is not None and target.kind == "functions" else None

    def bases(self, class_id: str) -> tuple[str, ...]:
        """Return the ids of the direct bases of a class that the tree defines, each once, in order."""
        if class_id not in self._bases:
            self._bases[class_id] = ()  # What asks again while this is computed is a cycle.
            module, owner, paths = self._base_paths[class_id]
            targets = [self._base(path, module, owner, itself=class_id) for path in paths]
            self._bases[class_id] = tuple(
                dict.fromkeys(t.id for t in targets if t is not None and t.kind == "classes" and t.id != class_id)
            )
        return self._bases[class_id]

    def _base(self, path: Path, module: str, owner: str | None, *, itself: str) -> Target | None:
        """Return the class that a base names; in `class X(X)` it is the X that was imported."""
        head = self._definitions.get(f"{owner}.{path[0]}") if owner else None
        if head is None or head.id == itself:
            head = self._lookup(module, path[0])
        if head is not None and head.id == itself:
            head = self._bound(module, path[0])
        return self._follow(head, path[1:])

    def _follow(self, target: Target | None, path: Path) -> Target | None:
        for step in path:
            match target:
                case Target("modules", id_):
                    target = self._attribute(id_, step)
                case Target("classes", id_):
                    target = Target("instance", id_) if step == CALL else self._member(id_, step)
                case Target("instance", id_) if step != CALL:
                    target = self._member(id_, step)
                case _:
                    return None
        return target

    def _attribute(self, module: str, name: str) -> Target | None:
        target = self._lookup(module, name)
        submodule = f"{module}.{name}"
        return Target("modules", submodule) if target is None and submodule in self._modules else target

    def _lookup(self, module: str, name: str) -> Target | None:
        """Return what `name` means at the top of `module`."""
        key = (module, name)
        if key not in self._lookups:
            self._lookups[key] = None  # As in bases().
            self._lookups[key] = self._definitions.get(f"{module}.{name}") or self._bound(module, name)
        return self._lookups[key]

    def _bound(self, module: str, name: str) -> Target | None:
        """Return what an import or an assignment of `module` binds `name` to."""
        facts = self._facts.get(module)
        if facts is None:
            return None
        for reference in facts.names.get(name, ()):
            target = self.target(reference, module, class_id=None)
            if target is not None:
                return target
        for star in facts.stars:
            target = self._lookup(star, name) if self._exports(star, name) else None
            if target is not None:
                return target
        return None

    def _exports(self, module: str, name: str) -> bool:
        facts = self._facts.get(module)
        if facts is None:
            return False
        return name in facts.exports if facts.exports is not None else not name.startswith("_")

    def _member(self, class_id: str, name: str) -> Target | None:
        key = (class_id, name)
        if key not in self._members:
            self._members[key] = None  # As in bases().
            own = self._definitions.get(f"{class_id}.{name}")
            inherited = (self._member(base, name) for base in self.bases(class_id))
            self._members[key] = own or next((t for t in inherited if t is not None), None)
        return self._members[key]

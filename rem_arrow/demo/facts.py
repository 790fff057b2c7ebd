"""What one source file says, by name, before any name is resolved.

A **path** is how an expression names a thing, as a tuple of steps: `json.dumps` is ("json", "dumps"). The step "()" is
a call, so `JSONEncoder(indent=2).encode` is ("JSONEncoder", "()", "encode"). A `Reference` is a path with the place
where it starts:

    scope     the path starts at                   written as
    tree      the full name of a module            import a.b, from a import b, from . import b
    module    the names of the module itself       dumps(...), json.dumps(...)
    class     the class that holds the function    cls.f(...) is ("f",), self.f(...) is ("()", "f")
    bases     the bases of that class              super().f(...) is ("f",)

`qualname` is a name inside its module, such as "JSONEncoder.encode"; within one `ModuleFacts` each occurs once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Path: TypeAlias = tuple[str, ...]
CALL = "()"


@dataclass(frozen=True, slots=True)
class Reference:
    """A path and where it starts."""

    scope: Literal["tree", "module", "class", "bases"]
    path: Path


@dataclass(frozen=True, slots=True)
class Import:
    """`import module`, or one name of `from module import name`; `module` is a full name."""

    module: str
    name: str | None
    line: int


@dataclass(frozen=True, slots=True)
class ClassFacts:
    """One class. `owner` is the qualname of the class around it, `base_paths` are those of `bases` that are paths."""

    qualname: str
    owner: str | None
    bases: tuple[str, ...]
    base_paths: tuple[Path, ...]
    docstring: str | None
    line: int
    size: int


@dataclass(frozen=True, slots=True)
class FunctionFacts:
    """One function. `owner` is the qualname of its class; `calls` gives for each callee the number of calls and the
    first line."""

    qualname: str
    owner: str | None
    signature: str
    docstring: str | None
    line: int
    size: int
    is_async: bool
    calls: dict[Reference, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ModuleFacts:
    """One file.

    Attributes:
        names: what the module's imports and assignments bind, for each name in the order of the source.
        stars: full names of the modules of `from module import *`.
        exports: `__all__`, or None where it is missing or computed.
    """

    docstring: str | None
    size: int
    classes: tuple[ClassFacts, ...]
    functions: tuple[FunctionFacts, ...]
    imports: tuple[Import, ...]
    names: dict[str, list[Reference]]
    stars: tuple[str, ...]
    exports: frozenset[str] | None

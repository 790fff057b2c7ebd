"""Macros as the catalog keeps them: the text that stands for a call, by the parameters that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from rem_arrow.base.datatypes import Json

# One that stands in an expression, and one that stands in FROM.
MacroKind: TypeAlias = Literal["macro", "table macro"]
KINDS: tuple[MacroKind, ...] = ("macro", "table macro")


@dataclass(frozen=True, slots=True)
class MacroParameter:
    """A parameter; `type` and `default` are SQL, "" where there is none."""

    name: str
    type: str = ""
    default: str = ""

    def __str__(self) -> str:
        type_, default = f" {self.type}" if self.type else "", f" := {self.default}" if self.default else ""
        return f"{self.name}{type_}{default}"


@dataclass(frozen=True, slots=True)
class Overload:
    """What a macro stands for with these parameters; those with a default come last."""

    parameters: tuple[MacroParameter, ...]
    text: str

    def takes(self, count: int, names: Sequence[str]) -> bool:
        """Say whether a call with so many arguments by place, and those by name, which are casefolded, fits."""
        rest = self.parameters[count:]
        known = {p.name.casefold() for p in rest}
        return (
            count <= len(self.parameters)
            and known >= set(names)
            and all(p.default or p.name.casefold() in names for p in rest)
        )

    def to_json(self) -> Json:
        return [[[p.name, p.type, p.default] for p in self.parameters], self.text]


def overloads_from_json(value: Json) -> tuple[Overload, ...]:
    """Return the overloads of a macro as the catalog keeps them."""
    read = []
    for parameters, text in cast("list[tuple[list[list[str]], str]]", value):
        read.append(Overload(tuple(MacroParameter(*p) for p in parameters), str(text)))
    return tuple(read)

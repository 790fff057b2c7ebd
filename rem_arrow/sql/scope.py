"""The names that a SELECT can see: relations by alias, and their columns by the user's name and by the unique one."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from rem_arrow.errors import BindError, suggest
from rem_arrow.plan.nodes import Column


class Names:
    """Gives out names that are unique in one statement."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def fresh(self, wanted: str) -> str:
        name, n = wanted, 1
        while name in self._used:
            n += 1
            name = f"{wanted}#{n}"
        self._used.add(name)
        return name


@dataclass(frozen=True, slots=True)
class Visible:
    """One column of a relation in FROM. `merged` columns of USING stand for both sides."""

    name: str
    unique: str
    dtype: pl.DataType


@dataclass(slots=True)
class Scope:
    """Relations in FROM order."""

    relations: dict[str, list[Visible]] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    # Columns that USING or NATURAL merged: unqualified, they mean the expression here.
    merged: dict[str, Visible] = field(default_factory=dict)

    def add(self, alias: str, columns: list[Visible], text: str, start: int | None, end: int | None) -> None:
        key = alias.casefold()
        if key in self.relations:
            raise BindError(f'the name "{alias}" stands for two tables in FROM', text, start, end, hint="Give one of them an alias.")
        self.relations[key] = columns
        self.shown[key] = alias

    def all_columns(self) -> list[Visible]:
        """Return the columns of `*`: merged ones once, first."""
        merged = {v.name.casefold() for v in self.merged.values()}
        rest = [c for columns in self.relations.values() for c in columns if c.name.casefold() not in merged]
        return list(self.merged.values()) + rest

    def of(self, alias: str, text: str, start: int | None, end: int | None) -> list[Visible]:
        columns = self.relations.get(alias.casefold())
        if columns is None:
            raise BindError(f'no table "{alias}" in FROM', text, start, end, hint=suggest(alias, self.shown.values(), "Tables"))
        return columns

    def resolve(self, name: str, alias: str | None, text: str, start: int | None, end: int | None) -> Column:
        """Return the column that a name means. Raises BindError when there is none, or more than one."""
        wanted = name.casefold()
        if alias is None and wanted in self.merged:
            merged = self.merged[wanted]
            return Column(merged.unique, merged.dtype)
        where = {alias.casefold(): self.of(alias, text, start, end)} if alias is not None else self.relations
        hits = [(key, c) for key, columns in where.items() for c in columns if c.name.casefold() == wanted]
        if len(hits) == 1:
            return Column(hits[0][1].unique, hits[0][1].dtype)
        if len(hits) > 1:
            options = " or ".join(f"{self.shown[key]}.{c.name}" for key, c in hits)
            raise BindError(f'the column "{name}" is ambiguous', text, start, end, hint=f"Write {options}.")
        among = f" in {alias}" if alias is not None else f" in {', '.join(self.shown.values())}" if self.shown else ": there is no FROM"
        known = [c.name for columns in where.values() for c in columns]
        raise BindError(f'no column "{name}"{among}', text, start, end, hint=suggest(name, known, "Columns"))

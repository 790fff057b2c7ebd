"""What the catalog of another database says of a table beyond the types of its columns, as SQL: to be declared here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import InputError
from rem_arrow.base.quoting import identifier


@dataclass(frozen=True, slots=True)
class DeclaredColumn:
    """A column; `default` and `generated` are expressions, "" where there is none."""

    name: str
    default: str
    nullable: bool
    generated: str


@dataclass(frozen=True, slots=True)
class DeclaredReference:
    """A FOREIGN KEY, to a table by its name there."""

    columns: tuple[str, ...]
    table: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """A table; `constraints` are its keys and conditions as they stand in CREATE TABLE."""

    columns: tuple[DeclaredColumn, ...]
    constraints: tuple[str, ...]
    references: tuple[DeclaredReference, ...]

    @property
    def has_rules(self) -> bool:
        """Whether it says anything that its rows do not show."""
        return bool(self.constraints or self.references) or any(
            c.default or c.generated or not c.nullable for c in self.columns
        )

    def sql(self, name: str, types: Mapping[str, pl.DataType], names: Mapping[str, str]) -> str:
        """Return the CREATE TABLE of the table.

        Args:
            types: those of the columns as their rows come.
            names: of the tables that are imported with it, by their names there.

        Raises:
            InputError: it refers to a table that is not among these.
        """
        parts = [_column(c, types[c.name]) for c in self.columns]
        parts += self.constraints
        for reference in self.references:
            if reference.table not in names:
                raise InputError(f"it refers to {reference.table}, which is not imported; import both")
            target = f"{identifier(names[reference.table])} ({listed(reference.to)})"
            parts.append(f"FOREIGN KEY ({listed(reference.columns)}) REFERENCES {target}")
        return f"CREATE TABLE {identifier(name)} ({', '.join(parts)})"


def listed(names: Sequence[str]) -> str:
    """Return names as SQL lists them."""
    return ", ".join(map(identifier, names))


def in_order(tables: Mapping[str, Declared]) -> Iterator[str]:
    """Yield tables behind those that they refer to. REQUIRES: they refer to each other in no circle."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name not in done and name in tables:
            done.add(name)
            for reference in tables[name].references:
                yield from visit(reference.table)
            yield name

    for name in tables:
        yield from visit(name)


def _column(column: DeclaredColumn, dtype: pl.DataType) -> str:
    text = f"{identifier(column.name)} {sql_name(dtype)}"
    if column.generated:
        return f"{text} GENERATED ALWAYS AS ({column.generated})"
    default = f" DEFAULT ({column.default})" if column.default else ""
    return text + default + ("" if column.nullable else " NOT NULL")

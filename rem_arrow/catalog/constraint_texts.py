"""The constraints of a table as they are listed: kind, SQL, columns, name, and for a FOREIGN KEY what it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rem_arrow.base.constraints import Constraint
from rem_arrow.base.quoting import readable
from rem_arrow.base.schema import Table
from rem_arrow.catalog.search_path import own_name
from rem_arrow.storage.version import Version


class Listed(NamedTuple):
    """One constraint; `condition` is that of a CHECK, `referred` the key of a FOREIGN KEY, of the table `parent`."""

    kind: str
    text: str
    columns: tuple[str, ...]
    name: str
    condition: str | None = None
    parent: Table | None = None
    referred: Constraint | None = None


def listed(version: Version, table: Table) -> Iterator[Listed]:
    """Yield the constraints of a table, those that are not written out included: the key of entities, and NOT NULL."""
    own = own_name(version, table.name)
    if table.key:
        columns = ", ".join(map(readable, table.key))
        yield Listed("PRIMARY KEY", f"PRIMARY KEY({columns})", table.key, f"{own}_{'_'.join(table.key)}_pkey")
    for constraint in table.constraints:
        if constraint.references is not None:
            yield _reference(version, table, constraint)
        elif not constraint.index:
            text = f"{constraint.kind}({constraint.condition or ', '.join(map(readable, constraint.columns))})"
            yield Listed(constraint.kind, text, constraint.columns, constraint.name, constraint.condition or None)
    for field in table.fields:
        if not field.nullable:
            yield Listed("NOT NULL", "NOT NULL", (field.name,), f"{own}_{field.name}_not_null")


def constraint_sql(version: Version, table: Table) -> list[str]:
    """Return the constraints of a table that stand behind its columns in CREATE TABLE."""
    return [
        _reference(version, table, c).text if c.references is not None else c.text
        for c in table.constraints
        if not c.index
    ]


def _reference(version: Version, table: Table, constraint: Constraint) -> Listed:
    assert constraint.references is not None, "it is a FOREIGN KEY"
    number, of_key = constraint.references
    parent = table if number == table.number else version.tables[number].table
    key = next(k for k in parent.keys if k.number == of_key)
    own = own_name(version, parent.name)
    text = f"{constraint.text} REFERENCES {readable(own)}({', '.join(map(readable, key.columns))})"
    return Listed("FOREIGN KEY", text, constraint.columns, constraint.name, None, parent, key)

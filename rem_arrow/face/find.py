"""Rows by a condition that is a Python object: `find`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from rem_arrow.base import checks
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.quoting import identifier
from rem_arrow.base.schema import Table
from rem_arrow.face.verbs import Verbs
from rem_arrow.model.predicates import Predicate, Values


class FindVerbs(Verbs):
    """The part of a database that finds rows by predicates."""

    def find(
        self,
        table: str,
        predicate: Predicate | None = None,
        *,
        order_by: str | Sequence[str] | None = None,
        descending: bool = False,
        limit: int | None = None,
    ) -> pl.DataFrame:
        """Return the rows of a table that meet a predicate, with all their columns.

        Args:
            table: a table or view.
            predicate: such as `Eq("status", "open") & ~In("owner", ["bob"])`; None for every row.
            order_by: a column, or several; NULL comes last.
            descending: the largest first.
            limit: the most rows; None for all.

        Returns:
            The columns of the table.

        Raises:
            InputError: there is no such table or column, or an argument is of the wrong kind.
            BindError, ExecuteError: a value cannot be compared with its column.

        Example:
            >>> db.find("issues", rem.Eq("status", "open") & rem.Gt("priority", 2))["code"].to_list()
            ['TAP-1']
        """
        access = self._access()
        definition = access.table(table).table
        names = [order_by] if isinstance(order_by, str) else list(order_by or ())
        checks.limit(limit)
        text, values = f"SELECT * FROM {identifier(definition.name)}", Values()
        if predicate is not None:
            text += f" WHERE {condition(definition, predicate, values)}"
        if names:
            check_columns(definition, names)
            text += " ORDER BY " + ", ".join(
                f"{identifier(n)} {'DESC' if descending else 'ASC'} NULLS LAST" for n in names
            )
        return self._select(access, text if limit is None else f"{text} LIMIT {limit}", values)


def as_text(
    table: Table, where: str | Predicate | None, parameters: Mapping[str, Any] | None
) -> tuple[str | None, Mapping[str, Any] | None]:
    """Return a condition as SQL, and its parameters together with those passed in."""
    if where is None or isinstance(where, str):
        return where, parameters
    values = Values()
    return condition(table, where, values), {**(parameters or {}), **values}


def condition(table: Table, predicate: Any, values: Values) -> str:
    """Return a predicate as SQL on a table, and add its parameters to `values`. Raises InputError for a column that
    does not exist."""
    if not isinstance(predicate, Predicate):
        raise InputError(f"a condition on {table.name} is a predicate, such as Eq('status', 'open'); not {predicate!r}")
    if table.kind != "view":
        check_columns(table, sorted(predicate.columns()))
    return predicate.write(values)


def check_columns(table: Table, names: Sequence[str]) -> None:
    """Raise InputError for a name that no column of a table has. The columns of a view are known only to its query."""
    for name in names:
        checks.text(name, "the name of a column")
        if table.kind != "view" and name.casefold() not in {n.casefold() for n in table.names}:
            raise InputError(f'no column "{name}" in {table.name}. {suggest(name, table.names, "Columns")}')

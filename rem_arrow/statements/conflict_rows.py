"""INSERT ... ON CONFLICT, OR REPLACE and OR IGNORE into plain tables. REQUIRES: the store's lock.

Of several given rows with one key the first counts, as in DuckDB. A row with a NULL in the key meets none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.key_rows import PLACE, holders
from rem_arrow.base.constraints import Constraint
from rem_arrow.base.errors import BindError
from rem_arrow.base.schema import Table
from rem_arrow.base.source import ROWID
from rem_arrow.sql.bind.write_queries import EXCLUDED, Target, WriteBinder, excluded
from rem_arrow.sql.statement.statement import Conflict
from rem_arrow.sql.statement.statement_names import Assignments, Name
from rem_arrow.statements import plain_rows
from rem_arrow.statements.environment import Context, Outcome
from rem_arrow.statements.fitting_rows import defaults_of, fitting
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import loader

_EXISTING = "\x00existing"
_HELD = "\x00rowid"


def check(context: Context, table: Table, conflict: Conflict, name: Name) -> None:
    """Raise BindError where no key of the table, or not one alone, is meant."""
    _keys(context, table, conflict, name)
    plain_rows.check_assignments(table, conflict.assignments, context.text)


def insert(
    context: Context, access: Access, tv: TableVersion, frame: pl.DataFrame, alias: str, conflict: Conflict
) -> Outcome:
    """Add rows, and do with those whose key exists what the statement says; `frame` has some of the columns."""
    table = tv.table
    keys = _keys(context, table, conflict, Name(table.name))
    rows = context.instance.rules.fitted(frame, _lenient(table), context.now)
    numbered = rows.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(PLACE))
    held = pl.concat([holders(access, tv, key, rows) for key in keys]).unique(PLACE)
    free = numbered.join(held, on=PLACE, how="anti", maintain_order="left").drop(PLACE)
    fresh = plain_rows.added(context, table, loader.fitted(_first_ones(free, keys), table))
    if conflict.action == "nothing" or not held.height:
        return fresh
    given = numbered.join(held, on=PLACE, maintain_order="left").unique(ROWID, keep="first", maintain_order=True)
    replacing = conflict.action == "replace"
    assignments = _replacing(table, frame.columns, keys[0]) if replacing else conflict.assignments
    changed = _changed(context, tv, given.drop(PLACE).rename({ROWID: _HELD}), alias, assignments, conflict)
    updated = plain_rows.update(context, tv, changed, [name.text for name, _ in assignments])
    fresh.changes.merge(updated.changes)
    assert fresh.rows is not None and updated.rows is not None, "plain tables give the rows"
    return Outcome(fresh.changes, fresh.affected + updated.affected, pl.concat([fresh.rows, updated.rows]))


def _keys(context: Context, table: Table, conflict: Conflict, name: Name) -> list[Constraint]:
    """Return the keys that a conflict may be with."""
    listing = "; ".join(key.text for key in table.keys) or "none"
    if conflict.keys:
        wanted = {k.text.casefold() for k in conflict.keys}
        keys = [key for key in table.keys if {c.casefold() for c in key.columns} == wanted]
        if not keys:
            raise BindError(
                f"no key of {table.name} has the columns {', '.join(k.text for k in conflict.keys)}",
                context.text,
                conflict.keys[0].start,
                conflict.keys[-1].end,
                hint=f"Keys: {listing}.",
            )
        return keys[:1]
    if not table.keys or (len(table.keys) > 1 and conflict.action != "nothing"):
        what = "has no key, so its rows do not conflict" if not table.keys else "has several keys"
        hint = "Add one: ALTER TABLE ... ADD PRIMARY KEY (...)." if not table.keys else "Write ON CONFLICT (columns)."
        raise BindError(f"{table.name} {what}", context.text, name.start, name.end, hint=f"{hint} Keys: {listing}.")
    return table.keys


def _lenient(table: Table) -> Table:
    """Return a table whose columns may be NULL: what a conflict keeps out is not checked, as in DuckDB."""
    if all(f.nullable or any(f.name in key.columns for key in table.keys) for f in table.fields):
        return table
    return replace(table, fields=tuple(replace(f, nullable=True) for f in table.fields))


def _first_ones(rows: pl.DataFrame, keys: Sequence[Constraint]) -> pl.DataFrame:
    """Return the rows without those that have a key of one before them."""
    if len(keys) == 1:
        columns = keys[0].columns
        whole = pl.all_horizontal(pl.col(*columns).is_not_null())
        return rows.filter(~whole | pl.struct(columns).is_first_distinct())
    seen: list[set[tuple[object, ...]]] = [set() for _ in keys]
    kept = []
    columns_of = [rows.select(key.columns).rows() for key in keys]
    for place, values in enumerate(zip(*columns_of, strict=True)):
        if not any(v in s for v, s in zip(values, seen, strict=True)):
            kept.append(place)
            for value, known in zip(values, seen, strict=True):
                known.update([value] if None not in value else [])
    return rows[kept]


def _replacing(table: Table, given: Sequence[str], key: Constraint) -> Assignments:
    """Return what OR REPLACE sets: the columns that the statement fills, but the key."""
    filled = [f.name for f in table.given if f.name in given and f.name not in key.columns]
    return tuple((Name(c), excluded(c)) for c in filled or key.columns)


def _changed(
    context: Context, tv: TableVersion, given: pl.DataFrame, alias: str, assignments: Assignments, conflict: Conflict
) -> pl.DataFrame:
    """Return the rows that DO UPDATE SET makes of existing rows and those given, with their rowids."""
    table = tv.table
    snapshot = context.snapshot(frames={**context.frames, _EXISTING: _existing(tv, given[_HELD]), EXCLUDED: given})
    target = Target(table, alias, _EXISTING, _HELD, defaults_of(table))
    query = WriteBinder(context.text, snapshot, context.dtypes, target, context.evaluate(snapshot)).upsert(
        assignments, conflict.where, [_HELD]
    )
    return fitting(context, query, snapshot, table, [None, *table.fields])


def _existing(tv: TableVersion, rowids: pl.Series) -> pl.DataFrame:
    """Return live rows with their rowids."""
    offsets, frames = tv.places(rowids.to_list()), []
    for view in tv.parts:
        places = offsets.get(view.part.number)
        if places:
            frame = view.part.frame(tv.table.fields, view.length)[places]
            frames.append(frame.with_columns(pl.Series(_HELD, view.part.rowid_array(view.length)[places])))
    return pl.concat(frames)

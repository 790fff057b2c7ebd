"""The table of a model that has changed beyond what a registration takes: columns under other names, dropped ones, and
types that do not widen. What changes is listed, with the rows that do not fit, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from pydantic import BaseModel

from rem_arrow.base.datatypes import sql_name, widens
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.schema import Field, Table
from rem_arrow.model import registry
from rem_arrow.model.fields import parsed_json
from rem_arrow.model.records import Records
from rem_arrow.storage import values
from rem_arrow.storage.version import TableVersion

_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Reshaped:
    """A table in another shape.

    Attributes:
        table: its description, without what embeddings add.
        renames: the new names of columns by their old ones.
        changes: what becomes of which column.
        converts: whether the rows are written anew.
    """

    table: Table
    renames: Mapping[str, str]
    changes: list[tuple[str, str, str]]
    converts: bool


def reshaped(old: Table, model: type[BaseModel], renames: Mapping[str, str], drops: Sequence[str]) -> Reshaped:
    """Return the shape that a model gives a table. Raises InputError where columns are missing, or would be lost."""
    changes = []
    table = old
    for before, after in renames.items():
        _check_own(table, before)
        if any(f.name.casefold() == after.casefold() for f in table.fields if f.name != before):
            raise InputError(f'{old.name} has a column "{after}" already')
        table = table.renamed(before, after)
        changes.append(("rename", before, f"to {after}"))
    for name in drops:
        _check_own(table, name)
    declared = registry.describe(model, old.name, old.number)
    known = {f.name: f for f in table.fields}
    fields: list[Field] = []
    number, converts = old.next_column, False
    for field in declared.fields:
        before_field = known.pop(field.name, None)
        if before_field is None:
            fields.append(replace(field, number=number, default=registry.default_of(model, field)))
            changes.append(("add", field.name, sql_name(field.dtype)))
            number += 1
        elif before_field.encoding == field.encoding and widens(before_field.dtype, field.dtype):
            shared = {"dtype": field.dtype, "nullable": field.nullable, "description": field.description}
            fields.append(replace(before_field, **shared))  # type: ignore[arg-type]
            if before_field.dtype != field.dtype:
                changes.append(("widen", field.name, f"{sql_name(before_field.dtype)} to {sql_name(field.dtype)}"))
        else:
            fields.append(replace(field, number=number))
            changes.append(("convert", field.name, f"{sql_name(before_field.dtype)} to {sql_name(field.dtype)}"))
            number, converts = number + 1, True
    for name, field in known.items():
        if name not in drops:
            raise InputError(
                f'{old.name} has a column "{name}" that the model lacks; name it in renames={{"{name}": ...}} or in '
                f'drops=["{name}"]'
            )
        changes.append(("drop", name, sql_name(field.dtype)))
    gone = {*known, *(c for what, c, _ in changes if what == "convert")}
    indexes = tuple((i, c) for i, c in table.indexes if c not in gone)
    described = replace(
        table.with_fields(tuple(fields)),
        name_fields=declared.name_fields,
        indexed=tuple(dict.fromkeys((*declared.indexed, *(c for _, c in indexes)))),
        indexes=indexes,
        vector_indexes=tuple(i for i in table.vector_indexes if i.column not in gone),
        text_indexes=tuple(i for i in table.text_indexes if i.column not in gone),
        category=declared.category,
        description=declared.description,
        model=declared.model,
        json_schema=declared.json_schema,
    )
    if registry.is_narrower(table, described):
        changes.append(("check", "", "the rows that exist against the model"))
    return Reshaped(described, renames, changes, converts)


def misfits(tv: TableVersion, shape: Reshaped, model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield the ids of the rows that the model refuses, and why; deleted ones only where rows are written anew."""
    records = Records(shape.table, model)
    for rows in _row_dicts(tv, shape, deleted=shape.converts):
        try:
            records.new_rows(rows)
            continue
        except InputError:
            pass
        for row in rows:
            try:
                records.new_row(row)
            except InputError as error:
                yield str(row["id"]), str(error)


def converted(rows: pl.DataFrame, old: Table, shape: Reshaped, model: type[BaseModel]) -> pl.DataFrame:
    """Return rows of a table as its new shape stores them. Raises InputError for one that does not fit."""
    records = Records(shape.table, model)
    declared = records.new_rows(_dicts(rows, old, shape)).declared
    columns = dict(zip((f.name for f in records.declared), zip(*declared, strict=True), strict=True))
    return pl.DataFrame(
        [
            values.column(f.name, list(columns[f.name]), f.dtype) if f.name in columns else rows[f.name]
            for f in shape.table.fields
        ]
    )


def _row_dicts(tv: TableVersion, shape: Reshaped, *, deleted: bool) -> Iterator[list[dict[str, Any]]]:
    for view in tv.parts:
        mask = view.live_mask()
        for start in range(0, view.length, _ROWS_AT_ONCE):
            frame = view.part.frame(tv.table.fields, view.length).slice(start, _ROWS_AT_ONCE)
            if mask is not None:
                frame = frame.filter(pl.Series(mask[start : start + _ROWS_AT_ONCE]))
            if not deleted:
                frame = frame.filter(pl.col(tv.table.soft_delete).is_null())
            if frame.height:
                yield _dicts(frame, tv.table, shape)


def _dicts(frame: pl.DataFrame, old: Table, shape: Reshaped) -> list[dict[str, Any]]:
    """Return rows as the new model takes them: under its names, without what it has no more."""
    kept = {f.name for f in shape.table.fields} - set(registry.SYSTEM_FIELDS)
    fields = [f for f in old.fields if shape.renames.get(f.name, f.name) in kept]
    rows = frame.select(pl.col(f.name).alias(shape.renames.get(f.name, f.name)) for f in fields).to_dicts()
    brought = {shape.renames.get(f.name, f.name) for f in fields}
    # A field that must be given and may be NULL is NULL in rows of before it existed.
    without = {
        f.name: None for f in shape.table.fields if f.name in kept - brought and f.nullable and f.default is None
    }
    for row in rows if without else ():
        row.update(without)
    for field in fields:
        name = shape.renames.get(field.name, field.name)
        for row in rows if field.encoding == "json" else ():
            row[name] = parsed_json(row[name])
    return rows


def _check_own(table: Table, name: str) -> None:
    own = [n for n in table.names if n not in (*table.key, *registry.SYSTEM_FIELDS)]
    if name not in own:
        raise InputError(f'no field "{name}" of {table.name} to rename or drop. {suggest(name, own, "Fields")}')

"""The conditions of a record in SQL; rows of related tables that they single out are stages."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from rem_arrow.ask.column_words import Column
from rem_arrow.ask.edge_words import ENDS
from rem_arrow.ask.query_joins import _key_columns, _number, _types, named
from rem_arrow.ask.query_writer import Writer
from rem_arrow.ask.record import (
    Among,
    Compared,
    Condition,
    Containing,
    Either,
    Flag,
    Missing,
    Reaching,
    Selection,
    Within,
)
from rem_arrow.ask.staged_plan import Stage
from rem_arrow.ask.table_relations import ANYTHING, Relation
from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.quoting import literal, readable

NEAREST, _TOP = 10, 1


def _from(selection: Selection, alias: str) -> str:
    name, after = readable(selection.table.name), f" AS {alias}" if alias else ""
    if not selection.topic:
        return name + after
    if not selection.conditions:
        return f"SEARCH({name}, {literal(selection.topic)}, k => {NEAREST}){after}"
    return name + after


def _where(conditions: list[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _conditions(writer: Writer, selection: Selection, alias: str, *, is_joined: bool = False) -> list[str]:
    conditions = [_condition(writer, c, alias) for c in selection.conditions]
    if selection.topic and (conditions or is_joined):
        column = selection.table.embedded[0]
        conditions.insert(0, f"{named(alias, column)}.cosine({literal(selection.topic)}, k => {NEAREST})")
    return conditions


def _condition(writer: Writer, condition: Condition, alias: str) -> str:
    match condition:
        case Among():
            return _among(condition, alias)
        case Compared():
            return _compared(condition, alias)
        case Within():
            return _within(condition, alias)
        case Containing():
            return _containing(condition, alias)
        case Missing():
            name = named(alias, condition.column.name)
            return f"{name} IS {'NOT ' if condition.negated else ''}NULL"
        case Flag():
            name = named(alias, condition.column.name)
            return name if condition.value else f"NOT {name}"
        case Either():
            return "(" + " OR ".join(_condition(writer, c, alias) for c in condition.conditions) + ")"
        case Reaching():
            return _reaching(writer, condition, alias)


def _among(condition: Among, alias: str) -> str:
    name = named(alias, condition.column.name)
    values = [literal(str(v)) for v in dict.fromkeys(condition.values)]
    if condition.column.is_list:
        call = (
            f"list_contains({name}, {values[0]})"
            if len(values) == 1
            else f"list_has_any({name}, [{', '.join(values)}])"
        )
        return f"NOT {call}" if condition.negated else call
    if len(values) == 1:
        return f"{name} {'<>' if condition.negated else '='} {values[0]}"
    return f"{name} {'NOT IN' if condition.negated else 'IN'} ({', '.join(values)})"


def _compared(condition: Compared, alias: str) -> str:
    name = named(alias, condition.column.name)
    if condition.beside is not None:
        return f"{name} {condition.comparator} {named(alias, condition.beside.name)}"
    if condition.average_of is not None:
        table = readable(condition.average_of.table.name)
        return f"{name} {condition.comparator} (SELECT avg({readable(condition.column.name)}) FROM {table})"
    assert condition.value is not None, "it is compared with something"
    return f"{name} {condition.comparator} {_number(condition.value)}"


def _within(condition: Within, alias: str) -> str:
    name = named(alias, condition.column.name)
    parts = []
    if condition.low is not None:
        parts.append(f"{name} >= {_time(condition.column, condition.low)}")
    if condition.high is not None:
        parts.append(f"{name} < {_time(condition.column, condition.high)}")
    text = " AND ".join(parts) or "TRUE"
    return f"NOT ({text})" if condition.negated else text


def _time(column: Column, at: datetime) -> str:
    if column.is_year:
        return str(at.year)
    if isinstance(column.dtype, pl.Date):
        return f"DATE '{at:%Y-%m-%d}'"
    kind = "TIMESTAMPTZ" if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone else "TIMESTAMP"
    zone = "+00" if kind == "TIMESTAMPTZ" else ""
    return f"{kind} '{at:%Y-%m-%d %H:%M:%S}{zone}'"


def _containing(condition: Containing, alias: str) -> str:
    pattern = literal("%" + condition.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%")
    escape = " ESCAPE '\\'" if "\\" in pattern else ""
    options = [f"{named(alias, c.name)} ILIKE {pattern}{escape}" for c in condition.columns]
    text = options[0] if len(options) == 1 else "(" + " OR ".join(options) + ")"
    return f"NOT {text}" if condition.negated else text


def _reaching(writer: Writer, condition: Reaching, alias: str) -> str:
    """Return the condition that a path leads to rows of a selection."""
    query, key = _sources(writer, condition)
    return f"{alias + '.' if alias else ''}{key} {'NOT IN' if condition.negated else 'IN'} {query}"


def _sources(writer: Writer, condition: Reaching) -> tuple[str, str]:
    """Return a query in parentheses, for the keys of rows from which a path leads to a selection, and the key."""
    *before, last = condition.path
    query, key = _step(writer, last, condition)
    for relation in reversed(before):
        through = writer.vocabulary.tables[relation.target]
        name = writer.free("via")
        sql = f"SELECT * FROM {readable(through.name)} WHERE {key} IN {query}"
        writer.stages.append(Stage(name=name, sql=sql, purpose=f"rows of {through.name} on the way"))
        query, key = _from_stage(relation, name)
    return query, key


def _step(writer: Writer, relation: Relation, condition: Reaching) -> tuple[str, str]:
    """Return a query for the keys of rows that the last relation of a path joins to its selection, and the key."""
    selection, count = condition.selection, condition.count
    if relation.kind == "key" and count is None and relation.from_holder and not relation.is_list:
        values = _only_values(selection, relation.key)
        if values is not None:
            return f"({', '.join(values)})", readable(relation.column)
    ids = _only_values(selection, "id")
    has_conditions = bool(selection.conditions or selection.topic)
    if relation.kind == "edge" and count is None and has_conditions and not condition.along:
        seeds = _seeds(relation.target, ids) if ids is not None else _stage_of(writer, selection)
        return _neighbors(relation, seeds), "id"
    rows = readable(selection.table.name) if not has_conditions else _stage_name(writer, selection)
    if relation.kind == "edge":
        here, there = ("src", "dst") if relation.direction == "out" else ("dst", "src")
        inside = f" AND {there} IN (SELECT id FROM {rows})" if has_conditions else ""
        having = f" GROUP BY {here} HAVING count(*) {count[0]} {_number(count[1])}" if count is not None else ""
        along = "".join(f" AND {_condition(writer, c, '')}" for c in condition.along)
        return (
            f"(SELECT {here} FROM {_edges(condition)} WHERE edge_type {_types(relation)} AND {here}_table = "
            f"{literal(relation.source)} AND {there}_table = {literal(relation.target)}{along}{inside}{having})"
        ), "id"
    if relation.is_list and relation.from_holder:
        holder = writer.vocabulary.tables[relation.source]
        key, column = readable(holder.key or "id"), readable(relation.column)
        items = f"SELECT {key} AS holder, unnest({column}) AS item FROM {readable(holder.name)}"
        return (
            f"(SELECT holder FROM ({items}) AS items WHERE item IN (SELECT {readable(relation.key)} FROM {rows}))",
            key,
        )
    return _from_rows(relation, rows, count, negated=condition.negated)


def _edges(condition: Reaching) -> str:
    """Return the edges, with the properties that conditions name as columns."""
    columns = {c.column.name: c.column for c in condition.along}
    if not columns:
        return "edges"
    read = [
        f"TRY_CAST(properties ->> {literal(c.name)} AS {sql_name(c.dtype)}) AS {readable(c.name)}"
        for c in columns.values()
    ]
    return f"(SELECT {', '.join([*ENDS, *read])} FROM edges)"


def _from_rows(relation: Relation, rows: str, count: tuple[str, float] | None, *, negated: bool) -> tuple[str, str]:
    mine, theirs = _key_columns(relation)
    having = f" GROUP BY 1 HAVING count(*) {count[0]} {_number(count[1])}" if count is not None else ""
    value = f"unnest({theirs})" if relation.is_list and not relation.from_holder else theirs
    known = f" WHERE {theirs} IS NOT NULL" if negated else ""
    return f"(SELECT {value} FROM {rows}{known}{having})", mine


def _from_stage(relation: Relation, name: str) -> tuple[str, str]:
    if relation.kind == "edge":
        return _neighbors(relation, f"(SELECT {literal(relation.target + ':')} || id FROM {name})"), "id"
    return _from_rows(relation, name, None, negated=False)


def _only_values(selection: Selection, key: str) -> list[str] | None:
    """Return the values of a key by which alone rows are selected, as literals."""
    if len(selection.conditions) == 1 and not selection.topic:
        only = selection.conditions[0]
        if isinstance(only, Among) and only.column.name == key and not only.negated and not only.column.is_list:
            return [literal(str(v)) for v in only.values]
    return None


def _seeds(table: str, ids: list[str]) -> str:
    named = [literal(table + ":") + " || " + i for i in ids]
    return f"(SELECT {named[0]})" if len(named) == 1 else "(" + " UNION ALL ".join(f"SELECT {n}" for n in named) + ")"


def _stage_of(writer: Writer, selection: Selection) -> str:
    name = _stage_name(writer, selection)
    return f"(SELECT {literal(selection.table.name + ':')} || id FROM {name})"


def _stage_name(writer: Writer, selection: Selection) -> str:
    """Write the rows of a selection as a stage; return its name."""
    where = _conditions(writer, selection, "")
    base = (
        "".join(c for c in selection.table.name.casefold() if c.isascii() and (c.isalnum() or c == "_")).strip(
            "_0123456789"
        )
        or "found"
    )
    name = writer.free(f"{base}_found")
    sql = f"SELECT * FROM {_from(selection, '')}{_where(where)}"
    writer.stages.append(Stage(name=name, sql=sql, purpose=f"rows of {selection.table.name}"))
    return name


def _neighbors(relation: Relation, seeds: str) -> str:
    types = [literal(t) for t in relation.edge_types]
    kind = "" if not types else f", type => {types[0]}" if len(types) == 1 else f", type => [{', '.join(types)}]"
    back = {"out": "in", "in": "out", "both": "both"}[relation.direction]
    depth = f", depth => {relation.depth}" if relation.depth > 1 else ""
    where = "" if relation.source == ANYTHING.name else f' WHERE "table" = {literal(relation.source)}'
    return f"(SELECT id FROM NEIGHBORS({seeds}{kind}, direction => '{back}'{depth}){where})"

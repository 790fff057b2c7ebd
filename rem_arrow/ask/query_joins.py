"""The columns of a record in SQL, and the joins that lead to them."""

from __future__ import annotations

from rem_arrow.ask.query_writer import Writer
from rem_arrow.ask.record import (
    Attribute,
    Path,
)
from rem_arrow.ask.table_relations import Relation
from rem_arrow.base.quoting import literal, readable


def named(alias: str, column: str) -> str:
    """Return a column of the rows of an alias; without one, of the only rows there are."""
    return f"{alias}.{readable(column)}" if alias else readable(column)


def _attribute(writer: Writer, attribute: Attribute) -> str:
    alias = writer.base
    if attribute.path:
        alias = writer.joins.get(attribute.path) or _join(writer, attribute.path)
    column = named(alias, attribute.column.name)
    return column if attribute.unit is None else _in_units(column, attribute)


def _in_units(column: str, attribute: Attribute) -> str:
    """Return a time as text of a whole unit: 2026-06, 2026-Q2, 2026-06-15; a year as a number."""
    if attribute.column.is_year:
        return column
    match attribute.unit:
        case "year":
            return f"year({column})"
        case "month":
            return f"strftime({column}, '%Y-%m')"
        case "quarter":
            return f"year({column}) || '-Q' || quarter({column})"
        case "week":
            return f"strftime(date_trunc('week', {column}), '%Y-%m-%d')"
        case "weekday":
            return f"dayname({column})"
        case "hour":
            return f"strftime({column}, '%Y-%m-%d %H:00')"
        case _:
            return f"strftime({column}, '%Y-%m-%d')"


def _join(writer: Writer, path: Path) -> str:
    """Join the rows that a path leads to; return their alias."""
    alias = writer.base
    for length, relation in enumerate(path, 1):
        known = writer.joins.get(path[:length])
        if known is None:
            known = writer.free(relation.target[:1].lower() if relation.target[:1].isalpha() else "j")
            writer.lines.append(_join_line(writer, relation, alias, known))
            writer.joins[path[:length]] = known
        alias = known
    return alias


def _join_line(writer: Writer, relation: Relation, source: str, alias: str) -> str:
    target = readable(relation.target)
    if relation.kind == "key":
        mine, theirs = _key_columns(relation)
        if relation.is_list:
            on = (
                f"list_contains({source}.{mine}, {alias}.{theirs})"
                if relation.from_holder
                else f"list_contains({alias}.{theirs}, {source}.{mine})"
            )
        else:
            on = f"{alias}.{theirs} = {source}.{mine}"
        return f" LEFT JOIN {target} AS {alias} ON {on}"
    edge = writer.free("e")
    here, there = ("src", "dst") if relation.direction == "out" else ("dst", "src")
    return (
        f" JOIN edges AS {edge} ON {edge}.{here} = {source}.id AND {edge}.edge_type {_types(relation)} "
        f"AND {edge}.{here}_table = {literal(relation.source)} JOIN {target} AS {alias} "
        f"ON {alias}.id = {edge}.{there} AND {edge}.{there}_table = {literal(relation.target)}"
    )


def _key_columns(relation: Relation) -> tuple[str, str]:
    """Return the columns of the source and of the target that are equal."""
    column, key = readable(relation.column), readable(relation.key)
    return (column, key) if relation.from_holder else (key, column)


def _types(relation: Relation) -> str:
    names = [literal(t) for t in relation.edge_types]
    return f"= {names[0]}" if len(names) == 1 else f"IN ({', '.join(names)})"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)

"""The SQL of a record: the one place where a question becomes text. Nothing changes it afterwards.

The rows of a related table that conditions single out are a stage of their own, which the next one reads by its name;
a record without relations is one statement.
"""

from __future__ import annotations

from rem_arrow.ask.query_conditions import _conditions, _from, _where
from rem_arrow.ask.query_joins import _attribute, _join, _number, named
from rem_arrow.ask.query_writer import Writer
from rem_arrow.ask.record import (
    Attribute,
    Measure,
    Record,
)
from rem_arrow.ask.staged_plan import Stage
from rem_arrow.ask.vocabulary import TableWords, Vocabulary
from rem_arrow.base.quoting import identifier, literal, readable


def write(record: Record, vocabulary: Vocabulary) -> list[Stage]:
    """Return the stages of a record; the last gives the rows of the answer."""
    writer = Writer(
        vocabulary, taken={t.casefold() for t in vocabulary.tables} | {"edges", "all_entities", "rows", "t", "m"}
    )
    writer.base = "t" if _has_joins(record) else ""
    sql = _statement(writer, record)
    return [*writer.stages, Stage(name="rows", sql=sql, purpose=purpose_of(record))]


def _has_joins(record: Record) -> bool:
    """Return whether the statement reads other tables beside that of the rows."""
    by = record.order.by if record.order is not None else None
    attributes = [*record.columns, *record.groups]
    attributes += [m.of for m in (record.measure, by) if isinstance(m, Measure) and m.of is not None]
    attributes += [by] if isinstance(by, Attribute) else []
    return any(a.path for a in attributes) or (isinstance(by, Measure) and bool(by.path))


def purpose_of(record: Record) -> str:
    """Return what the last stage is for."""
    table = record.selection.table.name
    match record.shape:
        case "measure":
            return f"what is asked of the rows of {table}"
        case "truth":
            return f"whether there are such rows of {table}"
        case _:
            return f"the rows of {table} that are asked for"


def _statement(writer: Writer, record: Record) -> str:
    if record.shape == "lookup":
        return f"SELECT * FROM LOOKUP({', '.join(literal(n) for n in record.names)})"
    where = _conditions(writer, record.selection, writer.base)
    if record.shape == "truth":
        inner = f"SELECT 1 FROM {_from(record.selection, writer.base)}{_where(where)}"
        return f"SELECT EXISTS ({inner}) AS answer"
    if record.shape == "measure":
        return _measured(writer, record, where)
    if record.groups and record.order is not None:
        return _ranked_groups(writer, record, where)
    head = _head(writer, record)
    order, limit = _order(writer, record)
    joins = "".join(writer.lines)
    if record.selection.topic and not order and record.shape == "rows":
        order = " ORDER BY _score DESC"
    return f"SELECT {head} FROM {_from(record.selection, writer.base)}{joins}{_where(where)}{order}{limit}"


def _head(writer: Writer, record: Record) -> str:
    parts = [f"{writer.base}.*" if writer.base else "*"] if record.shape == "rows" else []
    if record.shape == "values":
        label = record.selection.table.label
        if (
            not record.distinct
            and label is not None
            and not any(c.column == label and not c.path for c in record.columns)
        ):
            parts = []
        parts += [_named(writer, a) for a in record.columns]
        return ("DISTINCT " if record.distinct and record.order is None else "") + ", ".join(parts)
    if record.selection.topic and record.selection.conditions:
        parts.append("_score")
    if record.order is not None and isinstance(record.order.by, Measure):
        parts.append("m.n AS " + _count_name(record.order.by))
    return ", ".join(parts)


def _count_name(measure: Measure) -> str:
    name = measure.selection.table.name if measure.selection is not None else "n"
    return readable(f"{measure.function}_{name}")


def _named(writer: Writer, attribute: Attribute) -> str:
    sql = _attribute(writer, attribute)
    if attribute.path and attribute.column.name in ("name", "title", "id"):
        return f"{sql} AS {readable(attribute.path[-1].target + '_' + attribute.column.name)}"
    return sql


def _order(writer: Writer, record: Record) -> tuple[str, str]:
    """Return the clauses of the order and of the limit. Without a number, all rows that share the first place."""
    if record.order is None:
        return "", f" LIMIT {record.limit}" if record.limit else ""
    by = record.order.by
    down = " DESC" if record.order.descending else ""
    tie = "".join(f", {named(writer.base, c)}" for c in _tie(record.selection.table))
    if isinstance(by, Measure):
        _join_measure(writer, record.selection.table, by, inner=record.order.descending)
        value = "m.n"
    else:
        assert by is not None, "rows are ordered by something"
        value = _attribute(writer, by)
    if record.limit is not None:
        return f" ORDER BY {value}{down} NULLS LAST{tie}", f" LIMIT {record.limit}"
    if record.limit is None and record.shape in ("rows", "values") and _is_top(record):
        return f" QUALIFY rank() OVER (ORDER BY {value}{down} NULLS LAST) = 1", ""
    return f" ORDER BY {value}{down} NULLS LAST{tie}", ""


def _tie(table: TableWords) -> list[str]:
    """Return the columns that order rows which are equal otherwise."""
    label = table.label.name if table.label is not None else None
    return list(dict.fromkeys(c for c in (label, table.key) if c is not None))


def _is_top(record: Record) -> bool:
    return not record.all_ordered


def _ranked_groups(writer: Writer, record: Record, where: list[str]) -> str:
    keys = [_attribute(writer, g) for g in record.groups]
    names = [_key_name(g) for g in record.groups]
    measure = record.measure or Measure("count")
    value = _aggregate(writer, measure, record)
    assert record.order is not None, "groups are ranked"
    down = " DESC" if record.order.descending else ""
    head = ", ".join(f"{k} AS {n}" for k, n in zip(keys, names, strict=True))
    known = [f"{k} IS NOT NULL" for k in keys]
    return (
        f"SELECT {head}, {value} AS n FROM {_from(record.selection, writer.base)}{''.join(writer.lines)}"
        f"{_where([*where, *known])} "
        f"GROUP BY {', '.join(keys)} ORDER BY n{down}, {names[0]} LIMIT {record.limit or 1}"
    )


def _measured(writer: Writer, record: Record, where: list[str]) -> str:
    measure = record.measure
    assert measure is not None, "something is measured"
    keys = [_attribute(writer, g) for g in record.groups]
    names = [_key_name(g) for g in record.groups]
    value = _aggregate(writer, measure, record)
    joins = "".join(writer.lines)
    if not keys:
        source = f"{_from(record.selection, writer.base)}{joins}{_where(where)}"
        return f"SELECT {value} AS {_measure_name(measure)} FROM {source}"
    head = ", ".join(k if k == n else f"{k} AS {n}" for k, n in zip(keys, names, strict=True))
    having = f" HAVING {value} {record.having[0]} {_number(record.having[1])}" if record.having is not None else ""
    known = [
        f"{k} IS NOT NULL"
        for k, g in zip(keys, record.groups, strict=True)
        if g.unit is not None or (g.path and not _is_label(g, record)) or record.order is not None
    ]
    by_time = any(g.unit is not None for g in record.groups)
    down = " DESC" if record.order is None or record.order.descending else ""
    order = (
        f" ORDER BY {', '.join(names)}"
        if by_time and record.order is None
        else f" ORDER BY {_measure_name(measure)}{down}, {names[0]}"
    )
    limit = f" LIMIT {record.limit or 1}" if record.order is not None else ""
    return (
        f"SELECT {head}, {value} AS {_measure_name(measure)} "
        f"FROM {_from(record.selection, writer.base)}{joins}{_where([*where, *known])} "
        f"GROUP BY {', '.join(keys)}{having}{order}{limit}"
    )


def _is_label(attribute: Attribute, record: Record) -> bool:
    """Return whether a group names another group: the row that a key refers to."""
    return any(not g.path and g.column.name == attribute.path[0].column for g in record.groups)


def _key_name(attribute: Attribute) -> str:
    if attribute.unit is not None:
        return identifier(attribute.unit)
    if attribute.path and attribute.column.name in ("name", "title", "id", "label"):
        return readable(attribute.path[-1].target)
    return readable(attribute.column.name)


def _measure_name(measure: Measure) -> str:
    if measure.of is None:
        return "n"
    prefix = "count" if measure.function == "count" else measure.function
    return readable(f"{prefix}_{measure.of.column.name}")


def _aggregate(writer: Writer, measure: Measure, record: Record) -> str:
    if measure.of is None:
        key = record.selection.table.key
        if key is not None and any(r.kind == "key" and not r.from_holder for g in record.groups for r in g.path):
            # A row belongs to a group once, by however many rows between.
            return f"count(DISTINCT {named(writer.base, key)})"
        return "count(*)"
    column = _attribute(writer, measure.of)
    return f"{measure.function}({'DISTINCT ' if measure.distinct else ''}{column})"


def _join_measure(writer: Writer, base: TableWords, measure: Measure, *, inner: bool) -> None:
    """Join the measure of the rows that a path leads to from each row, as m.n."""
    key = readable(base.key or "id")
    counts = Writer(writer.vocabulary, writer.stages, writer.taken, base="t")
    alias = _join(counts, measure.path)
    where = _conditions(counts, measure.selection, alias, is_joined=True) if measure.selection is not None else []
    target_key = measure.selection.table.key if measure.selection is not None else None
    counted = f"count(DISTINCT {alias}.{readable(target_key)})" if target_key else "count(*)"
    if measure.of is not None:
        counted = f"{measure.function}({alias}.{readable(measure.of.column.name)})"
    source = f"{readable(base.name)} AS t{''.join(counts.lines)}{_where(where)}"
    query = f"SELECT t.{key} AS k, {counted} AS n FROM {source} GROUP BY t.{key}"
    if inner:
        writer.lines.append(f" JOIN ({query}) AS m ON m.k = t.{key}")
    else:
        writer.lines.append(f" LEFT JOIN ({query}) AS m ON m.k = t.{key}")

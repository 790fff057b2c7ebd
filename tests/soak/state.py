"""The simple model: what a database must hold after a sequence of steps, as dicts of rows.

A step is a list that JSON can hold: its name, then its arguments. `after` gives the state behind a step and changes
nothing in the one before. A step that names what is not there is refused by the database, and changes nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from tests.fuzz.kinds import KINDS

Step: TypeAlias = "list[Any]"
Values: TypeAlias = "Mapping[tuple[str, str], object]"
# The fields that a model may have beside its name: type, and default.
FIELDS: dict[str, tuple[Any, Any]] = {
    "n": (int, 0),
    "x": (float | None, None),
    "flag": (bool, False),
    "note": (str | None, None),
    "tags": (list[str], []),
    "m": (int | None, 7),
}


@dataclass(frozen=True)
class Entities:
    """An entity table: the names of its fields, its rows by id, which of them are softly deleted, and how its model is
    made: "indexed" and "embedded"."""

    fields: tuple[str, ...]
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    options: dict[str, bool] = field(default_factory=dict)

    def live(self) -> dict[str, dict[str, Any]]:
        return {i: self.whole(row) for i, row in self.rows.items() if i not in self.hidden}

    def whole(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row with the defaults of the fields that it was not given."""
        return {name: row.get(name, None if name == "name" else FIELDS[name][1]) for name in self.fields}


@dataclass(frozen=True)
class Plain:
    """A plain table: its columns by kind, the key `id` first, and its rows as SQL literals."""

    columns: tuple[tuple[str, str], ...]
    rows: dict[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class State:
    """A database: entity tables, plain tables, and the weights of edges by source, target and type."""

    entities: dict[str, Entities] = field(default_factory=dict)
    plain: dict[str, Plain] = field(default_factory=dict)
    edges: dict[tuple[str, str, str], float | None] = field(default_factory=dict)

    def rows(self) -> int:
        return sum(len(t.rows) for t in (*self.entities.values(), *self.plain.values())) + len(self.edges)

    def hidden(self) -> set[str]:
        return {i for t in self.entities.values() for i in t.hidden}


def after(state: State, step: Step) -> State:
    """Return the state behind a step."""
    name, *arguments = step
    match name:
        case "transaction":
            for inner in arguments[0]:
                state = after(state, inner)
            return state
        case "rollback" | "compact" | "index" | "words" | "backup" | "reopen":
            return state
        case "edge" | "edges":
            added = {(s, d, kind): weight for s, d, kind, weight in arguments[0]}
            return replace(state, edges={**state.edges, **added})
        case "unedge":
            return replace(state, edges={e: w for e, w in state.edges.items() if e[0] != arguments[0]})
        case "register" | "insert" | "load" | "update" | "delete" | "purge" | "upsert" | "set" | "cut":
            return _entities(state, name, *arguments)
        case _:
            return _plain(state, name, *arguments)


def _entities(state: State, name: str, table: str, *arguments: Any) -> State:
    if name == "register":
        before = state.entities.get(table, Entities(()))
        return _with_entities(state, table, replace(before, fields=tuple(arguments[0]), options=arguments[1]))
    here = state.entities.get(table)
    if here is None:
        return state
    rows, hidden = dict(here.rows), set(here.hidden)
    given = [arguments[0]] if name == "set" else arguments[-1] if name in ("insert", "load", "upsert") else []
    given = [arguments[1]] if name == "update" else given
    if any(set(row) - {"id", *here.fields} for row in given if isinstance(row, dict)):
        return state
    match name:
        case "insert" | "load":
            for row in arguments[0]:
                # A NULL in loaded data says that there is no value, so that the model's default holds.
                rows[row["id"]] = _given({k: v for k, v in row.items() if name == "insert" or v is not None})
                hidden.discard(row["id"])
        case "update":
            id_, values = arguments
            if id_ in rows and id_ not in hidden:
                rows[id_] = {**rows[id_], **values}
        case "delete":
            hidden |= {i for i in arguments[0] if i in rows}
        case "purge":
            gone = {i for i in arguments[0] if i in rows}
            kept = {e: w for e, w in state.edges.items() if not gone & {e[0], e[1]}}
            left = replace(here, rows={i: r for i, r in rows.items() if i not in gone}, hidden=here.hidden - gone)
            return _with_entities(replace(state, edges=kept), table, left)
        case "upsert":
            for row in arguments[0]:
                if row["id"] in rows and row["id"] not in hidden:
                    rows[row["id"]] = {**rows[row["id"]], "n": row["n"]}
                else:
                    rows[row["id"]] = {"name": row["name"], "n": row["n"]}
                    hidden.discard(row["id"])
        case "set" | "cut":
            divisor, rest, *value = arguments
            chosen = [i for i in rows if i not in hidden and here.whole(rows[i])["n"] % divisor == rest]
            if name == "set":
                rows |= {i: {**rows[i], **value[0]} for i in chosen}
            else:
                hidden |= set(chosen)
    return _with_entities(state, table, replace(here, rows=rows, hidden=frozenset(hidden)))


def _given(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}


def _with_entities(state: State, table: str, made: Entities) -> State:
    return replace(state, entities={**state.entities, table: made})


def _plain(state: State, name: str, table: str, *arguments: Any) -> State:
    if name == "create":
        columns, rows = arguments
        made = Plain(tuple((c, k) for c, k in columns), {int(r[0]): tuple(r) for r in rows})
        return replace(state, plain={**state.plain, table: made})
    here = state.plain.get(table)
    if here is None:
        return state
    if name == "drop":
        return replace(state, plain={t: p for t, p in state.plain.items() if t != table})
    names, rows, columns = [c for c, _ in here.columns], dict(here.rows), here.columns
    match name:
        case "put":
            given, added = arguments
            # A column that is not named is NULL.
            if {c for c, _ in given} <= set(names):
                places = [next((i for i, (c, _) in enumerate(given) if c == n), None) for n in names]
                rows |= {int(r[0]): tuple("NULL" if p is None else r[p] for p in places) for r in added}
        case "merge":
            if [tuple(c) for c in arguments[0]] == list(columns):
                rows |= {int(r[0]): tuple(r) for r in arguments[1]}
        case "assign":
            column, literal, divisor, rest = arguments
            if column in names:
                place = names.index(column)
                chosen = [i for i in rows if i % divisor == rest]
                rows |= {i: (*rows[i][:place], literal, *rows[i][place + 1 :]) for i in chosen}
        case "remove":
            divisor, rest = arguments
            rows = {i: r for i, r in rows.items() if i % divisor != rest}
        case "copy":
            offset, divisor, rest = arguments
            rows |= {i + offset: (str(i + offset), *r[1:]) for i, r in rows.items() if i % divisor == rest}
        case "widen":
            column, kind, literal = arguments
            if column not in names:
                columns = (*columns, (column, kind))
                rows = {i: (*r, literal) for i, r in rows.items()}
        case "narrow":
            if arguments[0] in names:
                place = names.index(arguments[0])
                columns = tuple(c for c in columns if c[0] != arguments[0])
                rows = {i: (*r[:place], *r[place + 1 :]) for i, r in rows.items()}
        case _:
            raise AssertionError(f"no step {name}")
    return replace(state, plain={**state.plain, table: Plain(columns, rows)})


def sql_type(kind: str) -> str:
    return KINDS[kind].type

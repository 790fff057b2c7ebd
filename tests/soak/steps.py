"""Random steps for a state, and each done by the verbs of a database or a transaction."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, create_model

import rem_arrow as rem
from tests.fuzz.kinds import KINDS
from tests.soak.state import FIELDS, State, Step, sql_type

NAMES = ("ada", "bob", "eve", "ada bob", "carl", "dora", "zoe", "finn", "gus eve", "hal")
_NOTES = (None, "", "red fish", "blue", "a\tb", "日本", "it's", "%", "x" * 200)
_STRANGE = ("Ünï", "a\x00b", "y" * 300, " ", "'", "e0:x")
_EDGES = ("knows", "likes")
_ROWS_MAX = 400
# Kinds of columns: those of which a literal of any is one of the type.
_KINDS = tuple(KINDS)
# Names of steps, with how often each comes.
_ENTITY = {"insert": 6, "load": 2, "update": 4, "delete": 3, "purge": 2, "upsert": 2, "set": 2, "cut": 1}
_PLAIN = {"put": 6, "assign": 4, "remove": 2, "merge": 3, "copy": 1, "widen": 1, "narrow": 1}
_OTHER = {
    "edge": 5,
    "edges": 2,
    "unedge": 1,
    "register": 1,
    "create": 1,
    "drop": 0.3,
    "compact": 1,
    "index": 0.5,
    "words": 0.3,
}


# What is no part of a transaction.
_ALONE = {"load", "register", "create", "drop", "compact", "index", "words", "widen", "narrow"}


class Steps:
    """Chooses steps, and schemas with the first of them. The same numbers give the same steps."""

    def __init__(self, rng: random.Random, start: int) -> None:
        self.rng, self.next = rng, start

    def first(self) -> list[Step]:
        """The steps that make the tables."""
        rng = self.rng
        steps: list[Step] = []
        for i in range(rng.choice((1, 1, 2))):
            indexed = rng.random() < 0.7
            fields = ["name", "n", *rng.sample([f for f in FIELDS if f != "n"], rng.randint(0, 3))]
            steps.append(["register", f"e{i}", fields, {"indexed": indexed, "embedded": rng.random() < 0.4}])
        for i in range(rng.choice((0, 1, 1, 2))):
            steps.append(["create", f"p{i}", *self._table()])
        return steps

    def step(self, state: State) -> Step:
        """A step that fits the state."""
        rng = self.rng
        if state.rows() > _ROWS_MAX:
            return self._shrinking(state)
        if rng.random() < 0.12:
            inner = [self._one(state) for _ in range(rng.randint(1, 4))]
            inner = [s for s in inner if s[0] not in _ALONE]
            # Ids that a step before it has made are not seen in the state: each is chosen for the state at the start.
            return ["rollback" if rng.random() < 0.2 else "transaction", inner]
        return self._one(state)

    def _one(self, state: State) -> Step:
        weights: dict[tuple[str, str], float] = {("", name): w for name, w in _OTHER.items()}
        weights |= {(t, n): w / len(state.entities) for t in state.entities for n, w in _ENTITY.items()}
        weights |= {(t, n): w / len(state.plain) for t in state.plain for n, w in _PLAIN.items()}
        table, name = self.rng.choices(list(weights), list(weights.values()))[0]
        if table in state.entities:
            return self._entity(state, table, name)
        return self._plain(state, table, name) if table else self._other(state, name)

    def _shrinking(self, state: State) -> Step:
        table = max((*state.entities, *state.plain), key=lambda t: len((state.entities | state.plain)[t].rows))
        if table in state.plain:
            return ["remove", table, 2, self.rng.randrange(2)]
        if len(state.edges) > _ROWS_MAX / 2:
            return ["unedge", self.rng.choice(sorted(state.edges))[0]]
        ids = sorted(state.entities[table].rows)
        return ["purge", table, self.rng.sample(ids, len(ids) // 2)]

    def _fresh(self) -> int:
        self.next += 1
        return self.next

    def _some(self, ids: Sequence[str], most: int) -> list[str]:
        return self.rng.sample(ids, min(len(ids), self.rng.randint(1, most))) if ids else []

    # --- entities

    def _entity(self, state: State, table: str, name: str) -> Step:
        rng, here = self.rng, state.entities[table]
        ids = sorted(here.rows)
        live = [i for i in ids if i not in here.hidden]
        many = rng.choice((1, 1, 3, 10, 40))
        match name:
            case "insert" | "load" | "upsert":
                old = self._some(ids, 3) if rng.random() < 0.4 else []
                fresh = [f"{table}-{self._fresh()}" for _ in range(rng.randint(1, many))]
                if rng.random() < 0.03:
                    fresh.append(f"{table}{rng.choice(_STRANGE)}")
                fields = here.fields if name != "upsert" else ("name", "n")
                return [name, table, self._entity_rows([*old, *fresh], fields, whole=name == "load")]
            case "update" if live:
                return [name, table, rng.choice(live), self._values(here.fields)]
            case "set":
                divisor = rng.randint(2, 6)
                return [name, table, divisor, rng.randrange(divisor), {"n": rng.randrange(100)}]
            case "cut":
                divisor = rng.randint(4, 9)
                return [name, table, divisor, rng.randrange(divisor)]
            case _:
                missing = [f"{table}-missing"] if rng.random() < 0.1 else []
                return ["delete" if name == "update" else name, table, self._some(ids, 8) + missing]

    def _entity_rows(self, ids: list[str], fields: Sequence[str], *, whole: bool) -> list[dict[str, Any]]:
        kept = fields if whole else [f for f in fields if f in ("name", "n") or self.rng.random() < 0.7]
        return [{"id": i, **{f: self._value(f) for f in kept}} for i in dict.fromkeys(ids)]

    def _values(self, fields: Sequence[str]) -> dict[str, Any]:
        return {f: self._value(f) for f in self.rng.sample(list(fields), self.rng.randint(1, min(2, len(fields))))}

    def _value(self, name: str) -> Any:
        rng = self.rng
        match name:
            case "name":
                return rng.choice(NAMES)
            case "n":
                return rng.randrange(100) if rng.random() < 0.95 else rng.choice((2**63 - 1, 2**40, 10**12))
            case "m":
                return rng.choice((None, 1, 2, 3))
            case "x":
                return rng.choice((None, 0.5, -1.25, 1e300, 3.0))
            case "flag":
                return rng.random() < 0.5
            case "note":
                return rng.choice(_NOTES)
            case _:
                return rng.choice(([], ["a"], ["a", "b"], ["", "c", "a"]))

    # --- plain tables

    def _table(self) -> tuple[list[list[str]], list[list[str]]]:
        # CREATE TABLE AS makes a column of durations of intervals, in which months become days.
        kinds = [self.rng.choice([k for k in _KINDS if k != "iv"]) for _ in range(self.rng.randint(1, 5))]
        columns = [["id", "i64"], *([f"{kind}_{i}", kind] for i, kind in enumerate(kinds))]
        return columns, self._plain_rows([k for _, k in columns], self.rng.choice((0, 1, 5, 30)))

    def _plain_rows(self, kinds: list[str], count: int) -> list[list[str]]:
        return [[str(self._fresh()), *(self.literal(kind) for kind in kinds[1:])] for _ in range(count)]

    def literal(self, kind: str) -> str:
        """A value of a kind, as SQL."""
        return "NULL" if self.rng.random() < 0.2 else self.rng.choice(KINDS[kind].tame + KINDS[kind].wild)

    def _plain(self, state: State, table: str, name: str) -> Step:
        rng, here = self.rng, state.plain[table]
        kinds = [k for _, k in here.columns]
        divisor = rng.randint(2, 7)
        match name:
            case "put":
                rows = self._plain_rows(kinds, rng.choice((1, 1, 3, 10, 40)))
                return [name, table, [list(c) for c in here.columns], rows]
            case "merge":
                old = [[str(i), *(self.literal(k) for k in kinds[1:])] for i in self._some(sorted(here.rows), 4)]
                rows = old + self._plain_rows(kinds, rng.randint(1, 4))
                return [name, table, [list(c) for c in here.columns], rows]
            case "assign" if len(kinds) > 1:
                column, kind = rng.choice(here.columns[1:])
                return [name, table, column, self.literal(kind), divisor, rng.randrange(divisor)]
            case "copy" if here.rows:
                offset = max(self.next, *here.rows) + 1
                # Steps before it in the same transaction may have added rows, with numbers below the offset.
                self.next = 2 * offset
                return [name, table, offset, divisor, rng.randrange(divisor)]
            case "widen" if len(kinds) < 8:
                kind = rng.choice(_KINDS)
                literal = self.literal(kind)
                return [name, table, f"w{self._fresh()}", kind, literal]
            case "narrow" if len(kinds) > 2:
                return [name, table, rng.choice(here.columns[1:])[0]]
            case _:
                return ["remove", table, divisor, rng.randrange(divisor)]

    # --- the rest

    def _other(self, state: State, name: str) -> Step:
        rng = self.rng
        hidden = state.hidden()
        ids = [i for t in state.entities.values() for i in sorted(t.rows) if i not in hidden and ":" not in i]
        match name:
            case "edge" | "edges" if ids:
                ends = [*ids[-30:], "e0-later"]
                drawn = [
                    [rng.choice(ends), rng.choice(ends), rng.choice(_EDGES), rng.choice((None, 1.0, 0.5))]
                    for _ in range(1 if name == "edge" else rng.randint(1, 30))
                ]
                return [name, list({(s, d, k): [s, d, k, w] for s, d, k, w in drawn}.values())]
            case "unedge" if state.edges:
                return [name, rng.choice(sorted(state.edges))[0]]
            case "register":
                table = rng.choice(sorted(state.entities))
                more = [f for f in FIELDS if f not in state.entities[table].fields]
                options = {**state.entities[table].options, "indexed": True}
                return [name, table, [*state.entities[table].fields, *more[:1]], options]
            case "create" | "drop":
                table = f"p{rng.randrange(3)}"
                return [name, table] if name == "drop" else [name, table, *self._table()]
            case "words":
                return [name, rng.choice(sorted(state.entities))]
            case "index" if state.plain:
                table = rng.choice(sorted(state.plain))
                return [name, table, "id"]
            case _:
                return ["compact"]


def letters(texts: list[str]) -> list[list[float]]:
    """An embedder that a test computes itself: how often each of eight letters comes, and one."""
    return [[*(float(text.count(c)) for c in "abdeorzl"), 1.0] for text in texts]


def model(table: str, fields: Sequence[str], options: dict[str, Any]) -> type[BaseModel]:
    """The Pydantic model of an entity table."""
    extra = {
        "indexed_fields": ["n"] if options.get("indexed") else [],
        "embedding_fields": ["name"] if options.get("embedded") else [],
    }
    types: dict[str, Any] = {f: (str, ...) if f == "name" else FIELDS[f] for f in fields}
    return create_model(table.title(), __config__=ConfigDict(json_schema_extra=extra), **types)


def apply(db: rem.Database | rem.Transaction, step: Step) -> None:
    """Do a step. What the database refuses, it refuses with a RemError, which is no finding."""
    name, *arguments = step
    match name:
        case "transaction" | "rollback":
            assert isinstance(db, rem.Database)
            tx = db.transaction()
            for inner in arguments[0]:
                try:
                    apply(tx, inner)
                except (rem.InputError, rem.BindError):
                    continue
            tx.commit() if name == "transaction" else tx.rollback()
        case "register":
            assert isinstance(db, rem.Database)
            db.register(model(arguments[0], arguments[1], arguments[2]), name=arguments[0])
        case "insert":
            db.insert(arguments[0], arguments[1] if len(arguments[1]) > 1 else arguments[1][0])
        case "load":
            assert isinstance(db, rem.Database)
            db.load(arguments[0], pl.DataFrame(arguments[1], schema=_frame_schema(arguments[1])))
        case "update":
            db.update(*arguments)
        case "delete":
            db.delete(*arguments)
        case "purge":
            db.purge(*arguments)
        case "edge":
            for s, d, kind, weight in arguments[0]:
                db.add_edge(s, d, kind, weight=weight)
        case "edges":
            db.add_edges(
                pl.DataFrame(arguments[0], {"src": str, "dst": str, "edge_type": str, "weight": float}, orient="row")
            )
        case "words":
            assert isinstance(db, rem.Database)
            db.create_index(arguments[0], "name", metric="bm25")
        case "unedge":
            db.remove_edges(src=arguments[0])
        case "compact":
            assert isinstance(db, rem.Database)
            db.compact()
        case _:
            db.sql(statement(step), frames=_frames(step))


def _frame_schema(rows: list[dict[str, Any]]) -> dict[str, Any]:
    types = {"id": str, "name": str, "n": int, "m": int, "x": float, "flag": bool, "note": str, "tags": pl.List(str)}
    return {name: types[name] for name in rows[0]}


def _frames(step: Step) -> dict[str, Any]:
    return {"source": pl.DataFrame(step[2])} if (
        step[0] == "upsert"
    ) else {}  # fmt: skip


def statement(step: Step) -> str:
    """The SQL of a step that is one statement."""
    name, table, *arguments = step
    match name:
        case "upsert":
            return (
                f"MERGE INTO {table} USING source AS s ON {table}.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n "
                "WHEN NOT MATCHED THEN INSERT (id, name, n) VALUES (s.id, s.name, s.n)"
            )
        case "set":
            divisor, rest, values = arguments
            return f"UPDATE {table} SET n = {json.dumps(values['n'])} WHERE n % {divisor} = {rest}"
        case "cut":
            return f"DELETE FROM {table} WHERE n % {arguments[0]} = {arguments[1]}"
        case "create":
            columns, rows = arguments
            if rows:
                return f"CREATE OR REPLACE TABLE {table} AS {_typed(columns, rows, [c for c, _ in columns])}"
            return f"CREATE OR REPLACE TABLE {table} ({', '.join(f'{c} {sql_type(k)}' for c, k in columns)})"
        case "drop":
            return f"DROP TABLE {table}"
        case "put":
            columns, rows = arguments
            names = [c for c, _ in columns]
            return f"INSERT INTO {table} ({', '.join(names)}) VALUES {_rows(rows)}"
        case "merge":
            columns, rows = arguments
            names = [f"s{i}" for i in range(len(columns))]
            changed = ", ".join(f"{c} = s.{s}" for (c, _), s in zip(columns[1:], names[1:], strict=True))
            update = f"WHEN MATCHED THEN UPDATE SET {changed} " if changed else ""
            return (
                f"MERGE INTO {table} USING ({_typed(columns, rows, names)}) AS s ON {table}.id = s.s0 {update}"
                f"WHEN NOT MATCHED THEN INSERT VALUES ({', '.join(f's.{s}' for s in names)})"
            )
        case "assign":
            column, literal, divisor, rest = arguments
            return f"UPDATE {table} SET {column} = {literal} WHERE id % {divisor} = {rest}"
        case "remove":
            return f"DELETE FROM {table} WHERE id % {arguments[0]} = {arguments[1]}"
        case "copy":
            offset, divisor, rest = arguments
            rows = f"SELECT id + {offset} AS id, * EXCLUDE (id) FROM {table} WHERE id % {divisor} = {rest}"
            return f"INSERT INTO {table} {rows}"
        case "widen":
            column, kind, literal = arguments
            return f"ALTER TABLE {table} ADD COLUMN {column} {sql_type(kind)} DEFAULT ({literal})::{sql_type(kind)}"
        case "narrow":
            return f"ALTER TABLE {table} DROP COLUMN {arguments[0]}"
        case "index":
            return f"CREATE INDEX IF NOT EXISTS {table}_{arguments[0]} ON {table} ({arguments[0]})"
        case _:
            raise AssertionError(f"no statement for {step}")


def _rows(rows: list[list[str]]) -> str:
    return ", ".join(f"({', '.join(row)})" for row in rows)


def _typed(columns: Sequence[Sequence[str]], rows: list[list[str]], names: list[str]) -> str:
    """Return a query of rows whose columns have names and types."""
    items = ", ".join(f"v{i}::{sql_type(k)} AS {n}" for i, ((_, k), n) in enumerate(zip(columns, names, strict=True)))
    typed = [
        "(" + ", ".join(f"({v})::{sql_type(k)}" for (_, k), v in zip(columns, row, strict=True)) + ")" for row in rows
    ]
    return f"SELECT {items} FROM (VALUES {', '.join(typed)}) AS v({', '.join(f'v{i}' for i in range(len(columns)))})"

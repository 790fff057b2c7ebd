"""What a database holds, as values that compare: by table, its columns and its rows; and the same of a state."""

from __future__ import annotations

from collections import Counter
from typing import TypeAlias

import duckdb
import polars as pl

import rem_arrow as rem
from tests.fuzz.kinds import KINDS
from tests.soak.state import State
from tests.sql.compare import rows

Contents: TypeAlias = "dict[str, tuple[tuple[str, ...], Counter[tuple[object, ...]]]]"
# The value of each literal of a kind.
Literals: TypeAlias = "dict[tuple[str, str], object]"
_EDGES = "SELECT src, dst, edge_type, weight FROM edges"


def stored(db: rem.Database) -> Contents:
    """Return what a database holds, softly deleted rows too."""
    found: Contents = {}
    made = db.tables().filter(pl.col("name").str.contains("^[ep][0-9]$"))
    for name, kind in zip(made["name"], made["kind"], strict=True):
        frame = db.sql(f"SELECT * FROM {name}", include_deleted=True)
        if kind == "entity":
            frame = frame.drop("created_at", "modified_at").with_columns(pl.col("deleted_at").is_not_null())
        zoned = [c for c, t in frame.schema.items() if isinstance(t, pl.Datetime) and t.time_zone]
        frame = frame.with_columns(pl.col(c).dt.epoch("us") for c in zoned)
        found[name] = tuple(frame.columns), Counter(rows(frame.rows()))
    found["edges"] = ("src", "dst", "edge_type", "weight"), Counter(rows(db.sql(_EDGES, include_deleted=True).rows()))
    return found


def expected(state: State, literals: Literals) -> Contents:
    """Return what a database must hold."""
    found: Contents = {}
    for name, entities in state.entities.items():
        values = [(i, *entities.whole(row).values(), i in entities.hidden) for i, row in entities.rows.items()]
        found[name] = ("id", *entities.fields, "deleted_at"), Counter(rows(values))
    for name, plain in state.plain.items():
        kinds = [k for _, k in plain.columns]
        held = [
            (i, *(literals[k, v] for k, v in zip(kinds[1:], row[1:], strict=True))) for i, row in plain.rows.items()
        ]
        found[name] = tuple(c for c, _ in plain.columns), Counter(rows(held))
    edges = [(*edge, weight) for edge, weight in state.edges.items()]
    found["edges"] = ("src", "dst", "edge_type", "weight"), Counter(rows(edges))
    return found


def all_literals() -> Literals:
    """Return the value that DuckDB gives each literal of each kind."""
    found: Literals = {}
    with duckdb.connect() as oracle:
        oracle.execute("SET timezone = 'UTC'")
        for name, kind in KINDS.items():
            for literal in {*kind.tame, *kind.wild, "NULL"}:
                typed = f"({literal})::{kind.type}"
                row = oracle.execute(f"SELECT {f'epoch_us({typed})' if name == 'tz' else typed}").fetchone()
                assert row is not None
                found[name, literal] = row[0]
    return found


def differing(found: Contents, wanted: Contents) -> str:
    """Return what differs, in words; "" where nothing does."""
    if found == wanted:
        return ""
    parts = []
    for name in sorted({*found, *wanted}):
        if name not in found or name not in wanted:
            parts.append(f"{name} is {'missing' if name in wanted else 'there, and should not be'}")
            continue
        (columns, held), (others, must) = found[name], wanted[name]
        if columns != others:
            parts.append(f"{name} has columns {columns}, not {others}")
        elif held != must:
            parts.append(f"{name}: lost {_few(must - held)}, extra {_few(held - must)}")
    return "; ".join(parts)


def _few(counted: Counter[tuple[object, ...]]) -> str:
    return f"{sum(counted.values())} rows {list(counted)[:4]!r}"[:600]

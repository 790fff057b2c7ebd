"""The victim of test_crash.py: writes until it is killed, and says on standard output what it begins and what is
acknowledged.

Each line is JSON: {"op": number, "state": "begin" | "done", "effects": [[table, id, value | null], ...]}. A value is
what the row holds afterwards; null says that the row is gone.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict

import rem_arrow as rem


class Note(BaseModel):
    """A row whose value is checked."""

    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["value"]})

    name: str
    value: int


def effects(rng: random.Random, known: dict[str, set[str]], op: int) -> tuple[str, list[list[object]]]:
    """Choose an operation and what it does."""
    kind = rng.choice(["one", "batch", "upsert", "update", "delete", "purge", "transaction", "load", "edge"])
    table = rng.choice(["left", "right"])
    some = sorted(known[table])
    fresh = [f"{op}-{i}" for i in range(rng.randint(2, 60))]
    value = rng.randrange(1000)
    match kind:
        case "upsert" | "update" | "delete" | "purge" if some:
            chosen = rng.sample(some, min(len(some), 1 if kind == "update" else rng.randint(1, 20)))
            return kind, [[table, i, None if kind in ("delete", "purge") else value] for i in chosen]
        case "transaction":
            return kind, [[t, f"{op}-t", value] for t in ("left", "right")] + [[table, i, value] for i in some[:3]]
        case "edge":
            return kind, [["edges", f"{op}>{fresh[0]}", value]]
        case "batch" | "load":
            return kind, [[table, i, value] for i in fresh]
        case _:
            return "one", [[table, fresh[0], value]]


def apply(db: rem.Database, kind: str, done: list[list[object]]) -> None:
    """Do it, by the verb of its kind."""
    table = str(done[0][0])
    ids = [str(i) for _, i, _ in done]
    rows = [{"id": i, "name": f"n{i}", "value": v} for _, i, v in done]
    match kind:
        case "one":
            db.insert(table, rows[0])
        case "batch" | "upsert":
            db.insert(table, rows)
        case "update":
            db.update(table, ids[0], {"value": done[0][2]})
        case "delete":
            db.delete(table, ids)
        case "purge":
            db.purge(table, ids)
        case "load":
            db.load(table, pl.DataFrame(rows))
        case "edge":
            src, dst = ids[0].split(">")
            db.add_edge(src, dst, "knows", weight=float(str(done[0][2])))
        case "transaction":
            with db.transaction() as tx:
                for t, i, v in done:
                    tx.insert(str(t), {"id": i, "name": f"n{i}", "value": v})


def main() -> None:
    """Write for ever."""
    path, seed = Path(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    with rem.connect(path, tail_rows_max=150) as db:
        for table in ("left", "right"):
            db.register(Note, name=table)
        known = {t: set(db.sql(f'SELECT id FROM "{t}"')["id"]) for t in ("left", "right")}
        for op in range(seed * 100_000, (seed + 1) * 100_000):
            kind, done = effects(rng, known, op)
            print(json.dumps({"op": op, "state": "begin", "effects": done}), flush=True)
            apply(db, kind, done)
            print(json.dumps({"op": op, "state": "done"}), flush=True)
            for table, id_, value in done:
                if table in known:
                    (known[table].discard if value is None else known[table].add)(id_)


if __name__ == "__main__":
    main()

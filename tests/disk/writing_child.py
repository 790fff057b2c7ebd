"""The victim of the power cuts: takes the steps of `history.py`, and marks where each begins and is acknowledged.

python -m tests.disk.writing_child FOLDER DURABILITY SEED STEPS
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict

import rem_arrow as rem
from rem_arrow.access import vector_indexes
from rem_arrow.write import loader
from tests.disk.history import Step, filler_of, name_of, rows_alone, steps
from tests.disk.shim import Shim

EMBEDDER = "hash:16"


class Note(BaseModel):
    """A row whose name follows from its value."""

    model_config = ConfigDict(
        json_schema_extra={"indexed_fields": ["value"], "embedding_fields": ["name"], "embedding_provider": EMBEDDER}
    )

    name: str
    value: int
    filler: str = ""


def connect(root: Path, durability: str, seed: int, *, background: bool = True) -> rem.Database:
    """Open the database so that little data exercises all of it."""
    vector_indexes.INDEXED_ROWS_MIN, vector_indexes._BEHIND_ROWS_MIN = 40, 10
    loader.DIRECT_ROWS_MIN = 50
    return rem.connect(
        root / "db",
        durability=durability,  # type: ignore[arg-type]
        tail_rows_max=100_000 if rows_alone(seed) else 60,
        background=background,
        memory_limit="64MB",
        embedder=EMBEDDER,
    )


def begin(db: rem.Database) -> None:
    """Make the tables and indexes."""
    db.register(Note, name="notes")
    db.create_index("notes", "name", metric="bm25")
    db.sql("CREATE TABLE facts (n BIGINT, value BIGINT)")


def note(key: str, value: int, seed: int) -> dict[str, object]:
    """Return a row of the table notes."""
    return {"id": key, "name": name_of(value), "value": value, "filler": filler_of(seed, value)}


def take(db: rem.Database, step: Step, number: int, seed: int, root: Path) -> None:
    """Take a step that leaves the database open."""
    notes = [note(key, value, seed) for key, value in step.changes.items() if value is not None]
    keys = list(step.changes)
    match step.kind:
        case "insert":
            db.insert("notes", notes)
        case "update":
            db.update("notes", keys[0], {name: value for name, value in notes[0].items() if name != "id"})
        case "delete":
            db.delete("notes", keys)
        case "purge":
            db.purge("notes", keys)
        case "transaction":
            with db.transaction() as tx:
                for row in notes:
                    tx.insert("notes", row)
        case "load notes":
            db.load("notes", pl.DataFrame(notes))
        case "edges":
            ends = [(key, f"{key}>", step.changes[key]) for key in keys]
            db.add_edges(
                pl.DataFrame(
                    {
                        "src": [src for src, _, _ in ends],
                        "dst": [dst for _, dst, _ in ends],
                        "edge_type": ["knows"] * len(ends),
                        "weight": [float(value or 0) for _, _, value in ends],
                    }
                )
            )
        case "load facts":
            db.load("facts", pl.DataFrame({"n": [int(k) for k in keys], "value": list(step.changes.values())}))
        case "update facts":
            db.sql("UPDATE facts SET value = $v WHERE n = $n", {"v": step.changes[keys[0]], "n": int(keys[0])})
        case "delete facts":
            db.sql(f"DELETE FROM facts WHERE n IN ({', '.join(keys)})")
        case "compact":
            db.compact()
        case "search":
            db.search("notes", name_of(number), k=3, mode="text")
            db.search("notes", name_of(number), k=3, mode="vector")
        case "backup":
            db.backup(root / f"backup-{number}")
        case "export":
            db.export(root / f"export-{number}", tables=["notes", "facts"])
        case "copy":
            db.sql(f"COPY facts TO '{root / 'facts.csv'}'")
        case _:
            raise AssertionError(step.kind)


def main() -> None:
    """Take all steps."""
    root, durability, seed, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    shim = Shim()
    db = connect(root, durability, seed)
    begin(db)
    shim.mark("D", 0)
    for number, step in enumerate(steps(seed, count)[0], start=1):
        shim.mark("B", number)
        if step.kind == "reopen":
            db.close()
            db = connect(root, durability, seed)
        else:
            take(db, step, number, seed, root)
        shim.mark("D", number)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

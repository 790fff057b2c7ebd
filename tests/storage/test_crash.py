"""A process that is killed at any moment loses nothing that was acknowledged, and leaves nothing half written."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import rem_arrow as rem
from tests.children import killed
from tests.effort import examples

CHILD = Path(__file__).with_name("crash_child.py")


def run_until_killed(path: Path, seed: int, delay_s: float) -> tuple[list[list[list[object]]], list[list[object]]]:
    """Start the child, kill it after `delay_s` of writing; return the acknowledged operations, and the one in
    flight."""
    child = killed(CHILD, path, seed, after_s=delay_s)
    lines = [json.loads(line) for line in child.lines]
    done = {line["op"] for line in lines if line["state"] == "done"}
    begun = [line for line in lines if line["state"] == "begin"]
    assert "Error" not in child.errors, child.errors
    return [b["effects"] for b in begun if b["op"] in done], next(
        (b["effects"] for b in begun if b["op"] not in done), []
    )


def stored(db: rem.Database) -> dict[tuple[str, str], object]:
    rows = {(t, i): v for t in ("left", "right") for i, v in db.sql(f'SELECT id, value FROM "{t}"').rows()}
    rows |= {("edges", f"{s}>{d}"): int(w) for s, d, w in db.sql("SELECT src, dst, weight FROM edges").rows()}
    return rows


def with_effects(state: dict[tuple[str, str], object], effects: list[list[object]]) -> dict[tuple[str, str], object]:
    after = dict(state)
    for table, id_, value in effects:
        if value is None:
            after.pop((table, id_), None)
        else:
            after[table, id_] = value
    return after


def check_kills(path: Path, kills: int, seed: int) -> None:
    rng = random.Random(seed)
    state: dict[tuple[str, str], object] = {}
    for kill in range(kills):
        done, in_flight = run_until_killed(path, seed + kill, rng.uniform(0.02, 0.6))
        for effects in done:
            state = with_effects(state, effects)
        with rem.connect(path) as db:
            found = stored(db)
            assert db.verify().height == 0
            for (table, id_), value in list(state.items())[:50]:
                if table != "edges" and (table, id_) in found:
                    assert db.get(table, id_)["value"] == found[table, id_], value
                    assert id_ in set(
                        db.sql(f'SELECT id FROM "{table}" WHERE value = $v', {"v": found[table, id_]})["id"]
                    )
        whole = with_effects(state, in_flight)
        lost = {k: v for k, v in state.items() if found.get(k) != v and whole.get(k) == v}
        extra = {k: v for k, v in found.items() if k not in state and k not in whole}
        assert found in (state, whole), f"kill {kill}: lost {lost}, extra {extra}, in flight {in_flight}"
        state = found


# In the order in which RocksDB makes them.
_MADE = ("rocksdict-config.json", "LOG", "LOCK", "000000.dbtmp", "IDENTITY", "MANIFEST-000001", "000001.dbtmp")


@pytest.mark.parametrize("count", range(1, len(_MADE) + 1))
def test_a_kill_while_the_database_is_made_leaves_room_for_one(tmp_path, count):
    """Whatever is in the files that were begun; a folder that has lost its CURRENT is none of these."""
    folder = tmp_path / "db"
    folder.mkdir()
    for name in _MADE[:count]:
        (folder / name).write_bytes(b"" if count % 2 else b"half")
    with pytest.raises(rem.InputError, match="is not a database"):
        rem.connect(folder, read_only=True)
    for _ in range(2):
        with rem.connect(folder) as db:
            db.insert("entities", {"id": "a", "name": "A"})
    (folder / "CURRENT").unlink()
    with pytest.raises(rem.InputError, match="holds other files"):
        rem.connect(folder)


def test_a_few_kills(tmp_path):
    """At random moments, on one folder."""
    check_kills(tmp_path / "db", examples(4, least=2), seed=1)


@pytest.mark.long
def test_two_hundred_kills(tmp_path):
    """Two hundred kills, on ten folders."""
    for folder in range(10):
        check_kills(tmp_path / str(folder), 20, seed=1000 * (folder + 1))

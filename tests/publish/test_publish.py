"""Publications: a snapshot or the one before, only what changed, whatever fails."""

from __future__ import annotations

import json
import random
from functools import partialmethod

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import rem_arrow as rem
from rem_arrow.base.errors import ConflictError, InputError
from rem_arrow.publish.delta_log import base85, bitmap, bitmap_values, commits_after, from_base85
from rem_arrow.publish.publication import MANIFEST
from rem_arrow.publish.target import Target
from tests.children import killed
from tests.effort import examples
from tests.interop.tables import every_type
from tests.publish.reading import publication, published_rows


@pytest.fixture
def db():
    with rem.connect(background=False, embedder="hash") as database:
        yield database


def same(db, target, *tables):
    for table in tables:
        ours = db.sql(f'SELECT * FROM "{table}"')
        there = published_rows(target, table).select(ours.columns).cast(dict(ours.schema))
        keys = [n for n, t in ours.schema.items() if not t.is_nested()]
        assert_frame_equal(there.sort(keys), ours.sort(keys))


def numbers(db, rows=20_000):
    db.sql("CREATE TABLE numbers (i BIGINT, t VARCHAR)")
    db.sql("INSERT INTO numbers SELECT range, 'text ' || (range * 7919 % 1000) FROM range($n)", {"n": rows})


def test_a_snapshot_holds_every_kind_of_table(db, tmp_path):
    """Plain tables, entities with their vectors, edges, and all types are published; views are in the manifest."""
    db.load("every", every_type())
    for name in ("ada", "bob", "eve"):
        db.insert("entities", {"id": name, "name": name.title(), "description": f"about {name}"})
    db.insert("resources", {"id": "r", "name": "r", "content": "a text"})
    db.add_edge("ada", "bob", "knows")
    db.sql("CREATE VIEW names AS SELECT name FROM entities")
    report = db.publish(tmp_path / "out")
    assert dict(report.select("table", "rows").iter_rows()) | {"every": 3, "entities": 3, "edges": 1} == dict(
        report.select("table", "rows").iter_rows()
    )
    same(db, tmp_path / "out", "every", "entities", "edges", "resources")
    page = publication(tmp_path / "out")
    assert [e.name for e in page.entries] == ["names"]
    vectors = published_rows(tmp_path / "out", "entities")["embedding"]
    assert vectors.dtype == page.find("entities").table.embedding("embedding").dtype
    assert vectors.null_count() == 0
    assert rem.verify_published(tmp_path / "out").height == 0


def test_only_what_changed_is_written(db, tmp_path):
    """After 1 % of the rows changed at most 5 % of the bytes are written again, and without a change none."""
    numbers(db, 200_000)
    db.compact()
    first = db.publish(tmp_path / "out", ["numbers"])
    assert db.publish(tmp_path / "out", ["numbers"])["bytes_written"].sum() == 0
    db.sql("UPDATE numbers SET t = 'changed' WHERE i % 100 = 7")
    second = db.publish(tmp_path / "out", ["numbers"])
    assert 0 < second["bytes_written"].sum() <= 0.05 * first["bytes_written"].sum()
    same(db, tmp_path / "out", "numbers")
    # Many dead rows, and a column more: the files are others.
    db.sql("DELETE FROM numbers WHERE i % 3 = 0")
    assert db.publish(tmp_path / "out", ["numbers"])["files_written"].sum() == 3
    same(db, tmp_path / "out", "numbers")
    db.sql("ALTER TABLE numbers ADD COLUMN more INTEGER DEFAULT 5")
    db.publish(tmp_path / "out", ["numbers"])
    same(db, tmp_path / "out", "numbers")
    assert rem.verify_published(tmp_path / "out").height == 0


def test_deleted_entities_and_their_edges_are_left_out(db, tmp_path):
    """What a query leaves out is not published, and comes back when it is restored."""
    for name in ("ada", "bob", "eve"):
        db.insert("entities", {"id": name, "name": name})
    db.add_edge("ada", "bob", "knows")
    db.add_edge("bob", "eve", "knows")
    db.compact()
    db.publish(tmp_path / "out")
    same(db, tmp_path / "out", "entities", "edges")
    db.delete("entities", "eve")
    db.publish(tmp_path / "out")
    assert published_rows(tmp_path / "out", "edges").height == 1
    same(db, tmp_path / "out", "entities", "edges")
    db.insert("entities", {"id": "eve", "name": "eve"})
    db.compact()
    db.publish(tmp_path / "out")
    same(db, tmp_path / "out", "entities", "edges")


def test_vectors_that_come_later_are_published(db, tmp_path):
    """A segment whose rows got other vectors is another file."""
    db.insert("entities", {"id": "ada", "name": "ada", "description": "a mathematician"})
    db.compact()
    db.publish(tmp_path / "out", ["entities"])
    before = published_rows(tmp_path / "out", "entities")["embedding"].to_list()
    db.reembed("entities", lambda texts: [[1.0, 0.0] for _ in texts])
    db.publish(tmp_path / "out", ["entities"])
    assert published_rows(tmp_path / "out", "entities")["embedding"].to_list() != before
    same(db, tmp_path / "out", "entities")


def test_whichever_write_fails_the_snapshot_is_the_old_or_the_new_one(tmp_path, monkeypatch):
    """A publication that dies at any of its writes leaves the snapshot before; the next one ends what it began."""
    with rem.connect(background=False) as db:
        numbers(db)
        db.publish(tmp_path / "out", ["numbers"])
        old = published_rows(tmp_path / "out", "numbers")
        db.sql("DELETE FROM numbers WHERE i % 50 = 0")
        db.sql("CREATE TABLE other AS SELECT 1 AS x")
        new = db.sql("SELECT * FROM numbers")
        reals, fails_at = {"write": Target.write, "write_once": Target.write_once}, 0

        class KilledError(Exception):
            pass

        while True:
            left = [fails_at]

            def failing(self, path, data, real, left=left):
                left[0] -= 1
                if left[0] < 0:
                    raise KilledError
                real(self, path, data)

            for name, real in reals.items():
                monkeypatch.setattr(Target, name, partialmethod(failing, real=real))
            try:
                db.publish(tmp_path / "out", ["numbers", "other"])
            except KilledError:
                assert_frame_equal(published_rows(tmp_path / "out", "numbers"), old)
                fails_at += 1
                continue
            break
        assert fails_at >= 3
        monkeypatch.undo()
        assert_frame_equal(published_rows(tmp_path / "out", "numbers"), new)
        assert rem.verify_published(tmp_path / "out").height == 0
        assert db.publish(tmp_path / "out", ["numbers", "other"])["files_written"].sum() == 0


_CHILD = """
import sys
import rem_arrow as rem
with rem.connect(sys.argv[1], background=False) as db:
    print("begun", flush=True)
    while True:
        db.sql("UPDATE numbers SET t = t || 'x' WHERE i % 50 = 0")
        db.publish(sys.argv[2], ["numbers"])
"""


@pytest.mark.long
def test_publishing_that_is_killed_leaves_a_snapshot(tmp_path):
    """Killed at random, 50 times: the rows that a reader sees are those of one commit, and all is sound."""
    chosen = random.Random(7)
    with rem.connect(tmp_path / "db", background=False) as db:
        numbers(db, 3_000)
        db.publish(tmp_path / "out", ["numbers"])
    child = tmp_path / "child.py"
    child.write_text(_CHILD)
    for _ in range(50):
        killed(child, tmp_path / "db", tmp_path / "out", after_s=chosen.uniform(0, 0.5))
        rows = published_rows(tmp_path / "out", "numbers")
        assert rows.height == 3_000
        added = rows.filter(pl.col("i") % 50 == 0).select(pl.col("t").str.extract("(x*)$").str.len_chars()).to_series()
        assert added.n_unique() == 1
        assert rem.verify_published(tmp_path / "out").height == 0


def test_files_that_nobody_needs_are_deleted_later(db, tmp_path):
    """They stay for readers of the snapshot before, for as long as it is asked."""
    numbers(db)
    db.publish(tmp_path / "out", ["numbers"])
    files = set((tmp_path / "out/tables/numbers").glob("*.parquet"))
    db.sql("DELETE FROM numbers WHERE i % 2 = 0")
    db.publish(tmp_path / "out", ["numbers"])
    assert files < set((tmp_path / "out/tables/numbers").glob("*.parquet"))
    db.publish(tmp_path / "out", ["numbers"], keep_days=0)
    assert not files & set((tmp_path / "out/tables/numbers").glob("*.parquet"))
    same(db, tmp_path / "out", "numbers")


def test_damage_is_found(db, tmp_path):
    """A byte that changed, a file and a log that are gone or say something else are told."""
    numbers(db, 100)
    db.publish(tmp_path / "out", ["numbers"])
    (file,) = (tmp_path / "out/tables/numbers").glob("*.parquet")
    data = file.read_bytes()
    file.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
    assert "with the checksum" in rem.verify_published(tmp_path / "out")["damage"][0]
    file.unlink()
    assert rem.verify_published(tmp_path / "out")["damage"].to_list() == ["the file is missing"]
    file.write_bytes(data)
    (log,) = (tmp_path / "out/tables/numbers/_delta_log").glob("*.json")
    text = log.read_text()
    log.write_text(text.replace('"size":', '"size":1'))
    assert rem.verify_published(tmp_path / "out")["damage"].to_list() == ["the log names other files than the manifest"]
    log.write_text("{")
    assert "the log cannot be read" in rem.verify_published(tmp_path / "out")["damage"][0]
    log.unlink()
    assert rem.verify_published(tmp_path / "out")["damage"].to_list() == ["the file is missing"]
    manifest = tmp_path / "out" / MANIFEST
    page = json.loads(manifest.read_text())
    for text, why in (
        ("{", "is not the manifest of a publication, or is damaged"),
        (json.dumps(page | {"rem_arrow_publication": 2}), "was written by a newer version"),
        (json.dumps(page).replace("tables/numbers", "../numbers"), "lies outside of the publication"),
    ):
        manifest.write_text(text)
        with pytest.raises(InputError, match=why):
            rem.verify_published(tmp_path / "out")
    with pytest.raises(InputError, match="holds no publication"):
        rem.verify_published(tmp_path / "none")


def test_what_is_in_the_way_is_told(db, tmp_path):
    """Another database's publication, a database, a file, and another program stop a publication before it writes."""
    numbers(db, 10)
    db.publish(tmp_path / "out")
    with rem.connect(tmp_path / "other") as other:
        with pytest.raises(InputError, match="holds a publication of another database"):
            other.publish(tmp_path / "out")
        with pytest.raises(InputError, match="is a database; name another folder"):
            db.publish(tmp_path / "other")
        with pytest.raises(InputError, match="lies inside the database"):
            db.publish(tmp_path / "other/out")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file; name a folder"):
        db.publish(tmp_path / "file")
    with pytest.raises(InputError, match="tables is a list of names"):
        db.publish(tmp_path / "out", "numbers")
    with pytest.raises(InputError, match="nosuch://x"):
        db.publish("nosuch://x")
    with pytest.raises(ConflictError, match="another program publishes to"):
        Target(tmp_path / "out").write_once("tables/numbers/_delta_log/00000000000000000000.json", b"")


def test_an_object_store_is_published_to_as_a_folder(db, tmp_path):
    """By its address, through fsspec where Arrow has no such file system."""
    pytest.importorskip("fsspec")
    numbers(db, 100)
    for address in ("memory://some/where", (tmp_path / "out").as_uri()):
        db.sql("DELETE FROM numbers WHERE i = 3")
        db.publish(address, ["numbers"])
        same(db, address, "numbers")
        db.sql("DELETE FROM numbers WHERE i = 5")
        db.publish(address, ["numbers"])
        same(db, address, "numbers")
        assert rem.verify_published(address).height == 0
    with pytest.raises(ConflictError, match="another program"):
        Target("memory://some/where").write_once("tables/numbers/_delta_log/00000000000000000000.json", b"")


def test_other_readers_of_delta_see_the_same(db, tmp_path):
    """delta-rs reads the tables, dead rows left out, at the version of the manifest and at those before."""
    delta = pytest.importorskip("deltalake")
    numbers(db)
    db.compact()
    db.publish(tmp_path / "out", ["numbers"])
    db.sql("DELETE FROM numbers WHERE i % 40 = 1")
    db.publish(tmp_path / "out", ["numbers"])
    for version, rows in ((1, 19_500), (0, 20_000)):
        table = delta.DeltaTable(tmp_path / "out/tables/numbers", version=version)
        counted = delta.QueryBuilder().register("t", table).execute("SELECT count(*) AS n FROM t").read_all()
        assert counted["n"].to_pylist() == [rows]


@settings(max_examples=examples(20))
@given(st.sets(st.integers(0, 200_000), max_size=40), st.booleans())
def test_bitmaps_hold_their_numbers(values, many):
    """Few numbers, and more than a container of a list takes."""
    ascending = np.array(sorted(values | (set(range(70_000, 76_000)) if many else set())), dtype=np.uint32)
    if not len(ascending):
        return
    data = bitmap(ascending)
    assert from_base85(base85(data))[: len(data)] == data
    assert bitmap_values(data).tolist() == ascending.tolist()


def test_the_log_is_that_of_the_protocol(db, tmp_path):
    """The example of RFC 32, and the fields that the protocol requires."""
    assert base85(bytes([0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B])) == "HelloWorld"
    numbers(db, 10)
    db.publish(tmp_path / "out", ["numbers"])
    (log,) = (tmp_path / "out/tables/numbers/_delta_log").glob("*.json")
    lines = duckdb.sql(f"SELECT protocol, add FROM read_ndjson('{log}') WHERE add IS NOT NULL OR protocol IS NOT NULL")
    assert lines.fetchall()[0][0]["minReaderVersion"] == 3
    (file,) = commits_after([log.read_text()], {}).values()
    assert (file.rows, file.dead) == (10, ())

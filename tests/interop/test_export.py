"""Export and import: what goes out comes back, in every format; what fails leaves nothing."""

from __future__ import annotations

import json
import os
import signal

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes
from pydantic import BaseModel, ConfigDict

import rem_arrow as rem
from rem_arrow.interop import delta, exports
from tests.children import killed, run_python
from tests.effort import examples
from tests.interop.tables import EVERY, every_type

FORMATS = ["parquet", "ipc", "csv", "ndjson"]
CONTENT = [
    {"id": f"r{i}", "name": f"näme {i}", "content": f"text number {i}", "metadata": {"n": [i, None]}} for i in range(5)
]


class Issue(BaseModel):
    """An issue."""

    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["status"], "key_field": "code"})

    code: str
    status: str = "open"
    tags: list[str] = []


@pytest.fixture
def db():
    with rem.connect() as database:
        yield database


def same(one, other, table, by, columns="*"):
    text = f'SELECT {columns} FROM "{table}" ORDER BY {by}'
    assert_frame_equal(one.sql(text, include_deleted=True), other.sql(text, include_deleted=True))


def filled(db):
    """Entities with vectors, one of them its own, one deleted; edges, one of them dangling; a plain table and a
    view."""
    db.register(Issue)
    db.insert(
        "issues",
        [
            {"id": "i1", "code": "A", "tags": ["x", "é"]},
            {"id": "i2", "code": "B", "status": "closed"},
            {"id": "i3", "code": "C"},
        ],
    )
    db.insert("resources", CONTENT)
    db.insert("resources", {"id": "own", "name": "own", "content": "x", "embedding": [0.5] * 512})
    db.delete("issues", "i3")
    db.add_edge("i1", "r0", "cites", weight=0.5, properties={"why": "é"})
    db.add_edge("i2", "nobody", "cites")
    db.load("t", pl.DataFrame({"n": [1, 2, 3], "day": ["x", None, ""]}))
    db.sql("CREATE VIEW closed AS SELECT code FROM issues WHERE status = 'closed'")
    db.sql("CREATE INDEX by_n ON t (n)")
    return db


@pytest.mark.parametrize("format_", FORMATS)
def test_a_whole_database_comes_back(db, tmp_path, format_):
    """Ids, times, vectors, JSON, edges and views are as they were; a deleted entity only if it was asked for."""
    filled(db)
    written = db.export(tmp_path / "out", format=format_, include_deleted=True)
    assert dict(written.select("table", "rows").iter_rows())["issues"] == 3
    with rem.connect() as other:
        other.import_from(tmp_path / "out")
        for table in ("issues", "resources", "t"):
            same(db, other, table, by=1)
        same(db, other, "edges", by="src, dst")
        same(db, other, "resources", "id", "id, embedding")
        assert other.sql("SELECT code FROM closed").rows() == [("B",)]
        assert other.get("issues", "i3") is None
        assert other.get("resources", "r1")["metadata"] == {"n": [1, None]}
        other.register(Issue)
        assert other.lookup_entity("b")["id"].to_list() == ["i2"]
        assert other.traverse_edges("i1", depth=1)["id"].to_list() == ["r0"]
        assert other.search("resources", "text number 3", k=1)["id"].to_list() == ["r3"]
        assert other.sql("SELECT src FROM edges WHERE dst_table IS NULL").rows() == [("i2",)]
        other.insert("issues", {"id": "i1", "code": "AA"})
        assert other.get("issues", "i1")["created_at"] == db.get("issues", "i1")["created_at"]
        assert other.verify().height == 0
        assert {"by_n"} <= {i for tv in other._version() for i, _ in tv.table.indexes}


def test_deleted_entities_are_left_out(db, tmp_path):
    """An export shows what a query shows, unless it is told otherwise."""
    filled(db)
    db.export(tmp_path / "out", tables=["issues"])
    assert pq.read_table(tmp_path / "out" / "issues.parquet")["id"].to_pylist() == ["i1", "i2"]


@pytest.mark.parametrize("format_", FORMATS)
def test_every_type_comes_back(db, tmp_path, format_):
    """Every type, NULL, and names that want quoting."""
    rows = every_type()
    db.load("every / type", rows)
    db.load("empty", rows.clear())
    db.export(tmp_path / "out", format=format_, tables=["every / type", "empty"])
    with rem.connect() as other:
        assert dict(other.import_from(tmp_path / "out").iter_rows()) == {"every / type": 3, "empty": 0}
        decimals = rows.with_columns(pl.col("i128").cast(pl.Decimal(38, 0)))
        assert_frame_equal(other.scan("every / type").collect(), decimals)
        assert other.scan("empty").collect_schema() == decimals.schema
        types = dict(other.sql("DESCRIBE empty").select("column_name", "column_type").iter_rows())
        assert types["i128"] == "HUGEINT"


@given(
    dataframes(
        max_cols=4,
        max_size=12,
        allow_infinity=False,
        allowed_dtypes=[
            pl.Int8,
            pl.UInt32,
            pl.Int64,
            pl.Float64,
            pl.String,
            pl.Boolean,
            pl.Binary,
            pl.Time,
            pl.Decimal(12, 3),
            pl.Duration("us"),
            pl.List(pl.Int16),
            pl.List(pl.String),
        ],
    )
)
@settings(max_examples=examples(15), suppress_health_check=list(HealthCheck))
def test_any_frame_comes_back(tmp_path_factory, frame):
    """Random frames survive every format; NDJSON has no NaN."""
    if not frame.width:
        return
    folder = tmp_path_factory.mktemp("exports")
    with rem.connect(background=False) as db, rem.connect(background=False) as other:
        db.load("t", frame)
        for format_ in FORMATS:
            db.export(folder / format_, format=format_, tables=["t"])
            other.import_from(folder / format_, tables={"t": format_})
            expected = frame.with_columns(pl.selectors.float().fill_nan(None)) if format_ == "ndjson" else frame
            assert_frame_equal(other.scan(format_).collect(), expected)


def test_other_tools_read_the_files(db, tmp_path):
    """Parquet and Arrow files are those of pyarrow and DuckDB too; integers of 128 bits are decimals there."""
    db.load("t", every_type("nothing"))
    for format_ in ("parquet", "ipc"):
        db.export(tmp_path / format_, format=format_, tables=["t"])
    read = pq.read_table(tmp_path / "parquet" / "t.parquet")
    assert read.schema.field("i128").type == pa.decimal128(38, 0)
    assert pa.feather.read_table(tmp_path / "ipc" / "t.arrow").num_rows == 3
    assert duckdb.sql(f"SELECT count(money) FROM '{tmp_path}/parquet/t.parquet'").fetchall() == [(2,)]


@pytest.mark.parametrize("format_", FORMATS)
def test_partitions(db, tmp_path, format_):
    """Folders such as year=2024, odd values and NULL among them; they come back as one table."""
    rows = pl.DataFrame({"k": ["a/b", "é", None, "", "a/b"], "year": [1, 1, 2, 2, None], "n": range(5)})
    db.load("t", rows)
    db.load("none", rows.clear())
    db.export(tmp_path / "out", format=format_, tables=["t", "none"], partition_by=["year", "k"])
    assert (tmp_path / "out" / "t" / "year=1").is_dir()
    with rem.connect() as other:
        other.import_from(tmp_path / "out")
        assert_frame_equal(other.sql("SELECT * FROM t ORDER BY n"), rows)


def test_the_manifest_names_tables_kinds_and_rows(db, tmp_path):
    """It is JSON that other tools can read too."""
    filled(db).export(tmp_path / "out")
    page = json.loads((tmp_path / "out" / "manifest.json").read_text())
    tables = {t["name"]: (t["kind"], t["rows"], t["path"]) for t in page["tables"]}
    assert page["format"] == "parquet"
    assert (
        tables["issues"] == ("entity", 2, "issues.parquet")
        and tables["closed"] == ("view", 0, "")
        and tables["edges"][0] == "system"
    )


def test_an_export_shows_one_commit(db, tmp_path, monkeypatch):
    """What is written while it runs is not in it."""
    db.load("a", pl.DataFrame({"n": [1]}))
    db.load("b", pl.DataFrame({"n": [1]}))
    write = exports.SINKS["parquet"]

    def slow(source, path, keys):
        write(source, path, keys)
        db.sql("INSERT INTO b VALUES (2)")

    monkeypatch.setitem(exports.SINKS, "parquet", slow)
    assert db.export(tmp_path / "out", tables=["a", "b"])["rows"].to_list() == [1, 1]


def test_vectors_by_another_provider_are_computed_anew(tmp_path):
    """A table that is there already has its own provider, and keeps to it."""
    with rem.connect(embedder=lambda texts: [[1.0, 0.0]] * len(texts)) as db:
        db.insert("resources", CONTENT)
        db.export(tmp_path / "out", tables=["resources"])
    with rem.connect() as other:
        other.import_from(tmp_path / "out")
        assert other.vectors("resources").matrix.shape == (5, 512)


def test_edges_to_tables_that_stay_behind_dangle(db, tmp_path):
    """An end in a table that is not imported has none."""
    filled(db).export(tmp_path / "out", tables=["edges", "resources"])
    with rem.connect() as other:
        other.import_from(tmp_path / "out")
        assert sorted(other.sql("SELECT src_table, src, dst_table, dst FROM edges").rows()) == [
            (None, "i1", "resources", "r0"),
            (None, "i2", None, "nobody"),
        ]


def test_load_takes_a_file_of_an_export(db, tmp_path):
    """One file into one table: validated, upserted, with the vectors that it brings; few rows or many."""
    many = [{"id": f"m{i}", "name": "x", "content": "x", "embedding": [float(i % 7)] * 512} for i in range(21_000)]
    with rem.connect(background=False, embed="write") as source:
        source.load("resources", pl.DataFrame(many, schema_overrides={"embedding": pl.Array(pl.Float32, 512)}))
        source.export(tmp_path / "many", tables=["resources"])
    filled(db).export(tmp_path / "out", tables=["resources"])
    with rem.connect(background=False) as other:
        other.load("resources", tmp_path / "out" / "resources.parquet")
        assert other.vectors("resources").matrix[-1].tolist() == [0.5] * 512
        other.insert("resources", {"id": "m1", "name": "old", "content": "old"})
        assert other.load("resources", tmp_path / "many" / "resources.parquet") == 21_000
        found = other.sql("SELECT id, embedding FROM resources WHERE id IN ('m1', 'm20999')").rows()
        assert {i: v[0] for i, v in found} == {"m1": 1.0, "m20999": 20999 % 7}
    with pytest.raises(rem.InputError, match="vectors of 512 numbers"):
        db.load("resources", pl.DataFrame({"name": ["x"], "embedding": [[1.0]]}))
    with pytest.raises(rem.InputError, match="finite numbers only"):
        db.load("resources", pl.DataFrame({"name": ["x"], "embedding": [[float("nan")] * 512]}))


# --- what is refused


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"format": "xlsx"}, "no format 'xlsx'.*Formats: parquet, ipc"),
        ({"format": "lance", "partition_by": "n", "tables": ["t"]}, "lance has no partitions"),
        ({"partition_by": "n"}, 'no column "n" in'),
        ({"partition_by": "tags", "tables": ["issues"]}, "issues.tags is nested"),
        ({"tables": ["nope"]}, 'no table "nope"'),
        ({"tables": "t"}, "tables is a list of names, not 't'"),
    ],
)
def test_an_export_that_makes_no_sense_is_refused(db, tmp_path, options, text):
    """Before anything is written."""
    with pytest.raises(rem.InputError, match=text):
        filled(db).export(tmp_path / "out", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_not_touched(db, tmp_path):
    """Nothing is replaced; an empty folder is taken."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "empty").mkdir()
    with pytest.raises(rem.InputError, match="full exists; name a new folder"):
        db.export(tmp_path / "full")
    db.export(tmp_path / "empty", tables=["edges"])
    (tmp_path / "file").touch()
    with pytest.raises(rem.InputError, match="cannot be written"):
        db.export(tmp_path / "file" / "out")


@pytest.mark.parametrize(
    ("format_", "rows", "text"),
    [
        ("csv", pl.DataFrame({"b": [[b"x"]]}), '"b" holds BLOBs inside a list or struct'),
        ("parquet", pl.DataFrame({"s": [{}]}, schema={"s": pl.Struct({})}), "t cannot be written as parquet"),
        ("ipc", pl.DataFrame({"n": [2**127 - 1]}, schema={"n": pl.Int128}), "more than the 38 digits"),
    ],
)
def test_a_failure_leaves_nothing(db, tmp_path, format_, rows, text):
    """Neither the folder nor what was to become it."""
    db.load("t", rows)
    with pytest.raises(rem.RemError, match=text):
        db.export(tmp_path / "out", format=format_, tables=["t"])
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_killed_exports_are_removed(db, tmp_path):
    """By the next export to the same folder; those of a live process stay."""
    dead = int(run_python("import os; print(os.getpid())").stdout)
    (tmp_path / f"out.{dead}.writing").mkdir()
    (tmp_path / f"out.{os.getppid()}.writing").mkdir()
    db.export(tmp_path / "out", tables=["edges"])
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["out", f"out.{os.getppid()}.writing"])
    with pytest.raises(rem.InputError, match="did not come to its end"):
        db.import_from(tmp_path / f"out.{os.getppid()}.writing")


@pytest.mark.parametrize("library", ["deltalake", "lancedb"])
def test_without_the_library_the_error_says_so(db, tmp_path, monkeypatch, library):
    """Delta and Lance are extras."""
    format_ = {"deltalake": "delta", "lancedb": "lance"}[library]
    monkeypatch.setattr(f"rem_arrow.interop.{format_}.find_spec", lambda name: None)
    with pytest.raises(rem.UnsupportedError, match=rf"pip install 'rem_arrow\[{format_}\]'"):
        db.export(tmp_path / "out", format=format_, tables=["edges"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format_", ["delta", "lance"])
def test_delta_and_lance_come_back(db, tmp_path, format_):
    """With their libraries, as other tools write them."""
    pytest.importorskip({"delta": "deltalake", "lance": "lancedb"}[format_])
    filled(db)
    db.load("many", every_type(*(["time", "stamp_ns", "span", "nothing"] if format_ == "delta" else [])))
    db.load("empty", pl.DataFrame(schema={"n": pl.Int64}))
    db.export(tmp_path / "out", format=format_)
    with rem.connect() as other:
        other.import_from(tmp_path / "out")
        for table in ("many", "t", "resources", "edges", "empty"):
            same(db, other, table, by="ALL" if table == "t" else 1)
        same(db, other, "resources", "id", "id, embedding")


@pytest.mark.parametrize("format_", ["delta", "lance"])
def test_what_delta_and_lance_have_not_is_said(db, tmp_path, format_):
    """A type, or a table's name, that the library refuses."""
    pytest.importorskip({"delta": "deltalake", "lance": "lancedb"}[format_])
    db.load("a b", pl.DataFrame({"n": [EVERY["time"][0]]}))
    with pytest.raises(rem.InputError, match='a b.lance cannot be written|"n" holds TIME, for which Delta has no type'):
        db.export(tmp_path / "out", format=format_, tables=["a b"])


@pytest.mark.parametrize(
    ("column", "text"),
    [("stamp_ns", "holds nanoseconds, which Delta lacks"), ("span", "holds INTERVAL, for which Delta has no type")],
)
def test_types_that_delta_has_not(column, text):
    """They are refused before anything is written."""
    with pytest.raises(rem.InputError, match=text):
        delta.fitting(pl.Schema({"x": pl.List(EVERY[column].dtype)}))


def test_delta_partitions(db, tmp_path):
    """Delta parts a table by itself."""
    pytest.importorskip("deltalake")
    db.load("t", pl.DataFrame({"year": [1, 2, 2], "n": [1, 2, 3]}))
    db.export(tmp_path / "out", format="delta", tables=["t"], partition_by="year")
    assert (tmp_path / "out" / "t" / "year=1").is_dir()
    with rem.connect() as other:
        other.import_from(tmp_path / "out")
        same(db, other, "t", by="n")


# --- killed

_VICTIM = """
import os, signal, sys, polars as pl, rem_arrow as rem
from rem_arrow.interop import exports
if sys.argv[3] == "unfinished":
    exports.Manifest.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
db = rem.connect()
for i in range(3):
    db.load(f"t{i}", pl.DataFrame({"n": range(300_000), "s": [f"text number {j}" for j in range(300_000)]}))
print("ready", flush=True)
db.export(sys.argv[1], format=sys.argv[2])
print("done", flush=True)
"""


@pytest.mark.long
@pytest.mark.parametrize("format_", FORMATS)
def test_a_killed_export_leaves_nothing_that_looks_finished(tmp_path, format_):
    """Killed before the manifest is written the folder is not there; killed at any time it is whole or not there."""
    done = run_python(_VICTIM, tmp_path / "out", format_, "unfinished")
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "ready\n") and not (tmp_path / "out").exists()
    for turn in range(7):
        target = tmp_path / f"out{turn}"
        child = killed("-c", _VICTIM, target, format_, "", after_s=0.02 * turn)
        assert child.lines[0] == "ready"
        if target.exists():
            with rem.connect() as db:
                assert db.import_from(target)["rows"].sum() >= 900_000


def test_a_disk_that_fails_is_said(db, tmp_path, monkeypatch):
    """While the manifest is written, and while the folder gets its name."""

    def full(self, folder):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports.Manifest, "write", full)
    with pytest.raises(rem.ExecuteError, match=r"out: the disk is full.*No space left on device"):
        db.export(tmp_path / "out", tables=["edges"])
    assert list(tmp_path.iterdir()) == []


def test_delta_says_what_its_library_refuses(tmp_path):
    """A table that is there already."""
    pytest.importorskip("deltalake")
    rows = pa.table({"n": [1]})
    delta.write(rows.to_reader(), tmp_path / "t", [])
    with pytest.raises(rem.InputError, match="t cannot be written as a Delta table"):
        delta.write(rows.to_reader(), tmp_path / "t", [])

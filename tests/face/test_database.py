"""The public face: what each verb does, and what it refuses."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel, ConfigDict, Field

import rem_arrow as rem


class Issue(BaseModel):
    """An issue."""

    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["status"], "key_field": "code"})

    code: str
    status: Literal["open", "closed"] = "open"
    priority: int = Field(default=1, ge=0)
    tags: list[str] = []


@pytest.fixture
def db():
    with rem.connect() as database:
        database.register(Issue)
        yield database


def test_a_new_database_has_the_built_in_tables(db):
    """Resources, entities, moments, agents, sessions, messages and edges are there from the start."""
    names = set(db.tables()["name"])
    assert {"resources", "entities", "moments", "agents", "sessions", "messages", "edges", "issues"} == names


def test_insert_and_get(db):
    """One row gives its id, a list the ids; get gives a dict, a model or None."""
    one = db.insert("issues", {"code": "A"})
    many = db.insert("issues", [{"id": "b", "code": "B"}, Issue(code="C", priority=3)])
    assert db.get("issues", one)["code"] == "A"
    assert many[0] == "b"
    assert db.get("issues", many[1], as_model=True) == Issue(code="C", priority=3)
    assert db.get("issues", "nobody") is None
    assert sorted([one, many[1]]) == [one, many[1]], "generated ids ascend"


def test_insert_of_an_existing_id_replaces_and_keeps_created_at(db):
    """An upsert replaces the row; only created_at stays."""
    db.insert("issues", {"id": "a", "code": "A", "priority": 7})
    before = db.get("issues", "a")
    db.insert("issues", {"id": "a", "code": "B"})
    after = db.get("issues", "a")
    assert (after["code"], after["priority"]) == ("B", 1)
    assert after["created_at"] == before["created_at"]
    assert after["modified_at"] >= before["modified_at"]
    assert db.sql("SELECT COUNT(*) FROM issues").item() == 1


def test_delete_hides_insert_revives_purge_removes(db):
    """A deleted row leaves every query and lookup, and shows with include_deleted."""
    db.insert("issues", {"id": "a", "code": "A"})
    assert db.delete("issues", ["a", "nobody"]) == 1
    assert db.get("issues", "a") is None
    assert db.get("issues", "a", include_deleted=True)["deleted_at"] is not None
    assert db.sql("SELECT COUNT(*) FROM issues").item() == 0
    assert db.sql("SELECT COUNT(*) FROM issues", include_deleted=True).item() == 1
    assert db.lookup_entity("A").height == 0
    db.insert("issues", {"id": "a", "code": "A"})
    assert db.get("issues", "a")["deleted_at"] is None
    assert db.purge("issues", "a") == 1
    assert db.get("issues", "a", include_deleted=True) is None


def test_purge_takes_the_edges_with_it(db):
    """An edge at a purged entity is gone, the others stay; also when they lie in segments."""
    db.insert("issues", [{"id": i, "code": i} for i in "abc"])
    db.add_edges(pl.DataFrame({"src": ["a", "b", "c"], "dst": ["b", "c", "a"], "edge_type": ["blocks"] * 3}))
    db.compact()
    db.purge("issues", "b")
    assert db.sql("SELECT src, dst FROM edges").rows() == [("c", "a")]


def test_edges_are_upserts_and_may_dangle(db):
    """The same source, type and target is one edge; an end that nobody has yet dangles."""
    db.insert(
        "issues", {"id": "a", "code": "A"}, edges=[{"dst": "later", "edge_type": "blocks", "properties": {"why": 1}}]
    )
    db.add_edge("issues:a", "later", "blocks", weight=2.0)
    rows = db.sql("SELECT src_table, src, dst_table, dst, weight FROM edges").rows()
    assert rows == [("issues", "a", None, "later", 2.0)]


def test_an_ambiguous_end_is_refused(db):
    """An id in two tables must be written as table:id."""
    db.insert("issues", {"id": "x", "code": "X"})
    db.insert("entities", {"id": "x", "name": "X"})
    with pytest.raises(rem.InputError, match="write it as table:id"):
        db.add_edge("x", "y", "knows")
    db.add_edge("entities:x", "issues:x", "knows")
    assert db.sql("SELECT src_table, dst_table FROM edges").rows() == [("entities", "issues")]


def test_update_validates_the_whole_row(db):
    """update changes fields, and refuses what the model refuses."""
    db.insert("issues", {"id": "a", "code": "A"})
    db.update("issues", "a", {"priority": 4, "tags": ["x"]})
    assert (db.get("issues", "a")["priority"], db.get("issues", "a")["tags"]) == (4, ["x"])
    with pytest.raises(rem.InputError, match="priority"):
        db.update("issues", "a", {"priority": -4})
    with pytest.raises(rem.InputError, match="insert it first"):
        db.update("issues", "b", {"priority": 4})
    with pytest.raises(rem.InputError, match="cannot be changed"):
        db.update("issues", "a", {"id": "b"})


@pytest.mark.parametrize(
    "data",
    [
        pl.DataFrame({"a": [1, 2], "b": ["x", None]}),
        pl.LazyFrame({"a": [1, 2], "b": ["x", None]}),
        pa.table({"a": [1, 2], "b": ["x", None]}),
        pa.record_batch({"a": [1, 2], "b": ["x", None]}),
        pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
        [{"a": 1, "b": "x"}, {"a": 2, "b": None}],
        {"a": [1, 2], "b": ["x", None]},
        pa.RecordBatchReader.from_batches(
            pa.schema([("a", pa.int64()), ("b", pa.string())]), [pa.record_batch({"a": [1, 2], "b": ["x", None]})]
        ),
    ],
    ids=["polars", "lazy", "arrow", "batch", "pandas", "dicts", "columns", "reader"],
)
def test_load_takes_tables_of_any_kind(db, data):
    """Polars, pandas and Arrow objects and plain Python give the same table."""
    assert db.load("t", data) == 2
    assert db.sql("SELECT a, b FROM t ORDER BY a").rows() == [(1, "x"), (2, None)]


@pytest.mark.parametrize(
    ("suffix", "write"),
    [("parquet", "write_parquet"), ("csv", "write_csv"), ("ndjson", "write_ndjson"), ("arrow", "write_ipc")],
)
def test_load_takes_files(db, tmp_path, suffix, write):
    """Each kind of file by its ending."""
    path = tmp_path / f"f.{suffix}"
    getattr(pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}), write)(path)
    assert db.load("t", path) == 2
    assert db.sql("SELECT SUM(a) FROM t").item() == 3


def test_load_appends_and_checks_types(db):
    """A second load appends; a column that does not fit is refused and nothing is stored."""
    db.load("t", pl.DataFrame({"a": [1], "b": ["x"]}))
    db.load("t", pl.DataFrame({"b": ["y"], "a": pl.Series([2], dtype=pl.Int32)}))
    assert db.sql("SELECT a, b FROM t ORDER BY a").rows() == [(1, "x"), (2, "y")]
    for bad, match in [
        (pl.DataFrame({"a": ["no"], "b": ["z"]}), "is BIGINT, and the data holds VARCHAR"),
        (pl.DataFrame({"a": [3], "c": ["z"]}), 'no column "c"'),
        (pl.DataFrame({"a": [2**70], "b": ["z"]}, schema={"a": pl.Int128, "b": pl.String}), "a"),
    ]:
        with pytest.raises(rem.InputError, match=match):
            db.load("t", bad)
    assert db.sql("SELECT COUNT(*) FROM t").item() == 2


def test_a_large_load_of_entities_validates_indexes_and_replaces(db):
    """Many entities go to segments at once: ids and names are found, an id that exists is replaced, a bad row refuses
    all."""
    db.insert("issues", {"id": "i7", "code": "old", "priority": 9})
    rows = pl.DataFrame(
        {
            "id": [f"i{i}" for i in range(30_000)],
            "code": [f"Code {i}" for i in range(30_000)],
            "status": ["open", "closed"] * 15_000,
        }
    )
    assert db.load("issues", rows) == 30_000
    assert db.get("issues", "i7")["code"] == "Code 7"
    assert db.get("issues", "i29999")["priority"] == 1
    assert db.lookup_entity("code 12345")["id"].to_list() == ["i12345"]
    assert db.sql("SELECT COUNT(*) FROM issues").item() == 30_000
    bad = rows.with_columns(pl.lit("unknown").alias("status")).with_columns(("n" + pl.col("id")).alias("id"))
    with pytest.raises(rem.InputError, match='row 0: issues, field "status"'):
        db.load("issues", bad)
    with pytest.raises(rem.InputError, match="more than once"):
        db.load("issues", pl.concat([rows, rows]))
    assert db.sql("SELECT COUNT(*) FROM issues").item() == 30_000
    assert db.verify().height == 0


def test_empty_tables_answer(db):
    """Nothing in, nothing out, and no error."""
    db.load("t", pl.DataFrame(schema={"a": pl.Int64, "b": pl.List(pl.String)}))
    assert db.sql("SELECT * FROM t").schema == {"a": pl.Int64, "b": pl.List(pl.String)}
    assert db.sql("SELECT COUNT(*), SUM(a) FROM t").rows() == [(0, None)]
    assert db.scan("t").collect().height == 0
    assert db.insert("issues", []) == []


def test_scan_pushes_columns_filters_and_limits(db):
    """A LazyFrame over the table agrees with the table, in any combination."""
    db.load("t", pl.DataFrame({"a": np.arange(1000), "b": [str(i) for i in range(1000)]}))
    frame = db.scan("t")
    assert frame.filter(pl.col("a") >= 990).select("b").collect()["b"].to_list() == [str(i) for i in range(990, 1000)]
    assert frame.head(3).collect().height == 3
    assert frame.select(pl.len()).collect().item() == 1000
    assert frame.join(frame, on="a").collect().height == 1000
    assert frame.filter(pl.col("b") == "5").filter(pl.col("a") < 3).collect().height == 0


def test_unknown_names_are_refused_with_suggestions(db):
    """A misspelt table is named, and a near one suggested."""
    for call in (
        lambda: db.insert("isues", {}),
        lambda: db.get("isues", "a"),
        lambda: db.scan("isues"),
        lambda: db.schema("isues"),
    ):
        with pytest.raises(rem.InputError, match="Did you mean issues"):
            call()
    with pytest.raises(rem.InputError, match='no field "cod"'):
        db.insert("issues", {"cod": "A"})
    db.load("t", pl.DataFrame({"a": [1]}))
    with pytest.raises(rem.InputError, match="is a plain table"):
        db.insert("t", {"a": 1})


def test_bad_names_and_paths_are_refused(db, tmp_path):
    """Names that SQL cannot quote, files in the place of folders, folders of something else."""
    for name in ("", "a\nb", "x" * 300, "\ud800"):
        with pytest.raises(rem.InputError):
            db.load(name, pl.DataFrame({"a": [1]}))
    with pytest.raises(rem.InputError, match="differ in case only"):
        db.load("t", pl.DataFrame({"a": [1], "A": [2]}))
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(rem.InputError, match="is a file"):
        rem.connect(file)
    with pytest.raises(rem.InputError, match="holds other files"):
        rem.connect(tmp_path)
    with pytest.raises(rem.InputError, match="not a database"):
        rem.connect(tmp_path / "none", read_only=True)
    with pytest.raises(rem.InputError, match="tenant"):
        rem.connect(tmp_path / "t", tenant="")
    with pytest.raises(rem.InputError, match="memory_limit"):
        rem.connect(tmp_path / "t", memory_limit="lots")


@pytest.mark.parametrize("tenant", ["../x", "..", "/etc", "a/b", "vectors", "texts", "A", "é", "CON", "x" * 80])
def test_a_tenant_of_any_name_has_a_folder_below_tenants(tmp_path, tenant):
    """No name leads elsewhere, none is a folder of the database's own, and no two share one."""
    with rem.connect(tmp_path / "db") as db, rem.connect(tmp_path / "db", tenant=tenant) as own:
        assert own.path.parent == tmp_path / "db" / "tenants"
        assert own.path.name != rem.connect(tmp_path / "db", tenant=tenant + "2").path.name
        own.insert("entities", {"id": "x", "name": "X"})
        db.sql("CREATE INDEX i ON resources USING FTS (content)")
    rem.connect(tmp_path / "db").close()
    with rem.connect(tmp_path / "db", tenant=tenant) as own:
        assert own.get("entities", "x") is not None


def test_tenants_are_not_kept_behind_links(tmp_path):
    """A link in the place of a tenant's folder, or of the folder of all, is refused."""
    rem.connect(tmp_path / "db").close()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "db" / "tenants").mkdir()
    (tmp_path / "db" / "tenants" / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(rem.InputError, match="is a link"):
        rem.connect(tmp_path / "db", tenant="a")


def test_a_tenant_where_it_was_kept_before_is_not_overlooked(tmp_path):
    """It is refused with the way to move it, rather than shown empty."""
    rem.connect(tmp_path / "db" / "acme").close()
    with pytest.raises(rem.InputError, match="move that folder"):
        rem.connect(tmp_path / "db", tenant="acme")


def test_a_folder_has_one_writer_under_all_its_names(tmp_path, monkeypatch):
    """Relative or absolute, through a link or with dots: a second writer in this process is refused."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "db")
    with rem.connect("db") as db:
        db.insert("entities", {"id": "a", "name": "A"})
        for name in (tmp_path / "db", "./db/../db", "link", tmp_path / "link"):
            with pytest.raises(rem.ConflictError, match="open for writing already"):
                rem.connect(name)
        monkeypatch.chdir("/")
        db.insert("entities", {"id": "b", "name": "B"})
    with rem.connect(tmp_path / "link") as db:
        assert db.sql("SELECT count(*) FROM entities").item() == 2


def test_tenants_are_apart(tmp_path):
    """Nothing crosses from one tenant to another."""
    with rem.connect(tmp_path / "db", tenant="a") as a, rem.connect(tmp_path / "db", tenant="b") as b:
        a.insert("entities", {"id": "x", "name": "X"})
        assert b.get("entities", "x") is None


def test_every_exported_name_is_there():
    """What the package says it exports, it has; and nothing else is invented."""
    assert all(getattr(rem, name) is not None for name in rem.__all__)
    assert set(rem.__all__) <= set(dir(rem))
    with pytest.raises(AttributeError, match="nothing"):
        _ = rem.nothing


def test_a_value_over_one_gibibyte_is_refused(db, monkeypatch):
    """The bound on one value is checked before anything is stored (with a smaller bound here)."""
    from rem_arrow.storage import tail
    from rem_arrow.write import loader

    monkeypatch.setattr(loader, "VALUE_BYTES_MAX", 1000)
    monkeypatch.setattr(tail, "WRITE_BYTES_MAX", 1000)
    with pytest.raises(rem.InputError, match="1 GiB"):
        db.load("t", pl.DataFrame({"a": ["x" * 2000]}))
    with pytest.raises(rem.InputError, match="1 GiB"):
        db.insert("issues", {"code": "x" * 2000})
    assert "t" not in set(db.tables()["name"])
    assert db.sql("SELECT COUNT(*) FROM issues").item() == 0

"""Statements other than queries: what DuckDB means where it means the same, and what entity tables add to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

import rem_arrow as rem
from tests.effort import examples
from tests.fuzz.kinds import KINDS
from tests.patience import join, started
from tests.sql.compare import multiset


class Issue(BaseModel):
    """An issue."""

    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["status"], "key_field": "code"})

    code: str
    status: Literal["open", "closed"] = "open"
    priority: int = Field(default=1, ge=0)
    extra: dict[str, Any] = {}


@pytest.fixture
def db() -> Iterator[rem.Database]:
    with rem.connect(background=False) as database:
        database.register(Issue)
        yield database


def run(db: rem.Database, text: str) -> list[tuple[Any, ...]]:
    return db.sql(text).rows()


def run_with(db: rem.Database, text: str, parameters: Any) -> list[tuple[Any, ...]]:
    return db.sql(text, parameters).rows()


# --- plain tables, beside DuckDB

_SCRIPT = """
CREATE TABLE t (a INTEGER, b VARCHAR DEFAULT 'x', d DATE, n DECIMAL(10, 2), f DOUBLE)
INSERT INTO t VALUES (1, 'b', '2024-01-01', 1.5, 0.5), (2, NULL, NULL, NULL, NULL), (3, 'z', '2024-02-01', 2.5, -1)
INSERT INTO t (a) VALUES (7)
INSERT INTO t (b, a) VALUES (DEFAULT, '8'), ('y', 2.5)
INSERT INTO t BY NAME SELECT 5 AS a, 'named' AS b
INSERT INTO t DEFAULT VALUES
INSERT INTO t (a, f) SELECT a * 10, n FROM t WHERE n IS NOT NULL
WITH q AS (SELECT 100 AS a) INSERT INTO t (a) SELECT a FROM q
INSERT INTO t (a) SELECT 1 UNION ALL SELECT 2.7
UPDATE t SET a = a + 1, b = upper(b) WHERE a > 2
UPDATE t SET a = length(b), b = a::VARCHAR WHERE b IS NOT NULL
UPDATE t SET b = DEFAULT WHERE a IS NULL
UPDATE t SET (d, f) = ('2020-02-29', 1 / 4)
UPDATE t AS u SET f = s.y FROM (VALUES (1, 10.0), (3, 30.0)) AS s(x, y) WHERE u.a = s.x
DELETE FROM t WHERE f = 10
DELETE FROM t USING (VALUES (3)) AS s(x) WHERE t.a = s.x
CREATE TABLE u AS SELECT b, COUNT(*) AS c FROM t GROUP BY b
CREATE OR REPLACE TABLE u(x, y) AS SELECT a, f FROM t
ALTER TABLE u ADD COLUMN z INTEGER DEFAULT 3
INSERT INTO u (x) VALUES (77)
ALTER TABLE u RENAME COLUMN x TO w
ALTER TABLE u ALTER COLUMN w TYPE BIGINT
UPDATE u SET w = w + 3000000000
ALTER TABLE u DROP COLUMN y
ALTER TABLE u RENAME TO v
INSERT INTO v SELECT * FROM v
CREATE VIEW w AS SELECT w, z FROM v WHERE w > 3000000005
UPDATE v SET z = 4 WHERE w = 3000000077
TRUNCATE t
INSERT INTO t (a) VALUES (1)
DELETE FROM t
""".strip().splitlines()


@pytest.mark.parametrize("place", ["tail", "sealed"])
def test_a_script_leaves_the_same_rows_and_counts_as_in_duckdb(place: str) -> None:
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        for text in _SCRIPT:
            ours, theirs = db.sql(text), oracle.execute(text).fetchall()
            if ours.columns == ["count"]:
                assert ours.rows() == theirs, text
            if place == "sealed":
                db.compact()
            for (name,) in oracle.execute("SHOW TABLES").fetchall():
                query = f"SELECT * FROM {name}"
                assert multiset(run(db, query)) == multiset(oracle.execute(query).fetchall()), f"{name} after {text}"
        assert db.verify().height == 0


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO t (a) VALUES (9) RETURNING *",
        "INSERT INTO t VALUES (9, 'q') RETURNING a + 1 AS more, upper(b)",
        "UPDATE t SET a = a * 2 WHERE a > 1 RETURNING t.a, b",
        "DELETE FROM t WHERE a = 2 RETURNING *",
        "UPDATE t SET a = 1 WHERE false RETURNING a",
        "DELETE FROM t AS x WHERE x.a = 1 RETURNING x.b",
    ],
)
def test_returning_gives_the_rows_that_were_written(db: rem.Database, text: str) -> None:
    with duckdb.connect() as oracle:
        for setup in (
            "CREATE TABLE t (a INTEGER, b VARCHAR DEFAULT 'x')",
            "INSERT INTO t VALUES (1, 'p'), (2, 'q'), (3, NULL)",
        ):
            db.sql(setup)
            oracle.execute(setup)
        expected = oracle.execute(text)
        names = [c[0] for c in expected.description or []]
        found = db.sql(text)
        assert multiset(found.rows()) == multiset(expected.fetchall())
        assert [n.lower() for n in found.columns] == [n.lower() for n in names]


_VALUE = st.one_of(st.none(), st.integers(-5, 5))


def _sql(value: int | None) -> str:
    return "NULL" if value is None else str(value)


_STEP = st.one_of(
    st.tuples(st.just("INSERT INTO t VALUES ({0}, {1})"), _VALUE, _VALUE),
    st.tuples(st.just("INSERT INTO t (b) VALUES ({0}), ({1})"), _VALUE, _VALUE),
    st.tuples(st.just("INSERT INTO t SELECT a, {0} FROM t WHERE b < {1}"), _VALUE, _VALUE),
    st.tuples(st.just("UPDATE t SET a = {0} WHERE b = {1}"), _VALUE, _VALUE),
    st.tuples(st.just("UPDATE t SET a = b, b = a WHERE a > {0} OR b IS NOT DISTINCT FROM {1}"), _VALUE, _VALUE),
    st.tuples(st.just("UPDATE t SET b = s.y FROM (VALUES ({0}, {1})) AS s(x, y) WHERE t.a = s.x"), _VALUE, _VALUE),
    st.tuples(st.just("DELETE FROM t WHERE a = {0} AND b <= {1}"), _VALUE, _VALUE),
    st.tuples(st.just("DELETE FROM t USING (VALUES ({0}::INTEGER)) AS s(x) WHERE t.a = s.x"), _VALUE, _VALUE),
    st.tuples(st.just("TRUNCATE t"), _VALUE, _VALUE),
    st.tuples(st.just("compact"), _VALUE, _VALUE),
    st.tuples(st.sampled_from(["BEGIN", "COMMIT", "ROLLBACK"]), _VALUE, _VALUE),
)


@settings(max_examples=examples(15))
@given(st.lists(_STEP, min_size=1, max_size=25))
def test_random_statements_leave_the_same_rows_as_in_duckdb(steps: list[tuple[str, int | None, int | None]]) -> None:
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        begun = False
        for target in (db.sql, oracle.execute):
            target("CREATE TABLE t (a INTEGER DEFAULT 1, b INTEGER)")
            target("INSERT INTO t VALUES (0, 0), (1, 2), (2, 1), (NULL, 3)")
        for form, x, y in steps:
            if form == "compact":
                db.compact()
                continue
            if form in ("BEGIN", "COMMIT", "ROLLBACK"):
                if (form == "BEGIN") == begun:
                    continue
                begun = not begun
            text = form.format(_sql(x), _sql(y))
            ours, theirs = db.sql(text), oracle.execute(text).fetchall()
            if ours.columns == ["count"]:
                assert ours.rows() == theirs, text
            assert multiset(run(db, "SELECT * FROM t")) == multiset(oracle.execute("SELECT * FROM t").fetchall()), text


def test_values_of_types_that_sql_does_not_compute_pass_through(db: rem.Database) -> None:
    """Categories, enums, structs, lists and bytes of a loaded table live through UPDATE, and take NULL."""
    columns = {
        "c": pl.Series(["a", "b"], dtype=pl.Categorical),
        "e": pl.Series(["x", "y"], dtype=pl.Enum(["x", "y"])),
        "s": [{"k": 1}, {"k": 2}],
        "l": [[1], [2]],
        "y": [b"1", b"2"],
    }
    db.load("t", pl.DataFrame({"a": [1, 2], **columns}))
    db.sql("UPDATE t SET c = 'new', e = 'y', a = a WHERE a = 1")
    db.sql("UPDATE t SET s = NULL, l = NULL, y = 'abc' WHERE a = 2")
    db.sql("INSERT INTO t SELECT 3, 'q', NULL, NULL, NULL, NULL; INSERT INTO t VALUES (4, 'r', 'x', NULL, NULL, NULL)")
    expected = [
        (1, "new", "y", {"k": 1}, [1], b"1"),
        (2, "b", "y", None, None, b"abc"),
        (3, "q", None, None, None, None),
        (4, "r", "x", None, None, None),
    ]
    assert run(db, "SELECT * FROM t ORDER BY a") == expected
    db.compact()
    assert run(db, "SELECT * FROM t ORDER BY a") == expected
    with pytest.raises(rem.InputError, match='column "e" of t is ENUM'):
        db.sql("UPDATE t SET e = 'zzz'")


def test_many_rows_are_updated_and_deleted_in_segments(db: rem.Database) -> None:
    """No row passes through the tail."""
    db.load("big", pl.DataFrame({"a": range(300_000), "b": [str(i % 7) for i in range(300_000)]}))
    before = db.stats()["tables"]["big"]
    assert db.sql("UPDATE big SET a = a + 1, b = b || '!'").item() == 300_000
    after = db.stats()["tables"]["big"]
    assert (after["segments"], after["tail_rows"]) == (2 * before["segments"], 0)
    assert db.sql("DELETE FROM big WHERE a % 2 = 0").item() == 150_000
    assert db.stats()["tables"]["big"] == {**after, "rows": 150_000, "dead_rows": 450_000}
    assert run(db, "SELECT COUNT(*), MIN(a), MAX(a), COUNT(DISTINCT b) FROM big") == [(150_000, 1, 299_999, 7)]
    db.compact()
    assert run(db, "SELECT COUNT(*), MIN(a), MAX(a), COUNT(DISTINCT b) FROM big") == [(150_000, 1, 299_999, 7)]
    assert db.verify().height == 0


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "x") as db:
        db.sql(
            "CREATE TABLE t (a INTEGER, b VARCHAR DEFAULT 'x'); INSERT INTO t (a) VALUES (1), (2), (3); UPDATE t SET "
            "a = a + 10 WHERE a > 1; DELETE FROM t WHERE a = 12"
        )
        db.sql(
            "CREATE VIEW v AS SELECT a FROM t; CREATE INDEX i ON t (a); CREATE TABLE gone (a INTEGER); INSERT INTO "
            "gone VALUES (1); DROP TABLE gone"
        )
        db.sql("ALTER TABLE t ADD COLUMN c INTEGER DEFAULT 9")
    with rem.connect(tmp_path / "x") as db:
        assert run(db, "SELECT * FROM t ORDER BY a") == [(1, "x", 9), (13, "x", 9)]
        assert run(db, "SELECT * FROM v ORDER BY a") == [(1,), (13,)]
        assert "by index a" in db.explain("SELECT * FROM t WHERE a = 13", analyze=True)
        assert db.verify().height == 0
    with rem.connect(tmp_path / "x", read_only=True) as reader:
        assert run(reader, "SELECT COUNT(*) FROM v") == [(2,)]
        for text in (
            "INSERT INTO t (a) VALUES (1)",
            "UPDATE t SET a = 1",
            "DELETE FROM t",
            "CREATE TABLE u (a INTEGER)",
            "DROP VIEW v",
            "CREATE INDEX j ON t (a)",
        ):
            with pytest.raises(rem.InputError, match="open for reading only"):
                reader.sql(text)


# --- entity tables


def test_entities_are_validated_replaced_and_revived(db: rem.Database) -> None:
    """An INSERT of an id that exists replaces the row; DELETE is soft; a row that does not fit refuses the whole
    statement."""
    db.sql("INSERT INTO issues (id, code, extra) VALUES ('a', 'A', '{\"k\": [1]}')")
    db.sql("INSERT INTO issues (id, code) VALUES ('b', 'B'), (NULL, 'C')")
    assert db.get("issues", "a")["extra"] == {"k": [1]}
    assert db.sql("UPDATE issues SET priority = priority + 4 WHERE code IN ('A', 'B')").item() == 2
    with pytest.raises(rem.InputError, match='row 0: issues, field "priority"'):
        db.sql("UPDATE issues SET priority = priority - 9 WHERE id = 'a'")
    with pytest.raises(rem.InputError, match='field "status"'):
        db.sql("INSERT INTO issues (code, status) VALUES ('D', 'open'), ('E', 'broken')")
    with pytest.raises(rem.InputError, match="got None"):
        db.sql("INSERT INTO issues (code, priority) VALUES ('D', NULL)")
    assert run(db, "SELECT id, priority FROM issues WHERE id IN ('a', 'b') ORDER BY id") == [("a", 5), ("b", 5)]
    assert run(db, "SELECT COUNT(*) FROM issues") == [(3,)]
    db.sql("INSERT INTO issues (id, code) VALUES ('a', 'Z')")
    assert (db.get("issues", "a")["code"], db.get("issues", "a")["priority"]) == ("Z", 1)
    assert db.sql("DELETE FROM issues WHERE code = 'Z'").item() == 1
    assert db.get("issues", "a") is None
    assert db.get("issues", "a", include_deleted=True)["deleted_at"] is not None
    db.sql("INSERT INTO issues (id, code) VALUES ('a', 'A') ON CONFLICT DO NOTHING")
    assert db.get("issues", "a")["code"] == "A"
    assert db.lookup_entity("B")["id"].to_list() == ["b"]


def test_positional_rows_may_leave_out_what_the_database_gives(db: rem.Database) -> None:
    db.sql("INSERT INTO issues VALUES ('a', 'A', 'open', 2, '{}')")
    db.sql("CREATE TABLE copied AS SELECT * FROM issues")
    db.sql("DELETE FROM issues")
    assert db.sql("INSERT INTO issues SELECT * FROM copied").item() == 1
    assert run(db, "SELECT id, code, status, priority FROM issues") == [("a", "A", "open", 2)]
    with pytest.raises(rem.BindError, match="8 columns of issues are to be filled, and 2 values are given"):
        db.sql("INSERT INTO issues VALUES ('a', 'A')")


def test_on_conflict_means_what_duckdb_means(db: rem.Database) -> None:
    with duckdb.connect() as oracle:
        oracle.execute("CREATE TABLE issues (id VARCHAR PRIMARY KEY, code VARCHAR, priority BIGINT DEFAULT 1)")
        for text in (
            "INSERT INTO issues (id, code, priority) VALUES ('a', 'A', 5), ('b', 'B', 6)",
            "INSERT INTO issues (id, code, priority) VALUES ('a', 'X', 1), ('c', 'C', 1), ('c', 'D', 2) ON CONFLICT "
            "DO NOTHING",
            "INSERT OR IGNORE INTO issues (id, code) VALUES ('a', 'X'), ('d', 'D')",
            "INSERT INTO issues (id, code, priority) VALUES ('a', 'X', 7), ('e', 'E', 1) ON CONFLICT (id) DO UPDATE "
            "SET priority = excluded.priority + issues.priority",
            "INSERT INTO issues AS i (id, code, priority) VALUES ('b', 'Y', 7), ('a', 'Y', 7) ON CONFLICT (id) DO "
            "UPDATE SET code = excluded.code WHERE i.priority < 10",
            "INSERT OR REPLACE INTO issues (id, code, priority) VALUES ('a', 'R', 3)",
        ):
            assert db.sql(text).columns == ["count"]
            oracle.execute(text)
            query = "SELECT id, code, priority FROM issues ORDER BY id"
            assert run(db, query) == oracle.execute(query).fetchall(), text


def test_values_may_name_an_entity_table(db: rem.Database) -> None:
    """entity_table() stands in VALUES as in a SELECT."""
    run(db, "CREATE TABLE seen (name VARCHAR)")
    run(db, "INSERT INTO seen VALUES (entity_table('ISSUES'))")
    assert run(db, "SELECT name FROM seen") == [("issues",)]
    with pytest.raises(rem.BindError, match='no entity table "seen"'):
        run(db, "INSERT INTO seen VALUES (entity_table('seen'))")


def test_edges_by_sql_are_upserts_by_their_ends_and_type(db: rem.Database) -> None:
    db.sql("INSERT INTO issues (id, code) VALUES ('a', 'A'), ('b', 'B')")
    db.sql(
        "INSERT INTO edges (src, dst, edge_type, weight) VALUES ('a', 'b', 'blocks', 1), ('issues:b', 'later', "
        "'blocks', 2)"
    )
    db.sql(
        "INSERT INTO edges (src, dst, edge_type, weight) SELECT src, dst, edge_type, weight + 10 FROM edges WHERE "
        "src = 'a'"
    )
    db.sql("UPDATE edges SET weight = weight * 2 WHERE dst = 'later'")
    assert run(db, "SELECT src_table, src, dst_table, dst, weight FROM edges ORDER BY src") == [
        ("issues", "a", "issues", "b", 11.0),
        ("issues", "b", None, "later", 4.0),
    ]
    assert db.sql("DELETE FROM edges WHERE src = 'a'").item() == 1
    db.sql("DROP TABLE issues")
    assert run(db, "SELECT COUNT(*) FROM edges") == [(0,)]


# --- transactions


def test_begin_holds_for_its_thread_until_commit(db: rem.Database) -> None:
    """Other threads see nothing of it before; the verbs of Python take part in it."""
    db.sql(
        "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2); UPDATE t SET a = a * 10"
    )
    db.insert("issues", {"id": "x", "code": "X"})
    seen: list[Any] = []
    join(started(lambda: seen.append((run(db, "SELECT a FROM t"), db.get("issues", "x")))))
    assert seen == [([(1,)], None)]
    assert run(db, "SELECT a FROM t ORDER BY a") == [(10,), (20,)]
    db.sql("COMMIT")
    assert run(db, "SELECT a FROM t ORDER BY a") == [(10,), (20,)]
    assert db.get("issues", "x")["code"] == "X"
    db.sql("START TRANSACTION; DELETE FROM t; ABORT")
    assert run(db, "SELECT COUNT(*) FROM t") == [(2,)]


def test_the_first_to_commit_a_row_wins(db: rem.Database) -> None:
    db.sql("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2); BEGIN; UPDATE t SET a = 100 WHERE a = 1")
    join(started(lambda: db.sql("UPDATE t SET a = 7 WHERE a = 1")))
    with pytest.raises(rem.ConflictError, match="run it again"):
        db.sql("COMMIT")
    assert run(db, "SELECT a FROM t ORDER BY a") == [(2,), (7,)]
    with pytest.raises(rem.InputError, match="no transaction is open"):
        db.sql("ROLLBACK")


@pytest.mark.parametrize("sealed", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_default_has_any_type(tmp_path, sealed):
    """Rows of before and new rows have it, in the tail, in a segment and after reopening."""
    defaults = {
        f"{name}_{i}": f"({literal})::{kind.type}"
        for name, kind in KINDS.items()
        for i, literal in enumerate((*kind.tame[:2], *kind.wild[:2]))
    }
    with rem.connect(tmp_path / "db", background=False) as db:
        db.sql("CREATE TABLE t (id BIGINT); INSERT INTO t VALUES (1)")
        if sealed:
            db.compact()
        for name, default in defaults.items():
            db.sql(f"ALTER TABLE t ADD COLUMN {name} {default.rsplit('::', 1)[1]} DEFAULT {default}")
        db.sql("INSERT INTO t (id) VALUES (2)")
    shown = [f"epoch_us({n})" if n.startswith("tz") else n for n in defaults]
    with rem.connect(tmp_path / "db", background=False) as db:
        found = db.sql(f"SELECT {', '.join(shown)} FROM t").rows()
    duckdb.sql("SET timezone = 'UTC'")
    values = [f"epoch_us({d})" if n.startswith("tz") else d for n, d in defaults.items()]
    assert multiset(found) == multiset(duckdb.sql(f"SELECT {', '.join(values)}").fetchall() * 2)


@pytest.mark.parametrize(
    ("change", "what"), [("ALTER TABLE t ADD COLUMN b INTEGER", "changed"), ("DROP TABLE t", "dropped")]
)
def test_a_transaction_does_not_write_into_a_table_that_changed(db: rem.Database, change: str, what: str) -> None:
    db.sql("CREATE TABLE t (a INTEGER)")
    tx = db.transaction()
    tx.sql("INSERT INTO t VALUES (1)")
    db.sql(change)
    with pytest.raises(rem.ConflictError, match=f"the table t that this transaction writes was {what} meanwhile"):
        tx.commit()


def test_a_transaction_in_python_takes_statements(db: rem.Database) -> None:
    db.sql("CREATE TABLE t (a INTEGER)")
    with db.transaction() as tx:
        assert tx.sql("INSERT INTO t VALUES (1), (2), (3)").item() == 3
        assert tx.sql("UPDATE t SET a = a + 1 WHERE a > 1").item() == 2
        assert tx.sql("DELETE FROM t WHERE a = 1 RETURNING a").rows() == [(1,)]
        assert run(db, "SELECT COUNT(*) FROM t") == [(0,)]
    assert run(db, "SELECT a FROM t ORDER BY a") == [(3,), (4,)]


def test_no_update_is_lost_between_threads(db: rem.Database) -> None:
    db.sql("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (0)")
    join(started(*[lambda: [db.sql("UPDATE t SET a = a + 1") for _ in range(20)]] * 4))
    assert run(db, "SELECT a FROM t") == [(80,)]


def test_a_statement_that_fails_stores_nothing(db: rem.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when a row does not fit, and not when the disk refuses the batch."""
    db.sql("CREATE TABLE t (a TINYINT NOT NULL, b INTEGER); INSERT INTO t VALUES (1, 1), (100, 2)")
    for text in (
        "UPDATE t SET a = a * 2",
        "INSERT INTO t VALUES (2, 2), (NULL, 3)",
        "INSERT INTO t SELECT b, a FROM t UNION ALL SELECT 300, 1",
        "UPDATE t SET a = NULL WHERE b = 2",
    ):
        with pytest.raises(rem.RemError):
            db.sql(text)
        assert run(db, "SELECT * FROM t ORDER BY a") == [(1, 1), (100, 2)], text

    def full(*_: object, **__: object) -> None:
        raise rem.ExecuteError("the disk is full")

    monkeypatch.setattr(db._instance.store.kv, "write", full)
    for text in (
        "UPDATE t SET b = 9",
        "DELETE FROM t",
        "INSERT INTO t VALUES (5, 5)",
        "CREATE TABLE u AS SELECT * FROM t",
        "ALTER TABLE t RENAME TO s",
        "DROP TABLE t",
    ):
        with pytest.raises(rem.ExecuteError, match="disk is full"):
            db.sql(text)
    monkeypatch.undo()
    assert run(db, "SELECT * FROM t ORDER BY a") == [(1, 1), (100, 2)]
    assert run(db, "SELECT COUNT(*) FROM t") == [(2,)]
    assert set(db.sql("SHOW TABLES")["name"]) >= {"t"} and "u" not in set(db.sql("SHOW TABLES")["name"])


# --- views and indexes


def test_a_view_is_its_query_where_it_is_named(db: rem.Database) -> None:
    db.sql("CREATE TABLE t (a INTEGER, b VARCHAR); INSERT INTO t VALUES (1, 'x'), (2, 'y')")
    db.sql(
        'CREATE VIEW v(p, "q r") AS WITH c AS (SELECT * FROM t) SELECT a + 1, b FROM c; CREATE VIEW w AS SELECT p '
        "FROM v WHERE p > 2"
    )
    assert run(db, 'SELECT p, "q r" FROM v ORDER BY p') == [(2, "x"), (3, "y")]
    assert run(db, "SELECT x.p FROM w AS x, w AS y") == [(3,)]
    assert run(db, "WITH t AS (SELECT 99 AS a) SELECT p FROM w") == [(3,)], "a view does not see the CTEs around it"
    assert db.sql("DESCRIBE v")["column_name"].to_list() == ["p", "q r"]
    assert db.tables().filter(pl.col("kind") == "view")["name"].to_list() == ["v", "w"]
    assert db.schema("v")["column"].to_list() == ["p", "q r"]
    assert db.scan("w").collect().rows() == [(3,)]
    db.sql("CREATE OR REPLACE VIEW w AS SELECT 5 AS five")
    assert run(db, "SELECT * FROM w") == [(5,)]
    with pytest.raises(rem.BindError, match='the view "v" reads itself'):
        db.sql("CREATE OR REPLACE VIEW v AS SELECT * FROM v")
    db.sql("CREATE VIEW u AS SELECT * FROM v")
    with pytest.raises(rem.BindError, match="reads itself"):
        db.sql("CREATE OR REPLACE VIEW v AS SELECT p FROM u")
    db.sql("ALTER TABLE t RENAME COLUMN b TO c")
    with pytest.raises(rem.BindError, match='the view "v" does not work any more: no column "b"'):
        db.sql("SELECT * FROM v")


def test_an_index_finds_rows_wherever_they_are(db: rem.Database) -> None:
    db.load("t", pl.DataFrame({"a": range(30_000), "b": [f"n{i % 5000}" for i in range(30_000)]}))
    db.sql("INSERT INTO t VALUES (-1, 'n7'); CREATE INDEX by_b ON t (b); INSERT INTO t VALUES (-2, 'n7')")
    assert "by index b" in db.explain("SELECT * FROM t WHERE b = 'n7'", analyze=True)
    assert run(db, "SELECT COUNT(*) FROM t WHERE b = 'n7'") == [(8,)]
    db.sql("UPDATE t SET b = 'moved' WHERE a IN (7, -1); DELETE FROM t WHERE a = -2")
    for _ in range(2):
        assert run(db, "SELECT a FROM t WHERE b = 'moved' ORDER BY a") == [(-1,), (7,)]
        assert run(db, "SELECT COUNT(*) FROM t WHERE b = 'n7'") == [(5,)]
        db.compact()
    db.sql("DROP INDEX by_b")
    assert "by index" not in db.explain("SELECT * FROM t WHERE b = 'n7'", analyze=True)
    db.sql("CREATE INDEX by_priority ON issues (priority)")
    db.register(Issue)
    assert db.schema("issues").filter(pl.col("indexed"))["column"].to_list() == ["status", "priority"]


def test_an_index_on_several_columns_finds_each_of_them(db: rem.Database) -> None:
    db.load("t", pl.DataFrame({"a": range(3000), "b": [i % 100 for i in range(3000)]}))
    db.sql("CREATE INDEX i ON t (b, a); CREATE UNIQUE INDEX u ON t (a, b)")
    for where, rows in (("b = 7", 30), ("a = 7", 1), ("a = 107 AND b = 7", 1)):
        assert "by index" in db.explain(f"SELECT * FROM t WHERE {where}", analyze=True)
        assert run(db, f"SELECT COUNT(*) FROM t WHERE {where}") == [(rows,)]
    listed = "SELECT index_name, is_unique, expressions, sql FROM duckdb_indexes() WHERE table_name = 't' ORDER BY ALL"
    assert run(db, listed) == [
        ("i", False, "[b, a]", "CREATE INDEX i ON t(b, a);"),
        ("u", True, "[a, b]", "CREATE UNIQUE INDEX u ON t(a, b);"),
    ]
    db.sql("DROP INDEX i")
    assert [row[0] for row in run(db, listed)] == ["u"]


def test_a_name_of_an_index_counts_in_its_schema(db: rem.Database) -> None:
    db.sql("CREATE SCHEMA s; CREATE TABLE t (a INTEGER); CREATE TABLE s.t (a INTEGER)")
    db.sql("CREATE INDEX i ON t (a); CREATE INDEX i ON s.t (a)")
    with pytest.raises(rem.BindError, match="there is an index i on s.t already"):
        db.sql("CREATE INDEX i ON s.t (a)")
    left = "SELECT schema_name FROM duckdb_indexes() WHERE index_name = 'i' ORDER BY ALL"
    db.sql("DROP INDEX s.i")
    assert run(db, left) == [("main",)]
    with pytest.raises(rem.BindError, match='no index "i"'):
        db.sql("DROP INDEX s.i")
    db.sql("DROP INDEX i")
    assert run(db, left) == []


# --- what there is, files


def test_describe_and_show_agree_with_duckdb(db: rem.Database) -> None:
    with duckdb.connect() as oracle:
        text = "CREATE TABLE t (a INTEGER NOT NULL, b VARCHAR, c DECIMAL(9, 3), d TIMESTAMP)"
        db.sql(text)
        oracle.execute(text)
        for query in ("DESCRIBE t", "DESCRIBE SELECT a + 1 AS x, b, c AS y FROM t"):
            assert run(db, query) == oracle.execute(query).fetchall()
    assert "t" in db.sql("SHOW TABLES")["name"].to_list()
    assert run(db, "SHOW t") == run(db, "DESCRIBE t")
    assert "a" in db.sql("SHOW ALL TABLES").filter(pl.col("name") == "t")["column_names"].item()


def test_summarize_agrees_with_duckdb(db: rem.Database) -> None:
    rows = (
        "CREATE TABLE t AS SELECT a, a * 1.5::DOUBLE AS f, 'n' || a AS s FROM (VALUES (1), (2), (3), (NULL), (9)) v(a)"
    )
    with duckdb.connect() as oracle:
        oracle.execute(rows)
        db.sql(rows)
        wanted = "column_name, column_type, min, max, count, null_percentage"
        expected = oracle.execute(f"SELECT {wanted} FROM (SUMMARIZE t)").fetchall()
        found = db.sql("SUMMARIZE t").select(wanted.split(", "))
        assert multiset(found.rows()) == multiset(expected)
        assert db.sql("SUMMARIZE SELECT a FROM t")["avg"].item() == "3.75"


def test_explain_is_the_plan_as_rows(db: rem.Database) -> None:
    db.sql("CREATE TABLE t (a INTEGER)")
    assert any("Scan t" in line for line in db.sql("EXPLAIN SELECT * FROM t")["plan"])
    assert "rows" in db.sql("EXPLAIN ANALYZE SELECT * FROM t WHERE a > $least", {"least": 1})["plan"][0]


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("parquet", ""),
        ("csv", ""),
        ("csv", "(HEADER false, DELIMITER '|')"),
        ("ndjson", ""),
        ("arrow", ""),
        ("dat", "(FORMAT parquet)"),
        ("csv.gz", ""),
        ("csv", "(COMPRESSION zstd)"),
        ("json", "(ARRAY)"),
    ],
)
def test_copy_writes_a_file_and_reads_it_back(db: rem.Database, tmp_path: Path, ending: str, options: str) -> None:
    path = tmp_path / f"f.{ending}"
    db.sql(
        "CREATE TABLE t (a INTEGER, b VARCHAR, d DATE, n DECIMAL(8, 2)); INSERT INTO t VALUES (1, '007', "
        "'2024-01-01', 1.25), (2, NULL, NULL, NULL)"
    )
    assert db.sql(f"COPY t TO '{path}' {options}").item() == 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert db.sql(f"COPY t FROM '{path}' {options}").item() == 2
    assert multiset(run(db, "SELECT * FROM t")) == multiset(run(db, "SELECT * FROM t LIMIT 2") * 2)
    assert db.sql(f"COPY (SELECT b FROM t WHERE a = 1) TO '{path}' {options}").item() == 2
    assert db.sql(f"COPY t (b) FROM '{path}' {options}").item() == 2
    assert run(db, "SELECT COUNT(*) FROM t WHERE b = '007' AND a IS NULL") == [(2,)]


def test_copy_that_fails_leaves_the_old_file_and_the_old_rows(db: rem.Database, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("a\n1\nx\n")
    db.sql("CREATE TABLE t (a INTEGER)")
    with pytest.raises(rem.InputError, match='a value does not fit the column "a" of t, which is INTEGER'):
        db.sql(f"COPY t FROM '{path}'")
    with pytest.raises(rem.RemError):
        db.sql(f"COPY (SELECT 1 // 0) TO '{path}'")
    assert path.read_text() == "a\n1\nx\n"
    assert [p.name for p in tmp_path.iterdir()] == ["f.csv"]
    assert run(db, "SELECT COUNT(*) FROM t") == [(0,)]


# --- what is refused, and how

_REFUSED = [
    ("INSERT INTO tt VALUES (1)", 'no table "tt"'),
    ("INSERT INTO t (aa) VALUES (1)", 'no column "aa" in t'),
    ("INSERT INTO t (a, A) VALUES (1, 2)", 'the column "a" is named twice'),
    ("INSERT INTO t VALUES (1)", "2 columns of t are to be filled, and 1 values are given"),
    ("INSERT INTO t (a) VALUES ('x')", 'a value does not fit the column "a" of t, which is INTEGER'),
    ("INSERT INTO t (a) VALUES (DATE '2020-01-01')", 'the column "a" of t is INTEGER, and the value is DATE'),
    ("INSERT INTO t (a) VALUES (3000000000)", 'does not fit the column "a"'),
    ("INSERT INTO t VALUES (NULL, 'x')", 'field "a" must not be NULL'),
    ("INSERT INTO t (b) VALUES ('x')", 't needs the column "a"'),
    ("INSERT INTO t BY NAME SELECT 1 AS z", 'no column "z" in t'),
    ("INSERT INTO t VALUES (1, 'x') ON CONFLICT DO NOTHING", "has no key, so its rows do not conflict"),
    (
        "INSERT INTO edges (src, dst, edge_type) VALUES ('a', 'b', 'c') ON CONFLICT DO NOTHING",
        "there is no ON CONFLICT for edges",
    ),
    ("INSERT INTO issues (id, code) VALUES ('a', 'A'), ('a', 'B')", "the id 'a' comes more than once"),
    (
        "INSERT INTO issues (id, code) VALUES ('a', 'A'), ('a', 'B') ON CONFLICT DO UPDATE SET code = 'C'",
        "changes a row once",
    ),
    (
        "INSERT INTO issues (id, code) VALUES ('a', 'A') ON CONFLICT (code) DO NOTHING",
        'identified by "id", not by "code"',
    ),
    ("INSERT INTO issues (id, code) VALUES ('a', DEFAULT), ('b', 'B')", "DEFAULT beside values"),
    (
        "INSERT INTO issues (id, code, deleted_at) VALUES ('a', 'A', '2024-01-01')",
        "deleted_at of issues is set by DELETE",
    ),
    ("INSERT INTO v VALUES (1)", "v is a view, and holds no rows to change"),
    ("INSERT INTO s.t VALUES (1)", 'no schema "s"'),
    ("UPDATE t SET aa = 1", 'no column "aa" in t'),
    ("UPDATE t SET a = 1, a = 2", 'the column "a" is set twice'),
    ("UPDATE t SET (a, b) = (1, 2, 3)", "takes as many values"),
    ("UPDATE issues SET id = 'x'", "the id of a row of issues cannot be changed"),
    ("UPDATE issues SET modified_at = NULL", "modified_at of issues is set by the database"),
    ("UPDATE edges SET src = 'x'", "of an edge only properties and weight can be changed"),
    ("UPDATE t SET a = sum(a)", "an aggregate cannot stand in SET"),
    ("UPDATE t SET a = rowid", 'no column "rowid" in t'),
    ("CREATE TABLE n (a INTEGER DEFAULT 'x')", 'does not fit the column "a" of n'),
    ("DELETE FROM t WHERE aa = 1", 'no column "aa" in t'),
    ("CREATE TABLE t (a INTEGER)", "the table t exists already"),
    ("CREATE TABLE v (a INTEGER)", "there is a view v already"),
    ("CREATE TABLE n (a INTEGER PRIMARY KEY, b INTEGER PRIMARY KEY)", "a table has one primary key"),
    ("CREATE TABLE n (a INTEGER, PRIMARY KEY (z))", 'no column "z" in n'),
    ("CREATE TABLE n (a INTEGER, UNIQUE (a, a))", 'the column "a" is named twice'),
    ("CREATE TABLE n (a INTEGER[] UNIQUE)", "n.a is INTEGER[], which cannot be part of a key"),
    ("CREATE TABLE n (a INTEGER CHECK (z > 1))", 'no column "z" in n'),
    ("CREATE TABLE n (a INTEGER CHECK (a > (SELECT 1)))", "a CHECK holds no subquery"),
    ("CREATE TABLE n (a INTEGER CHECK (sum(a) > 1))", "a CHECK holds no aggregate"),
    ("CREATE TABLE n (a INTEGER CHECK (a > $p))", "a CHECK is kept with the table, and has no parameters"),
    ("CREATE TABLE n (a DATE CHECK (a))", "is DATE"),
    ("CREATE TABLE n (a INTEGER REFERENCES t)", "t has no primary key"),
    ("CREATE TABLE n (a INTEGER, FOREIGN KEY (a) REFERENCES t (a))", "t has no primary key or UNIQUE of (a)"),
    ("CREATE TABLE n (a INTEGER REFERENCES t (z))", 'no column "z" in t'),
    ("CREATE TABLE n (a INTEGER REFERENCES tt)", 'no table "tt"'),
    ("CREATE TABLE n (a INTEGER REFERENCES v (a))", "v is a view, and has no keys to refer to"),
    ("CREATE TABLE n (a VARCHAR REFERENCES issues (id))", "link its rows by edges"),
    ("CREATE TABLE n (a INTEGER PRIMARY KEY, b BIGINT REFERENCES n)", "n.b is BIGINT and n.a is INTEGER"),
    ("CREATE TABLE n (a INTEGER PRIMARY KEY, FOREIGN KEY (a) REFERENCES n (a, a))", "1 columns refer to 2 of n"),
    ("CREATE TABLE n (a INTEGER UNIQUE, b INTEGER, FOREIGN KEY (a, b) REFERENCES n (a, a))", "is named twice"),
    ("CREATE TABLE n (a INTEGER REFERENCES t ON DELETE CASCADE)", "NO ACTION or RESTRICT, and no CASCADE"),
    ("CREATE TABLE n (a INTEGER REFERENCES t MATCH FULL)", "takes ON DELETE and ON UPDATE, and nothing more"),
    ("CREATE TABLE n (a INTEGER REFERENCES nowhere.t)", 'no schema "nowhere"'),
    ("CREATE TABLE n (a INTEGER GENERATED ALWAYS AS IDENTITY)", "columns do not number themselves"),
    ("CREATE TABLE n (a INTEGER COLLATE x)", "only a VARCHAR has a collation, and this is INTEGER"),
    ("CREATE TABLE n (a VARCHAR COLLATE x)", "the collation X is not supported; there are NFC"),
    ("CREATE TABLE n (a INTEGER, b AS (a) DEFAULT 3)", 'the generated column "b" has no DEFAULT'),
    ("CREATE TABLE n (a INTEGER, b AS (c), c AS (b))", 'no column "c" in n'),
    ("CREATE TABLE n (a INTEGER, b AS (random()))", "would be another value each time"),
    ("CREATE TABLE n (b AS (1))", "all columns of n are generated"),
    ("CREATE TABLE n (a INTEGER CONSTRAINT c UNIQUE, CONSTRAINT C CHECK (a > 1))", "has a constraint C already"),
    ("CREATE TABLE n (a INTEGER DEFAULT (SELECT 1))", "a DEFAULT holds no subquery"),
    ("CREATE TABLE n (a INTEGER, a VARCHAR)", 'the column "a" is named twice'),
    ("CREATE TABLE n (a INTEGER, A VARCHAR)", "differ in case only"),
    ("CREATE TABLE n (a GEOMETRY)", "the type GEOMETRY is not supported"),
    ("CREATE TABLE n (a INTEGER DEFAULT b)", 'no column "b"'),
    ("CREATE TABLE n(a, b) AS SELECT 1", "the query has 1 columns, and 2 names are given"),
    ("CREATE OR REPLACE TABLE issues (a INTEGER)", "works on plain ones"),
    ("DROP TABLE tt", 'no table "tt"'),
    ("DROP TABLE v", "v is a view"),
    ("DROP VIEW t", "t is a table"),
    ("DROP TABLE resources", "is a table of every database"),
    ("DROP TABLE t, v", "takes one name at a time"),
    ("ALTER TABLE t ADD COLUMN b INTEGER", 't has a column "b" already'),
    ("ALTER TABLE t ADD COLUMN c INTEGER NOT NULL", "give it a DEFAULT"),
    ("ALTER TABLE t DROP COLUMN c", 'no column "c" in t'),
    ("ALTER TABLE t DROP COLUMN a", "has the index i; drop that first"),
    ("ALTER TABLE t RENAME COLUMN b TO A", 't has a column "A" already'),
    ("ALTER TABLE t ALTER COLUMN b TYPE INTEGER", 'a value does not fit the column "b" of t'),
    ("ALTER TABLE t ALTER COLUMN a SET DEFAULT 'x'", 'does not fit the column "a"'),
    ("ALTER TABLE t DROP CONSTRAINT c", "no constraint c of t"),
    ("ALTER TABLE t ADD CHECK (a > 1)", "a row breaks CHECK (a > 1), named t_a_check: a = 1"),
    ("ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES t (a)", "t has no primary key or UNIQUE of (a)"),
    ("ALTER TABLE t RENAME CONSTRAINT c TO d", "is not supported"),
    ("ALTER TABLE t RENAME TO v", "there is a table v already"),
    ("ALTER TABLE issues ADD COLUMN x INTEGER", "its columns are those of its model"),
    ("CREATE VIEW n AS SELECT z FROM t", 'the view n: no column "z" in t'),
    ("CREATE VIEW n AS SELECT * FROM n", "reads itself"),
    ("CREATE VIEW n AS SELECT $p", "no value for the parameter $p"),
    ("CREATE VIEW v AS SELECT 1", "the view v exists already"),
    ("CREATE INDEX i ON t (b)", "there is an index i on t already"),
    ("CREATE INDEX j ON t (c)", 'no column "c" in t'),
    ("CREATE INDEX j ON t (a + 1)", "an index is on columns, and one USING HNSW or FTS on one column"),
    ("CREATE INDEX j ON t USING FTS (a, b)", "an index is on columns, and one USING HNSW or FTS on one column"),
    ("CREATE UNIQUE INDEX j ON issues (code)", "issues is an entity table, whose only key is its id"),
    ("CREATE UNIQUE INDEX j ON t USING HNSW (a)", "an index USING HNSW is not unique"),
    ("CREATE INDEX j ON t USING HNSW (a)", "t.a is not a column of vectors"),
    ("DROP INDEX j", 'no index "j"'),
    ("COPY t TO 'x.xyz'", "name a .parquet, .pq, .csv"),
    ("COPY t TO 'x.csv' (COMPRESION gzip)", "has no option 'compresion'. Did you mean compression?"),
    ("COPY t FROM 'nowhere.csv'", "there is no file nowhere.csv"),
    ("ATTACH 'x.db'", "a connection has one database"),
    ("COMMIT", "no transaction is open"),
]


@pytest.fixture(scope="module")
def small() -> Iterator[rem.Database]:
    with rem.connect(background=False) as database:
        database.register(Issue)
        database.sql(
            "CREATE TABLE t (a INTEGER NOT NULL, b VARCHAR); INSERT INTO t VALUES (1, 'x'); CREATE VIEW v AS SELECT "
            "a FROM t; CREATE INDEX i ON t (a)"
        )
        yield database


@pytest.mark.parametrize(("text", "message"), _REFUSED, ids=[f"{i}-{t[:40]}" for i, (t, _) in enumerate(_REFUSED)])
def test_what_cannot_be_done_is_refused_in_words(small: rem.Database, text: str, message: str) -> None:
    with pytest.raises(rem.RemError) as caught:
        small.sql(text)
    assert message in str(caught.value)
    assert "\x00" not in str(caught.value)
    assert run(small, "SELECT * FROM t") == [(1, "x")]


def test_what_stands_outside_of_transactions(small: rem.Database) -> None:
    small.sql("BEGIN")
    for text, message in (
        ("BEGIN", "a transaction is open already"),
        ("CREATE INDEX h ON issues USING HNSW (embedding)", "an index over vectors or words is made outside of trans"),
        ("VACUUM", "VACUUM stands outside of transactions"),
    ):
        with pytest.raises(rem.RemError, match=message):
            small.sql(text)
    with pytest.raises(rem.InputError, match="load commits by itself"):
        small.load("t", pl.DataFrame({"a": [1]}))
    small.sql("ROLLBACK")
    with pytest.raises(rem.InputError, match="v is a view"):
        small.load("v", pl.DataFrame({"a": [1]}))


def test_parameters_need_no_space_behind_them(small: rem.Database) -> None:
    """Texts, names and comments that look like parameters stay as they are, and places are those of the user's text."""
    assert run_with(small, "SELECT $1,$2,$1,'$1,$2,' AS \"$a,$b\",$$x,$y$$ -- $1,$2\n", [1, 2]) == [
        (1, 2, 1, "$1,$2,", "x,$y")
    ]
    assert run_with(
        small,
        "CREATE TABLE p (a INTEGER,b INTEGER); INSERT INTO p VALUES ($a,$b),($b,$a); SELECT * FROM p WHERE a IN "
        "($a,$b) ORDER BY a",
        {"a": 2, "b": 1},
    ) == [
        (1, 2),
        (2, 1),
    ]
    assert run_with(
        small,
        "UPDATE p SET a=$a,b=$b WHERE a=$a; CREATE VIEW pv AS SELECT b FROM p WHERE a = 2; SELECT * FROM pv",
        {"a": 2, "b": 7},
    ) == [(7,)]
    with pytest.raises(rem.BindError) as caught:
        small.sql("SELECT $1,$1,nothing FROM t", [1])
    assert "line 1: SELECT $1,$1,nothing FROM t\n                     ^^^^^^^" in str(caught.value)
    small.sql("DROP VIEW pv; DROP TABLE p")


def test_several_statements_run_in_turn_and_the_last_one_answers(small: rem.Database) -> None:
    assert run(
        small,
        "CREATE TABLE IF NOT EXISTS n (a INTEGER); INSERT INTO n VALUES (1); -- ; \n SELECT ';' AS s, COUNT(*) FROM n;",
    ) == [(";", 1)]
    with pytest.raises(rem.BindError):
        small.sql("INSERT INTO n VALUES (2); SELECT z FROM n")
    assert run(small, "SELECT COUNT(*) FROM n") == [(2,)], "each statement commits by itself"
    small.sql("DROP TABLE n")


def test_explain_analyze_shows_the_rows_and_the_time_of_each_node() -> None:
    """What ran is shown beside what was expected, and the whole time at the root."""
    with rem.connect() as db:
        db.load("t", pl.DataFrame({"a": range(1000), "b": [i % 7 for i in range(1000)]}))
        lines = db.explain(
            "SELECT b, count(*) FROM t WHERE a >= 500 GROUP BY b ORDER BY b LIMIT 3", analyze=True
        ).splitlines()
        assert re.fullmatch(r"Limit 3  \[about 3 rows, 3 rows, \d+\.\d ms; \d+\.\d ms in all\]", lines[0])
        assert [line.split("[")[1].split(" rows")[1].strip(", ") for line in lines[1:5]] == ["7", "7", "7", "500"]
        assert re.search(r"Scan t .*\[about 1000 rows, 1000 rows, \d+\.\d ms, \d+ segments read, 0 skipped\]", lines[5])

"""What a DuckDB file declares of its tables holds here: each write that DuckDB refuses or completes is so here too."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import rem_arrow as rem
from tests.sql.compare import multiset

SOURCE = (
    "CREATE SEQUENCE s START 5",
    "CREATE SEQUENCE down INCREMENT BY -2 MINVALUE -9 MAXVALUE 9 START 9 CYCLE",
    "CREATE SCHEMA sc",
    "CREATE SEQUENCE sc.z",
    "CREATE TYPE mood AS ENUM ('sad', 'o''k')",
    "CREATE TABLE p (i INTEGER PRIMARY KEY DEFAULT nextval('s'), \"U u\" VARCHAR DEFAULT 'it''s' UNIQUE, "
    "m mood DEFAULT 'sad', a INTEGER DEFAULT 1 + 2, d DATE NOT NULL DEFAULT DATE '2020-01-01', "
    "n DECIMAL(5, 2) DEFAULT 1.5, l INTEGER[] DEFAULT [1, 2], "
    "t STRUCT(a INTEGER) DEFAULT {'a': 1}, iv INTERVAL DEFAULT INTERVAL 1 MONTH, "
    "z INTEGER DEFAULT nextval('sc.z'), "
    "g INTEGER GENERATED ALWAYS AS (i + 1), w INTEGER DEFAULT nextval('down'), low VARCHAR CHECK (lower(low) = low), "
    "CHECK (a > 0 AND \"U u\" <> ''), CHECK (n BETWEEN 0 AND 100))",
    "CREATE TABLE c (x INTEGER REFERENCES p (i), y INTEGER, k VARCHAR, FOREIGN KEY (y) REFERENCES p, "
    "PRIMARY KEY (x, k))",
    "CREATE TABLE up (i INTEGER PRIMARY KEY, up INTEGER REFERENCES up)",
    "CREATE TABLE sc.t (x INTEGER PRIMARY KEY)",
    "CREATE TABLE plain (x INTEGER, u UNION(a INTEGER, b VARCHAR))",
    "CREATE UNIQUE INDEX i ON plain (x)",
    "INSERT INTO p (\"U u\", a) VALUES ('one', 1), ('two', 2)",
    "INSERT INTO c VALUES (5, NULL, 'a'), (6, 5, 'b')",
    "INSERT INTO up VALUES (1, NULL)",
    "INSERT INTO sc.t VALUES (1)",
    "INSERT INTO plain VALUES (1, 2)",
)
WRITES = (
    "INSERT INTO p (\"U u\") VALUES ('three')",
    "INSERT INTO p (\"U u\") VALUES ('three')",
    "INSERT INTO p (\"U u\", a) VALUES ('four', -1)",
    "INSERT INTO p (\"U u\", low) VALUES ('five', 'LOW')",
    "INSERT INTO p (\"U u\", n) VALUES ('six', 101)",
    "INSERT INTO p (\"U u\", d) VALUES ('seven', NULL)",
    "INSERT INTO p (\"U u\", m) VALUES ('nine', 'o''k')",
    "INSERT INTO p (i, g) VALUES (70, 1)",
    "INSERT INTO c VALUES (99, NULL, 'a')",
    "INSERT INTO c VALUES (5, 99, 'c')",
    "INSERT INTO c VALUES (5, NULL, 'a')",
    "INSERT INTO c VALUES (5, NULL, NULL)",
    "DELETE FROM p WHERE i = 5",
    "INSERT INTO up VALUES (2, 1)",
    "INSERT INTO up VALUES (3, 9)",
    "INSERT INTO plain VALUES (1, NULL)",
    "INSERT INTO plain VALUES (2, NULL)",
    "DROP TABLE p",
    # Whether it takes a number of a sequence is not said.
    "INSERT INTO p (\"U u\", m) VALUES ('eight', 'none')",
)


def _file(path: Path) -> Path:
    with duckdb.connect(str(path)) as con:
        for text in SOURCE:
            con.execute(text)
    return path


def _done(run, text: str) -> bool:
    try:
        run(text)
    except (rem.RemError, duckdb.Error):
        return False
    return True


def test_writes_after_an_import_do_what_they_do_in_duckdb(tmp_path: Path) -> None:
    """After an export and an import of that, too: sequences go on, and nothing is declared twice."""
    path = _file(tmp_path / "x.duckdb")
    with rem.connect(background=False) as first, rem.connect(background=False) as db:
        counts = dict(first.import_from(path).rows())
        assert counts == {"p": 2, "c": 2, "up": 1, "sc_t": 1, "plain": 1}
        first.export(tmp_path / "out")
        db.import_from(tmp_path / "out")
        with duckdb.connect(str(path)) as oracle:
            for text in WRITES:
                expected = _done(oracle.execute, text)
                assert (_done(first.sql, text), _done(db.sql, text)) == (expected, expected), text
            for name in ("p", "c", "up"):
                rows = multiset(oracle.execute(f"SELECT * FROM {name}").fetchall())
                assert multiset(first.sql(f"FROM {name}").rows()) == multiset(db.sql(f"FROM {name}").rows()) == rows
        for one in (first, db):
            assert one.verify().height == 0
            one.sql("CREATE TABLE moods (m mood); INSERT INTO moods VALUES ('o''k')")
            with pytest.raises(rem.ConstraintError):
                one.sql("INSERT INTO sc_t VALUES (1)")


def test_chosen_tables_bring_what_they_need(tmp_path: Path) -> None:
    """Their sequences; what they refer to is asked for, and under other names found."""
    path = _file(tmp_path / "x.duckdb")
    with rem.connect(background=False) as db:
        with pytest.raises(
            rem.InputError, match="c cannot be declared here as it is there: it refers to p, which is not"
        ):
            db.import_from(path, tables=["c"])
        assert "s" not in db.sql("SELECT sequence_name FROM duckdb_sequences()").to_series()
        assert dict(db.import_from(path, tables={"c": "children", "p": "parents"}).rows()) == {
            "children": 2,
            "parents": 2,
        }
        db.sql("INSERT INTO parents (\"U u\") VALUES ('x')")
        with pytest.raises(rem.ConstraintError, match="parents has no row with i = 99"):
            db.sql("INSERT INTO children VALUES (99, NULL, 'z')")
        assert db.import_from(path, tables={"c": "rows"}, constraints=False).rows() == [("rows", 2)]
        db.sql("INSERT INTO rows VALUES (NULL, NULL, NULL)")


def test_what_cannot_be_declared_is_an_error_with_the_way(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "x.duckdb")) as con:
        con.execute("CREATE TABLE odd (x BIT PRIMARY KEY, y VARCHAR CHECK (y SIMILAR TO 'a+' OR bit_count(x) > 9))")
        con.execute("INSERT INTO odd VALUES ('101', 'aa')")
    with rem.connect(background=False) as db:
        with pytest.raises(
            rem.InputError, match="(?s)odd cannot be declared here .* constraints=False its rows are imported"
        ):
            db.import_from(tmp_path / "x.duckdb")
        assert "odd" not in db.tables()["name"]
        assert db.import_from(tmp_path / "x.duckdb", constraints=False).rows() == [("odd", 1)]


def test_a_table_that_is_here_keeps_what_it_declares(tmp_path: Path) -> None:
    with rem.connect(background=False) as db:
        db.sql("CREATE TABLE sc_t (x INTEGER CHECK (x > 100))")
        with pytest.raises(rem.ConstraintError, match="x > 100"):
            db.import_from(_file(tmp_path / "x.duckdb"), tables=["sc_t"])
        db.sql("ALTER TABLE sc_t DROP CONSTRAINT sc_t_x_check")
        db.import_from(tmp_path / "x.duckdb", tables=["sc_t"])
        db.sql("INSERT INTO sc_t VALUES (1)")

"""Sequences, beyond what scripts/sequences.sql compares: reopening, threads, failed statements and errors."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import rem_arrow as rem


def test_no_number_comes_twice_after_reopening(tmp_path: Path) -> None:
    seen: list[int] = []
    for _ in range(3):
        with rem.connect(tmp_path / "db") as db:
            db.sql("CREATE SEQUENCE IF NOT EXISTS s")
            db.sql("CREATE TABLE IF NOT EXISTS t (id BIGINT PRIMARY KEY DEFAULT nextval('s'))")
            seen += db.sql("SELECT nextval('s') AS n FROM range(4)")["n"].to_list()
            db.sql("INSERT INTO t DEFAULT VALUES")
            assert db.verify().height == 0
    assert seen == [1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14]
    with rem.connect(tmp_path / "db", read_only=True) as reader:
        assert reader.sql("SELECT * FROM t")["id"].to_list() == [5, 10, 15]
        with pytest.raises(rem.InputError, match="is open for reading only, and nextval writes"):
            reader.sql("SELECT nextval('s')")
        with pytest.raises(rem.ExecuteError, match="nextval has not been called by this handle yet"):
            reader.sql("SELECT currval('s')")


def test_threads_share_a_sequence_and_failed_statements_leave_gaps() -> None:
    with rem.connect() as db:
        db.sql("CREATE SEQUENCE s")
        db.sql("CREATE TABLE t (id BIGINT PRIMARY KEY DEFAULT nextval('s'), v INTEGER CHECK (v > 0))")
        with pytest.raises(rem.ConstraintError):
            db.sql("INSERT INTO t (v) VALUES (1), (0)")

        def insert() -> None:
            for _ in range(20):
                db.sql("INSERT INTO t (v) VALUES (1), (2)")

        threads = [threading.Thread(target=insert) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ids = db.sql("SELECT id FROM t ORDER BY id")["id"].to_list()
        assert ids == list(range(3, 123))


def test_a_transaction_that_is_rolled_back_gives_no_number_back() -> None:
    with rem.connect() as db:
        db.sql("CREATE SEQUENCE s; CREATE TABLE t (id BIGINT DEFAULT nextval('s'))")
        with db.transaction() as tx:
            tx.sql("INSERT INTO t DEFAULT VALUES")
            tx.rollback()
        db.sql("INSERT INTO t DEFAULT VALUES")
        assert db.sql("SELECT id FROM t").rows() == [(2,)]


def test_temporary_tables_take_numbers_of_stored_sequences() -> None:
    with rem.connect() as db:
        db.sql("CREATE SEQUENCE s; CREATE TEMP TABLE t (id BIGINT DEFAULT nextval('s'), at TIMESTAMPTZ DEFAULT now())")
        db.sql("INSERT INTO t (id) VALUES (DEFAULT), (DEFAULT)")
        db.sql("INSERT INTO t DEFAULT VALUES")
        assert db.sql("SELECT id FROM t").rows() == [(1,), (2,), (3,)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT nextval(s)", "takes the name of a sequence in quotes"),
        ("SELECT nextval('x')", 'no sequence "x"'),
        ("DROP SEQUENCE s CASCADE", "takes one name, and no CASCADE"),
        ("CREATE TEMP SEQUENCE x", "a sequence is no TEMPORARY one"),
        ("CREATE SEQUENCE x START 1.5", "a sequence counts in whole numbers"),
        ("CREATE SEQUENCE x MINVALUE 5 MAXVALUE 4 START 5", "would start at 5, which is not from 5 to 4"),
        ("CREATE SEQUENCE x MAXVALUE 9223372036854775808", "takes at most 64 bits"),
        ("CREATE OR REPLACE SEQUENCE IF NOT EXISTS x", "exclude each other"),
        ("USE sch; CREATE TABLE t (a INTEGER DEFAULT nextval('z'))", "a DEFAULT names its sequence in full"),
    ],
)
def test_errors_say_what_would_work(text: str, message: str) -> None:
    with rem.connect() as db:
        db.sql("CREATE SEQUENCE s; CREATE SCHEMA sch; CREATE SEQUENCE sch.z")
        with pytest.raises(rem.RemError) as caught:
            db.sql(text)
        assert message in str(caught.value)

"""What a statement says and nobody reads is an error: nothing of a text is left out in silence.

The check is part of planning, so every statement of the *.slt files and scripts beside this one passes it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import rem_arrow as rem
from rem_arrow.base.errors import TextError
from rem_arrow.sql.text.parser import parse
from rem_arrow.sql.text.read_marks import take
from rem_arrow.sql.text.unread import check_read

_LINES = [
    [part.strip() for part in f"{line}|".split("|")[:2]]
    for line in Path(__file__).with_name("clauses_refused.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect(background=False) as made:
        made.sql("CREATE TABLE t (a INT, s VARCHAR)")
        made.sql("INSERT INTO t VALUES (1, 'x'), (2, 'y')")
        yield made


@pytest.mark.parametrize(("text", "place"), _LINES, ids=[line[0] for line in _LINES])
def test_a_clause_without_a_meaning_is_refused(db: rem.Database, text: str, place: str) -> None:
    """The error stands at the clause, and nothing is written."""
    with pytest.raises(rem.UnsupportedError) as caught:
        db.sql(text)
    if place:
        assert isinstance(caught.value, TextError)
        assert text[caught.value.start : caught.value.end] == place
    assert db.sql("SELECT a FROM t ORDER BY a").rows() == [(1,), (2,)]
    assert "n" not in db.sql("SHOW TABLES")["name"]


def test_a_statement_is_refused_every_time(db: rem.Database) -> None:
    """The trees of a text are kept, and with them what was read of them."""
    for _ in range(2):
        with pytest.raises(rem.UnsupportedError, match="when of TABLE"):
            db.sql("DELETE FROM t AT (VERSION => 2)")


@pytest.mark.parametrize(
    "text",
    [
        "WITH unused AS (SELECT nothing FROM nowhere AT (VERSION => 1)) SELECT 1 AS x",
        "CREATE TABLE IF NOT EXISTS t AS SELECT 1 AS z",
        "CREATE OR REPLACE VIEW v AS SELECT a FROM t",
        "SELECT a FROM t ORDER BY ALL LIMIT 1 ROW",
        "SELECT s || 'x', TRY_CAST(s AS INT[]), sum(a) OVER () FROM t FETCH FIRST 1 ROWS ONLY",
        "BEGIN",
        "ROLLBACK",
    ],
)
def test_what_has_no_effect_for_good_reason_is_no_error(db: rem.Database, text: str) -> None:
    """CTEs that no query names, words that say nothing more, and what SQLGlot adds itself."""
    db.sql(text)


def test_a_copy_of_a_tree_is_read_as_the_tree_itself() -> None:
    """What was read of a copy counts; copying and walking alone do not."""
    tree = parse("SELECT a FROM t")
    copy = tree.copy()
    list(copy.walk())
    with pytest.raises(rem.UnsupportedError):
        check_read(tree, "SELECT a FROM t")
    take(copy)
    check_read(tree, "SELECT a FROM t")

"""CSV files: dialects, blank lines, names, and what is refused with its place."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rem_arrow as rem
from rem_arrow.files import csv_quotes, csv_reader


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        yield db


_TEXTS = {
    "blank lines": "a,b\n1,2\n\n3,4\n\n\n",
    "blank lines of one column": "a\n1\n\n3\n",
    "no names": "1,2\n3,4\n",
    "only texts": "a,b\nx,y\n",
    "one line of texts": "x,y\n",
    "a name that is empty": ",a\n0,1\n1,2\n",
    "names that repeat": "a,a\n1,2\n",
    "semicolons": "a;b\n1;2\n",
    "tabs": "a\tb\n1\t2\n",
    "single quotes": "a|b\n'x|y'|2\n",
    "quotes with lines": 'a,b\n"x\n\ny",2\n',
    "doubled quotes": 'a,b\n"x ""y""",2\n',
    "a byte order mark": "\ufeffa,b\n1,2\n",
    "windows": "a,b\r\n1,2\r\n3,4\r\n",
    "empty texts": "a,b\n1,\n,2\n",
    "words for NULL": "x\nNULL\n5\n",
    "thousands": 'n,m\n"1,234",5\n',
    "only names": "a,b\n",
    "a row of NULLs": "a,b\n,\n",
    "comments": "# one\n# two; three\na;b\n1;2\n# four\n3;4\n",
    "names that a comment would begin": "#id,name\n1,2\n",
    "backslashes before quotes": 'a,b\n1,"x, \\"y\\""\n',
    "backslashes before single quotes": "1|'x|\\'y'\n2|'z'\n",
    "quotes that quote nothing": 'a\tb\n"x" y\tz\n',
    "eleven columns without names": ",".join("1" * 11) + "\n",
    "a single row with a value left out": "x,\n",
    "a first row with a value left out": "1,,x\n2,3,y\n",
    "a column without values": "8,x\n0,\n1,\n",
    "a text after a thousand numbers": "1\n" * 2_000 + "x\n",
}


@pytest.mark.parametrize("name", _TEXTS)
def test_columns_and_rows_are_those_of_duckdb(db: rem.Database, tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(_TEXTS[name], newline="")
    expected = duckdb.connect().sql(f"FROM '{path}'")
    db.load(name, path)
    got = db.sql(f'FROM "{name}"')
    assert (got.columns, got.rows()) == (expected.columns, expected.fetchall())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n1,2,3\n", "row 3 has 3 values, and the file has 2 columns: '1,2,3'"),
        ("a,b\n1,2\n1\n", "row 3 has 1 values, and the file has 2 columns: '1'"),
        ('a,b\n1,"x\n2,y\n', "line 2: a quote is never closed"),
        (b"a\n\xff\n", "is no text in utf-8"),
        ('a,b\n1,"x" y\n2,"p,q"\n', "line 2: text follows a value in quotes"),
        ("a,b\n" + '1,"x"\n' * 200_000 + '1,"x" y\n', "line 200002: text follows a value in quotes"),
        ('a,b\n1,"x\\"" y\n2,"p,\\""\n', "line 3: text follows a value in quotes"),
        (b"a\xff,b\n1,2\n", "is no text in utf-8: the names of its columns"),
        ('a\n"', "line 2: a quote is never closed"),
        ("a;b\n1;2;3\n", "different numbers of values, whatever separates them, and ';' parts most of them"),
    ],
)
def test_rows_that_cannot_be_kept_are_named(db: rem.Database, tmp_path: Path, text: str | bytes, said: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(rem.InputError, match=said):
        db.load("refused", path)


def test_texts_are_read_in_the_types_of_the_table(db: rem.Database, tmp_path: Path) -> None:
    """A VARCHAR keeps what looks like a number, a DECIMAL its digits; a text that is none is named with its row."""
    path = tmp_path / "x.csv"
    path.write_text("id,zip,price\n1,501,1.10\n2,00502,2\n")
    db.sql("CREATE OR REPLACE TABLE typed (id BIGINT, zip VARCHAR, price DECIMAL(8, 2))")
    db.load("typed", path)
    assert [tuple(map(str, row)) for row in db.sql("FROM typed").rows()] == [
        ("1", "501", "1.10"),
        ("2", "00502", "2.00"),
    ]
    path.write_text("id,zip,price\n1,501,1.10\n2,5,cheap\n")
    with pytest.raises(rem.InputError, match=r'row 2, column "price": \'cheap\' is no DECIMAL\(8,2\)'):
        db.load("typed", path)


def test_a_file_larger_than_memory_is_read_twice(
    db: rem.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its types are those of all rows, and values longer than a block are whole."""
    path, long = tmp_path / "x.csv.gz", "x" * 5000
    path.write_bytes(gzip.compress(("a,b\n" + "1,y\n" * 20_000 + f"1.5,{long}\n" + "2,y\n" * 10).encode()))
    monkeypatch.setattr(csv_reader, "_KEPT_BYTES", 1000)
    monkeypatch.setattr(csv_reader, "_BLOCK_BYTES", 4096)
    assert db.load("twice", path) == 20_011
    assert db.sql("SELECT sum(a), max(len(b)), typeof(any_value(a)) FROM twice").rows() == [(20_021.5, 5000, "DOUBLE")]


@pytest.mark.parametrize(
    ("text", "options", "rows"),
    [
        ("a,b\n% x\n1,2\n", {"comment": "%"}, [(1, 2)]),
        ("x\n% y\na,b\n% z\n1,'p\n% q'\n", {"comment": "%", "skip_rows": 1, "quote": "'"}, [(1, "p\n% q")]),
        ("# x,b\n1,2\n", {"comment": "", "header": True}, [(1, 2)]),
        ("a,b\n1,'^''\n", {"quote": "'", "escape": "^"}, [(1, "'")]),
    ],
)
def test_comments_and_escapes_that_are_given(
    db: rem.Database, tmp_path: Path, text: str, options: dict[str, Any], rows: list[tuple[object, ...]]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    name = f"given{abs(hash(text))}"
    db.load(name, path, **options)
    assert db.sql(f"FROM {name}").rows() == rows


_CHARACTERS = st.text(alphabet='a,;"\n \\', max_size=30)


@given(st.lists(_CHARACTERS, min_size=1, max_size=5))
def test_quotes_are_where_python_takes_them(pieces: list[str]) -> None:
    """The fast look at the bytes beside quotes takes no file for regular that Python's strict reader refuses."""
    data = "".join(pieces).encode()
    if csv_quotes.are_regular(io.BytesIO(data), ",", '"'):
        assert csv_quotes.misplaced(io.BytesIO(data), ",", '"', "") is None

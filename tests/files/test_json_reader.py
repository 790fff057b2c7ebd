"""JSON files: types over all records, and what is refused with its line and key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import rem_arrow as rem


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        yield db


_SAME = [
    '{"a":1}\n{"a":1.5}',
    '{"a":1}\n{"b":2}',
    '{"a":true}\n{"a":1}',
    '{"a":[1]}\n{"a":3}',
    '{"a":{"b":1}}\n{"a":{"c":"x"}}',
    '{"a":"x"}\n{"a":5}',
    '{"a":18446744073709551615}\n{"a":-1}',
    '{"a":[1,"x"]}',
    '{"a":"2024-01-01"}',
    '{"a":"2024-01-01 02:03:04"}',
    '{"a":"04:05:06"}',
    '{"a":"2024-01-01"}\n{"a":"x"}',
    '{"g":{"c":[1.0,2.0]}}\n{"g":{"c":[[[0.0,0.0]]]}}',
    'null\n{"a":1}',
    '[{"a":1},{"a":2}]',
    '[{"a":1},{"a":2}]\n[{"a":3}]',
    "[1,2]\n[3]",
    "[]\n42",
    '{"a":1,"z":1}\n{"a":2,"b":3,"z":3}\n{"c":1,"a":1}',
    '{"a":1}{"a":2}',
    '[{"a":1},\n{"b":2}]',
    '\ufeff{"a":1}',
    '{"a":[{"b":1},{"c":2}]}',
    '{"a":{"b":1}}\n{"a":5}',
    '{"a":1}\n\n{"a":2}',
    '{"A":1,"a":2}',
    '{"a":"x","b":{"c":[1,2,{"d":null}]}}',
]


@pytest.mark.parametrize("text", _SAME)
def test_columns_and_rows_are_those_of_duckdb(db: rem.Database, tmp_path: Path, text: str) -> None:
    """Values of several kinds under one key are JSON texts."""
    path = tmp_path / "x.json"
    path.write_text(text)
    expected = duckdb.connect().sql(f"FROM '{path}'")
    name = f"t{_SAME.index(text)}"
    db.load(name, path)
    got = db.sql(f"FROM {name}")
    assert (got.columns, got.rows()) == (expected.columns, expected.fetchall())
    shown = f"SELECT DISTINCT {', '.join(f'typeof({c})' for c in expected.columns)} FROM"
    kinds = duckdb.connect().sql(f"{shown} '{path}'").fetchall()
    assert [db.sql(f"{shown} {place}").rows() for place in (name, f"'{path}'")] == [kinds, kinds]


@pytest.mark.parametrize("columns", ["{b: 'INTEGER', a: 'VARCHAR'}", "{a: 'BIGINT'}", "{c: 'DATE', a: 'DOUBLE'}"])
def test_columns_with_types_are_the_only_ones(db: rem.Database, tmp_path: Path, columns: str) -> None:
    """In the order in which they are named; one that no record has is NULL."""
    path = tmp_path / "x.ndjson"
    path.write_text('{"a":1,"b":2}\n{"b":3,"z":[4]}')
    query = f"FROM read_json('{path}', columns = {columns})"
    expected, got = duckdb.connect().sql(query), db.sql(query)
    assert (got.columns, got.rows()) == (expected.columns, expected.fetchall())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a":1}\n{"a":{"b":[1,1e400]}}', r'line 2, key "a\.b\[2\]": a number is beyond DOUBLE'),
        ('{"a":1}\n{"a":"\\ud800"}', 'line 2, key "a": half of a surrogate pair'),
        ('{"a":1}\n{"b":2,"b":3}', "line 2: the key 'b' comes twice"),
        ('{"a":1}\n{"b":}', "line 2 cannot be read: this is no JSON"),
        ('{"a":1}\n5', "line 2: a record is an object in braces, and this is 5"),
        (b'{"a":1}\n{"a":"\xff"}', "line 2: this is no text in utf-8"),
    ],
)
def test_what_cannot_be_kept_is_named(db: rem.Database, tmp_path: Path, text: str | bytes, said: str) -> None:
    path = tmp_path / "x.ndjson"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(rem.InputError, match=said):
        db.load("refused", path)


def test_keys_and_types_are_those_of_all_lines(db: rem.Database, tmp_path: Path) -> None:
    """A key that comes late, a number that is an integer for long, and one that is NULL for long."""
    path = tmp_path / "x.ndjson"
    rows = [
        {"a": i if i < 12_000 else i + 0.5, "n": None if i < 12_000 else "x"} | ({"late": 1} if i > 12_000 else {})
        for i in range(12_010)
    ]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    db.load("late", path)
    assert db.sql("SELECT count(late), count(n), max(a) FROM late").rows() == [(9, 10, 12_009.5)]


def test_numbers_within_lists_and_structs_are_kept_or_refused(tmp_path: Path) -> None:
    """Polars drops the fractions."""
    path = tmp_path / "n.json"
    path.write_text('{"a": {"b": 1.0}, "l": [1.0, 2]}\n{"a": {"b": null}, "l": [3, null]}\n', encoding="utf-8")
    text = f"SELECT * FROM read_json('{path}', columns = {{'a': 'STRUCT(b INT)', 'l': 'INT[]'}})"
    with rem.connect(background=False) as db:
        assert db.sql(text).rows() == [({"b": 1}, [1, 2]), ({"b": None}, [3, None])]
        for row in ('{"a": {"b": 1.5}, "l": [1]}', '{"a": {"b": 1}, "l": [1, 2.5]}'):
            path.write_text(row, encoding="utf-8")
            with pytest.raises(rem.InputError, match=r"row 1, column .* is no .*give the column"):
                db.sql(text)

"""A row that a key finds is the row that a scan finds, in every type: exact also where Python has no such value."""

from __future__ import annotations

import pytest

import rem_arrow as rem
from tests.effort import some

COLUMNS = {
    "TIMESTAMP_NS": "'2024-01-01 00:00:00.123456789'",
    "TIMESTAMP": "'1700-05-06 07:08:09.123456'",
    "TIMESTAMPTZ": "'2024-01-01 00:00:00.123456+02'",
    "TIME": "'10:11:12.123456'",
    "DATE": "'0001-01-01'",
    "DECIMAL(38,10)": "1234567890123456789012345678.0123456789",
    "HUGEINT": "170141183460469231731687303715884105727",
    "UBIGINT": "18446744073709551615",
    "FLOAT": "0.1",
    "DOUBLE": "'-Infinity'",
    "BOOLEAN": "true",
    "BLOB": "'a\\x00\\xFF'",
    "VARCHAR": "'ß\n'",
    "UUID": "'c0ffee00-0000-4000-8000-000000000001'",
    "JSON": "'{\"a\": [1.50]}'",
    "INTERVAL": "'1 month 2 days 03:04:05.000006'",
    "INTEGER[]": "[1, NULL, 3]",
    "FLOAT[2]": "[0.1, -0.0]",
    "TIMESTAMP_NS[]": "['2024-01-01 00:00:00.123456789'::TIMESTAMP_NS]",
    "STRUCT(x TIMESTAMP_NS, y VARCHAR[])": "{'x': '2024-01-01 00:00:00.000000001'::TIMESTAMP_NS, 'y': ['a']}",
    "MAP(VARCHAR, INTEGER)": "MAP {'a': 1}",
}
KEYED = ("TIMESTAMP_NS", "TIME", "TIMESTAMP", "DATE", "DECIMAL(38,10)", "HUGEINT", "VARCHAR", "BLOB", "DOUBLE")


@pytest.mark.parametrize("sealed", [False, True])
def test_by_key_as_by_scan(sealed: bool) -> None:
    with rem.connect(background=False) as db:
        names = ", ".join(f"c{i} {dtype}" for i, dtype in enumerate(COLUMNS))
        db.sql(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {names})")
        db.sql(f"INSERT INTO t VALUES (1, {', '.join(COLUMNS.values())}), (2{', NULL' * len(COLUMNS)})")
        if sealed:
            db.compact()
        assert "by index" in str(db.explain("SELECT * FROM t WHERE id = 1", analyze=True))
        for row in (1, 2):
            found = db.sql(f"SELECT * FROM t WHERE id = {row}")
            scanned = db.sql(f"SELECT * FROM t WHERE id + 0 = {row}")
            assert found.equals(scanned) and found.schema == scanned.schema
        assert db.sql("SELECT * FROM t WHERE id IN (2, 1) ORDER BY id").equals(db.sql("SELECT * FROM t ORDER BY id"))


@pytest.mark.parametrize(("dtype", "sealed"), some([(dtype, sealed) for dtype in KEYED for sealed in (False, True)]))
def test_keys_are_exact(dtype: str, sealed: bool) -> None:
    """The next value is another key, and the same one is refused, whether rows are in a tail or in a segment."""
    value = COLUMNS[dtype]
    with rem.connect(background=False) as db:
        db.sql(f"CREATE TABLE t (k {dtype} PRIMARY KEY, n INTEGER)")
        db.sql(f"INSERT INTO t VALUES ({value}, 1)")
        if sealed:
            db.compact()
        with pytest.raises(rem.ConstraintError):
            db.sql(f"INSERT INTO t VALUES ({value}, 2)")
        if dtype == "TIMESTAMP_NS":
            db.sql("INSERT INTO t VALUES ('2024-01-01 00:00:00.123456788', 3)")
        db.sql(f"INSERT INTO t VALUES ({value}, 4) ON CONFLICT DO UPDATE SET n = excluded.n")
        assert db.sql(f"SELECT n FROM t WHERE k = {value}::{dtype}").to_series().to_list() == [4]
        db.sql("UPDATE t SET n = n + 1")
        db.compact()
        assert db.sql(f"SELECT n FROM t WHERE k = {value}::{dtype}").to_series().to_list() == [5]

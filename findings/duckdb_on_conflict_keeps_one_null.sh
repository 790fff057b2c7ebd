#!/usr/bin/env bash
# DuckDB's INSERT ... ON CONFLICT (a) DO NOTHING drops a row whose key is NULL if the same statement has another such row,
# though NULLs do not conflict.
#
# Version:  duckdb 2.0.0; SQLite, run beside it, stores both rows
# Expected: a UNIQUE column takes any number of NULLs, so both rows are stored, as by two statements.
# Seen:     one statement with two such rows stores one of them; two statements store both.
# Exits non-zero if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import sqlite3

import duckdb


def rows(execute, statements: list[str]) -> list[int]:
    execute("CREATE TABLE t (a INTEGER UNIQUE, b INTEGER)")
    for statement in statements:
        execute(statement)
    found = [b for (b,) in execute("SELECT b FROM t ORDER BY b").fetchall()]
    execute("DROP TABLE t")
    return found


together = ["INSERT INTO t VALUES (NULL, 1), (NULL, 2) ON CONFLICT (a) DO NOTHING"]
apart = [f"INSERT INTO t VALUES (NULL, {b}) ON CONFLICT (a) DO NOTHING" for b in (1, 2)]
duck, lite = duckdb.connect().execute, sqlite3.connect(":memory:").execute
print("duckdb", duckdb.__version__, "together", rows(duck, together), "apart", rows(duck, apart))
assert rows(lite, together) == rows(lite, apart) == [1, 2]
assert rows(duck, apart) == [1, 2]
assert rows(duck, together) == [1]
PYTHON

#!/usr/bin/env bash
# The ADBC driver for SQLite takes the type of a column from its first batch of rows, and fails at the first text behind
# a batch of NULLs, although the column is declared TEXT.
#
# Version:  adbc-driver-sqlite 1.13.0, pyarrow 26.0.1
# Expected: a column declared TEXT whose first values are NULL is read as a column of strings.
# Seen:     with 1,023 NULLs before the text it is; with 1,024, the size of a batch, reading raises an error, for the
#           column was taken for one of integers.
# Exits non-zero if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check adbc-driver-sqlite==1.13.0 adbc-driver-manager==1.13.0 pyarrow==26.0.1
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import sqlite3
from importlib.metadata import version

import adbc_driver_sqlite.dbapi as adbc


def read(nulls: int) -> str:
    name = f"{nulls}.db"
    with sqlite3.connect(name) as db:
        db.execute("CREATE TABLE t (name TEXT)")
        db.executemany("INSERT INTO t VALUES (?)", [(None,)] * nulls + [("Ada",)])
    with adbc.connect(name) as connection, connection.cursor() as cursor:
        try:
            cursor.execute("SELECT name FROM t")
            table = cursor.fetch_arrow_table()
            return f"{table.schema.field('name').type}, {table.num_rows} rows"
        except Exception as error:
            return type(error).__name__


seen = {nulls: read(nulls) for nulls in (1_023, 1_024)}
print("adbc-driver-sqlite", version("adbc-driver-sqlite"), seen)
assert seen[1_023] == "string, 1024 rows", seen
assert seen[1_024].endswith("Error"), seen
PYTHON

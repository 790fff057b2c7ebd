#!/usr/bin/env bash
# Polars takes Arrow's date64 for a timestamp of milliseconds, so a date comes back as a time.
#
# Version:  polars 2.1.0, pyarrow 26.0.1, duckdb 2.0.0
# Expected: Date, as DuckDB and pandas take it: Arrow's date64 is a date that is counted in milliseconds.
# Seen:     Datetime(ms), and in Arrow again timestamp[ms].
# Exits non-zero if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pyarrow==26.0.1 duckdb==2.0.0
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
from datetime import date

import duckdb
import polars as pl
import pyarrow as pa

rows = pa.table({"d": pa.array([date(2024, 2, 29), None], pa.date64())})
assert duckdb.sql("SELECT typeof(d) FROM rows").fetchall() == [("DATE",), ("DATE",)]
frame = pl.from_arrow(rows)
print("polars", pl.__version__, frame.schema, frame.to_arrow().schema.field("d").type)
assert frame.schema["d"] == pl.Datetime("ms"), frame.schema
assert frame.to_arrow().schema.field("d").type == pa.timestamp("ms")
PYTHON

#!/usr/bin/env bash
# Polars reads timestamps of Parquet's old type INT96 beyond the year 2262 as its largest timestamp, without an error.
#
# Version:  polars 2.1.0, pyarrow 26.0.1, duckdb 2.0.0
# Expected: 2300-01-01, as DuckDB reads it and pyarrow with microseconds; or an error.
# Seen:     2262-04-11 23:47:16.854775807 for every such timestamp; the other rows are right.
# Exits non-zero if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0 pyarrow==26.0.1 duckdb==2.0.0
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
from datetime import datetime

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

times = [datetime(2024, 1, 1), datetime(2300, 1, 1), datetime(2400, 1, 1)]
table = pa.table({"t": pa.array(times, pa.timestamp("us"))})
pq.write_table(table, "t.parquet", use_deprecated_int96_timestamps=True, store_schema=False)
seen = pl.read_parquet("t.parquet")["t"].to_list()
print("polars", pl.__version__, seen)
assert [row[0] for row in duckdb.sql("FROM 't.parquet'").fetchall()] == times
assert pq.read_table("t.parquet", coerce_int96_timestamp_unit="us")["t"].to_pylist() == times
assert seen[0] == times[0], seen
assert seen[1] == seen[2] == datetime(2262, 4, 11, 23, 47, 16, 854775), seen
PYTHON

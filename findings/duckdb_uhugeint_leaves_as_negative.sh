#!/usr/bin/env bash
# DuckDB exports a UHUGEINT above 2^127 to Arrow as a negative decimal, without an error.
#
# Version:  duckdb 2.0.0, pyarrow 26.0.1
# Expected: a UHUGEINT that decimal128(38, 0) cannot hold is an error, or leaves in a type that holds it.
# Seen:     the bits are taken for a signed number: 2e38 becomes about -1.4e38, the largest UHUGEINT becomes -1. fetchall
#           gives the right number.
# Exits non-zero if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.0 pyarrow==26.0.1
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import duckdb
import pyarrow as pa

query = "SELECT ('2' || repeat('0', 38))::UHUGEINT AS n"
((rows,),) = duckdb.sql(query).fetchall()
table = duckdb.sql(query).to_arrow_table()
# Without a check of the precision, which the values break.
(bits,) = table.column("n").chunks
number = int.from_bytes(bits.buffers()[1].to_pybytes()[:16], "little", signed=True)
print("duckdb", duckdb.__version__, "pyarrow", pa.__version__, table.schema.field("n").type, rows, number)
assert rows == 2 * 10**38, rows
assert table.schema.field("n").type == pa.decimal128(38, 0)
assert number == 2 * 10**38 - 2**128 < 0, number
PYTHON

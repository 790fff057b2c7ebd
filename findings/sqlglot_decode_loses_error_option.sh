#!/usr/bin/env bash
# SQLGlot reads DuckDB's decode(blob, error_option) and writes it without the option, so an error takes the place of '?'.
#
# Version:  sqlglot 30.30.0, duckdb 2.0.0
# Expected: the text that comes back means what it did: decode(x, 'replace') gives a text for bytes that are no UTF-8.
# Seen:     DECODE(x), without a warning, which DuckDB refuses for the same bytes.
# Exits non-zero if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==2.0.0
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import duckdb
import sqlglot

text = r"SELECT decode('caf\xE9'::BLOB, 'replace')"
written = sqlglot.parse_one(text, dialect="duckdb").sql("duckdb")
print("sqlglot", sqlglot.__version__, written)
assert duckdb.sql(text).fetchall() == [("caf?",)], duckdb.sql(text).fetchall()
assert "replace" not in written, written
try:
    duckdb.sql(written).fetchall()
except duckdb.Error as error:
    print("DuckDB:", str(error).splitlines()[0])
else:
    raise AssertionError("the statement without the option gives a row too")
PYTHON

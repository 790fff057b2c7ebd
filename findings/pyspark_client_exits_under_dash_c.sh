#!/usr/bin/env bash
# pyspark-client 4.2.0: importing its Spark Connect session in a program that is given by `python -c` ends the process.
# Expected: the import works, as it does from a file; nothing asks for a Spark installation, which a client does without.
# Seen: a main module without a file is taken for a run of the library's doctests; these look for SPARK_HOME, find none,
# and call sys.exit(-1). Exits non-zero if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyspark-client==4.2.0 'pandas<3' setuptools
unset SPARK_HOME
program='from pyspark.sql.connect.session import SparkSession; print("imported")'
echo "$program" > "$folder/program.py"
from_file=$("$folder/venv/bin/python" "$folder/program.py" 2> "$folder/file.err" || true)
status=0
from_text=$("$folder/venv/bin/python" -c "$program" 2> "$folder/text.err") || status=$?
echo "pyspark-client 4.2.0"
echo "from a file: ${from_file:-$(tail -1 "$folder/file.err")}"
echo "from -c:     ${from_text:-nothing}, exit status $status, $(head -1 "$folder/text.err" | cut -c1-60)"
test "$from_file" = imported && test "$status" -ne 0 && test -z "$from_text"

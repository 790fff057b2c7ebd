"""The texts of TPC-H and TPC-DS, read from DuckDB's extensions in the TPC environment and stored there as JSON.

The texts are for scale 1 and run at any scale; at small scales some answers are empty.
"""

from __future__ import annotations

import json
import re

from benchmarks.tpc.data import Suite
from benchmarks.tpc.environment import folder, program, run

_ASK = """
import importlib, json, pathlib, duckdb
texts = {}
for suite in ("tpch", "tpcds"):
    home = importlib.import_module("duckdb_extension_" + suite).__path__[0]
    (path,) = pathlib.Path(home).rglob("*.duckdb_extension")
    duckdb.execute(f"LOAD '{path}'")
    texts[suite] = dict(duckdb.execute(f"SELECT query_nr, query FROM {suite}_queries() ORDER BY 1").fetchall())
print(json.dumps(texts))
"""
_ASK_TIMEOUT_S = 60
_LIMIT = re.compile(r"\bLIMIT\s+\d+\s*$", re.IGNORECASE)


def texts(suite: Suite) -> dict[int, str]:
    """Return the SQL of each query by number. Raises UnavailableError."""
    python = program("python")
    path = folder() / "env" / "texts.json"
    if not path.is_file():
        printed = run([str(python), "-c", _ASK], "reading the TPC texts", timeout_s=_ASK_TIMEOUT_S)
        path.write_text(printed, encoding="utf-8")
    stored = json.loads(path.read_text(encoding="utf-8"))[suite]
    return {int(number): text.strip().rstrip(";").rstrip() for number, text in stored.items()}


def without_ties(text: str, columns: int) -> str:
    """Return a query whose LIMIT has one right result: all columns are added to its last ORDER BY to break ties."""
    limit = _LIMIT.search(text)
    if limit is None or not _is_ordered(text[: limit.start()]):
        return text
    ordinals = ", ".join(str(n) for n in range(1, columns + 1))
    return f"{text[: limit.start()].rstrip()}, {ordinals}\n{limit.group()}"


def _is_ordered(text: str) -> bool:
    """Return whether the outermost query has an ORDER BY."""
    depth, outer = 0, []
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth == 0:
            outer.append(char)
    return re.search(r"\bORDER\s+BY\b", "".join(outer), re.IGNORECASE) is not None

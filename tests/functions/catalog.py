"""Which functions DuckDB has, which of them are here, and what the guide says of the others and of differences."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import duckdb

import rem_arrow as rem
from tests.functions.answers import Difference
from tests.functions.calls import Made, Signature

_GUIDE = Path(__file__).parents[2] / "notebooks" / "guides" / "functions.md"
_NAMES = re.compile(r"`([^`]+)`")


class Reason(NamedTuple):
    """A row of the table of differences: of which functions, of which kind, and what both answers hold."""

    functions: tuple[str, ...]
    kind: str
    holds: str

    def covers(self, call: Made, difference: Difference) -> bool:
        named = any(fnmatchcase(call.function, f) for f in self.functions)
        return named and difference.kind == self.kind and self.holds in f"{call.text} | {difference.detail}"


def _rows(mark: str) -> list[list[str]]:
    section = _GUIDE.read_text(encoding="utf-8").split(f"<!-- {mark} -->")[1].split(f"<!-- {mark} end -->")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[1:]]


def reasons() -> list[Reason]:
    """Return the rows of the guide's table of differences."""
    return [
        Reason(tuple(_NAMES.findall(functions)), kind, holds.strip("`"))
        for functions, kind, holds, _ in _rows("differences")
    ]


def absent() -> tuple[str, ...]:
    """Return the names, and patterns of names, of functions that the guide says are not here."""
    return tuple(name for names, _ in _rows("absent") for name in _NAMES.findall(names))


def is_absent(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in absent())


def lacking(db: rem.Database, signatures: list[Signature]) -> list[str]:
    """Return the functions of DuckDB that rem_arrow does not know by their names."""
    names = []
    for name in dict.fromkeys(s.name for s in signatures):
        shapes = [s for s in signatures if s.name == name]
        if all(_is_unknown(db, s) for s in shapes):
            names.append(name)
    return names


def _is_unknown(db: rem.Database, signature: Signature) -> bool:
    nulls = ", ".join(["NULL"] * len(signature.places))
    over = " OVER ()" if signature.kind == "window" else ""
    try:
        db.sql(f"SELECT {signature.name}({nulls}){over}")
    except rem.RemError as error:
        said = str(error).splitlines()[0]
        return said.startswith(f"no function {signature.name}") or "is not a window function" in said
    return False


def every_signature(oracle: duckdb.DuckDBPyConnection) -> list[Signature]:
    """Return the names of all functions with the number of their parameters, whatever types these have."""
    rows = oracle.execute(
        "SELECT DISTINCT function_name, function_type, len(parameters) FROM duckdb_functions() "
        "WHERE function_type IN ('scalar', 'aggregate', 'window', 'macro') ORDER BY ALL"
    ).fetchall()
    return [Signature(name, kind, (("INTEGER",),) * count) for name, kind, count in rows if name[0].isalpha()]

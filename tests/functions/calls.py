"""Every function of DuckDB's catalog that rem_arrow has too, called in many ways.

Of each signature come calls with constants, with NULL in each place, with a value of another type in each place, with
columns, with a column in each place, and over no rows. They are in one order, whatever the seed of the hashes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import NamedTuple

import duckdb

from tests.functions.values import GENERIC, VALUES, WORDS

KINDS = ("scalar", "aggregate", "window", "macro")
# Signatures with more types in one place than this are walked along the diagonal: not every type with every other.
_PAIRS_MAX = 12
# An alias is the function that has all calls under its first name.
_ALIAS_CALLS = 4
# How many arguments of those that a function takes without end.
_VARIADIC_COUNTS = (1, 2, 3)


class Signature(NamedTuple):
    """A function, its kind, and the types that it takes in each place."""

    name: str
    kind: str
    places: tuple[tuple[str, ...], ...]
    is_alias: bool = False


class Made(NamedTuple):
    """A call as an expression, its function, the way it was made, and the relation that it reads."""

    function: str
    kind: str
    way: str
    text: str
    source: str


def signatures(oracle: duckdb.DuckDBPyConnection) -> list[Signature]:
    """Return the signatures of the catalog whose types all exist here; macros with the number of their parameters."""
    rows = oracle.execute(
        "SELECT DISTINCT function_name, function_type, parameter_types::VARCHAR[], parameters, varargs, alias_of "
        "FROM duckdb_functions() WHERE function_type IN ('scalar', 'aggregate', 'window', 'macro') ORDER BY ALL"
    ).fetchall()
    made: dict[Signature, None] = {}
    for name, kind, taken, parameters, varargs, alias in rows:
        if not name[0].isalpha():
            continue
        types = [t or "ANY" for t in taken] if kind != "macro" else ["ANY"] * len(parameters)
        counts = _VARIADIC_COUNTS if varargs else (0,)
        for count in counts:
            places = [_meant(t) for t in (*types, *[varargs] * count)]
            if all(places):
                made[Signature(name, kind, tuple(places), alias is not None)] = None
    return _merged(list(made))


def _meant(name: str) -> tuple[str, ...]:
    if name.startswith("DECIMAL"):
        name = "DECIMAL"
    return GENERIC.get(name) or ((name,) if name in VALUES else ())


def _merged(found: Sequence[Signature]) -> list[Signature]:
    """Unite the overloads of a function with as many places: each place with the types of all."""
    by_count: dict[tuple[str, str, bool, int], list[dict[str, None]]] = {}
    for s in found:
        places = by_count.setdefault((s.name, s.kind, s.is_alias, len(s.places)), [{} for _ in s.places])
        for place, types in zip(places, s.places, strict=True):
            place.update(dict.fromkeys(types))
    return [
        Signature(name, kind, tuple(tuple(t for t in VALUES if t in p) for p in places), is_alias)
        for (name, kind, is_alias, _), places in sorted(by_count.items())
    ]


def calls(signature: Signature) -> Iterator[Made]:
    """Yield the calls of one signature, each with what the SELECT list shows of it."""
    name, kind, places, is_alias = signature
    seen: set[tuple[str, str]] = set()
    for way, args, source in islice(_argument_lists(name, places), _ALIAS_CALLS if is_alias else None):
        call = f"{name}({', '.join(args)})" + (" OVER (ORDER BY n)" if kind == "window" else "")
        if (call, source) not in seen:
            seen.add((call, source))
            yield Made(name, kind, way, call, source)


def column(dtype: str) -> str:
    """Return the name of the column of that type in the table `v`."""
    return "c_" + "".join(c if c.isalnum() else "_" for c in dtype.lower())


def _argument_lists(name: str, places: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, list[str], str]]:
    """Yield the way, the arguments and the relation of each call. Every type stands in every place that takes it, and
    every value of a type stands in one call at least."""
    if not places:
        yield "constants", [], "v"
        return
    plain = [_pool(name, i, p[0])[0] for i, p in enumerate(places)]
    for types in _combinations(places):
        pools = [_pool(name, i, t) for i, t in enumerate(types)]
        for k in range(max(map(len, pools))):
            yield "constants", [p[k % len(p)] for p in pools], "v1"
        columns = [column(t) for t in types]
        yield "columns", columns, "v"
        yield "no rows", columns, "v0"
        yield "typed nulls", columns, "vn"
    for i, place in enumerate(places):
        yield "null", [*plain[:i], "NULL", *plain[i + 1 :]], "v1"
        for value in _pool(name, i, place[0]):
            yield "constants", [*plain[:i], value, *plain[i + 1 :]], "v1"
        for t in place if len(places) > 1 else ():
            yield "column beside constants", [*plain[:i], column(t), *plain[i + 1 :]], "v"
            yield "typed null", [*plain[:i], column(t), *plain[i + 1 :]], "vn"
        for other in VALUES:
            if other not in place:
                yield "other type", [*plain[:i], VALUES[other][0], *plain[i + 1 :]], "v1"


def _pool(name: str, place: int, dtype: str) -> tuple[str, ...]:
    return WORDS.get((name, place), VALUES[dtype]) if dtype in ("VARCHAR", "DOUBLE") else VALUES[dtype]


def _combinations(places: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    """Return tuples of types: all of a few, else those of a diagonal, and of one beside it."""
    every = list(product(*places)) if math.prod(map(len, places)) <= _PAIRS_MAX else []
    walked = [tuple(p[i % len(p)] for p in places) for i in range(max(map(len, places)))]
    return every or list(dict.fromkeys(walked))

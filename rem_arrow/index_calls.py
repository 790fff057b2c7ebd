"""How the functions in FROM that an index answers are run: RUNS, by the names of `plan.index_functions.INDEX_FUNCTIONS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import polars as pl

from rem_arrow import fuzzy, lookup
from rem_arrow.errors import ExecuteError, InputError, suggest
from rem_arrow.hints import Hints
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS
from rem_arrow.source import IndexCall
from rem_arrow.storage.kv import KV
from rem_arrow.storage.version import Version

Run: TypeAlias = "Callable[[KV, Hints, Version, IndexCall], pl.DataFrame]"


def run(kv: KV, hints: Hints, version: Version, function: str, call: IndexCall) -> pl.DataFrame:
    """Return the rows of a function over the rows of `version`: at least the columns that the call wants, under their names."""
    spec = INDEX_FUNCTIONS[function]
    for option in spec.options:
        problem = option.problem(call.options[option.name])
        if problem is not None:
            raise ExecuteError(f"{spec.name.upper()}: {problem}")
    found = RUNS[function](kv, hints, version, call)
    types = dict(spec.columns)
    assert all(found.schema[c] == types[c] for c in call.columns), f"{function} gave {found.schema}"
    return found


def _lookup(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    # A text of nothing but space names nothing; only who asks for it by hand is told.
    return lookup.lookup_entity(kv, hints, one_table(version, call.options["table"]), (t for t in call.texts() if t.strip()), rows_max=None, entity="entity" in call.columns)


def _fuzzy(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    k, threshold = call.options["k"], call.options["threshold"]
    assert (k is None or isinstance(k, int)) and isinstance(threshold, float), "the binder gives each option its type"
    return fuzzy.fuzzy(hints.trigrams, one_table(version, call.options["table"]), call.texts(), k=k, threshold=threshold, entity="entity" in call.columns)


def one_table(version: Version, name: object) -> Version:
    """Return the version with the one table of entities of that name; as it is for None. Raises InputError."""
    if name is None:
        return version
    tv = version.find(name) if isinstance(name, str) else None
    if tv is None or tv.table.kind != "entity":
        raise InputError(f"no table of entities {name!r}. {suggest(str(name), [t.table.name for t in version if t.table.kind == 'entity'], 'Tables')}")
    return Version(version.commit, {tv.table.number: tv}, {tv.table.name.casefold(): tv.table.number})


RUNS: Mapping[str, Run] = {"lookup": _lookup, "fuzzy": _fuzzy}

"""How the functions in FROM that an index answers are run: RUNS, by the names of
`plan.index_functions.INDEX_FUNCTIONS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias, cast

import polars as pl

from rem_arrow.access import fuzzy, lookup, traversal
from rem_arrow.access.key_indexes import Hints
from rem_arrow.access.traversal import Walk
from rem_arrow.errors import ExecuteError, InputError, suggest
from rem_arrow.index.path_patterns import Pattern
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS
from rem_arrow.source import IndexCall
from rem_arrow.storage.kv import KV
from rem_arrow.storage.version import Version

if TYPE_CHECKING:
    from rem_arrow.access.traversal import Strategy, Unique
    from rem_arrow.index.adjacency import Direction, Graph
    from rem_arrow.index.path_patterns import Mode, Select

Run: TypeAlias = "Callable[[KV, Hints, Version, IndexCall], pl.DataFrame]"


def run(kv: KV, hints: Hints, version: Version, function: str, call: IndexCall) -> pl.DataFrame:
    """Return the rows of a function over the rows of `version`: at least the columns that the call wants, under their
    names."""
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
    return lookup.lookup_entity(
        kv,
        hints,
        one_table(version, call.options["table"]),
        (t for t in call.texts() if t.strip()),
        rows_max=None,
        entity="entity" in call.columns,
    )


def _fuzzy(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    k, threshold = call.options["k"], call.options["threshold"]
    assert (k is None or isinstance(k, int)) and isinstance(threshold, float), "the binder gives each option its type"
    return fuzzy.fuzzy(
        hints.trigrams,
        one_table(version, call.options["table"]),
        call.texts(),
        k=k,
        threshold=threshold,
        entity="entity" in call.columns,
    )


def one_table(version: Version, name: object) -> Version:
    """Return the version with the one table of entities of that name; as it is for None. Raises InputError."""
    if name is None:
        return version
    tv = version.find(name) if isinstance(name, str) else None
    if tv is None or tv.table.kind != "entity":
        raise InputError(
            f"no table of entities {name!r}. "
            f"{suggest(str(name), [t.table.name for t in version if t.table.kind == 'entity'], 'Tables')}"
        )
    return Version(version.commit, {tv.table.number: tv}, {tv.table.name.casefold(): tv.table.number})


def _graph(hints: Hints, version: Version, call: IndexCall) -> tuple[Graph, Walk]:
    """Return the graph, and how the options say it is walked. Ids that no edge has are starts that lead nowhere."""
    graph = hints.graphs.graph(version)
    kinds, rows = call.options.get("type"), call.options.get("rows", traversal.PATHS_MAX)
    assert isinstance(rows, int), "the binder gives each option its type"
    kinds = [kinds] if isinstance(kinds, str) else kinds
    direction = cast("Direction", call.options.get("direction", "out"))
    within, along = call.relations.get("nodes"), call.relations.get("edges")
    allowed = None if within is None else traversal.mask_of(graph, within)
    mask = None if along is None else hints.graphs.edge_mask(version, along.to_numpy())
    types = None if kinds is None else list(kinds)  # type: ignore[call-overload]
    return graph, Walk(types, direction, allowed, rows, mask)


def _neighbors(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(hints, version, call)
    return traversal.neighbors(graph, list(call.texts()), cast(int, call.options["depth"]), walk)


def _traverse(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(hints, version, call)
    strategy, unique = cast("Strategy", call.options["strategy"]), cast("Unique", call.options["unique"])
    depth, include = cast(int, call.options["depth"]), bool(call.options["include_start"])
    return traversal.traverse(
        graph,
        list(call.texts()),
        depth,
        walk,
        strategy=strategy,
        unique=unique,
        include_start=include,
        path="path" in call.columns,
    )


def _pairs(call: IndexCall, find: Callable[[str, str], pl.DataFrame]) -> pl.DataFrame:
    """Return the paths from each text of the first input to each of the second, numbered through."""
    found = []
    for a in dict.fromkeys(call.inputs[0].to_list()):
        for b in dict.fromkeys(call.inputs[1].to_list()):
            call.check_time()
            found.append(find(a, b))
    types = dict(INDEX_FUNCTIONS["all_paths"].columns)
    return (
        pl.concat(found).with_columns(pl.int_range(1, pl.len() + 1).alias("path_id"))
        if found
        else pl.DataFrame(schema=types)
    )


def _shortest_path(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(hints, version, call)
    weighted, every, depth = (
        bool(call.options["weighted"]),
        bool(call.options["every"]),
        cast(int, call.options["depth"]),
    )
    return _pairs(
        call, lambda a, b: traversal.shortest_path(graph, a, b, walk, weighted=weighted, every=every, depth_max=depth)
    )


def _all_paths(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(hints, version, call)
    return _pairs(call, lambda a, b: traversal.all_paths(graph, a, b, walk, cast(int, call.options["depth"])))


def _cycles(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    return traversal.cycles(*_graph(hints, version, call), cast(int, call.options["depth"]))


def _walks(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(hints, version, call)
    least, most = cast(int, call.options["least"]), cast("int | None", call.options["most"])
    mode, choose = cast("Mode", call.options["mode"]), cast("Select", call.options["choose"])
    if most is None and mode == "walk" and choose == "all":
        raise ExecuteError("WALKS: walks without an end; give most, or a mode or choice that bounds them")
    pattern = Pattern(least, traversal.DEPTH_MAX if most is None else most, mode, choose)
    return traversal.matches(
        graph, pl.concat(call.inputs), pattern, walk, backward=bool(call.options["backward"]), wanted=call.columns
    )


def _degree(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(hints, version, call)
    return traversal.degree(graph, walk.kinds)


def _pagerank(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(hints, version, call)
    return traversal.pagerank(
        graph, walk.kinds, cast(float, call.options["damping"]), cast(float, call.options["tolerance"])
    )


def _components(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(hints, version, call)
    return traversal.components(graph, walk.kinds, strong=bool(call.options["strong"]))


def _topological_order(kv: KV, hints: Hints, version: Version, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(hints, version, call)
    return traversal.topological_order(graph, walk.kinds)


RUNS: Mapping[str, Run] = {
    "lookup": _lookup,
    "fuzzy": _fuzzy,
    "neighbors": _neighbors,
    "traverse": _traverse,
    "shortest_path": _shortest_path,
    "all_paths": _all_paths,
    "cycles": _cycles,
    "walks": _walks,
    "degree": _degree,
    "pagerank": _pagerank,
    "components": _components,
    "topological_order": _topological_order,
}

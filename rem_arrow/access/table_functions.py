"""The functions in FROM that indexes answer: RUNS, by the names of `plan.index_functions.INDEX_FUNCTIONS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import TYPE_CHECKING, TypeAlias, cast

import polars as pl

from rem_arrow.access import fuzzy, lookup, node_scores, paths, pattern_walks, traversal
from rem_arrow.access.access import Access
from rem_arrow.access.graph_nodes import PATHS_MAX, Walk, mask_of
from rem_arrow.access.index_arguments import of_each, of_each_call, with_positions
from rem_arrow.base.errors import ExecuteError
from rem_arrow.base.source import IndexCall
from rem_arrow.index.path_patterns import Pattern
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS

if TYPE_CHECKING:
    from rem_arrow.access.traversal import Strategy, Unique
    from rem_arrow.index.adjacency import Direction, Graph
    from rem_arrow.index.path_patterns import Mode, Select

Run: TypeAlias = "Callable[[Access, IndexCall], pl.DataFrame]"


def run(access: Access, function: str, call: IndexCall) -> pl.DataFrame:
    """Return the rows of a function at one version, with at least the columns that the call reads."""
    spec = INDEX_FUNCTIONS[function]
    for option in spec.options:
        problem = option.problem(call.options[option.name])
        if problem is not None:
            raise ExecuteError(f"{spec.name.upper()}: {problem}")
    rows = RUNS[function](access, call)
    types = dict(spec.columns)
    assert all(rows.schema[c] == types[c] for c in call.columns), f"{function} gave {rows.schema}"
    return rows


def _lookup(access: Access, call: IndexCall) -> pl.DataFrame:
    within, entity = access.only(call.options["table"]), "entity" in call.columns
    return with_positions(
        call,
        lambda texts: lookup.lookup_entity(within, texts, rows_max=None, entity=entity, check_time=call.check_time),
    )


def _fuzzy(access: Access, call: IndexCall) -> pl.DataFrame:
    k, threshold = call.options["k"], call.options["threshold"]
    assert (k is None or isinstance(k, int)) and isinstance(threshold, float), "the binder gives each option its type"
    within, entity = access.only(call.options["table"]), "entity" in call.columns
    return with_positions(
        call,
        lambda texts: fuzzy.fuzzy(within, texts, k=k, threshold=threshold, entity=entity, check_time=call.check_time),
    )


def _graph(access: Access, call: IndexCall) -> tuple[Graph, Walk]:
    """Return the graph, with a node for each end of a path, and the walk that the options describe."""
    ends = call.options.get("include_start") or len(call.inputs) > 1
    graph = (
        access.graph(list(dict.fromkeys(t for texts in call.inputs for t in texts.drop_nulls())))
        if ends
        else access.graph()
    )
    kinds, rows = call.options.get("type"), call.options.get("rows", PATHS_MAX)
    assert isinstance(rows, int), "the binder gives each option its type"
    kinds = [kinds] if isinstance(kinds, str) else kinds
    direction = cast("Direction", call.options.get("direction", "out"))
    within, along = call.relations.get("nodes"), call.relations.get("edges")
    allowed = None if within is None else mask_of(graph, within)
    mask = None if along is None else access.indexes.graphs.edge_mask(access.version, along.to_numpy())
    types = None if kinds is None else list(kinds)  # type: ignore[call-overload]
    return graph, Walk(types, direction, allowed, rows, mask)


def _neighbors(access: Access, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(access, call)
    depth = cast(int, call.options["depth"])
    return of_each(call, lambda ids: traversal.neighbors(graph, ids, depth, walk), "start_id")


def _traverse(access: Access, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(access, call)
    strategy, unique = cast("Strategy", call.options["strategy"]), cast("Unique", call.options["unique"])
    depth, include = cast(int, call.options["depth"]), bool(call.options["include_start"])
    path = "path" in call.columns

    def reached(ids: list[str]) -> pl.DataFrame:
        return traversal.traverse(
            graph, ids, depth, walk, strategy=strategy, unique=unique, include_start=include, path=path
        )

    return of_each(call, reached, "start_id")


def _pairs(call: IndexCall, find: Callable[[str, str], pl.DataFrame]) -> pl.DataFrame:
    """Return the paths from each text of the first input to each of the second, numbered consecutively."""
    none = pl.DataFrame(schema=dict(INDEX_FUNCTIONS["all_paths"].columns))

    def of_call(inputs: list[list[str]]) -> pl.DataFrame:
        frames = [none]
        for a, b in product(*inputs):
            call.check_time()
            frames.append(find(a, b))
        return pl.concat(frames).with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("path_id"))

    return of_each_call(call, of_call)


def _shortest_path(access: Access, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(access, call)
    weighted, every, depth = (
        bool(call.options["weighted"]),
        bool(call.options["every"]),
        cast("int | None", call.options["depth"]),
    )
    return _pairs(
        call, lambda a, b: paths.shortest_path(graph, a, b, walk, weighted=weighted, every=every, depth_max=depth)
    )


def _all_paths(access: Access, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(access, call)
    return _pairs(call, lambda a, b: paths.all_paths(graph, a, b, walk, cast(int, call.options["depth"])))


def _cycles(access: Access, call: IndexCall) -> pl.DataFrame:
    return paths.cycles(*_graph(access, call), cast(int, call.options["depth"]))


def _walks(access: Access, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(access, call)
    least, most = cast(int, call.options["least"]), cast("int | None", call.options["most"])
    mode, choose = cast("Mode", call.options["mode"]), cast("Select", call.options["choose"])
    if most is None and mode == "walk" and choose == "all":
        raise ExecuteError("WALKS: walks without a bound; give most, or a mode or a choice that bounds them")
    pattern = Pattern(least, most, mode, choose, cast(int, call.options["count"]))
    backward = bool(call.options["backward"])

    def matched(inputs: list[list[str]]) -> pl.DataFrame:
        starts = pl.Series(inputs[0], dtype=pl.String)
        return pattern_walks.matches(graph, starts, pattern, walk, backward=backward, columns=call.columns)

    return of_each_call(call, matched)


def _degree(access: Access, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(access, call)
    return node_scores.degree(graph, walk.kinds)


def _pagerank(access: Access, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(access, call)
    return node_scores.pagerank(
        graph, walk.kinds, cast(float, call.options["damping"]), cast(float, call.options["tolerance"])
    )


def _components(access: Access, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(access, call)
    return node_scores.components(graph, walk.kinds, strong=bool(call.options["strong"]))


def _topological_order(access: Access, call: IndexCall) -> pl.DataFrame:
    graph, walk = _graph(access, call)
    return node_scores.topological_order(graph, walk.kinds)


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

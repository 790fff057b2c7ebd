"""The arguments that the verbs on the graph share: starts, types of edges, direction, conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from rem_arrow.access.graph_nodes import Walk, nodes_of
from rem_arrow.access.soft_deletes import EDGES
from rem_arrow.base import checks
from rem_arrow.base.errors import BindError, InputError
from rem_arrow.base.quoting import identifier
from rem_arrow.face.find import condition
from rem_arrow.face.verbs import Verbs
from rem_arrow.index.adjacency import Direction, Graph
from rem_arrow.model.predicates import Predicate, Values
from rem_arrow.sql.text.parser import is_condition

EdgeTypes = str | Sequence[str] | None
Where = str | Predicate | None


def prepared(
    verbs: Verbs,
    ids: str | Iterable[str],
    edge_type: EdgeTypes,
    direction: Direction,
    where: tuple[Where, Where],
    rows_max: int,
) -> tuple[Graph, list[str], Walk]:
    """Return the graph, the starts, and how to walk, from the arguments of a verb. Raises InputError."""
    checks.one_of(direction, "direction", ("out", "in", "both"))
    starts = [ids] if isinstance(ids, str) else list(ids)
    for start in starts:
        checks.text(start, "an id")
    graph = verbs._access().graph(starts)
    _refuse_unknown(graph, starts)
    return (
        graph,
        starts,
        Walk(
            edge_types(edge_type),
            direction,
            _allowed_nodes(verbs, graph, where[0]),
            rows_max,
            _allowed_edges(verbs, where[1]),
        ),
    )


def _refuse_unknown(graph: Graph, ids: Sequence[str]) -> None:
    """Raise InputError for an id that no edge and no entity has."""
    for id_, node in zip(ids, nodes_of(graph, ids), strict=True):
        if node is None:
            raise InputError(f"no entity and no edge has the id {id_!r}; lookup_entity and fuzzy find ids by name")


def _allowed_edges(verbs: Verbs, where: Where) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None:
    """Return which edges meet a condition."""
    if where is None:
        return None
    _check_condition("edge_where", where, "weight > 0.5")
    version, values = verbs._version(), Values()
    tv = version.find(EDGES)
    assert tv is not None, "every database has edges"
    text = where if isinstance(where, str) else condition(tv.table, where, values)
    rowids = verbs.sql(f"SELECT rowid FROM edges WHERE ({text}\n)", values).to_series().to_numpy()
    return verbs._instance.indexes.graphs.edge_mask(version, rowids)


def _allowed_nodes(verbs: Verbs, graph: Graph, where: Where) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]] | None:
    """Return which nodes meet a condition, evaluated in each entity's table; entities of a table that lacks its
    columns do not."""
    if where is None:
        return None
    _check_condition("where", where, "category = 'x'")
    allowed = np.zeros(graph.nodes.count, dtype=np.bool_)
    fits: list[bool] = []
    problem: BindError | InputError | None = None
    for name in graph.nodes.names:
        tv = verbs._version().find(name) if name else None
        if tv is None or tv.table.kind != "entity":
            continue
        values = Values()
        try:
            text = where if isinstance(where, str) else condition(tv.table, where, values)
            ids = verbs.sql(f"SELECT id FROM {identifier(name)} WHERE ({text}\n)", values).to_series()
        except (BindError, InputError) as error:
            problem = error
            continue
        fits.append(True)
        nodes = graph.nodes.numbers(ids, name)
        allowed[nodes[nodes >= 0]] = True
    if problem is not None and not fits:
        raise InputError(
            f"no table of the graph's entities has what the condition reads: {str(problem).splitlines()[0]}"
        )
    return allowed


def _check_condition(name: str, where: str | Predicate, example: str) -> None:
    if not isinstance(where, Predicate) and (not isinstance(where, str) or not is_condition(where)):
        raise InputError(f'{name} is one condition in SQL, such as "{example}", or a predicate, not {where!r}')


def edge_types(edge_type: EdgeTypes) -> list[str] | None:
    if edge_type is None:
        return None
    types = [edge_type] if isinstance(edge_type, str) or not isinstance(edge_type, Iterable) else list(edge_type)
    if not all(isinstance(t, str) for t in types):
        raise InputError(f"edge_type is a text or several, not {edge_type!r}")
    return types

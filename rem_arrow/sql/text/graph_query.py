"""One GRAPH_TABLE as it is read: its patterns, its WHERE and its COLUMNS, checked.

    GRAPH_TABLE (MATCH pattern, ... [WHERE condition] COLUMNS (expression [AS name], ...))

The patterns are those of graph_pattern.py. Source: ISO/IEC 9075-16:2023 (SQL/PGQ).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlglot.tokens import Token, TokenType

from rem_arrow.sql.text import graph_pattern
from rem_arrow.sql.text.graph_pattern import Element, Path, Reader
from rem_arrow.sql.text.token_lists import nesting

_NAMED = (TokenType.VAR, TokenType.IDENTIFIER)
_OPERATORS = (TokenType.OR, TokenType.CASE, TokenType.BETWEEN, TokenType.XOR)


class Term(NamedTuple):
    """One AND term of WHERE; `about` are the elements that it reads, None where that is not sure."""

    about: frozenset[str] | None
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class GraphQuery:
    """What a GRAPH_TABLE says; names of elements are casefolded.

    Attributes:
        nodes: each node once; one that comes several times has its labels.
        terms: the AND terms of `where`.
    """

    paths: tuple[Path, ...]
    nodes: Mapping[str, Element]
    where: tuple[Token, ...]
    columns: tuple[Token, ...]
    terms: tuple[Term, ...]


def graph_query(reader: Reader) -> GraphQuery:
    """Read from the first pattern to the closing parenthesis. Raises ParseError and UnsupportedError."""
    paths = tuple(graph_pattern.paths(reader))
    where, columns = _where(reader), _columns(reader)
    nodes = _nodes(reader, paths)
    names = _names(reader, paths, nodes)
    for path in paths:
        _check(reader, path, names, alone=len(paths) == 1)
    return GraphQuery(paths, nodes, where, columns, _terms(where))


def _where(reader: Reader) -> tuple[Token, ...]:
    if not reader.take(TokenType.WHERE):
        return ()
    begin, depth = reader.place, 0
    while (token := reader.peek()) is not None and not (
        depth == 0 and (reader.word() == "COLUMNS" or token.token_type == TokenType.R_PAREN)
    ):
        depth += nesting(token)
        reader.place += 1
    return tuple(reader.tokens[begin : reader.place])


def _columns(reader: Reader) -> tuple[Token, ...]:
    if reader.take_word("COLUMNS") is None or not reader.take(TokenType.L_PAREN):
        raise reader.error(
            "GRAPH_TABLE needs COLUMNS (...) behind its pattern",
            hint="Write GRAPH_TABLE (MATCH (a:users)-[e:authored]->(b:files) COLUMNS (a.name, b.path)).",
        )
    columns = reader.until(TokenType.R_PAREN)
    reader.next()
    if not columns:
        raise reader.error("COLUMNS is empty; name at least one column")
    if not reader.take(TokenType.R_PAREN):
        raise reader.error("GRAPH_TABLE ends behind its COLUMNS")
    return columns


def _nodes(reader: Reader, paths: Sequence[Path]) -> dict[str, Element]:
    nodes: dict[str, Element] = {}
    for node in (n for p in paths for n in p.nodes):
        before = nodes.get(node.var.casefold())
        if before is None or not before.labels:
            nodes[node.var.casefold()] = node
        elif node.labels and _folded(node.labels) != _folded(before.labels):
            raise reader.error(f"{node.var} has another label before", node.labels[0])
    return nodes


def _folded(labels: Sequence[Token]) -> list[str]:
    return [label.text.casefold() for label in labels]


def _names(reader: Reader, paths: Sequence[Path], nodes: Mapping[str, Element]) -> set[str]:
    """Return the names of nodes and edges; an edge has one of its own."""
    names = set(nodes)
    for element in (e.element for p in paths for e in p.edges):
        if element.var.casefold() in names:
            raise reader.error(f"the name {element.var} is given twice; an edge has a name of its own", element.at)
        names.add(element.var.casefold())
    return names


def _check(reader: Reader, path: Path, names: set[str], *, alone: bool) -> None:
    if path.var is not None and path.var.casefold() in names:
        raise reader.error(f"the name {path.var} is given twice; a path has a name of its own", path.at)
    if path.mode != "walk" and len(path.edges) > 1:
        raise reader.unsupported(
            f"{path.mode.upper()} of a path with several edges in its pattern is not supported; quantify one edge",
            path.at,
        )
    if path.is_windowed and not alone:
        raise reader.unsupported(
            "the choice among paths of several edges beside other patterns is not supported; join two GRAPH_TABLEs",
            path.at,
        )
    for edge in path.edges:
        bounded = edge.most is not None or path.mode != "walk" or path.choose != "all"
        if edge.quantified and not bounded:
            raise reader.error(
                "walks without a bound: an unbounded quantifier needs ANY SHORTEST, SHORTEST k, ALL SHORTEST, TRAIL, "
                "ACYCLIC or SIMPLE before the path",
                edge.element.at,
                hint="Or bound it: ->{1,5}.",
            )


def _terms(tokens: tuple[Token, ...]) -> tuple[Term, ...]:
    """Return the AND terms of a condition; one where another operator stands beside them."""
    terms: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += nesting(token)
        if depth == 0 and token.token_type in _OPERATORS:
            return (Term(_about(tokens), tokens),)
        if depth == 0 and token.token_type == TokenType.AND:
            terms.append([])
        else:
            terms[-1].append(token)
    return tuple(Term(_about(term), tuple(term)) for term in terms if term)


def _about(tokens: Sequence[Token]) -> frozenset[str] | None:
    names = set[str]()
    for place, token in enumerate(tokens):
        before = tokens[place - 1].token_type if place else None
        after = tokens[place + 1].token_type if place + 1 < len(tokens) else None
        if token.token_type == TokenType.SELECT:
            return None
        if before in (TokenType.DOT, TokenType.PARAMETER) or after == TokenType.L_PAREN:
            continue
        if after == TokenType.DOT:
            names.add(token.text.casefold())
        elif token.token_type in _NAMED:
            return None
    return frozenset(names)

"""`GRAPH_TABLE (MATCH ... [WHERE ...] COLUMNS (...))` to the subquery that it means, on the level of tokens.

Each node is a relation, the table of its label; each edge is `edges`, joined to its nodes by table and id; a quantified
edge is a call of WALKS, from what the pattern has reached so far. What the user wrote in WHERE and COLUMNS stands in
the subquery as it is, so places in errors are those of the text. Source: ISO/IEC 9075-16:2023 (SQL/PGQ).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from sqlglot.tokens import Token, TokenType

from rem_arrow.base.quoting import identifier, literal
from rem_arrow.sql.text.graph_columns import Columns
from rem_arrow.sql.text.graph_pattern import Edge, Element, Path, Reader
from rem_arrow.sql.text.graph_query import GraphQuery, graph_query
from rem_arrow.sql.text.token_lists import Rewritten, Tokens, like, mention, rewritten

Tokenize: TypeAlias = Callable[[str], Tokens]


def desugared(tokens: Tokens, text: str, tokenize: Tokenize) -> Tokens:
    """Return the tokens with each GRAPH_TABLE written as a subquery. Raises ParseError and UnsupportedError."""

    def subquery(tokens: Tokens, place: int) -> Rewritten | None:
        if not _begins(tokens, place):
            return None
        reader = Reader(tokens, place + 3, text)
        query = graph_query(reader)
        return Rewritten(_Subquery(query, reader, tokens[place], tokenize).tokens(), reader.place)

    return rewritten(tokens, subquery) if mention(tokens, "GRAPH_TABLE") else tokens


def _begins(tokens: Tokens, place: int) -> bool:
    if tokens[place].text.upper() != "GRAPH_TABLE" or tokens[place].token_type != TokenType.VAR:
        return False
    return (
        place + 2 < len(tokens)
        and tokens[place + 1].token_type == TokenType.L_PAREN
        and tokens[place + 2].text.upper() == "MATCH"
    )


class _Subquery:
    """One GRAPH_TABLE while it is written as relations and conditions."""

    def __init__(self, query: GraphQuery, reader: Reader, at: Token, tokenize: Tokenize) -> None:
        self._query, self._at, self._tokenize = query, at, tokenize
        self._columns = Columns(reader, query.paths, self.text)
        self._relations: list[Tokens] = []
        self._conditions: list[Tokens] = []
        # The nodes that are among the relations.
        self._bound: set[str] = set()

    def tokens(self) -> Tokens:
        paths = self._turned()
        for path in paths:
            self._path(path)
        where = self._columns.rewritten(self._query.where)
        choices = [self._choice(path) for path in paths if path.is_windowed]
        conditions, qualify = list(self._conditions), []
        if choices:
            qualify = [*choices, where] if where else choices
        elif where:
            conditions.append(where)
        return [
            *self.text("(SELECT"),
            *self._columns.items(self._query.columns),
            *self.text("FROM"),
            *_joined(self._relations, self.text(",")),
            *self._conditioned("WHERE", conditions),
            *self._conditioned("QUALIFY", qualify),
            *self.text(")"),
        ]

    def text(self, sql: str, at: Token | None = None) -> Tokens:
        """Return the tokens of a text that is not the user's, in the place of one of the user's tokens."""
        return [like(at or self._at, t.token_type, t.text) for t in self._tokenize(sql)]

    def _turned(self) -> list[Path]:
        """Return the paths, those reversed whose end is known better than their start."""
        turned, bound = [], set[str]()
        for path in self._query.paths:
            first, last = (self._is_known(n, bound) for n in (path.nodes[0], path.nodes[-1]))
            turned.append(path.reversed() if last and not first and any(e.quantified for e in path.edges) else path)
            bound |= {n.var.casefold() for n in path.nodes}
        return turned

    def _is_known(self, node: Element, bound: set[str]) -> bool:
        var = node.var.casefold()
        return bool(node.where) or var in bound or any(term.about == frozenset({var}) for term in self._query.terms)

    # --- relations and conditions

    def _path(self, path: Path) -> None:
        begin = (0, 0) if path.nodes[0].var.casefold() in self._bound else (len(self._relations), len(self._conditions))
        self._node(path.nodes[0])
        for place, edge in enumerate(path.edges):
            if edge.quantified:
                self._walk(path, place, begin)
            else:
                self._hop(edge, path.nodes[place], path.nodes[place + 1])
            self._node(path.nodes[place + 1])

    def _node(self, node: Element) -> None:
        if node.where:
            self._conditions.append(self._columns.rewritten(node.where))
        var = node.var.casefold()
        if var in self._bound:
            return
        self._bound.add(var)
        labels = self._query.nodes[var].labels
        alias = self.text(f"AS {identifier(node.var)}", node.at)
        if len(labels) == 1:
            relation = [_as_name(labels[0])]
        elif not labels:
            relation = self.text("all_entities", node.at)
        else:
            relation = self.text("(")
            for i, label in enumerate(labels):
                relation += self.text(
                    f'{"UNION ALL BY NAME" if i else ""} SELECT entity_table({literal(label.text)}) AS "table", * FROM',
                    label,
                ) + [_as_name(label)]
            relation += self.text(")")
        self._relations.append([*relation, *alias])

    def _table(self, node: Element) -> str:
        labels = self._query.nodes[node.var.casefold()].labels
        return f"entity_table({literal(labels[0].text)})" if len(labels) == 1 else f'{identifier(node.var)}."table"'

    def _hop(self, edge: Edge, before: Element, after: Element) -> None:
        at, e = edge.element.at, identifier(edge.element.var)
        if edge.direction == "both":
            self._relations.append(
                self.text(
                    "(SELECT *, src_table AS from_table, src AS from_id, dst_table AS to_table, dst AS to_id FROM "
                    "edges UNION ALL "
                    "SELECT *, dst_table, dst, src_table, src FROM edges WHERE src <> dst OR src_table <> dst_table) "
                    f"AS {e}",
                    at,
                )
            )
            ends = (f"{e}.from_table", f"{e}.from_id", f"{e}.to_table", f"{e}.to_id")
        else:
            self._relations.append(self.text(f"edges AS {e}", at))
            ends = (f"{e}.src_table", f"{e}.src", f"{e}.dst_table", f"{e}.dst")
            ends = ends if edge.direction == "out" else ends[2:] + ends[:2]
        self._at_ends(ends, before, after, at)
        if edge.element.labels:
            self._conditions.append(
                self.text(f"{e}.edge_type IN ({', '.join(literal(t.text) for t in edge.element.labels)})", at)
            )
        if edge.element.where:
            self._conditions.append(self._columns.rewritten(edge.element.where))

    def _at_ends(self, ends: tuple[str, str, str, str], before: Element, after: Element, at: Token) -> None:
        for table, id_, node in ((*ends[:2], before), (*ends[2:], after)):
            self._conditions.append(
                self.text(f"{table} = {self._table(node)} AND {id_} = {identifier(node.var)}.id", at)
            )

    def _walk(self, path: Path, place: int, begin: tuple[int, int]) -> None:
        """A quantified edge: walks from what the path has reached, which the relations and conditions from `begin` on
        say."""
        edge, before, after = path.edges[place], path.nodes[place], path.nodes[place + 1]
        at, e = edge.element.at, identifier(edge.element.var)
        conditions = [*self._conditions[begin[1] :], *self._terms_of_starts(path, place)]
        starts = [
            *self.text(f"(SELECT DISTINCT {self._table(before)} || chr(0) || {identifier(before.var)}.id FROM", at),
            *_joined(self._relations[begin[0] :], self.text(",", at)),
            *self._conditioned("WHERE", conditions),
            *self.text(")", at),
        ]
        options = _walk_options(path, edge)
        relation = [*self.text("walks(", at), *starts, *self.text(", " + ", ".join(options), at)]
        if edge.element.where:
            own = edge.element.var if edge.element.named else "edges"
            relation += [
                *self.text(f", edges => (SELECT rowid FROM edges AS {identifier(own)} WHERE", at),
                *edge.element.where,
                *self.text(")", at),
            ]
        self._relations.append([*relation, *self.text(f") AS {e}", at)])
        self._at_ends((f"{e}.start_table", f"{e}.start_id", f'{e}."table"', f"{e}.id"), before, after, at)

    def _terms_of_starts(self, path: Path, place: int) -> list[Tokens]:
        """Return the terms of WHERE that may be asked of the starts of a walk: those about nodes that are reached, of a
        choice about its first only."""
        nodes = path.nodes[: 1 if path.choose != "all" else place + 1]
        reached = {node.var.casefold() for node in nodes}
        return [self._columns.rewritten(t.tokens) for t in self._query.terms if t.about and t.about <= reached]

    def _choice(self, path: Path) -> Tokens:
        """The paths of a pattern that are wanted among those with the same ends."""
        ends = ", ".join(f"{self._table(n)}, {identifier(n.var)}.id" for n in (path.nodes[0], path.nodes[-1]))
        over = f"OVER (PARTITION BY {ends} ORDER BY {self._columns.length(path)})"
        return self.text(
            f"rank() {over} = 1" if path.choose == "all_shortest" else f"row_number() {over} <= {path.k}", path.at
        )

    def _conditioned(self, word: str, conditions: Sequence[Tokens]) -> Tokens:
        if not conditions:
            return []
        clause = self.text(word)
        for i, condition in enumerate(conditions):
            clause += [*self.text("AND (" if i else "("), *condition, *self.text(")")]
        return clause


def _walk_options(path: Path, edge: Edge) -> list[str]:
    options = [f"least => {edge.least}", f"direction => '{edge.direction}'", f"mode => '{path.mode}'"]
    if edge.most is not None:
        options.append(f"most => {edge.most}")
    if path.choose != "all":
        options.append(f"choose => '{'all' if path.choose == 'all_shortest' else 'any'}_shortest'")
    if path.k > 1:
        options.append(f"count => {path.k}")
    if edge.element.labels:
        options.append(f"type => [{', '.join(literal(t.text) for t in edge.element.labels)}]")
    if path.backward:
        options.append("backward => true")
    return options


def _as_name(label: Token) -> Token:
    """Return a label as the name of a table, whatever word it is."""
    return like(label, TokenType.IDENTIFIER, label.text)


def _joined(parts: Sequence[Tokens], between: Tokens) -> Tokens:
    joined: Tokens = []
    for i, part in enumerate(parts):
        joined += [*between, *part] if i else part
    return joined

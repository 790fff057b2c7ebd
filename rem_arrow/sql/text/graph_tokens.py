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
from rem_arrow.sql.text import graph_pattern
from rem_arrow.sql.text.graph_columns import Columns
from rem_arrow.sql.text.graph_pattern import Edge, Element, Path, Reader

Tokenize: TypeAlias = Callable[[str], "list[Token]"]
Tokens: TypeAlias = "list[Token]"
_NAMES = (TokenType.VAR, TokenType.IDENTIFIER)


def desugared(tokens: list[Token], text: str, tokenize: Tokenize) -> list[Token]:
    """Return the tokens with each GRAPH_TABLE written as a subquery. Raises ParseError and UnsupportedError."""
    if not any(_begins(tokens, place) for place in range(len(tokens))):
        return tokens
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        if _begins(tokens, place):
            reader = Reader(tokens, place + 3, text)
            found += _Match(reader, tokens[place], tokenize).subquery()
            place = reader.place
        else:
            found.append(tokens[place])
            place += 1
    return found


def _begins(tokens: list[Token], place: int) -> bool:
    if tokens[place].text.upper() != "GRAPH_TABLE" or tokens[place].token_type != TokenType.VAR:
        return False
    return (
        place + 2 < len(tokens)
        and tokens[place + 1].token_type == TokenType.L_PAREN
        and tokens[place + 2].text.upper() == "MATCH"
    )


class _Match:
    """One GRAPH_TABLE: read by the reader, written as relations and conditions."""

    def __init__(self, reader: Reader, at: Token, tokenize: Tokenize) -> None:
        self._reader, self._at, self._tokenize = reader, at, tokenize
        paths = graph_pattern.paths(reader)
        where = self._where()
        columns = self._columns()
        self._conjuncts = _conjuncts(where)
        self._nodes = self._merged(paths)
        self._check(paths)
        self._paths = self._turned(paths)
        self._written = Columns(reader, paths, self.text)
        self._where_tokens, self._column_tokens = where, columns
        self._relations: list[Tokens] = []
        self._conditions: list[Tokens] = []
        self._bound: set[str] = set()

    def subquery(self) -> Tokens:
        for path in self._paths:
            self._path(path)
        where = self._written.rewritten(self._where_tokens)
        chosen = [self._choice(p) for p in self._paths if self._is_windowed(p)]
        conditions, qualify = list(self._conditions), []
        if chosen:
            qualify = [*chosen, where] if where else chosen
        elif where:
            conditions.append(where)
        found = [
            *self.text("(SELECT"),
            *self._written.items(self._column_tokens),
            *self.text("FROM"),
            *_joined(self._relations, self.text(",")),
        ]
        found += self._conditioned("WHERE", conditions) + self._conditioned("QUALIFY", qualify)
        return [*found, *self.text(")")]

    def text(self, sql: str, at: Token | None = None) -> Tokens:
        """Return the tokens of a text of ours, in the place of a token of the user."""
        at = at or self._at
        return [Token(t.token_type, t.text, at.line, at.col, at.start, at.end) for t in self._tokenize(sql)]

    # --- what is written

    def _where(self) -> tuple[Token, ...]:
        if not self._reader.take(TokenType.WHERE):
            return ()
        begin, depth = self._reader.place, 0
        while (token := self._reader.peek()) is not None and not (
            depth == 0 and (self._reader.word() == "COLUMNS" or token.token_type == TokenType.R_PAREN)
        ):
            depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
            self._reader.place += 1
        return tuple(self._reader.tokens[begin : self._reader.place])

    def _columns(self) -> tuple[Token, ...]:
        if self._reader.take_word("COLUMNS") is None or not self._reader.take(TokenType.L_PAREN):
            raise self._reader.error(
                "GRAPH_TABLE needs COLUMNS (...) behind its pattern",
                hint="Write GRAPH_TABLE (MATCH (a:users)-[e:authored]->(b:files) COLUMNS (a.name, b.path)).",
            )
        found = self._reader.until(TokenType.R_PAREN)
        self._reader.next()
        if not found:
            raise self._reader.error("COLUMNS is empty; name at least one column")
        if not self._reader.take(TokenType.R_PAREN):
            raise self._reader.error("GRAPH_TABLE ends behind its COLUMNS")
        return found

    def _merged(self, paths: Sequence[Path]) -> dict[str, Element]:
        """Return the nodes by name: of one that comes several times, its labels."""
        found: dict[str, Element] = {}
        for node in (n for p in paths for n in p.nodes):
            known = found.get(node.var.casefold())
            if known is None or not known.labels:
                found[node.var.casefold()] = node
            elif node.labels and [t.text.casefold() for t in node.labels] != [t.text.casefold() for t in known.labels]:
                raise self._reader.error(f"{node.var} has another label before", node.labels[0])
        return found

    def _check(self, paths: Sequence[Path]) -> None:
        names = {n.casefold(): n for n in self._nodes}
        for element in (e.element for p in paths for e in p.edges):
            if element.var.casefold() in names:
                raise self._reader.error(
                    f"the name {element.var} is given twice; an edge has a name of its own", element.at
                )
            names[element.var.casefold()] = element.var
        for path in paths:
            if path.var is not None and path.var.casefold() in names:
                raise self._reader.error(f"the name {path.var} is given twice; a path has a name of its own", path.at)
            if path.mode != "walk" and len(path.edges) > 1:
                raise self._reader.unsupported(
                    f"{path.mode.upper()} of a path with several edges in its pattern is not supported; quantify one "
                    "edge",
                    path.at,
                )
            if self._is_windowed(path) and len(paths) > 1:
                raise self._reader.unsupported(
                    "the choice among paths of several edges beside other patterns is not supported; join two "
                    "GRAPH_TABLEs",
                    path.at,
                )
            for edge in path.edges:
                bounded = edge.most is not None or path.mode != "walk" or (path.choose != "all" and path.k == 1)
                if edge.quantified and not bounded:
                    raise self._reader.error(
                        "walks without a bound: an unbounded quantifier needs ANY SHORTEST, ALL SHORTEST, TRAIL, "
                        "ACYCLIC or SIMPLE before the path",
                        edge.element.at,
                        hint="Or bound it: ->{1,5}.",
                    )

    def _turned(self, paths: Sequence[Path]) -> list[Path]:
        """Return the paths, those reversed whose end is known better than their start."""
        found, bound = [], set[str]()
        for path in paths:
            first, last = (self._is_known(n, bound) for n in (path.nodes[0], path.nodes[-1]))
            found.append(path.reversed() if last and not first and any(e.quantified for e in path.edges) else path)
            bound |= {n.var.casefold() for n in path.nodes}
        return found

    def _is_known(self, node: Element, bound: set[str]) -> bool:
        var = node.var.casefold()
        return bool(node.where) or var in bound or any(about == {var} for about, _ in self._conjuncts)

    def _is_windowed(self, path: Path) -> bool:
        """Say whether the choice among paths is made over the rows of the whole pattern."""
        return path.choose != "all" and not (path.k == 1 and len(path.edges) == 1 and path.edges[0].quantified)

    # --- relations and conditions

    def _path(self, path: Path) -> None:
        begin = (0, 0) if path.nodes[0].var.casefold() in self._bound else (len(self._relations), len(self._conditions))
        self._node(path.nodes[0])
        for place, edge in enumerate(path.edges):
            before, after = path.nodes[place], path.nodes[place + 1]
            if edge.quantified:
                self._walk(path, edge, before, after, begin, [n.var.casefold() for n in path.nodes[: place + 1]])
            else:
                self._hop(edge, before, after)
            self._node(after)

    def _node(self, node: Element) -> None:
        if node.where:
            self._conditions.append(self._written.rewritten(node.where))
        var = node.var.casefold()
        if var in self._bound:
            return
        self._bound.add(var)
        labels = self._nodes[var].labels
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
        labels = self._nodes[node.var.casefold()].labels
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
            self._conditions.append(self._written.rewritten(edge.element.where))

    def _at_ends(self, ends: tuple[str, str, str, str], before: Element, after: Element, at: Token) -> None:
        for table, id_, node in ((*ends[:2], before), (*ends[2:], after)):
            self._conditions.append(
                self.text(f"{table} = {self._table(node)} AND {id_} = {identifier(node.var)}.id", at)
            )

    def _walk(
        self, path: Path, edge: Edge, before: Element, after: Element, begin: tuple[int, int], reached: list[str]
    ) -> None:
        """A quantified edge: walks from what the path has reached."""
        at, e = edge.element.at, identifier(edge.element.var)
        conditions = [
            *self._conditions[begin[1] :],
            *(
                self._written.rewritten(tokens)
                for about, tokens in self._conjuncts
                if self._helps(about, path, reached)
            ),
        ]
        starts = self.text(f"(SELECT DISTINCT {self._table(before)} || chr(0) || {identifier(before.var)}.id FROM", at)
        starts += (
            _joined(self._relations[begin[0] :], self.text(",", at))
            + self._conditioned("WHERE", conditions)
            + self.text(")", at)
        )
        options = [f"least => {edge.least}", f"direction => '{edge.direction}'", f"mode => '{path.mode}'"]
        if edge.most is not None:
            options.append(f"most => {edge.most}")
        if path.choose != "all" and path.k == 1:
            options.append(f"choose => '{'all' if path.choose == 'all_shortest' else 'any'}_shortest'")
        if edge.element.labels:
            options.append(f"type => [{', '.join(literal(t.text) for t in edge.element.labels)}]")
        if path.backward:
            options.append("backward => true")
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

    def _helps(self, about: set[str] | None, path: Path, reached: list[str]) -> bool:
        """Say whether a condition may be asked of the starts of a walk: it is about nodes that are reached, of a choice
        about its first only."""
        known = set(reached[:1]) if path.choose != "all" else set(reached)
        return bool(about) and about is not None and about <= known

    def _choice(self, path: Path) -> Tokens:
        """The paths of a pattern that are wanted among those with the same ends."""
        ends = ", ".join(f"{self._table(n)}, {identifier(n.var)}.id" for n in (path.nodes[0], path.nodes[-1]))
        over = f"OVER (PARTITION BY {ends} ORDER BY {self._written.length(path)})"
        return self.text(
            f"rank() {over} = 1" if path.choose == "all_shortest" else f"row_number() {over} <= {path.k}", path.at
        )

    def _conditioned(self, word: str, conditions: Sequence[Tokens]) -> Tokens:
        if not conditions:
            return []
        found = self.text(word)
        for i, condition in enumerate(conditions):
            found += [*self.text("AND (" if i else "("), *condition, *self.text(")")]
        return found


def _as_name(label: Token) -> Token:
    """Return a label as the name of a table, whatever word it is."""
    return Token(TokenType.IDENTIFIER, label.text, label.line, label.col, label.start, label.end)


def _joined(parts: Sequence[Tokens], between: Tokens) -> Tokens:
    found: Tokens = []
    for i, part in enumerate(parts):
        found += [*between, *part] if i else part
    return found


def _conjuncts(tokens: Sequence[Token]) -> list[tuple[set[str] | None, list[Token]]]:
    """Return the terms of a condition, each with the names of the elements that it is about; None where that is not
    sure."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if depth == 0 and token.token_type in (TokenType.OR, TokenType.CASE, TokenType.BETWEEN, TokenType.XOR):
            return [(_about(tokens), list(tokens))]
        if depth == 0 and token.token_type == TokenType.AND:
            parts.append([])
        else:
            parts[-1].append(token)
    return [(_about(p), p) for p in parts if p]


def _about(tokens: Sequence[Token]) -> set[str] | None:
    found = set[str]()
    for place, token in enumerate(tokens):
        before = tokens[place - 1].token_type if place else None
        after = tokens[place + 1].token_type if place + 1 < len(tokens) else None
        if token.token_type == TokenType.SELECT:
            return None
        if before in (TokenType.DOT, TokenType.PARAMETER) or after == TokenType.L_PAREN:
            continue
        if after == TokenType.DOT:
            found.add(token.text.casefold())
        elif token.token_type in _NAMES:
            return None
    return found

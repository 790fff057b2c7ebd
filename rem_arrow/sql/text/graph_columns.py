"""What stands in WHERE and COLUMNS of GRAPH_TABLE: functions of paths and aggregates of quantified edges, written as
expressions.

path_length(p), vertices(p), edges(p)       how many edges a path has, the ids of its nodes, the types of its edges
element_id(a)                                the id of a node, the rowid of an edge
count(e), sum(e.weight), min, max, avg, listagg(e.edge_type, ','), array_agg(e.edge_type), each with DISTINCT
                                             over the edges of the quantified edge e
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot.tokens import Token, TokenType

from rem_arrow.base.quoting import identifier
from rem_arrow.sql.text.graph_pattern import Edge, Path, Reader
from rem_arrow.sql.text.token_lists import Rewritten, nesting, rewritten

_PATH_FUNCTIONS = ("PATH_LENGTH", "VERTICES", "NODES", "EDGES")
_OF_LISTS = {"SUM": "list_sum", "MIN": "list_min", "MAX": "list_max", "AVG": "list_avg", "COUNT": "len"}
_TEXTS = ("LISTAGG", "STRING_AGG")
_LISTS = ("ARRAY_AGG", "LIST")


class Columns:
    """Rewrites what the user wrote over the elements of a pattern."""

    def __init__(self, reader: Reader, paths: Sequence[Path], text: Callable[[str, Token | None], list[Token]]) -> None:
        self._reader, self._text = reader, text
        self._paths = {p.var.casefold(): p for p in paths if p.var is not None}
        self._groups = {e.element.var.casefold() for p in paths for e in p.edges if e.quantified}
        self._nodes = {n.var.casefold() for p in paths for n in p.nodes}

    def items(self, tokens: Sequence[Token]) -> list[Token]:
        """Return the items of COLUMNS; one that is rewritten keeps the name of its function."""
        items: list[Token] = []
        for i, item in enumerate(_parted(tokens)):
            if not item:
                raise self._reader.error("an item of COLUMNS is missing", tokens[0])
            written = self.rewritten(item)
            named = (
                item[-1].token_type in (TokenType.VAR, TokenType.IDENTIFIER)
                and len(item) > 1
                and item[-2].token_type in (TokenType.ALIAS, TokenType.R_PAREN)
            )
            if len(item) > 1 and item[1].token_type == TokenType.L_PAREN and not named:
                written = [*written, *self._text(f"AS {identifier(item[0].text.lower())}", item[0])]
            items += [*self._text(",", item[0]), *written] if i else written
        return items

    def rewritten(self, tokens: Sequence[Token]) -> list[Token]:
        """Return an expression with the functions of paths and of quantified edges written out."""
        return rewritten(list(tokens), self._call_at)

    def _call_at(self, tokens: list[Token], place: int) -> Rewritten | None:
        stop = _call_end(tokens, place)
        written = self._call(tokens[place], tokens[place + 2 : stop - 1]) if stop else None
        return None if written is None else Rewritten(written, stop)

    def length(self, path: Path) -> str:
        """Return the number of edges of a path, as SQL."""
        hops = sum(not e.quantified for e in path.edges)
        return " + ".join([str(hops), *(f"{_quoted(e)}.length" for e in path.edges if e.quantified)])

    def _call(self, function: Token, inner: Sequence[Token]) -> list[Token] | None:
        name = function.text.upper()
        var = inner[0].text.casefold() if inner else ""
        if name in _PATH_FUNCTIONS and len(inner) == 1:
            if var in self._paths:
                return self._text(f"({self._of_path(name, self._paths[var])})", function)
            if name == "PATH_LENGTH":
                raise self._reader.error(
                    f"no path is called {inner[0].text}", inner[0], hint="Name it before its pattern: p = (a)-[e]->(b)."
                )
        if name == "ELEMENT_ID" and len(inner) == 1:
            return self._text(f"{identifier(inner[0].text)}.{'id' if var in self._nodes else 'rowid'}", function)
        distinct = bool(inner) and inner[0].text.upper() == "DISTINCT"
        rest = inner[1:] if distinct else inner
        if not rest or rest[0].text.casefold() not in self._groups:
            return None
        return self._of_group(name, rest, function, distinct=distinct)

    def _of_group(self, name: str, inner: Sequence[Token], function: Token, *, distinct: bool) -> list[Token] | None:
        """An aggregate over the edges of a quantified edge: a function of its lists."""
        if name == "COUNT" and (len(inner) == 1 or inner[-1].token_type == TokenType.STAR):
            return self._text(f'{identifier(inner[0].text)}."length"', function)
        first, *others = _parted(inner)
        value = list(first)
        if name == "COUNT":
            value = [
                *self._text("list_filter(", function),
                *value,
                *self._text(", lambda x : x IS NOT NULL)", function),
            ]
        if distinct:
            value = [*self._text("list_distinct(", function), *value, *self._text(")", function)]
        if name in _OF_LISTS and not others:
            return [*self._text(f"{_OF_LISTS[name]}(", function), *value, *self._text(")", function)]
        if name in _TEXTS and len(others) <= 1:
            between = list(others[0]) if others else self._text("','", function)
            return [
                *self._text("array_to_string(", function),
                *value,
                *self._text(",", function),
                *between,
                *self._text(")", function),
            ]
        return (
            [*self._text("(", function), *value, *self._text(")", function)] if name in _LISTS and not others else None
        )

    def _of_path(self, name: str, path: Path) -> str:
        if name == "PATH_LENGTH":
            return self.length(path)
        parts = [] if name == "EDGES" else [f"[{identifier(path.nodes[0].var)}.id]"]
        for node, edge in zip(path.nodes[1:], path.edges, strict=True):
            if name == "EDGES":
                parts.append(f"{_quoted(edge)}.edge_type" if edge.quantified else f"[{_quoted(edge)}.edge_type]")
            else:
                parts.append(f"{_quoted(edge)}.path[2:]" if edge.quantified else f"[{identifier(node.var)}.id]")
        return " || ".join(parts) or "[]"


def _call_end(tokens: Sequence[Token], place: int) -> int:
    """Return the place after the call that begins here; 0 where none does."""
    if (
        place + 1 >= len(tokens)
        or tokens[place + 1].token_type != TokenType.L_PAREN
        or tokens[place].token_type in (TokenType.IDENTIFIER, TokenType.STRING)
    ):
        return 0
    depth = 0
    for at in range(place + 1, len(tokens)):
        depth += nesting(tokens[at])
        if depth == 0:
            return at + 1
    return 0


def _parted(tokens: Sequence[Token]) -> list[list[Token]]:
    """Return what stands between the commas outside of parentheses and brackets."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += token.token_type in (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
        depth -= token.token_type in (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)
        if depth == 0 and token.token_type == TokenType.COMMA:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _quoted(edge: Edge) -> str:
    return identifier(edge.element.var)

"""The path patterns of GRAPH_TABLE's MATCH, from tokens to what they mean.

    pattern  = [var =] [ANY | ANY SHORTEST | ALL SHORTEST | ANY k | SHORTEST k] [WALK | TRAIL | ACYCLIC | SIMPLE] node
    (edge node)*
    node     = ( [var] [: label | IS label] [WHERE condition] )
    edge     = -[filler]-> | <-[filler]- | -[filler]- | <-[filler]-> | -> | <- | - | <->, then perhaps a quantifier
    quantifier = {n} | {m,n} | {m,} | {,n} | * | +
    label    = name | name '|' name ...

Labels of nodes are tables of entities, those of edges are types. Source: ISO/IEC 9075-16:2023, 10.6 and 10.7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal, TypeAlias

from sqlglot.tokens import Token, TokenType

from rem_arrow.base.errors import ParseError, UnsupportedError

Direction: TypeAlias = Literal["out", "in", "both"]
_OPENS = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
_CLOSES = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)
_MODES = ("WALK", "TRAIL", "ACYCLIC", "SIMPLE")
HOPS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Element:
    """A node, or what stands between the brackets of an edge.

    Attributes:
        var: its name; one that the user did not name has one that no user can write.
        at: the token that it begins with, for messages.
        labels: names, any of which it has; none is any.
        where: the tokens of its condition.
    """

    var: str
    at: Token
    labels: tuple[Token, ...] = ()
    where: tuple[Token, ...] = ()
    named: bool = True


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge of a pattern. Without a quantifier `least` and `most` are None; an unbounded one has no `most`."""

    element: Element
    direction: Direction
    least: int | None = None
    most: int | None = None

    @property
    def quantified(self) -> bool:
        return self.least is not None


@dataclass(frozen=True, slots=True)
class Path:
    """One path pattern: nodes, and between each two of them an edge.

    Attributes:
        choose: which of the paths between the same ends are wanted.
        k: how many of them, where `choose` says a number.
        backward: the nodes and edges are in the order from the last to the first.
    """

    at: Token
    nodes: tuple[Element, ...]
    edges: tuple[Edge, ...]
    var: str | None = None
    choose: Literal["all", "any", "shortest", "all_shortest"] = "all"
    k: int = 1
    mode: str = "walk"
    backward: bool = False

    @property
    def is_windowed(self) -> bool:
        """Whether the choice among paths is made over the rows of the whole pattern."""
        return self.choose != "all" and not (self.k == 1 and len(self.edges) == 1 and self.edges[0].quantified)

    def reversed(self) -> Path:
        """Return the same pattern, read from its last node to its first."""
        turned: dict[Direction, Direction] = {"out": "in", "in": "out", "both": "both"}
        edges = tuple(replace(e, direction=turned[e.direction]) for e in reversed(self.edges))
        return replace(self, nodes=self.nodes[::-1], edges=edges, backward=not self.backward)


class Reader:
    """Reads tokens one after another, and says what is wrong where."""

    def __init__(self, tokens: Sequence[Token], place: int, text: str) -> None:
        self.tokens, self.place, self.text = tokens, place, text
        self._unnamed = count(1)

    def peek(self, ahead: int = 0) -> Token | None:
        at = self.place + ahead
        return self.tokens[at] if at < len(self.tokens) else None

    def word(self, ahead: int = 0) -> str:
        """Return the token in capitals; of a quoted name and a text nothing."""
        token = self.peek(ahead)
        return (
            "" if token is None or token.token_type in (TokenType.IDENTIFIER, TokenType.STRING) else token.text.upper()
        )

    def is_(self, *kinds: TokenType, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token is not None and token.token_type in kinds

    def take(self, *kinds: TokenType) -> bool:
        if not self.is_(*kinds):
            return False
        self.place += 1
        return True

    def take_word(self, *words: str) -> str | None:
        word = self.word()
        if word not in words:
            return None
        self.place += 1
        return word

    def next(self) -> Token:
        token = self.peek()
        if token is None:
            raise self.error("GRAPH_TABLE ends too soon: its parenthesis is not closed")
        self.place += 1
        return token

    def error(self, message: str, token: Token | None = None, hint: str = "") -> ParseError:
        at = token or self.peek() or self.tokens[-1]
        return ParseError(message, self.text, at.start, at.end + 1, hint=hint)

    def unsupported(self, message: str, token: Token | None = None) -> UnsupportedError:
        at = token or self.peek() or self.tokens[-1]
        return UnsupportedError(message, self.text, at.start, at.end + 1)

    def until(self, *stops: TokenType) -> tuple[Token, ...]:
        """Take tokens up to one of these outside of parentheses, which is left."""
        begin, depth = self.place, 0
        while True:
            token = self.peek()
            if token is None:
                raise self.error("GRAPH_TABLE ends too soon: its parenthesis is not closed")
            if depth == 0 and token.token_type in stops:
                return tuple(self.tokens[begin : self.place])
            depth += (token.token_type in _OPENS) - (token.token_type in _CLOSES)
            self.place += 1

    def name(self) -> Token | None:
        """Take a name, quoted or not, if one stands here."""
        token = self.peek()
        if (
            token is None
            or not (token.token_type == TokenType.IDENTIFIER or token.text.replace("_", "a").isalnum())
            or token.token_type in (TokenType.NUMBER, TokenType.STRING)
        ):
            return None
        if token.token_type != TokenType.IDENTIFIER and (
            token.text.upper() in ("WHERE", "IS") or token.text[0].isdigit()
        ):
            return None
        self.place += 1
        return token

    def fresh(self) -> str:
        return f"graph {next(self._unnamed)}"


def paths(reader: Reader) -> list[Path]:
    """Read the path patterns after MATCH, parted by commas."""
    read = [_path(reader)]
    while reader.take(TokenType.COMMA):
        read.append(_path(reader))
    return read


def _path(reader: Reader) -> Path:
    begin = reader.peek() or reader.next()
    var = None
    if reader.is_(TokenType.EQ, ahead=1):
        name = reader.name()
        var = None if name is None else name.text
        reader.place += 1
    path = _chosen(reader, begin)
    if reader.is_(TokenType.L_PAREN) and reader.is_(TokenType.L_PAREN, TokenType.L_BRACKET, ahead=1):
        raise reader.unsupported(
            "a path pattern in parentheses is not supported; write its edges out, or quantify each of them: -[e]->{1,3}"
        )
    nodes, edges = [_node(reader)], []
    while not reader.is_(TokenType.COMMA, TokenType.R_PAREN) and reader.word() not in ("WHERE", "COLUMNS", "KEEP"):
        edges.append(_edge(reader))
        nodes.append(_node(reader))
    if reader.word() == "KEEP":
        raise reader.unsupported("KEEP is not supported; write the choice before each path")
    return replace(path, nodes=tuple(nodes), edges=tuple(edges), var=var)


def _chosen(reader: Reader, begin: Token) -> Path:
    """Read which paths are wanted, and their mode."""
    path = Path(begin, (), ())
    first = reader.word()
    if first in ("ANY", "ALL", "SHORTEST") and not reader.is_(TokenType.L_PAREN):
        reader.place += 1
        number = None
        if first == "SHORTEST" or (first == "ANY" and reader.is_(TokenType.NUMBER)):
            number = _number(reader)
        shortest = first == "SHORTEST" or reader.take_word("SHORTEST") is not None
        if first == "ALL":
            path = replace(path, choose="all_shortest" if shortest else "all")
        else:
            path = replace(path, choose="shortest" if shortest else "any", k=1 if number is None else number)
        if reader.word() in ("GROUP", "GROUPS"):
            raise reader.unsupported("SHORTEST k GROUPS is not supported; ALL SHORTEST gives the first group")
    mode = reader.take_word(*_MODES)
    reader.take_word("PATH", "PATHS")
    return path if mode is None else replace(path, mode=mode.lower())


def _number(reader: Reader) -> int:
    token = reader.next()
    if token.token_type != TokenType.NUMBER or not token.text.isdigit() or not 1 <= int(token.text) <= HOPS_MAX:
        raise reader.error(f"a whole number from 1 to {HOPS_MAX:,} is expected", token)
    return int(token.text)


def _node(reader: Reader) -> Element:
    if not reader.is_(TokenType.L_PAREN):
        raise reader.error("a node is expected, such as (a:users)")
    at = reader.next()
    element = _element(reader, at, TokenType.R_PAREN)
    if not reader.take(TokenType.R_PAREN):
        raise reader.error("a node is (name : label WHERE condition), each of which may be missing")
    return element


def _element(reader: Reader, at: Token, stop: TokenType) -> Element:
    name = reader.name()
    labels: list[Token] = []
    if reader.take(TokenType.COLON) or reader.take(TokenType.IS):
        while True:
            label = reader.name()
            if label is None and reader.take(TokenType.MOD):
                labels = []
                break
            if label is None:
                raise reader.error(
                    "a label is expected: a table of entities for a node, a type for an edge; several with | between "
                    "them"
                )
            labels.append(label)
            if not reader.take(TokenType.PIPE):
                break
        if reader.is_(TokenType.AMP, TokenType.NOT) or reader.word() == "!":
            raise reader.unsupported("of labels only | is supported; write other conditions after WHERE")
    if reader.is_(TokenType.STAR):
        raise reader.error("a quantifier stands behind the edge", hint="Write -[e:type]->{1,3}, or -[e:type]->*.")
    where = ()
    if reader.take(TokenType.WHERE):
        where = reader.until(stop)
        if not where:
            raise reader.error("a condition is expected behind WHERE")
    return Element(reader.fresh() if name is None else name.text, name or at, tuple(labels), where, name is not None)


def _edge(reader: Reader) -> Edge:
    at = reader.next()
    if at.token_type == TokenType.ARROW:
        return _quantified(reader, Edge(Element(reader.fresh(), at, named=False), "out"))
    if at.token_type == TokenType.LR_ARROW:
        return _quantified(reader, Edge(Element(reader.fresh(), at, named=False), "both"))
    left = at.token_type == TokenType.LT
    if not (left and reader.take(TokenType.DASH)) and at.token_type != TokenType.DASH:
        raise reader.error("an edge is expected: -[e:type]->, <-[e:type]- or -[e:type]-", at)
    if not reader.take(TokenType.L_BRACKET):
        return _quantified(reader, Edge(Element(reader.fresh(), at, named=False), "in" if left else "both"))
    element = _element(reader, at, TokenType.R_BRACKET)
    if not reader.take(TokenType.R_BRACKET):
        raise reader.error("an edge is -[name : type WHERE condition]->, each of which may be missing")
    right = reader.take(TokenType.ARROW)
    if not right and not reader.take(TokenType.DASH):
        raise reader.error("the edge ends with -> or -")
    return _quantified(reader, Edge(element, "both" if left == right else "in" if left else "out"))


def _quantified(reader: Reader, edge: Edge) -> Edge:
    if reader.take(TokenType.STAR):
        return replace(edge, least=0)
    if reader.take(TokenType.PLUS):
        return replace(edge, least=1)
    at = reader.peek()
    if not reader.take(TokenType.L_BRACE):
        return edge
    least = int(reader.next().text) if _is_count(reader) else None
    comma = reader.take(TokenType.COMMA)
    most = int(reader.next().text) if comma and _is_count(reader) else None
    if not reader.take(TokenType.R_BRACE) or (least is None and most is None):
        raise reader.error("a quantifier is {n}, {m,n}, {m,}, {,n}, * or +", at)
    low, high = least or 0, most if comma else least
    if (high is not None and low > high) or max(low, high or 0) > HOPS_MAX:
        raise reader.error(f"a quantifier's bounds ascend, and are at most {HOPS_MAX:,}", at)
    return replace(edge, least=low, most=high)


def _is_count(reader: Reader) -> bool:
    token = reader.peek()
    return token is not None and token.token_type == TokenType.NUMBER and token.text.isdigit() and len(token.text) < 10

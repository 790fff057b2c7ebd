"""CREATE MACRO and DROP MACRO, which are read by their tokens: the text of a macro is kept as the user wrote it.

    CREATE [OR REPLACE] [TEMP] MACRO|FUNCTION [IF NOT EXISTS] [s.]f(a, b INTEGER, c := 1) AS [TABLE] text[, (a) AS ...]
    DROP MACRO|FUNCTION [TABLE] [IF EXISTS] [s.]f

CREATE becomes a Create of the kind MACRO whose expression is a tuple of MacroOverload: `this` is the text, and
`expressions` are parameters as tuples of three texts, "" for none: name, type and default. DROP becomes a Drop.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from rem_arrow.base.errors import ParseError
from rem_arrow.sql.text.token_lists import Tokens, nesting
from rem_arrow.sql.text.trees import table_of

_KINDS = ("MACRO", "FUNCTION")


def statement(tokens: Tokens, piece: str) -> exp.Expression | None:
    """Return the tree of a statement about a macro; None for any other. Raises ParseError."""
    words = [t.text.upper() for t in tokens[:6]]
    if words[:1] not in (["CREATE"], ["DROP"]) or not any(w in _KINDS for w in words):
        return None
    reader = _Reader(tokens, piece)
    if reader.takes("DROP"):
        return _drop(reader) if reader.takes(*_KINDS) else None
    reader.takes("CREATE")
    replace = reader.takes("OR") and reader.takes("REPLACE")
    temporary = reader.takes("TEMP", "TEMPORARY")
    return _create(reader, replace=replace, temporary=temporary) if reader.takes(*_KINDS) else None


class _Reader:
    """Reads tokens from the first on."""

    def __init__(self, tokens: Tokens, piece: str) -> None:
        self.tokens = [t for t in tokens if t.token_type != TokenType.SEMICOLON]
        self.piece, self.place = piece, 0

    @property
    def token(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def takes(self, *words: str) -> bool:
        """Pass over a token that is one of these words; say whether there was one."""
        here = (
            self.token is not None and self.token.text.upper() in words and self.token.token_type.name != "IDENTIFIER"
        )
        self.place += here
        return here

    def expect(self, *words: str) -> None:
        if not self.takes(*words):
            raise self.error(f"{words[0]} is expected")

    def next(self) -> Token:
        if self.token is None:
            raise self.error("something is missing")
        self.place += 1
        return self.tokens[self.place - 1]

    def error(self, what: str) -> ParseError:
        at = self.token
        start, end = (len(self.piece), None) if at is None else (at.start, at.end + 1)
        return ParseError(f"cannot read this macro: {what} here", self.piece, start, end)

    def table(self) -> exp.Table:
        """Read a name in up to three parts."""
        parts = [_identifier(self.next())]
        while self.takes("."):
            parts.append(_identifier(self.next()))
        return table_of(parts)

    def closing(self) -> int:
        """Return the place of the parenthesis that closes the one before this place."""
        depth = 1
        for place in range(self.place, len(self.tokens)):
            depth += nesting(self.tokens[place])
            if not depth:
                return place
        self.place = len(self.tokens)
        raise self.error("a parenthesis is missing")

    def text(self, first: int, stop: int) -> str:
        """Return what stands in the text from one token to another, which is left out."""
        if first >= stop:
            return ""
        return self.piece[self.tokens[first].start : self.tokens[stop - 1].end + 1]


def _identifier(token: Token) -> exp.Identifier:
    identifier = exp.to_identifier(token.text, quoted=token.token_type == TokenType.IDENTIFIER)
    identifier.meta.update(start=token.start, end=token.end)
    return identifier


def _drop(reader: _Reader) -> exp.Drop:
    kind = "MACRO TABLE" if reader.takes("TABLE") else "MACRO"
    exists = reader.takes("IF")
    if exists:
        reader.expect("EXISTS")
    table = reader.table()
    reader.takes("CASCADE", "RESTRICT")
    if reader.token is not None:
        raise reader.error("the end is expected")
    return exp.Drop(tables=[table], kind=kind, exists=exists)


def _create(reader: _Reader, *, replace: bool, temporary: bool) -> exp.Create:
    exists = reader.takes("IF")
    if exists:
        reader.expect("NOT")
        reader.expect("EXISTS")
    table, overloads = reader.table(), []
    while True:
        reader.expect("(")
        close = reader.closing()
        parameters = _parameters(reader, close)
        reader.place = close + 1
        reader.expect("AS")
        is_table = reader.takes("TABLE")
        first = reader.place
        stop = reader.place = _stop(reader, is_table=is_table)
        if first == stop:
            raise reader.error("what the macro stands for is expected")
        text = exp.Literal.string(reader.text(first, stop))
        overloads.append(exp.MacroOverload(this=text, expressions=parameters, is_table=is_table))
        if not reader.takes(","):
            break
    properties = exp.Properties(expressions=[exp.TemporaryProperty()]) if temporary else None
    return exp.Create(
        this=table,
        kind="MACRO",
        replace=replace,
        exists=exists,
        properties=properties,
        expression=exp.Tuple(expressions=overloads),
    )


def _stop(reader: _Reader, *, is_table: bool) -> int:
    """Return the place after the text that begins here: before a comma that another overload follows, or the end. In a
    query a comma may be followed by `(a) AS b`, so that an overload of a table macro says TABLE again."""
    depth = 0
    for place in range(reader.place, len(reader.tokens)):
        token = reader.tokens[place]
        depth += nesting(token)
        if depth == 0 and token.token_type == TokenType.COMMA and (not is_table or _is_overload(reader, place + 1)):
            return place
    return len(reader.tokens)


def _is_overload(reader: _Reader, place: int) -> bool:
    if place >= len(reader.tokens) or reader.tokens[place].text != "(":
        return False
    ahead = _Reader(reader.tokens, reader.piece)
    ahead.place = place + 1
    ahead.place = ahead.closing() + 1
    return ahead.takes("AS") and ahead.takes("TABLE")


def _parameters(reader: _Reader, close: int) -> list[exp.Expression]:
    parameters: list[exp.Expression] = []
    while reader.place < close:
        name, first, assigned, depth = reader.next(), reader.place, None, 0
        while reader.place < close:
            token = reader.tokens[reader.place]
            depth += nesting(token) + (token.text in "[{") - (token.text in "]}")
            if depth == 0 and token.token_type == TokenType.COMMA:
                break
            if depth == 0 and token.text in (":=", "=>") and assigned is None:
                assigned = reader.place
            reader.place += 1
        stop = reader.place
        type_ = reader.text(first, stop if assigned is None else assigned)
        default = "" if assigned is None else reader.text(assigned + 1, stop)
        parameters.append(exp.Tuple(expressions=[exp.Literal.string(t) for t in (name.text, type_, default)]))
        reader.place += reader.place < close
    return parameters

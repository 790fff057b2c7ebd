"""Typed literals as casts: DATE '2024-01-01' is CAST('2024-01-01' AS DATE), before SQLGlot reads it.

SQLGlot lets `::`, `[...]` and the like behind the text bind closer than the type, and splits the text of an interval.
"""

from __future__ import annotations

import re

from sqlglot.tokens import Token, TokenType

from rem_arrow.plan.time_functions import UNIT_MICROSECONDS, UNIT_MONTHS
from rem_arrow.sql.text.token_lists import Rewritten, Tokens, like, rewritten

_TYPES = frozenset(
    getattr(TokenType, name)
    for name in (
        *("BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "INT128", "UTINYINT", "USMALLINT", "UINT", "UBIGINT"),
        *("UINT128", "FLOAT", "DOUBLE", "DECIMAL", "CHAR", "NCHAR", "VARCHAR", "NVARCHAR", "TEXT", "UUID", "BINARY"),
        *("VARBINARY", "DATE", "TIME", "TIMETZ", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPNTZ", "TIMESTAMP_S"),
        *("TIMESTAMP_MS", "TIMESTAMP_NS", "DATETIME", "BLOB"),
    )
    if hasattr(TokenType, name)
)
_BEGIN = _TYPES | {TokenType.INTERVAL}
# Behind these a type is the name of a column, or has its own text before it.
_NO_LITERAL_AFTER = (TokenType.DOT, TokenType.DCOLON, TokenType.ALIAS)
_UNITS = {f"{unit}{s}" for unit in (*UNIT_MONTHS, *UNIT_MICROSECONDS) for s in ("", "s")} | {"centuries", "millennia"}
_NUMBER = re.compile(r"\s*-?\d+(\.\d*)?\s*")
_ZONE = ("WITH", "TIME", "ZONE")


def desugared(tokens: Tokens) -> Tokens:
    """Return the tokens with each typed literal as a cast. An interval of a number and a unit stays as it is."""
    begins = not _BEGIN.isdisjoint([token.token_type for token in tokens])
    return rewritten(tokens, _literal) if begins else tokens


def _literal(tokens: Tokens, place: int) -> Rewritten | None:
    first = tokens[place]
    if place and tokens[place - 1].token_type in _NO_LITERAL_AFTER:
        return None
    if first.token_type == TokenType.INTERVAL:
        return _of_number(tokens, place) if _has_unit(tokens, place + 2) else _cast(tokens, place, place + 1)
    return _cast(tokens, place, _end_of_type(tokens, place)) if first.token_type in _TYPES else None


def _cast(tokens: Tokens, start: int, stop: int) -> Rewritten | None:
    """Return the cast of the text at `stop` to the type before it; None where no text is there."""
    if stop >= len(tokens) or tokens[stop].token_type != TokenType.STRING:
        return None
    first = tokens[start]

    def mark(kind: TokenType, text: str) -> Token:
        return like(first, kind, text)

    cast = [mark(TokenType.VAR, "CAST"), mark(TokenType.L_PAREN, "("), tokens[stop], mark(TokenType.ALIAS, "AS")]
    return Rewritten([*cast, *tokens[start:stop], mark(TokenType.R_PAREN, ")")], stop + 1)


def _of_number(tokens: Tokens, place: int) -> Rewritten | None:
    """Return INTERVAL ('1e2'), which SQLGlot does not take apart."""
    first, amount = tokens[place : place + 2]
    if amount.token_type != TokenType.STRING or _NUMBER.fullmatch(amount.text):
        return None
    opened, closed = like(first, TokenType.L_PAREN, "("), like(first, TokenType.R_PAREN, ")")
    return Rewritten([first, opened, amount, closed], place + 2)


def _end_of_type(tokens: Tokens, place: int) -> int:
    """Return the place behind a type, its numbers in parentheses and WITH TIME ZONE."""
    stop = place + 1
    if stop < len(tokens) and tokens[stop].token_type == TokenType.L_PAREN:
        while stop < len(tokens) and tokens[stop].token_type != TokenType.R_PAREN:
            stop += 1
        stop += 1
    words = [t.text.upper() for t in tokens[stop : stop + len(_ZONE)]]
    return stop + len(_ZONE) if tuple(words) == _ZONE else stop


def _has_unit(tokens: Tokens, place: int) -> bool:
    return place < len(tokens) and tokens[place].text.lower() in _UNITS

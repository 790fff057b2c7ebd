"""Lists of tokens: what the statements share that are rewritten before SQLGlot reads them.

A new token bears the place of one of the user's, so that errors point into the text.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from sqlglot.tokens import Token, TokenType

from rem_arrow.base.errors import ParseError

Tokens: TypeAlias = "list[Token]"


class Rewritten(NamedTuple):
    """Tokens, and the place after those that they stand for."""

    tokens: Tokens
    stop: int


def rewritten(tokens: Tokens, statement: Callable[[Tokens, int], Rewritten | None]) -> Tokens:
    """Return the tokens with each statement replaced; `statement` gives what for a place, None where none begins."""
    new: Tokens = []
    place = 0
    while place < len(tokens):
        replaced = statement(tokens, place)
        if replaced is None:
            new.append(tokens[place])
            place += 1
        else:
            new += replaced.tokens
            place = replaced.stop
    return new


def mention(tokens: Tokens, *words: str) -> bool:
    """Say whether one of the tokens is one of these words, which are in capitals."""
    return any(token.text.upper() in words for token in tokens)


def may_begin_query(tokens: Tokens, place: int) -> bool:
    """Say whether a query may begin here: at the start, after a parenthesis, or after AS."""
    return place == 0 or tokens[place - 1].token_type in (TokenType.L_PAREN, TokenType.ALIAS)


def check_commas(tokens: Tokens, text: str) -> None:
    """Raise ParseError at a comma with nothing before it; SQLGlot passes over such. One at the end of a list may
    stand."""
    begins = (TokenType.COMMA, TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.SELECT)
    for before, token in pairwise(tokens):
        if token.token_type == TokenType.COMMA and before.token_type in begins:
            raise ParseError('something is missing before ","', text, token.start, token.end + 1)


def like(token: Token, kind: TokenType, text: str) -> Token:
    """Return another token in the place of `token`."""
    return Token(kind, text, token.line, token.col, token.start, token.end)


def select_from(word: Token) -> Tokens:
    """Return `SELECT * FROM` in the place of a word."""
    return [like(word, TokenType.SELECT, "SELECT"), like(word, TokenType.STAR, "*"), like(word, TokenType.FROM, "FROM")]


def nesting(token: Token) -> int:
    """Return 1 for an opening parenthesis, -1 for a closing one, else 0."""
    return {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)

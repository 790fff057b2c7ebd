"""`TRAVERSE FROM 'id' [, ...] [DEPTH n] [DIRECTION out|in|both] [TYPE 'a' [, ...]]` to the SELECT that it means, on the
level of tokens.

It begins a statement, or follows a parenthesis where a query must follow, and FROM comes next; anywhere else TRAVERSE
is a name. The starts are texts, parameters, or a query in parentheses. WHERE, ORDER BY and the like may follow, as
after FROM.
"""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from rem_arrow.sql.text.token_lists import (
    Rewritten,
    Tokens,
    like,
    may_begin_query,
    mention,
    nesting,
    rewritten,
    select_from,
)

_PARAMETERS = (TokenType.PARAMETER, TokenType.PLACEHOLDER)
_OPTIONS = ("DEPTH", "DIRECTION", "TYPE")


def desugared(tokens: Tokens) -> Tokens:
    """Return the tokens with each TRAVERSE statement written as a SELECT."""
    return rewritten(tokens, _statement) if mention(tokens, "TRAVERSE") else tokens


def _statement(tokens: Tokens, place: int) -> Rewritten | None:
    """Return the SELECT of the TRAVERSE that begins at a place."""
    if not _begins(tokens, place):
        return None
    word = tokens[place]
    stop = _items_end(tokens, place + 2)
    call = [word, like(word, TokenType.L_PAREN, "("), *tokens[place + 2 : stop]]
    while stop < len(tokens) and tokens[stop].text.upper() in _OPTIONS:
        option, begin = tokens[stop], stop + 1
        stop = _items_end(tokens, begin)
        call += _option(option, word, tokens[begin:stop])
    return Rewritten([*select_from(word), *call, like(word, TokenType.R_PAREN, ")")], stop)


def _begins(tokens: Tokens, place: int) -> bool:
    word = tokens[place]
    if (
        word.token_type != TokenType.VAR
        or word.text.upper() != "TRAVERSE"
        or place + 2 >= len(tokens)
        or tokens[place + 1].token_type != TokenType.FROM
    ):
        return False
    return may_begin_query(tokens, place) and tokens[place + 2].token_type in (
        TokenType.STRING,
        TokenType.L_PAREN,
        *_PARAMETERS,
    )


def _option(option: Token, word: Token, values: Tokens) -> Tokens:
    """Return `, name => value`, where several values are a list."""
    name = like(option, TokenType.VAR, option.text.lower())
    named = [like(word, TokenType.COMMA, ","), name, like(word, TokenType.FARROW, "=>")]
    if option.text.upper() == "TYPE" and len(values) > 1 and values[1].token_type == TokenType.COMMA:
        return [*named, like(word, TokenType.L_BRACKET, "["), *values, like(word, TokenType.R_BRACKET, "]")]
    return [*named, *values]


def _items_end(tokens: Tokens, place: int) -> int:
    """Return the place after values with commas between them."""
    while place < len(tokens):
        place = _item_end(tokens, place)
        if place >= len(tokens) or tokens[place].token_type != TokenType.COMMA:
            break
        place += 1
    return place


def _item_end(tokens: Tokens, place: int) -> int:
    if tokens[place].token_type in _PARAMETERS:
        return min(place + 2, len(tokens)) if tokens[place].token_type == TokenType.PARAMETER else place + 1
    if tokens[place].token_type != TokenType.L_PAREN:
        return place + 1
    depth = 0
    while place < len(tokens):
        depth += nesting(tokens[place])
        place += 1
        if not depth:
            break
    return place

"""`SEARCH 'text' IN t [AS r] [WHERE ...] [LIMIT n]` to the SELECT that it means, on the level of tokens.

It begins a statement, or follows a parenthesis where a query must follow; anywhere else SEARCH is a name. What is
searched for is a text or a parameter.
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

# The name of the function in FROM.
FUNCTION = "search "
_QUERY = (TokenType.STRING, TokenType.PARAMETER, TokenType.PLACEHOLDER)
_ENDS = {"LIMIT", "OFFSET", "ORDER", "GROUP", "HAVING", "QUALIFY", "UNION", "INTERSECT", "EXCEPT", "WINDOW"}


def desugared(tokens: Tokens) -> Tokens:
    """Return the tokens with each SEARCH statement written as a SELECT, and the function under a name of its own:
    SQLGlot knows one that takes fewer arguments."""
    return rewritten(tokens, _search) if mention(tokens, "SEARCH") else tokens


def _search(tokens: Tokens, place: int) -> Rewritten | None:
    token, before, behind = tokens[place], tokens[max(0, place - 1)], tokens[place + 1 : place + 2]
    is_word = token.text.upper() == "SEARCH" and token.token_type == TokenType.VAR
    is_called = bool(behind) and behind[0].token_type == TokenType.L_PAREN
    if is_word and is_called and before.token_type != TokenType.DOT:
        return Rewritten([like(token, TokenType.VAR, FUNCTION)], place + 1)
    return _statement(tokens, place)


def _statement(tokens: Tokens, place: int) -> Rewritten | None:
    """Return the SELECT of the SEARCH that begins at a place, up to its WHERE."""
    length = _query_length(tokens, place)
    if length is None:
        return None
    word, query = tokens[place], tokens[place + 1 : place + 1 + length]
    begin = place + length + 2
    where = _end(tokens, begin, at_where=True)
    score = [
        like(word, TokenType.WHERE, "WHERE"),
        like(word, TokenType.VAR, "embedding"),
        like(word, TokenType.DOT, "."),
        like(word, TokenType.VAR, "search"),
        like(word, TokenType.L_PAREN, "("),
        *query,
        like(word, TokenType.R_PAREN, ")"),
    ]
    select = [*select_from(word), *tokens[begin:where], *score]
    if where == len(tokens) or tokens[where].token_type != TokenType.WHERE:
        return Rewritten(select, where)
    stop = _end(tokens, where + 1, at_where=False)
    select += [like(word, TokenType.AND, "AND"), like(word, TokenType.L_PAREN, "(")]
    return Rewritten([*select, *tokens[where + 1 : stop], like(word, TokenType.R_PAREN, ")")], stop)


def _query_length(tokens: Tokens, place: int) -> int | None:
    """Return how many tokens stand between SEARCH and IN; None where no SEARCH statement begins."""
    token = tokens[place]
    if token.text.upper() != "SEARCH" or token.token_type != TokenType.VAR or not may_begin_query(tokens, place):
        return None
    rest = tokens[place + 1 : place + 4]
    for length in (1, 2):
        if len(rest) > length and rest[0].token_type in _QUERY and rest[length].token_type == TokenType.IN:
            return length
    return None


def _end(tokens: Tokens, place: int, *, at_where: bool) -> int:
    """Return where a part of the statement ends outside of parentheses, a relation at WHERE too."""
    depth = 0
    while place < len(tokens):
        token = tokens[place]
        if depth == 0 and (_ends(token) or (at_where and token.token_type == TokenType.WHERE)):
            break
        depth += nesting(token)
        place += 1
    return place


def _ends(token: Token) -> bool:
    return token.token_type == TokenType.R_PAREN or token.text.upper().split(" ")[0] in _ENDS

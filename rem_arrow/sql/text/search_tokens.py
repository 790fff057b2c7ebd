"""`SEARCH 'text' IN t [AS r] [WHERE ...] [LIMIT n]` to the SELECT that it means, on the level of tokens.

It begins a statement, or follows a parenthesis where a query must follow; anywhere else SEARCH is a name. What is
searched for is a text or a parameter. The new tokens bear the places of those that they stand for, so that errors point
into the text.
"""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

_QUERY = (TokenType.STRING, TokenType.PARAMETER, TokenType.PLACEHOLDER)
_ENDS = {"LIMIT", "OFFSET", "ORDER", "GROUP", "HAVING", "QUALIFY", "UNION", "INTERSECT", "EXCEPT", "WINDOW"}


def desugared(tokens: list[Token]) -> list[Token]:
    """Return the tokens with each SEARCH statement written as a SELECT."""
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        length = _query_length(tokens, place)
        if length is None:
            found.append(tokens[place])
            place += 1
        else:
            place = _statement(tokens, place, length, found)
    return found


def _query_length(tokens: list[Token], place: int) -> int | None:
    """Return how many tokens stand between SEARCH and IN; None where no SEARCH statement begins."""
    token = tokens[place]
    if (
        token.text.upper() != "SEARCH"
        or token.token_type != TokenType.VAR
        or (place and tokens[place - 1].token_type not in (TokenType.L_PAREN, TokenType.ALIAS))
    ):
        return None
    rest = tokens[place + 1 : place + 4]
    for length in (1, 2):
        if len(rest) > length and rest[0].token_type in _QUERY and rest[length].token_type == TokenType.IN:
            return length
    return None


def _statement(tokens: list[Token], place: int, length: int, found: list[Token]) -> int:
    """Add the SELECT of the SEARCH at `place`; return the place behind its WHERE."""
    word, query = tokens[place], tokens[place + 1 : place + 1 + length]

    def like(kind: TokenType, text: str) -> Token:
        return Token(kind, text, word.line, word.col, word.start, word.end)

    found += [like(TokenType.SELECT, "SELECT"), like(TokenType.STAR, "*"), like(TokenType.FROM, "FROM")]
    at = place + length + 2
    depth = 0
    while at < len(tokens) and not (depth == 0 and (tokens[at].token_type == TokenType.WHERE or _ends(tokens[at]))):
        depth += _depth(tokens[at])
        found.append(tokens[at])
        at += 1
    found += [
        like(TokenType.WHERE, "WHERE"),
        like(TokenType.VAR, "embedding"),
        like(TokenType.DOT, "."),
        like(TokenType.VAR, "cosine"),
        like(TokenType.L_PAREN, "("),
    ]
    found += [*query, like(TokenType.R_PAREN, ")")]
    if at < len(tokens) and tokens[at].token_type == TokenType.WHERE:
        found += [like(TokenType.AND, "AND"), like(TokenType.L_PAREN, "(")]
        at += 1
        while at < len(tokens) and not (depth == 0 and _ends(tokens[at])):
            depth += _depth(tokens[at])
            found.append(tokens[at])
            at += 1
        found.append(like(TokenType.R_PAREN, ")"))
    return at


def _depth(token: Token) -> int:
    return {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)


def _ends(token: Token) -> bool:
    return token.token_type == TokenType.R_PAREN or token.text.upper().split(" ")[0] in _ENDS

"""`TRAVERSE FROM 'id' [, ...] [DEPTH n] [DIRECTION out|in|both] [TYPE 'a' [, ...]]` to the SELECT that it means, on the
level of tokens.

It begins a statement, or follows a parenthesis where a query must follow, and FROM comes next; anywhere else TRAVERSE
is a name. The starts are texts, parameters, or a query in parentheses. WHERE, ORDER BY and the like may follow, as
behind FROM.
"""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

_PARAMETERS = (TokenType.PARAMETER, TokenType.PLACEHOLDER)
_OPTIONS = ("DEPTH", "DIRECTION", "TYPE")


def desugared(tokens: list[Token]) -> list[Token]:
    """Return the tokens with each TRAVERSE statement written as a SELECT."""
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        if _begins(tokens, place):
            place = _statement(tokens, place, found)
        else:
            found.append(tokens[place])
            place += 1
    return found


def _begins(tokens: list[Token], place: int) -> bool:
    word = tokens[place]
    if (
        word.token_type != TokenType.VAR
        or word.text.upper() != "TRAVERSE"
        or place + 2 >= len(tokens)
        or tokens[place + 1].token_type != TokenType.FROM
    ):
        return False
    if place and tokens[place - 1].token_type not in (TokenType.L_PAREN, TokenType.ALIAS):
        return False
    return tokens[place + 2].token_type in (TokenType.STRING, TokenType.L_PAREN, *_PARAMETERS)


def _statement(tokens: list[Token], place: int, found: list[Token]) -> int:
    word = tokens[place]

    def like(kind: TokenType, text: str) -> Token:
        return Token(kind, text, word.line, word.col, word.start, word.end)

    found += [
        like(TokenType.SELECT, "SELECT"),
        like(TokenType.STAR, "*"),
        like(TokenType.FROM, "FROM"),
        word,
        like(TokenType.L_PAREN, "("),
    ]
    at = _items(tokens, place + 2, found)
    while at < len(tokens) and tokens[at].text.upper() in _OPTIONS:
        option = tokens[at]
        found += [
            like(TokenType.COMMA, ","),
            Token(TokenType.VAR, option.text.lower(), option.line, option.col, option.start, option.end),
            like(TokenType.FARROW, "=>"),
        ]
        listed = option.text.upper() == "TYPE" and at + 2 < len(tokens) and tokens[at + 2].token_type == TokenType.COMMA
        found += [like(TokenType.L_BRACKET, "[")] if listed else []
        at = _items(tokens, at + 1, found)
        found += [like(TokenType.R_BRACKET, "]")] if listed else []
    found.append(like(TokenType.R_PAREN, ")"))
    return at


def _items(tokens: list[Token], at: int, found: list[Token]) -> int:
    """Add values parted by commas; return the place behind them."""
    while at < len(tokens):
        stop = _item_end(tokens, at)
        found += tokens[at:stop]
        at = stop
        if at >= len(tokens) or tokens[at].token_type != TokenType.COMMA:
            break
        found.append(tokens[at])
        at += 1
    return at


def _item_end(tokens: list[Token], at: int) -> int:
    if tokens[at].token_type in _PARAMETERS:
        return min(at + 2, len(tokens)) if tokens[at].token_type == TokenType.PARAMETER else at + 1
    if tokens[at].token_type != TokenType.L_PAREN:
        return at + 1
    depth = 0
    while at < len(tokens):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(tokens[at].token_type, 0)
        at += 1
        if not depth:
            break
    return at

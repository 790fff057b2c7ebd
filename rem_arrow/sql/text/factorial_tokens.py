"""`5!`, which SQLGlot does not read: factorial(5)."""

from __future__ import annotations

from sqlglot.tokens import TokenType

from rem_arrow.sql.text.token_lists import Tokens, like, mention, nesting

_OPERANDS = (TokenType.NUMBER, TokenType.VAR, TokenType.IDENTIFIER, TokenType.R_PAREN)
# What no operand begins with: behind these words ! is a postfix.
_FOLLOWS = frozenset(
    (
        TokenType.COMMA, TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.PLUS, TokenType.DASH, TokenType.STAR,
        TokenType.SLASH, TokenType.MOD, TokenType.EQ, TokenType.NEQ, TokenType.LT, TokenType.GT, TokenType.LTE,
        TokenType.GTE, TokenType.FROM, TokenType.ALIAS, TokenType.WHERE, TokenType.AND, TokenType.OR,
        TokenType.DCOLON, TokenType.ORDER_BY, TokenType.GROUP_BY, TokenType.SEMICOLON, TokenType.UNION,
    )
)  # fmt: skip


def called(tokens: Tokens) -> Tokens:
    """Return the tokens with each `operand!` as a call."""
    if not mention(tokens, "!"):
        return tokens
    new: Tokens = []
    for place, token in enumerate(tokens):
        follows = tokens[place + 1].token_type if place + 1 < len(tokens) else TokenType.COMMA
        if token.text != "!" or follows not in _FOLLOWS or not new or new[-1].token_type not in _OPERANDS:
            new.append(token)
            continue
        start = _operand(new)
        new[start:start] = [like(token, TokenType.VAR, "factorial"), like(token, TokenType.L_PAREN, "(")]
        new.append(like(token, TokenType.R_PAREN, ")"))
    return new


def _operand(tokens: Tokens) -> int:
    """Return where the operand begins that ends here: a number, a name with its qualifiers, a parenthesis or a call."""
    start = len(tokens) - 1
    if tokens[start].token_type == TokenType.R_PAREN:
        depth = -1
        while depth and start:
            start -= 1
            depth += nesting(tokens[start])
        if start and tokens[start - 1].token_type == TokenType.VAR:
            start -= 1
    while start > 1 and tokens[start - 1].token_type == TokenType.DOT:
        start -= 2
    return start

"""What SQLGlot 30.30 does not read in a PIVOT or UNPIVOT statement: ORDER BY, LIMIT and OFFSET after it, and names in
IN.

`PIVOT ... ORDER BY x` reads as `SELECT * FROM (PIVOT ...) ORDER BY x`, on the level of tokens; `IN (1 AS one)` as
`IN (rem_pivot_alias(1, 'one'))`.
"""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from rem_arrow.sql.text.token_lists import mention

ALIASED = "rem_pivot_alias"
_WORDS = ("PIVOT", "UNPIVOT")
_BEHIND = (TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET)


def wrapped(tokens: list[Token]) -> list[Token]:
    """Return the tokens with each such statement in parentheses after SELECT * FROM."""
    if not mention(tokens, *_WORDS):
        return tokens
    opened: dict[int, list[Token]] = {}
    dropped: set[int] = set()
    for i, token in enumerate(tokens):
        if token.text.upper() not in _WORDS or not _begins_statement(tokens, i):
            continue
        _name_values(tokens, i, opened, dropped)
        end = _modifiers(tokens, i)
        if end is not None:
            new = (
                (TokenType.SELECT, "SELECT"),
                (TokenType.STAR, "*"),
                (TokenType.FROM, "FROM"),
                (TokenType.L_PAREN, "("),
            )
            opened[i] = [Token(kind, text, token.line, token.col, token.start, token.start) for kind, text in new]
            last = tokens[end]
            opened.setdefault(end, []).insert(
                0, Token(TokenType.R_PAREN, ")", last.line, last.col, last.start, last.start)
            )
    return [t for i, token in enumerate(tokens) for t in (*opened.get(i, ()), *(() if i in dropped else (token,)))]


def _begins_statement(tokens: list[Token], i: int) -> bool:
    if i == 0 or tokens[i - 1].token_type == TokenType.L_PAREN:
        return True
    after = tokens[i + 1].text.upper() if i + 1 < len(tokens) else ""
    return tokens[i - 1].token_type == TokenType.R_PAREN and after not in ("(", "INCLUDE", "EXCLUDE", ",", ")", "")


def _name_values(tokens: list[Token], i: int, opened: dict[int, list[Token]], dropped: set[int]) -> None:
    """Rewrite `IN (value AS name, ...)` of the statement that begins at `i`."""
    depth, inside, start = 0, False, 0
    for j in range(i + 1, len(tokens)):
        kind = tokens[j].token_type
        depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
        if depth < 0 or (depth == 0 and kind in (*_BEHIND, TokenType.USING)):
            return
        if depth == 1 and kind == TokenType.L_PAREN and tokens[j - 1].token_type == TokenType.IN:
            inside, start = True, j + 1
        elif depth == 0:
            inside = False
        elif inside and depth == 1 and kind == TokenType.COMMA:
            start = j + 1
        elif inside and depth == 1 and kind == TokenType.ALIAS and j + 1 < len(tokens):
            name = tokens[j + 1]
            opened[start] = [_like(tokens[start], TokenType.VAR, ALIASED), _like(tokens[start], TokenType.L_PAREN, "(")]
            opened[j] = [
                _like(name, TokenType.COMMA, ","),
                _like(name, TokenType.STRING, name.text),
                _like(name, TokenType.R_PAREN, ")"),
            ]
            dropped |= {j, j + 1}


def _like(place: Token, kind: TokenType, text: str) -> Token:
    return Token(kind, text, place.line, place.col, place.start, place.start)


def _modifiers(tokens: list[Token], i: int) -> int | None:
    """Return the first token of ORDER BY, LIMIT or OFFSET of the statement that begins at `i`."""
    depth = 0
    for j in range(i + 1, len(tokens)):
        kind = tokens[j].token_type
        depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
        if depth < 0:
            return None
        if depth == 0 and kind in _BEHIND:
            return j
    return None

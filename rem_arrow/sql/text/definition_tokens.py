"""What SQLGlot 30.30 does not read in CREATE TABLE and ALTER TABLE: VIRTUAL and STORED after a generated column, such a
column without a type, and ADD CHECK without a name.

On the level of tokens `c GENERATED ALWAYS AS (a) VIRTUAL` reads as `c AS (a)`, and `ADD CHECK (a)` as
`ADD CONSTRAINT rem_unnamed CHECK (a)`.
"""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from rem_arrow.sql.text.token_lists import like

UNNAMED = "rem_unnamed"


def wrapped(tokens: list[Token]) -> list[Token]:
    """Return the tokens as SQLGlot reads them."""
    if not tokens or tokens[0].text.upper() not in ("CREATE", "ALTER"):
        return tokens
    words = [t.text.upper() for t in tokens]
    new: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        before = tokens[place - 1].token_type if place else None
        if words[place] in ("VIRTUAL", "STORED") and before == TokenType.R_PAREN:
            place += 1
        elif words[place : place + 2] == ["GENERATED", "ALWAYS"] and _has_no_type(tokens, place):
            place += 2
        elif words[place] == "CHECK" and place and words[place - 1] == "ADD":
            new += [like(token, TokenType.CONSTRAINT, "CONSTRAINT"), like(token, TokenType.VAR, UNNAMED), token]
            place += 1
        else:
            new.append(token)
            place += 1
    return new


def _has_no_type(tokens: list[Token], place: int) -> bool:
    """Say whether a column begins one token before this place."""
    return place > 1 and tokens[place - 2].token_type in (TokenType.L_PAREN, TokenType.COMMA)

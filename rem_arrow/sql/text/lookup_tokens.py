"""`LOOKUP 'a', $b` and `FUZZY 'nmae' [LIMIT n]` to the SELECT that each means, on the level of tokens.

Each begins a statement, or follows a parenthesis where a query must follow, and a text or a parameter comes next;
anywhere else LOOKUP and FUZZY are names. WHERE, ORDER BY and the like may follow, as behind FROM. `FUZZY ... LIMIT n`
asks for n entities; where more than a LIMIT follows, for all that are similar enough, of which the rest of the
statement chooses.
"""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

_PARAMETERS = (TokenType.PARAMETER, TokenType.PLACEHOLDER)
_CHOOSES = {"WHERE", "ORDER", "LIMIT", "OFFSET", "GROUP", "QUALIFY"}


def desugared(tokens: list[Token]) -> list[Token]:
    """Return the tokens with each LOOKUP and FUZZY statement written as a SELECT."""
    found: list[Token] = []
    place = 0
    while place < len(tokens):
        stop = _texts_end(tokens, place)
        if stop is None:
            found.append(tokens[place])
            place += 1
        else:
            place = _statement(tokens, place, stop, found)
    return found


def _texts_end(tokens: list[Token], place: int) -> int | None:
    """Return the place behind the texts of the statement that begins here; None where none begins."""
    word = tokens[place]
    if word.token_type != TokenType.VAR or word.text.upper() not in ("LOOKUP", "FUZZY"):
        return None
    if place and tokens[place - 1].token_type not in (TokenType.L_PAREN, TokenType.ALIAS):
        return None
    stop = _item_end(tokens, place + 1)
    end = None
    while stop is not None:
        end = stop
        stop = _item_end(tokens, end + 1) if end < len(tokens) and tokens[end].token_type == TokenType.COMMA else None
    return end


def _item_end(tokens: list[Token], place: int) -> int | None:
    """Return the place behind a text, a number or a parameter; None where there is none."""
    if place >= len(tokens):
        return None
    if tokens[place].token_type in (TokenType.STRING, TokenType.NUMBER):
        return place + 1
    return place + 2 if tokens[place].token_type in _PARAMETERS and place + 1 < len(tokens) else None


def _statement(tokens: list[Token], place: int, stop: int, found: list[Token]) -> int:
    """Add the SELECT of the statement at `place`, whose texts end before `stop`; return the place behind what is used
    of it."""
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
    found += tokens[place + 1 : stop]
    behind = tokens[stop].text.upper().split(" ")[0] if stop < len(tokens) else ""
    if word.text.upper() == "FUZZY" and behind in _CHOOSES:
        limit = _item_end(tokens, stop + 1) if behind == "LIMIT" else None
        alone = (
            limit is not None
            and tokens[stop + 1].token_type != TokenType.STRING
            and (limit == len(tokens) or tokens[limit].token_type == TokenType.R_PAREN)
        )
        found += [like(TokenType.COMMA, ","), like(TokenType.VAR, "k"), like(TokenType.FARROW, "=>")]
        if alone:
            assert limit is not None, "it ends somewhere"
            found += tokens[stop + 1 : limit]
            stop = limit
        else:
            found.append(like(TokenType.NULL, "NULL"))
    found.append(like(TokenType.R_PAREN, ")"))
    return stop

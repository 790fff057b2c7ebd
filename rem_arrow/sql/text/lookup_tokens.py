"""`LOOKUP 'a', $b` and `FUZZY 'nmae' [LIMIT n]` to the SELECT that each means, on the level of tokens.

Each begins a statement, or follows a parenthesis where a query must follow, and a text or a parameter comes next;
anywhere else LOOKUP and FUZZY are names. WHERE, ORDER BY and the like may follow, as after FROM. `FUZZY ... LIMIT n`
asks for n entities; where more than a LIMIT follows, for all that are similar enough, of which the rest of the
statement chooses.
"""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from rem_arrow.sql.text.token_lists import Rewritten, Tokens, like, may_begin_query, mention, rewritten, select_from

_WORDS = ("LOOKUP", "FUZZY")
_PARAMETERS = (TokenType.PARAMETER, TokenType.PLACEHOLDER)
_CHOOSES = {"WHERE", "ORDER", "LIMIT", "OFFSET", "GROUP", "QUALIFY"}


def desugared(tokens: Tokens) -> Tokens:
    """Return the tokens with each LOOKUP and FUZZY statement written as a SELECT."""
    return rewritten(tokens, _statement) if mention(tokens, *_WORDS) else tokens


def _statement(tokens: Tokens, place: int) -> Rewritten | None:
    """Return the SELECT of the statement that begins at a place."""
    stop = _texts_end(tokens, place)
    if stop is None:
        return None
    word = tokens[place]
    texts = tokens[place + 1 : stop]
    options, stop = _options(tokens, word, stop)
    call = [word, like(word, TokenType.L_PAREN, "("), *texts, *options, like(word, TokenType.R_PAREN, ")")]
    return Rewritten([*select_from(word), *call], stop)


def _texts_end(tokens: Tokens, place: int) -> int | None:
    """Return the place after the texts of the statement that begins here; None where none begins."""
    word = tokens[place]
    if word.token_type != TokenType.VAR or word.text.upper() not in _WORDS:
        return None
    if not may_begin_query(tokens, place):
        return None
    stop = _item_end(tokens, place + 1)
    end = None
    while stop is not None:
        end = stop
        stop = _item_end(tokens, end + 1) if end < len(tokens) and tokens[end].token_type == TokenType.COMMA else None
    return end


def _item_end(tokens: Tokens, place: int) -> int | None:
    """Return the place after a text, a number or a parameter; None where there is none."""
    if place >= len(tokens):
        return None
    if tokens[place].token_type in (TokenType.STRING, TokenType.NUMBER):
        return place + 1
    return place + 2 if tokens[place].token_type in _PARAMETERS and place + 1 < len(tokens) else None


def _options(tokens: Tokens, word: Token, stop: int) -> tuple[Tokens, int]:
    """Return `, k => n` for what follows the texts of a FUZZY, and the place after what is used of it."""
    after = tokens[stop].text.upper().split(" ")[0] if stop < len(tokens) else ""
    if word.text.upper() != "FUZZY" or after not in _CHOOSES:
        return [], stop
    option = [like(word, TokenType.COMMA, ","), like(word, TokenType.VAR, "k"), like(word, TokenType.FARROW, "=>")]
    end = _item_end(tokens, stop + 1) if after == "LIMIT" else None
    if (
        end is not None
        and tokens[stop + 1].token_type != TokenType.STRING
        and (end == len(tokens) or tokens[end].token_type == TokenType.R_PAREN)
    ):
        return [*option, *tokens[stop + 1 : end]], end
    return [*option, like(word, TokenType.NULL, "NULL")], stop

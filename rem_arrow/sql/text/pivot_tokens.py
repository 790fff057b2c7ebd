"""PIVOT and UNPIVOT as SQLGlot 30.30 reads them, on the level of tokens.

A statement stands wherever a query may: `PIVOT ... ORDER BY x` reads as `SELECT * FROM (PIVOT ...) ORDER BY x`. An
element of ON that is more than a name reads in parentheses, one of USING that is more than a call as
`rem_pivot_using(...)`, and `IN (1 AS one)` as `IN (rem_pivot_alias(1, 'one'))`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise

from sqlglot.tokens import Token, TokenType

from rem_arrow.sql.text.token_lists import Rewritten, Tokens, like, mention, nesting, rewritten, select_from

ALIASED = "rem_pivot_alias"
COMPUTED = "rem_pivot_using"
WORDS = {"PIVOT": "PIVOT", "UNPIVOT": "UNPIVOT", "PIVOT_WIDER": "PIVOT", "PIVOT_LONGER": "UNPIVOT"}
# What may follow a statement.
_BEHIND = (
    TokenType.ORDER_BY, TokenType.LIMIT, TokenType.OFFSET, TokenType.FETCH, TokenType.UNION, TokenType.EXCEPT,
    TokenType.INTERSECT, TokenType.RETURNING, TokenType.WITH, TokenType.SEMICOLON
)  # fmt: skip
_QUERY = (TokenType.SELECT, TokenType.FROM, TokenType.WITH, TokenType.VALUES, TokenType.L_PAREN, TokenType.DESCRIBE)
# Behind these a word is a name.
_BEFORE_NAME = (TokenType.FROM, TokenType.JOIN, TokenType.COMMA, TokenType.DOT, TokenType.SELECT, TokenType.INTO)
_NAMES = (TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING)
_OPENED = {TokenType.L_BRACKET: 1, TokenType.L_BRACE: 1, TokenType.R_BRACKET: -1, TokenType.R_BRACE: -1}


def wrapped(tokens: Tokens) -> Tokens:
    """Return the tokens with each PIVOT and UNPIVOT as SQLGlot reads it."""
    return rewritten(tokens, _pivot) if mention(tokens, *WORDS) else tokens


def _pivot(tokens: Tokens, place: int) -> Rewritten | None:
    word = tokens[place]
    if word.text.upper() not in WORDS or (word.token_type not in (TokenType.PIVOT, TokenType.UNPIVOT, TokenType.VAR)):
        return None
    first = place + 3 if _texts(tokens, place + 1, 2)[1:] == ["NULLS"] else place + 1
    if first >= len(tokens) or (place and tokens[place - 1].token_type in _BEFORE_NAME):
        return None
    if tokens[first].token_type not in (*_NAMES, TokenType.L_PAREN):
        return None
    if tokens[first].token_type == TokenType.L_PAREN and not _begins_query(tokens, first + 1):
        return _in_from(tokens, place, first) if word.text.upper() == "PIVOT" else None
    stop = _end(tokens, first)
    clauses = _places(tokens, first, stop, (TokenType.ON, TokenType.USING, TokenType.GROUP_BY))
    on = next((i for i in reversed(clauses) if tokens[i].token_type == TokenType.ON), None)
    using = next((i for i in clauses if tokens[i].token_type == TokenType.USING and (on is None or i > on)), None)
    if first in clauses or (on is None and using is None):
        return None
    begins = {i for i in (on, using) if i is not None}
    ends = [*(i for i in clauses if not begins or i >= min(begins)), stop]
    new = [*select_from(word), like(word, TokenType.L_PAREN, "("), _canonical(word), *tokens[place + 1 : first]]
    new += _source(tokens[first : ends[0]])
    for begin, end in pairwise(ends):
        element = {TokenType.ON: _on_element, TokenType.USING: _using_element}.get(tokens[begin].token_type)
        new.append(tokens[begin])
        new += tokens[begin + 1 : end] if element is None else _elements(tokens[begin + 1 : end], element)
    new.append(like(tokens[stop - 1], TokenType.R_PAREN, ")"))
    return Rewritten(new, stop)


def _source(tokens: Tokens) -> Tokens:
    """Return a relation; joined ones as a query."""
    inner = wrapped(tokens)
    if not _places(tokens, 0, len(tokens), (TokenType.JOIN,)):
        return inner
    opened, closed = like(tokens[0], TokenType.L_PAREN, "("), like(tokens[-1], TokenType.R_PAREN, ")")
    return [opened, *select_from(tokens[0]), *inner, closed]


def _in_from(tokens: Tokens, place: int, first: int) -> Rewritten | None:
    """Return `PIVOT (sum(x) FOR y IN (...) ...)`, which stands behind a relation."""
    stop = next((i for i, depth in _depths(tokens, first, len(tokens)) if not depth), None)
    if stop is None:
        return None
    inner = tokens[first + 1 : stop]
    behind = next(iter(_places(inner, 0, len(inner), (TokenType.FOR,))), len(inner))
    made = _elements(inner[:behind], _using_element)
    return Rewritten([*tokens[place : first + 1], *made, *inner[behind:], tokens[stop]], stop + 1)


def _canonical(word: Token) -> Token:
    name = WORDS[word.text.upper()]
    return like(word, TokenType.PIVOT if name == "PIVOT" else TokenType.UNPIVOT, name)


def _texts(tokens: Tokens, place: int, count: int) -> list[str]:
    return [t.text.upper() for t in tokens[place : place + count]]


def _begins_query(tokens: Tokens, place: int) -> bool:
    return place < len(tokens) and (
        tokens[place].token_type in _QUERY or tokens[place].text.upper() in (*WORDS, "SHOW", "SUMMARIZE", "TABLE")
    )


def _depths(tokens: Tokens, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Return each place from one to another with how many of the parentheses that open from the first one on are open
    behind it."""
    opened = accumulate(nesting(tokens[i]) + _OPENED.get(tokens[i].token_type, 0) for i in range(start, stop))
    return zip(range(start, stop), opened, strict=True)


def _places(tokens: Tokens, start: int, stop: int, kinds: tuple[TokenType, ...]) -> list[int]:
    """Return where tokens of these kinds stand outside of parentheses."""
    return [i for i, depth in _depths(tokens, start, stop) if not depth and tokens[i].token_type in kinds]


def _end(tokens: Tokens, start: int) -> int:
    """Return the place after a statement: that of what follows it, or closes the parenthesis around it."""
    for i, depth in _depths(tokens, start, len(tokens)):
        follows = tokens[i].token_type in _BEHIND or _texts(tokens, i, 2) == ["ON", "CONFLICT"]
        if depth < 0 or (not depth and follows):
            return i
    return len(tokens)


# --- the elements of ON and USING


def _elements(tokens: Tokens, element: Callable[[Tokens], Tokens]) -> Tokens:
    """Return a list with each of its elements rewritten."""
    new: Tokens = []
    before = 0
    for comma in [*_places(tokens, 0, len(tokens), (TokenType.COMMA,)), len(tokens)]:
        new += [*element(tokens[before:comma]), *tokens[comma : comma + 1]]
        before = comma + 1
    return new


def _on_element(tokens: Tokens) -> Tokens:
    """Return `(expression) IN (...)`, `(expression) AS name` or `(expression)`; INTO and what follows it as it is."""
    end = next((i for i, t in enumerate(tokens) if t.token_type == TokenType.INTO), len(tokens))
    places = _places(tokens, 0, end, (TokenType.IN, TokenType.ALIAS))
    stop = places[-1] if places else end
    if places and tokens[stop].token_type == TokenType.IN and not _is_operand(tokens[:stop]):
        stop = end
    return [*_parenthesised(tokens[:stop]), *_named_values(tokens[stop:end]), *tokens[end:]]


def _is_operand(tokens: Tokens) -> bool:
    """Say whether the values of IN are those of a column, or of several in parentheses; else IN is a condition."""
    return _is_enclosed(tokens) or all(t.token_type in (*_NAMES, TokenType.DOT) for t in tokens)


def _is_enclosed(tokens: Tokens) -> bool:
    """Say whether the first token opens the parenthesis that the last one closes."""
    return (
        len(tokens) > 1
        and tokens[0].token_type == TokenType.L_PAREN
        and all(depth > 0 for _, depth in _depths(tokens, 0, len(tokens) - 1))
    )


def _parenthesised(tokens: Tokens) -> Tokens:
    if len(tokens) < 2 or _is_enclosed(tokens) or _is_operand(tokens):
        return tokens
    return [like(tokens[0], TokenType.L_PAREN, "("), *tokens, like(tokens[-1], TokenType.R_PAREN, ")")]


def _using_element(tokens: Tokens) -> Tokens:
    """Return a call as it is, anything else as the argument of one; a name may stand behind it."""
    aliased = _places(tokens, 0, len(tokens), (TokenType.ALIAS,))
    is_named = len(tokens) > 1 and tokens[-1].token_type in _NAMES and tokens[-2].token_type == TokenType.R_PAREN
    stop = aliased[-1] if aliased else len(tokens) - is_named
    if not tokens[:stop] or (tokens[0].token_type not in _QUERY and _is_enclosed(tokens[1:stop])):
        return tokens
    call = [like(tokens[0], TokenType.VAR, COMPUTED), like(tokens[0], TokenType.L_PAREN, "(")]
    return [*call, *tokens[:stop], like(tokens[stop - 1], TokenType.R_PAREN, ")"), *tokens[stop:]]


def _named_values(tokens: Tokens) -> Tokens:
    """Return `IN (value AS name, ...)` with each name as the second argument of a call."""
    new: Tokens = []
    start = None
    for i, depth in _depths(tokens, 0, len(tokens)):
        token = tokens[i]
        opens = depth == 1 and token.token_type == TokenType.L_PAREN
        if opens and i and tokens[i - 1].token_type == TokenType.IN and not _begins_query(tokens, i + 1):
            start = len(new) + 1
        elif not depth:
            start = None
        elif start is not None and depth == 1 and token.token_type == TokenType.COMMA:
            start = len(new) + 1
        elif start is not None and depth == 1 and token.token_type == TokenType.ALIAS and i + 1 < len(tokens):
            new[start:start] = [like(token, TokenType.VAR, ALIASED), like(token, TokenType.L_PAREN, "(")]
            new.append(like(token, TokenType.COMMA, ","))
            continue
        if start is not None and depth == 1 and i and tokens[i - 1].token_type == TokenType.ALIAS:
            new += [like(token, TokenType.STRING, token.text), like(token, TokenType.R_PAREN, ")")]
        else:
            new.append(token)
    return new

"""SHOW: the query that it stands for, as a statement and, in parentheses, where a query may stand.

`SHOW TABLES`, `SHOW ALL TABLES`, `SHOW DATABASES`, `SHOW SCHEMAS` and the name of a setting mean queries of their own;
`SHOW t` means `DESCRIBE t`, for which SQLGlot has a tree wherever a query may stand.
"""

from __future__ import annotations

from sqlglot.tokens import TokenType

from rem_arrow.base.quoting import literal
from rem_arrow.base.session_state import SETTINGS
from rem_arrow.sql.text import pivot_tokens
from rem_arrow.sql.text.dialect import dialect
from rem_arrow.sql.text.token_lists import Rewritten, Tokens, like, may_begin_query, mention, nesting, rewritten

TABLES, ALL_TABLES = "system.pragma_show_tables", "system.pragma_show_tables_expanded"
DATABASES = "system.pragma_show_databases"
_SHOWN = {
    "": ALL_TABLES,
    "TABLES": TABLES,
    "ALL TABLES": ALL_TABLES,
    "DATABASES": DATABASES,
    "SCHEMAS": "system.pragma_show_schemas",
    "VARIABLES": "system.pragma_show_variables",
}
_WORDS = ("SHOW", "DESCRIBE", "DESC", "SUMMARIZE")
# What a query begins with that SQLGlot does not read to its end behind these words.
_QUERY = (TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.L_PAREN, TokenType.PIVOT, TokenType.UNPIVOT)
# What a name, a query or the name of a file begins with.
_BEGINS = (TokenType.VAR, TokenType.IDENTIFIER, TokenType.STRING, TokenType.SELECT, TokenType.WITH, TokenType.FROM)


def shown(tokens: Tokens) -> str | None:
    """Return the query that SHOW with these tokens after it means; None where they are a table or query, or nothing
    that is known."""
    words = [t.text.upper() for t in tokens]
    source = _SHOWN.get(" ".join(words))
    if source is not None:
        return f"SELECT * FROM {source}"
    if words[:2] == ["TABLES", "FROM"] and len(tokens) in (3, 5):
        schema = literal(tokens[-1].text)
        return f"SELECT name FROM {ALL_TABLES} WHERE lower(schema) = lower({schema}) ORDER BY name"
    if len(words) == 1 and words[0].casefold() in SETTINGS:
        return f'SELECT current_setting({literal(tokens[0].text)}) AS "{tokens[0].text}"'
    return None


def desugared(tokens: Tokens) -> Tokens:
    """Return the tokens with each SHOW in parentheses as the query that it means, and with the query behind DESCRIBE
    and SUMMARIZE in parentheses."""
    return rewritten(rewritten(tokens, _inner), _described) if mention(tokens, *_WORDS) else tokens


def _described(tokens: Tokens, place: int) -> Rewritten | None:
    """Return `DESCRIBE (query)` for `DESCRIBE query`, and `DESCRIBE t` for `DESCRIBE TABLE t`."""
    word = tokens[place]
    if not may_begin_query(tokens, place) or word.text.upper() not in _WORDS or place + 1 == len(tokens):
        return None
    first = tokens[place + 1]
    if first.token_type == TokenType.TABLE and place + 2 < len(tokens) and tokens[place + 2].token_type in _BEGINS:
        return Rewritten([word], place + 2)
    if first.token_type not in _QUERY and first.text.upper() not in pivot_tokens.WORDS:
        return None
    stop = _closing(tokens, place + 1)
    query = desugared(tokens[place + 1 : stop])
    return Rewritten([word, like(first, TokenType.L_PAREN, "("), *query, like(first, TokenType.R_PAREN, ")")], stop)


def _closing(tokens: Tokens, start: int) -> int:
    """Return where the parenthesis around what begins at a place ends, or the text."""
    depth = 0
    for i in range(start, len(tokens)):
        depth += nesting(tokens[i])
        if depth < 0:
            return i
    return len(tokens)


def _inner(tokens: Tokens, place: int) -> Rewritten | None:
    """Return what stands for the word that begins a query in parentheses at a place."""
    word = tokens[place]
    opened = place > 0 and tokens[place - 1].token_type == TokenType.L_PAREN
    if not opened or word.text.upper() not in ("SHOW", "DESCRIBE", "DESC") or place + 1 == len(tokens):
        return None
    stop = next((i for i in range(place, len(tokens)) if tokens[i].token_type == TokenType.R_PAREN), place)
    query = shown(tokens[place + 1 : stop]) if stop > place + 1 else None
    if query is not None:
        return Rewritten([like(word, t.token_type, t.text) for t in dialect().tokenize(query)], stop)
    if tokens[place + 1].token_type not in _BEGINS and word.text.upper() != "DESCRIBE":
        return None
    return Rewritten([like(word, TokenType.DESCRIBE, "DESCRIBE")], place + 1)

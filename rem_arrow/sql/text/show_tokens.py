"""SHOW: the query that it stands for, as a statement and, in parentheses, where a query may stand.

`SHOW TABLES`, `SHOW ALL TABLES`, `SHOW DATABASES`, `SHOW SCHEMAS` and the name of a setting mean queries of their own;
`SHOW t` means `DESCRIBE t`, for which SQLGlot has a tree wherever a query may stand.
"""

from __future__ import annotations

from sqlglot.tokens import TokenType

from rem_arrow.base.quoting import literal
from rem_arrow.base.session_state import SETTINGS
from rem_arrow.sql.text.dialect import dialect
from rem_arrow.sql.text.token_lists import Rewritten, Tokens, like, mention, rewritten

TABLES, ALL_TABLES = "system.pragma_show_tables", "system.pragma_show_tables_expanded"
DATABASES = "system.pragma_show_databases"
_SHOWN = {
    "": ALL_TABLES,
    "TABLES": TABLES,
    "ALL TABLES": ALL_TABLES,
    "DATABASES": DATABASES,
    "SCHEMAS": "system.pragma_show_schemas",
}
_WORDS = ("SHOW", "DESCRIBE", "DESC")
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
    """Return the tokens with each SHOW in parentheses as the query that it means."""
    return rewritten(tokens, _inner) if mention(tokens, *_WORDS) else tokens


def _inner(tokens: Tokens, place: int) -> Rewritten | None:
    """Return what stands for the word that begins a query in parentheses at a place."""
    word = tokens[place]
    opened = place > 0 and tokens[place - 1].token_type == TokenType.L_PAREN
    if not opened or word.text.upper() not in _WORDS or place + 1 == len(tokens):
        return None
    stop = next((i for i in range(place, len(tokens)) if tokens[i].token_type == TokenType.R_PAREN), place)
    query = shown(tokens[place + 1 : stop]) if stop > place + 1 else None
    if query is not None:
        return Rewritten([like(word, t.token_type, t.text) for t in dialect().tokenize(query)], stop)
    if tokens[place + 1].token_type not in _BEGINS and word.text.upper() != "DESCRIBE":
        return None
    return Rewritten([like(word, TokenType.DESCRIBE, "DESCRIBE")], place + 1)

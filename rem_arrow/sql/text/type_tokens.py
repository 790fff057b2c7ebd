"""CREATE TYPE and DROP TYPE, which SQLGlot does not know: written as tables, and marked as types once they are read.

`CREATE TYPE t AS INTEGER` reads as a table t of one column of that type, `CREATE TYPE t AS ENUM (SELECT ...)` as one
made from that query.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokens import TokenType

from rem_arrow.sql.text.token_lists import Tokens, like

_QUERY_WORDS = ("SELECT", "WITH", "FROM", "VALUES")
KIND = "TYPE"


def as_tables(tokens: Tokens) -> Tokens | None:
    """Return the tokens of a CREATE TYPE or DROP TYPE as those of a table; None for any other statement."""
    words = [token.text.upper() for token in tokens[:3]]
    place = 3 if words == ["CREATE", "OR", "REPLACE"] else 1
    if words[:1] not in (["CREATE"], ["DROP"]) or len(tokens) <= place or tokens[place].text.upper() != KIND:
        return None
    table = [*tokens[:place], like(tokens[place], TokenType.TABLE, "TABLE"), *tokens[place + 1 :]]
    if words[0] == "DROP":
        return table
    at = next((i for i, t in enumerate(table) if t.token_type == TokenType.ALIAS), None)
    if at is None or at + 1 >= len(table):
        return table
    if (
        table[at + 1].text.upper() == "ENUM"
        and [t.text.upper() for t in table[at + 3 : at + 4]][:1]
        and (table[at + 3].text.upper() in _QUERY_WORDS)
    ):
        return [*table[: at + 1], *table[at + 2 :]]
    name, mark = table[at - 1], table[at]
    opened, closed = like(mark, TokenType.L_PAREN, "("), like(mark, TokenType.R_PAREN, ")")
    return [*table[:at], opened, name, *table[at + 1 :], closed]


def marked(tree: exp.Expression) -> exp.Expression:
    """Return the tree of a statement that `as_tables` rewrote, as that of a type."""
    tree.set("kind", KIND)
    return tree

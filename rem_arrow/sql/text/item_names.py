"""Names for the columns of results that the user does not name, as DuckDB makes them: from the text of each item.

SQLGlot's tree no longer knows how a function was called or a type was spelled. So the names are read from the tokens,
each goes along as an alias of its item, and out of the tree again into `meta` of the item.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from rem_arrow.sql.text.item_expression import written
from rem_arrow.sql.text.item_words import UnknownFormError, Walk, Word, words
from rem_arrow.sql.text.token_lists import like

_META = "item_name"
# No name of the user's begins with it.
_MARK = "\x01"
_OPENED, _CLOSED = ("(", "[", "{"), (")", "]", "}")
_CLAUSES = {
    "FROM", "WHERE", "GROUP BY", "HAVING", "WINDOW", "QUALIFY", "ORDER BY", "LIMIT", "OFFSET", "UNION", "INTERSECT",
    "EXCEPT", "INTO", "FETCH", "USING", ";",
}  # fmt: skip
# Items of one word that are no columns.
_QUOTED = frozenset((TokenType.IDENTIFIER, TokenType.STRING))
_READ_ALONE = (TokenType.NUMBER, TokenType.BYTE_STRING)
_READ_BY_WORD = ("TRUE", "FALSE", "NULL", "CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_TIME")


def name_of(tree: exp.Expression) -> str | None:
    """Return the name that was read for an item; None where the item has another shape."""
    name = tree.meta.get(_META)
    return str(name) if name is not None else None


def marked(tokens: list[Token]) -> list[Token]:
    """Return the tokens with the name of each item, where one can be read, as its alias."""
    ends: dict[int, str] = {}
    selects = [place for place, token in enumerate(tokens) if token.token_type == TokenType.SELECT]
    windows = _windows(tokens) if selects else {}
    for select in selects:
        for start, stop in _items(tokens, _first_item(tokens, select + 1)):
            name = _name(tokens[start:stop], windows)
            if name is not None:
                ends[stop] = name
    if not ends:
        return tokens
    plain: list[Token] = []
    for place, token in enumerate([*tokens, None]):
        if place in ends:
            last = tokens[place - 1]
            plain += [
                like(last, TokenType.ALIAS, "AS"),
                like(last, TokenType.IDENTIFIER, _MARK + ends[place]),
            ]
        if token is not None:
            plain.append(token)
    return plain


def unmarked(tree: exp.Expression) -> None:
    """Take the names out of a tree, each into the item that it is of."""
    for identifier in [i for i in tree.find_all(exp.Identifier) if str(i.this).startswith(_MARK)]:
        holder = identifier.parent
        if isinstance(holder, exp.TableAlias):
            holder = holder.parent
        assert holder is not None, "an alias stands with something"
        if isinstance(holder, exp.Alias):
            item = holder.this
            holder.replace(item)
        else:
            item = holder
            holder.set("alias", None)
        item.meta[_META] = str(identifier.this)[len(_MARK) :]


def _items(tokens: list[Token], start: int) -> list[tuple[int, int]]:
    """Return where the items of the SELECT list lie that begins here."""
    items, depth, first = [], 0, start
    for place in range(start, len(tokens)):
        token = tokens[place]
        if token.token_type in _QUOTED:
            continue
        text = token.text
        if text in _OPENED:
            depth += 1
        elif depth:
            depth -= text in _CLOSED
        elif text == "," or text in _CLOSED or _is_clause(tokens, place, start):
            items.append((first, place))
            first = place + 1
            if text != ",":
                return items
    if not depth:
        items.append((first, len(tokens)))
    return items


def _first_item(tokens: list[Token], place: int) -> int:
    """Return where the SELECT list begins: behind DISTINCT, DISTINCT ON (...) and ALL."""
    if place >= len(tokens) or tokens[place].text.upper() not in ("DISTINCT", "ALL"):
        return place
    if place + 2 < len(tokens) and tokens[place + 1].text.upper() == "ON" and tokens[place + 2].text == "(":
        return _closing(tokens, place + 2) + 1
    return place + 1


def _closing(tokens: list[Token], opened: int) -> int:
    """Return where the parenthesis is closed that is opened here."""
    depth = 0
    for place in range(opened, len(tokens)):
        depth += (tokens[place].text == "(") - (tokens[place].text == ")")
        if not depth:
            return place
    return len(tokens) - 1


def _windows(tokens: list[Token]) -> dict[str, list[Word]]:
    """Return the windows that a text names, and what stands in their parentheses."""
    found: dict[str, list[Word]] = {}
    if not any(t.token_type == TokenType.WINDOW for t in tokens):
        return found
    for place in range(len(tokens) - 3):
        name, alias, opened = tokens[place + 1 : place + 4]
        begins = tokens[place].token_type in (TokenType.WINDOW, TokenType.COMMA)
        if begins and alias.token_type == TokenType.ALIAS and opened.text == "(":
            try:
                found[name.text.lower()] = words(tokens[place + 4 : _closing(tokens, place + 3) + 1])
            except UnknownFormError:
                continue
    return found


def _is_clause(tokens: list[Token], place: int, start: int) -> bool:
    word = tokens[place].text.upper()
    if word not in _CLAUSES and (word.isalpha() or " ".join(word.split()) not in _CLAUSES):
        return False
    # IS DISTINCT FROM is no clause.
    return not (word == "FROM" and place - 1 > start and tokens[place - 1].text.upper() == "DISTINCT")


def _name(tokens: list[Token], windows: dict[str, list[Word]]) -> str | None:
    """Return the name of an item; None if it has one, or is a column, a star, or of a form that is not read."""
    if len(tokens) == 1 and not (tokens[0].token_type in _READ_ALONE or tokens[0].text.upper() in _READ_BY_WORD):
        return None
    if not tokens or (len(tokens) > 2 and tokens[-2].token_type == TokenType.ALIAS):
        return None
    if len(tokens) == 3 and tokens[1].text == ".":
        return None
    try:
        walk = Walk(words(tokens), windows)
        item = written(walk)
    except UnknownFormError:
        return None
    return item.text if walk.peek().kind == "end" and item.kind != "column" else None

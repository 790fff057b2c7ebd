"""What may stand at the caret of a statement that is being written, and the relations whose columns are seen there.

The statement is read as pieces in nested parentheses; it need not be whole. A relation is the text that FROM, JOIN,
INTO, UPDATE or USING has: the name of a table, a call or a subquery, with its alias.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from rem_arrow.sql.text.unfinished import Piece, pieces, statement_at

# `beginning`: of a statement or query; `relation`: a table; `after`: no value, but a word of the grammar.
Role: TypeAlias = Literal["beginning", "relation", "value", "after", "type", "setting", "nothing"]


class Reference(NamedTuple):
    """A relation.

    Attributes:
        name: what its columns may bear before a dot.
        sql: what stands after FROM for it.
        table: the parts of the name of a table; none of a call or a subquery.
    """

    name: str
    sql: str
    table: tuple[str, ...] = ()


class CaretPlace(NamedTuple):
    """What stands around the caret.

    Attributes:
        start: where the name or word begins that the caret is in, or behind.
        written: what of it stands before the caret; a name in quotes with the quote.
        qualifiers: the names before it, each of which a dot follows.
        relations: those that are seen, the nearest query first.
        ctes: what stands after WITH, by the name of each, in their order.
    """

    role: Role
    start: int
    written: str
    qualifiers: tuple[str, ...]
    relations: tuple[Reference, ...]
    ctes: tuple[Reference, ...]


@dataclass(slots=True)
class _Group:
    """What stands between parentheses, or a whole statement."""

    start: int
    stop: int | None = None
    items: list[Piece | _Group] = field(default_factory=list)

    def holds(self, caret: int) -> bool:
        """Whether the caret is inside."""
        return self.start < caret and (self.stop is None or caret < self.stop)


_RELATION_WORDS = {"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "DESCRIBE", "DESC", "SUMMARIZE", "USING", "SHOW"}
# Those that a relation follows whose columns are seen.
_LISTED = {"FROM", "JOIN", "INTO", "UPDATE", "USING"}
_OF_VALUES = """
SELECT DISTINCT WHERE ON HAVING QUALIFY BY SET RETURNING VALUES AND OR NOT CASE WHEN THEN ELSE IN LIKE ILIKE BETWEEN IS
LIMIT OFFSET AS FILTER ALL EXTRACT CAST"""
_VALUE_WORDS = frozenset(_OF_VALUES.split())
_LIST_ENDS = {"WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW", "ORDER", "LIMIT", "SELECT", "SET", "VALUES", "RETURNING"}
_SETS = {"UNION", "EXCEPT", "INTERSECT"}
# What may stand behind a relation and is no alias.
_BEHIND = """
OFFSET ON USING JOIN LEFT RIGHT FULL OUTER INNER CROSS SEMI ANTI NATURAL ASOF POSITIONAL WHEN DEFAULT AT TABLESAMPLE
FETCH PIVOT UNPIVOT"""
_NO_ALIASES = frozenset(_BEHIND.split()) | _LIST_ENDS | _SETS
# What a parenthesis follows in which a query may begin.
_BEFORE_QUERIES = {"", "FROM", "JOIN", "AS", "EXISTS", "IN", "ANY", "ALL", ",", "("}
_BEGINNINGS = {"", ";", "(", "AS", "EXPLAIN", "ANALYZE", "ALL", *_SETS}


def caret_place(text: str, caret: int) -> CaretPlace:
    """Return what stands around a place of a text, which is from 0 to its length."""
    start, stop = _statement(text, caret)
    found = list(pieces(text[:stop], start))
    at = next((p for p in found if p.start < caret <= p.stop), None)
    if at is not None and (at.kind in ("comment", "text", "number", "parameter") and (caret < at.stop or at.is_open)):
        return CaretPlace("nothing", caret, "", (), (), ())
    is_named = at is not None and at.kind in ("word", "name")
    begin = at.start if at is not None and is_named else caret
    before = [p for p in found if p.stop <= begin and p.kind != "comment"]
    qualifiers, before = _qualifiers(before)
    levels = _levels(_grouped([p for p in found if p.kind != "comment" and p is not at], start), caret)
    ctes = tuple(cte for level in levels for cte in _ctes(level.items, text, caret))
    relations = tuple(r for level in reversed(levels) for r in _references(_block(level.items, caret), text, caret))
    return CaretPlace(_role(before), begin, text[begin:caret], qualifiers, relations, ctes)


def _statement(text: str, caret: int) -> tuple[int, int]:
    """Return where the statement at the caret begins, with what is before it, and where it ends."""
    place = 0
    while (found := statement_at(text, place)) is not None and found.is_ended and found.after <= caret:
        place = found.after
    return place, len(text) if found is None else found.stop if found.stop >= caret else found.after


def _qualifiers(before: list[Piece]) -> tuple[tuple[str, ...], list[Piece]]:
    names: list[str] = []
    while len(before) > 1 and before[-1].upper == "." and before[-2].kind in ("word", "name"):
        names.insert(0, before[-2].name)
        before = before[:-2]
    return tuple(names), before


# --- what may stand there


def _role(before: list[Piece]) -> Role:
    words = [p.upper or p.kind for p in before]
    previous, last = ["", "", *words][-2:]
    if words[-2:] == [":", ":"]:
        return "type"
    if words[:1] in (["SET"], ["RESET"]) and len(words) <= 2 and last in ("SET", "RESET", "SESSION", "GLOBAL"):
        return "setting"
    if words[:2] == ["CREATE", "TABLE"] and previous in ("(", ",") and words.count("(") == words.count(")") + 1:
        # After the name of a column.
        return "type"
    if last in _BEGINNINGS and (last != "ALL" or previous in _SETS):
        return "beginning" if last != "(" or previous in _BEFORE_QUERIES else "value"
    if last in _RELATION_WORDS and previous != "DISTINCT":
        return "relation"
    clause = _clause(words)
    if last == ",":
        return "relation" if clause in _LISTED else "value"
    if clause == "IN" and words[0] == "SEARCH":
        return "relation" if last == "IN" else "after"
    if clause in _LISTED or clause == "":
        return "after"
    return "value"


def _clause(words: list[str]) -> str:
    """Return the nearest word before that says what follows, outside of parentheses that are closed."""
    depth = 0
    for word in reversed(words):
        depth += {")": 1, "(": -1}.get(word, 0)
        if depth < 0:
            return "("
        if depth == 0 and (word in _RELATION_WORDS or word in _VALUE_WORDS):
            return word
    return ""


# --- the relations that are seen


def _grouped(found: list[Piece], start: int) -> _Group:
    """Return the pieces in their parentheses."""
    stack = [_Group(start - 1)]
    for piece in found:
        if piece.upper == "(":
            group = _Group(piece.start)
            stack[-1].items.append(group)
            stack.append(group)
        elif piece.upper == ")" and len(stack) > 1:
            stack.pop().stop = piece.stop
        else:
            stack[-1].items.append(piece)
    return stack[0]


def _levels(group: _Group, caret: int) -> list[_Group]:
    """Return a group and those inside it that hold the caret, the outermost first."""
    levels = [group]
    while (inner := next((i for i in levels[-1].items if isinstance(i, _Group) and i.holds(caret)), None)) is not None:
        levels.append(inner)
    return levels


def _word(item: Piece | _Group | None) -> str:
    return item.upper if isinstance(item, Piece) else ""


def _block(items: list[Piece | _Group], caret: int) -> list[Piece | _Group]:
    """Return the query at the caret among those that UNION and the like join."""
    cuts = [i for i, item in enumerate(items) if _word(item) in _SETS]
    first = max((i + 1 for i in cuts if items[i].start < caret), default=0)
    return items[first : min((i for i in cuts if items[i].start >= caret), default=len(items))]


def _ctes(items: list[Piece | _Group], text: str, caret: int) -> list[Reference]:
    """Return the CTEs that are whole, and stand before the caret."""
    found: list[Reference] = []
    if _word(_at(items, 0)) != "WITH":
        return found
    begin = 1
    for place in range(1, len(items)):
        item = items[place]
        if _word(_at(items, begin)) == "RECURSIVE":
            begin += 1
        if isinstance(item, _Group) and place > begin + 1 and _word(items[place - 1]) in ("AS", "MATERIALIZED"):
            name = items[begin]
            if item.stop is None or item.holds(caret) or not isinstance(name, Piece):
                return found
            found.append(Reference(name.name, text[name.start : item.stop]))
            if _word(_at(items, place + 1)) != ",":
                return found
            begin = place + 2
    return found


def _references(items: list[Piece | _Group], text: str, caret: int) -> list[Reference]:
    found: list[Reference] = []
    listed, place = "", 0
    while place < len(items):
        word = _word(items[place])
        if word in _LISTED or (word == "," and listed):
            listed = listed if word == "," else word
            reference, place = _reference(items, place + 1, text, caret, is_call=word in ("FROM", "JOIN", ","))
            if reference is not None:
                found.append(reference)
            continue
        if word in _LIST_ENDS:
            listed = ""
        place += 1
    return found


def _reference(
    items: list[Piece | _Group], place: int, text: str, caret: int, *, is_call: bool
) -> tuple[Reference | None, int]:
    """Return the relation that begins at a place, and the place behind it."""

    def closed(at: int) -> bool:
        group = _at(items, at)
        return isinstance(group, _Group) and group.stop is not None and not group.holds(caret)

    first = _at(items, place)
    if first is None or (isinstance(first, Piece) and first.kind not in ("word", "name", "text")):
        return None, place
    if isinstance(first, _Group) and not closed(place):
        return None, place + 1
    table: tuple[str, ...] = (first.name,) if isinstance(first, Piece) and first.kind != "text" else ()
    while table and _word(_at(items, place + 1)) == "." and isinstance(part := _at(items, place + 2), Piece):
        table, place = (*table, part.name), place + 2
    name = table[-1] if table else ""
    # Of a call.
    if table and is_call and closed(place + 1):
        table, place = (), place + 1
    behind = place + 1 + (_word(_at(items, place + 1)) == "AS")
    alias = _at(items, behind)
    if isinstance(alias, Piece) and alias.kind in ("word", "name") and alias.upper not in _NO_ALIASES:
        name, place = alias.name, behind
        # Names of columns.
        if is_call and closed(place + 1):
            place += 1
    return Reference(name, text[first.start : items[place].stop], table), place + 1


def _at(items: list[Piece | _Group], place: int) -> Piece | _Group | None:
    return items[place] if place < len(items) else None

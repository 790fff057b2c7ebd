"""Functions, CASE, CAST, lists and structs in the name of a SELECT item, as DuckDB writes them."""

from __future__ import annotations

from collections.abc import Callable

from rem_arrow.base.quoting import literal, readable
from rem_arrow.sql.text import item_query, item_types
from rem_arrow.sql.text.item_words import UnknownFormError, Walk

Read = Callable[[Walk], str]

# Functions that stand under another name.
_RENAMED = {
    "ifnull": "COALESCE",
    "coalesce": "COALESCE",
    "grouping": "GROUPING",
    "grouping_id": "GROUPING",
    "try": "TRY",
}
_PERCENTILES = {"percentile_cont": "quantile_cont", "percentile_disc": "quantile_disc"}
_TRIMS = {"LEADING": "ltrim", "TRAILING": "rtrim", "BOTH": "trim"}
_UNREAD = ("columns", "unpivot", "pivot", "exclude")


def separated(walk: Walk, closed: str, read: Read) -> list[str]:
    """Read expressions up to a closing sign; a comma may stand behind the last."""
    found: list[str] = []
    while not walk.skip(closed):
        found.append(read(walk))
        if not walk.skip(","):
            walk.need(closed)
            return found
    return found


def special(walk: Walk, read: Read) -> str | None:
    """Read what has a syntax of its own; None where nothing of that kind stands here."""
    if (typed := item_types.typed_text(walk)) is not None:
        return typed
    if walk.skip("["):
        return _list(walk, read)
    if walk.skip("{"):
        return f"struct_pack({', '.join(_fields(walk, read))})"
    if walk.skip("MAP", "{"):
        pairs = _pairs(walk, read)
        keys, values = (", ".join(side) for side in (zip(*pairs, strict=True) if pairs else ((), ())))
        return f'"map"(list_value({keys}), list_value({values}))'
    if walk.skip("ARRAY", "["):
        return f"(ARRAY[{', '.join(separated(walk, ']', read))}])"
    if walk.skip("CASE"):
        return _case(walk, read)
    if walk.skip("INTERVAL"):
        return _interval(walk, read)
    if walk.sees("CAST", "(") or walk.sees("TRY_CAST", "("):
        word = walk.take().upper
        walk.need("(")
        operand = read(walk)
        walk.need("AS")
        text = f"{word}({operand} AS {item_types.type_name(walk)})"
        walk.need(")")
        return text
    if walk.skip("EXISTS", "("):
        text = f"EXISTS({item_query.query(walk, read)})"
        walk.need(")")
        return text
    if walk.skip("LAMBDA"):
        return _lambda(walk, read)
    return _null(walk)


def _null(walk: Walk) -> str | None:
    return "NULL" if walk.skip("NULL") else None


def _list(walk: Walk, read: Read) -> str:
    """`[x, y]`, and `[x + 1 for x in l]`; one with a condition is another shape."""
    if walk.skip("]"):
        return "list_value()"
    first = read(walk)
    if not walk.skip("FOR"):
        return f"list_value({', '.join([first, *([] if walk.skip(']') else _rest(walk, read))])})"
    names = [readable(walk.take().text)]
    while walk.skip(","):
        names.append(readable(walk.take().text))
    walk.need("IN")
    source = read(walk)
    walk.need("]")
    return f"list_apply({source}, (lambda {', '.join(names)}: {first}))"


def _rest(walk: Walk, read: Read) -> list[str]:
    walk.need(",")
    return separated(walk, "]", read)


def _fields(walk: Walk, read: Read) -> list[str]:
    fields = []
    while not walk.skip("}"):
        name = walk.take()
        if name.kind not in ("text", "word", "name"):
            raise UnknownFormError
        walk.need(":")
        fields.append(f"{readable(name.text)} := {read(walk)}")
        if not walk.skip(","):
            walk.need("}")
            break
    return fields


def _pairs(walk: Walk, read: Read) -> list[tuple[str, str]]:
    pairs = []
    while not walk.skip("}"):
        key = read(walk)
        walk.need(":")
        pairs.append((key, read(walk)))
        if not walk.skip(","):
            walk.need("}")
            break
    return pairs


def _case(walk: Walk, read: Read) -> str:
    operand = None if walk.sees("WHEN") else read(walk)
    text = "CASE "
    while walk.skip("WHEN"):
        condition = read(walk)
        walk.need("THEN")
        test = condition if operand is None else f"({operand} = {condition})"
        text += f" WHEN ({test}) THEN ({read(walk)})"
    otherwise = read(walk) if walk.skip("ELSE") else "NULL"
    walk.need("END")
    return f"{text} ELSE {otherwise} END"


def _interval(walk: Walk, read: Read) -> str:
    word = walk.peek()
    if word.kind in ("text", "number"):
        walk.take()
        amount = literal(word.text) if word.kind == "text" else word.text
    elif walk.skip("("):
        amount = read(walk)
        walk.need(")")
    else:
        raise UnknownFormError
    singular = item_types.unit(walk.peek().upper)
    if singular is None:
        if word.kind != "text":
            raise UnknownFormError
        return f"CAST({amount} AS INTERVAL)"
    walk.take()
    return item_types.in_units(amount, singular)


def _lambda(walk: Walk, read: Read) -> str:
    names = [readable(walk.take().text)]
    while walk.skip(","):
        names.append(readable(walk.take().text))
    walk.need(":")
    return f"(lambda {', '.join(names)}: {read(walk)})"


def call(walk: Walk, read: Read) -> str:
    """Read the call of a function, with what may stand behind it."""
    name = walk.take().text.lower()
    walk.need("(")
    if name in _UNREAD:
        raise UnknownFormError
    own = _OWN.get(name)
    if own is not None and (text := own(walk, read)) is not None:
        return text
    if name == "count" and (walk.skip("*", ")") or walk.skip(")")):
        return _behind(walk, read, "count()" if _is_window(walk) else "count_star()")
    args = _arguments(walk, read)
    if name in _PERCENTILES and walk.skip("WITHIN", "GROUP", "("):
        walk.need("ORDER", "BY")
        keys = item_query.order(walk, read)
        walk.need(")")
        return _behind(walk, read, f"{_PERCENTILES[name]}({args} ORDER BY {keys})")
    shown = _RENAMED.get(name) or (name if _is_window(walk) else readable(name))
    return _behind(walk, read, f"{shown}({args})")


def _is_window(walk: Walk) -> bool:
    """Say whether OVER stands behind a call, or behind its FILTER."""
    ahead = 0
    if walk.sees("FILTER", "("):
        ahead, depth = 2, 1
        while depth and walk.peek(ahead).kind != "end":
            depth += {"(": 1, ")": -1}.get(walk.peek(ahead).upper, 0)
            ahead += 1
    return walk.peek(ahead).upper == "OVER"


def _arguments(walk: Walk, read: Read) -> str:
    text = "DISTINCT " if walk.skip("DISTINCT") else ""
    walk.skip("ALL")
    args: list[str] = []
    behind = ""
    while not walk.skip(")"):
        if walk.skip("ORDER", "BY"):
            behind += f" ORDER BY {item_query.order(walk, read)}"
        elif walk.sees("IGNORE", "NULLS") or walk.sees("RESPECT", "NULLS"):
            behind += f" {walk.take().upper} {walk.take().upper}"
        elif walk.peek(1).upper in (":=", "=>") or (walk.peek(1).upper == ":" and walk.peek(2).upper == "="):
            name = readable(walk.take().text)
            while walk.one_of((":=", "=>", ":", "=")):
                pass
            args.append(f"{name} := {read(walk)}")
        else:
            args.append(read(walk))
        walk.skip(",")
    return text + ", ".join(args) + behind


def _behind(walk: Walk, read: Read, text: str) -> str:
    """WITHIN GROUP, FILTER and OVER."""
    if walk.skip("WITHIN", "GROUP", "("):
        walk.need("ORDER", "BY")
        text += f" WITHIN GROUP ( ORDER BY {item_query.order(walk, read)})"
        walk.need(")")
    if walk.skip("FILTER", "("):
        walk.skip("WHERE")
        text += f" FILTER (WHERE {read(walk)})"
        walk.need(")")
    if walk.skip("OVER"):
        text += f" OVER ({_window(walk, read)})"
    return text


def _window(walk: Walk, read: Read) -> str:
    """The window in parentheses, or the one that the query names so; one that begins with a name goes on from it."""
    opened = walk.skip("(")
    named = walk.windows.get(walk.peek().text.lower())
    if named is None:
        if opened:
            return item_query.window(walk, read)
        raise UnknownFormError
    walk.take()
    shown = item_query.window(Walk(named, {}), read)
    return " ".join(filter(None, (shown, item_query.window(walk, read)))) if opened else shown


def _extract(walk: Walk, read: Read) -> str:
    part = walk.take()
    shown = literal(part.text if part.kind == "text" else item_types.unit(part.upper) or part.text)
    walk.need("FROM")
    text = f"date_part({shown}, {read(walk)})"
    walk.need(")")
    return text


def _trim(walk: Walk, read: Read) -> str | None:
    side = walk.one_of(_TRIMS)
    if side is None:
        first = read(walk)
        if walk.skip(")"):
            return f'"trim"({first})'
        if walk.skip("FROM"):
            return _closed(walk, f'"trim"({read(walk)}, {first}')
        walk.need(",")
        return _closed(walk, f'"trim"({first}, {read(walk)}')
    characters = "" if walk.sees("FROM") else f", {read(walk)}"
    walk.need("FROM")
    return _closed(walk, f"{readable(_TRIMS[side])}({read(walk)}{characters}")


def _closed(walk: Walk, text: str) -> str:
    walk.need(")")
    return f"{text})"


def _by_words(name: str, *between: str) -> Callable[[Walk, Read], str | None]:
    """A function whose arguments may stand between words, in the place of commas."""

    def read_call(walk: Walk, read: Read) -> str | None:
        args = [read(walk)]
        while not walk.skip(")"):
            if walk.one_of((*between, ",")) is None:
                raise UnknownFormError
            args.append(read(walk))
        return f'"{name}"({", ".join(args)})'

    return read_call


def _position(walk: Walk, read: Read) -> str | None:
    """POSITION('x' IN s), in which the reader takes IN for the one of `'x' IN l`."""
    first = read(walk)
    if walk.skip(")") and first.startswith("contains("):
        return f'"position"{first.removeprefix("contains")}'
    walk.need(",")
    return _closed(walk, f'"position"({first}, {read(walk)}')


def _date(walk: Walk, read: Read) -> str:
    return _closed(walk, f"CAST({read(walk)} AS DATE")


_OWN: dict[str, Callable[[Walk, Read], str | None]] = {
    "extract": _extract,
    "trim": _trim,
    "date": _date,
    "position": _position,
    "substring": _by_words("substring", "FROM", "FOR"),
    "overlay": _by_words("overlay", "PLACING", "FROM", "FOR"),
}

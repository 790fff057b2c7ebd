"""Types and intervals in the name of a SELECT item, as DuckDB writes them."""

from __future__ import annotations

from rem_arrow.base.quoting import literal, readable
from rem_arrow.sql.text.item_words import UnknownFormError, Walk

# Types of the grammar have one name each; others are written as they stand.
_KNOWN = {
    "INT": "INTEGER", "INTEGER": "INTEGER", "BIGINT": "BIGINT", "SMALLINT": "SMALLINT", "VARCHAR": "VARCHAR",
    "CHAR": "VARCHAR", "CHARACTER": "VARCHAR", "NCHAR": "VARCHAR", "REAL": "FLOAT", "FLOAT": "FLOAT",
    "NUMERIC": "DECIMAL", "DECIMAL": "DECIMAL", "DEC": "DECIMAL", "BOOLEAN": "BOOLEAN", "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP", "INTERVAL": "INTERVAL", "BIT": "BIT",
}  # fmt: skip
_CALENDAR = ("YEAR", "MONTH", "DAY", "WEEK", "QUARTER", "DECADE", "CENTURY", "MILLENNIUM")
_CLOCK = ("HOUR", "MINUTE", "MICROSECOND")
_PARTED = ("SECOND", "MILLISECOND")
_PLURALS = {"CENTURIES": "CENTURY", "MILLENNIA": "MILLENNIUM"}


def unit(word: str) -> str | None:
    """Return a unit of intervals in the singular, or None."""
    singular = _PLURALS.get(word) or (word if word in (*_CALENDAR, *_CLOCK, *_PARTED) else word.removesuffix("S"))
    return singular if singular in (*_CALENDAR, *_CLOCK, *_PARTED) else None


def in_units(amount: str, singular: str) -> str:
    """INTERVAL n DAY: a function of the unit."""
    plural = {"CENTURY": "centuries", "MILLENNIUM": "millennia"}.get(singular) or f"{singular.lower()}s"
    number = f"CAST({amount} AS DOUBLE)"
    if singular in _PARTED:
        return f"to_{plural}({number})"
    return f"to_{plural}(CAST(trunc({number}) AS {'INTEGER' if singular in _CALENDAR else 'BIGINT'}))"


def type_name(walk: Walk) -> str:
    """Read a type."""
    word = walk.take()
    if word.kind not in ("word", "name"):
        raise UnknownFormError
    if word.upper in ("STRUCT", "ROW", "UNION") and walk.skip("("):
        fields = []
        while not walk.skip(")"):
            fields.append(f"{readable(walk.take().text)} {type_name(walk)}")
            walk.skip(",")
        name = f"{'UNION' if word.upper == 'UNION' else 'STRUCT'}({', '.join(fields)})"
    elif word.upper == "MAP" and walk.skip("("):
        key = type_name(walk)
        walk.need(",")
        name = f"MAP({key}, {type_name(walk)})"
        walk.need(")")
    elif word.upper == "ENUM":
        raise UnknownFormError
    else:
        name = _plain(word.upper, word.text, walk)
    return name + _dimensions(walk)


def _plain(upper: str, text: str, walk: Walk) -> str:
    if upper == "DOUBLE" and walk.skip("PRECISION"):
        return "DOUBLE"
    # Of the names that are keywords only this one is quoted.
    name = _KNOWN.get(upper) or (text if upper and upper != "JSON" else readable(text))
    if walk.skip("("):
        numbers = [walk.take().text]
        while walk.skip(","):
            numbers.append(walk.take().text)
        walk.need(")")
        name += f"({', '.join(numbers)})"
    if upper in ("TIME", "TIMESTAMP") and walk.skip("WITH", "TIME", "ZONE"):
        name += " WITH TIME ZONE"
    elif upper in ("TIME", "TIMESTAMP"):
        walk.skip("WITHOUT", "TIME", "ZONE")
    return name


def _dimensions(walk: Walk) -> str:
    """[] and [3], as often as they stand there."""
    suffix = ""
    while walk.sees("[") or walk.sees("ARRAY"):
        if walk.skip("ARRAY"):
            suffix += "[]"
            continue
        walk.need("[")
        size = walk.take().text if walk.peek().kind == "number" else ""
        walk.need("]")
        suffix += f"[{size}]"
    return suffix


def typed_text(walk: Walk) -> str | None:
    """DATE '2024-01-01': a cast of a text; None where no type and text stand here."""
    if walk.peek().kind != "word" or walk.peek(1).kind != "text" or walk.peek().upper in ("INTERVAL", "E", "X"):
        return None
    name = type_name(walk)
    return f"CAST({literal(walk.take().text)} AS {name})"

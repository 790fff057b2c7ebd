"""Values of columns in the words of a question, and the conditions that they make."""

from __future__ import annotations

import polars as pl

from rem_arrow.ask import english
from rem_arrow.ask.question import Reading
from rem_arrow.ask.vocabulary import Column, normal
from rem_arrow.base.quoting import literal, readable

# The longest value in words that is looked for.
WORDS_MAX = 3


def value_at(reading: Reading, place: int, column: Column, *, words: int | None = None) -> tuple[str, int] | None:
    """Return the longest value of a column that the words at a place are, and the place after them; with `words` only a
    value of that many words."""
    for count in range(WORDS_MAX, 0, -1) if words is None else (words,):
        stop = place + count
        tokens = reading.tokens[place:stop]
        if stop > len(reading.tokens) or not all(t.is_word for t in tokens):
            continue
        if not reading.used.isdisjoint(range(place, stop)) or (count == 1 and tokens[0].low in english.STOP):
            continue
        value = column.values.get(normal(" ".join(t.text for t in tokens)))
        if value is not None:
            return value, stop
    return None


def unlisted_value(
    reading: Reading, place: int, column: Column, *, follows_is: bool, before: str
) -> tuple[str, int] | None:
    """Return the word at a place as a value of a column whose values are not listed, where it can be nothing else:
    `status is archived`, `module textwrap`.

    Args:
        follows_is: whether a word such as "is" stands between the column and the place.
        before: the word before the column.
    """
    if place >= len(reading.tokens) or place in reading.used:
        return None
    if column.values or not isinstance(column.dtype, (pl.String, pl.List)):
        return None
    token = reading.tokens[place]
    if not token.is_word or token.low in english.STOP:
        return None
    return (token.text, place + 1) if follows_is or token.quoted or before in english.BEFORE_COLUMN else None


def equals(column: Column, values: list[str], prefix: str, *, negated: bool) -> str:
    """Return the condition that a column holds one of the values, or with `negated` none of them."""
    name, literals = prefix + readable(column.name), [literal(v) for v in dict.fromkeys(values)]
    is_one = len(literals) == 1
    if column.is_list:
        call = f"list_contains({name}, {literals[0]})" if is_one else f"list_has_any({name}, [{', '.join(literals)}])"
        return f"NOT {call}" if negated else call
    if not column.values:
        return f"lower({name}) {'<>' if negated else '='} lower({literals[0]})"
    if is_one:
        return f"{name} {'<>' if negated else '='} {literals[0]}"
    return f"{name} {'NOT IN' if negated else 'IN'} ({', '.join(literals)})"

"""Conditions on the rows of a table, from the words of a question: values of its columns, numbers, flags, what is
missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import polars as pl

from rem_arrow.ask import english
from rem_arrow.ask.question import Reading
from rem_arrow.ask.vocabulary import Column, TableWords, Vocabulary, normal
from rem_arrow.quoting import literal, readable

_IS = ("is", "are", "=", "==", "equals", "equal", "was", "were", "of", "named", "called", "to")
_MORE = {
    "more": ">",
    "over": ">",
    "greater": ">",
    "above": ">",
    "exceeding": ">",
    "larger": ">",
    "longer": ">",
    "bigger": ">",
    "higher": ">",
    "less": "<",
    "under": "<",
    "fewer": "<",
}
_MORE |= {
    "below": "<",
    "smaller": "<",
    "shorter": "<",
    "lower": "<",
    "exactly": "=",
    "least": ">=",
    "most": "<=",
    ">": ">",
    "<": "<",
    ">=": ">=",
    "<=": "<=",
}
_WITHOUT = ("without", "no", "missing", "lacking", "lacks", "lack")
_NOT = ("not", "non", "never", "except", "excluding")


def moment(at: datetime, dtype: pl.DataType) -> str:
    """Return a time as a literal of a column's type."""
    if isinstance(dtype, pl.Date):
        return f"DATE '{at:%Y-%m-%d}'"
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
        return f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}'"
    return f"TIMESTAMPTZ '{at:%Y-%m-%d %H:%M:%S}+00'"


def found(reading: Reading, table: TableWords, *, prefix: str = "", within: range | None = None) -> list[str]:
    """Return the conditions that the words say of a table, and account for these words. With `within` only tokens there
    are read."""
    conditions: list[str] = []
    places = within or range(len(reading.tokens))
    place = places.start
    while place < places.stop:
        hit = (
            next((h for h in _matches(reading, table, place, places.stop, prefix)), None)
            if place not in reading.used
            else None
        )
        if hit is None:
            place += 1
            continue
        condition, stop = hit
        reading.use(place, stop)
        if condition not in conditions:
            conditions.append(condition)
        place = stop
    return conditions


def time_condition(reading: Reading, table: TableWords, *, prefix: str = "") -> tuple[str, Column] | None:
    """Return the condition of the question's time on a table, and on which column; None without a time, or a column for
    it."""
    column = time_column(reading, table) if reading.time is not None else None
    if reading.time is None or column is None:
        return None
    return reading.time.condition(prefix + readable(column.name), lambda at: moment(at, column.dtype)), column


def time_column(reading: Reading, table: TableWords) -> Column | None:
    """Return the column that times in a question are about: the one whose verb it uses, else the time of an event, else
    created_at."""
    times = [c for c in table.columns if c.is_time]
    for place, token in enumerate(reading.tokens):
        own = next((c for c in times if c.stems[0] == token.stem and len(c.stems) > 1), None)
        if own is not None and c_is_verb(token.text):
            reading.use(place, place + 1)
            return own
    for place, token in enumerate(reading.tokens):
        system = (
            next((c for c in times if c.name == english.TIME_STEMS.get(token.stem)), None)
            if c_is_verb(token.text)
            else None
        )
        # Of a commit, "made" and "written" are about when it was committed, not when the row was.
        if system is not None and not any(
            not c.nullable and c.name not in ("created_at", "modified_at") for c in times
        ):
            reading.use(place, place + 1)
            return system
    declared = [c for c in times if c.name not in ("created_at", "modified_at")]
    begins = next(
        (
            c
            for c in declared
            if c.stems[0] in ("start", "begin", "happen", "occur", "at", "time", "date", "timestamp", "day")
        ),
        None,
    )
    certain = next((c for c in declared if not c.nullable), None)
    return begins or certain or table.column("created_at") or (declared[0] if declared else None)


def c_is_verb(text: str) -> bool:
    """Say whether a word is a verb of the past, as created, closed and written are."""
    return text.casefold().endswith(("ed", "en", "wrote", "made"))


def column_at(reading: Reading, table: TableWords, place: int) -> tuple[Column, int] | None:
    """Return the column that the words at a place name, and the place behind them."""
    best: tuple[Column, int] | None = None
    for column in table.columns:
        stems = column.stems
        wanted = [stems] if len(stems) > 1 else []
        if stems[0] in ("is", "has") and len(stems) > 1:
            continue
        # "type" may be said of moment_type, and "tagged" of tags.
        wanted.append(stems[-1:] if column.name not in ("id",) else ())
        for option in wanted:
            stop = place + len(option)
            fits = (
                bool(option)
                and stop <= len(reading.tokens)
                and all(alike(reading.tokens[place + i].stem, s) for i, s in enumerate(option))
            )
            if fits and (best is None or stop > best[1] or (stop == best[1] and len(stems) == len(option))):
                best = (column, stop)
    return best


def measure(reading: Reading, table: TableWords, place: int) -> tuple[Column, int] | None:
    """Return the column of numbers that the word at a place names, by its name or by its description."""
    numbers = [c for c in table.columns if c.is_number]
    stem = reading.tokens[place].stem if place < len(reading.tokens) else ""
    for column in numbers:
        stop = place + len(column.stems)
        if (
            stop <= len(reading.tokens)
            and len(column.stems) > 1
            and tuple(t.stem for t in reading.tokens[place:stop]) == column.stems
        ):
            return column, stop
    word = reading.low(place)
    if not stem or word in english.STOP:
        return None
    own = next((c for c in numbers if word in c.parts), None)
    # Of "lines" a column `line` is a place, and one that is described as lines a measure.
    own = own or next((c for c in numbers if word in re.findall(r"[a-z]+", c.description.casefold())), None)
    own = own or next((c for c in numbers if stem in c.stems), None)
    own = own or next(
        (c for c in numbers if stem in {english.stem(w) for w in re.findall(r"[a-z]+", c.description.casefold())}), None
    )
    return None if own is None else (own, place + 1)


def sized(word: str, table: TableWords) -> Column | None:
    """Return the column that an adjective of size is about."""
    _, wanted = english.SIZES[word]
    numbers = [c for c in table.columns if c.is_number]
    return next((c for w in wanted for c in numbers if w in c.parts), None)


# --- one condition


def _matches(reading: Reading, table: TableWords, place: int, stop: int, prefix: str) -> Iterator[tuple[str, int]]:
    for match in (_missing, _compared, _counted, _column_value, _value_column, _flag, _value):
        hit = match(reading, table, place, prefix)
        if hit is not None and hit[1] <= stop:
            yield hit


def _missing(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """without an assignee; unassigned; with a docstring"""
    word = reading.low(place)
    if word in (*_WITHOUT, "with", "has", "have", "having"):
        at = place + 1
        while reading.low(at) in ("a", "an", "any", "the"):
            at += 1
        hit = column_at(reading, table, at) if at < len(reading.tokens) else None
        if hit is not None and (hit[0].nullable or hit[0].is_list):
            column, stop = hit
            name, empty = prefix + readable(column.name), word in _WITHOUT
            if not empty and (at == place + 1 or _value_at(reading, table, stop, column) is not None):
                return None
            if column.is_list:
                return f"len({name}) {'= 0' if empty else '> 0'}", stop
            return f"{name} IS {'' if empty else 'NOT '}NULL", stop
    if word.startswith("un") and len(word) > 5:
        rest = english.stem(word[2:])
        lacking = next((c for c in table.columns if c.nullable and any(alike(rest, s) for s in c.stems)), None)
        if lacking is not None:
            return f"{prefix}{readable(lacking.name)} IS NULL", place + 1
    return None


def _compared(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """more than 400 lines; at least 300 additions; size over 500; larger than 500 lines"""
    given = measure(reading, table, place)
    at = given[1] if given is not None and reading.low(given[1]) in (*_MORE, "at", "of", "is") else place
    while at > place and reading.low(at) in ("of", "is", "are", "was"):
        at += 1
    if reading.low(at) in ("at", "no"):
        at += 1
    sign = _MORE.get(reading.low(at))
    if sign is None or (reading.low(at) in ("least", "most") and reading.low(at - 1) != "at"):
        return None
    size = reading.low(at) if reading.low(at) in english.SIZES else None
    at += 1
    if reading.low(at) in ("than", "or", "to", "equal"):
        at += 1
    value = english.number(reading.tokens[at].text) if at < len(reading.tokens) else None
    if value is None:
        return None
    at += 1
    column = given[0] if given is not None and place < given[1] <= at - 1 and reading.low(place) not in _MORE else None
    if column is None:
        hit = measure(reading, table, at) if at < len(reading.tokens) else None
        if hit is None and size is not None and (guess := sized(size, table)) is not None:
            hit = (guess, at)
        if hit is None:
            return None
        column, at = hit
    return f"{prefix}{readable(column.name)} {sign} {value:g}", at


def _counted(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """8 points"""
    value = english.number(reading.tokens[place].text)
    hit = measure(reading, table, place + 1) if value is not None and place + 1 < len(reading.tokens) else None
    return None if hit is None or value is None else (f"{prefix}{readable(hit[0].name)} = {value:g}", hit[1])


def _column_value(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """category tutorial; status is active or published; module textwrap; the tag asyncio"""
    hit = column_at(reading, table, place)
    if hit is None or hit[0].is_flag:
        return None
    column, at = hit
    is_said = False
    negated = False
    while reading.low(at) in (*_IS, *_NOT, "the", "a"):
        negated |= reading.low(at) in _NOT
        is_said |= reading.low(at) in _IS
        at += 1
    count = english.number(reading.tokens[at].text) if at < len(reading.tokens) and at not in reading.used else None
    if column.is_number and count is not None:
        return f"{prefix}{readable(column.name)} {'<>' if negated else '='} {count:g}", at + 1
    values: list[str] = []
    while (found_ := _value_at(reading, table, at, column)) is not None or (
        not values
        and (found_ := _raw_value(reading, at, column, said=is_said, before=reading.low(place - 1))) is not None
    ):
        values.append(found_[0])
        at = found_[1]
        ahead = at
        while reading.low(ahead) in ("or", ",", "and"):
            ahead += 1
        if ahead == at or _value_at(reading, table, ahead, column) is None:
            break
        at = ahead
    if not values:
        return None
    return _equals(column, values, prefix, negated=negated), at


def _value_column(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """the Payments team; high priority"""
    for size in (3, 2, 1):
        for column in table.columns:
            hit = _value_at(reading, table, place, column, size=size)
            if hit is not None:
                behind = column_at(reading, table, hit[1]) if hit[1] < len(reading.tokens) else None
                if behind is not None and behind[0].name == column.name:
                    return _equals(column, [hit[0]], prefix, negated=reading.low(place - 1) in _NOT), behind[1]
    return None


def _flag(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """active; no longer active; not public; inactive"""
    at, negated = place, False
    while reading.low(at) in ("no", "longer", *_NOT):
        negated, at = True, at + 1
    word = reading.low(at)
    for column in (c for c in table.columns if c.is_flag):
        stems = (
            column.stems[1:]
            if column.stems[0] in ("is", "has", "was", "can") and len(column.stems) > 1
            else column.stems
        )
        name = prefix + readable(column.name)
        if english.stem(word) == stems[0] and len(stems) == 1:
            return (f"NOT {name}" if negated else name), at + 1
        if len(stems) == 1 and any(
            word.startswith(p) and english.stem(word.removeprefix(p)) == stems[0] for p in ("in", "un", "non")
        ):
            return f"NOT {name}", at + 1
    return None


def _value(reading: Reading, table: TableWords, place: int, prefix: str) -> tuple[str, int] | None:
    """open; critical; Lisbon"""
    negated, at = False, place
    while reading.low(at) in _NOT and at < len(reading.tokens):
        negated, at = True, at + 1
    for size in (3, 2, 1):
        hits = [
            (column, hit)
            for column in table.columns
            if not column.is_list and (hit := _value_at(reading, table, at, column, size=size)) is not None
        ]
        if hits:
            # Of several columns with that value the one with the fewest: the kind, not a name.
            column, (value, stop) = min(hits, key=lambda h: len(h[0].values))
            # "open or closed issues"
            values, ahead = [value], stop
            while reading.low(ahead) in ("or", ","):
                more = _value_at(reading, table, ahead + 1, column)
                if more is None:
                    break
                values.append(more[0])
                stop = ahead = more[1]
            return _equals(column, values, prefix, negated=negated), stop
    return None


def _value_at(
    reading: Reading, table: TableWords, place: int, column: Column, *, size: int | None = None
) -> tuple[str, int] | None:
    """Return the value of a column that the words at a place are, and the place behind them."""
    for count in (3, 2, 1) if size is None else (size,):
        stop = place + count
        tokens = reading.tokens[place:stop]
        if (
            stop > len(reading.tokens)
            or not all(t.is_word for t in tokens)
            or any(i in reading.used for i in range(place, stop))
        ):
            continue
        if count == 1 and tokens[0].low in english.STOP:
            continue
        value = column.values.get(normal(" ".join(t.text for t in tokens)))
        if value is not None:
            return value, stop
    return None


def _raw_value(reading: Reading, place: int, column: Column, *, said: bool, before: str) -> tuple[str, int] | None:
    """Return a word that can only be a value, though it is not known to be one: `status is archived`, `module
    textwrap`."""
    if place >= len(reading.tokens) or place in reading.used or not isinstance(column.dtype, (pl.String, pl.List)):
        return None
    token = reading.tokens[place]
    if (
        not token.is_word
        or token.low in english.STOP
        or column.values
        or not (said or token.quoted or before in ("with", "of", "in", "the", "whose", "where"))
    ):
        return None
    return token.text, place + 1


def _equals(column: Column, values: list[str], prefix: str, *, negated: bool) -> str:
    name, texts = prefix + readable(column.name), [literal(v) for v in dict.fromkeys(values)]
    if column.is_list:
        text = (
            f"list_contains({name}, {texts[0]})" if len(texts) == 1 else f"list_has_any({name}, [{', '.join(texts)}])"
        )
        return f"NOT {text}" if negated else text
    if column.values:
        text = (
            f"{name} {'<>' if negated else '='} {texts[0]}"
            if len(texts) == 1
            else f"{name} {'NOT IN' if negated else 'IN'} ({', '.join(texts)})"
        )
        return text
    return f"lower({name}) {'<>' if negated else '='} lower({texts[0]})"


def alike(a: str, b: str) -> bool:
    return a == b or (min(len(a), len(b)) >= 4 and (a.startswith(b) or b.startswith(a)) and abs(len(a) - len(b)) <= 2)


def value_tables(vocabulary: Vocabulary, phrase: str) -> list[Column]:
    """Return the columns that have a value which a phrase is: those that say what kind a row is first."""
    wanted = normal(phrase)
    hits = [c for t in vocabulary.tables.values() for c in t.columns if wanted in c.values and not c.is_list]
    return sorted(hits, key=lambda c: (not c.is_kind, len(c.values)))

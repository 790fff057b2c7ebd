"""Patterns: regular expressions with DuckDB's options, GLOB, and LIKE as functions."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower import semantics
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.lower.elements import ITEM, LIST, ROW, gathered, over_rows
from rem_arrow.lower.function import ScalarFunction, of_arguments
from rem_arrow.lower.re2 import rust_pattern, rust_template
from rem_arrow.running.allowance import current_allowance

# What has a meaning inside of [...] in a regular expression, and none in GLOB.
_CLASS_SPECIAL = re.compile(r"[\\^\[\]&~]")
_GROUP = re.compile(r"\$\{(\d)\}")
_SPACES = " \t\n"
# What no text holds.
_BETWEEN, _START = "\x00\x01\x00", "\x00\x02\x00"
_GROUP_MAX, _NO_GROUP = 9, -(1 << 31)
_TEXT, _VALUE = "#text", "#value"
_SHOWN_MAX = 200


def flagged(pattern: pl.Expr, flags: pl.Expr | None) -> pl.Expr:
    """Return a pattern of DuckDB's, with its options, as Polars takes it."""
    inline, literal = ("", False) if flags is None else _options(flags)
    if literal:
        body = pattern.str.escape_regex()
    elif pattern.meta.root_names():
        body = over_distinct(rust_pattern, pl.String())(pattern)
    else:
        constant = pl.select(pattern).item()
        body = pl.lit(None if constant is None else rust_pattern(constant), pl.String)
    return pl.concat_str([pl.lit(f"(?{inline})"), body]) if inline else body


def _options(flags: pl.Expr, others: str = "") -> tuple[str, bool]:
    """Return options as a pattern holds them, and whether the pattern is a text as it stands. The last of i and c, and
    of s and its contraries, holds. Raises ExecuteError."""
    known = "cilmnps" + others
    constant = "" if flags.meta.root_names() else pl.select(flags).item()
    if flags.meta.root_names() or constant is None or set(constant) - set(known + _SPACES):
        shown = "a column" if flags.meta.root_names() else "NULL" if constant is None else f"'{constant}'"
        raise ExecuteError(
            f"the options of a regular expression are a constant of the letters {', '.join(known)}, and this is {shown}"
        )
    ignores_case = [c for c in constant if c in "ic"][-1:] == ["i"]
    dot_is_any = [c for c in constant if c in "smnp"][-1:] == ["s"]
    return "i" * ignores_case + "s" * dot_is_any, "l" in constant


def _by_constants(x: pl.Expr, others: list[pl.Expr], compute: Callable[..., pl.Expr], result: pl.DataType) -> pl.Expr:
    """Return what `compute` makes of texts and values that Polars takes as constants only: rows with equal ones at a
    time; NULL for a NULL."""
    names = [f"#{i}" for i in range(len(others))]
    allowance = current_allowance()

    def values(rows: pl.DataFrame) -> pl.Series:
        parts = [rows.clear().select(ROW, pl.lit(None, result).alias(_VALUE))]
        for constants, part in rows.partition_by(names, as_dict=True).items():
            allowance.check()
            value = pl.lit(None, result) if None in constants else compute(pl.col(_TEXT), *constants)
            parts.append(part.select(ROW, value.cast(result).alias(_VALUE)))
        return pl.concat(parts).sort(ROW).get_column(_VALUE)

    inputs = {_TEXT: x, **dict(zip(names, others, strict=True))}
    return over_rows(inputs, lambda rows: values(rows.with_row_index(ROW)), result)


def group_count(pattern: str) -> int:
    """Return how many groups a regular expression has. Raises ExecuteError if it is none."""
    try:
        groups = pl.select(pl.lit("").str.extract_groups(pattern)).to_series().dtype
    except pl.exceptions.PolarsError as error:
        reason = str(error).strip().splitlines()
        raise ExecuteError(f"'{pattern[:_SHOWN_MAX]}' is not a regular expression: {reason[0]}") from error
    assert isinstance(groups, pl.Struct), "groups are fields"
    return len(groups.fields)


def _regexp_replace(x: pl.Expr, pattern: pl.Expr, new: pl.Expr, flags: pl.Expr | None = None) -> pl.Expr:
    """The first match, or with the option g all; \\1 in the new text is a group."""
    every = False
    if flags is not None:
        _options(flags, "g")
        every = "g" in str(pl.select(flags).item())
        flags = flags.str.replace_all("g", "", literal=True)
    template = over_distinct(rust_template, pl.String())(new)
    regex = flagged(pattern, flags)

    def replaced(x: pl.Expr, regex: str, template: str) -> pl.Expr:
        count = group_count(regex)
        if any(int(place) > count for place in _GROUP.findall(template)):
            raise ExecuteError(f"regexp_replace cannot write '{template[:_SHOWN_MAX]}': the pattern has {count} groups")
        return x.str.replace_all(regex, template) if every else x.str.replace(regex, template)

    if pattern.meta.root_names() or new.meta.root_names():
        return _by_constants(x, [regex, template], replaced, pl.String())
    if pl.select(pattern.is_null() | new.is_null()).item():
        return pl.when(pl.lit(value=False)).then(x)
    # Values, not expressions: within a CASE Polars 2.1 makes a column of a computed pattern, which it then does not
    # take.
    return replaced(x, pl.select(regex).item(), pl.select(template).item())


def _by_pattern(x: pl.Expr, others: list[pl.Expr], compute: Callable[..., pl.Expr], result: pl.DataType) -> pl.Expr:
    """Return what `compute` makes of texts, a pattern and other values, at once where these are constants."""
    if any(o.meta.root_names() for o in others):
        return _by_constants(x, others, compute, result)
    constants = [pl.select(o).item() for o in others]
    return pl.when(x.is_not_null() & pl.lit(None not in constants)).then(
        pl.lit(None, result) if None in constants else compute(x, *constants)
    )


def _regexp_extract(
    x: pl.Expr, pattern: pl.Expr, group: pl.Expr | None = None, flags: pl.Expr | None = None
) -> pl.Expr:
    """The first match, or a group of it; empty where nothing matches, and for the group NULL."""
    place = pl.lit(0) if group is None else group.fill_null(_NO_GROUP)
    return _by_pattern(x, [flagged(pattern, flags), place], _group_of, pl.String())


def _group_of(x: pl.Expr, pattern: str, group: int) -> pl.Expr:
    if group != _NO_GROUP and not 0 <= group <= _GROUP_MAX:
        raise ExecuteError(f"a group of a regular expression has a number from 0 to {_GROUP_MAX}, not {group}")
    if not 0 <= group <= group_count(pattern):
        return pl.when(x.is_not_null()).then(pl.lit(""))
    return pl.when(x.is_not_null()).then(x.str.extract(pattern, group).fill_null(""))


def _matches_nothing(pattern: str) -> bool:
    """Say whether a pattern matches the empty text. Raises ExecuteError."""
    group_count(pattern)
    return bool(pl.select(pl.lit("").str.contains(pattern)).item())


def _extract_all(args: list[pl.Expr], _types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Every match, or a group of each; with rows as the result, the first groups of each by name."""
    x, pattern, *more = args
    inner = result.inner if isinstance(result, pl.List) else pl.String()
    fields = [f.name for f in inner.fields] if isinstance(inner, pl.Struct) else []

    def groups(x: pl.Expr, pattern: str, group: int) -> pl.Expr:
        count = group_count(pattern)
        if not 0 <= group <= count:
            raise ExecuteError(f"the pattern {pattern[:_SHOWN_MAX]} has {count} groups, not {group}")
        if not fields and group == 0 and not _matches_nothing(pattern):
            return x.str.extract_all(pattern)
        places = {n: i for i, n in enumerate(fields, 1)} or {ITEM: group}
        return x.map_batches(partial(_groups, pattern=pattern, places=places, result=result), return_dtype=result)

    group = more[0] if more else pl.lit(0)
    return _by_pattern(x, [flagged(pattern, more[1] if len(more) > 1 else None), group], groups, result)


def _split_by_pattern(x: pl.Expr, pattern: pl.Expr, flags: pl.Expr | None = None) -> pl.Expr:
    """The parts between the matches. Where the pattern matches nothing too, a character is a part of its own."""

    def split(x: pl.Expr, pattern: str) -> pl.Expr:
        marked = x.str.replace_all(pattern, _BETWEEN)
        if not _matches_nothing(pattern):
            return marked.str.split(_BETWEEN)
        marked = x.str.replace_all(pattern, f"{_BETWEEN}${{0}}{_BETWEEN}")
        return over_distinct(_split_at_each, pl.List(pl.String()))(marked)

    parts = _by_pattern(x, [flagged(pattern, flags)], split, pl.List(pl.String()))
    return pl.when(pattern.is_null()).then(pl.concat_list([x])).otherwise(parts)


def _split_at_each(marked: str) -> list[str]:
    """Split a text in which each match stands between marks: at a match that is not empty, else behind a character."""
    pieces = marked.split(_BETWEEN)
    steps: list[str | None] = []
    for place, piece in enumerate(pieces):
        steps += [None] * bool(piece) if place % 2 else list(piece)
    parts: list[str] = []
    while steps:
        step = steps.pop(0)
        if step is not None and not steps:
            return [*parts, step]
        parts.append(step or "")
    return [*parts, ""]


def _groups(texts: pl.Series, pattern: str, places: dict[str, int], result: pl.DataType) -> pl.Series:
    """Return groups of each match, as a struct if they have names; NULL for one that did not take part.

    Polars gives the groups of a first match only: so each match is written between marks, and its groups behind it. An
    empty one took part if it does in the match alone.
    """
    template = _BETWEEN.join([f"{_START}${{0}}", *(f"${{{place}}}" for place in places.values()), ""])
    marked = texts.str.replace_all(pattern, template)
    if _matches_nothing(pattern):
        # RE2 matches nothing at the end of a match that is something, if no other match begins there.
        whole = rf"({_START}[^\x00]+(?:{_BETWEEN}[^\x00]*){{{len(places)}}}{_BETWEEN})([^\x00]|$)"
        marked = marked.str.replace_all(whole, f"${{1}}{_BETWEEN * (len(places) + 2)}${{2}}")
    marked = marked.str.replace_all(_START, _BETWEEN, literal=True)
    parts, step = marked.str.split(_BETWEEN), len(places) + 2
    # Before, match, groups, between, match, groups, ..., behind.
    columns = [LIST, *places]
    rows = pl.DataFrame([parts.list.gather_every(step, i).alias(n) for i, n in enumerate(columns, 1)])
    cells = rows.with_row_index(ROW).filter(pl.col(LIST).list.len() > 0).explode(columns)
    values = [
        pl.when((pl.col(n) != "") | (pl.col(LIST).str.extract(pattern, i) == "")).then(n).alias(n)
        for n, i in places.items()
    ]
    item = values[0] if places.keys() == {ITEM} else pl.struct(values)
    return gathered(rows, cells.select(ROW, item.alias(ITEM)), result)


def _glob(x: pl.Expr, pattern: pl.Expr) -> pl.Expr:
    """GLOB: * is any text, ? any character, [a-c] one of some, [!a] none of them; case counts."""
    return x.str.contains(over_distinct(_regex_of_glob, pl.String())(pattern))


def _regex_of_glob(pattern: str) -> str:
    regex, i = "", 0
    while i < len(pattern):
        close = pattern.find("]", i + 2) if pattern[i] == "[" else -1
        if pattern[i] in "*?":
            regex += ".*" if pattern[i] == "*" else "."
        elif close > 0:
            inside = pattern[i + 1 : close]
            negated = inside.startswith("!")
            regex += ("[^" if negated else "[") + _CLASS_SPECIAL.sub(r"\\\g<0>", inside[negated:]) + "]"
            i = close
        elif pattern[i] == "\\" and i + 1 < len(pattern):
            i += 1
            regex += re.escape(pattern[i])
        else:
            regex += re.escape(pattern[i])
        i += 1
    return f"(?s)^{regex}$"


def _regexp_escape(x: pl.Expr) -> pl.Expr:
    """Put a backslash before what is ASCII, and no letter, digit or _."""
    return x.str.replace_all(r"([\x00-\x7F&&[^A-Za-z0-9_]])", r"\$1")


PATTERN: dict[str, ScalarFunction] = {
    "regexp_matches": of_arguments(lambda x, pattern, flags=None: x.str.contains(flagged(pattern, flags))),
    "regexp_full_match": of_arguments(
        lambda x, pattern, flags=None: x.str.contains(
            pl.concat_str(pl.lit("^(?:"), flagged(pattern, flags), pl.lit(")$"))
        )
    ),
    "regexp_replace": of_arguments(_regexp_replace),
    "regexp_extract": of_arguments(_regexp_extract),
    "regexp_extract_all": _extract_all,
    "regexp_split_to_array": of_arguments(_split_by_pattern),
    "regexp_escape": of_arguments(_regexp_escape),
    "glob": of_arguments(_glob),
    **{
        name: of_arguments(
            lambda x, p, e, name=name: _maybe_not(semantics.like(x, p, e, ignore_case="ilike" in name), name)
        )
        for name in ("like_escape", "ilike_escape", "not_like_escape", "not_ilike_escape")
    },
}


def _maybe_not(matches: pl.Expr, name: str) -> pl.Expr:
    return ~matches if name.startswith("not") else matches

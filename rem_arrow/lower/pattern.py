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
from rem_arrow.running.allowance import current_allowance

# What has a meaning inside of [...] in a regular expression, and none in GLOB.
_CLASS_SPECIAL = re.compile(r"[\\^\[\]&~]")
_GROUP = re.compile(r"\$\{(\d)\}")
# What no text holds.
_BETWEEN = "\x00\x01\x00"
_TEXT, _VALUE = "#text", "#value"
_SHOWN_MAX = 200


def flagged(pattern: pl.Expr, flags: pl.Expr | None) -> pl.Expr:
    """Return a pattern with the options that a pattern can hold: i, s, m; l takes it as it stands."""
    if flags is None:
        return pattern
    check_flags(flags)
    inline = flags.str.replace_all("[np]", "m").str.replace_all(r"[^ism]", "")
    body = pl.when(flags.str.contains("l", literal=True)).then(pattern.str.escape_regex()).otherwise(pattern)
    return pl.when(inline == "").then(body).otherwise(pl.concat_str([pl.lit("(?"), inline, pl.lit(")"), body]))


def check_flags(flags: pl.Expr, allowed: str = "cislmnp") -> None:
    """Raise ExecuteError where options of a regular expression are no constant, or hold a letter that means nothing."""
    constant = None if flags.meta.root_names() else str(pl.select(flags).item() or "")
    if constant is None or set(constant) - set(allowed):
        shown = "a column" if constant is None else f"'{constant}'"
        raise ExecuteError(
            f"the options of a regular expression are a constant of the letters {', '.join(allowed)}, and this is "
            f"{shown}"
        )


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
        check_flags(flags, "cislmnpg")
        every = "g" in str(pl.select(flags).item())
        flags = flags.str.replace_all("g", "", literal=True)
    template = new.str.replace_all(r"\$", "$$$$").str.replace_all(r"\\(\d)", "$${$1}")
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


def _regexp_extract(
    x: pl.Expr, pattern: pl.Expr, group: pl.Expr | None = None, flags: pl.Expr | None = None
) -> pl.Expr:
    """The first match, or a group of it; empty where nothing matches."""
    place = 0 if group is None else None if group.meta.root_names() else pl.select(group).item()
    regex = flagged(pattern, flags)
    if place is None:
        assert group is not None, "without one it is 0"
        return _by_constants(x, [regex, group], _group_of, pl.String())
    return pl.when(x.is_not_null() & pattern.is_not_null()).then(x.str.extract(regex, place).fill_null(""))


def _group_of(x: pl.Expr, pattern: str, group: int) -> pl.Expr:
    if not 0 <= group <= group_count(pattern):
        raise ExecuteError(f"'{pattern[:_SHOWN_MAX]}' has no group {group}")
    return pl.when(x.is_not_null()).then(x.str.extract(pattern, group).fill_null(""))


def _extract_all(args: list[pl.Expr], _types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Every match, or a group of each; with rows as the result, the first groups of each by name."""
    x, pattern, *more = args
    if not more:
        return x.str.extract_all(pattern)
    inner = result.inner if isinstance(result, pl.List) else pl.String()
    fields = [f.name for f in inner.fields] if isinstance(inner, pl.Struct) else []

    def groups(x: pl.Expr, pattern: str, group: int) -> pl.Expr:
        count = group_count(pattern)
        if not 0 <= group <= count:
            raise ExecuteError(f"the pattern {pattern[:_SHOWN_MAX]} has {count} groups, not {group}")
        if not fields and group == 0:
            return x.str.extract_all(pattern)
        places = {n: i for i, n in enumerate(fields, 1)} or {ITEM: group}
        return x.map_batches(partial(_groups, pattern=pattern, places=places, result=result), return_dtype=result)

    return _by_constants(x, [flagged(pattern, more[1] if len(more) > 1 else None), more[0]], groups, result)


def _groups(texts: pl.Series, pattern: str, places: dict[str, int], result: pl.DataType) -> pl.Series:
    """Return groups of each match, as a struct if they have names; NULL for one that did not take part.

    Polars gives the groups of a first match only: so each match is written between marks, and its groups behind it. An
    empty one took part if it does in the match alone.
    """
    template = _BETWEEN.join(["", "${0}", *(f"${{{place}}}" for place in places.values()), ""])
    parts, step = texts.str.replace_all(pattern, template).str.split(_BETWEEN), len(places) + 2
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
    """Put a backslash before everything but ASCII letters, digits and _."""
    return x.str.replace_all(r"([^A-Za-z0-9_])", r"\$1")


PATTERN: dict[str, ScalarFunction] = {
    "regexp_matches": of_arguments(lambda x, pattern, flags=None: x.str.contains(flagged(pattern, flags))),
    "regexp_full_match": of_arguments(
        lambda x, pattern, flags=None: x.str.contains(flagged(pl.lit("^(?:") + pattern + pl.lit(")$"), flags))
    ),
    "regexp_replace": of_arguments(_regexp_replace),
    "regexp_extract": of_arguments(_regexp_extract),
    "regexp_extract_all": _extract_all,
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

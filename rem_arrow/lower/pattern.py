"""Patterns: regular expressions with DuckDB's options, GLOB, and LIKE as functions."""

from __future__ import annotations

import re

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower import semantics
from rem_arrow.lower.distinct import over_distinct
from rem_arrow.lower.function import ScalarFunction, of_arguments

# What has a meaning inside of [...] in a regular expression, and none in GLOB.
_CLASS_SPECIAL = re.compile(r"[\\^\[\]&~]")
_RE_FLAGS = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "n": re.MULTILINE, "p": re.MULTILINE}


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


def _regexp_replace(x: pl.Expr, pattern: pl.Expr, new: pl.Expr, flags: pl.Expr | None = None) -> pl.Expr:
    """The first match, or with the option g all; \\1 in the new text is a group."""
    if flags is not None:
        check_flags(flags, "cislmnpg")
    if pattern.meta.root_names() or new.meta.root_names():
        return over_distinct(_replaced, pl.String())(x, pattern, new, *([] if flags is None else [flags]))
    if pl.select(pattern.is_null() | new.is_null()).item():
        return pl.when(pl.lit(value=False)).then(x)
    # Values, not expressions: within a CASE Polars 2.1 makes a column of a computed pattern, which it then does not
    # take.
    template = pl.select(new.str.replace_all(r"\$", "$$$$").str.replace_all(r"\\(\d)", "$${$1}")).item()
    regex = pl.select(flagged(pattern, None if flags is None else flags.str.replace_all("g", "", literal=True))).item()
    every = flags is not None and "g" in str(pl.select(flags).item())
    return x.str.replace_all(regex, template) if every else x.str.replace(regex, template)


def _replaced(text: str, pattern: str, new: str, flags: str = "") -> str:
    template = re.sub(r"\\(\d)", r"\\g<\1>", new)
    try:
        return _compiled(pattern, flags).sub(template, text, count=0 if "g" in flags else 1)
    except (re.error, IndexError) as error:
        raise ExecuteError(f"regexp_replace cannot write '{new}': {error}") from error


def _compiled(pattern: str, flags: str) -> re.Pattern[str]:
    options = re.RegexFlag(0)
    for flag in flags:
        options |= _RE_FLAGS.get(flag, re.RegexFlag(0))
    try:
        return re.compile(re.escape(pattern) if "l" in flags else pattern, options)
    except re.error as error:
        raise ExecuteError(f"'{pattern}' is not a regular expression: {error}") from error


def _regexp_extract(
    x: pl.Expr, pattern: pl.Expr, group: pl.Expr | None = None, flags: pl.Expr | None = None
) -> pl.Expr:
    """The first match, or a group of it; empty where nothing matches."""
    place = 0 if group is None else None if group.meta.root_names() else pl.select(group).item()
    if place is None:
        extras = [pl.lit(0) if group is None else group, *([] if flags is None else [flags])]
        return over_distinct(_extracted, pl.String())(x, pattern, *extras)
    return pl.when(x.is_not_null() & pattern.is_not_null()).then(
        x.str.extract(flagged(pattern, flags), place).fill_null("")
    )


def _extracted(text: str, pattern: str, group: int, flags: str = "") -> str:
    hit = _compiled(pattern, flags).search(text)
    try:
        return (hit[group] or "") if hit else ""
    except IndexError as error:
        raise ExecuteError(f"'{pattern}' has no group {group}") from error


def _extract_all(args: list[pl.Expr], _types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    """Every match, or a group of each; with rows as the result, the first groups of each by name."""
    inner = result.inner if isinstance(result, pl.List) else pl.String()
    fields = [f.name for f in inner.fields] if isinstance(inner, pl.Struct) else []
    if len(args) == 2:
        return args[0].str.extract_all(args[1])

    def groups(text: str, pattern: str, group: int, flags: str = "") -> list[object]:
        compiled = _compiled(pattern, flags)
        if not 0 <= group <= compiled.groups:
            raise ExecuteError(f"the pattern {pattern} has {compiled.groups} groups, not {group}")
        hits = compiled.finditer(text)
        return (
            [dict(zip(fields, hit.groups(), strict=False)) for hit in hits] if fields else [hit[group] for hit in hits]
        )

    return over_distinct(groups, result)(*args)


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

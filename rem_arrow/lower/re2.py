"""DuckDB's regular expressions in the syntax of Polars': RE2's to Rust's.

In RE2 `\\w`, `\\d`, `\\s` and `\\b` are of ASCII, a class holds no other classes and no `&&`, and some forms are
others or are not there. What both refuse is left to Rust's parser. `\\1` in the text of a replacement is a group.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rem_arrow.base.errors import ExecuteError

_SHOWN_MAX = 200
_REPEATED_MAX = 1000
_CLASSES = {"w": "0-9A-Za-z_", "d": "0-9", "s": r"\t\n\f\r "}
_BOUNDARIES = {"b": r"(?-u:\b)", "B": r"(?-u:\B)"}
_OCTAL = re.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})")
_COUNT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_NAMED = re.compile(r"\\[pPx]\{[^}]*\}")
_POSIX = re.compile(r"\[:\^?\w+:\]")
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|$)", re.DOTALL)
_FLAGS = re.compile(r"\(\?(?:P<|[imsU-]*[:)])|\((?!\?)")
_ESCAPED = re.compile(r"\\(.?)", re.DOTALL)


@lru_cache(maxsize=1024)
def rust_pattern(pattern: str) -> str:
    """Return the pattern for Polars that matches what `pattern` matches in DuckDB. Raises ExecuteError."""
    parts: list[str] = []
    i, repeats = 0, False
    while i < len(pattern):
        c, was_repeat, repeats = pattern[i], repeats, False
        if c == "\\" and (quoted := _QUOTED.match(pattern, i)):
            parts.append(re.escape(quoted[1]))
            i = quoted.end()
        elif c == "\\":
            part, i = _escape(pattern, i, inside=False)
            parts.append(part)
        elif c == "[":
            part, i = _class(pattern, i)
            parts.append(part)
        elif c in "*+?" or (c == "{" and _COUNT.match(pattern, i)):
            repeats = True
            if was_repeat:
                raise _refused(pattern, f"two repetitions meet at '{pattern[i:][:10]}'")
            end = _repetition_end(pattern, i)
            parts.append(pattern[i:end])
            i = end
        else:
            if c == "(" and not _FLAGS.match(pattern, i):
                raise _refused(pattern, f"'{pattern[i : i + 3]}' has no meaning")
            parts.append(r"\{" if c == "{" else c)
            i += 1
            if c == "(" and pattern[i : i + 1] == "?":
                parts.append("?")
                i += 1
    return "".join(parts)


def rust_template(replacement: str) -> str:
    """Return the text of a replacement as Polars takes it. Raises ExecuteError."""

    def replaced(hit: re.Match[str]) -> str:
        if hit[1] == "\\":
            return "\\"
        if not hit[1].isascii() or not hit[1].isdigit():
            raise ExecuteError(
                f"regexp_replace cannot write '{replacement[:_SHOWN_MAX]}': a backslash stands before a digit, which "
                "is the number of a group, or before another one"
            )
        return f"${{{hit[1]}}}"

    return _ESCAPED.sub(replaced, replacement.replace("$", "$$"))


def _refused(pattern: str, why: str) -> ExecuteError:
    return ExecuteError(f"'{pattern[:_SHOWN_MAX]}' is not a regular expression: {why}")


def _repetition_end(pattern: str, start: int) -> int:
    count = _COUNT.match(pattern, start)
    if count is not None and any(int(n) > _REPEATED_MAX for n in count.groups() if n):
        raise _refused(pattern, f"{count[0]} is more than {_REPEATED_MAX:,} times")
    end = start + 1 if count is None else count.end()
    return end + 1 if pattern[end : end + 1] == "?" else end


def _escape(pattern: str, start: int, *, inside: bool) -> tuple[str, int]:
    """Return what a backslash and what follows it mean, and where that ends."""
    octal = _OCTAL.match(pattern, start)
    if octal is not None:
        return f"\\x{{{int(octal[1], 8):x}}}", octal.end()
    named = _NAMED.match(pattern, start)
    if named is not None:
        return named[0], named.end()
    c, end = pattern[start + 1 : start + 2], start + 2
    if c and c.lower() in _CLASSES:
        body = _CLASSES[c.lower()]
        return (f"[^{body}]" if c.isupper() else body if inside else f"[{body}]"), end
    if c in _BOUNDARIES and not inside:
        return _BOUNDARIES[c], end
    return ("\\x{" + f"{ord(c):x}" + "}" if c in ("<", ">") else f"\\{c}"), end


def _class(pattern: str, start: int) -> tuple[str, int]:
    """Return a class in brackets, and where it ends."""
    parts, i = ["["], start + 1
    if pattern[i : i + 1] == "^":
        parts.append("^")
        i += 1
    if pattern[i : i + 1] == "]":
        parts.append(r"\]")
        i += 1
    while i < len(pattern) and pattern[i] != "]":
        posix = _POSIX.match(pattern, i)
        if posix is not None:
            parts.append(posix[0])
            i = posix.end()
        elif pattern[i] == "\\":
            part, i = _escape(pattern, i, inside=True)
            parts.append(part)
        else:
            # `&&`, `--` and `~~` are between classes to Rust.
            second = i > start + 1 and pattern[i] == pattern[i - 1] == "-"
            parts.append(f"\\{pattern[i]}" if pattern[i] in "[&~" or second else pattern[i])
            i += 1
    if i >= len(pattern):
        raise _refused(pattern, "a [ is not closed")
    return "".join([*parts, "]"]), i + 1

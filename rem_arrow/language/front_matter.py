"""Front matter: what stands before a Markdown text, YAML between lines of `---` or TOML between lines of `+++`.

It is data of strangers. YAML is read event by event, without tags, anchors and aliases, so that no object is made and
no short text becomes a long one; of the plain scalars of YAML 1.2 null, true, false and numbers are read, all else is
text: dates stay as they are written, and 012 and 1.10 too. A block that does not begin as a mapping is text, since
`---` is a rule of Markdown as well.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from dataclasses import dataclass
from math import isfinite
from typing import Any

import yaml

from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError

CHARACTERS_MAX = 1 << 16
_DEPTH_MAX = 32
_OPENING = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*\r?\n")
_CLOSING = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*(?:\r?\n|\Z)", re.MULTILINE),
}
# How a mapping, or a table of TOML, begins.
_FIRST = {
    "---": re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s#:\-\[{"'|>][^:]*):(?:\s|$)"""),
    "+++": re.compile(r"[^=]+=|\["),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
# Without zeros at the end, which a version such as 1.10 has.
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?(?:\.(?:[0-9]*[1-9]|0)|(?<=[0-9])\.?(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Json] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The values by their keys, and where the text after them begins."""

    values: dict[str, Json]
    end: int


def front_matter(text: str, name: str) -> FrontMatter | None:
    """Return the front matter of a text; None where it has none. Raises InputError for one that cannot be read.

    Args:
        name: names the text in errors.
    """
    opening = _OPENING.match(text)
    if opening is None:
        return None
    mark, end = opening[1], min(len(text), CHARACTERS_MAX)
    closing = _CLOSING[mark].search(text, opening.end(), end)
    inside = text[opening.end() : end if closing is None else closing.start()]
    lines = (line for line in inside.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    first = next(lines, None)
    if first is not None and not _FIRST[mark].match(first):
        return None
    if closing is None and len(text) > CHARACTERS_MAX:
        raise _refused(name, None, f"it does not end within {CHARACTERS_MAX:,} characters")
    if closing is None:
        return None
    values = _yaml(inside, name) if mark == "---" else _toml(inside, name)
    return FrontMatter(values, closing.end())


def _refused(name: str, line: int | None, reason: str) -> InputError:
    place = "" if line is None else f", line {line}"
    return InputError(
        f"the front matter of {name}{place} cannot be read: {reason}. Mend it, or keep it as text by front_matter=False"
    )


# --- YAML


def _yaml(text: str, name: str) -> dict[str, Json]:
    """Read a mapping from the events of YAML: those open, each with its values so far, keys among them."""
    opened: list[tuple[bool, list[Any]]] = []
    top: list[Any] = []
    try:
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            line = event.start_mark.line + 2
            values = opened[-1][1] if opened else top
            if getattr(event, "anchor", None) is not None or getattr(event, "tag", None) is not None:
                raise _refused(name, line, "it has a tag, an anchor or an alias, which are not read")
            match event:
                case yaml.ScalarEvent():
                    is_key = bool(opened) and opened[-1][0] and len(values) % 2 == 0
                    plain = event.implicit[0] and event.style is None and not is_key
                    values.append(_scalar(event.value) if plain else event.value)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    if len(opened) == _DEPTH_MAX:
                        raise _refused(name, line, f"it is nested over {_DEPTH_MAX} levels")
                    opened.append((isinstance(event, yaml.MappingStartEvent), []))
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    is_mapping, inner = opened.pop()
                    values = opened[-1][1] if opened else top
                    values.append(_mapping(inner, name, line) if is_mapping else inner)
                case _:
                    continue
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _refused(name, None if mark is None else mark.line + 2, str(error.problem or error.context)) from error
    except yaml.YAMLError as error:
        raise _refused(name, None, "it holds a character that YAML does not take") from error
    if len(top) > 1 or (top and not isinstance(top[0], dict)):
        raise _refused(name, None, "it is no mapping of keys to values")
    return top[0] if top else {}


def _mapping(pairs: list[Any], name: str, line: int) -> dict[str, Json]:
    made: dict[str, Json] = {}
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        if isinstance(key, (dict, list)):
            raise _refused(name, line, "a key is a list or a mapping")
        if key in made:
            raise _refused(name, line, f"the key {key!r} comes twice")
        made[key] = value
    return made


def _scalar(text: str) -> Json:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) and isfinite(float(text)) else text


# --- TOML


def _toml(text: str, name: str) -> dict[str, Json]:
    try:
        return {key: _plain(value) for key, value in tomllib.loads(text.replace("\r\n", "\n")).items()}
    except tomllib.TOMLDecodeError as error:
        raise _refused(name, None, str(error)) from error
    except (RecursionError, ValueError) as error:
        raise _refused(name, None, "it is nested too deeply, or a number is too long") from error


def _plain(value: Any) -> Json:
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case int() if not isinstance(value, bool) and not _INTEGER.fullmatch(str(value)):
            return str(value)
        case float() if not isfinite(value):
            return str(value)
        case _:
            return value  # type: ignore[no-any-return]

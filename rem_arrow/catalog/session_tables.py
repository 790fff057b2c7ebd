"""System tables of what is no table or function: settings and variables of a handle, keywords, collations.

There are no extensions and no secrets here, and what depends on what is not listed: those tables have no rows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import polars as pl

from rem_arrow.base.datatypes import type_name
from rem_arrow.base.quoting import COLUMN_WORDS, FUNCTION_WORDS, KEYWORDS, RESERVED_WORDS
from rem_arrow.base.session_state import SessionState
from rem_arrow.catalog.shown_database import Columns, Rows
from rem_arrow.plan.collations import FOLDS
from rem_arrow.plan.nodes import Call, Literal

_TEXT, _INT, _BOOL, _TEXTS = pl.String(), pl.Int64(), pl.Boolean(), pl.List(pl.String())


def _settings(session: SessionState) -> Rows:
    return [(*s, "GLOBAL", []) for s in session.listed()]


def _variables(session: SessionState) -> Rows:
    return [(name, *_shown(value)) for name, value in session.variables.items()]


def _shown(value: object) -> tuple[str | None, str]:
    """Return the text and the type of a variable: a constant, or a list of them."""
    match value:
        case Call():
            return f"[{', '.join(str(_shown(item)[0] or 'NULL') for item in value.args)}]", type_name(value.dtype)
        case Literal():
            text = None if value.value is None else str(value.value)
            return text.lower() if text is not None and isinstance(value.value, bool) else text, type_name(value.dtype)
        case _:
            raise AssertionError("a variable holds a value or a list")


def _keywords(_: SessionState) -> Rows:
    rows: Rows = []
    for word in sorted(KEYWORDS):
        kinds = ("reserved" if word in RESERVED_WORDS else "", "column_name" if word in COLUMN_WORDS else "")
        found = [k for k in (*kinds, "type_function" if word in FUNCTION_WORDS else "") if k]
        rows += [(word, kind) for kind in found or ["unreserved"]]
    return rows


def _collations(_: SessionState) -> Rows:
    names = [".".join(p) for count in range(1, len(FOLDS) + 1) for p in permutations(FOLDS, count)]
    return [(name.lower(),) for name in names]


def _none(_: SessionState) -> Rows:
    return []


TABLES: dict[str, tuple[Columns, Callable[[SessionState], Rows]]] = {
    "duckdb_settings": (
        {**dict.fromkeys(("name", "value", "description", "input_type", "scope"), _TEXT), "aliases": _TEXTS},
        _settings,
    ),
    "duckdb_variables": (dict.fromkeys(("name", "value", "type"), _TEXT), _variables),
    "duckdb_keywords": ({"keyword_name": _TEXT, "keyword_category": _TEXT}, _keywords),
    "pragma_collations": ({"collname": _TEXT}, _collations),
    "duckdb_extensions": (
        {
            **{"extension_name": _TEXT, "loaded": _BOOL, "installed": _BOOL, "install_path": _TEXT},
            **{"description": _TEXT, "aliases": _TEXTS},
            **dict.fromkeys(
                ("extension_version", "install_mode", "installed_from", "signature_key_fingerprint"), _TEXT
            ),
        },
        _none,
    ),
    "duckdb_secrets": (
        {
            **{"name": _TEXT, "type": _TEXT, "provider": _TEXT, "persistent": _BOOL, "storage": _TEXT},
            **{"scope": _TEXTS, "secret_string": _TEXT},
        },
        _none,
    ),
    "duckdb_dependencies": (
        {
            **{"classid": _INT, "objid": _INT, "objsubid": pl.Int32(), "refclassid": _INT, "refobjid": _INT},
            **{"refobjsubid": pl.Int32(), "deptype": _TEXT},
        },
        _none,
    ),
}

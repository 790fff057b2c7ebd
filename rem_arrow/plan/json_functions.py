"""The catalog of the functions of JSON: argument kinds, as in functions.py, and results.

The kind "json" takes a document: JSON, a text, or a list or struct, which becomes JSON. Functions with a path take a
text, a number from 0, or a list of paths, and give a list for that; `x_constant` is x for one path that stands in the
statement, and gives a list where that path has a wildcard.
"""

from __future__ import annotations

import polars as pl

from rem_arrow.base.logical_types import JSON
from rem_arrow.plan.nested_functions import Entry, struct_of

_TEXT, _BOOL, _COUNT = pl.String(), pl.Boolean(), pl.UInt64()
# A row of json_each and json_tree.
WALKED = struct_of(
    {
        "key": _TEXT,
        "value": JSON,
        "type": _TEXT,
        "atom": JSON,
        "id": _COUNT,
        "parent": _COUNT,
        "fullkey": _TEXT,
        "path": _TEXT,
    }
)
# Functions of the value at a path, and what they give for one value. Without a path they take the whole document, those
# that may.
AT_PATHS: dict[str, pl.DataType] = {
    "json_extract": JSON,
    "json_extract_string": _TEXT,
    "json_value": _TEXT,
    "json_exists": _BOOL,
    "json_array_length": _COUNT,
    "json_keys": pl.List(_TEXT),
    "json_type": _TEXT,
}
NEEDS_PATH = ("json_extract", "json_extract_string", "json_value", "json_exists")
TAKES_PLACE = ("json_extract", "json_extract_string")

JSON_FUNCTIONS: dict[str, Entry] = {
    **{name: ("json any" if name in NEEDS_PATH else "json any?", dtype) for name, dtype in AT_PATHS.items()},
    "json_valid": ("text", _BOOL),
    "json_structure": ("json", JSON),
    "json_pretty": ("json", _TEXT),
    "json_contains": ("json json", _BOOL),
    "json_merge_patch": ("json json json*", JSON),
    # Their type is what the structure says.
    "json_transform": ("json text", lambda _: JSON),
    "json_transform_strict": ("json text", lambda _: JSON),
    "json_object": ("any*", JSON),
    "json_array": ("any*", JSON),
    "to_json": ("any", JSON),
}
JSON_ALIASES: dict[str, str] = {
    "json_extract_path": "json_extract",
    "json_extract_path_text": "json_extract_string",
    "from_json": "json_transform",
    "from_json_strict": "json_transform_strict",
    "json_quote": "to_json",
}

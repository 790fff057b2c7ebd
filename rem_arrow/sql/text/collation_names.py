"""The names behind COLLATE: `nocase`, `noaccent.nocase`, `"NFC"`."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import UnsupportedError
from rem_arrow.base.logical_types import Collated
from rem_arrow.plan.collations import FOLDS
from rem_arrow.sql.text.position import position
from rem_arrow.sql.text.read_marks import take
from rem_arrow.sql.text.rendered import rendered

# Texts compare as they are.
_PLAIN = ("BINARY", "C", "POSIX")


def collated_type(tree: exp.Expression, text: str) -> pl.DataType:
    """Return the type of texts with the collation of a name. Raises UnsupportedError."""
    take(tree)
    names = rendered(tree).upper().replace('"', "").split(".")
    unknown = next((n for n in names if n not in FOLDS and n not in _PLAIN), None)
    if unknown is not None:
        raise UnsupportedError(
            f"the collation {unknown} is not supported; there are {', '.join((*FOLDS, *_PLAIN))}",
            text,
            *position(tree.parent or tree),
            hint="They combine: x COLLATE NOCASE.NOACCENT",
        )
    parts = [name for name in FOLDS if name in names]
    return Collated(".".join(parts)) if parts else pl.String()

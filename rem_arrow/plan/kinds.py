"""The kinds that nodes of the algebra have."""

from __future__ import annotations

from typing import Literal, TypeAlias

JoinKind: TypeAlias = Literal["inner", "left", "right", "full", "semi", "anti", "asof", "positional"]
ApplyKind: TypeAlias = Literal["scalar", "exists", "in", "cross", "left"]
FrameUnit: TypeAlias = Literal["rows", "range", "groups"]
Exclude: TypeAlias = Literal["", "current row", "group", "ties"]
# What a search ranks by.
HitMetric: TypeAlias = Literal["cosine", "inner_product", "l2", "bm25", "hybrid"]
# Which side of a join is collected before the other is read.
FirstSide: TypeAlias = Literal["", "left", "right"]

"""The system table `edges`: its columns, and rows from the edges that a user passes in."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from rem_arrow.access.access import Resolve
from rem_arrow.base import checks
from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.schema import Field, Table
from rem_arrow.model.fields import from_json_text, json_text
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.tail import Run
from rem_arrow.storage.version import PartView, TableVersion

NAME = "edges"
COLUMNS = ("src_table", "src", "dst_table", "dst", "edge_type", "properties", "weight", "created_at")
# An edge inserted with an entity: edge_type, dst or src or both, and optionally properties and weight.
Edge = Mapping[str, Any]
# For each run: the number of rows checked, and whether an end of one of them dangles.
_dangling_runs: weakref.WeakKeyDictionary[Run, tuple[int, bool]] = weakref.WeakKeyDictionary()
_dangling_runs_lock = threading.Lock()


def edges_table(number: int) -> Table:
    """Return the description of `edges`. An end whose table is NULL dangles: no entity has that id yet."""
    text, stamp = pl.String(), pl.Datetime("us", "UTC")
    fields = (
        Field("src_table", text, 0, description="Table of the edge's source; NULL while it dangles"),
        Field("src", text, 1, nullable=False, description="Id of the source"),
        Field("dst_table", text, 2, description="Table of the edge's target; NULL while it dangles"),
        Field("dst", text, 3, nullable=False, description="Id of the target"),
        Field("edge_type", text, 4, nullable=False, description="What the edge means, such as authored"),
        Field("properties", text, 5, encoding="json", description="Anything else, as JSON"),
        Field("weight", pl.Float64(), 6, description="Strength or cost"),
        Field("created_at", stamp, 7, nullable=False, description="When the edge was last written"),
    )
    return Table(
        number,
        NAME,
        "system",
        fields,
        key=("src_table", "src", "edge_type", "dst_table", "dst"),
        indexed=("src", "dst"),
        next_column=len(fields),
        category="system",
        description="Directed edges between entities; one for each source, type and target",
    )


def edge_row(
    src: str, dst: str, edge_type: str, *, resolve: Resolve, properties: Any = None, weight: Any = None, place: str = ""
) -> tuple[Json, ...]:
    """Return one edge as plain values. Raises InputError."""
    for name, value in (("src", src), ("dst", dst), ("edge_type", edge_type)):
        checks.text(value, f"{place}{name} of an edge")
    if weight is not None:
        checks.finite(weight, f"{place}weight of an edge")
    src_table, src = split_end(src, resolve)
    dst_table, dst = split_end(dst, resolve)
    text = properties_text(properties, place)
    return (
        src_table,
        src,
        dst_table,
        dst,
        edge_type,
        text,
        None if weight is None else float(weight),
        time.time_ns() // 1_000,
    )


def properties_text(properties: Any, place: str = "") -> str | None:
    """Return properties as JSON; a text is JSON already. Raises InputError, behind `place`, for a text that is not."""
    if properties is None:
        return None
    if not isinstance(properties, str):
        return json_text(properties)
    try:
        from_json_text(properties)
    except (ValueError, TypeError):
        raise InputError(
            f"{place}the properties of an edge are JSON, not {properties[:60]!r}; give an object, or its JSON text"
        ) from None
    return properties


def attached_rows(attached: Sequence[Edge], table: str, ids: Sequence[str], resolve: Resolve) -> list[tuple[Json, ...]]:
    """Return the edges inserted with entities as plain rows; an end that is left out is the one entity. Raises
    InputError."""
    if not ids:
        raise InputError("edges come with the rows that they begin or end at, and there are none; use add_edge")
    own_ids = set(ids)
    rows = []
    for place, edge in enumerate(attached):
        unknown = set(edge) - {"src", "dst", "edge_type", "properties", "weight"}
        if unknown or "edge_type" not in edge or not ("dst" in edge or "src" in edge):
            raise InputError(
                f"edge {place}: an edge is a dict of dst and edge_type, and optionally src, properties and weight; "
                f"got {sorted(edge)}"
            )
        if len(ids) > 1 and not ("src" in edge and "dst" in edge):
            raise InputError(f"edge {place}: with several rows an edge names both src and dst")
        row = edge_row(
            edge.get("src", ids[0]),
            edge.get("dst", ids[0]),
            edge["edge_type"],
            resolve=lambda id_, of=None: table if of is None and id_ in own_ids else resolve(id_, of),
            properties=edge.get("properties"),
            weight=edge.get("weight"),
            place=f"edge {place}: ",
        )
        rows.append(row)
    return rows


def split_end(end: str, resolve: Resolve) -> tuple[str | None, str]:
    """Return (table, id) of an end: 'table:id' where the table exists and has it, else the one table that has the id,
    else (None, id)."""
    table = resolve(end)
    if table is not None:
        return table, end
    head, colon, rest = end.partition(":")
    if colon and rest and resolve(rest, head) is not None:
        return head, rest
    return None, end


def has_dangling(tv: TableVersion) -> bool:
    """Return whether some edge may have an end that no entity has. Dead rows count too: this is a hint."""
    fields = [tv.table.field("src_table"), tv.table.field("dst_table")]
    return any(_dangles(view, fields) for view in tv.parts)


def _dangles(view: PartView, fields: Sequence[Field]) -> bool:
    if isinstance(view.part, Segment):
        zones = [view.part.zone(f) for f in fields]
        return any(z is None or z.null_count > 0 for z in zones)
    with _dangling_runs_lock:
        rows_checked, dangles = _dangling_runs.get(view.part, (0, False))
    if not dangles and rows_checked < view.length:
        dangles = any(c.slice(rows_checked).null_count() > 0 for c in view.part.frame(fields, view.length))
        with _dangling_runs_lock:
            _dangling_runs[view.part] = (view.length, dangles)
    return dangles


def checked_frame(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """Return src, dst and edge_type of a user's frame as texts, and its weights. Raises InputError for columns or
    values that do not fit."""
    for name in ("src", "dst", "edge_type"):
        if name not in frame.columns:
            raise InputError(f'edges need the column "{name}". {suggest(name, frame.columns, "Columns given")}')
    for name in frame.columns:
        if name not in COLUMNS:
            raise InputError(f'no column "{name}" in edges. {suggest(name, COLUMNS, "Columns")}')
    try:
        texts = frame.select(pl.col("src", "dst", "edge_type").cast(pl.String))
        weight = (
            frame["weight"].cast(pl.Float64)
            if "weight" in frame.columns
            else pl.Series([None], dtype=pl.Float64).new_from_index(0, frame.height)
        )
    except pl.exceptions.PolarsError as error:
        raise InputError(f"the edges do not fit: {error}") from error
    bad = texts.with_row_index("row").filter(
        pl.any_horizontal(pl.col("src", "dst", "edge_type").is_null() | (pl.col("src", "dst", "edge_type") == ""))
    )
    if bad.height:
        raise InputError(f"row {bad['row'][0]}: src, dst and edge_type of an edge must not be NULL or empty")
    check_weights(weight)
    return texts, weight


def check_weights(weight: pl.Series) -> None:
    """Raise InputError for a weight that is infinite or NaN: no sum of weights would mean anything."""
    odd = (~weight.is_finite()).arg_true()
    if len(odd):
        raise InputError(f"row {odd[0]}: the weight of an edge is a finite number or NULL, not {weight[odd[0]]}")


def frame_rows(frame: pl.DataFrame, resolve: Resolve) -> list[tuple[Json, ...]]:
    """Return a frame of edges as plain rows. Columns: src, dst, edge_type; optionally src_table, dst_table, properties,
    weight."""
    texts, weights = checked_frame(frame)
    weight = weights.to_list()
    ends = [_ends(frame, texts, side, resolve) for side in ("src", "dst")]
    properties: Sequence[Any] = (
        frame["properties"].to_list() if "properties" in frame.columns else [None] * frame.height
    )
    json_texts = [properties_text(p, f"row {row}: ") for row, p in enumerate(properties)]
    created_at = time.time_ns() // 1_000
    kinds = texts["edge_type"].to_list()
    return [
        (st, s, dt, d, k, p, w, created_at)
        for (st, s), (dt, d), k, p, w in zip(ends[0], ends[1], kinds, json_texts, weight, strict=True)
    ]


def _ends(frame: pl.DataFrame, texts: pl.DataFrame, side: str, resolve: Resolve) -> list[tuple[str | None, str]]:
    ids = texts[side].to_list()
    tables = frame[f"{side}_table"].cast(pl.String).to_list() if f"{side}_table" in frame.columns else [None] * len(ids)
    by_id: dict[str, tuple[str | None, str]] = {}
    ends: list[tuple[str | None, str]] = []
    if None not in tables:
        return list(zip(tables, ids, strict=True))
    for id_, table in zip(ids, tables, strict=True):
        if table is not None:
            ends.append((table, id_))
            continue
        if id_ not in by_id:
            by_id[id_] = split_end(id_, resolve)
        ends.append(by_id[id_])
    return ends

"""Many edges at once: from a user's frame to rows of `edges`, column by column, without a Python object for each."""

from __future__ import annotations

import time
from collections.abc import Iterator

import polars as pl

from rem_arrow.access.access import Access, Resolve
from rem_arrow.base.errors import InputError
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.store import Store
from rem_arrow.storage.tail import Append
from rem_arrow.storage.version import TableVersion, Version
from rem_arrow.write.edges import COLUMNS, NAME, checked_frame, frame_rows, properties_text, split_end
from rem_arrow.write.writer import Writer

# Below this many edges, keys are looked up one by one instead of joined.
ROWS_MIN = 20_000
_WRITE_ROWS_MAX = 65_536
_KEY = ("src_table", "src", "edge_type", "dst_table", "dst")


def put_edges(store: Store, writer: Writer, access: Access, frame: pl.DataFrame, *, conflicts: bool) -> Changes:
    """Return the changes that add the edges of a frame. Of equal edges the last counts; an existing edge is replaced.
    REQUIRES: the store's lock.

    Args:
        conflicts: whether other transactions may be open, so that they must see which edges are new.

    Raises:
        InputError: a column is missing or does not fit.
    """
    resolve = access.resolver()
    if frame.height < ROWS_MIN:
        return writer.put_edges(access, frame_rows(frame, resolve))
    return _added_by_columns(store, access, _columns(access.version, frame, resolve), conflicts=conflicts)


def _added_by_columns(store: Store, access: Access, frame: pl.DataFrame, *, conflicts: bool) -> Changes:
    tv = access.table(NAME)
    rows = _without_repeats(frame)
    existing = _existing(tv, rows)
    changes = Changes()
    fresh = rows.filter(~pl.int_range(pl.len()).is_in(existing["place"].implode())) if existing.height else rows
    if existing.height:
        # Index entries of an edge depend on its key only, so they stay valid.
        changes.kill(tv.table.number, existing["rowid"].to_list())
        changes.append(tv.table.number, Append(existing["rowid"].to_list(), None, rows[existing["place"]]))
    if conflicts:
        index = access.indexes.keys.row_index(tv.table)
        ids = index.keys({tv.table.names.index(n): fresh[n].to_list() for n in _KEY})
        changes.ids.update((tv.table.number, key) for key in ids)
        # An edge that was removed keeps its rowid, for the transactions that have it still.
        rowids = pl.Series(access.by_key(tv, ids), dtype=pl.Int64)
        known = rowids.is_not_null()
        changes.append(tv.table.number, Append(rowids.drop_nulls().to_list(), None, fresh.filter(known)))
        fresh = fresh.filter(~known)
    start = store.reserve_rowids(tv.table.number, fresh.height) if fresh.height else 0
    for piece in fresh.iter_slices(_WRITE_ROWS_MAX):
        changes.append(tv.table.number, Append(range(start, start + piece.height), None, piece))
        start += piece.height
    return changes


def _columns(version: Version, frame: pl.DataFrame, resolve: Resolve) -> pl.DataFrame:
    """Return the frame with the columns and types of `edges`."""
    texts, weight = checked_frame(frame)
    (src_table, src), (dst_table, dst) = (_ends(version, frame, texts, side, resolve) for side in ("src", "dst"))
    created_at = (
        pl.Series("created_at", [time.time_ns() // 1_000], dtype=pl.Int64)
        .cast(pl.Datetime("us", "UTC"))
        .new_from_index(0, frame.height)
    )
    columns = [
        src_table,
        src,
        dst_table,
        dst,
        texts["edge_type"],
        _properties(frame),
        weight.alias("weight"),
        created_at,
    ]
    assert [s.name for s in columns] == list(COLUMNS), "in the order of the table"
    return pl.DataFrame(columns).rechunk()


def _properties(frame: pl.DataFrame) -> pl.Series:
    if "properties" not in frame.columns:
        return pl.Series("properties", [None], dtype=pl.String).new_from_index(0, frame.height)
    column = frame["properties"]
    if column.dtype == pl.String:
        for text in column.unique():
            properties_text(text)
        return column
    return pl.Series("properties", [properties_text(p) for p in column.to_list()], dtype=pl.String)


def _ends(
    version: Version, frame: pl.DataFrame, texts: pl.DataFrame, side: str, resolve: Resolve
) -> tuple[pl.Series, pl.Series]:
    """Return the tables and the ids of one end of each edge; the table is NULL where no entity has the id."""
    ids = texts[side]
    owner_tables = (
        frame[f"{side}_table"].cast(pl.String)
        if f"{side}_table" in frame.columns
        else pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
    )
    if owner_tables.null_count() == 0:
        return owner_tables.alias(f"{side}_table"), ids
    bare_ids = pl.DataFrame([ids.alias("id")]).filter(pl.Series(owner_tables.is_null())).unique()
    owners = pl.concat(
        [_owned(tv, bare_ids) for tv in version if tv.table.kind == "entity" and tv.parts]
        or [pl.DataFrame(schema={"id": pl.String, "table": pl.String})]
    )
    several = owners.filter(pl.col("id").is_duplicated())
    if several.height:
        tables = several.filter(pl.col("id") == several["id"][0])["table"].to_list()
        raise InputError(
            f"the id {several['id'][0]!r} is in {', '.join(tables)}; write it as table:id, for example "
            f"{tables[0]}:{several['id'][0]}"
        )
    odd = (
        bare_ids.join(owners, on="id", how="anti").filter(pl.col("id").str.contains(":", literal=True))["id"].to_list()
    )
    split = [(end, *split_end(end, resolve)) for end in odd]
    resolved = pl.concat(
        [
            owners.with_columns(pl.col("id").alias("bare_id")),
            pl.DataFrame(
                [(e, t, i) for e, t, i in split],
                schema={"id": pl.String, "table": pl.String, "bare_id": pl.String},
                orient="row",
            ),
        ]
    )
    joined = pl.DataFrame([ids.alias("id"), owner_tables.alias("owner")]).join(
        resolved, on="id", how="left", maintain_order="left"
    )
    when_bare = pl.when(pl.col("owner").is_null())
    ends = joined.select(
        when_bare.then(pl.col("table")).otherwise(pl.col("owner")).alias(f"{side}_table"),
        when_bare.then(pl.coalesce("bare_id", "id")).otherwise(pl.col("id")).alias(side),
    )
    return ends[f"{side}_table"], ends[side]


def _owned(tv: TableVersion, bare_ids: pl.DataFrame) -> pl.DataFrame:
    """Return the ids among these that rows of a table have, deleted rows included: id, table."""
    frames = [rows.join(bare_ids, on="id", how="semi") for _, rows in _live(tv, ("id",))]
    ids = pl.concat(frames) if frames else bare_ids.clear()
    return ids.select("id", pl.lit(tv.table.name).alias("table"))


def _without_repeats(rows: pl.DataFrame) -> pl.DataFrame:
    hashes = rows.select(pl.struct(_KEY).hash()).to_series()
    return rows if hashes.n_unique() == rows.height else rows.unique(subset=_KEY, keep="last", maintain_order=True)


def _existing(tv: TableVersion, rows: pl.DataFrame) -> pl.DataFrame:
    """Return which rows are existing edges: place (among the rows), rowid."""
    keyed = rows.select(*_KEY, pl.int_range(pl.len(), dtype=pl.UInt32).alias("place"))
    hashed = keyed.select(pl.struct(_KEY).hash().alias("hash"), "place")
    matches = [pl.DataFrame(schema={"place": pl.UInt32, "rowid": pl.Int64})]
    for rowids, stored in _live(tv, _KEY):
        # Join by hash first: usually few of many edges exist.
        candidates = stored.select(
            pl.struct(_KEY).hash().alias("hash"),
            pl.Series("rowid", rowids),
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("at"),
        ).join(hashed, on="hash")
        if candidates.height:
            both = pl.concat([stored[candidates["at"]], candidates.select("rowid", "place")], how="horizontal")
            matches.append(both.join(keyed, on=[*_KEY, "place"], nulls_equal=True).select("place", "rowid"))
    return pl.concat(matches).sort("place")


def _live(tv: TableVersion, names: tuple[str, ...]) -> Iterator[tuple[pl.Series, pl.DataFrame]]:
    """Yield the rowids and these columns of the live rows of each part."""
    fields = [tv.table.field(n) for n in names]
    for view in tv.parts:
        frame, rowids, mask = (
            view.part.frame(fields, view.length),
            pl.Series(view.part.rowid_array(view.length)),
            view.live_mask(),
        )
        yield (rowids, frame) if mask is None else (rowids.filter(pl.Series(mask)), frame.filter(pl.Series(mask)))

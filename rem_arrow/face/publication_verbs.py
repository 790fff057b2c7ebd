"""Snapshots for engines on other machines: publishing them, and checking what is published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rem_arrow.base import checks
from rem_arrow.base.macro import KINDS as MACRO_KINDS
from rem_arrow.catalog.published_parts import table_parts
from rem_arrow.face.verbs import Verbs
from rem_arrow.publish.publication import Publication
from rem_arrow.publish.publisher import now_ms, publish
from rem_arrow.publish.target import Target
from rem_arrow.publish.verification import publication_damages
from rem_arrow.running.progress import progress_bar

_KEEP_DAYS = 7


class PublicationVerbs(Verbs):
    """The part of a database that publishes it."""

    def publish(
        self,
        target: str | Path,
        tables: Sequence[str] | None = None,
        *,
        keep_days: float = _KEEP_DAYS,
        progress: bool | None = None,
    ) -> pl.DataFrame:
        """Publish a snapshot that Spark, Sail and other readers of Delta tables query; see the guide.

        All tables show one commit. A reader sees the snapshot before or this one: `rem_arrow.json`, the manifest, is
        written last, in one step. What was published before is written again only where it changed: a part of a table,
        a segment say, is a file, and its rows that died since are named by a deletion vector while they are at most
        5 %. Publishing that was killed goes on where it stopped. Softly deleted rows are left out, as by a query.

        Args:
            target: a folder, or an address such as s3://bucket/prefix; one database publishes there, one program at a
                time.
            tables: only these; default is every table and view.
            keep_days: files that no table needs any more are deleted after so many days, for there may be readers.
            progress: show a progress bar, as in `load`.

        Returns:
            `table` String, `rows` Int64, `files` Int64, `files_written` Int64, `bytes_written` Int64.

        Raises:
            InputError: something else lies at the target, there is no such table, or a name that Delta refuses.
            ConflictError: another program publishes there.
            ExecuteError: the disk is full, or fails, or an integer has more than 38 digits.

        Example:
            >>> db.publish("published", tables=["sales"]).select("table", "rows", "files_written").rows()
            [('sales', 3, 1)]
            >>> db.publish("published", tables=["sales"])["files_written"].sum()
            0
        """
        access, store = self._access(), self._instance.store
        checks.number(keep_days, "keep_days", within=(0, 36_500))
        checks.text(str(checks.path(target)), "the target")
        names = None if tables is None else checks.names(tables, "tables")
        versions = list(access.version) if names is None else [access.table(name) for name in names]
        views = [tv.table for tv in versions if tv.table.kind == "view"]
        entries = [e for kind in ("schema", "type", *MACRO_KINDS) for e in access.version.entries(kind)]
        identity = (store.path / "IDENTITY").read_text(encoding="ascii").strip()
        publication = Publication(identity, access.version.commit, now_ms(), (), (*views, *entries))
        stored = [table_parts(access, tv, identity) for tv in versions if tv.table.kind != "view"]
        place = Target(target)
        with progress_bar("publishing", sum(p.length for t in stored for p in t.parts), progress) as advance:
            return publish(place, publication, stored, store.executor, advance, keep_days=keep_days)


def verify_published(target: str | Path) -> pl.DataFrame:
    """Read and check everything that is published at an address.

    Args:
        target: the folder or address that was given to `Database.publish`.

    Returns:
        `table` String, `path` String, `damage` String: a row for each damage, none where all is sound.

    Raises:
        InputError: nothing is published there, or the manifest is damaged.

    Example:
        >>> _ = db.publish("published")
        >>> rem.verify_published("published").height
        0
    """
    return publication_damages(Target(target))

"""Looking after a database: background work, newer commits, space, damage, copies, numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from rem_arrow.base import checks
from rem_arrow.base.telemetry import logger
from rem_arrow.face.verbs import Verbs
from rem_arrow.write import damage_check, maintenance


class MaintenanceVerbs(Verbs):
    """Maintenance of the database as a whole."""

    def wait(self, timeout_s: float | None = None, *, progress: bool | None = None) -> None:
        """Wait until background work is done: sealing, compaction, embedding and indexing.

        Args:
            timeout_s: the longest wait in seconds; None waits as long as it takes.
            progress: show a progress bar, as in `load`.

        Raises:
            ExecuteError: background work failed, with its error, or did not end in `timeout_s` seconds.

        Example:
            >>> db.wait(timeout_s=30)
        """
        self._instance.store.check_open()
        if self._instance.store.background is not None:
            maintenance.wait(
                self._instance.store.background, self._instance.indexes.vectors, timeout_s, progress=progress
            )

    def refresh(self) -> None:
        """Make a read-only connection see the writer's newer commits; running queries keep the version they began with.

        A connection that writes sees its commits at once, and needs no refresh.

        Example:
            >>> writer = rem.connect("memory.rem")
            >>> reader = rem.connect("memory.rem", read_only=True)
            >>> writer.insert("entities", {"id": "dhl", "name": "DHL"})
            'dhl'
            >>> reader.refresh()
            >>> reader.get("entities", "dhl")["name"]
            'DHL'
            >>> reader.close()
            >>> writer.close()
        """
        store = self._instance.store
        store.refresh()
        logger("database").debug("%s is at commit %d", store.path, store.version.commit)

    def compact(self, *, progress: bool | None = None) -> None:
        """Seal tails into segments, merge small segments, and free the space of dead rows.

        This also happens in the background; call it after many deletes, or with `background=False`.

        Args:
            progress: show a progress bar, as in `load`.

        Raises:
            InputError: the database is open for reading only.

        Example:
            >>> db.compact()
            >>> db.stats()["tables"]["sales"]["tail_rows"]
            0
        """
        self._instance.writable()
        maintenance.compact(self._instance.store, progress=progress)

    def verify(self, *, progress: bool | None = None) -> pl.DataFrame:
        """Read everything stored, check its checksums, and return a row for each damaged value.

        Args:
            progress: show a progress bar, as in `load`.

        Returns:
            `table` String, `segment` Int64, `column` String, `page` Int64, `problem` String; no rows when all is sound.

        Example:
            >>> db.verify().height
            0
        """
        instance = self._instance
        return damage_check.verify(instance.store, instance.indexes, self._version(), progress=progress)

    def backup(self, path: str | Path, *, progress: bool | None = None) -> None:
        """Write a consistent copy of the open database to a new folder, without stopping readers or writers.

        The folder appears when it is complete and on disk: a backup that fails, is killed or loses its power leaves no
        folder of that name.

        Args:
            path: a folder that does not exist; `rem.restore` turns it into a database again.
            progress: show a progress bar, as in `load`.

        Raises:
            InputError: the folder exists, or the database is open for reading only.
            ExecuteError: the disk is full, or fails.

        Example:
            >>> db.backup("backup")
            >>> rem.restore("backup", "restored.rem")
            >>> with rem.connect("restored.rem") as copy:
            ...     copy.get("issues", "login")["code"]
            'TAP-1'
        """
        self._instance.writable()
        maintenance.backup(self._instance.store, checks.path(path), progress=progress)

    def stats(self) -> dict[str, Any]:
        """Return figures about the database: size, commits, caches, background failures, tables and indexes.

        Returns:
            A dict: `path`, `bytes_on_disk`, `commit`, `pinned_versions`, `history_bytes` (of parts that only older
            versions have), `cache_bytes`, `cache_bytes_max`, `background_failure`, `embedding_failure`, `damage` (a
            text for each damaged file or table that is known),
            `tables` (rows, segments, tail_rows, dead_rows and bytes of each; None where it is damaged),
            `vector_indexes`, `text_indexes`, `remade_indexes` (a text for each damaged index file that is made anew),
            `graph`, `trigram_index`, and `activity`: what this handle has done since it was opened (`statements`, and
            of them `failed_statements` and `slow_statements`; `rows_read` from tables, `rows_returned`, `commits`,
            `rows_written`; `cache_hits` and `cache_misses` of columns and pages; `background_runs` and
            `background_failures`; `embedded_texts`, `language_model_tokens`).

        Example:
            >>> db.stats()["tables"]["issues"]["rows"]
            3
        """
        self._instance.store.check_open()
        figures = maintenance.stats(self._instance.store)
        failure, indexes = self._instance.embeddings.failure, self._instance.indexes
        return {
            **figures,
            "embedding_failure": None if failure is None else str(failure),
            "vector_indexes": indexes.vectors.stats(),
            "text_indexes": indexes.texts.stats(),
            "remade_indexes": [*indexes.vectors.damaged, *indexes.texts.damaged],
            "graph": indexes.graphs.stats(),
            "trigram_index": indexes.trigrams.stats(),
            "activity": self._activity(),
        }

    def _activity(self) -> dict[str, int]:
        store = self._instance.store
        background = store.background
        return {
            **store.activity.counts(),
            "cache_hits": store.cache.hits,
            "cache_misses": store.cache.misses,
            "background_runs": 0 if background is None else background.runs,
            "background_failures": 0 if background is None else background.failures,
        }

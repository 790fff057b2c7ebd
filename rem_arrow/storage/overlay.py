"""A transaction's own view: the version that it began with, plus what it has written and not committed.

Its rows are in runs of its own, with a negative part number; rows of the base that it kills are hidden; of a table
whose description it changes it has copies of the runs. A statement that writes in several steps has such a view too,
over that of a transaction where one is open.
"""

from __future__ import annotations

import numpy as np

from rem_arrow.base.schema import Table
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.kills import Numbers
from rem_arrow.storage.tail import Append, Run
from rem_arrow.storage.version import PartView, TableVersion, Version, names_of

_OF_TRANSACTION, _OF_STATEMENT = -1, -2


class Overlay:
    """Collects changes on top of `base`. Not shared between threads.

    Args:
        statement: it is that of one statement, over the one of a transaction perhaps.
    """

    def __init__(self, base: Version, *, statement: bool = False) -> None:
        self.base = base
        self._part = _OF_STATEMENT if statement else _OF_TRANSACTION
        self.version = base
        self._runs: dict[int, Run] = {}
        # Also what does not live in `base`: a vector may follow its row in a commit of its own, before this one.
        self._killed: dict[int, set[int]] = {}
        self._ids: set[tuple[int, bytes]] = set()
        self._stale: list[tuple[str, bytes, int, int]] = []
        self._tables: dict[int, Table | None] = {}

    def apply(self, changes: Changes) -> None:
        """Add what one operation does; it was computed from `self.version`."""
        assert not changes.manifests, "a transaction writes rows, not segments"
        tables, names = dict(self.version.tables), self.version.names
        if changes.tables:
            for number, table in changes.tables.items():
                self._describe(number, table, tables)
            names = names_of(tables)
        for number, rowids in changes.killed.items():
            tables[number] = self._kill(number, tables[number], rowids)
        for number, appends in changes.appends.items():
            tables[number] = self._append(number, tables[number], appends)
        self._ids.update(changes.ids)
        self._stale += changes.stale
        self.version = Version(self.base.kv, self.base.commit, tables, names)

    def changes(self) -> Changes:
        """Return everything as one commit: of rows written more than once only the last version."""
        total = Changes()
        for number, run in self._runs.items():
            live = [i for i in range(len(run.rowids)) if i not in run.kills.order]
            if live:
                frame = run.frame(run.fields, len(run.rowids))
                rowids = [run.rowids[i] for i in live]
                total.append(
                    number,
                    Append(rowids, None, frame[live])
                    if run.has_frames
                    else Append(rowids, [run.plain(i) for i in live]),
                )
        total.killed = {n: sorted(r) for n, r in self._killed.items()}
        total.ids, total.stale = self._ids, self._stale
        # What it has made and dropped was never there.
        total.tables = {n: t for n, t in self._tables.items() if t is not None or n in self.base.tables}
        return total

    def _describe(self, number: int, table: Table | None, tables: dict[int, TableVersion]) -> None:
        """Create, change or drop a table."""
        self._tables[number] = table
        if table is not None:
            tv = tables[number] = tables[number].described(table) if number in tables else TableVersion(table, ())
            own = next((v.part for v in tv.parts if v.part.number == self._part), None)
            if isinstance(own, Run):
                self._runs[number] = own
            return
        del tables[number]
        self._runs.pop(number, None)
        self._killed.pop(number, None)
        self._ids = {i for i in self._ids if i[0] != number}
        self._stale = [s for s in self._stale if s[2] != number]

    def _kill(self, number: int, tv: TableVersion, killed: Numbers) -> TableVersion:
        rowids = killed.tolist() if isinstance(killed, np.ndarray) else killed
        by_part = tv.places(rowids)
        self._killed.setdefault(number, set()).update(rowids)
        views = []
        for view in tv.parts:
            offsets = by_part.get(view.part.number)
            if offsets and view.part.number == self._part:
                view.part.kills.add(offsets)
                view = view._replace(kills=len(view.part.kills.offsets))
            elif offsets:
                view = view._replace(hidden=view.hidden | frozenset(offsets))
            views.append(view)
        return TableVersion(tv.table, tuple(views))

    def _append(self, number: int, tv: TableVersion, appends: list[Append]) -> TableVersion:
        run = self._runs.get(number)
        if run is None:
            run = self._runs[number] = Run(self._part, tv.table.fields)
        for append in appends:
            run.append(append, 0)
        others = tuple(v for v in tv.parts if v.part is not run)
        return TableVersion(tv.table, (*others, PartView(run, len(run.rowids), len(run.kills.offsets))))

"""Notebook representation of a database, and whether it is open."""

from __future__ import annotations

from html import escape

from rem_arrow.face.verbs import Verbs
from rem_arrow.storage.version import TableVersion
from rem_arrow.write import maintenance

_KINDS = {"system": 0, "entity": 1, "plain": 2, "view": 3}


class Representation(Verbs):
    """The part of a database that describes it."""

    @property
    def closed(self) -> bool:
        """Whether the database has been closed.

        Example:
            >>> db.closed
            False
        """
        return self._instance.store.closed

    @property
    def read_only(self) -> bool:
        """Whether the connection only reads.

        Example:
            >>> db.read_only
            False
        """
        return self._instance.store.read_only

    def _repr_html_(self) -> str:
        store = self._instance.store
        title = f"<b>rem_arrow</b> <code>{escape(str(store.path))}</code>"
        if store.closed:
            return f"{title} (closed)"
        tables = sorted(self._version(), key=lambda t: (_KINDS.get(t.table.kind, 9), t.table.name))
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(t.table.name)}</td><td "
            f"style='text-align:left'>{t.table.kind}</td>"
            f"<td style='text-align:right'>{_rows(t)}</td><td "
            f"style='text-align:right'>{len(t.table.fields)}</td>"
            f"<td style='text-align:left'>{escape(t.table.description.partition(chr(10))[0])}</td></tr>"
            for t in tables
        )
        size = (
            f"{maintenance.folder_bytes(store.path) / 1e6:,.1f} MB on disk, commit "
            f"{store.version.commit:,}{', for reading only' if store.read_only else ''}"
        )
        heads = "".join(
            f"<th style='text-align:{side}'>{name}</th>"
            for name, side in (
                ("table", "left"),
                ("kind", "left"),
                ("rows", "right"),
                ("columns", "right"),
                ("", "left"),
            )
        )
        return f"{title}<br>{size}<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _rows(tv: TableVersion) -> str:
    if tv.damage is not None:
        return "damaged"
    return "" if tv.table.kind == "view" else f"{tv.rows:,}"

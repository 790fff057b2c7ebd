"""Entities by name, alias, key or prefix: the verbs of a database and of a transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import polars as pl

from rem_arrow.access import completion, fuzzy, lookup
from rem_arrow.access.index_arguments import with_positions
from rem_arrow.base import checks, utf8
from rem_arrow.base.errors import InputError
from rem_arrow.base.source import IndexCall
from rem_arrow.face.verbs import Verbs, as_frame


class NameVerbs(Verbs):
    """The part that finds entities of any table by id, name, alias or key; never softly deleted ones."""

    def lookup_entity(self, *names: str | Iterable[str | None]) -> pl.DataFrame:
        """Return the entities of any table whose id, name, alias or key field is one of the names.

        Case and accents are ignored. Deleted entities are not found.

        Args:
            names: texts to look up, or many of them at once: lists, columns, or frames of one column. Of many, those
                that are None or blank have no rows.

        Returns:
            `table` String, `id` String, `name` String, `matched_on` String (the field), `entity` String (all fields as
            JSON), `asked` String (the name that the row answers), `position` Int64 (its place among the names, from
            1); in the order of the names, at most 1,000 rows for each.

        Raises:
            InputError: a name is empty, or not a text.

        Example:
            >>> db.lookup_entity("ada LOVELACE", "tap-2").select("table", "id", "matched_on").rows()
            [('entities', 'ada', 'name'), ('issues', 'docs', 'code')]
            >>> db.lookup_entity(["tap-2", "nobody", "ADA"]).select("id", "asked", "position").rows()
            [('docs', 'tap-2', 1), ('ada', 'ADA', 3)]
        """
        texts = [text for given in names for text in _texts(given, "the name to look up")]
        access = self._access()
        return with_positions(_call(texts), lambda texts: lookup.lookup_entity(access, texts))

    def fuzzy(
        self,
        text: str | Iterable[str | None],
        *,
        k: int = fuzzy.K,
        threshold: float = fuzzy.THRESHOLD,
        table: str | None = None,
    ) -> pl.DataFrame:
        """Return the entities whose id, name, alias, key field or title is spelled most like a text, best first.

        Args:
            text: a text that is not empty, or many at once: a list, a column, or a frame of one column. Of many, those
                that are None or blank have no rows.
            k: the most rows for each text, at least 1.
            threshold: the least score, from 0 to 1.
            table: only entities of this table.

        Returns:
            `table` String, `id` String, `name` String, `matched_on` String (the field), `score` Float64 in [0, 1],
            `entity` String (all fields as JSON), `asked` String (the text that the row answers), `position` Int64 (its
            place among the texts, from 1); in the order of the texts, for each the best first.

        Raises:
            InputError: an argument is out of bounds, or there is no such table.

        Source:
            The similarity of trigrams as in PostgreSQL's module pg_trgm.

        Example:
            >>> db.fuzzy("Lovlace Ada").select("id", "matched_on", pl.col("score").round(2)).rows()
            [('ada', 'name', 0.67)]
            >>> db.fuzzy(["Lovlace Ada", "tap 2"], k=1).select("id", "asked", "position").rows()
            [('ada', 'Lovlace Ada', 1), ('docs', 'tap 2', 2)]
        """
        texts = _texts(text, "the name to compare with")
        fuzzy.check_arguments(k, threshold)
        access = self._access().only(table)
        return with_positions(_call(texts), lambda texts: fuzzy.fuzzy(access, texts, k=k, threshold=threshold))

    def complete(self, prefix: str, *, k: int = completion.K) -> pl.DataFrame:
        """Return the entities with an id, name, alias or key field that begins with a prefix, in alphabetical order.

        Case and accents are ignored.

        Args:
            prefix: a text that is not empty.
            k: the most rows, at least 1.

        Returns:
            `text` String (what begins with the prefix), `table` String, `id` String, `name` String, `matched_on`
            String.

        Raises:
            InputError: the prefix is empty, or `k` is not at least 1.

        Example:
            >>> db.complete("tap")["text"].to_list()
            ['TAP-1', 'TAP-2', 'TAP-3']
        """
        return completion.complete(self._access(), prefix, k=k)


def _call(texts: list[str | None]) -> IndexCall:
    return IndexCall((pl.Series(texts, dtype=pl.String),), {}, ())


def _texts(given: object, name: str) -> list[str | None]:
    """Return the texts that an argument gives: itself, or those of a collection, a column, or a frame of one column.
    Raises InputError."""
    if isinstance(given, str):
        return [checks.text(given, name, blank=False)]
    texts = [None if text is None or text != text else text for text in _items(given, name)]
    for text in texts:
        if text is not None and not isinstance(text, str):
            raise InputError(f"{name} is a text, and among those that are given is {text!r}")
        if text is not None:
            utf8.encoded(text, name)
    return texts


def _items(given: Any, name: str) -> Iterable[Any]:
    if isinstance(given, pl.Series) or (hasattr(given, "to_list") and hasattr(given, "dtype")):
        return list(given.to_list())
    if hasattr(given, "to_pylist") and not hasattr(given, "column_names"):
        return list(given.to_pylist())
    if hasattr(given, "columns") or hasattr(given, "__arrow_c_stream__"):
        frame = as_frame("names", given).lazy().collect()
        if frame.width != 1:
            raise InputError(f"a frame of names has one column, not {frame.width}: {', '.join(frame.columns)}")
        return frame.to_series().to_list()
    if isinstance(given, Iterable) and not isinstance(given, (bytes, dict)):
        return list(given)
    raise InputError(f"{name} is a text that is not empty, not {given!r}")

"""Entities by name, alias, key or prefix: the verbs of a database and of a transaction."""

from __future__ import annotations

import polars as pl

from rem_arrow.access import completion, fuzzy, lookup
from rem_arrow.face.verbs import Verbs


class NameVerbs(Verbs):
    """The part that finds entities of any table by id, name, alias or key; never softly deleted ones."""

    def lookup_entity(self, *names: str) -> pl.DataFrame:
        """Return the entities of any table whose id, name, alias or key field is one of the names.

        Case and accents are ignored. Deleted entities are not found.

        Args:
            names: texts to look up; the rows come in their order.

        Returns:
            `table` String, `id` String, `name` String, `matched_on` String (the field), `entity` String (all fields as
            JSON); at most 1,000 rows.

        Raises:
            InputError: a name is empty, or not a text.

        Example:
            >>> db.lookup_entity("ada LOVELACE", "tap-2").select("table", "id", "matched_on").rows()
            [('entities', 'ada', 'name'), ('issues', 'docs', 'code')]
        """
        return lookup.lookup_entity(self._access(), names)

    def fuzzy(
        self, text: str, *, k: int = fuzzy.K, threshold: float = fuzzy.THRESHOLD, table: str | None = None
    ) -> pl.DataFrame:
        """Return the entities whose id, name, alias, key field or title is spelled most like a text, best first.

        Args:
            text: a text that is not empty.
            k: the most rows, at least 1.
            threshold: the least score, from 0 to 1.
            table: only entities of this table.

        Returns:
            `table` String, `id` String, `name` String, `matched_on` String (the field), `score` Float64 in [0, 1],
            `entity` String (all fields as JSON).

        Raises:
            InputError: an argument is out of bounds, or there is no such table.

        Source:
            The similarity of trigrams as in PostgreSQL's module pg_trgm.

        Example:
            >>> db.fuzzy("Lovlace Ada").select("id", "matched_on", pl.col("score").round(2)).rows()
            [('ada', 'name', 0.67)]
        """
        fuzzy.check_arguments(text, k, threshold)
        return fuzzy.fuzzy(self._access().only(table), [text], k=k, threshold=threshold)

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

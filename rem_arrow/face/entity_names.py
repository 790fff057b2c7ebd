"""Finding entities by what they are called: the verbs of a database and of a transaction."""

from __future__ import annotations

import polars as pl

from rem_arrow.access import completion, fuzzy, lookup
from rem_arrow.face.verbs import Verbs


class NameVerbs(Verbs):
    """The part that finds entities of any table by id, name, alias, key and the like; softly deleted ones are never
    found."""

    def lookup_entity(self, *names: str) -> pl.DataFrame:
        """Return entities of any table by id, name, alias or key field, without regard to case and accents.

        Returns:
            table, id, name, matched_on (the field), entity (all fields as JSON); at most 1,000 rows.
        """
        return lookup.lookup_entity(self._access(), names)

    def fuzzy(
        self, text: str, *, k: int = fuzzy.K, threshold: float = fuzzy.THRESHOLD, table: str | None = None
    ) -> pl.DataFrame:
        """Return the `k` entities whose id, name, alias, key, title or the like is spelled most like `text`, best
        first.

        Args:
            threshold: the least score, from 0 to 1. The score is the similarity of trigrams, as PostgreSQL's
                pg_trgm has it.
            table: only entities of this table.

        Returns:
            table, id, name, matched_on (the field), score, entity (all fields as JSON).

        Raises:
            InputError: an argument is out of bounds.
        """
        fuzzy.checked(text, k, threshold)
        return fuzzy.fuzzy(self._access().only(table), [text], k=k, threshold=threshold)

    def complete(self, prefix: str, *, k: int = completion.K) -> pl.DataFrame:
        """Return the first `k` entities with an id, name, alias or key that begins with `prefix`, by that text, without
        regard to case and accents.

        Returns:
            text (what begins so), table, id, name, matched_on (the field).

        Raises:
            InputError: the prefix is empty, or `k` below 1.
        """
        return completion.complete(self._access(), prefix, k=k)

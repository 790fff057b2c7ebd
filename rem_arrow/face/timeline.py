"""Rows of a table with times, in the order of the times: the verb of a database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import polars as pl

from rem_arrow.access.access import Access
from rem_arrow.access.lookup import lookup_entity
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError
from rem_arrow.base.instants import Time, instant
from rem_arrow.base.quoting import identifier
from rem_arrow.base.schema import Table
from rem_arrow.face.find import check_columns
from rem_arrow.face.verbs import Verbs
from rem_arrow.model.predicates import In, Values
from rem_arrow.model.registry import id_text
from rem_arrow.write.edges import split_end

_START, _END, _KIND, _PEOPLE = "starts_at", "ends_at", "moment_type", "participants"


class TimelineVerbs(Verbs):
    """The part of a database that reads rows in order of time."""

    def timeline(
        self,
        start: Time | None = None,
        end: Time | None = None,
        *,
        moment_type: str | Iterable[str] | None = None,
        about: str | Iterable[str] | None = None,
        limit: int | None = None,
        descending: bool = False,
        table: str = "moments",
        column: str | None = None,
    ) -> pl.DataFrame:
        """Return the moments that overlap a range of time, in order of their beginning.

        The range is half-open, `start` included and `end` not, and so is a moment, from `starts_at` to `ends_at`. A
        moment without an end is the instant of its beginning; one without a beginning is on no timeline.

        Args:
            start, end: a datetime, a date or an ISO 8601 text, taken as UTC where it has no zone; a date is its first
                instant, and None no bound.
            moment_type: only moments of this type, or of these.
            about: an id or 'table:id', or several: only moments with an edge to or from one of them, or with its id or
                name among the participants.
            limit: the most rows, the first ones; None for all.
            descending: the latest first.
            table: another table with times.
            column: its column of datetimes or dates; not needed where the table has `starts_at`.

        Returns:
            The columns of the table.

        Raises:
            InputError: a bound is not a time, `start` is after `end`, or there is no such table or column.

        Example:
            >>> db.timeline("2026-06-01", "2026-07-01", about="ada")["name"].to_list()
            ['Review of the login']
        """
        access = self._access()
        definition = access.table(table).table
        begin, until = _columns(definition, column)
        low = None if start is None else instant(start, "start")
        high = None if end is None else instant(end, "end")
        if low is not None and high is not None and low > high:
            raise InputError(f"start {start} is after end {end}; a timeline goes from the earlier to the later")
        checks.limit(limit)
        values = Values()
        terms = [f"{begin} IS NOT NULL", *_within(begin, until, low, high, values)]
        if moment_type is not None:
            check_columns(definition, [_KIND])
            terms.append(In(_KIND, [moment_type] if isinstance(moment_type, str) else moment_type).write(values))
        if about is not None:
            terms.append(
                _about(
                    access,
                    definition,
                    list(about) if isinstance(about, Iterable) and not isinstance(about, str) else [about],
                    values,
                )
            )
        order = ", ".join(
            f"{name} {'DESC' if descending else 'ASC'} NULLS LAST"
            for name in (begin, until, '"id"' if "id" in definition.names else None)
            if name
        )
        text = f"SELECT * FROM {identifier(definition.name)} WHERE {' AND '.join(terms)} ORDER BY {order}"
        return self._select(access, text if limit is None else f"{text} LIMIT {limit}", values)


def _about(access: Access, table: Table, ids: list[Any], values: Values) -> str:
    """Return the condition that a row has an edge to or from one of these entities, or names one as a participant."""
    if "id" not in table.names:
        raise InputError(f"{table.name} has no ids, so no edges tell what its rows are about; use a table of entities")
    resolve = access.resolver()
    ends = [split_end(id_text(end, "the timeline"), resolve) for end in ids]
    if not ends:
        return "FALSE"
    values["own"] = table.name
    terms = []
    for side, opposite in (("src", "dst"), ("dst", "src")):
        conditions = []
        for place, (owner, id_) in enumerate(ends):
            values[f"about_{place}"] = id_
            conditions.append(
                f"{opposite} = $about_{place}"
                if owner is None
                else f"({opposite} = $about_{place} AND {opposite}_table = $owner_{place})"
            )
            if owner is not None:
                values[f"owner_{place}"] = owner
        terms.append(f'"id" IN (SELECT {side} FROM edges WHERE {side}_table = $own AND ({" OR ".join(conditions)}))')
    if _PEOPLE in table.names:
        about_ids = {id_ for _, id_ in ends}
        entities = lookup_entity(access, sorted(about_ids)).filter(pl.col("id").is_in(list(about_ids)))
        values["people"] = sorted(about_ids | set(entities["name"].drop_nulls()))
        terms.append(f"list_has_any({_PEOPLE}, $people)")
    return f"({' OR '.join(terms)})"


def _columns(table: Table, column: str | None) -> tuple[str, str | None]:
    """Return the columns of the beginning and the end, quoted; there is no end where `column` is named. Raises
    InputError."""
    timed = [f.name for f in table.fields if isinstance(f.dtype, (pl.Datetime, pl.Date))]
    if column is None and _START not in timed:
        raise InputError(f"{table.name} has no {_START}; say which column=. {_listing(timed)}")
    if column is not None:
        check_columns(table, [column])
        if column.casefold() not in {name.casefold() for name in timed}:
            raise InputError(f"{table.name}.{column} holds no times. {_listing(timed)}")
        return identifier(column), None
    return identifier(_START), identifier(_END) if _END in timed else None


def _within(
    begin: str, until: str | None, low: dt.datetime | None, high: dt.datetime | None, values: Values
) -> list[str]:
    """Return the conditions under which [begin, until) overlaps [low, high); a row without an end is an instant."""
    terms = []
    if high is not None:
        values["high"] = high
        terms.append(f"{begin} < $high")
    if low is not None:
        values["low"] = low
        terms.append(f"{begin} >= $low" if until is None else f"({begin} >= $low OR {until} > $low)")
    return terms


def _listing(timed: list[str]) -> str:
    return f"Columns with times: {', '.join(timed)}." if timed else "It has no column with times."

"""What a commit, or a rewriting of parts, adds to the history of a store: the notes of its state, and the parts that it
takes away and that older states need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic_core import from_json

from rem_arrow.storage.changes import Changes
from rem_arrow.storage.history import History
from rem_arrow.storage.history_notes import Note, Seen, seen_of
from rem_arrow.storage.kills import Numbers
from rem_arrow.storage.kv import Op
from rem_arrow.storage.segment import Segment
from rem_arrow.storage.tail import Append, Run
from rem_arrow.storage.version import TableVersion, Version


def of_commit(
    history: History,
    before: Version,
    changes: Changes,
    kills: Mapping[int, Mapping[int, Numbers]],
    appended: Sequence[tuple[int, Run, Append, int]],
) -> list[Op]:
    """Return the operations that a commit on top of `before` adds.

    Args:
        kills: the offsets of the rows that die, by table and part.
        appended: table, run and rows of each write.
    """
    ops: list[Op] = []
    for number, described in changes.tables.items():
        if described is None and (tv := before.tables.get(number)) is not None and tv.damage is None:
            ops += history.retained(number, [view.part for view in tv.parts])
    if not history.records:
        return ops
    changed = {*kills, *changes.appends, *changes.tables, *(number for number, _, _ in changes.manifests)}
    seen: dict[int, dict[int, Seen]] = {}
    for number in changed:
        tv, dead = before.tables.get(number), kills.get(number, {})
        parts = () if tv is None or tv.damage is not None else seen_of(tv.parts)
        seen[number] = {s.part: s._replace(kills=s.kills + len(dead.get(s.part, ()))) for s in parts}
    for number, run, append, _ in appended:
        known = seen[number].get(run.number, Seen(run.number, len(run.rowids), len(run.kills.offsets)))
        seen[number][run.number] = known._replace(length=known.length + len(append))
    for number, (_, _, manifest), part in changes.manifests:
        seen[number][part] = Seen(part, int(from_json(manifest or b"")["rows"]), 0)
    dropped = {number for number, described in changes.tables.items() if described is None}
    notes = {
        number: Note(None if number in dropped else tuple(parts.values()), changes.tables.get(number))
        for number, parts in seen.items()
    }
    return ops + history.noted(before.commit + 1, notes)


def of_rewriting(
    history: History, before: Version, tv: TableVersion, old: Sequence[Segment | Run], new: Sequence[Segment]
) -> list[Op]:
    """Return the operations that the replacement of parts on top of `before` adds."""
    ops = history.retained(tv.table.number, old)
    if history.records:
        gone = {part.number for part in old}
        stay = [seen for seen in seen_of(tv.parts) if seen.part not in gone]
        made = [Seen(segment.number, segment.rows, len(segment.kills.offsets)) for segment in new]
        ops += history.noted(before.commit + 1, {tv.table.number: Note((*stay, *made))})
    return ops

"""A model of the protocol of versions, small enough to be explored in every state that it can reach.

Each process is a list of atomic steps, and names the code that it stands for. A commit of an odd number adds a row, one
of an even number kills the oldest. What is read is compared with `rows_at`, which says what each commit must show.

    writer      Store.commit, Store._publish
    compactor   compaction.rewrite, compaction._commit, Store.replace, Store.discard
    collector   Store.collect_garbage, Garbage.delete
    reader      Store.pin, and two reads later on
    refresher   recovery.open_reader, in a process of its own: it sees files, not memory
    rocksdb     a flush: the log ends where a data file begins

A safeguard is a name in SAFEGUARDS; without it `explore` must find a state that breaks an invariant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

Rows: TypeAlias = frozenset[int]

SAFEGUARDS = frozenset(
    {
        "pin is compared with the newest version",
        "garbage waits for pins",
        "rows that die meanwhile are tombstones",
        "durable before visible",
        "durable before acknowledged",
        "pages are flushed before a manifest names them",
        "a refresh compares the files",
    }
)


class Image(NamedTuple):
    """The database at a commit: rows in the tail, segments by number, rows that are dead in them."""

    commit: int = 0
    tail: Rows = frozenset()
    parts: frozenset[int] = frozenset()
    dead: Rows = frozenset()


class State(NamedTuple):
    """All that processes share, and where each of them is.

    Attributes:
        version: the newest in memory.
        stored: what RocksDB holds, data files and log together.
        pages: of the segments, as the writer's process reads them: (number, rows).
        file_image, file_pages: what the data files hold.
        layout: changes with the set of data files.
        pins: (reader, version).
        garbage: (commit, segment).
        rows_at: what each commit must show.
        steps, locals_: the next step of each process, and what it remembers.
    """

    version: Image
    stored: Image
    pages: frozenset[tuple[int, Rows]]
    file_image: Image
    file_pages: frozenset[tuple[int, Rows]]
    layout: int
    pins: frozenset[tuple[str, Image]]
    garbage: frozenset[tuple[int, int]]
    lock: str | None
    acknowledged: int
    rows_at: tuple[Rows, ...]
    steps: tuple[int, ...]
    locals_: tuple[object, ...]


class BrokenError(AssertionError):
    """An invariant does not hold."""


def read(image: Image, pages: frozenset[tuple[int, Rows]]) -> Rows:
    """Return the live rows of an image. Raises BrokenError where pages are gone."""
    by_number = dict(pages)
    if not image.parts <= by_number.keys():
        raise BrokenError(f"pages of {image} are gone")
    return frozenset(image.tail.union(*(by_number[p] for p in image.parts)) - image.dead)


class Model:
    """Processes over one state.

    Args:
        guards: the safeguards that are in force.
        programs: how often each process runs, by name.
    """

    def __init__(self, guards: frozenset[str], **programs: int) -> None:
        self.guards = guards
        steps: dict[str, list[Callable[[State, int], State | None]]] = {
            "writer": [self._lock, self._store, self._publish, self._acknowledge],
            "compactor": [self._lock, self._take, self._write_pages, self._lock, self._store_parts, self._replace],
            "collector": [self._lock, self._delete],
            "reader": [self._look, self._pin, self._compare, self._read, self._read, self._unpin],
            "refresher": [self._begin, self._open_files, self._open_log, self._load],
            "rocksdb": [self._flush],
        }
        self.names = [name for name, times in programs.items() if times]
        self._programs = [steps[name.rstrip("12")] * programs[name] for name in self.names]

    def start(self) -> State:
        """Return the state of an empty database."""
        zeros = (0,) * len(self.names)
        none: frozenset[tuple[int, Rows]] = frozenset()
        return State(
            Image(), Image(), none, Image(), none, 0, frozenset(), frozenset(), None, 0, (frozenset(),), zeros,
            (None,) * len(zeros),
        )  # fmt: skip

    def explore(self) -> int:
        """Return how many states can be reached. Raises BrokenError with the way to one that breaks an invariant."""
        start = self.start()
        came: dict[State, tuple[State, str] | None] = {start: None}
        todo = [start]
        while todo:
            state = todo.pop()
            try:
                for name, after in self._next(state):
                    if after not in came:
                        came[after] = (state, name)
                        todo.append(after)
                self._check(state)
            except BrokenError as error:
                raise BrokenError(f"{error}: {' '.join(_way(came, state))}") from error
        return len(came)

    def _next(self, state: State) -> Iterator[tuple[str, State]]:
        for i, (name, program) in enumerate(zip(self.names, self._programs, strict=True)):
            if state.steps[i] < len(program):
                after = program[state.steps[i]](state, i)
                if after is not None:
                    moved = after.steps if after.steps != state.steps else _with(state.steps, i, state.steps[i] + 1)
                    yield f"{name}:{program[state.steps[i]].__name__}", after._replace(steps=moved)

    def _check(self, state: State) -> None:
        """What holds in every state, as a kill may come in any."""
        if state.stored.commit < state.acknowledged:
            raise BrokenError("an acknowledged commit is not stored")
        if state.version.commit > state.stored.commit:
            raise BrokenError("a commit is visible that is not stored")
        if read(state.stored, state.file_pages) != state.rows_at[state.stored.commit]:
            raise BrokenError("a killed process leaves other rows")

    # --- writer

    def _lock(self, s: State, i: int) -> State | None:
        return s._replace(lock=self.names[i]) if s.lock is None else None

    def _changed(self, s: State) -> tuple[Image, tuple[Rows, ...]]:
        number, rows = s.version.commit + 1, s.rows_at[s.version.commit]
        if number % 2 or not rows:
            image = s.version._replace(commit=number, tail=s.version.tail | {number})
            return image, (*s.rows_at[:number], rows | {number})
        image = s.version._replace(commit=number, dead=s.version.dead | {min(rows)})
        return image, (*s.rows_at[:number], rows - {min(rows)})

    def _store(self, s: State, i: int) -> State:
        image, rows_at = self._changed(s)
        if "durable before visible" in self.guards:
            return s._replace(stored=image, rows_at=rows_at)
        return s._replace(version=image, rows_at=rows_at)

    def _publish(self, s: State, i: int) -> State:
        newest = max(s.version, s.stored)
        if "durable before acknowledged" not in self.guards:
            return s._replace(acknowledged=newest.commit + 1, version=newest, stored=newest)
        return s._replace(version=newest, stored=newest)

    def _acknowledge(self, s: State, i: int) -> State:
        return s._replace(lock=None, acknowledged=max(s.acknowledged, s.version.commit))

    # --- compactor

    def _take(self, s: State, i: int) -> State:
        return s._replace(lock=None, locals_=_with(s.locals_, i, s.version))

    def _write_pages(self, s: State, i: int) -> State:
        taken = s.locals_[i]
        assert isinstance(taken, Image)
        part = (1 + max((p for p, _ in s.pages), default=0), read(taken, s.pages))
        pages = s.pages | {part}
        s = s._replace(pages=pages, locals_=_with(s.locals_, i, (taken, part)))
        if "pages are flushed before a manifest names them" in self.guards:
            return s._replace(file_pages=s.file_pages | {part}, layout=s.layout + 1)
        return s

    def _store_parts(self, s: State, i: int) -> State:
        taken, (number, _) = s.locals_[i]  # type: ignore[misc]
        dead = (s.version.dead - taken.dead) if "rows that die meanwhile are tombstones" in self.guards else frozenset()
        commit = s.version.commit + 1
        image = Image(commit, s.version.tail - taken.tail, frozenset({number}), dead)
        rows_at = (*s.rows_at[:commit], s.rows_at[s.version.commit])
        return s._replace(stored=image, rows_at=rows_at, locals_=_with(s.locals_, i, taken))

    def _replace(self, s: State, i: int) -> State:
        taken = s.locals_[i]
        assert isinstance(taken, Image)
        left = {(s.stored.commit, p) for p in taken.parts}
        return s._replace(lock=None, version=s.stored, garbage=s.garbage | left, locals_=_with(s.locals_, i, None))

    # --- collector

    def _delete(self, s: State, i: int) -> State:
        oldest = min((v.commit for _, v in s.pins), default=s.version.commit)
        if "garbage waits for pins" not in self.guards:
            oldest = s.version.commit
        gone = {(commit, p) for commit, p in s.garbage if commit <= oldest}
        pages = frozenset(p for p in s.pages if p[0] not in {n for _, n in gone})
        return s._replace(lock=None, pages=pages, garbage=s.garbage - gone)

    # --- reader

    def _look(self, s: State, i: int) -> State:
        return s._replace(locals_=_with(s.locals_, i, s.version))

    def _pin(self, s: State, i: int) -> State:
        version = s.locals_[i]
        assert isinstance(version, Image)
        return s._replace(pins=s.pins | {(self.names[i], version)})

    def _compare(self, s: State, i: int) -> State:
        if s.locals_[i] == s.version or "pin is compared with the newest version" not in self.guards:
            return s
        # What was pinned too late stays pinned for a while.
        return s._replace(steps=_with(s.steps, i, s.steps[i] - 2))

    def _read(self, s: State, i: int) -> State:
        version = s.locals_[i]
        assert isinstance(version, Image)
        if read(version, s.pages) != s.rows_at[version.commit]:
            raise BrokenError("a pinned version shows other rows")
        return s

    def _unpin(self, s: State, i: int) -> State:
        return s._replace(pins=frozenset(p for p in s.pins if p[0] != self.names[i]))

    # --- refresher

    def _begin(self, s: State, i: int) -> State:
        return s._replace(locals_=_with(s.locals_, i, (s.layout, s.acknowledged)))

    def _open_files(self, s: State, i: int) -> State:
        return s._replace(locals_=_with(s.locals_, i, (*s.locals_[i], s.file_image, s.file_pages)))  # type: ignore[misc]

    def _open_log(self, s: State, i: int) -> State:
        layout, acknowledged, image, pages = s.locals_[i]  # type: ignore[misc]
        # The log holds what came behind the newest data file, and nothing if nothing did.
        newest = s.stored if s.stored != s.file_image else image
        return s._replace(locals_=_with(s.locals_, i, (layout, acknowledged, newest, pages)))

    def _load(self, s: State, i: int) -> State:
        layout, acknowledged, image, pages = s.locals_[i]  # type: ignore[misc]
        if layout != s.layout and "a refresh compares the files" in self.guards:
            return s._replace(steps=_with(s.steps, i, s.steps[i] - 3), locals_=_with(s.locals_, i, None))
        if image.commit < acknowledged:
            raise BrokenError("a refresh does not show what was acknowledged")
        if read(image, pages) != s.rows_at[image.commit]:
            raise BrokenError("a refresh shows other rows")
        return s._replace(locals_=_with(s.locals_, i, None))

    # --- rocksdb

    def _flush(self, s: State, i: int) -> State:
        return s._replace(file_image=s.stored, file_pages=s.pages, layout=s.layout + 1)


def _with(values: tuple, place: int, value: object) -> tuple:
    return (*values[:place], value, *values[place + 1 :])


def _way(came: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    names: list[str] = []
    while (step := came[state]) is not None:
        state, name = step
        names.append(name)
    return names[::-1]

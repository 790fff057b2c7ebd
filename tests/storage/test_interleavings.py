"""The protocol of versions, under the interleavings that a search tries: writers, transactions, seals, merges, garbage,
readers that pin, readers that refresh, a process that is killed.

What must hold: a pinned version shows the rows of its commit for as long as it is held, by scan and by index; the first
committer wins, and nobody else fails; a refresh shows the newest commit, and never an older one; a folder as a kill
leaves it holds every commit that was acknowledged.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

import rem_arrow as rem
from rem_arrow.access.access import Access
from rem_arrow.storage import compaction, recovery
from rem_arrow.storage.version import Version
from tests.effort import examples
from tests.storage import damages
from tests.storage.scheduler import DeadlockError, Lock, Schedule, Scheduler

PACKAGE = Path(rem.__file__).parent
TRACED = [
    *(
        PACKAGE / "storage" / f"{name}.py"
        for name in ("store", "compaction", "garbage", "recovery", "overlay", "conflicts", "version", "counters")
    ),
    *(PACKAGE / "storage" / f"{name}.py" for name in ("tail", "kills", "segment", "kv")),
    PACKAGE / "write" / "path.py",
    PACKAGE / "face" / "transaction.py",
    Path(damages.__file__),
]
# They hold the lock of a run.
PASSED = ("_frame", "_decode")
KEYS = 4


class Row(BaseModel):
    """A row."""

    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["n"]})

    n: int = 0


class Plan(NamedTuple):
    """What each thread does, and when they change places."""

    writers: list[list[tuple[str, int]]]
    upkeep: list[str]
    readers: list[list[int]]
    refreshes: int
    killed_at: int
    schedule: Schedule


WRITES = st.lists(
    st.tuples(st.sampled_from(["put", "put", "purge", "begin", "commit"]), st.integers(0, KEYS - 1)), max_size=7
)
PLANS = st.builds(
    Plan,
    writers=st.lists(WRITES, min_size=1, max_size=2),
    upkeep=st.lists(st.sampled_from(["seal", "merge", "collect"]), max_size=7),
    readers=st.lists(st.lists(st.integers(0, KEYS - 1), min_size=1, max_size=3), max_size=2),
    refreshes=st.integers(0, 2),
    killed_at=st.integers(0, 60),
    schedule=st.lists(st.tuples(st.integers(1, 120), st.integers(0, 5)), max_size=60),
)


class _Inline(Executor):
    """Runs calls where they are asked for."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class Run:
    """One plan, carried out on a database of its own beside a model of it: the rows at each commit."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self.plan = folder, plan
        self.db = rem.connect(folder / "db", background=False)
        self.db.register(Row, name="a")
        self.db.insert("a", [{"id": f"k{i}", "n": i} for i in range(KEYS - 1)])
        self.db.compact()
        self.store = self.db._instance.store
        self.reader = rem.connect(folder / "db", read_only=True)
        self.scheduler = Scheduler(TRACED, PASSED, self._between)
        for store in (self.store, self.reader._instance.store):
            store.lock, store.rewriting, store._pins_lock = (Lock(self.scheduler) for _ in range(3))
            store._room = threading.Condition(store.lock)
            store.executor.shutdown()
            store.executor = _Inline()
            store.cache.bytes_max = 0
        self.rows = {self.store.version.commit: {f"k{i}": i for i in range(KEYS - 1)}}
        # The rows that a commit changes, by its number, for conflicts.
        self.changed: dict[int, set[str]] = {}
        self.values = iter(range(100, 10_000))
        self.acknowledged = self.store.version.commit
        self._turns = 0
        self._committing = threading.local()
        commit = self.store.commit

        def noted(changes, *, base=None, settles=False):
            before, effects = self.store.version.commit, self._committing.effects
            first = [c for c, keys in self.changed.items() if base and c > base.commit and keys & effects.keys()]
            try:
                version = commit(changes, base=base, settles=settles)
            except rem.ConflictError:
                assert first, "only who comes second fails"
                raise
            assert not first, "the first committer wins"
            rows = {**self.expected(before), **effects}
            self.rows[version.commit] = {k: v for k, v in rows.items() if v is not None}
            self.changed[version.commit] = set(effects)
            return version

        self.store.commit = noted

    def expected(self, commit: int) -> dict[str, int]:
        """Return the rows at a commit; a seal or a merge is a commit that changes none."""
        return self.rows[max(c for c in self.rows if c <= commit)]

    def execute(self) -> None:
        plan = self.plan
        works = [lambda w=w: self._write(w) for w in plan.writers]
        works += [lambda: self._keep_up(plan.upkeep), *(lambda r=r: self._read(r) for r in plan.readers)]
        works += [lambda: self._refresh(plan.refreshes)] * 2
        self.scheduler.run(works, plan.schedule)
        number = self.store.version.names["a"]
        self._check(self.db, self.store.pin())
        for _ in range(2):
            self.store.freeze(number)
            compaction.seal(self.store, number)
            self.store.collect_garbage()
        self._check(self.db, self.store.pin())
        assert self.db.verify().height == 0
        self.close()
        with rem.connect(self.folder / "db", background=False) as again:
            self._check(again, again._instance.store.version)

    def close(self) -> None:
        """Close both, by locks that need no schedule."""
        for db in (self.reader, self.db):
            store = db._instance.store
            store.lock, store.rewriting = threading.RLock(), threading.RLock()
            db.close()

    # --- what the threads do

    def _write(self, steps: list[tuple[str, int]]) -> None:
        tx, effects = None, {}
        for kind, place in [*steps, ("commit", 0)]:
            key = f"k{place}"
            if kind == "begin" and tx is None:
                tx, effects = self.db.transaction(), {}
            elif kind == "commit" and tx is not None:
                self._commit(tx, effects)
                tx = None
            elif kind in ("put", "purge"):
                value = next(self.values) if kind == "put" else None
                effects = {} if tx is None else effects
                self._put(tx or self.db, key, value, effects)
                if tx is None:
                    self.acknowledged = max(self.acknowledged, *self.rows)
                else:
                    self._check_own(tx, effects)

    def _put(self, verbs, key: str, value: int | None, effects: dict[str, int | None]) -> None:
        is_first = key not in effects
        effects[key] = value
        self._committing.effects = effects
        if value is not None:
            verbs.insert("a", {"id": key, "n": value})
        elif not verbs.purge("a", key) and is_first:
            del effects[key]

    def _commit(self, tx, effects: dict[str, int | None]) -> None:
        self._committing.effects = effects
        try:
            tx.commit()
            self.acknowledged = max(self.acknowledged, *self.rows)
        except rem.ConflictError:
            return

    def _check_own(self, tx, effects: dict[str, int | None]) -> None:
        rows = {**self.expected(tx._overlay.base.commit), **effects}
        self._check_rows(self.db, tx._overlay.version, {k: v for k, v in rows.items() if v is not None})

    def _keep_up(self, steps: list[str]) -> None:
        number = self.store.version.names["a"]
        for step in steps:
            if step == "seal":
                with self.store.lock:
                    self.store.freeze(number)
                compaction.seal(self.store, number)
            elif step == "merge":
                compaction.compact(self.store, number, everything=True)
            else:
                self.store.collect_garbage()

    def _read(self, keys: list[int]) -> None:
        version = self.store.pin()
        for _ in keys:
            self._check(self.db, version)

    def _refresh(self, times: int) -> None:
        last = 0
        for _ in range(times):
            acknowledged = self.acknowledged
            self.reader.refresh()
            version = self.reader._instance.store.pin()
            assert version.commit >= max(acknowledged, last), "a refresh shows what was acknowledged"
            last = version.commit
            self._check(self.reader, version)

    # --- what must hold

    def _check(self, db: rem.Database, version: Version) -> None:
        self._check_rows(db, version, self.expected(version.commit))

    def _check_rows(self, db: rem.Database, version: Version, expected: dict[str, int]) -> None:
        tv = version.find("a")
        columns = [tv.table.field("id"), tv.table.field("n")]
        rows = []
        for view in tv.parts:
            frame, mask = view.part.frame(columns, view.length), view.live_mask()
            rows += (frame if mask is None else frame.filter(mask)).rows()
        assert sorted(rows) == sorted(expected.items())
        access = Access(db._instance.indexes, version)
        for key in (f"k{i}" for i in range(KEYS)):
            found = access.find(tv, key)
            n = None if found is None else found[1].view.part.row(found[1].offset, columns)[1]
            assert n == expected.get(key)
            if n is not None:
                assert found[0] in access.by_value(tv, columns[1], n, limit=1_000)

    def _between(self) -> None:
        self._turns += 1
        if self._turns == self.plan.killed_at:
            self._check_killed()

    def _check_killed(self) -> None:
        """A copy of the files is what a process that is killed now would leave."""
        at_least, layout = self.acknowledged, None
        while layout is None or recovery._layout(self.folder / "db") != layout:
            layout = recovery._layout(self.folder / "db")
            shutil.rmtree(self.folder / "killed", ignore_errors=True)
            try:
                shutil.copytree(self.folder / "db", self.folder / "killed")
            except shutil.Error:
                layout = None
        with rem.connect(self.folder / "killed", background=False) as db:
            version = db._instance.store.version
            assert version.commit >= at_least, "what was acknowledged is there"
            self._check_rows(db, version, self.expected(version.commit))


def _executed(plan: Plan) -> None:
    # In memory where there is such a folder: a plan waits for the disk most of its time.
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    run = Run(folder, plan)
    try:
        run.execute()
    finally:
        run.close()
        shutil.rmtree(folder, ignore_errors=True)


def _searched(count: int, *phases: Phase) -> None:
    @settings(
        max_examples=count,
        phases=phases or (Phase.generate, Phase.shrink),
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(PLANS)
    def search(plan: Plan) -> None:
        _executed(plan)

    search()


def test_interleavings():
    """Some schedules, found by hypothesis."""
    _searched(examples(30))


@pytest.mark.long
def test_many_interleavings():
    """The same, for longer."""
    _searched(3_000)


@pytest.mark.long
@pytest.mark.parametrize("damage", damages.ALL)
def test_the_search_finds(monkeypatch, damage):
    """Each damage to the protocol shows in some schedule."""
    damage(monkeypatch)
    with pytest.raises((AssertionError, rem.RemError)):
        _searched(2_000, Phase.generate)


def test_the_scheduler_finds_a_deadlock():
    """Two threads that take two locks in opposite orders, where the schedule says so."""
    scheduler = Scheduler([Path(__file__)])
    first, second = Lock(scheduler), Lock(scheduler)

    def take(one: Lock, other: Lock) -> None:
        with one:
            other.acquire()
            other.release()

    works = (lambda: take(first, second), lambda: take(second, first))
    scheduler.run(works, [])
    with pytest.raises(DeadlockError):
        for steps in range(20):
            first.owner = second.owner = None
            scheduler.run(works, [(steps, 0), (1_000, 1)])

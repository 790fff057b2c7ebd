"""Random transactions over lists, by threads of this process and a reader in another one, recorded for `histories`.

    python -m tests.storage.history_workload FOLDER

is the reader: for each line of keys on its standard input it refreshes and reads all of them, again and again until the
next line comes, and then writes what it saw as one line of JSON. Both processes take times from one clock.
"""

from __future__ import annotations

import itertools
import json
import queue
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import polars as pl
from pydantic import BaseModel

import rem_arrow as rem
from tests.children import ROOT
from tests.patience import join, started
from tests.storage.histories import Append, Interval, Read, Transaction

THREADS, TRANSACTIONS, KEYS = 8, 2, 2
TABLES = ("a", "b", "plain")


class Row(BaseModel):
    """A list that grows."""

    vs: list[int] = []


class Workload:
    """One database with its reader process; each history has keys of its own.

    Args:
        seed: of what the threads do; not of when.
    """

    def __init__(self, path: Path, *, seed: int) -> None:
        self._random = random.Random(seed)
        self._db = rem.connect(path, tail_rows_max=20)
        for table in TABLES[:2]:
            self._db.register(Row, name=table)
        self._db.load("plain", pl.DataFrame(schema={"id": pl.String, "vs": pl.List(pl.Int64)}))
        self._values, self._names = itertools.count(1), itertools.count(1)
        self.outcomes: Counter[str] = Counter()
        self._reader = subprocess.Popen(
            [sys.executable, "-m", "tests.storage.history_workload", str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Workload:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.kill()
        self._reader.communicate()
        self._db.close()

    def histories(self, count: int) -> Iterator[list[Transaction]]:
        """Run histories, one after the other, and yield each. What the reader saw of one comes while the next runs."""
        stop = threading.Event()
        compacting = started(lambda: self._compact(stop))
        try:
            recorded: list[Transaction] = []
            for place in range(count + 1):
                keys = [f"{table}:h{next(self._names)}" for table in TABLES for _ in range(KEYS)]
                self._ask(keys)
                if place:
                    yield recorded + self._rounds()
                recorded = self._run(keys) if place < count else []
        finally:
            stop.set()
            join(compacting)

    def _run(self, keys: list[str]) -> list[Transaction]:
        recorded: list[Transaction] = []
        _Session(self, "start", keys, self._random.getrandbits(64), recorded).insert()
        sessions = [_Session(self, f"thread {i}", keys, self._random.getrandbits(64), recorded) for i in range(THREADS)]
        join(started(*(session.run for session in sessions)))
        _Session(self, "end", keys, 0, recorded).read_all()
        return recorded

    def _rounds(self) -> list[Transaction]:
        assert self._reader.stdout is not None
        rounds = json.loads(self._reader.stdout.readline())
        self.outcomes["reader"] += len(rounds)
        return [
            Transaction("reader", Interval(*begin), tuple(Read(k, tuple(v)) for k, v in reads), None)
            for begin, reads in rounds
        ]

    def check_coverage(self) -> None:
        """Fail if the histories show nothing: every way of reading and writing, commits, conflicts and readers."""
        for outcome in ("committed", "conflict", "rolled back", "single", "purge", "insert", "update", "sql", "reader"):
            assert self.outcomes[outcome], f"no {outcome}: {self.outcomes}"

    def _ask(self, keys: list[str]) -> None:
        assert self._reader.stdin is not None
        self._reader.stdin.write(" ".join(keys) + "\n")
        self._reader.stdin.flush()

    def _compact(self, stop: threading.Event) -> None:
        while not stop.wait(0.05):
            self._db.compact()
            self._db._instance.store.collect_garbage()


class _Session:
    """One thread's transactions, one after the other."""

    def __init__(self, workload: Workload, name: str, keys: list[str], seed: int, recorded: list[Transaction]) -> None:
        self._workload, self._db, self._name, self._keys = workload, workload._db, name, keys
        self._random, self._recorded = random.Random(seed), recorded

    def run(self) -> None:
        for _ in range(TRANSACTIONS):
            self._random.choice((self._transact, self._transact, self._transact, self._single, self.read_all))()

    def insert(self) -> None:
        """Give some of the entities a first value."""
        plain = [key.split(":")[1] for key in self._keys if key.startswith("plain")]
        self._db.load("plain", pl.DataFrame({"id": plain}).with_columns(vs=pl.lit([], pl.List(pl.Int64))))
        begin, operations = time.perf_counter_ns(), []
        with self._db.transaction() as tx:
            begun = time.perf_counter_ns()
            for table, id_ in (key.split(":") for key in self._keys if self._random.random() < 0.5):
                if table != "plain":
                    value = next(self._workload._values)
                    tx.insert(table, {"id": id_, "vs": [value]})
                    operations.append(Append(f"{table}:{id_}", value))
            call = time.perf_counter_ns()
        self._record(begin, begun, operations, Interval(call, time.perf_counter_ns()))

    def read_all(self) -> None:
        """Read every key in one statement."""
        begin = time.perf_counter_ns()
        reads = _read_all(self._db, self._keys)
        self._record(begin, time.perf_counter_ns(), reads, None)

    def _single(self) -> None:
        """Append by a statement that commits by itself."""
        key, value = self._random.choice(self._keys), next(self._workload._values)
        begin = time.perf_counter_ns()
        appended = _append_by_sql(self._db.sql, key, value)
        end = time.perf_counter_ns()
        operations = [Append(key, value)] if appended else [Read(key, ())]
        self._record(begin, end, operations, Interval(begin, end) if appended else None)
        self._workload.outcomes["single"] += appended

    def _transact(self) -> None:
        by_sql = self._random.random() < 0.3
        begin = time.perf_counter_ns()
        if by_sql:
            self._db.sql("BEGIN")
        tx = self._db if by_sql else self._db.transaction()
        begun = time.perf_counter_ns()
        operations: list[Read | Append] = []
        for _ in range(self._random.randint(1, 4)):
            self._operate(tx, self._random.choice(self._keys), operations)
            time.sleep(self._random.choice((0, 0, 0.001)))
        call = time.perf_counter_ns()
        outcome = "rolled back" if self._random.random() < 0.15 else "committed"
        try:
            if by_sql:
                self._db.sql("COMMIT" if outcome == "committed" else "ROLLBACK")
            elif outcome == "committed":
                tx.commit()
            else:
                tx.rollback()
        except rem.ConflictError:
            outcome = "conflict"
        done = time.perf_counter_ns()
        writes = any(isinstance(o, Append) for o in operations)
        self._record(begin, begun, operations, Interval(call, done) if outcome == "committed" and writes else None)
        self._workload.outcomes[outcome] += 1

    def _operate(self, tx, key: str, operations: list[Read | Append]) -> None:
        table, id_ = key.split(":")
        read = (
            self._random.choice((_read_by_id, _read_by_scan))
            if table == "plain"
            else self._random.choice((_read_by_id, _read_by_scan, _read_by_get))
        )
        values = read(tx, table, id_)
        operations.append(Read(key, tuple(values or ())))
        if self._random.random() < 0.4:
            return
        value = next(self._workload._values)
        ways = ["sql"] if table == "plain" else ["insert"] if values is None else ["sql", "update", "purge", "insert"]
        way = self._random.choice(ways)
        grown = {"vs": [*(values or ()), value]}
        if way == "sql":
            assert _append_by_sql(tx.sql, key, value)
        elif way == "update":
            tx.update(table, id_, grown)
        else:
            if way == "purge":
                tx.purge(table, id_)
            tx.insert(table, {"id": id_, **grown})
        operations.append(Append(key, value))
        self._workload.outcomes[way] += 1
        if self._random.random() < 0.3:
            operations.append(Read(key, tuple(_read_by_id(tx, table, id_) or ())))

    def _record(self, begin: int, begun: int, operations: list, commit: Interval | None) -> None:
        self._recorded.append(Transaction(self._name, Interval(begin, begun), tuple(operations), commit))


def _append_by_sql(sql: Callable[..., pl.DataFrame], key: str, value: int) -> bool:
    table, id_ = key.split(":")
    text = f"UPDATE {table} SET vs = list_append(vs, {value}) WHERE id = $id"
    return sql(text, {"id": id_}).item() == 1


def _read_by_id(tx, table: str, id_: str) -> list[int] | None:
    return _only(tx.sql(f"SELECT vs FROM {table} WHERE id = $id", {"id": id_}))


def _read_by_scan(tx, table: str, id_: str) -> list[int] | None:
    return _only(tx.sql(f"SELECT vs FROM {table} WHERE id || '' = $id", {"id": id_}))


def _read_by_get(tx, table: str, id_: str) -> list[int] | None:
    row = tx.get(table, id_)
    return None if row is None else row["vs"]


def _only(rows: pl.DataFrame) -> list[int] | None:
    return _joined(rows["vs"].to_list())


def _joined(lists: list[list[int]]) -> list[int] | None:
    """Return the list of a key; where several rows have its id, all of them, with what nobody wrote between."""
    return None if not lists else [*itertools.chain(*([*values, -1] for values in lists))][:-1]


def _read_all(db: rem.Database, keys: list[str]) -> list[Read]:
    text = " UNION ALL ".join(f"SELECT '{t}:' || id AS k, vs FROM {t}" for t in TABLES)
    lists: dict[str, list[list[int]]] = {}
    for key, values in db.sql(f"SELECT k, vs FROM ({text}) AS u").rows():
        lists.setdefault(key, []).append(values)
    return [Read(key, tuple(_joined(lists.get(key, [])) or ())) for key in keys]


def read_beside() -> None:
    """Be the reader process."""
    asked: queue.SimpleQueue[str] = queue.SimpleQueue()
    started(lambda: [asked.put(line) for line in sys.stdin])
    with rem.connect(sys.argv[1], read_only=True) as db:
        keys = asked.get().split()
        while True:
            rounds = []
            while not rounds or asked.empty():
                rounds.append(_round(db, keys))
            print(json.dumps(rounds), flush=True)
            keys = asked.get().split()


def _round(db: rem.Database, keys: list[str]) -> tuple[tuple[int, int], list[Read]]:
    begin = time.perf_counter_ns()
    db.refresh()
    end = time.perf_counter_ns()
    reads = _read_all(db, keys)
    for key in keys[:4]:
        table, id_ = key.split(":")
        reads.append(Read(key, tuple(_read_by_id(db, table, id_) or ())))
    return (begin, end), reads


if __name__ == "__main__":
    read_beside()

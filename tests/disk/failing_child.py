"""Uses a database while one call of the disk after the other fails; says what was wrong, a line of JSON for each.

    python -m tests.disk.failing_child FOLDER FAULT FIRST STRIDE COUNT

For each n = FIRST, FIRST + STRIDE, ... a new database is made below FOLDER, which the preloaded library watches, and
the n-th call fails, or all from the n-th on, until an error has been raised. The call that raised it is then made
again.
"""

from __future__ import annotations

import errno
import json
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

import rem_arrow as rem
from rem_arrow.write.embeddings import EmbeddingWarning
from tests.disk.history import WORDS, name_of
from tests.disk.shim import Kind, Shim
from tests.disk.writing_child import begin as make_tables
from tests.disk.writing_child import connect, note

ALL = Kind(511)
_SEED = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """Which calls fail, how, and whether only one does."""

    error: int
    kinds: Kind = ALL
    count: int = -1
    shortened: bool = False


FAULTS = {
    # Calls that take no space succeed on a full disk.
    "full": Fault(errno.ENOSPC, Kind.WRITE | Kind.OPEN | Kind.ALLOCATE | Kind.MKDIR | Kind.RENAME | Kind.SYNC),
    "half": Fault(errno.ENOSPC, Kind.WRITE, shortened=True),
    "broken once": Fault(errno.EIO, count=1),
    "broken": Fault(errno.EIO),
    "read-only": Fault(errno.EROFS, ALL & ~Kind.SYNC),
}


@dataclass
class Trial:
    """One database, and the fault that it meets."""

    root: Path
    shim: Shim
    fault: Fault
    after: int
    wrong: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    failed: int = 0

    def heal(self) -> None:
        """Let the disk work again."""
        self.failed += self.shim.heal()

    def make(self, what: str, call: Callable[[], object]) -> None:
        """Make a call; where it raises, say so, heal the disk and make it again."""
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", EmbeddingWarning)
            problem = self._problem(call)
        if problem is None:
            if told:
                # Rows were stored without vectors; the next insert makes up for them.
                self.heal()
                call()
            return
        self.heal()
        if not isinstance(problem, rem.RemError) or isinstance(problem, rem.CorruptionError):
            self.wrong.append(f"{what} raised {type(problem).__name__}: {problem}")
        self.raised.append(f"{what}: {type(problem).__name__}: {problem}"[:300])
        again = self._problem(call)
        if again is not None and not (what == "wait" and isinstance(again, rem.ExecuteError)):
            self.wrong.append(f"{what} raised again, on a disk that works: {type(again).__name__}: {again}")

    @staticmethod
    def _problem(call: Callable[[], object]) -> Exception | None:
        try:
            call()
        except Exception as error:  # noqa: BLE001
            return error
        return None


def steps(db: rem.Database, root: Path, state: dict[str, int]) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield calls that write in every way; each may be made twice."""

    def insert(first: int, stop: int) -> None:
        db.insert("notes", [note(f"n{i}", i, _SEED) for i in range(first, stop)])
        state.update({f"n{i}": i for i in range(first, stop)})

    def change() -> None:
        db.update("notes", "n1", {"name": name_of(7), "value": 7})
        state["n1"] = 7

    def purge() -> None:
        db.purge("notes", ["n2", "n3"])
        state.pop("n2", None)
        state.pop("n3", None)

    def load() -> None:
        rows = [note(f"l{i}", i, _SEED) for i in range(60)]
        db.load("notes", pl.DataFrame(rows))
        state.update({f"l{i}": i for i in range(60)})

    def transact() -> None:
        with db.transaction() as tx:
            tx.insert("notes", note("t", 5, _SEED))
            tx.insert("notes", note("n0", 6, _SEED))
        state.update({"t": 5, "n0": 6})

    def copy(verb: Callable[[Path], object], name: str) -> None:
        verb(root / name)

    yield "insert", lambda: insert(0, 1)
    yield "insert", lambda: insert(1, 40)
    yield "search", lambda: db.search("notes", WORDS[0], mode="text")
    yield "update", change
    yield "purge", purge
    yield "load", load
    yield "transaction", transact
    yield "insert", lambda: insert(100, 160)
    yield "wait", lambda: db.wait(60)
    yield "backup", lambda: copy(db.backup, "backup")
    yield "search", lambda: db.search("notes", WORDS[1], mode="text")
    yield "export", lambda: copy(lambda p: db.export(p, tables=["notes"]), "export")
    yield "copy", lambda: db.sql(f"COPY notes TO '{root / 'notes.csv'}'")
    yield "compact", db.compact
    yield "insert", lambda: insert(200, 203)


def run(trial: Trial) -> None:
    """Use a database to its end, then look at what is left."""
    root, state, opened = trial.root, dict[str, int](), list[rem.Database]()
    root.mkdir()
    trial.shim.fail(
        trial.fault.kinds, trial.after, trial.fault.error, count=trial.fault.count, shortened=trial.fault.shortened
    )
    trial.make("connect", lambda: opened.append(connect(root, "wal", _SEED)))
    if not opened:
        return
    db = opened[-1]
    trial.make("tables", lambda: tables(db))
    for what, call in steps(db, root, state):
        trial.make(what, call)
    trial.heal()
    _check(trial, db, state, "at the end")
    trial.make("close", db.close)
    with connect(root, "wal", _SEED, background=False) as again:
        _check(trial, again, state, "opened again")
        trial.make("restore", lambda: rem.restore(root / "backup", root / "restored"))
        if (root / "restored").exists():
            with rem.connect(root / "restored", read_only=True) as copy:
                if not {"n1", "t", "l5"} <= set(copy.sql("SELECT id FROM notes")["id"]):
                    trial.wrong.append("the backup is not whole")
    left = [p for p in root.rglob("*") if p.name.endswith((".writing", ".saving", ".tmp", ".dbtmp"))]
    if left:
        trial.wrong.append(f"left behind: {[str(p.relative_to(root)) for p in left]}")


def tables(db: rem.Database) -> None:
    """Make the tables, where an earlier try has not."""
    if "facts" not in set(db.tables()["name"]):
        try:
            make_tables(db)
        except rem.InputError as error:
            # The index was made by the try that failed.
            if "already" not in str(error):
                raise
            db.sql("CREATE TABLE facts (n BIGINT, value BIGINT)")


def _check(trial: Trial, db: rem.Database, state: dict[str, int], when: str) -> None:
    found = dict(db.sql("SELECT id, value FROM notes").rows())
    if found != state:
        lost, extra = dict(state.items() - found.items()), dict(found.items() - state.items())
        trial.wrong.append(f"{when}: lost {str(lost)[:200]}, has {str(extra)[:200]}")
    damages = db.verify()
    if damages.height:
        trial.wrong.append(f"{when}: {damages.rows()}")
    hits = set(db.search("notes", WORDS[2], k=1_000, mode="text")["id"])
    if hits != {key for key, value in state.items() if WORDS[2] in name_of(value)}:
        trial.wrong.append(f"{when}: the words are wrong")
    lacking = [
        key
        for key, value in state.items()
        if db.search("notes", name_of(value), k=1, mode="vector")["name"][0] != name_of(value)
    ]
    if lacking:
        trial.wrong.append(f"{when}: without a vector: {lacking[:9]}")


def main() -> None:
    """Try each n."""
    folder, name, first, stride, count = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])
    warnings.simplefilter("ignore")
    shim = Shim()
    for after in range(first, first + stride * count, stride):
        trial = Trial(folder / f"{after}", shim, FAULTS[name], after)
        run(trial)
        shutil.rmtree(trial.root, ignore_errors=True)
        line = {"n": after, "failed": trial.failed, "raised": trial.raised, "wrong": trial.wrong}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

"""A writer that is killed again and again, beside readers that refresh: nothing acknowledged is lost, nothing is half
there.

A round: a writer opens the folder, says which of the possible states it has found, and goes on with random steps; it
says what it begins and what is done. It is killed at a random moment: while it opens, between two steps, within one,
while it closes. What was begun and not done may be there or not, as a whole. Readers in processes of their own, some of
which outlive the writer, refresh and show all rows: a state that was not older than what was done when the refresh
began, and not older than what they have shown before.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any
from unittest.mock import patch

import rem_arrow as rem
from rem_arrow.engine import prepared
from tests.soak import checks
from tests.soak.contents import Contents, Literals, differing, expected, stored
from tests.soak.forks import HANG_S, Child, result
from tests.soak.sequences import few_rows, opened, settings
from tests.soak.state import State, Step, after
from tests.soak.steps import Steps, apply, model
from tests.soak.tally import Tally

_READERS_MAX = 2
_STEPS_MAX = 400


@dataclass(frozen=True)
class Lost:
    """What is wrong, and the folder as the kill left it, with the states in which it might be."""

    detail: str
    states: list[State]


@dataclass
class Reader:
    """A reading process: the place of the state that it has shown last, and of the oldest that it may show now."""

    child: Child
    shown: int
    floor: int = 0


@dataclass
class History:
    """The states since the first, the newest last; `done` is the place of the newest that was acknowledged."""

    states: list[State]
    done: int = 0
    contents: dict[int, Contents] = field(default_factory=dict)

    def possible(self) -> list[State]:
        return self.states[self.done :]

    def find(self, shown: Contents, floor: int, literals: Literals) -> int | None:
        """Return the place of the first state from `floor` on that has these contents."""
        for place in range(floor, len(self.states)):
            if place not in self.contents:
                self.contents[place] = expected(self.states[place], literals)
            if self.contents[place] == shown:
                return place
        return None


class Rounds:
    """The rounds of one seed in one folder."""

    def __init__(self, seed: int, folder: Path, literals: Literals, tally: Tally) -> None:
        self.rng, self.path, self.before = random.Random(seed), folder / "db", folder / "before"
        self.seed, self.literals, self.tally = seed, literals, tally
        self.history, self.readers, self.number = History([State()]), list[Reader](), 0

    def play(self, kills: int) -> Lost | None:
        """Kill so many writers; return what is wrong."""
        try:
            for self.number in range(kills):
                wrong = self._round()
                if wrong:
                    return Lost(f"round {self.number}: {wrong}", self.history.possible())
        finally:
            self._end_readers()
        return None

    def _round(self) -> str:
        rng = self.rng
        shutil.rmtree(self.before, ignore_errors=True)
        if self.path.exists():
            shutil.copytree(self.path, self.before)
        given = settings(rng)
        rival = rng.random() < 0.1
        work = partial(
            _write,
            self.path,
            given,
            self.history.possible(),
            self.literals,
            rng.randrange(1 << 40),
            self.number,
            rival,
        )
        writer = Child(work)
        begun = self.history.states[self.history.done].entities
        while begun and len(self.readers) < _READERS_MAX and rng.random() < 0.3:
            self.readers.append(Reader(Child(partial(_read, self.path)), self.history.done))
        steps = rng.choice((0, 1, 2, 5, 10, 20))
        # Within an opening, which takes some tens of milliseconds, or within a step.
        delay_s = rng.uniform(0, 0.15) if steps == 0 else rng.choice((0.0, rng.uniform(0, 0.004), rng.uniform(0, 0.04)))
        wrong = self._watch(writer, steps, delay_s, rival=rival)
        writer.kill()
        code = writer.wait()
        self.tally.add("kills" if code == -9 else "writers that closed")
        if not wrong and code not in (0, -9):
            wrong = f"the writer ended with code {code}"
        if not wrong and self.readers and rng.random() < 0.5:
            self._end_readers()
        return wrong

    def _watch(self, writer: Child, steps: int, delay_s: float, *, rival: bool) -> str:
        """Hear what the processes say until the writer has begun `steps` steps; then for `delay_s` more."""
        begun, deadline = 0, time.monotonic() + (delay_s if steps == 0 else HANG_S)
        while True:
            left = deadline - time.monotonic()
            heard = wait([writer.pipe, *(r.child.pipe for r in self.readers)], max(0.0, left))
            if not heard and left <= 0:
                return "" if steps == 0 or begun >= steps else f"the writer hangs\n{writer.stacks()}"
            for reader in [r for r in self.readers if r.child.pipe in heard]:
                wrong = self._read_message(reader)
                if wrong:
                    return wrong
            if writer.pipe not in heard:
                continue
            match writer.hear():
                case ("found", place):
                    wrong = self._settle(place) or (self._refused(writer) if rival else "")
                    if wrong:
                        return wrong
                case ("wrong" | "raised", text):
                    return str(text)
                case ("begin", step):
                    self.history.states.append(after(self.history.states[-1], step))
                    begun += 1
                    if begun == steps:
                        deadline = time.monotonic() + delay_s
                case ("done",):
                    self.history.done = len(self.history.states) - 1
                    self.tally.add("acknowledged writes")
                case ("rows", count):
                    self.tally.add("acknowledged rows", count)
                case _:
                    return ""

    def _refused(self, writer: Child) -> str:
        """While the writer waits, nobody else may open the folder for writing."""
        try:
            told = str(result(partial(_open_too, self.path)))
        except AssertionError as error:
            told = str(error)
        writer.pipe.send("go")
        self.tally.add("second writers")
        return "" if told == "ConflictError" else f"a second writer beside the first: {told}"

    def _settle(self, place: int) -> str:
        """What was in flight is there, or never will be."""
        self.tally.add("recoveries")
        history = self.history
        found = history.done + place
        seen = max((r.shown for r in self.readers), default=0)
        if found < seen:
            return f"a reader has shown a state that is gone: {seen}, and {found} was found"
        del history.states[found + 1 :]
        history.contents = {p: c for p, c in history.contents.items() if p <= found}
        history.done = found
        return ""

    def _read_message(self, reader: Reader) -> str:
        message = reader.child.hear()
        match message:
            case ("asks",):
                reader.floor = max(self.history.done, reader.shown)
                reader.child.pipe.send("go")
            case ("shows", shown):
                place = self.history.find(shown, reader.floor, self.literals)
                if place is None:
                    near = differing(shown, expected(self.history.states[reader.floor], self.literals))
                    return f"a reader shows no state from {reader.floor} on, beside which {near}"
                self.tally.add("refreshes")
                reader.shown = place
            case ("raised", text):
                return f"a reader fails: {text}"
            case _:
                reader.child.kill()
                return f"a reader ended with code {reader.child.wait()}"
        return ""

    def _end_readers(self) -> None:
        for reader in self.readers:
            reader.child.kill()
            reader.child.wait()
        self.readers.clear()


def _write(
    path: Path,
    given: dict[str, Any],
    possible: list[State],
    literals: Literals,
    seed: int,
    number: int,
    rival: bool,
    pipe: Connection,
) -> None:
    """The writer: open, say which state is there, and write until it is killed, or close after some steps."""
    rng = random.Random(seed)
    with patch.object(prepared, "FEW_ROWS", few_rows(given)):
        db = opened(path, given)
        place = _found(db, possible, literals, pipe.send)
        if place is None:
            return
        state = possible[place]
        for name, table in state.entities.items():
            db.register(model(name, table.fields, table.options), name=name)
        pipe.send(("found", place))
        if rival:
            pipe.recv()
        wrong = _sampled(db, state, rng, literals, embedded=given["background"])
        if wrong:
            pipe.send(("wrong", wrong))
            return
        # Numbers that no row has had.
        highest = max((max(table.rows, default=0) for table in state.plain.values()), default=0)
        steps = Steps(rng, max(highest, 1_000_000 * number))
        for step in steps.first() if not state.entities else []:
            state = _step(db, state, step, pipe)
        for _ in range(rng.choice((8, _STEPS_MAX))):
            state = _step(db, state, steps.step(state), pipe)
        db.close()


def _open_too(path: Path) -> str:
    try:
        rem.connect(path)
    except rem.RemError as error:
        return type(error).__name__
    return "opened"


def _found(db: rem.Database, possible: list[State], literals: Literals, send: Callable[[Any], None]) -> int | None:
    held = stored(db)
    for place, state in enumerate(possible):
        if not differing(held, expected(state, literals)):
            return place
    told = " | ".join(differing(held, expected(state, literals)) for state in possible)
    send(("wrong", f"after a kill: {told}"))
    return None


def _sampled(db: rem.Database, state: State, rng: random.Random, literals: Literals, *, embedded: bool) -> str:
    if not state.entities or rng.random() < 0.5:
        return ""
    if embedded:
        db.wait()
    wrong = checks.reads(db, state, rng, Tally(), embedded=embedded)
    if not wrong and rng.random() < 0.3:
        damaged = db.verify()
        wrong = f"verify finds {damaged.rows()}" if damaged.height else ""
    return wrong


def _step(db: rem.Database, state: State, step: Step, pipe: Connection) -> State:
    pipe.send(("begin", step))
    with contextlib.suppress(rem.InputError, rem.BindError):
        apply(db, step)
    pipe.send(("done",))
    following = after(state, step)
    pipe.send(("rows", max(0, following.rows() - state.rows())))
    return following


def _read(path: Path, pipe: Connection) -> None:
    """The reader: refresh and show, for ever."""
    db = rem.connect(path, read_only=True, memory_limit="256MB")
    while True:
        pipe.send(("asks",))
        pipe.recv()
        db.refresh()
        pipe.send(("shows", stored(db)))
        time.sleep(0.002)


def again(folder: Path, states: list[State], literals: Literals) -> str:
    """Return what is wrong with a folder that a kill has left."""
    db = rem.connect(folder, background=False)
    told: list[Any] = []
    return "" if _found(db, states, literals, told.append) is not None else str(told[0][1])


def keep(folder: Path, archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, "db")

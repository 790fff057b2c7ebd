"""The kinds of random work: each runs one seed, gives its findings, and can run a finding again.

All work is done in children, so that a crash or a hang is a finding like others.
"""

from __future__ import annotations

import pickle
import re
import shutil
import tempfile
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import duckdb

import rem_arrow as rem
from tests.fuzz.mutations import again as mutated_again
from tests.fuzz.mutations import mutated
from tests.fuzz.oracle import Pair
from tests.fuzz.run import Totals, again, database
from tests.fuzz.tables import Table
from tests.soak import kills, sequences
from tests.soak.contents import Literals
from tests.soak.findings import smallest
from tests.soak.forks import Child, result
from tests.soak.state import Step
from tests.soak.tally import Tally

Found: TypeAlias = "dict[str, Any]"
# Statements of a seed of texts.
_TEXTS = 200


class Work:
    """What the kinds share: the folder to work in, the values of literals, the counters, and how many kills a seed of
    them has."""

    def __init__(self, base: Path, literals: Literals, tally: Tally, kills: int) -> None:
        self.base, self.literals, self.tally, self.kills = base, literals, tally, kills

    def folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.base))


# --- queries


def queries(work: Work, seed: int, seconds: float) -> Iterator[Found]:
    """Random queries, UPDATEs and relations over random tables, most beside DuckDB."""
    deadline = time.monotonic() + seconds

    def run(pipe: Any) -> None:
        totals = Totals()
        for case in database(seed, deadline, totals, about=lambda text: pipe.send(("query", text))):
            pipe.send(("found", {"what": case.finding.kind, "text": case.finding.text, "detail": case.finding.detail,
                                 "tables": [[t.name, t.columns, t.rows] for t in case.tables]}))  # fmt: skip
        pipe.send(("done", totals.done, totals.skipped))

    for found in _heard(work, Child(run)):
        yield {"tables": [], **found}


def _heard(work: Work, child: Child) -> Iterator[Found]:
    """Yield the findings that a child tells, or its end by a crash or a hang."""
    text = ""
    while True:
        match child.hear():
            case ("query", now):
                text = now
            case ("found", found):
                yield found
            case ("done", counted, skipped):
                work.tally.update({f"checks: {name}": n for name, n in counted.items()})
                work.tally.update({f"allowed: {name}": n for name, n in skipped.items()})
            case ("ended",):
                code = child.wait()
                if code:
                    yield {"what": "crash", "text": text, "detail": f"exit code {code}"}
                return
            case (how, *detail):
                detail = detail or [child.stacks()]
                child.kill()
                child.wait()
                yield {"what": how, "text": text, "detail": str(detail)}
                return


def query_again(work: Work, found: Found) -> str:
    def run() -> str:
        made = [Table(n, tuple((c, k) for c, k in cs), tuple(map(tuple, rows))) for n, cs, rows in found["tables"]]
        with rem.connect(background=False) as db, duckdb.connect() as oracle:
            pair = Pair(db, oracle)
            pair.create(made, sealed=False)
            stands = again(pair, made, found["text"], found["what"])
        return f"{stands.kind}: {stands.detail}" if stands else ""

    return str(result(run))


# --- texts


def texts(work: Work, seed: int, seconds: float) -> Iterator[Found]:
    """Statements with mistakes in them: each ends in rows or in a RemError."""

    def run(pipe: Any) -> None:
        for finding in mutated(seed, _TEXTS, about=lambda text: pipe.send(("query", text))):
            pipe.send(("found", {"what": finding.kind, "text": finding.text, "detail": finding.detail}))
        pipe.send(("done", {"mangled": _TEXTS}, {}))

    yield from _heard(work, Child(run))


def text_again(work: Work, found: Found) -> str:
    return str(result(lambda: mutated_again(found["seed"], found["text"])))


# --- writes


def writes(work: Work, seed: int, seconds: float) -> Iterator[Found]:
    """A sequence of writes, reopenings and checks."""
    made = sequences.program(seed)
    wrong, done = _sequence(work, made)
    if not wrong:
        return
    begun = time.monotonic()
    cause = _cause(wrong)
    steps = smallest(
        made["steps"][: done + 1], lambda steps: _cause(_sequence(work, {**made, "steps": steps})[0]) == cause
    )
    small = {**made, "steps": steps}
    wrong = _sequence(work, small)[0] or wrong
    yield {"detail": wrong, "program": small, "shrunk_s": round(time.monotonic() - begun)}


def _cause(wrong: str) -> str:
    """Return what two findings of one cause share: the name of an error, or the first word."""
    told = wrong.strip().splitlines()[-1] if "Traceback" in wrong else wrong
    return "".join(re.findall(r"^[\w.]+", told))


def _sequence(work: Work, made: sequences.Program) -> tuple[str, int]:
    """Run a program in a child; return what is wrong, and the number of the last step that was begun."""
    folder = work.folder()

    def run(pipe: Any) -> None:
        tally, steps = Tally(), 0

        def about(step: Step) -> None:
            nonlocal steps
            steps += 1
            pipe.send(("step", steps - 1))

        wrong = sequences.run(made, folder, work.literals, tally, about)
        pipe.send(("done", wrong, dict(tally)))

    child, done, wrong = Child(run), 0, ""
    while True:
        match child.hear():
            case ("step", number):
                done = number
            case ("done", wrong, counted):
                work.tally.update(counted)
            case ("ended",):
                code = child.wait()
                if code and not wrong:
                    wrong = f"the process ended with code {code}"
                break
            case (how, *detail):
                wrong = f"{how}: {' '.join(map(str, detail)) or child.stacks()}"
                if how == "hangs":
                    child.kill()
    shutil.rmtree(folder, ignore_errors=True)
    return wrong, done


def write_again(work: Work, found: Found) -> str:
    return _sequence(work, found["program"])[0]


# --- kills


def killed(work: Work, seed: int, seconds: float) -> Iterator[Found]:
    """Writers that are killed, beside readers."""
    folder = work.folder()
    rounds = kills.Rounds(seed, folder, work.literals, work.tally)
    lost = rounds.play(work.kills)
    if lost is not None:
        archive = folder / "db.tar.gz"
        if rounds.before.exists():
            kills.keep(rounds.before, archive)
        yield {
            "detail": lost.detail,
            "round": rounds.number,
            "states": b64encode(pickle.dumps(lost.states)).decode(),
            "folder": b64encode(archive.read_bytes()).decode() if archive.exists() else "",
        }
    shutil.rmtree(folder, ignore_errors=True)


def kill_again(work: Work, found: Found) -> str:
    """Open what a kill has left; if that is sound, play the seed's rounds again."""
    folder = work.folder()
    if found["folder"]:
        (folder / "db.tar.gz").write_bytes(b64decode(found["folder"]))
        shutil.unpack_archive(folder / "db.tar.gz", folder, filter="data")
        wrong = result(lambda: kills.again(folder / "db", pickle.loads(b64decode(found["states"])), work.literals))
        if wrong:
            return str(wrong)
    for _ in range(5):
        for again_found in killed(work, found["seed"], 0.0):
            return str(again_found["detail"])
    return ""


Run: TypeAlias = "Callable[[Work, int, float], Iterator[Found]]"
KINDS: dict[str, tuple[Run, Callable[[Work, Found], str]]] = {
    "queries": (queries, query_again),
    "texts": (texts, text_again),
    "writes": (writes, write_again),
    "kills": (killed, kill_again),
}

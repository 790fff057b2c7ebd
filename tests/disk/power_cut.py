"""Cuts of the power in a recorded run: the folder as it may be afterwards, opened and compared with what was
acknowledged."""

from __future__ import annotations

import random
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

import rem_arrow as rem
from rem_arrow.storage import last_commit
from tests.disk import shim
from tests.disk.history import SYNCS, WORDS, State, Step, filler_of, name_of, steps
from tests.disk.recording import Call, Disk, Model, lay_out, read_log
from tests.disk.writing_child import connect, note


@dataclass(frozen=True, slots=True)
class Run:
    """A run of the child, written down."""

    root: Path
    durability: str
    seed: int
    calls: list[Call]
    steps: list[Step]
    states: list[State]


def record(folder: Path, durability: str, seed: int, count: int) -> Run:
    """Let the child take its steps, and return what it did to its disk."""
    root = folder.resolve() / "root"
    root.mkdir(parents=True)
    shim.child("writing_child", root, durability, seed, count, root=root, log=folder / "log")
    run = Run(root, durability, seed, read_log(folder / "log"), *steps(seed, count))
    assert not [call for call in run.calls if call.operation == "M"], "a file is written through a map"
    return run


def real_files(root: Path) -> dict[str, bytes]:
    """Return the files that lie below a folder."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the child had come: steps acknowledged, begun, and synced whatever the durability."""

    done: int = -1
    begun: int = 0
    synced: int = -1

    def after(self, call: Call, steps: Sequence[Step]) -> Progress:
        """Return the progress behind a mark."""
        number = call.length
        if call.offset == ord("B"):
            return Progress(self.done, number, self.synced)
        syncs = number > 0 and steps[number - 1].kind in SYNCS
        return Progress(number, number, number if syncs else self.synced)


def cuts(run: Run, model: Model, count: int, seed: int) -> Iterator[tuple[int, Progress, dict[str, bytes | None]]]:
    """Yield the call behind which the power went, the progress by then, and what is on disk."""
    rng = random.Random(seed)
    places = sorted(rng.randrange(1, len(run.calls) + 1) for _ in range(count))
    disk, progress, at = Disk(run.root, model), Progress(), 0
    for place in places:
        for call in run.calls[at:place]:
            disk.play(call)
            if call.operation == "K":
                progress = progress.after(call, run.steps)
        at = place
        yield place, progress, disk.cut(rng)


def check_cuts(run: Run, model: Model, count: int, seed: int, scratch: Path) -> list[str]:
    """Open the folder behind each cut. Returns what was wrong, a line each."""
    wrong = []
    for place, progress, files in cuts(run, model, count, seed):
        where = f"{run.durability}, {model}, seed {seed}, behind call {place} of {len(run.calls)}, {progress}"
        folder = scratch / "cut"
        shutil.rmtree(folder, ignore_errors=True)
        lay_out(files, folder)
        try:
            check_database(folder, run, progress)
            check_copies(folder, run, progress)
            check_file(folder / "facts.csv", run, progress)
        except (rem.RemError, AssertionError) as error:
            wrong.append(f"{where}: {type(error).__name__}: {str(error)[:600]} {traceback.format_exc()[-900:]}")
    return wrong


def check_database(folder: Path, run: Run, progress: Progress) -> None:
    """The database holds the state after one of the steps that it may have kept, whole, and can be written to."""
    least = progress.done if run.durability == "sync" else progress.synced
    with connect(folder, run.durability, run.seed, background=False) as db:
        tables = set(db.tables()["name"])
        if not {"notes", "facts"} <= tables:
            assert least < 0, f"the tables are gone: {tables}"
            return
        state = stored(db, run.seed)
        allowed = range(max(0, least), progress.begun + 1)
        matching = [number for number in allowed if run.states[number] == state]
        assert matching, _difference(run, state, allowed)
        check_indexes(db, state)
        damage = db.verify()
        assert damage.is_empty(), damage.rows()
        db.insert("notes", note("after", 0, run.seed))
    with connect(folder, run.durability, run.seed, background=False) as db:
        assert stored(db, run.seed) == {**state, ("notes", "after"): 0}


def stored(db: rem.Database, seed: int) -> State:
    """Return what the tables hold."""
    notes = db.sql("SELECT id, value, name, filler FROM notes").rows()
    assert all((name, filler) == (name_of(value), filler_of(seed, value)) for _, value, name, filler in notes)
    facts = db.sql("SELECT n, value FROM facts").rows()
    edges = db.sql("SELECT src, weight FROM edges").rows()
    assert len(facts) == len({n for n, _ in facts}), "a row comes twice"
    return (
        {("notes", key): value for key, value, _, _ in notes}
        | {("facts", str(n)): value for n, value in facts}
        | {("edges", key): int(weight) for key, weight in edges}
    )


def check_indexes(db: rem.Database, state: State) -> None:
    """Each index answers as the rows do."""
    notes = {key: value for (table, key), value in state.items() if table == "notes"}
    for word in WORDS[:4]:
        hits = set(db.search("notes", word, k=10_000, mode="text")["id"])
        assert hits == {key for key, value in notes.items() if word in name_of(value)}, f"words: {word}"
    for key, value in list(notes.items())[:3] + list(notes.items())[-3:]:
        assert db.get("notes", key)["value"] == value
        same = set(db.sql("SELECT id FROM notes WHERE value = $v", {"v": value})["id"])
        assert same == {k for k, v in notes.items() if v == value}, f"value {value}"
        nearest = db.search("notes", name_of(value), k=1, mode="vector")
        assert nearest["name"].to_list() == [name_of(value)], f"vectors: {name_of(value)}"


def check_copies(folder: Path, run: Run, progress: Progress) -> None:
    """A backup or an export that was acknowledged is whole; one that was not is whole, or is not taken for one."""
    for number in range(1, progress.begun + 1):
        kind, state = run.steps[number - 1].kind, run.states[number]
        if kind == "backup":
            path, target = folder / f"backup-{number}", folder / f"restored-{number}"
            problem = refusal(lambda path=path, target=target: rem.restore(path, target))
            assert not problem or number > progress.done, f"{path.name} is no backup: {problem}"
            if problem:
                continue
            with rem.connect(target, read_only=True) as db:
                assert stored(db, run.seed) == state, f"{path.name} is not whole"
                assert db.verify().is_empty()
        elif kind == "export":
            path = folder / f"export-{number}"
            if not path.exists():
                assert number > progress.done, f"{path.name} is gone"
                continue
            with rem.connect() as db:
                problem = refusal(lambda db=db, path=path: db.import_from(path))
                assert not problem or number > progress.done, f"{path.name} is no export: {problem}"
                if problem:
                    continue
                rows = set(db.sql("SELECT id, value FROM notes").rows())
                assert rows == {(key, value) for (table, key), value in state.items() if table == "notes"}


def check_file(path: Path, run: Run, progress: Progress) -> None:
    """A file that is replaced now and then is whole: as it was after the last time, or the time that was begun."""
    times = [number for number in range(1, progress.begun + 1) if run.steps[number - 1].kind == "copy"]
    done = [number for number in times if number <= progress.done]
    if not path.exists():
        assert not done, "the copy is gone"
        return
    rows = dict(pl.read_csv(path, schema={"n": pl.String, "value": pl.Int64}).rows())
    facts = [{key: value for (table, key), value in run.states[n].items() if table == "facts"} for n in times]
    assert rows in facts[max(0, len(done) - 1) :], "the copy is not whole"


def refusal(call: Callable[[], object]) -> str:
    """Return why a call refuses its input; nothing if it does not."""
    try:
        call()
    except rem.InputError as error:
        return str(error)
    return ""


def _difference(run: Run, state: State, allowed: range) -> str:
    """Say how a state differs from the likeliest one."""
    exact = [number for number, other in enumerate(run.states) if other == state]
    if exact:
        return f"the state after step {exact}, not one of {allowed}"
    nearest = min(allowed, key=lambda number: len(state.items() ^ run.states[number].items()))
    expected = run.states[nearest]
    lost = {key: value for key, value in expected.items() if state.get(key) != value}
    extra = {key: value for key, value in state.items() if expected.get(key) != value}
    step = run.steps[nearest - 1] if nearest else None
    return f"no state of {allowed}; to {nearest} ({step}) lacks {str(lost)[:200]}, has {str(extra)[:200]}"


def other_boot() -> bytes:
    """Stand for `last_commit.current_boot` after the power came back."""
    return b"after the cut..."


def main() -> None:
    """Run many cuts, and print what was wrong.

    python -m tests.disk.power_cut FOLDER DURABILITY MODEL SEED STEPS CUTS
    """
    folder, durability, model, seed = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
    run = record(folder, durability, seed, int(sys.argv[5]))
    last_commit.current_boot = other_boot
    wrong = check_cuts(run, model, int(sys.argv[6]), seed, folder)  # type: ignore[arg-type]
    print(f"{durability} {model} seed {seed}: {sys.argv[6]} cuts, {len(wrong)} wrong", *wrong, sep="\n", flush=True)


if __name__ == "__main__":
    main()

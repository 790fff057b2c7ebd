"""Flips single bytes of a database's files, and says what came of it: right answers, or damage that was found.

    python -m tests.damage.flips FOLDER [--file NAME] [--start N] [--stop N] [--step N]

flips every `step`-th byte of every file, or of one, each in a copy that is opened by a reader and by a writer, and
prints what is neither. A run that was stopped goes on with --file and --start; the byte at work is on standard error.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import rem_arrow as rem
from tests.damage import specimen

# RocksDB's own diary and lock, and the options that it writes down and nobody reads.
_IDLE = ("LOG", "LOCK", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Flip:
    """One byte of one file, and what it is changed by."""

    file: str
    at: int
    mask: int

    def apply(self, folder: Path) -> None:
        path = folder / self.file
        data = bytearray(path.read_bytes())
        data[self.at] ^= self.mask
        path.unlink()
        path.write_bytes(data)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a flip: questions that were refused, and what was wrong."""

    refused: int
    wrong: list[str]


def files(folder: Path) -> dict[str, int]:
    """Return the files of a database that it reads, with their sizes."""
    names = {p.relative_to(folder).as_posix(): p.stat().st_size for p in sorted(folder.rglob("*")) if p.is_file()}
    return {n: size for n, size in names.items() if size and not n.startswith(_IDLE)}


def copy(source: Path, target: Path) -> None:
    """Copy a database: what is never written in place is linked."""
    shutil.rmtree(target, ignore_errors=True)
    for name in files(source):
        new = target / name
        new.parent.mkdir(parents=True, exist_ok=True)
        if new.suffix == ".sst" or name.startswith(specimen.DERIVED):
            os.link(source / name, new)
        else:
            shutil.copyfile(source / name, new)


def tried(source: Path, scratch: Path, flip: Flip, *, read_only: bool, questions: list[str] | None = None) -> Outcome:
    """Return what came of a flip in a copy of a database."""
    copy(source, scratch)
    flip.apply(scratch)
    with warnings.catch_warnings(action="ignore", category=RuntimeWarning):
        db = _outcome_of(lambda: rem.connect(scratch, read_only=read_only, background=False))
    if not isinstance(db, rem.Database):
        return Outcome(1, []) if isinstance(db, rem.RemError) else Outcome(0, [f"opening: {db!r}"])
    refused, wrong = 0, []
    for name in questions or specimen.QUESTIONS:
        ask, expected = specimen.QUESTIONS[name]
        answer = _outcome_of(lambda ask=ask: ask(db))
        if isinstance(answer, rem.RemError):
            refused += 1
        elif answer != expected:
            wrong.append(f"{name}: {answer!r}, not {expected!r}")
    closed = _outcome_of(db.close)
    return Outcome(refused, wrong if closed is None or isinstance(closed, rem.RemError) else [*wrong, f"{closed!r}"])


def _outcome_of(call: Callable[[], object]) -> object:
    """Return what a call returns or raises, a panic of a library too."""
    try:
        return call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001
        return error


def sample(folder: Path, count: int, seed: int) -> list[Flip]:
    """Return flips all over the files: at least one of each file and of its beginning and end, more of large ones."""
    rng, sizes = random.Random(seed), files(folder)
    total = sum(sizes.values())
    flips = []
    for name, size in sizes.items():
        share = max(3, round(count * size / total))
        places = {0, size - 1, *(rng.randrange(size) for _ in range(share - 2))}
        flips += [Flip(name, at, 1 << rng.randrange(8)) for at in sorted(places)]
    return flips


def _flips(folder: Path, only: str | None, start: int, stop: int | None, step: int) -> Iterator[Flip]:
    for name, size in files(folder).items():
        if only is None or name == only:
            for at in range(start, min(size, stop or size), step):
                yield Flip(name, at, 1 << at % 8)


def main() -> int:
    """Flip, and print what was taken for right and is not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a new folder for the database and its copies")
    parser.add_argument("--file")
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--stop", type=int)
    parser.add_argument("--step", type=int, default=1)
    options = parser.parse_args()
    source = options.folder / "specimen"
    if not source.exists():
        specimen.build(source)
    specimen.small_indexes()
    counts: Counter[str] = Counter()
    for flip in _flips(source, options.file, options.start, options.stop, options.step):
        print(flip, file=sys.stderr, flush=True)
        for read_only in (True, False):
            outcome = tried(source, options.folder / f"copy-{os.getpid()}", flip, read_only=read_only)
            counts["wrong" if outcome.wrong else "found" if outcome.refused else "right"] += 1
            if outcome.wrong:
                print(f"{flip} {'reader' if read_only else 'writer'}: {outcome.wrong}", flush=True)
    print(dict(counts))
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())

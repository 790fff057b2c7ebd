"""Soak for hours: python -m tests.soak --hours 8 --seed 1; make soak HOURS=8.

Seeds follow each other, each of one kind of work: `queries`, `texts`, `writes`, `kills`. Each prints a line. A finding
is made small and written to a file in the folder `--out`, and `--again FILE` runs it once more. Counters are added up
by commit in `summary.json` there. The exit code is 1 if there was a finding.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests.soak import sequences
from tests.soak.contents import all_literals
from tests.soak.findings import write
from tests.soak.forks import preload, result
from tests.soak.kinds import KINDS, Found, Work
from tests.soak.tally import Tally, add_to_summary, commit

# The order of kinds: a seed of kills takes longer than one of queries.
_TURNS = ("queries", "texts", "queries", "writes", "kills")
_MEMORY = Path("/dev/shm")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--hours", type=float, default=1.0)
    arguments.add_argument("--seed", type=int, default=1, help="the first")
    arguments.add_argument("--seeds", type=int, help="how many at most")
    arguments.add_argument("--kills", type=int, default=25, help="in a seed of them")
    arguments.add_argument("--kinds", default=",".join(KINDS), help="of the work, with commas between them")
    arguments.add_argument("--out", type=Path, default=Path("soak"), help="folder of findings and of the summary")
    arguments.add_argument("--again", type=Path, help="run a finding once more")
    given = arguments.parse_args()
    base = Path(tempfile.mkdtemp(prefix="rem-soak-", dir=_MEMORY if _MEMORY.is_dir() else None))
    # Readers that are killed leave their scratch folders.
    os.environ["TMPDIR"] = tempfile.tempdir = str(base)
    # As for an interrupt: what lies in memory goes.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        work = Work(base, result(all_literals), Tally(), given.kills)
        if given.again:
            return _again(work, json.loads(given.again.read_text()))
        preload(lambda: sequences.run(sequences.program(1), work.folder(), work.literals, Tally(), lambda step: None))
        seeds = itertools.count(given.seed) if given.seeds is None else range(given.seed, given.seed + given.seeds)
        return _soak(work, given.hours, seeds, given.kinds.split(","), given.out)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _soak(work: Work, hours: float, seeds: Iterable[int], kinds: list[str], out: Path) -> int:
    deadline, name, findings = time.monotonic() + hours * 3600, commit(), 0
    turns = itertools.cycle([kind for kind in _TURNS if kind in kinds])
    for now in seeds:
        kind, begun, before = next(turns), time.monotonic(), Tally(work.tally)
        if begun > deadline:
            break
        run, _ = KINDS[kind]
        told = []
        for found in run(work, now, deadline - begun):
            findings += 1
            told.append(f"{write(out, kind, now, found)}: {found['detail'].strip().splitlines()[-1][:200]}")
        counted = work.tally - before
        shown = ", ".join(f"{n} {what}" for what, n in sorted(counted.items()) if ":" not in what)
        checks = sum(n for what, n in counted.items() if what.startswith("checks:"))
        print(f"seed {now} {kind} {time.monotonic() - begun:.1f} s: {shown or f'{checks} checks'}", flush=True)
        for line in told:
            print(f"  FOUND {line}", flush=True)
        counted.update({f"seeds: {kind}": 1, "findings": len(told)})
        out.mkdir(parents=True, exist_ok=True)
        seconds = round(time.monotonic() - begun, 1)
        add_to_summary(out / "summary.json", name, {**counted, "seconds": seconds})
    print(json.dumps({"commit": name, **dict(sorted(work.tally.items())), "findings": findings}, indent=1))
    return 1 if findings else 0


def _again(work: Work, found: Found) -> int:
    _, again = KINDS[found["kind"]]
    wrong = again(work, found)
    print(wrong or "holds")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

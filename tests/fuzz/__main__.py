"""Fuzz for a time: python -m tests.fuzz --minutes 60 --seed 1 --out findings.jsonl

The queries run in a process of their own. A query that ends it is a crash, one that runs for longer than two minutes a
hang; both are findings, and a new process goes on with the next seed. Each finding is printed, and written as a line of
JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.worker import work

_HANG_S = 120


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=60)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--out", type=Path, default=Path("findings.jsonl"))
    given = arguments.parse_args()
    deadline = time.monotonic() + given.minutes * 60
    seed, kinds, skipped, queries = given.seed, Counter[str](), Counter[str](), 0
    with given.out.open("w", encoding="utf-8") as out:
        while time.monotonic() < deadline:
            here, there = multiprocessing.get_context("spawn").Pipe()
            worker = multiprocessing.get_context("spawn").Process(
                target=work, args=(there, seed, deadline - time.monotonic()), daemon=True
            )
            worker.start()
            there.close()
            text = ""
            while True:
                try:
                    message = here.recv() if here.poll(_HANG_S) else ("hang",)
                except EOFError:
                    message = ("crash",)
                match message:
                    case ("query", now, heard):
                        seed, text = now, heard
                    case ("done", now, count, allowed):
                        seed, queries = now + 1, queries + count
                        skipped.update(allowed)
                        continue
                    case ("end",):
                        break
                    case _:
                        found = message if message[0] == "finding" else ("finding", seed, message[0], text, "", [])
                        kinds[found[2]] += 1
                        out.write(
                            json.dumps(dict(zip(("seed", "kind", "text", "detail", "tables"), found[1:], strict=True)))
                            + "\n"
                        )
                        out.flush()
                        print(f"--- seed {found[1]}: {found[2]}\n{found[3]}\n{found[4][:600]}", flush=True)
                        if message[0] != "finding":
                            assert text, f"the worker ended before its first query, with code {worker.exitcode}"
                            seed, text = seed + 1, ""
                            break
            worker.kill()
            worker.join()
    print(f"{queries} queries, findings {dict(kinds)}, allowed differences {dict(skipped)}")


if __name__ == "__main__":
    main()

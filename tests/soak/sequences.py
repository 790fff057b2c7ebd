"""Sequences of writes, reopenings, backups and checks in one process, on both of Polars' engines.

A program is plain data: {"settings": ..., "steps": [...]}. The same program does the same again, and so does a part of
it: that is how a finding is made small.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

import rem_arrow as rem
from rem_arrow.engine import prepared
from tests.soak import checks
from tests.soak.contents import Literals
from tests.soak.state import State, Step, after
from tests.soak.steps import Steps, apply, letters, model
from tests.soak.tally import Tally

Program: TypeAlias = "dict[str, Any]"
_STEPS = 60
_QUERIES = 4


def settings(rng: random.Random) -> dict[str, Any]:
    """How a database is opened, and the engine that runs its queries."""
    background = rng.random() < 0.5
    return {
        "tail_rows_max": rng.choice((1, 3, 20, 150, 150)),
        "background": background,
        "embed": rng.choice(("write", "background")) if background else "write",
        "streaming": rng.random() < 0.5,
    }


def opened(path: Path, given: dict[str, Any]) -> rem.Database:
    return rem.connect(
        path,
        tail_rows_max=given["tail_rows_max"],
        background=given["background"],
        embed=given["embed"],
        embedder=letters,
        memory_limit="256MB",
    )


def few_rows(given: dict[str, Any]) -> int:
    """Up to how many rows Polars' in-memory engine runs a query."""
    return 0 if given["streaming"] else prepared.FEW_ROWS


def program(seed: int) -> Program:
    """Return the program of a seed."""
    rng = random.Random(seed)
    steps = Steps(rng, 0)
    made = steps.first()
    state = State()
    for step in made:
        state = after(state, step)
    for i in range(rng.choice((10, _STEPS, _STEPS))):
        pick = rng.random()
        step: Step = ["reopen"] if pick < 0.04 else ["backup"] if pick < 0.05 else steps.step(state)
        made.append(step)
        state = after(state, step)
        if i % 5 == 4:
            made.append(["check", rng.randrange(1 << 30)])
    return {"settings": settings(rng), "steps": [*made, ["reopen"], ["check", rng.randrange(1 << 30)]]}


def run(made: Program, folder: Path, literals: Literals, tally: Tally, about: Callable[[Step], None]) -> str:
    """Do a program in an empty folder; return what is wrong, or ""."""
    given, state = made["settings"], State()
    models: dict[str, list[Any]] = {}
    path = folder / "db"
    with patch.object(prepared, "FEW_ROWS", few_rows(given)):
        db = opened(path, given)
        for step in made["steps"]:
            about(step)
            match step:
                case ["reopen"]:
                    db.close()
                    db = opened(path, given)
                    tally.add("reopenings")
                    for table, arguments in models.items():
                        db.register(model(table, *arguments), name=table)
                case ["backup"]:
                    wrong = _restored(db, folder, state, literals, given)
                    tally.add("backups")
                    if wrong:
                        return wrong
                case ["check", seed]:
                    wrong = _checked(db, state, random.Random(seed), literals, tally, given)
                    if wrong:
                        return wrong
                case _:
                    if step[0] == "register":
                        models[step[1]] = step[2:]
                    tally.add("writes")
                    wrong = _done(db, step)
                    if wrong:
                        return wrong
                    state = after(state, step)
        db.close()
    shutil.rmtree(folder)
    return ""


def _done(db: rem.Database, step: Step) -> str:
    try:
        apply(db, step)
    except (rem.InputError, rem.BindError):
        # What is not there is refused; that nothing has changed is seen at the next check.
        return ""
    except rem.RemError as error:
        return f"{step[0]} fails with {type(error).__name__}: {error}"
    return ""


def _checked(
    db: rem.Database, state: State, rng: random.Random, literals: Literals, tally: Tally, given: dict[str, Any]
) -> str:
    tally.add("checks")
    wrong = checks.check_rows(db, state, literals)
    if not wrong and state.entities:
        if given["background"]:
            db.wait()
        wrong = checks.reads(db, state, rng, tally, embedded=True)
    if not wrong:
        wrong = checks.queries(db, state, rng, tally, _QUERIES)
    if not wrong and rng.random() < 0.2:
        damaged = db.verify()
        wrong = f"verify finds {damaged.rows()}" if damaged.height else ""
    return wrong


def _restored(db: rem.Database, folder: Path, state: State, literals: Literals, given: dict[str, Any]) -> str:
    db.backup(folder / "backup")
    rem.restore(folder / "backup", folder / "restored")
    with opened(folder / "restored", given) as copy:
        wrong = checks.check_rows(copy, state, literals)
    shutil.rmtree(folder / "backup")
    shutil.rmtree(folder / "restored")
    return f"restored: {wrong}" if wrong else ""

"""What the child of the power cuts does, and what the database holds after each step: the same for parent and child."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "insert",
    "update",
    "delete",
    "purge",
    "transaction",
    "load notes",
    "edges",
    "load facts",
    "update facts",
    "delete facts",
    "compact",
    "search",
    "backup",
    "export",
    "copy",
    "reopen",
]
# What is stored, by table and key: the value, which gives all other columns.
State: TypeAlias = "dict[tuple[str, str], int]"

WORDS = ("amber", "basalt", "cedar", "dune", "ember", "fjord", "grove", "heath", "islet", "jade", "kelp", "loam")
_WEIGHTS: dict[Kind, int] = {
    "insert": 20,
    "update": 8,
    "delete": 4,
    "purge": 3,
    "transaction": 5,
    "load notes": 3,
    "edges": 4,
    "load facts": 4,
    "update facts": 3,
    "delete facts": 2,
    "compact": 2,
    "search": 6,
    "backup": 1,
    "export": 1,
    "copy": 1,
    "reopen": 1,
}
# Runs of rows alone sync nothing for long, and fill RocksDB's buffers.
_ROWS_ALONE: dict[Kind, int] = {"insert": 12, "update": 4, "purge": 1, "transaction": 2, "edges": 1}
_FILLER_BYTES = 12_000
# After these all that was stored before is synced, whatever the durability.
SYNCS: tuple[Kind, ...] = ("backup", "reopen")


@dataclass(frozen=True, slots=True)
class Step:
    """One call of the child, and what it changes; None takes a row away."""

    kind: Kind
    table: str
    changes: dict[str, int | None]


def rows_alone(seed: int) -> bool:
    """Say whether a run only writes rows, large ones."""
    return seed % 3 == 0


def filler_of(seed: int, value: int) -> str:
    """Return the text that makes a note large."""
    return random.Random(value).randbytes(_FILLER_BYTES).hex() if rows_alone(seed) else ""


def name_of(value: int) -> str:
    """Return the text of a note."""
    return f"{WORDS[value % len(WORDS)]} number {value}"


def steps(seed: int, count: int) -> tuple[list[Step], list[State]]:
    """Return the steps, and the state after none, one, two, ... of them."""
    rng = random.Random(seed)
    state: State = {}
    made, states = [], [dict(state)]
    for number in range(count):
        step = _step(rng, state, number, _ROWS_ALONE if rows_alone(seed) else _WEIGHTS)
        for key, value in step.changes.items():
            if value is None:
                del state[step.table, key]
            else:
                state[step.table, key] = value
        made.append(step)
        states.append(dict(state))
    return made, states


def _step(rng: random.Random, state: State, number: int, weights: dict[Kind, int]) -> Step:
    (kind,) = rng.choices(list(weights), weights=list(weights.values()))
    notes, facts = ([key for table, key in state if table == name] for name in ("notes", "facts"))
    if (not notes and kind in ("update", "delete", "purge")) or (
        not facts and kind in ("update facts", "delete facts")
    ):
        kind = "insert"
    value = rng.randrange(10_000)
    match kind:
        case "insert":
            return Step(kind, "notes", {f"n{number}-{i}": value + i for i in range(rng.choice([1, 1, 2, 30]))})
        case "load notes":
            return Step(kind, "notes", {f"n{number}-{i}": value + i for i in range(rng.choice([5, 60]))})
        case "load facts":
            return Step(kind, "facts", {str(number * 1_000 + i): value + i for i in range(rng.choice([5, 80, 400]))})
        case "update":
            return Step(kind, "notes", {rng.choice(notes): value})
        case "transaction":
            changed = dict.fromkeys(rng.sample(notes, min(3, len(notes))), value)
            return Step(kind, "notes", {**changed, f"n{number}-t": value})
        case "edges":
            return Step(kind, "edges", {f"e{number}-{i}": value + i for i in range(3)})
        case "update facts":
            return Step(kind, "facts", {rng.choice(facts): value})
        case "delete facts":
            return Step(kind, "facts", dict.fromkeys(rng.sample(facts, min(20, len(facts)))))
        case "delete" | "purge":
            return Step(kind, "notes", dict.fromkeys(rng.sample(notes, min(8, len(notes)))))
        case _:
            return Step(kind, "", {})

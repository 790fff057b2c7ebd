"""Random tables: each has a column `id` without repetitions, and columns of random kinds with NULLs and duplicates."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.fuzz.kinds import KINDS

_ROWS = (0, 1, 3, 8, 20, 20, 30)
_WILD_SHARE, _NULL_SHARE = 0.35, 0.2


@dataclass(frozen=True)
class Table:
    """A table: its columns by kind, and the statements that make it on either engine."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]

    def statements(self) -> list[str]:
        made = ", ".join(f"{name} {KINDS[kind].type}" for name, kind in self.columns)
        found = [f"CREATE TABLE {self.name} ({made})"]
        if self.rows:
            found.append(f"INSERT INTO {self.name} VALUES {', '.join('(' + ', '.join(r) + ')' for r in self.rows)}")
        return found


def tables(rng: random.Random) -> list[Table]:
    """Return two to four tables; a database is wild as a whole or not at all."""
    wild = rng.random() < _WILD_SHARE
    return [_table(rng, f"t{i}", wild) for i in range(rng.choice((2, 3, 3, 4)))]


def every_kind(rng: random.Random) -> Table:
    """Return a tame table with a column of every kind."""
    rows = tuple((str(i), *(_value(rng, kind, False, _NULL_SHARE) for kind in KINDS)) for i in range(20))
    return Table("t0", (("id", "i32"), *((f"{kind}_0", kind) for kind in KINDS)), rows)


def _table(rng: random.Random, name: str, wild: bool) -> Table:
    kinds = [rng.choice(("i32", "i64")), "text", *rng.choices(list(KINDS), k=rng.randint(3, 8))]
    rng.shuffle(kinds)
    columns = (("id", "i32"), *((f"{kind}_{i}", kind) for i, kind in enumerate(kinds)))
    nulls = rng.choice((0.0, _NULL_SHARE, _NULL_SHARE, 0.6))
    rows = tuple((str(i), *(_value(rng, kind, wild, nulls) for kind in kinds)) for i in range(rng.choice(_ROWS)))
    return Table(name, columns, rows)


def _value(rng: random.Random, kind: str, wild: bool, nulls: float) -> str:
    if rng.random() < nulls:
        return "NULL"
    found = KINDS[kind]
    return rng.choice(found.tame + found.wild if wild else found.tame)

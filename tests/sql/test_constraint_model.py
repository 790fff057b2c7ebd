"""A table with keys, a CHECK and a DEFAULT against a list of rows in Python: any sequence of statements, transactions,
reopenings and compactions leaves the rows of the list, and what is refused there is refused."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import rem_arrow as rem

Row = tuple[int | None, int | None, str | None, int | None]

CREATE = (
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER, c VARCHAR, v INTEGER DEFAULT 7 CHECK (v >= 0), "
    "w AS (v * 2 + a), UNIQUE (b, c), CONSTRAINT small CHECK (w < 60))"
)
KEYS = st.none() | st.integers(0, 9)
SMALL = st.integers(0, 9)
ROW = st.tuples(
    KEYS, st.none() | st.integers(0, 2), st.sampled_from([None, "x", "y"]), st.sampled_from([-1, 0, 3, 24, 30])
)
ROWS = st.lists(ROW, min_size=1, max_size=5)


class BrokenError(Exception):
    """The model refuses a statement."""


def checked(rows: list[Row]) -> list[Row]:
    """Return the rows if they meet the constraints."""
    for a, _, _, v in rows:
        if a is None or (v is not None and (v < 0 or v * 2 + a >= 60)):
            raise BrokenError
    pairs = [(b, c) for _, b, c, _ in rows if b is not None and c is not None]
    if len({r[0] for r in rows}) < len(rows) or len(set(pairs)) < len(pairs):
        raise BrokenError
    return rows


def meets(row: Row, others: list[Row]) -> bool:
    """Say whether a row has a key of one of the others."""
    pair = row[1:3]
    return any(row[0] == o[0] or (None not in pair and pair == o[1:3]) for o in others)


def literal(rows: list[Row]) -> str:
    def value(v: object) -> str:
        return "NULL" if v is None else repr(v)

    return ", ".join(f"({', '.join(map(value, row))})" for row in rows)


class ConstraintMachine(RuleBasedStateMachine):
    """Each rule runs a statement on both."""

    @initialize(sealed=st.booleans())
    def start(self, sealed: bool) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.db = rem.connect(self.folder / "db", tail_rows_max=5 if sealed else 5_000)
        self.db.sql(CREATE)
        self.rows: list[Row] = []
        self.before: list[Row] | None = None

    def teardown(self) -> None:
        if hasattr(self, "db"):
            if self.before is not None:
                self.db.sql("ROLLBACK")
            self.db.wait()
            assert self.db.verify().height == 0
            self.db.close()
            shutil.rmtree(self.folder)

    def run(self, text: str, change: Callable[[], list[Row]]) -> None:
        """Run a statement, and what it does to the list of rows."""
        try:
            expected = checked(change())
        except BrokenError:
            try:
                self.db.sql(text)
            except rem.ConstraintError:
                return
            raise AssertionError(f"{text} was not refused") from None
        self.db.sql(text)
        self.rows = expected

    @rule(rows=ROWS)
    def insert(self, rows):
        self.run(f"INSERT INTO t VALUES {literal(rows)}", lambda: [*self.rows, *rows])

    @rule(rows=ROWS)
    def insert_defaults(self, rows):
        self.run(
            f"INSERT INTO t (c, b, a) SELECT c, b, a FROM (VALUES {literal(rows)}) s(a, b, c, v)",
            lambda: [*self.rows, *((a, b, c, 7) for a, b, c, _ in rows)],
        )

    @rule(rows=ROWS)
    def load(self, rows):
        if self.before is not None:
            return
        frame = pl.DataFrame(rows, schema={"a": pl.Int32, "b": pl.Int32, "c": pl.String, "v": pl.Int32}, orient="row")
        try:
            expected = checked([*self.rows, *rows])
        except BrokenError:
            try:
                self.db.load("t", frame)
            except rem.ConstraintError:
                return
            raise AssertionError(f"{rows} were not refused") from None
        self.db.load("t", frame)
        self.rows = expected

    @rule(rows=ROWS)
    def insert_or_ignore(self, rows):
        def change() -> list[Row]:
            # What a conflict keeps out is not checked, as in DuckDB.
            new = list(self.rows)
            for row in rows:
                if not meets(row, new):
                    new.append(row)
            return new

        self.run(f"INSERT OR IGNORE INTO t VALUES {literal(rows)}", change)

    @rule(rows=ROWS, add=st.integers(0, 3), floor=st.integers(0, 5))
    def upsert(self, rows, add, floor):
        def change() -> list[Row]:
            new = {r[0]: r for r in self.rows}
            seen = set()
            for row in rows:
                if row[0] in seen:
                    continue
                seen.add(row[0])
                old = new.get(row[0])
                if old is None:
                    new[row[0]] = row
                elif row[3] is not None and row[3] > floor:
                    new[row[0]] = (old[0], row[1], old[2], None if old[3] is None else old[3] + add)
            return list(new.values())

        self.run(
            f"INSERT INTO t VALUES {literal(rows)} ON CONFLICT (a) DO UPDATE SET b = excluded.b, v = t.v + {add} "
            f"WHERE excluded.v > {floor}",
            change,
        )

    @rule(low=SMALL, high=SMALL, step=st.integers(-2, 2))
    def shift_keys(self, low, high, step):
        self.run(
            f"UPDATE t SET a = a + {step} WHERE a BETWEEN {low} AND {high}",
            lambda: [(a + step, b, c, v) if low <= a <= high else (a, b, c, v) for a, b, c, v in self.rows],
        )

    @rule(key=SMALL, to=ROW)
    def replace_values(self, key, to):
        values = literal([to])[1:-1].split(", ")
        self.run(
            f"UPDATE t SET b = {values[1]}, c = {values[2]}, v = {values[3]} WHERE a >= {key}",
            lambda: [(a, *to[1:]) if a >= key else (a, b, c, v) for a, b, c, v in self.rows],
        )

    @rule(low=SMALL, high=SMALL)
    def delete(self, low, high):
        self.run(
            f"DELETE FROM t WHERE a BETWEEN {low} AND {high}",
            lambda: [row for row in self.rows if not low <= row[0] <= high],
        )

    @rule(rows=st.lists(ROW, min_size=1, max_size=4, unique_by=lambda r: r[0]))
    def merge(self, rows):
        def change() -> list[Row]:
            given = {r[0]: r for r in rows}
            held = {r[0] for r in self.rows}
            kept = [
                (a, b, c, v) if a not in given else (a, *given[a][1:])
                for a, b, c, v in self.rows
                if a not in given or given[a][3] != 0
            ]
            return [*kept, *(r for r in rows if r[0] not in held)]

        self.run(
            f"MERGE INTO t USING (SELECT * FROM (VALUES {literal(rows)}) s(a, b, c, v)) s ON t.a = s.a "
            "WHEN MATCHED AND s.v = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET b = s.b, c = s.c, v = s.v "
            "WHEN NOT MATCHED THEN INSERT (a, b, c, v) VALUES (s.a, s.b, s.c, s.v)",
            change,
        )

    @rule()
    def begin(self):
        if self.before is None:
            self.db.sql("BEGIN")
            self.before = list(self.rows)

    @rule(keep=st.booleans())
    def end(self, keep):
        if self.before is not None:
            self.db.sql("COMMIT" if keep else "ROLLBACK")
            self.rows, self.before = self.rows if keep else self.before, None

    @rule(compacts=st.booleans())
    def rest(self, compacts):
        """Compact, or close and open again."""
        if self.before is not None:
            return
        if compacts:
            self.db.compact()
        else:
            self.db.close()
            self.db = rem.connect(self.folder / "db", tail_rows_max=5)

    @invariant()
    def same_rows(self):
        if hasattr(self, "db"):
            found = sorted(self.db.sql("SELECT * FROM t").rows(), key=lambda r: r[0])
            assert found == sorted(
                ((*r, None if r[3] is None else 2 * r[3] + r[0]) for r in self.rows), key=lambda r: r[0]
            )
            for row in self.rows[:2]:
                assert self.db.sql("SELECT count(*) FROM t WHERE a = $a", {"a": row[0]}).item() == 1
                if None not in row[1:3]:
                    keys = self.db.sql("SELECT a FROM t WHERE b = $b AND c = $c", {"b": row[1], "c": row[2]})
                    assert keys["a"].to_list() == [row[0]]


@pytest.mark.parametrize("examples", [6, pytest.param(300, marks=pytest.mark.long)])
def test_a_table_with_constraints_holds_the_rows_of_a_list(examples: int) -> None:
    run_state_machine_as_test(
        ConstraintMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
            derandomize=True,
        ),
    )

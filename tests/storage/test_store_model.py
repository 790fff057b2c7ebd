"""The database against a dict: any sequence of writes, reopenings and compactions leaves what the dict holds."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from pydantic import BaseModel, ConfigDict

import rem_arrow as rem
from tests.effort import examples

IDS = st.sampled_from([f"id{i}" for i in range(12)] + ["Ünï", "a\x00b", "x" * 300])
VALUES = st.integers(-(2**63), 2**63 - 1)
NAMES = st.sampled_from(["Ada", "ada ", "Zoë", "", "x\ty", "日本"])


class Thing(BaseModel):
    """A row of the model test."""

    model_config = ConfigDict(json_schema_extra={"indexed_fields": ["value"]})

    name: str
    value: int
    note: str | None = None


class StoreMachine(RuleBasedStateMachine):
    """Every rule does one thing to both, the invariant compares all."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.rows: dict[str, dict[str, tuple[str, int, str | None]]] = {"one": {}, "two": {}}
        self.hidden: dict[str, set[str]] = {"one": set(), "two": set()}
        self.open()

    def open(self) -> None:
        self.db = rem.connect(self.folder / "db", tail_rows_max=7)
        for table in self.rows:
            self.db.register(Thing, name=table)

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.wait()
            assert self.db.verify().height == 0
            self.db.close()
            shutil.rmtree(self.folder)

    def put(self, table: str, rows: dict[str, tuple[str, int, str | None]]) -> None:
        self.rows[table].update(rows)
        self.hidden[table] -= rows.keys()

    @rule(
        table=st.sampled_from(["one", "two"]), id_=IDS, name=NAMES, value=VALUES, note=st.none() | st.text(max_size=5)
    )
    def insert_one(self, table, id_, name, value, note):
        self.db.insert(table, {"id": id_, "name": name, "value": value, "note": note})
        self.put(table, {id_: (name, value, note)})

    @rule(
        table=st.sampled_from(["one", "two"]),
        rows=st.dictionaries(IDS, st.tuples(NAMES, VALUES, st.none()), max_size=9),
        load=st.booleans(),
    )
    def insert_many(self, table, rows, load):
        dicts = [{"id": i, "name": n, "value": v} for i, (n, v, _) in rows.items()]
        if load and dicts:
            self.db.load(table, pl.DataFrame(dicts))
        else:
            self.db.insert(table, dicts)
        self.put(table, rows)

    @rule(table=st.sampled_from(["one", "two"]), id_=IDS, value=VALUES)
    def update(self, table, id_, value):
        if id_ in self.live(table):
            self.db.update(table, id_, {"value": value})
            name, _, note = self.rows[table][id_]
            self.rows[table][id_] = (name, value, note)
        else:
            with pytest.raises(rem.InputError, match="insert it first"):
                self.db.update(table, id_, {"value": value})

    @rule(table=st.sampled_from(["one", "two"]), ids=st.lists(IDS, max_size=5, unique=True), purge=st.booleans())
    def remove(self, table, ids, purge):
        if purge:
            assert self.db.purge(table, ids) == sum(i in self.rows[table] for i in ids)
            for id_ in ids:
                self.rows[table].pop(id_, None)
                self.hidden[table].discard(id_)
        else:
            live = [i for i in ids if i in self.rows[table] and i not in self.hidden[table]]
            assert self.db.delete(table, ids) == len(live)
            self.hidden[table] |= set(live)

    @rule(
        rows=st.dictionaries(IDS, st.tuples(NAMES, VALUES, st.none()), min_size=1, max_size=4),
        gone=IDS,
        commit=st.booleans(),
    )
    def transaction(self, rows, gone, commit):
        tx = self.db.transaction()
        for table in self.rows:
            for id_, (name, value, _) in rows.items():
                tx.insert(table, {"id": id_, "name": name, "value": value})
                assert tx.get(table, id_)["value"] == value
            tx.purge(table, gone)
            assert tx.get(table, gone) is None
            expected = {i: v for i, (_, v, _) in {**self.live(table), **rows}.items() if i != gone}
            assert dict(tx.sql(f"SELECT id, value FROM {table}").rows()) == expected
        if not commit:
            tx.rollback()
            return
        tx.commit()
        for table in self.rows:
            self.put(table, rows)
            self.rows[table].pop(gone, None)
            self.hidden[table].discard(gone)

    @rule()
    def compact(self):
        self.db.compact()

    @rule()
    def reopen(self):
        self.db.close()
        self.open()

    @rule(name=NAMES)
    def lookup(self, name):
        if not name.strip():
            return
        folded = {"Ada": "ada", "ada ": "ada", "Zoë": "zoe", "x\ty": "x y"}

        def key(text: str) -> str:
            return folded.get(text, text)

        wanted = {(t, i) for t in self.rows for i, (n, _, _) in self.live(t).items() if key(n) == key(name)}
        found = self.db.lookup_entity(name)
        assert set(zip(found["table"], found["id"], strict=True)) == wanted

    def live(self, table: str) -> dict[str, tuple[str, int, str | None]]:
        return {i: r for i, r in self.rows[table].items() if i not in self.hidden[table]}

    @invariant()
    def same(self):
        if not hasattr(self, "db"):
            return
        for table, rows in self.rows.items():
            live = self.live(table)
            found = {i: (n, v, o) for i, n, v, o in self.db.sql(f"SELECT id, name, value, note FROM {table}").rows()}
            assert found == live
            assert self.db.scan(table).collect().height == len(live)
            assert self.db.sql(f"SELECT COUNT(*) FROM {table}", include_deleted=True).item() == len(rows)
            for id_ in list(rows)[:3]:
                got = self.db.get(table, id_, include_deleted=True)
                assert (got["name"], got["value"], got["note"]) == rows[id_]
                assert (got["deleted_at"] is not None) == (id_ in self.hidden[table])
                by_value = self.db.sql(f"SELECT id FROM {table} WHERE value = $v", {"v": rows[id_][1]})["id"].to_list()
                assert sorted(by_value) == sorted(i for i, (_, v, _) in live.items() if v == rows[id_][1])


def test_any_sequence_of_writes():
    """The database holds what the dict holds."""
    run_state_machine_as_test(
        StoreMachine,
        settings=settings(max_examples=examples(10), stateful_step_count=20, suppress_health_check=list(HealthCheck)),
    )


@pytest.mark.long
def test_many_sequences_of_writes():
    """The same, for longer."""
    run_state_machine_as_test(
        StoreMachine,
        settings=settings(max_examples=300, stateful_step_count=40, suppress_health_check=list(HealthCheck)),
    )

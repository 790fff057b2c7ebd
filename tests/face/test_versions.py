"""Older versions: a model that keeps a copy of every table after every commit."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import rem_arrow as rem
from rem_arrow.base.errors import CorruptionError, InputError, RemError
from rem_arrow.storage import history, keys
from rem_arrow.storage import history_notes as notes
from tests.effort import examples

Rows = dict[int, str | None]


def commit_of(db: rem.Database) -> int:
    return int(db.stats()["commit"])


class Versions(RuleBasedStateMachine):
    """Each commit is noted with the rows of its tables; afterwards all that is kept is read again."""

    @initialize(history=st.sampled_from(["forever", None]))
    def begin(self, history: str | None) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.recorded = history is not None
        self.db = rem.connect(Path(self.folder.name) / "m.rem", background=False, history=history, tail_rows_max=8)
        self.tables: dict[str, Rows] = {}
        self.known: dict[int, dict[str, Rows]] = {}
        self.tags: dict[str, int] = {}
        self.note()

    def note(self) -> None:
        if self.recorded:
            self.known[commit_of(self.db)] = {name: dict(rows) for name, rows in self.tables.items()}

    @rule(name=st.sampled_from("pq"))
    def create_or_drop(self, name: str) -> None:
        if name in self.tables:
            self.db.sql(f"DROP TABLE {name}")
            del self.tables[name]
        else:
            self.db.sql(f"CREATE TABLE {name} (a INT PRIMARY KEY, b VARCHAR)")
            self.tables[name] = {}
        self.note()

    @rule(
        name=st.sampled_from("pq"),
        keys=st.sets(st.integers(0, 20), max_size=12),
        text=st.sampled_from(["x", "yy", None]),
    )
    def put(self, name: str, keys: set[int], text: str | None) -> None:
        if name in self.tables and keys:
            values = ", ".join(f"({k}, {'NULL' if text is None else repr(text)})" for k in keys)
            self.db.sql(f"INSERT OR REPLACE INTO {name} VALUES {values}")
            self.tables[name].update(dict.fromkeys(keys, text))
            self.note()

    @rule(name=st.sampled_from("pq"), low=st.integers(0, 20))
    def remove(self, name: str, low: int) -> None:
        if name in self.tables:
            self.db.sql(f"DELETE FROM {name} WHERE a >= {low}")
            self.tables[name] = {k: v for k, v in self.tables[name].items() if k < low}
            self.note()

    @rule()
    def compact(self) -> None:
        self.db.compact()
        self.note()

    @rule(name=st.sampled_from(["one", "two"]))
    def tag(self, name: str) -> None:
        if name not in self.tags:
            self.db.tag(name)
            self.tags[name] = commit_of(self.db)
            self.known[self.tags[name]] = {table: dict(rows) for table, rows in self.tables.items()}

    @rule(name=st.sampled_from(["one", "two"]))
    def untag(self, name: str) -> None:
        if name in self.tags:
            self.db.untag(name)
            gone = self.tags.pop(name)
            if not self.recorded and gone not in self.tags.values():
                del self.known[gone]

    @rule()
    def reopen(self) -> None:
        self.db.close()
        self.db = rem.connect(Path(self.folder.name) / "m.rem", background=False, tail_rows_max=8)
        self.note()

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        if self.known:
            commit = data.draw(st.sampled_from(sorted(self.known)))
            self.db.restore(commit)
            self.tables = {name: dict(rows) for name, rows in self.known[commit].items()}
            self.note()
            self.check(self.db, self.tables)

    @rule(keep=st.integers(0, 3))
    def forget_old_ones(self, keep: int) -> None:
        """The time of the oldest states comes."""
        if self.recorded:
            kept = self.db._instance.store.history
            floor = kept.states[max(0, len(kept.states) - 1 - keep)]
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(history.History, "_cutoff", lambda self, _: floor.time)
                self.db._instance.store.collect_garbage()
            at_once = [state.commit for state in kept.states if state.commit not in self.tags.values()]
            self.known = {c: t for c, t in self.known.items() if c in at_once or c in self.tags.values()}
            assert floor.commit in at_once or floor.commit in self.tags.values()

    @invariant()
    def all_that_is_kept_is_read(self) -> None:
        if hasattr(self, "db"):
            self.check(self.db, self.tables)
            listed = set(self.db.versions()["version"].to_list())
            assert self.known.keys() <= listed
            for commit, tables in self.known.items():
                for name in "pq":
                    if name in tables:
                        found = self.db.sql(f"SELECT * FROM {name} AT (VERSION => {commit})").rows()
                        assert dict(found) == tables[name]
                        assert len(found) == len(tables[name])
                        key = next(iter(tables[name]), 99)
                        one = self.db.sql(
                            f"SELECT b FROM {name} AT (VERSION => {commit}) WHERE a = $k", {"k": key}
                        ).rows()
                        assert one == ([(tables[name][key],)] if key in tables[name] else [])
                    else:
                        with pytest.raises(RemError):
                            self.db.sql(f"SELECT * FROM {name} AT (VERSION => {commit})")

    def check(self, db: rem.Database, tables: dict[str, Rows]) -> None:
        for name, rows in tables.items():
            found = db.sql(f"SELECT * FROM {name}").rows()
            assert dict(found) == rows and len(found) == len(rows)

    def teardown(self) -> None:
        if hasattr(self, "db"):
            for commit, tables in list(self.known.items())[-2:]:
                with self.db.at(commit) as old:
                    self.check(old, tables)
            assert self.db.verify().is_empty()
            self.db.close()
            self.folder.cleanup()


TestVersions = Versions.TestCase
TestVersions.settings = settings(max_examples=examples(5), stateful_step_count=12, deadline=None)


class TestMoreVersions(Versions.TestCase):  # type: ignore[name-defined,misc]
    settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
    pytestmark = pytest.mark.long


@pytest.fixture
def db(tmp_path: Path) -> Any:
    with rem.connect(tmp_path / "m.rem", background=False, history="7d") as database:
        yield database


def test_searches_names_and_walks_are_as_of_the_version(db: rem.Database) -> None:
    generator = np.random.default_rng(3)
    vectors = {f"e{i}": generator.normal(size=512).tolist() for i in range(40)}
    for name in vectors:
        db.insert("entities", {"id": name, "name": f"name {name}", "description": f"about {name}"})
    db.add_edge("e0", "e1", "knows")
    db.tag("before")
    db.delete("entities", [f"e{i}" for i in range(1, 20)])
    db.update("entities", "e20", {"name": "renamed", "description": "gravel"})
    db.compact()
    with db.at("before") as old:
        assert old.lookup_entity("name e20")["id"].to_list() == ["e20"]
        assert old.lookup_entity("renamed").is_empty()
        assert old.get("entities", "e5")["name"] == "name e5"
        assert set(old.search("entities", "about e5", k=100, mode="vector")["id"]) == set(vectors)
        assert "e20" in old.search("entities", "about", k=100, mode="text")["id"].to_list()
        assert old.neighbors("e0")["id"].to_list() == ["e1"]
        with pytest.raises(InputError, match="read"):
            old.insert("entities", {"name": "x"})
    assert db.neighbors("e0").is_empty()
    assert db.lookup_entity("name e20").is_empty()
    db.restore("before")
    assert db.neighbors("e0")["id"].to_list() == ["e1"]
    assert set(db.search("entities", "about e5", k=100, mode="vector")["id"]) == set(vectors)
    assert db.lookup_entity("name e20")["id"].to_list() == ["e20"]


def test_a_time_means_the_version_that_was_the_newest(db: rem.Database) -> None:
    db.sql("CREATE TABLE t (a INT)")
    times = []
    for i in range(3):
        db.sql(f"INSERT INTO t VALUES ({i})")
        times.append(db.versions()["time"][0])
    count = "SELECT count(*) FROM t AT (TIMESTAMP => $at)"
    assert [db.sql(count, {"at": at}).item() for at in times] == [1, 2, 3]
    assert db.sql(count, {"at": times[1] - dt.timedelta(microseconds=1)}).item() == 1
    assert db.sql("SELECT count(*) FROM t AT (TIMESTAMP => now())").item() == 3
    db.sql("SET TimeZone = 'Asia/Tokyo'")
    local = times[1].astimezone(dt.timezone(dt.timedelta(hours=9))).replace(tzinfo=None)
    assert db.sql(count, {"at": local}).item() == 2
    with pytest.raises(RemError, match="no version of 2001"):
        db.sql("SELECT * FROM t AT (TIMESTAMP => DATE '2001-01-01')")


def test_a_gap_in_the_history_is_told(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "m.rem", background=False) as db:
        db.sql("CREATE TABLE t (a INT)")
        db.tag("one")
        tagged = db.versions()["time"][0]
        db.sql("INSERT INTO t VALUES (1)")
        db.tag("two")
        db.sql("INSERT INTO t VALUES (2)")
        with pytest.raises(InputError, match="no version of"):
            db.at(tagged + dt.timedelta(microseconds=1))
        with pytest.raises(InputError, match="no version of"):
            db.at(dt.datetime.now(dt.timezone.utc))
        assert db.diff("t", "one", "two").rows() == [("insert", 1)]


def test_what_a_changed_table_was(db: rem.Database) -> None:
    db.sql("CREATE TABLE t (a INT, b INT)")
    db.sql("INSERT INTO t VALUES (1, 2)")
    db.tag("before")
    db.sql("ALTER TABLE t DROP COLUMN b")
    db.sql("ALTER TABLE t ADD COLUMN c VARCHAR DEFAULT 'x'")
    db.sql("ALTER TABLE t RENAME TO u")
    assert db.sql("SELECT * FROM t AT (VERSION => 'before')").to_dicts() == [{"a": 1, "b": 2}]
    db.restore("before")
    assert db.sql("SELECT * FROM t").to_dicts() == [{"a": 1, "b": 2}]
    with pytest.raises(RemError, match='no table "u"'):
        db.sql("SELECT * FROM u")


def test_the_oldest_go_where_their_parts_take_too_much(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "m.rem", background=False, history="7d", history_bytes=1_000_000) as db:
        db.sql("CREATE TABLE t AS SELECT i AS a, random() AS b FROM range(20000) r(i)")
        db.tag("first")
        for _ in range(12):
            db.sql("UPDATE t SET b = random()")
            db.compact()
        store = db._instance.store
        tagged = 20_000 * 16
        assert store.history.kept_bytes <= 1_000_000 + tagged
        assert db.sql("SELECT count(*) FROM t AT (VERSION => 'first')").item() == 20_000
        assert 2 <= db.versions().height < 26


@pytest.mark.parametrize("wrong", ["7", "-1d", "yesterday", dt.timedelta(0), 7, ""])
def test_what_is_no_time_is_refused(tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(InputError, match="is no time"):
        rem.connect(tmp_path / "m.rem", history=wrong)
    assert not (tmp_path / "m.rem").exists()


def test_wrong_questions_are_told(db: rem.Database) -> None:
    db.sql("CREATE TABLE t (a INT)")
    db.sql("CREATE VIEW v AS SELECT * FROM t")
    for text, message in (
        ("SELECT * FROM t AT (VERSION => 1.5)", "a number or a tag"),
        ("SELECT * FROM t AT (VERSION => 'none')", "no tag 'none'"),
        ("SELECT * FROM v AT (VERSION => 3)", "is a view"),
        ("SELECT * FROM t AT (TIMESTAMP => 'x')", "is no time"),
        ("SELECT * FROM t AT (VERSION => 0)", 'no table "t" in version 0'),
    ):
        with pytest.raises(RemError, match=message):
            db.sql(text)
    for call in (lambda: db.at(10**9), lambda: db.at("none"), lambda: db.restore(1.5), lambda: db.untag("none")):  # type: ignore[arg-type]
        with pytest.raises(InputError):
            call()
    db.tag("a")
    db.sql("INSERT INTO t VALUES (1)")
    with pytest.raises(InputError, match="already"):
        db.tag("a")


def test_without_history_nothing_is_noted(tmp_path: Path) -> None:
    with rem.connect(tmp_path / "m.rem", background=False) as db:
        db.sql("CREATE TABLE t (a INT)")
        db.sql("INSERT INTO t VALUES (1)")
        db.compact()
        assert db.versions().height == 1
        with pytest.raises(InputError, match="connect"):
            db.at(0)
        assert db._instance.store.history.kept_bytes == 0


def test_a_reader_keeps_what_no_tag_names_any_more(tmp_path: Path) -> None:
    """A version that is pinned is older than the history, and outlives the tag that kept its parts."""
    with rem.connect(tmp_path / "m.rem", background=False) as db:
        db.sql("CREATE TABLE t (a INT PRIMARY KEY, b INT)")
        db.sql("INSERT INTO t SELECT i, i FROM range(3000) r(i)")
        db.compact()
        before = db._instance.store.pin()
        db.sql("UPDATE t SET b = -1 WHERE a < 10")
        db.tag("one")
        db.sql("DELETE FROM t WHERE a >= 20")
        db.compact()
        db.untag("one")
        db._instance.store.cache.drop_part(before.names["t"], before.find("t").parts[0].part.number)  # type: ignore[union-attr]
        (view,) = before.find("t").parts  # type: ignore[union-attr]
        assert view.part.frame(before.find("t").table.fields, view.length)["b"].sum() == sum(range(3000))  # type: ignore[union-attr]
        del before, view
        db._instance.store.collect_garbage()
        assert db._instance.store.history.kept_bytes == 0
        assert db.verify().is_empty()


def test_an_older_version_reads_newer_ones(db: rem.Database) -> None:
    db.sql("CREATE TABLE t AS SELECT 1 AS a")
    db.tag("one")
    db.sql("INSERT INTO t VALUES (2)")
    db.compact()
    db.tag("two")
    with db.at("one") as old:
        assert old.sql("SELECT count(*) FROM t").item() == 1
        assert old.sql("SELECT count(*) FROM t AT (VERSION => 'two')").item() == 2
        assert old.diff("t", "one", "two").rows() == [("insert", 2)]


@pytest.fixture
def changed(tmp_path: Path) -> Any:
    """A table of one segment, of which an older version has another."""
    with rem.connect(tmp_path / "m.rem", background=False, history="7d") as database:
        database.sql("CREATE TABLE t AS SELECT i AS a FROM range(5000) r(i)")
        database.compact()
        database.tag("first")
        database.sql("UPDATE t SET a = a + 1")
        database.compact()
        yield database


def test_damage_of_older_versions_is_found(changed: rem.Database) -> None:
    store = changed._instance.store
    number, commit = store.version.names["t"], store.history.tags["first"]
    (old,) = notes.unpacked(notes.latest(store.kv, notes.PAST, number, commit) or b"")
    store.kv.delete_prefix("pages", keys.page_key(number, old.part, 0, 0))
    assert changed.verify()["table"].to_list() == ["t (older versions)"]
    with pytest.raises(CorruptionError):
        changed.sql("SELECT sum(a) FROM t AT (VERSION => 'first')")
    assert changed.sql("SELECT sum(a) FROM t").item() == sum(range(5001))


def test_repair_keeps_the_newest_version_alone(changed: rem.Database) -> None:
    store = changed._instance.store
    number, part = store.version.names["t"], store.version.find("t").parts[0].part.number  # type: ignore[union-attr]
    store.kv.delete_prefix("pages", keys.page_key(number, part, 0, 0))
    changed.close()
    assert "(older versions)" in rem.repair(changed.path)["table"].to_list()
    with rem.connect(changed.path, background=False) as db:
        assert db.verify().is_empty()
        with pytest.raises(InputError, match="no tag"):
            db.at("first")
        db.sql("INSERT INTO t VALUES (7)")
        assert db.versions().height >= 2


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("INSERT INTO t SELECT a + 10 FROM t AT (VERSION => $v)", [2, 11]),
        ("INSERT INTO t SELECT a + 10 FROM t AT (VERSION => 'one')", [2, 11]),
        ("UPDATE t SET a = u.a FROM t AT (VERSION => 'one') AS u", [1]),
        ("DELETE FROM t USING t AT (VERSION => 'one') AS u WHERE t.a = u.a + 1", []),
        (
            "MERGE INTO t USING t AT (VERSION => 'one') AS u ON t.a = u.a WHEN NOT MATCHED THEN INSERT VALUES (u.a)",
            [1, 2],
        ),
        ("CREATE OR REPLACE TABLE t AS SELECT * FROM t AT (TIMESTAMP => getvariable('then'))", [1]),
    ],
)
def test_statements_that_write_read_older_versions(db: rem.Database, text: str, rows: list[int]) -> None:
    db.sql("CREATE TABLE t AS SELECT 1 AS a")
    db.tag("one")
    version, then = db.versions().row(0)[:2]
    db.sql("SET VARIABLE then = $t", {"t": then})
    db.sql("UPDATE t SET a = 2")
    db.sql(text, {"v": version} if "$v" in text else {})
    assert sorted(db.sql("SELECT a FROM t")["a"]) == rows
    db.sql("CREATE VIEW v AS SELECT a FROM t AT (VERSION => 'one')")
    assert db.sql("SELECT * FROM v").rows() == [(1,)]
    assert db.sql("DESCRIBE SELECT * FROM t AT (VERSION => 'one')").height == 1

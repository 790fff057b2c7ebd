"""The write path: every public write is one commit, whatever it brings; vectors that are computed come by their own."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from pydantic import BaseModel

import rem_arrow as rem
from rem_arrow.write import loader


class Issue(BaseModel):
    id: str
    title: str = ""
    priority: int = 0


class Task(BaseModel):
    id: str
    title: str = ""
    done: bool = False


class Owned(Issue):
    owner: str | None = None


FRAME = pl.DataFrame({"n": [1, 2, 3]})


@pytest.fixture
def db() -> Iterator[rem.Database]:
    with rem.connect(background=False) as database:
        database.register(Issue)
        database.insert("issues", [{"id": "i1", "title": "one"}, {"id": "i2", "title": "two"}])
        database.load("numbers", FRAME)
        database.add_edge("i1", "later", "waits")
        yield database


def _exported(db: rem.Database, folder: Path) -> Path:
    with rem.connect() as other:
        other.register(Issue, name="bugs")
        other.insert(
            "bugs", [{"id": "later"}, {"id": "b2"}], edges=[{"src": "later", "dst": "b2", "edge_type": "next"}]
        )
        other.export(folder / "out", tables=["bugs"])
    return folder / "out"


def _transaction(db: rem.Database) -> None:
    with db.transaction() as tx:
        tx.insert("issues", {"id": "later"})
        tx.update("issues", "i1", {"title": "new"})
        tx.add_edge("i1", "i2", "blocks")
        tx.delete("issues", "i2")


def _by_sql(db: rem.Database) -> None:
    db.sql("BEGIN; INSERT INTO issues (id) VALUES ('later'); DELETE FROM numbers; COMMIT")


MANY = pl.DataFrame({"id": ["later", *map(str, range(loader.DIRECT_ROWS_MIN))]})
MERGE = """
MERGE INTO issues t USING (VALUES ('i1', 'x'), ('later', 'y')) n(id, title) ON t.id = n.id
WHEN MATCHED THEN UPDATE SET title = n.title WHEN NOT MATCHED THEN INSERT (id, title) VALUES (n.id, n.title)"""
WRITES = {
    "register": lambda db: db.register(Task),
    "register again": lambda db: db.register(Owned, name="issues"),
    "evolve": lambda db: db.evolve(Owned, name="issues"),
    "insert": lambda db: db.insert("issues", {"id": "later"}, edges=[{"dst": "i1", "edge_type": "blocks"}]),
    "insert many": lambda db: db.insert("issues", [{"id": "later"}, {"id": "i1"}]),
    "update": lambda db: db.update("issues", "i1", {"title": "new"}),
    "delete": lambda db: db.delete("issues", ["i1", "i2"]),
    "purge": lambda db: db.purge("issues", "i1"),
    "load": lambda db: db.load("issues", pl.DataFrame({"id": ["later", "i1"]})),
    "load many": lambda db: db.load("issues", MANY),
    "load plain": lambda db: db.load("fresh", FRAME),
    "load plain many": lambda db: db.load("fresh", pl.DataFrame({"n": range(loader.DIRECT_ROWS_MIN)})),
    "load edges": lambda db: db.load("edges", pl.DataFrame({"src": ["i1"], "dst": ["i2"], "edge_type": ["next"]})),
    "add_edge": lambda db: db.add_edge("i1", "i2", "next"),
    "add_edges": lambda db: db.add_edges(pl.DataFrame({"src": ["i1"], "dst": ["i2"], "edge_type": ["next"]})),
    "remove_edges": lambda db: db.remove_edges("i1"),
    "add_document": lambda db: db.add_document("# Title\n\nText.\n" * 200, uri="later", chunk=50),
    "start_session": lambda db: db.start_session("Talk", id="later"),
    "create_index": lambda db: db.create_index("issues", "title", metric="bm25"),
    "transaction": _transaction,
    "BEGIN and COMMIT": _by_sql,
    "INSERT": lambda db: db.sql("INSERT INTO issues (id) VALUES ('later')"),
    "UPDATE": lambda db: db.sql("UPDATE issues SET priority = 2"),
    "DELETE": lambda db: db.sql("DELETE FROM issues"),
    "UPDATE plain": lambda db: db.sql("UPDATE numbers SET n = n + 1"),
    "DELETE plain": lambda db: db.sql("DELETE FROM numbers WHERE n > 1"),
    "MERGE": lambda db: db.sql(MERGE),
    "CREATE TABLE": lambda db: db.sql("CREATE TABLE t (n INTEGER)"),
    "CREATE TABLE AS": lambda db: db.sql("CREATE TABLE t AS SELECT * FROM numbers"),
    "CREATE OR REPLACE": lambda db: db.sql("CREATE OR REPLACE TABLE numbers AS SELECT 1 AS n"),
    "CREATE VIEW": lambda db: db.sql("CREATE VIEW v AS SELECT n FROM numbers"),
    "CREATE INDEX": lambda db: db.sql("CREATE INDEX by_n ON numbers (n)"),
    "DROP TABLE": lambda db: db.sql("DROP TABLE issues"),
    "ALTER TABLE": lambda db: db.sql("ALTER TABLE numbers RENAME TO others"),
}  # fmt: skip
# Verbs that write and are not one commit, and why.
OTHERS = {
    "add_documents": "a commit for each document",
    "add_message": "counted with a session",
    "add_moment": "counted with a session",
    "forget": "counted with a session",
    "import_from": "counted with an export",
    "reembed": "a commit for each batch of vectors",
    "compact": "no commit: rows stay as they are",
    "tag": "no commit: a name for one",
    "untag": "no commit: a name for one",
    "restore": "counted with versions",
    "transaction": "commits at its end",
    "sql": "counted by statement",
    "refresh": "reads",
    "search": "reads",
}


def _commits(db: rem.Database, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Collect the commits that change rows or tables from now on."""
    commits: list[object] = []
    store = db._instance.store
    commit = store.commit

    def counted(changes, *, base=None, settles=False):
        commits.append(changes)
        return commit(changes, base=base, settles=settles)

    monkeypatch.setattr(store, "commit", counted)
    return commits


def _of_vectors(db: rem.Database, changes: object) -> bool:
    """Say whether a commit brings computed vectors, and nothing else."""
    kinds = {db._instance.store.version.tables[n].table.kind for n in changes.appends}
    return kinds == {"vectors"} and not changes.killed


@pytest.mark.parametrize("verb", WRITES)
def test_a_write_is_one_commit(db: rem.Database, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, vectors that come with them, edges, edges that waited and descriptions of tables come at once."""
    commits = _commits(db, monkeypatch)
    WRITES[verb](db)
    assert len([c for c in commits if not _of_vectors(db, c)]) == 1


def test_verbs_of_a_conversation_are_one_commit(db: rem.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message and its edge to the session; a moment and its edges; all that is forgotten."""
    session = db.start_session("Talk")
    commits = _commits(db, monkeypatch)
    verbs = (
        lambda: db.add_message(session, "user", "Hello"),
        lambda: db.add_moment(session, "Greeting"),
        lambda: db.forget(session),
    )
    for number, verb in enumerate(verbs, 1):
        verb()
        assert len([c for c in commits if not _of_vectors(db, c)]) == number


def test_an_import_is_one_commit_with_the_edges_that_waited(
    db: rem.Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed in an import leaves all of it or nothing: no edge dangles at an entity that is there."""
    path = _exported(db, tmp_path)
    commits = _commits(db, monkeypatch)
    db.import_from(path)
    assert len([c for c in commits if not _of_vectors(db, c)]) == 1
    assert db.sql("SELECT src_table, src, dst_table, dst FROM edges").rows() == [("issues", "i1", "bugs", "later")]


def test_imported_edges_find_entities_of_the_same_import(tmp_path: Path) -> None:
    """An edge whose end was in a table that is left out goes to the entity of that id that is imported with it."""
    with rem.connect() as source:
        source.register(Issue)
        source.register(Task)
        source.insert("issues", [{"id": "a"}, {"id": "b"}], edges=[{"src": "a", "dst": "b", "edge_type": "next"}])
        source.insert("tasks", [{"id": "x"}])
        source.add_edge("a", "elsewhere", "mentions")
        source.export(tmp_path / "out")
    with rem.connect() as target:
        target.import_from(tmp_path / "out", tables={"edges": "edges", "issues": "tickets", "tasks": "tasks"})
        rows = target.sql("SELECT src_table, src, dst_table, dst FROM edges ORDER BY dst").rows()
        assert rows == [("tickets", "a", "tickets", "b"), ("tickets", "a", None, "elsewhere")]


def test_every_verb_that_writes_is_counted() -> None:
    """A public verb whose code writes is in one of the two lists."""
    writing = set()
    for name, verb in inspect.getmembers(rem.Database, inspect.isfunction):
        if name.startswith("_"):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(verb)))
        calls = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        if calls & {"_write", "_define", "writes", "_add_document", "writable"}:
            writing.add(name)
    counted = {verb.split()[0] for verb in WRITES if verb[0].islower()} | set(OTHERS) | {"backup", "create_index"}
    assert writing - counted == set()


@pytest.mark.parametrize("rows", [1, loader.DIRECT_ROWS_MIN])
def test_a_load_that_fails_stores_nothing(db: rem.Database, rows: int) -> None:
    """An id that comes twice in the last piece refuses all of it."""
    frame = pl.DataFrame({"id": [*map(str, range(rows)), "twice", "twice"]})
    before = db._instance.store.version.commit
    with pytest.raises(rem.InputError, match="more than once"):
        db.load("issues", frame)
    assert db._instance.store.version.commit == before
    assert db.sql("SELECT count(*) FROM issues").item() == 2


def test_edges_without_rows_are_refused(db: rem.Database) -> None:
    """They would have nothing to begin at."""
    with pytest.raises(rem.InputError, match="use add_edge"):
        db.insert("issues", [], edges=[{"dst": "i1", "edge_type": "blocks"}])


def test_a_view_is_refused_before_the_file_is_opened(db: rem.Database, tmp_path: Path) -> None:
    """The reason is the view, not the file that is not there."""
    db.sql("CREATE VIEW v AS SELECT 1 AS n")
    with pytest.raises(rem.InputError, match="v is a view"):
        db.load("v", tmp_path / "missing.parquet")

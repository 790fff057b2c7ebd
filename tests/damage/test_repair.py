"""Repair: what is sound is kept, what is gone is told, what was there is put aside, and the rest is sound again."""

from __future__ import annotations

import shutil

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.storage.loose_pages import loose_pages
from rem_arrow.write import repair as repairing
from tests.damage import flips, specimen
from tests.damage.flips import Flip
from tests.effort import examples, sample, some

# What may be wrong where a loss of that kind is told, besides rows that are missing.
BACK = "rows that were deleted be back"
TABLES = {
    "plain": "SELECT n, text, x FROM plain",
    "points": "SELECT id, v[1], v[2] FROM points",
    "parts": "SELECT id, name, code, weight FROM parts",
    "resources": "SELECT id, content FROM resources",
    "moments": "SELECT id, name, starts_at FROM moments",
    "edges": "SELECT src, dst, edge_type FROM edges",
    "entities": "SELECT id, name, aliases FROM entities",
}


@pytest.fixture(autouse=True)
def _small_indexes(monkeypatch):
    specimen.small_indexes(monkeypatch.setattr)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("repair") / "specimen"
    specimen.build(path)
    return path


@pytest.fixture(scope="module")
def rows(source, tmp_path_factory):
    """The rows of the sound database, by table."""
    copied = tmp_path_factory.mktemp("rows") / "db"
    flips.copy(source, copied)
    with rem.connect(copied, read_only=True) as db:
        rows = rows_of(db)
    # Edges of an entity that is deleted are shown again when the entity is gone.
    return rows | {"edges": rows["edges"] | {str((f"e{i}", f"e{i + 10}", "knows")) for i in range(10)}}


@pytest.fixture
def folder(source, tmp_path):
    flips.copy(source, tmp_path / "db")
    return tmp_path / "db"


def rows_of(db):
    return {name: set(map(str, db.sql(query).rows())) for name, query in TABLES.items() if name in db.tables()["name"]}


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def named(folder, pattern):
    return next(name for name in flips.files(folder) if name.startswith(pattern) or name.endswith(pattern))


def check_repaired(folder, rows, gone):
    """The database is sound and whole again, but for what was told: rows that are missing, or back."""
    told = gone.filter(pl.col("rows").is_null() | (pl.col("rows") > 0))
    back = told["problem"].str.contains(BACK).any()
    with rem.connect(folder, background=False) as db:
        assert db.verify().rows() == []
        assert db.stats()["damage"] == []
        for name, kept in rows_of(db).items():
            assert back or kept <= rows[name], f"rows of {name} that never were"
            if not told.height and name != "edges":
                assert kept == rows[name], name
        for name, (ask, expected) in specimen.QUESTIONS.items():
            if not told.height:
                assert ask(db) == expected, name
        assert db.insert("entities", {"id": "new", "name": "New"}) == "new"
        db.sql("INSERT INTO plain SELECT 5000, 'n', 1.0" if "plain" in db.tables()["name"] else "SELECT 1")
        db.compact()
        assert db.lookup_entity("new")["id"].to_list() == ["new"]
        assert db.verify().rows() == []
    return told


def test_a_sound_database_is_left_as_it_is(folder):
    """No rows, and no file is changed."""
    before = contents(folder)
    assert rem.repair(folder).rows() == []
    assert contents(folder).items() - before.items() <= {("LOCK", b"")}


DAMAGES = {
    "CURRENT": (lambda f: Flip("CURRENT", 3, 1), "names no list of files"),
    "manifest": (lambda f: Flip(named(f, "MANIFEST"), 300, 1), "is damaged at byte"),
    "full-text index": (lambda f: Flip(named(f, ".term"), 30, 1), "made anew"),
    "vector index": (lambda f: Flip(named(f, ".hnsw"), 3_000, 1), "made anew"),
}


@pytest.mark.parametrize("damage", some(list(DAMAGES)))
def test_what_holds_no_rows_loses_none(folder, source, rows, damage):
    """All rows are there, in the log alone too; what was there before is put aside, and nothing of it deleted."""
    flip, problem = DAMAGES[damage][0](source), DAMAGES[damage][1]
    flip.apply(folder)
    before = contents(folder)
    dry = rem.repair(folder, dry_run=True)
    assert contents(folder).items() - before.items() <= {("LOCK", b"")}
    gone = rem.repair(folder)
    assert gone.rows() == dry.rows() != []
    assert problem in gone["problem"][0]
    (aside,) = (folder / "damaged").iterdir()
    now = contents(folder)
    kept = contents(aside) | {n: d for n, d in now.items() if n.startswith(("vectors", "texts"))}
    assert before.items() <= kept.items()
    with rem.connect(folder, background=False) as db:
        assert rows_of(db) == {**rows, "edges": rows_of(db)["edges"]}
        for name, (ask, expected) in specimen.QUESTIONS.items():
            assert ask(db) == expected, name
    check_repaired(folder, rows, gone.clear())


def test_a_lost_record_of_the_log_is_told_by_its_commit(folder, source, rows):
    """The commits before and behind are kept."""
    Flip(named(source, ".log"), 1_000, 1).apply(folder)
    with pytest.raises(rem.CorruptionError, match="rem-arrow repair"):
        rem.connect(folder)
    gone = rem.repair(folder)
    assert gone.height == 1 and gone["commits"][0].isdigit()
    told = check_repaired(folder, rows, gone)
    assert told.height == 1


def data_files(source):
    return [name for name in flips.files(source) if name.endswith(".sst")]


@pytest.mark.parametrize("start", [0, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 2))])
def test_a_data_file_without_its_footer(source, folder, rows, start):
    """Pages are found in its bytes; what else it held is told."""
    by_size = sorted(data_files(source), key=lambda name: -(source / name).stat().st_size)
    for name in sample(by_size[start::3]):
        flips.copy(source, folder)
        Flip(name, (source / name).stat().st_size - 30, 1).apply(folder)
        gone = rem.repair(folder)
        assert gone.height and any(name in problem for problem in gone["problem"]), name
        told = check_repaired(folder, rows, gone)
        if name == max(data_files(source), key=lambda n: (source / n).stat().st_size):
            assert told.filter(pl.col("segment").is_not_null()).rows() == [], "no page is lost"


@pytest.mark.long
def test_a_data_file_with_a_flipped_byte(source, folder, rows):
    """Wherever it is."""
    for name in data_files(source):
        for at in range(11, (source / name).stat().st_size, 777):
            flips.copy(source, folder)
            Flip(name, at, 1).apply(folder)
            gone = rem.repair(folder)
            check_repaired(folder, rows, gone)


def test_the_rows_of_a_damaged_page_are_counted(tmp_path):
    """They are gone from all columns; the other rows of the segment are kept, and found by their ids."""
    path = tmp_path / "db"
    n = range(100_000)
    frame = pl.DataFrame({"n": n, "text": [f"text {i}" for i in n], "x": [i * 0.5 for i in n]})
    with rem.connect(path, background=False) as db:
        db.load("t", frame)
        db.sql("DELETE FROM t WHERE n < 10")
        db.load(
            "entities", pl.DataFrame({"id": [f"e{i}" for i in n[:2_000]], "name": [f"Name {i}" for i in n[:2_000]]})
        )
        db.compact()
    file = max(path.glob("*.sst"), key=lambda p: len(list(loose_pages(p))))
    data = file.read_bytes()
    page = max((value for _, value in loose_pages(file)), key=len)
    Flip(file.name, data.index(page) + len(page) // 2, 1).apply(path)
    gone = rem.repair(path)
    lost = gone.filter(pl.col("rows") > 0)
    (table,) = lost["table"].unique().to_list()
    with rem.connect(path) as db:
        assert db.verify().rows() == []
        whole = {"t": 99_990, "entities": 2_000}
        assert db.sql(f"SELECT count(*) FROM {table}").item() == whole[table] - lost["rows"].sum() > 0
        kept = db.sql("SELECT * FROM t ORDER BY n")
        assert kept.equals(frame.filter(pl.col("n").is_in(kept["n"].implode())))
        for id_ in db.sql("SELECT id FROM entities USING SAMPLE 20 ROWS")["id"]:
            assert db.get("entities", id_)["name"] == f"Name {id_[1:]}"


@pytest.mark.parametrize("after", [0, *some([5, 1, 30])])
def test_a_repair_that_was_killed_is_finished_by_the_next(folder, source, rows, monkeypatch, after):
    """In between the folder is no database, and says why."""
    Flip(named(source, "MANIFEST"), 300, 1).apply(folder)
    moved, move = [], repairing._move

    def killed(paths, target):
        for path in paths:
            if len(moved) == after:
                raise KeyboardInterrupt
            moved.append(path)
            move([path], target)

    monkeypatch.setattr(repairing, "_move", killed)
    with pytest.raises(KeyboardInterrupt):
        rem.repair(folder)
    monkeypatch.undo()
    if after:
        with pytest.raises(rem.InputError, match="was interrupted; run it again"):
            rem.connect(folder)
    rem.repair(folder)
    specimen.small_indexes(monkeypatch.setattr)
    with rem.connect(folder, background=False) as db:
        assert rows_of(db) == {**rows, "edges": rows_of(db)["edges"]}
    assert not (folder / "repair.tmp").exists()


def test_families_without_files_keep_their_numbers(tmp_path):
    """A small database has files for some families only; a list that is made anew numbers the others at random, which
    says nothing of the log. Eight repairs show it most of the time."""
    with rem.connect(tmp_path / "db") as db:
        db.sql("CREATE TABLE t AS SELECT n FROM range(1000) r(n)")
        db.insert("entities", {"id": "ada", "name": "Ada"})
        db.compact()
    manifest = next((tmp_path / "db").glob("MANIFEST-*"))
    data = bytearray(manifest.read_bytes())
    data[200] ^= 1
    manifest.write_bytes(data)
    for number in range(examples(8)):
        shutil.copytree(tmp_path / "db", tmp_path / str(number))
        rem.repair(tmp_path / str(number))
        with rem.connect(tmp_path / str(number)) as db:
            assert db.sql("SELECT count(*) FROM t").item() == 1_000 and db.get("entities", "ada")["name"] == "Ada"


def test_a_repair_needs_the_folder_for_itself(folder):
    """Who has the database open for writing keeps it out, and it keeps writers out."""
    with rem.connect(folder, background=False), pytest.raises(rem.ConflictError, match="open for writing"):
        rem.repair(folder)
    with repairing.locked(folder), pytest.raises(rem.ConflictError, match="open for writing"):
        rem.connect(folder)


def test_what_cannot_be_repaired_is_refused(tmp_path, folder):
    """A folder without a database, and a database of a newer format."""
    with pytest.raises(rem.InputError, match="no database to repair"):
        rem.repair(tmp_path)
    with rem.connect(folder, background=False) as db:
        db._instance.store.kv.write([("default", b"format", b"rem_arrow 2")])
    with pytest.raises(rem.InputError, match="rem_arrow 2.*It is newer"):
        rem.repair(folder)


def test_pages_are_found_in_the_bytes_of_a_file(source):
    """All that RocksDB reads, and nothing else."""
    from rem_arrow.storage.kv import KV

    kv = KV(source, "read")
    stored = dict(kv.scan("pages", b""))
    kv.close()
    found = dict(entry for name in data_files(source) for entry in loose_pages(source / name))
    assert stored.items() <= found.items()


def test_tenants_are_repaired_alone(tmp_path):
    """And are left alone where their database is repaired."""
    with rem.connect(tmp_path / "db", tenant="acme") as db:
        db.insert("entities", {"id": "a", "name": "A"})
    with rem.connect(tmp_path / "db") as db:
        db.insert("entities", {"id": "b", "name": "B"})
    (tmp_path / "db" / "CURRENT").write_text("nothing\n")
    assert rem.repair(tmp_path / "db", tenant="acme").rows() == []
    assert rem.repair(tmp_path / "db").height == 1
    for tenant, id_ in ((None, "b"), ("acme", "a")):
        with rem.connect(tmp_path / "db", tenant=tenant) as db:
            assert db.sql("SELECT id FROM entities")["id"].to_list() == [id_]
    shutil.rmtree(tmp_path / "db")

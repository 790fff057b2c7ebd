"""Search by words against brute force BM25: fresh, filtered first, never a wrong or missing row; and fusion of scores
by rank."""

from __future__ import annotations

import contextlib
import math
import random
import re
import shutil
import threading
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import rem_arrow as rem
from rem_arrow.access import kept_index, text_indexes
from rem_arrow.index.text_index import TextIndex
from tests.children import killed
from tests.effort import examples
from tests.patience import join, started
from tests.plan.test_score_fusion import slowly


class Note(BaseModel):
    """A text with a kind."""

    content: str | None = None
    kind: str = "a"


def words(text: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    return re.findall(r"[a-z0-9]+", plain)


def bm25(texts: dict[Any, str | None], query: str) -> dict[Any, float]:
    """Return the score of each text that holds a word of the query."""
    known = {key: words(text) for key, text in texts.items() if text is not None}
    mean = sum(map(len, known.values())) / max(1, len(known))
    found: dict[Any, float] = {}
    for word in dict.fromkeys(words(query)):
        holding = {key: Counter(text)[word] for key, text in known.items() if word in text}
        idf = math.log(1 + (len(known) - len(holding) + 0.5) / (len(holding) + 0.5))
        for key, tf in holding.items():
            found[key] = found.get(key, 0.0) + idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * len(known[key]) / mean))
    return found


def best(texts: dict[Any, str | None], query: str, k: int) -> list[Any]:
    scores = bm25(texts, query)
    return sorted(scores, key=lambda key: (-round(scores[key], 4), key))[:k]


@pytest.fixture
def db(tmp_path: Path) -> Any:
    with rem.connect(tmp_path / "db", background=False) as opened:
        opened.register(Note, name="notes")
        yield opened


def fill(db: rem.Database, texts: list[str | None]) -> dict[str, str | None]:
    rows = {f"n{i:03}": text for i, text in enumerate(texts)}
    db.insert(
        "notes", [{"id": key, "content": text, "kind": "ab"[i % 2]} for i, (key, text) in enumerate(rows.items())]
    )
    return rows


def ids(frame: pl.DataFrame) -> list[str]:
    return frame["id"].to_list()


VOCABULARY = ["fox", "dog", "café", "Zürich", "the", "a", "base", "data", "Query", "x1"]
TEXTS = st.lists(
    st.one_of(st.none(), st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join)), min_size=1, max_size=25
)


@settings(max_examples=examples(15))
@given(TEXTS, st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=4).map(" ".join), st.integers(1, 8))
def test_a_search_gives_the_best_rows_with_their_scores(texts: list[str | None], query: str, k: int) -> None:
    """In every form, the rows and the scores are those of BM25 over the live rows."""
    with rem.connect(background=False) as db:
        db.register(Note, name="notes")
        rows = fill(db, texts)
        scores, wanted = bm25(rows, query), best(rows, query, k)
        found = db.sql("SELECT id, _score FROM notes r WHERE r.content.bm25($q, k => $k)", {"q": query, "k": k})
        assert ids(found) == wanted
        assert found["_score"].to_list() == pytest.approx([scores[key] for key in wanted], rel=1e-4)
        numbers = dict(db.sql("SELECT id, content.bm25($q) FROM notes", {"q": query}).iter_rows())
        assert {key: n for key, n in numbers.items() if n is not None} == pytest.approx(scores, rel=1e-4)
        ordered = db.sql("SELECT id FROM notes ORDER BY content.bm25($q) DESC LIMIT 3", {"q": query})
        assert ids(ordered)[: min(3, len(scores))] == best(rows, query, 3)
        assert ids(db.search("notes", query, k=k, mode="text")) == wanted


@settings(max_examples=examples(12))
@given(st.randoms(use_true_random=False))
def test_rows_that_come_and_go_are_seen_at_once(random_: random.Random) -> None:
    """After every write the search answers for the rows as they are, also when the tail is sealed or compacted
    between."""
    with rem.connect(background=False) as db:
        db.register(Note, name="notes")
        db.create_index("notes", "content", metric="bm25")
        rows: dict[str, str | None] = {}
        for step in range(12):
            key = f"n{random_.randrange(8)}"
            text = " ".join(random_.choices(VOCABULARY, k=random_.randrange(1, 6)))
            match random_.randrange(5):
                case 0 | 1:
                    db.insert("notes", {"id": key, "content": text})
                    rows[key] = text
                case 2 if key in rows:
                    db.update("notes", key, {"content": text})
                    rows[key] = text
                case 3 if key in rows:
                    db.delete("notes", key) if step % 2 else db.purge("notes", key)
                    del rows[key]
                case _:
                    db.compact()
            query = " ".join(random_.choices(VOCABULARY, k=2))
            found = db.sql("SELECT id FROM notes r WHERE r.content.bm25($q, k => 20)", {"q": query})
            assert set(ids(found)) == set(bm25(rows, query))


def test_the_filter_comes_first(db: rem.Database) -> None:
    """k rows come where k pass the filter, however few pass, and however badly they rank."""
    rows = fill(db, [f"fox {'fox ' * (i % 7)}word{i}" for i in range(200)])
    for kind in "ab":
        passing = {key: text for i, (key, text) in enumerate(rows.items()) if "ab"[i % 2] == kind}
        found = db.sql("SELECT id FROM notes r WHERE r.content.bm25('fox', k => 5) AND kind = $kind", {"kind": kind})
        scores = bm25(rows, "fox")
        assert ids(found) == sorted(passing, key=lambda key: (-round(scores[key], 4), key))[:5]
    assert ids(db.sql("SELECT id FROM notes r WHERE r.content.bm25('fox') AND id = 'n077'")) == ["n077"]
    assert db.sql("SELECT id FROM notes r WHERE r.content.bm25('word3') AND kind = 'a'").height == 0


def test_large_filters_and_large_results(db: rem.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the filter lets many rows through, the index is asked for more until enough of them pass."""
    monkeypatch.setattr(text_indexes, "_NAMED_ROWS_MAX", 0)
    rows = fill(db, [f"{'fox ' * (1 + i % 5)}w{i}" for i in range(300)])
    scores = bm25(rows, "fox")
    passing = [key for i, key in enumerate(rows) if i % 2]
    found = db.sql("SELECT id FROM notes r WHERE r.content.bm25('fox', k => 40) AND kind = 'b'")
    assert ids(found) == sorted(passing, key=lambda key: (-round(scores[key], 4), key))[:40]
    assert db.sql("SELECT id FROM notes r WHERE r.content.bm25('fox', k => 1000)").height == 300


def test_any_text_is_a_query(db: rem.Database) -> None:
    """But for quotes, + and - there are no signs of a query language; a text without words finds nothing."""
    fill(db, ["alpha beta", "gamma delta", "ALPHA:(beta"])
    for query in ('alpha AND "', "alpha:(", "+alpha - beta", "alpha\x00", "α alpha ✓", "alpha " * 5_000):
        assert db.search("notes", query, mode="text").height == 2, query
    for query in ("", "  ", ':( "', "✓", "nosuchword"):
        assert db.search("notes", query, mode="text").height == 0, query
    assert db.sql("SELECT id FROM notes r WHERE r.content.bm25($q)", {"q": None}).height == 0


def test_searches_join_group_and_nest(db: rem.Database) -> None:
    """A search by words is a relation as any other."""
    fill(db, ["red fox", "red dog", "blue fox", "blue dog", "red red fox"])
    assert db.sql(
        "SELECT kind, count(*) AS n FROM SEARCH(notes, 'red', metric => 'bm25') GROUP BY kind ORDER BY kind"
    ).rows() == [("a", 2), ("b", 1)]
    both = db.sql(
        "SELECT a.id, b.id AS other FROM notes a, notes b WHERE a.content.bm25('red', k => 1) AND "
        "b.content.bm25('blue', k => 2) ORDER BY 2"
    )
    assert both.rows() == [("n004", "n002"), ("n004", "n003")]
    text = (
        "WITH found AS (SELECT id, _score AS s FROM notes r WHERE r.content.bm25('fox')) SELECT count(*), max(s) "
        "> min(s) FROM found"
    )
    assert db.sql(text).rows() == [(3, True)]
    assert db.sql("SELECT id FROM notes WHERE content.bm25('red') > 0.3 ORDER BY id").height == 3


def test_plain_tables_and_frames_are_searched_too(db: rem.Database) -> None:
    """A stored table without ids, and a frame that is handed over."""
    frame = pl.DataFrame({"t": ["one two", None, "two two", "three"]})
    db.load("facts", frame)
    for source, frames in (("facts", {}), ("given", {"given": frame})):
        assert db.sql(f"SELECT t FROM {source} f WHERE f.t.bm25('two')", frames=frames)["t"].to_list() == [
            "two two",
            "one two",
        ]
    assert db.search("facts", "two", mode="text", column="t")["t"].to_list() == ["two two", "one two"]


def test_what_changes_rows_may_search_them(db: rem.Database) -> None:
    """UPDATE and DELETE by words; EXPLAIN shows the words."""
    db.load("facts", pl.DataFrame({"t": ["a x", "b", "x x"], "n": [1, 2, 3]}))
    assert db.sql("UPDATE facts SET n = 9 WHERE facts.t.bm25('x') > 0").item() == 2
    assert db.sql("DELETE FROM facts WHERE facts.t.bm25('b') > 0").item() == 1
    assert sorted(db.sql("SELECT n FROM facts")["n"]) == [9, 9]
    assert "text_score" in (plan := db.explain("SELECT t.bm25('some words') FROM facts"))
    assert "'some words'" in plan
    assert "\x00bm25" not in plan


def test_rrf_is_the_sum_of_the_inverse_ranks(db: rem.Database) -> None:
    """Each score gives 1 / (60 + rank) to the rows that it has, and rows without any have none."""
    rows = fill(db, ["fox", "fox fox dog", "dog", "bird", None])
    found = dict(db.sql("SELECT id, rrf(content.bm25('fox'), content.bm25('dog dog')) FROM notes").iter_rows())
    one, two = best(rows, "fox", 9), best(rows, "dog", 9)
    wanted = {key: sum(1 / (61 + ranking.index(key)) for ranking in (one, two) if key in ranking) for key in rows}
    assert {key: value for key, value in found.items() if value is not None} == pytest.approx(
        {k: v for k, v in wanted.items() if v}
    )
    order = db.sql("SELECT id FROM notes ORDER BY rrf(embedding.cosine('fox'), content.bm25('fox')) DESC LIMIT 1")
    assert ids(order) == ["n000"]
    mixed = db.sql(
        "SELECT id, 0.5 * embedding.cosine('fox') + 0.5 * coalesce(content.bm25('fox'), 0) AS s FROM notes ORDER BY "
        "s DESC NULLS LAST LIMIT 2"
    )
    assert set(ids(mixed)) == {"n000", "n001"}


def test_hybrid_search_fuses_both(db: rem.Database) -> None:
    """What both rankings have high comes first; a filter holds for both."""
    fill(db, ["parse a date", "parse the time", "dates and dating", "unrelated", "date date date"])
    found = db.search("notes", "parse date", k=3, mode="hybrid")
    assert found["id"][0] == "n000"
    assert found["_score"].is_sorted(descending=True)
    assert set(
        db.search("notes", "parse date", k=5, mode="hybrid", where="kind = $kind", parameters={"kind": "b"})["kind"]
    ) == {"b"}


@pytest.mark.parametrize("metric", ["cosine", "inner_product", "l2"])
def test_hybrid_search_sums_standard_scores(db: rem.Database, metric: Any) -> None:
    """Those of the words and those of the vectors; of distances the smallest is the first."""
    fill(db, ["red fox jumps", "blue fox jumps", "parse a date", "a date to parse fox", "fox fox", "fox fox"])
    hits = db.search("notes", "fox", k=6, mode="hybrid", metric=metric)
    words = dict(db.search("notes", "fox", mode="text")["id", "_score"].iter_rows())
    nearest = dict(db.search("notes", "fox", mode="vector", metric=metric)["id", "_score"].iter_rows())
    sign = -1 if metric == "l2" else 1
    expected = slowly(words, {id_: sign * score for id_, score in nearest.items()})
    assert dict(hits["id", "_score"].iter_rows()) == pytest.approx(expected)
    assert ids(hits)[:2] == ["n004", "n005"]


def test_what_is_no_search_is_refused(db: rem.Database) -> None:
    """Every refusal says what is wrong, and what would work."""
    fill(db, ["x"])
    with pytest.raises(rem.InputError, match="mode is 'vector', 'text' or 'hybrid', not 'words'"):
        db.search("notes", "x", mode="words")  # type: ignore[arg-type]
    with pytest.raises(rem.InputError, match="takes a text, not list"):
        db.search("notes", [1.0], mode="text")
    with pytest.raises(rem.InputError, match="notes.created_at is no text"):
        db.search("notes", "x", mode="text", column="created_at")
    with pytest.raises(rem.InputError, match="no column of texts that is embedded; name a column"):
        db.load("facts", pl.DataFrame({"n": [1]}))
        db.search("facts", "x", mode="text")
    db.load("plain", pl.DataFrame({"t": ["a"]}))
    with pytest.raises(rem.InputError, match="nothing embeds the texts of plain"):
        db.search("plain", "a", mode="hybrid", column="t")
    for where in ("kind = 'a') OR (1 = 1", "kind = 'a'; DROP TABLE notes", "kind = 'a' GROUP BY kind", "kind ="):
        with pytest.raises(rem.RemError):
            db.search("notes", "x", where=where)
    with pytest.raises(rem.InputError, match="where is one condition in SQL"):
        db.search("notes", "x", where="kind = 'a' LIMIT 3")
    with pytest.raises(rem.BindError, match="bm25 takes a text"):
        db.sql("SELECT content.bm25(kind) FROM notes")
    with pytest.raises(rem.BindError, match="a column of a table in FROM, and this is computed"):
        db.sql("SELECT c.bm25('x') FROM (SELECT content || '' AS c FROM notes) s")
    with pytest.raises(rem.BindError, match="a search stands alone as an AND term of WHERE"):
        db.sql("SELECT id FROM notes r WHERE r.content.bm25('x') AND kind = 'a' OR kind = 'b'")
    with pytest.raises(rem.BindError, match="rrf takes two scores or more"):
        db.sql("SELECT rrf(content.bm25('x')) FROM notes")
    with pytest.raises(rem.BindError, match="rrf ranks the rows of a query, and cannot stand here"):
        db.sql("SELECT id FROM notes WHERE rrf(content.bm25('x'), content.bm25('y')) > 0")
    with pytest.raises(rem.InputError, match="a full-text index is on a text"):
        db.create_index("notes", "created_at", metric="bm25")
    with pytest.raises(rem.UnsupportedError, match="a full-text index takes no options"):
        db.sql("CREATE INDEX i ON notes USING FTS (content) WITH (m = 3)")


# --- indexes that are kept


def test_an_index_is_kept_and_found_again(tmp_path: Path) -> None:
    """CREATE INDEX ... USING FTS keeps its files; reopening reads them, and DROP INDEX removes them."""
    with rem.connect(tmp_path / "db", background=False) as db:
        db.register(Note, name="notes")
        fill(db, ["red fox", "blue fox"])
        db.sql("CREATE INDEX words ON notes USING FTS (content)")
        with pytest.raises(rem.InputError, match="has a full-text index already"):
            db.create_index("notes", "content", metric="bm25")
        assert ids(db.search("notes", "red", mode="text")) == ["n000"]
    folders = list((tmp_path / "db" / "texts").iterdir())
    assert len(folders) == 1
    with rem.connect(tmp_path / "db", background=False) as db:
        assert ids(db.search("notes", "blue", mode="text")) == ["n001"]
        assert list((tmp_path / "db" / "texts").iterdir()) == folders
        db.sql("DROP INDEX words")
        assert list((tmp_path / "db" / "texts").iterdir()) == []
        assert ids(db.search("notes", "blue", mode="text")) == ["n001"]


def test_an_index_follows_the_name_of_its_column(db: rem.Database) -> None:
    """A renamed column keeps its index; one that is indexed is not dropped."""
    db.load("facts", pl.DataFrame({"t": ["one", "two"], "n": [1, 2]}))
    db.create_index("facts", "t", metric="bm25")
    db.sql("ALTER TABLE facts RENAME COLUMN t TO body")
    assert db.sql("SELECT n FROM facts f WHERE f.body.bm25('two')").rows() == [(2,)]
    with pytest.raises(rem.RemError, match="index"):
        db.sql("ALTER TABLE facts DROP COLUMN body")
    db.sql("DROP TABLE facts")
    assert list((db.path / "texts").iterdir()) == []


@pytest.mark.parametrize("damage", ["flip", "lose", "strange", "all"])
def test_a_damaged_index_is_made_anew(tmp_path: Path, damage: str) -> None:
    """Whatever is wrong with the files, the answers come from the rows."""
    path = tmp_path / "db"
    with rem.connect(path, background=False) as db:
        db.register(Note, name="notes")
        rows = fill(db, [f"fox word{i}" for i in range(30)])
        db.create_index("notes", "content", metric="bm25")
        db.search("notes", "fox", mode="text")
    (folder,) = (path / "texts").iterdir()
    files = sorted(f for f in folder.iterdir() if f.suffix in (".idx", ".term", ".fast"))
    match damage:
        case "flip":
            data = bytearray(files[0].read_bytes())
            data[len(data) // 3] ^= 0x40
            files[0].write_bytes(bytes(data))
        case "lose":
            files[1].unlink()
        case "strange":
            (folder / "meta.json").write_text("{}")
        case "all":
            shutil.rmtree(folder)
    with rem.connect(path, background=False) as db:
        assert set(ids(db.search("notes", "fox", k=50, mode="text"))) == set(rows)
        assert ids(db.search("notes", "word7", mode="text")) == ["n007"]


def test_files_of_another_layout_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of earlier versions are no damage, and are not read."""
    monkeypatch.setattr("rem_arrow.index.text_index.LAYOUT", 1)
    with rem.connect(tmp_path / "db", background=False) as db:
        db.register(Note, name="notes")
        fill(db, ["red fox", "blue fox"])
        db.create_index("notes", "content", metric="bm25")
        db.search("notes", "red", mode="text")
    before = list((tmp_path / "db" / "texts").iterdir())
    monkeypatch.undo()
    with rem.connect(tmp_path / "db", background=False) as db:
        assert ids(db.search("notes", "red", mode="text")) == ["n000"]
        assert db.stats()["remade_indexes"] == []
        assert db.verify().rows() == []
    assert list((tmp_path / "db" / "texts").iterdir()) != before


def test_files_that_change_do_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may end at any moment of a change: what it leaves is no damage. A copy is what a kill leaves."""
    path, copies = tmp_path / "db", []
    put, commit = TextIndex.put, TextIndex.commit

    def copy_file(source: str, target: str) -> None:
        # tantivy writes files under other names first.
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(source, target)

    def copied() -> None:
        copies.append(tmp_path / f"copy{len(copies)}")
        shutil.copytree(path, copies[-1], copy_function=copy_file)

    def put_between(self: TextIndex, *args: Any) -> None:
        copied()
        put(self, *args)
        copied()

    def commit_between(self: TextIndex) -> bool:
        copied()
        changed = commit(self)
        copied()
        return changed

    with rem.connect(path, background=False) as db:
        db.register(Note, name="notes")
        fill(db, ["red fox", "blue fox"])
        db.create_index("notes", "content", metric="bm25")
        monkeypatch.setattr(TextIndex, "put", put_between)
        monkeypatch.setattr(TextIndex, "commit", commit_between)
        for i in range(examples(12)):
            db.insert("notes", {"id": f"m{i}", "content": f"red word{i}"})
            db.search("notes", "red", mode="text")
        monkeypatch.undo()
        assert db.verify().rows() == []
    assert len(copies) == 4 * examples(12)
    for i, copy in enumerate(copies):
        with rem.connect(copy, background=False) as db:
            assert db.verify().rows() == [], copy.name
            if i % 8 < 4:
                assert len(db.search("notes", "red", k=50, mode="text")) == i // 4 + 2


def test_files_that_could_not_be_changed_count_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the entry cannot be taken back, the files stay as they were; where it was, they go."""
    with rem.connect(tmp_path / "db", background=False) as db:
        db.register(Note, name="notes")
        fill(db, ["red fox", "blue fox"])
        db.create_index("notes", "content", metric="bm25")

        def full(*args: Any) -> None:
            raise rem.ExecuteError("the disk is full")

        for owner, name in ((kept_index.IndexFiles, "drop_entry"), (TextIndex, "put")):
            db.insert("notes", {"content": f"red {name}"})
            with monkeypatch.context() as patched:
                patched.setattr(owner, name, full)
                with contextlib.suppress(rem.ExecuteError):
                    db.search("notes", "red", mode="text")
            assert db.verify().rows() == []
            assert len(db.search("notes", "red", k=9, mode="text")) == 2 + (name == "put")


def test_a_killed_process_loses_and_invents_nothing(tmp_path: Path) -> None:
    """Killed at any point of writing rows and their index, the next process finds what the rows hold."""
    path = tmp_path / "db"
    with rem.connect(path) as db:
        db.register(Note, name="notes")
        db.create_index("notes", "content", metric="bm25")
    for attempt in range(examples(4, least=2)):
        child = killed("-m", "tests.face.words_child", path, attempt * 100_000, after_s=0.3 + attempt * 0.13)
        with rem.connect(path, background=False) as db:
            rows = dict(db.sql("SELECT id, content FROM notes").iter_rows())
            stored = {f"n{line}" for line in child.lines}
            assert stored <= rows.keys()
            assert set(ids(db.search("notes", "shared", k=len(rows) + 5, mode="text"))) == rows.keys()
            for key in random.Random(attempt).sample(sorted(rows), min(5, len(rows))):
                assert ids(db.search("notes", rows[key].split()[0], mode="text")) == [key]


def test_a_transaction_sees_its_own_texts_and_others_do_not(db: rem.Database) -> None:
    """A search answers for the version that it reads."""
    fill(db, ["red fox", "blue fox"])
    assert db.search("notes", "fox", mode="text").height == 2
    with db.transaction() as tx:
        tx.insert("notes", {"id": "t1", "content": "green fox"})
        tx.update("notes", "n000", {"content": "red dog"})
        assert set(ids(tx.sql("SELECT id FROM notes r WHERE r.content.bm25('fox')"))) == {"t1", "n001"}
        assert set(ids(db.sql("SELECT id FROM notes r WHERE r.content.bm25('fox')"))) == {"n000", "n001"}
    assert set(ids(db.sql("SELECT id FROM notes r WHERE r.content.bm25('fox')"))) == {"t1", "n001"}


def test_another_process_reads_and_searches(tmp_path: Path) -> None:
    """A reader makes its own index, and sees new rows when it refreshes."""
    with rem.connect(tmp_path / "db") as db:
        db.register(Note, name="notes")
        fill(db, ["red fox"])
        db.create_index("notes", "content", metric="bm25")
        db.search("notes", "fox", mode="text")
        with rem.connect(tmp_path / "db", read_only=True) as reader:
            assert ids(reader.search("notes", "red", mode="text")) == ["n000"]
            db.insert("notes", {"id": "n9", "content": "green fox"})
            reader.refresh()
            assert set(ids(reader.search("notes", "fox", mode="text"))) == {"n000", "n9"}


def test_searches_beside_a_writer_see_only_whole_states(db: rem.Database) -> None:
    """Two threads: every answer is that of some moment, and no search fails."""
    fill(db, ["fox"])
    stop, failures = threading.Event(), []

    def write() -> None:
        try:
            for i in range(60):
                db.insert("notes", [{"id": f"a{i}", "content": f"fox a{i}"}, {"id": f"b{i}", "content": f"fox b{i}"}])
        finally:
            stop.set()

    def read() -> None:
        while not stop.is_set():
            found = ids(db.search("notes", "fox", k=1_000, mode="text"))
            if len(found) % 2 == 0 or len(found) != len(set(found)):
                failures.append(len(found))

    join(started(write, read, read))
    assert not failures
    assert db.search("notes", "fox", k=1_000, mode="text").height == 121


def test_the_index_takes_and_gives_texts() -> None:
    """The index alone: replaced and removed texts are gone after a commit, not before."""
    index = TextIndex()
    index.put(np.array([1, 2]), np.array([7, 8], dtype=np.uint32), ["one two", "two"])
    assert index.count == 0
    assert index.commit()
    assert not index.commit()
    index.put(np.array([2]), np.array([9], dtype=np.uint32), ["three"])
    index.remove(np.array([1, 5]))
    assert index.search("two", 5).rowids.tolist() == [2, 1]
    index.commit()
    assert (index.search("two", 5).rowids.tolist(), index.search("three", 5).rowids.tolist()) == ([], [2])
    assert [a.tolist() for a in index.held()] == [[2], [9]]

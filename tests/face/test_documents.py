"""Documents become chunks with edges, in one commit each, and are replaced when they are added again."""

from __future__ import annotations

from pathlib import Path

import pytest

import rem_arrow as rem
from rem_arrow.face import documents
from tests.embed.counting import Counting

GUIDE = """\
# Guide

Read this first.

## Install

Run pip install. It takes a minute.

## Use

Import the package. Connect to a folder.
"""


@pytest.fixture
def embedder():
    return Counting()


@pytest.fixture
def db(embedder):
    with rem.connect(embedder=embedder) as db:
        yield db


def edges(db):
    return sorted(
        db.sql("SELECT src, edge_type, dst FROM edges WHERE src_table = 'resources' AND dst_table = 'resources'").rows()
    )


def test_a_document_is_a_row_and_its_chunks(db):
    """The document has no content of its own; each chunk says where it stands."""
    added = db.add_document(
        GUIDE,
        uri="guide.md",
        category="tutorial",
        status="active",
        tags=["start"],
        description="How to begin",
        metadata={"by": "Ada"},
    )
    assert added == documents.Document("guide.md", ["guide.md#0", "guide.md#1", "guide.md#2"])
    whole = db.get("resources", added.id)
    assert (whole["name"], whole["uri"], whole["content"], whole["description"], whole["category"], whole["tags"]) == (
        "Guide",
        "guide.md",
        None,
        "How to begin",
        "tutorial",
        ["start"],
    )
    assert whole["metadata"] == {"by": "Ada", "characters": len(GUIDE), "chunks": 3}
    chunks = [db.get("resources", id_) for id_ in added.chunks]
    assert [(c["ordinal"], c["name"], c["uri"], c["category"], c["status"]) for c in chunks] == [
        (0, "Guide", "guide.md", "tutorial", "active"),
        (1, "Guide > Install", "guide.md", "tutorial", "active"),
        (2, "Guide > Use", "guide.md", "tutorial", "active"),
    ]
    assert all(c["content"] == GUIDE[c["metadata"]["start"] : c["metadata"]["end"]] for c in chunks)
    assert chunks[1]["metadata"]["heading"] == ["Guide", "Install"] and chunks[1]["metadata"]["by"] == "Ada"


def test_chunks_are_joined_by_edges(db):
    """Each is part of its document, and leads to the next: found again by a walk."""
    db.add_document(GUIDE, uri="g")
    assert edges(db) == [
        ("g#0", "next", "g#1"),
        ("g#0", "part_of", "g"),
        ("g#1", "next", "g#2"),
        ("g#1", "part_of", "g"),
        ("g#2", "part_of", "g"),
    ]
    assert db.traverse_edges("g#0", edge_type="next", depth=5)["id"].to_list() == ["g#1", "g#2"]


def test_a_chunk_is_found_by_meaning(db):
    """And the document's own row is not in the way."""
    db.add_document(GUIDE, uri="g")
    assert db.search("resources", "pip install", k=1)["id"].to_list() == ["g#1"]


def test_a_document_is_one_commit(db):
    """All of it becomes visible at once; a document that does not fit leaves nothing."""
    before = db.stats()["commit"]
    db.add_document("word " * 5_000, uri="w", chunk=20)
    assert db.stats()["commit"] == before + 2, "the rows, and their vectors"
    with pytest.raises(rem.InputError, match="category"):
        db.add_document("word " * 100, uri="v", category=3)
    assert db.get("resources", "v") is None


def test_adding_again_replaces(db):
    """Chunks beyond the new end go with their edges; those of others stay."""
    db.add_document(GUIDE, uri="g")
    db.add_document("Other.", uri="other")
    db.insert("entities", {"id": "pip", "name": "pip"})
    for chunk in ("g#0", "g#2"):
        db.add_edge(chunk, "pip", "mentions")
    added = db.add_document("# Guide\n\nShort now.", uri="g")
    assert added.chunks == ["g#0"]
    assert db.sql("SELECT id FROM resources ORDER BY id")["id"].to_list() == ["g", "g#0", "other", "other#0"]
    assert edges(db) == [("g#0", "part_of", "g"), ("other#0", "part_of", "other")]
    assert db.sql("SELECT src FROM edges WHERE edge_type = 'mentions'")["src"].to_list() == ["g#0"]
    assert db.get("resources", "g#2", include_deleted=True) is None
    assert db.get("resources", "g#0")["content"].endswith("Short now.")


def test_only_what_changed_is_embedded(db, embedder):
    """A document that is as it was costs no commit; one changed section one text."""
    db.add_document(GUIDE, uri="g")
    assert embedder.count == 4, "three parts, and the document by its title"
    commit = db.stats()["commit"]
    assert db.add_document(GUIDE, uri="g").chunks == ["g#0", "g#1", "g#2"]
    assert (db.stats()["commit"], embedder.count) == (commit, 4)
    db.add_document(GUIDE.replace("a minute", "two"), uri="g")
    assert embedder.count == 5
    # The offsets of what follows moved: the rows are written, and their texts not embedded.
    assert db.get("resources", "g#2")["metadata"]["end"] == len(GUIDE) - 5


def test_a_deleted_document_comes_back(db):
    """Also its chunks, whether they changed or not."""
    added = db.add_document(GUIDE, uri="g")
    db.delete("resources", [added.id, *added.chunks])
    db.add_document(GUIDE, uri="g")
    assert db.sql("SELECT COUNT(*) FROM resources").item() == 4
    assert db.search("resources", "connect to a folder", k=1)["id"].to_list() == ["g#2"]


def test_the_empty_text_has_no_chunks(db):
    """Nor has one of nothing but white space; the document is there."""
    assert db.add_document("", uri="e") == ("e", [])
    assert db.add_document(" \r\n\n", uri="w") == ("w", [])
    db.add_document("Text.", uri="e")
    db.add_document("", uri="e")
    assert db.sql("SELECT id FROM resources ORDER BY id")["id"].to_list() == ["e", "w"]


def test_a_text_without_a_uri_is_known_by_its_hash(db):
    """The same text is the same document."""
    first, second = db.add_document("Some text."), db.add_document("Some text.")
    assert first == second and first.id.startswith("text:")
    assert db.get("resources", first.id)["name"] is None


def test_sizes_are_handed_on(db):
    """In characters, with an overlap."""
    added = db.add_document("x" * 100, uri="x", chunk=40, overlap=10, unit="characters")
    assert [len(db.get("resources", c)["content"]) for c in added.chunks] == [40, 40, 40]
    with pytest.raises(rem.InputError, match="the size of a chunk"):
        db.add_document("x", chunk=0)


def test_files_are_read_as_they_are(db, tmp_path):
    """Line ends stay, a byte order mark goes; the name and the suffix say what it is."""
    path = tmp_path / "notes.txt"
    path.write_bytes(b"\xef\xbb\xbf# not a heading\r\n\r\nText \xc3\xbc.\r\n")
    added = db.add_document(path)
    assert added.id == path.as_posix()
    assert db.get("resources", added.id)["name"] == "notes.txt"
    assert db.get("resources", added.chunks[0])["content"] == "# not a heading\r\n\r\nText ü.\r\n"
    db.add_document(path, markdown=True, uri="n")
    assert db.get("resources", "n")["name"] == "not a heading"


def test_several_documents(db, tmp_path, monkeypatch):
    """A folder, a pattern, a file, and paths, texts and dicts mixed."""
    for name in ("a.md", "sub/b.rst", "sub/c.py", ".hidden/d.md", "sub/e.TXT"):
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(f"Text of {name}.")
    monkeypatch.chdir(tmp_path)
    assert [d.id for d in db.add_documents("docs", category="guide")] == [
        "docs/a.md",
        "docs/sub/b.rst",
        "docs/sub/e.TXT",
    ]
    assert db.get("resources", "docs/a.md#0")["category"] == "guide"
    assert [d.id for d in db.add_documents("docs/**/*.py")] == ["docs/sub/c.py"]
    assert [d.id for d in db.add_documents(Path("docs/a.md"))] == ["docs/a.md"]
    given = [
        Path("docs/a.md"),
        "A text.",
        {"text": "Another.", "uri": "u", "name": "N", "category": "c", "metadata": {"k": 1}},
    ]
    added = db.add_documents(iter(given), category="guide")
    assert [d.id for d in added] == ["docs/a.md", db.add_document("A text.", category="guide").id, "u"]
    row = db.get("resources", "u#0")
    assert (row["name"], row["category"], row["metadata"]["k"]) == ("N", "c", 1)


def test_a_bar_shows_the_progress(db, capsys):
    """When it is asked for, on the standard error; the documents are stored all the same."""
    assert len(db.add_documents(["one", "two"], progress=True)) == 2
    assert len(db.add_documents([], progress=True)) == 0
    assert capsys.readouterr().out == ""


def test_a_document_joins_a_transaction_of_its_thread(db):
    """Between BEGIN and ROLLBACK it is seen by the thread, and then gone."""
    db.sql("BEGIN")
    db.add_document(GUIDE, uri="g")
    db.add_document("Shorter.", uri="g")
    assert db.sql("SELECT COUNT(*) FROM resources").item() == 2
    db.sql("ROLLBACK")
    assert db.sql("SELECT COUNT(*) FROM resources").item() == 0 and edges(db) == []
    db.sql("BEGIN")
    db.add_document(GUIDE, uri="g")
    db.sql("COMMIT")
    assert len(edges(db)) == 5


def test_an_id_of_another_row_is_not_taken(db):
    """Neither by a document nor by a chunk."""
    db.insert("resources", {"id": "mine", "content": "x"})
    with pytest.raises(
        rem.InputError, match="resources has a row 'mine' that is not of the document 'mine'; give another uri"
    ):
        db.add_document("Text.", uri="mine")
    db.add_document("Text.", uri="a#0")
    with pytest.raises(rem.InputError, match="resources has a row 'a#0' that is not of the document 'a'"):
        db.add_document("Text.", uri="a")
    assert db.get("resources", "mine")["content"] == "x"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda db, p: db.add_document(3), r"a document is a text, or a pathlib\.Path of a file; not int"),
        (lambda db, p: db.add_document("x", uri=""), "the uri of a document is a text that is not empty, not ''"),
        (lambda db, p: db.add_document("x", tags="abc"), r"tags are a list of texts, not 'abc'; give \['abc'\]"),
        (lambda db, p: db.add_document(p / "none.md"), r"none\.md cannot be read: No such file"),
        (lambda db, p: db.add_document(p), "is a folder; add_documents adds the files in it"),
        (lambda db, p: db.add_document(p / "latin.txt"), r"latin\.txt is not UTF-8 at byte 2; decode it"),
        (lambda db, p: db.add_document("a \ud800 b"), "valid Unicode"),
        (lambda db, p: db.add_documents(p / "empty"), r"no documents in .*empty; a folder gives its files called \.md"),
        (lambda db, p: db.add_documents("no/such"), "no file or folder 'no/such'; give a path, a folder, or a pattern"),
        (lambda db, p: db.add_documents(f"{p}/*.xyz"), r"no file matches '.*\.xyz'"),
        (lambda db, p: db.add_documents([{"text": "x", "titel": "y"}]), "document 0: no field 'titel'"),
        (lambda db, p: db.add_documents(["x", {"uri": "y"}]), "document 1: a dict has the document's text as 'text'"),
    ],
)
def test_what_is_no_document_is_refused(db, tmp_path, call, message):
    """With what is wrong and what would work."""
    (tmp_path / "latin.txt").write_bytes(b"ab\xff")
    (tmp_path / "empty").mkdir()
    with pytest.raises(rem.InputError, match=message):
        call(db, tmp_path)


def test_a_reader_adds_nothing(tmp_path):
    """The error says why."""
    rem.connect(tmp_path / "r.rem").close()
    with (
        rem.connect(tmp_path / "r.rem", read_only=True) as db,
        pytest.raises(rem.InputError, match="open for reading only"),
    ):
        db.add_document("Text.")


def test_a_large_document_is_added_and_replaced(db):
    """Thousands of chunks at once; each word of it is in some chunk."""
    words = [f"word{i}" for i in range(20_000)]
    added = db.add_document(" ".join(words), uri="big", chunk=50, overlap=0)
    frame = db.sql("SELECT content FROM resources WHERE uri = 'big' AND content IS NOT NULL ORDER BY ordinal")
    assert frame.height == len(added.chunks) > 500
    assert "".join(frame["content"]).split() == words
    assert db.add_document("word", uri="big").chunks == ["big#0"]
    assert db.sql("SELECT COUNT(*) FROM resources").item() == 2


def test_links_that_lead_out_of_a_folder_are_passed_over(tmp_path):
    """A folder, or a pattern, gives the files in it: a link to another place would store what nobody named."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "secret.md").write_text("# Secret")
    (tmp_path / "docs" / "own.md").write_text("# Own")
    (tmp_path / "docs" / "out.md").symlink_to(tmp_path / "secret.md")
    (tmp_path / "docs" / "inside.md").symlink_to(tmp_path / "docs" / "own.md")
    for source in (tmp_path / "docs", str(tmp_path / "docs" / "*.md")):
        with rem.connect() as db:
            db.add_documents(source)
            assert sorted(db.sql("SELECT DISTINCT name FROM resources")["name"]) == ["Own"]


@pytest.mark.parametrize("remove", ["delete", "purge"])
def test_chunks_go_with_their_document(db, remove):
    """Rows of other documents, and rows that only name the document, stay."""
    db.add_document(GUIDE, uri="g")
    db.add_document("Other.", uri="g2")
    db.insert("resources", {"id": "mine", "uri": "g", "content": "about the guide"})
    assert getattr(db, remove)("resources", ["g", "g#1"]) == 2
    assert db.sql("SELECT id FROM resources ORDER BY id")["id"].to_list() == ["g2", "g2#0", "mine"]
    assert "g#0" not in db.search("resources", "import the package")["id"].to_list()
    assert edges(db) == [("g2#0", "part_of", "g2")] or remove == "delete"

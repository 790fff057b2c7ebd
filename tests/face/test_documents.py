"""Documents become chunks with edges, in one commit each, and are replaced when they are added again."""

from __future__ import annotations

from pathlib import Path

import pytest

import rem_arrow as rem
from rem_arrow.face import documents
from rem_arrow.language.document_files import file_uri
from tests.embed.counting import Counting
from tests.language.documents import docx, paragraph, pdf

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
    assert added.id == path.resolve().as_posix()
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
    docs = (tmp_path / "docs").resolve().as_posix()
    assert [d.id for d in db.add_documents("docs", category="guide")] == [
        f"{docs}/a.md",
        f"{docs}/sub/b.rst",
        f"{docs}/sub/e.TXT",
    ]
    assert db.get("resources", f"{docs}/a.md#0")["category"] == "guide"
    assert [d.id for d in db.add_documents("docs/**/*.py")] == [f"{docs}/sub/c.py"]
    assert [d.id for d in db.add_documents(Path("docs/a.md"))] == [f"{docs}/a.md"]
    given = [
        Path("docs/a.md"),
        "A text.",
        {"text": "Another.", "uri": "u", "name": "N", "category": "c", "metadata": {"k": 1}},
    ]
    added = db.add_documents(iter(given), category="guide")
    assert [d.id for d in added] == [f"{docs}/a.md", db.add_document("A text.", category="guide").id, "u"]
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
        (lambda db, p: db.add_documents(["x"], sync=True), "sync removes what is gone from a folder; give the folder"),
        (lambda db, p: db.add_documents(f"{p}/*.txt", sync=True), "sync removes what is gone from a folder"),
        (lambda db, p: db.add_documents("no/such", sync=True), "sync removes what is gone from a folder"),
        (lambda db, p: db.add_document("---\na: [\n---\n"), r"the front matter of text:\w+, line 3 cannot be read"),
        (lambda db, p: db.add_documents(["x", "y" * 9], ignore_errors=True, chunk=0), "the size of a chunk"),
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


MATTER = """---
title: npm-access
description: Set access level on published packages
tags: [npm, access]
date: 2024-01-02
weight: 3
heading: mine
---

### Synopsis

npm access list

### Details

More.
"""


def test_front_matter_is_what_a_document_says_of_itself(db):
    """Title, description and tags are columns, other keys metadata of every row, and none of it is a text to find."""
    added = db.add_document(MATTER, uri="page.md", tags=["mine", "npm"], metadata={"weight": 4})
    whole, first, second = (db.get("resources", id_) for id_ in (added.id, *added.chunks))
    assert (whole["name"], whole["description"]) == ("npm-access", "Set access level on published packages")
    assert whole["tags"] == first["tags"] == ["mine", "npm", "access"]
    assert whole["metadata"] == {
        "date": "2024-01-02", "weight": 4, "heading": "mine", "characters": len(MATTER), "chunks": 2,
    }  # fmt: skip
    assert (first["name"], second["name"]) == ("npm-access > Synopsis", "npm-access > Details")
    assert first["metadata"]["heading"] == ["npm-access", "Synopsis"] and first["metadata"]["date"] == "2024-01-02"
    for chunk in (first, second):
        assert chunk["content"] == MATTER[chunk["metadata"]["start"] : chunk["metadata"]["end"]]
        assert "---" not in chunk["content"] and "title:" not in chunk["content"]
    assert db.lookup_entity("npm-access")["id"].to_list() == ["page.md"]
    given = db.add_document(MATTER, uri="page.md", name="Mine", description="Own")
    assert (db.get("resources", given.id)["name"], db.get("resources", given.id)["description"]) == ("Mine", "Own")


def test_front_matter_may_stay_text(db, tmp_path):
    """Where that is asked for, and in what is no Markdown."""
    db.add_document(MATTER, uri="a", front_matter=False)
    assert db.get("resources", "a#0")["content"].startswith("---\ntitle: npm-access")
    (tmp_path / "page.txt").write_text(MATTER)
    added = db.add_document(tmp_path / "page.txt")
    assert db.get("resources", added.id)["name"] == "page.txt"
    (tmp_path / "page.md").write_bytes(b"\xef\xbb\xbf" + MATTER.replace("\n", "\r\n").encode())
    assert db.get("resources", db.add_document(tmp_path / "page.md").id)["name"] == "npm-access"


def test_values_of_other_kinds_are_metadata(db):
    """A title that is a list is no title; one that is a number is one."""
    added = db.add_document("---\ntitle: [a]\ntags: {a: 1}\ndescription: 5\n---\n# H\n\ntext", uri="a")
    row = db.get("resources", added.id)
    assert (row["name"], row["description"], row["tags"]) == ("H", "5", [])
    assert (row["metadata"]["title"], row["metadata"]["tags"]) == (["a"], {"a": 1})
    assert db.get("resources", db.add_document("---\ntitle: 2024\ntags: a, b\n---\ntext", uri="b").id)["name"] == "2024"
    assert db.get("resources", "b#0")["tags"] == ["a", "b"]


def test_html_pdf_and_word(db, tmp_path):
    """Files of these are Markdown with headings, found by their words and titles."""
    (tmp_path / "a.html").write_text("<title>Pears</title><h1>Green</h1><p>A pear is green.<h2>More</h2><p>And sweet.")
    (tmp_path / "b.pdf").write_bytes(pdf([[(20, "Apples"), (10, "An apple is red, mostly.")]]))
    (tmp_path / "c.DOCX").write_bytes(docx(paragraph("Plums", style="Heading1") + paragraph("A plum is blue.")))
    added = db.add_documents(tmp_path)
    assert [len(d.chunks) for d in added] == [2, 1, 1]
    assert db.sql("SELECT name FROM resources ORDER BY id")["name"].to_list() == [
        "Pears", "Pears > Green", "Pears > Green > More", "Apples", "Apples", "Plums", "Plums",
    ]  # fmt: skip
    assert db.search("resources", "a plum is blue", k=1)["id"].to_list() == [added[2].chunks[0]]
    assert db.get("resources", added[1].id)["metadata"]["pages"] == 1


def test_a_file_is_one_document_however_its_path_is_typed(db, tmp_path, monkeypatch):
    """Relative and absolute, through links, with dots and a slash at the end."""
    (tmp_path / "docs" / "sub").mkdir(parents=True)
    (tmp_path / "docs" / "sub" / "a.md").write_text("# A")
    (tmp_path / "link").symlink_to(tmp_path / "docs", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    ids = set()
    for typed in ("docs", "./docs", "docs/", "docs/../docs", "link", "link/", tmp_path / "docs", tmp_path / "link"):
        added = db.add_documents(typed)
        ids.update(d.id for d in added)
    for pattern in ("docs/**/*.md", "./link/sub/*.md", f"{tmp_path}/*/sub/a.md"):
        ids.update(d.id for d in db.add_documents(pattern))
    monkeypatch.chdir(tmp_path / "docs")
    ids.update([db.add_document(Path("sub/a.md")).id, db.add_document(Path("../link/sub/./a.md")).id])
    assert ids == {(tmp_path / "docs/sub/a.md").resolve().as_posix()}
    assert db.sql("SELECT count(*) FROM resources").item() == 2


def test_a_path_is_spelled_as_its_folders_list_it(tmp_path):
    """On a file system that does not tell case or composition apart; a folder that may not be listed keeps the name."""
    listed = {"/": ["Docs"], "/Docs": ["Ä.md", "b.md"]}

    def names_in(folder):
        if folder not in listed:
            raise PermissionError(folder)
        return listed[folder]

    assert file_uri(Path("/DOCS/a\u0308.MD"), names_in) == "/Docs/Ä.md"
    assert file_uri(Path("/docs/b.md/X"), names_in) == "/Docs/b.md/X"
    assert file_uri(Path("/docs/c.md"), names_in) == "/Docs/c.md"


def test_a_folder_is_kept_in_step(db, embedder, tmp_path):
    """What is gone is removed with its chunks and edges in one commit, what changed is replaced, and what stayed is not
    embedded again."""
    docs = tmp_path / "docs"
    (docs / "sub").mkdir(parents=True)
    for name in ("a.md", "b.md", "sub/c.md", "sub/d.py"):
        (docs / name).write_text(f"# Title of {name}\n\nText.")
    first = db.add_documents(docs, sync=True)
    assert (len(first), first.added, first.changed, first.unchanged, first.removed) == (3, 3, 0, 0, 0)
    db.add_documents(str(docs / "sub" / "*.py"))
    db.add_document("# Below", uri=f"{docs.resolve()}/own")
    db.add_documents([{"text": "Elsewhere.", "uri": "else"}])
    db.insert("entities", {"id": "x", "name": "x"})
    for document in first:
        db.add_edge(document.chunks[0], "x", "mentions")
    count, commit = embedder.count, db.stats()["commit"]
    again = db.add_documents(docs, sync=True)
    assert (again.added, again.changed, again.unchanged, again.removed) == (0, 0, 3, 0)
    assert (embedder.count, db.stats()["commit"]) == (count, commit)
    (docs / "a.md").write_text("# Title of a.md\n\nNew text.")
    (docs / "b.md").unlink()
    (docs / "sub" / "d.py").unlink()
    (docs / "sub" / "e.md").write_text("# New")
    synced = db.add_documents(docs, sync=True)
    assert repr(synced) == "<3 documents: added=1, changed=1, unchanged=1, removed=2>"
    # The chunk that changed, and both rows of the new document.
    assert embedder.count == count + 3
    kept = [
        Path(id_).name for id_ in db.sql("SELECT id FROM resources WHERE ordinal = 0 AND id = uri ORDER BY id")["id"]
    ]
    assert kept == ["a.md", "own", "c.md", "e.md", "else"]
    assert db.sql("SELECT count(*) FROM edges WHERE edge_type = 'mentions'").item() == 2
    assert "Title of b.md" not in db.search("resources", "title of b.md")["name"].to_list()
    for path in docs.rglob("*.md"):
        path.unlink()
    assert db.add_documents(docs, sync=True).removed == 3
    assert db.verify().is_empty()


def test_files_that_cannot_be_read_are_passed_over(db, tmp_path):
    """Where that is asked for, with the reason; what is stored of them stays, also when the folder is kept in step."""
    (tmp_path / "a.md").write_text("# A")
    (tmp_path / "b.md").write_text("# B")
    db.add_documents(tmp_path)
    (tmp_path / "b.md").write_bytes(b"\xff")
    with pytest.raises(rem.InputError, match=r"b\.md is not UTF-8"):
        db.add_documents(tmp_path)
    added = db.add_documents(tmp_path, sync=True, ignore_errors=True)
    assert (added.unchanged, added.removed, [Path(p).name for p in added.refused]) == (1, 0, ["b.md"])
    assert "is not UTF-8 at byte 0" in added.refused[str(tmp_path / "b.md")] and "refused=" in repr(added)
    assert db.sql("SELECT count(*) FROM resources WHERE name = 'B'").item() == 2

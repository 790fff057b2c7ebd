"""Texts of others: SQL, parameters, questions, documents."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import rem_arrow as rem
from tests.patience import PATIENCE_S

HOSTILE = ["'; DROP TABLE entities; --", "' OR 1=1 --", '"', "\\'", "$p", "?", "%", "_", "NULL", "\x00", "{}", "a\nb"]


@pytest.fixture
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        db.insert("entities", [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}])
        yield db


@pytest.mark.parametrize("value", HOSTILE)
def test_a_parameter_is_a_value(db: rem.Database, value: str) -> None:
    """In a condition, as a name to look up, as a text to search for: it never becomes part of the statement."""
    assert db.sql("SELECT $p AS p", {"p": value}).item() == value
    assert db.sql("SELECT id FROM entities WHERE name = $p", {"p": value}).height == 0
    db.insert("entities", {"id": value, "name": value})
    assert db.sql("SELECT id FROM entities WHERE name = ?", [value]).rows() == [(value,)]
    assert value in db.lookup_entity(value)["id"].to_list()
    db.search("resources", value)
    db.fuzzy(value)
    assert db.sql("SELECT count(*) FROM entities").item() == 3


@pytest.mark.parametrize("value", HOSTILE)
def test_a_question_is_no_statement(db: rem.Database, value: str) -> None:
    """The rules quote the words that they put into their queries."""
    for question in (f"which entities are called {value}?", f"Tell me about '{value}'", f'entities about "{value}"'):
        answer = db.ask(question)
        assert answer.results.height < 3
    assert db.sql("SELECT count(*) FROM entities").item() == 2


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "(" * 50_000 + "1" + ")" * 50_000,
        pytest.param("SELECT " + "NOT " * 100_000 + "TRUE", marks=pytest.mark.long),
        "SELECT " + "-" * 3 + " 1",
        pytest.param("SELECT " + "1 + " * 10_000 + "1", marks=pytest.mark.long),
        "SELECT " + "CASE WHEN TRUE THEN " * 5_000 + "1" + " END" * 5_000,
        "SELECT * FROM " + "(SELECT * FROM " * 20_000 + "entities" + ")" * 20_000,
        pytest.param("SELECT " + "[" * 50_000 + "]" * 50_000, marks=pytest.mark.long),
        "SELECT '" + "x" * 2_000_000 + "'",
        "SELECT 'never closed",
        "/* never closed",
        "\x00\x01\x02",
        "\ud800",
        "SELECT $" + "x" * 10_000,
    ],
    ids=lambda t: repr(t[:20]),
)
def test_a_statement_of_any_depth_ends(db: rem.Database, text: str) -> None:
    """In rows or in an error of bounded length, in bounded time."""
    started, told = time.monotonic(), ""
    try:
        db.sql(text)
    except rem.RemError as error:
        told = str(error)
    assert len(told) < 10_000
    assert time.monotonic() - started < PATIENCE_S
    assert db.sql("SELECT count(*) FROM entities").item() == 2


@pytest.mark.parametrize(
    "unit",
    ["#", "# a\n", "`", "```\n", "```\n#\n", "[", "](", "> ", "* ", "<", "<!--", "&#", "\n", " ", "a", "a ", "|", "_*",
     "e\u0301\u0301", "\u200d", "👩\u200d👩", "\u202e", "<script>", "==\n", "\x00", "\r"],
)  # fmt: skip
def test_a_document_of_any_text_is_split_in_time(db: rem.Database, unit: str) -> None:
    """Markdown has no form that takes more than time in proportion; what stands in it is text, HTML too."""
    started = time.monotonic()
    text = unit * (40_000 // len(unit))
    added = db.add_document(text, uri="d", chunk=2_000)
    assert time.monotonic() - started < PATIENCE_S
    if unit == "<script>":
        chunk = db.get("resources", added.chunks[0])
        assert chunk is not None
        assert chunk["content"].startswith("<script><script>")


def test_files_of_other_formats_are_bounded(db: rem.Database, tmp_path: Path) -> None:
    """A file is UTF-8, or HTML, PDF or Word within their limits, or is refused; nothing is run."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "x" * 20_000_000)
    for name, data, reason in (
        ("a.zip", packed.getvalue(), "is not UTF-8"),
        ("a.md", packed.getvalue(), "is not UTF-8"),
        ("a.docx", packed.getvalue(), "bytes of XML"),
        ("a.pdf", b"%PDF-1.7\n\xe2\xe3\xcf", "cannot be read as a PDF"),
        ("a.html", b"<div>" * 100_000, "nests its elements"),
        ("b.md", b"---\na: !!python/object/apply:os.system [exit]\n---\n", "it has a tag"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(rem.InputError, match=reason):
            db.add_document(tmp_path / name)
    assert db.sql("SELECT count(*) FROM resources").item() == 0

"""HTML, PDF and Word become Markdown with their headings; what is broken or made to do harm is refused in words."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import pytest

import rem_arrow as rem
from rem_arrow.language import docx_text, html_text, pdf_text
from rem_arrow.language.converted import Converted
from tests.language.documents import docx, paragraph, pdf

markdown_of_html = html_text.markdown_of_html
markdown_of_pdf = pdf_text.markdown_of_pdf
markdown_of_docx = docx_text.markdown_of_docx

PAGE = """<!doctype html><html><head><title>Apples &amp; pears</title><meta name="description" content="Of fruit">
<meta name=keywords content="fruit, food"><meta name=author content=Ada><style>p {color: red}</style></head>
<body><nav><a href="/">Home</a></nav><h1>Fruit</h1><p>An <b>apple</b> is
red.<br>A pear is green.<ul><li>one<li>two<ol><li>inner<li>more</ol></ul>
<pre>
code   stays
# no heading
</pre><table><tr><th>name<th>price<tr><td>pear<td>1|2</table><h2>Sub <i>title</i></h2># not a heading
<div hidden>secret</div><script>alert("x")</script><img src=x alt="A picture"><p>End</body></html>"""


def test_html() -> None:
    """Headings, paragraphs, lists, code and tables; neither menus nor scripts nor what is hidden."""
    assert markdown_of_html(PAGE, "x") == Converted(
        "# Fruit\n\nAn apple is red.\nA pear is green.\n\n- one\n- two\n  1. inner\n  2. more\n\n"
        "```\ncode   stays\n# no heading\n```\n\n| name | price |\n| pear | 1\\|2 |\n\n## Sub title\n\n"
        "\\# not a heading\n\nA picture\n\nEnd\n",
        "Apples & pears",
        {"description": "Of fruit", "tags": ["fruit", "food"], "author": "Ada"},
    )


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>before<main><h1>In</h1>side</main>after", "# In\n\nside\n"),
        ("<div role=main>one<div>two</div></div>after", "one\n\ntwo\n"),
        ("<main>one</main><main>two</main>", "one\n\ntwo\n"),
        ("plain", "plain\n"),
        ("", "\n"),
        ("<title>T</title><p>x", "# T\n\nx\n"),
        ("<svg><title>no</title></svg><h1>a</h1>", "# a\n"),
        ("<ul><li><p>one</p><li><pre>x</pre></ul>", "- one\n- \n```\nx\n```\n"),
        ("<table><tr><td><h2>Layout</h2><p>text</table>", "## Layout\n\ntext\n"),
        ("<pre>a ``` b</pre>", "````\na ``` b\n````\n"),
        ("<p>a&nbsp;b&#x41;&eacute; &lt;tag&gt;", "a\xa0bA\u00e9 <tag>\n"),
    ],
)
def test_pages(page: str, text: str) -> None:
    assert markdown_of_html(page, "x").text == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("\u00e4\u20ac".encode(), "\u00e4\u20ac\n"),
        (b"<meta charset=latin1>\xe4\x80", "\u00e4\u20ac\n"),
        (b'<meta http-equiv=content-type content="text/html; charset=iso-8859-15">\xa4', "\u20ac\n"),
        (b"<meta charset=utf-16>a\xc3\xa4", "a\u00e4\n"),
        ("\u00e4".encode("utf-16"), "\u00e4\n"),
        ("\ufeff\u00e4".encode(), "\u00e4\n"),
    ],
)
def test_encodings_of_pages(data: bytes, text: str) -> None:
    assert markdown_of_html(data, "x").text == text


def test_a_pdf_has_its_outline_as_headings() -> None:
    pages = [[(10, "1 Apples"), (10, "are red ex-"), (10, "cept some.")], [(10, "2  Pears"), (10, "# are (green).")]]
    made = markdown_of_pdf(pdf(pages, title="Fruit", outline=[("Apples", 0), ("Pears", 1)]), "x")
    assert made == Converted(
        "# 1 Apples\n\nare red except some.\n\n# 2 Pears\n\n\\# are (green).\n", "Fruit", {"pages": 2}
    )


def test_a_pdf_without_an_outline_has_its_large_lines_as_headings() -> None:
    pages = [
        [
            (24, "The Fruit"),
            (16, "Apples"),
            (10, "An apple is red, and it is round."),
            (16, "Pears"),
            (10, "A pear is."),
        ]
    ]
    made = markdown_of_pdf(pdf(pages), "x")
    assert made.text == ("# The Fruit\n\n\n## Apples\n\nAn apple is red, and it is round.\n\n## Pears\n\nA pear is.\n")
    assert made.title == "The Fruit"


STYLES = (
    '<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="Own"><w:basedOn w:val="berschrift1"/></w:style>'
    '<w:style w:styleId="Outlined"><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    '<w:style w:styleId="Loop"><w:basedOn w:val="Loop"/></w:style>'
)


def test_a_document_of_word() -> None:
    """Headings by the names of their styles, those that these build on and outline levels; text in controls, boxes
    and insertions, and none that was deleted."""
    body = "".join(
        [
            paragraph("Fruit", style="berschrift1"),
            paragraph("An apple & a pear."),
            paragraph("Own style", style="Own"),
            paragraph("Level two", style="Outlined"),
            paragraph("Third", style="Heading3"),
            paragraph("looped", style="Loop"),
            paragraph("one", item=0) + paragraph("inner", item=1),
            f"<w:sdt><w:sdtContent>{paragraph('# in a control')}</w:sdtContent></w:sdt>",
            "<w:p><w:ins><w:r><w:t>put in</w:t></w:r></w:ins><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
            "<w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom><w:r><w:br/><w:t>next</w:t><w:tab/><w:t>line</w:t>"
            '<w:footnoteReference w:id="2"/></w:r></w:p>',
            f"<w:tbl><w:tr><w:tc>{paragraph('a')}</w:tc><w:tc>{paragraph('b|c')}{paragraph('d')}</w:tc></w:tr></w:tbl>",
        ]
    )
    notes = (
        '<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:footnote w:id="2">'
        "<w:p><w:r><w:footnoteRef/><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    core = (
        "<title>All of it</title><creator>Ada</creator><keywords>x; y</keywords><created>2024-01-02T03:04:05Z</created>"
    )
    made = markdown_of_docx(docx(body, {"word/footnotes.xml": notes}, styles=STYLES, core=core), "x")
    assert made == Converted(
        "# Fruit\n\nAn apple & a pear.\n\n\n# Own style\n\n\n## Level two\n\n\n### Third\n\nlooped\n\n"
        "- one\n  - inner\n"
        "\\# in a control\n\nput in\nnext line[^2]\n\n| a | b\\|c d |\n\n[^]: A note.\n",
        "All of it",
        {"author": "Ada", "tags": ["x", "y"], "date": "2024-01-02"},
    )


TEXT = paragraph("text")
BILLION = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HOSTILE: dict[str, tuple[Callable[[bytes, str], Converted], Callable[[], bytes], str]] = {
    "no archive": (markdown_of_docx, lambda: b"PK no", "cannot be read as DOCX: File is not a zip file"),
    "no document": (markdown_of_docx, lambda: docx("", {"_rels/.rels": "<x/>"}), "the archive has no document"),
    "zip bomb": (markdown_of_docx, lambda: docx(TEXT * 300_000), "bytes of XML; a document has at most"),
    "many parts": (
        markdown_of_docx,
        lambda: docx(TEXT, dict.fromkeys(map(str, range(10_001)), b"")),
        "holds 10,006 parts",
    ),
    "broken XML": (markdown_of_docx, lambda: docx("<w:p>"), "its XML is not sound"),
    "deep XML": (markdown_of_docx, lambda: docx("<w:sdt>" * 9_000 + "</w:sdt>" * 9_000), "its XML is not sound"),
    "no PDF": (markdown_of_pdf, lambda: b"%PDF-1.4 no", "cannot be read as a PDF: Failed to load document"),
    "empty PDF": (markdown_of_pdf, lambda: b"", "cannot be read as a PDF"),
    "pictures only": (markdown_of_pdf, lambda: pdf([[], []]), r"x has 2 pages and no text: they are pictures"),
    "large page": (markdown_of_html, lambda: b"<p>" * (1 << 24), "an HTML page at most 33,554,432"),
    "deep page": (markdown_of_html, lambda: b"<div>" * 200_000, "nests its elements over 10,000 levels"),
    "deep list": (markdown_of_html, lambda: b"<ul><li>" * 100_000, "nests its elements over 10,000 levels"),
    "long tag": (
        markdown_of_html,
        lambda: b"<p " + b"".join(b"a%d=b " % i for i in range(100_000)) + b">",
        "a tag of over 2,048 characters at 0",
    ),
    "wrong encoding": (markdown_of_html, lambda: b"<meta charset=utf-8>\xe4", "x is not utf-8 at byte 20"),
    "unknown encoding": (markdown_of_html, lambda: b"<meta charset=frob>x", "declares the encoding 'frob'"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_broken_or_made_to_do_harm_is_refused(name: str) -> None:
    convert, data, reason = HOSTILE[name]
    with pytest.raises(rem.InputError, match=reason):
        convert(data(), "x")


def test_entities_are_not_read() -> None:
    """Nothing grows, and no file is named."""
    body = f'{BILLION}<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    body += f"<w:body>{TEXT}<w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>"
    try:
        made = markdown_of_docx(docx("", {"word/document.xml": body}), "x")
    except rem.InputError:
        return
    assert "aaaa" not in made.text


def test_what_is_not_read_may_be_large() -> None:
    """Pictures are no text, however large."""
    assert markdown_of_docx(docx(TEXT, {"word/media/x.png": b"\0" * (1 << 25)}), "x").text == "text\n"


@pytest.mark.parametrize("name", ["html", "pdf", "docx"])
def test_damaged_files_are_read_or_refused(name: str) -> None:
    """Whatever bytes are turned or missing, there is text or an InputError."""
    convert, data = {
        "html": (markdown_of_html, PAGE.encode()),
        "pdf": (markdown_of_pdf, pdf([[(20, "Title"), (10, "Some text")]], outline=[("Title", 0)])),
        "docx": (markdown_of_docx, docx(paragraph("Fruit", style="Own") + TEXT * 3, styles=STYLES)),
    }[name]
    chance = random.Random(1)
    outcomes = set()
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        cut = chance.choice([len(damaged), len(damaged), chance.randrange(len(damaged))])
        try:
            convert(bytes(damaged[:cut]), "x")
            outcomes.add("read")
        except rem.InputError:
            outcomes.add("refused")
    assert "read" in outcomes


@pytest.mark.parametrize(
    ("package", "convert", "form"),
    [("lxml", markdown_of_html, "HTML"), ("pypdfium2", markdown_of_pdf, "PDF"), ("lxml", markdown_of_docx, "DOCX")],
)
def test_a_package_that_is_missing_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, package: str, convert: Callable[[bytes, str], Converted], form: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        rem.UnsupportedError, match=rf"{form} files need {package}: pip install 'rem_arrow\[documents\]'"
    ):
        convert(b"", "x")

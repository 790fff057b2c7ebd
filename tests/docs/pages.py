"""The pages: where they are, the code blocks that they show, and what these print.

A block of Python or SQL may be followed by a block `text` with what it prints. The blocks of a page run one after
another in one namespace, in an empty folder; a block of SQL prints `db.sql(...)`. A block under a comment
`<!-- not run: the reason -->` is compiled only.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDES = ROOT / "notebooks" / "guides"
REFERENCE = GUIDES / "reference"
_BLOCK = re.compile(
    r"^(?P<skip><!-- not run: [^\n]+ -->\n\n?)?```(?P<language>python|sql)\n(?P<code>.*?)^```\n"
    r"(?:^```text\n(?P<output>.*?)^```\n)?",
    re.S | re.M,
)
_FENCED = re.compile(r"^```.*?^```$", re.S | re.M)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code, its span in the page, and what the page says that it prints."""

    language: str
    code: str
    output: str
    runs: bool
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, its level from 1, and the anchor by which links name it."""

    level: int
    text: str
    anchor: str


def written() -> list[Path]:
    """Return the pages that are written, not made: the README and the guides."""
    return [README, *sorted(GUIDES.glob("*.md"))]


def all_pages() -> list[Path]:
    """Return every page that a reader may open."""
    return [*written(), ROOT / "CHANGELOG.md", *sorted(REFERENCE.glob("*.md"))]


def title(page: Path) -> str:
    """Return how a test calls a page."""
    return page.relative_to(ROOT).as_posix().removesuffix(".md")


def blocks(text: str) -> list[Block]:
    """Return the blocks of Python and SQL of a page."""
    return [
        Block(m["language"], m["code"], m["output"] or "", m["skip"] is None, m.span()) for m in _BLOCK.finditer(text)
    ]


def headings(text: str) -> list[Heading]:
    """Return the headings of a page; their anchors are made as GitHub makes them."""
    seen: dict[str, int] = {}
    made = []
    for m in re.finditer(r"^(#+) (.+)$", _FENCED.sub("", text), re.M):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", m[2]).lower()).replace(" ", "-")
        place = seen[slug] = seen.get(slug, -1) + 1
        made.append(Heading(len(m[1]), m[2], f"{slug}-{place}" if place else slug))
    return made


def links(text: str) -> list[str]:
    """Return the targets of a page's links and pictures, but for those in code."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", _FENCED.sub("", text)))


def printed(page: Path) -> Iterator[tuple[Block, str]]:
    """Run the blocks of a page; yield each with what it prints."""
    names: dict[str, object] = {"__name__": "page"}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for block in blocks(page.read_text(encoding="utf-8")):
            code = block.code if block.language == "python" else f"print(db.sql({block.code!r}))\n"
            compiled = compile(code, str(page), "exec", dont_inherit=True)
            if not block.runs:
                continue
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compiled, names)
            yield block, out.getvalue()


def with_outputs(page: Path) -> str:
    """Return the text of a page with the outputs that its blocks print."""
    text = page.read_text(encoding="utf-8")
    for block, output in reversed(list(printed(page))):
        shown = f"```{block.language}\n{block.code}```\n" + (f"```text\n{output}```\n" if output else "")
        start, end = block.span
        text = text[:start] + shown + text[end:]
    return text

"""Splits a text into overlapping chunks along its structure.

    text -> sections (Markdown headings) -> blocks (paragraphs, fenced code) -> items -> sentences -> lines -> words ->
    characters

Chunks are spans of the text: the first begins at 0, the last ends at the end of the text, and each begins at or before
the end of its predecessor and ends after it. So the first chunk, and the part of each later one after the end of its
predecessor, make up the text. No chunk is larger than the requested size.

A section begins a new chunk, unless the section before it is only a heading, and chunks do not overlap across sections.
Within a section a chunk ends at the latest break of the strongest kind that leaves it at least a quarter full. Fenced
code that fits into a chunk is never cut. A text without breaks is cut between characters, if possible between
graphemes.

A size is in characters, or in estimated tokens: a quarter for each ASCII character, a half for other letters, one for
each character of a script without spaces and for each emoji. The tokens of language models differ by some tens of
percent.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from rem_arrow.base import checks
from rem_arrow.language.graphemes import is_within_grapheme

Unit = Literal["tokens", "characters"]
_Costs: TypeAlias = npt.NDArray[np.int64]

SIZE_DEFAULT = {"tokens": 400, "characters": 1600}
_SIZE_MAX = 1_000_000
_QUARTERS = 4
_GRAPHEME_CHARS_MAX = 32
_SENTENCES = 3

# A longer line is a paragraph: each chunk below a heading repeats it.
_HEADING_CHARACTERS_MAX = 1_000
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})(.*)")
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]|[ \t]*\|")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*\s++(?![a-z])|[。！？]+")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of a text: characters `start` to `end`, of which those before `own` are in the chunk before it; and the
    headings above it."""

    start: int
    own: int
    end: int
    headings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, or all lines of fenced code: its kind and span, and for a heading its level and title."""

    kind: Literal["fence", "heading", "blank", "item", "text"]
    start: int
    end: int
    level: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class _Structure:
    """The places where a text may be cut: sections with their headings, spans of fenced code, and positions by kind,
    the strongest first."""

    sections: list[tuple[int, tuple[str, ...]]]
    fences: list[tuple[int, int]]
    breaks: tuple[list[int], ...]  # blocks, items, sentences; lines, words


def split(
    text: str, *, size: int | None = None, overlap: int | None = None, unit: Unit = "tokens", markdown: bool = True
) -> list[Chunk]:
    """Return the chunks of a text, in order; none for the empty text.

    Args:
        size: the most that a chunk holds; default 400 tokens or 1,600 characters.
        overlap: the most that a chunk repeats of the one before it, at most half of `size`; default an eighth.
        markdown: read headings and fenced code; otherwise the text consists of paragraphs only.

    Raises:
        InputError: a size or an overlap out of bounds.
    """
    size, overlap = _checked(size, overlap, unit)
    scale = _QUARTERS if unit == "tokens" else 1
    cost = np.concatenate(([0], np.cumsum(_weights(text) if unit == "tokens" else np.ones(len(text), dtype=np.int64))))
    structure = _structure(text, cost, size * scale, markdown=markdown)
    chunks: list[Chunk] = []
    bounds = [*(start for start, _ in structure.sections), len(text)]
    for (start, stop), (_, headings) in zip(pairwise(bounds), structure.sections, strict=True):
        at = start
        while at < stop:
            begin = _begin(text, structure, cost, start, at, overlap * scale, size * scale)
            end = _end(text, structure, cost, begin, at, stop, size * scale)
            chunks.append(Chunk(begin, at, end, headings))
            at = end
    return chunks


def measure(text: str, unit: Unit = "tokens") -> int:
    """Return the size of a text, in characters or in estimated tokens."""
    return len(text) if unit == "characters" else -(-int(_weights(text).sum()) // _QUARTERS)


def _checked(size: int | None, overlap: int | None, unit: str) -> tuple[int, int]:
    checks.one_of(unit, "the unit of a chunk", tuple(SIZE_DEFAULT))
    size = SIZE_DEFAULT[unit] if size is None else size
    checks.whole(size, f"the size of a chunk in {unit}", most=_SIZE_MAX)
    overlap = size // 8 if overlap is None else overlap
    checks.whole(overlap, f"the overlap, at most half of the {size} {unit} of a chunk,", least=0, most=size // 2)
    return size, overlap


def _weights(text: str) -> _Costs:
    """Return the quarters of a token that each character counts."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    # From U+1100 on most characters are emoji or of scripts without spaces between words, except for the punctuation
    # from U+2000 on.
    dense = (codes >= 0x1100) & ~((codes >= 0x1D00) & (codes < 0x2600))
    return np.where(codes < 0x80, 1, np.where(dense, _QUARTERS, 2)).astype(np.int64)


# --- where a chunk begins and ends


def _begin(text: str, structure: _Structure, cost: _Costs, section: int, at: int, overlap: int, limit: int) -> int:
    """Return the begin of the chunk whose new text starts at `at`: up to `overlap` earlier, within its section, at a
    sentence if there is one."""
    opened = bisect_left(structure.fences, (at, at))
    if opened < len(structure.fences) and structure.fences[opened][0] == at:
        a, b = structure.fences[opened]
        overlap = min(overlap, limit - int(cost[b] - cost[a]))
    if at == section or overlap == 0:
        return at
    low = max(section, int(np.searchsorted(cost, cost[at] - overlap, side="left")))
    for kinds in (structure.breaks[:_SENTENCES], structure.breaks[_SENTENCES:]):
        starts = [kind[i] for kind in kinds if (i := bisect_left(kind, low)) < len(kind) and kind[i] < at]
        if starts:
            return min(starts)
    within = bisect_right(structure.fences, (low, len(text)))
    if within and low < structure.fences[within - 1][1]:
        return at
    return next((p for p in range(low, min(at, low + _GRAPHEME_CHARS_MAX)) if not is_within_grapheme(text, p)), at)


def _end(text: str, structure: _Structure, cost: _Costs, begin: int, at: int, stop: int, limit: int) -> int:
    """Return the end of a chunk from `begin` whose new text starts at `at`: the end of its section, or the best break
    that fits."""
    high = int(np.searchsorted(cost, cost[begin] + limit, side="right")) - 1
    assert high > at, "the overlap is at most half the size, so one character fits"
    if high >= stop:
        return stop
    filled = int(np.searchsorted(cost, cost[at] + limit // 4, side="left"))
    for low in (filled, at + 1):
        for kind in structure.breaks:
            i = bisect_right(kind, high) - 1
            if i >= 0 and kind[i] >= max(low, at + 1):
                return kind[i]
    return next(
        (p for p in range(high, max(at, high - _GRAPHEME_CHARS_MAX), -1) if not is_within_grapheme(text, p)), high
    )


# --- structure


def _structure(text: str, cost: _Costs, limit: int, *, markdown: bool) -> _Structure:
    headings: list[_Line] = []
    fences: list[tuple[int, int]] = []
    blocks, items, lines = [0], list[int](), list[int]()
    blank = False
    for line in _lines(text, markdown=markdown):
        lines.append(line.start)
        if line.kind in ("fence", "heading"):
            blocks += [line.start, line.end]
        elif line.kind != "blank" and blank:
            blocks.append(line.start)
        elif line.kind == "item":
            items.append(line.start)
        if line.kind == "fence" and cost[line.end] - cost[line.start] <= limit:
            fences.append((line.start, line.end))
        elif line.kind == "fence":
            items += [match.start() for match in _LINE.finditer(text, line.start, line.end)]
        if line.kind == "heading":
            headings.append(line)
        blank = line.kind == "blank"
    sentences = [m.end() for m in _SENTENCE.finditer(text)]
    spaces = [m.end() for m in _SPACE.finditer(text)]
    breaks = tuple(_outside(sorted(set(kind)), fences) for kind in (blocks, items, sentences, lines, spaces))
    return _Structure(_sections(text, headings), fences, breaks)


def _lines(text: str, *, markdown: bool) -> Iterator[_Line]:
    """Yield the lines of a text; fenced code is one line."""
    fence, opened = "", 0
    for match in _LINE.finditer(text):
        start, end, line = match.start(), match.end(), match.group().rstrip("\r\n")
        if start == len(text):
            break
        if not line.strip():
            if not fence:
                yield _Line("blank", start, end)
            continue
        mark = _FENCE.fullmatch(line) if markdown else None
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                yield _Line("fence", opened, end)
                fence = ""
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence, opened = mark[1], start
        elif markdown and (heading := _HEADING.fullmatch(line)) and len(line) <= _HEADING_CHARACTERS_MAX:
            yield _Line("heading", start, end, len(heading[1]), (heading[2] or "").strip())
        else:
            yield _Line("item" if _ITEM.match(line) else "text", start, end)
    if fence:
        yield _Line("fence", opened, len(text))


def _sections(text: str, headings: list[_Line]) -> list[tuple[int, tuple[str, ...]]]:
    """Return the begin of each section and the headings above it. A heading without a text below it joins the next
    section."""
    sections: list[tuple[int, tuple[str, ...]]] = [(0, ())] if text else []
    body, open_ = 0, list[_Line]()
    for heading in headings:
        open_ = [*(h for h in open_ if h.level < heading.level), heading]
        path = tuple(h.title for h in open_ if h.title)
        if text[body : heading.start].strip():
            sections.append((heading.start, path))
        else:
            sections[-1] = (sections[-1][0], path)
        body = heading.end
    return sections


def _outside(places: list[int], fences: list[tuple[int, int]]) -> list[int]:
    """Return the places outside of fenced code."""
    starts = [a for a, _ in fences]
    return [p for p in places if (i := bisect_left(starts, p)) == 0 or p >= fences[i - 1][1]]

"""The rows and edges of a document in `resources`: one row for it, and one for each chunk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rem_arrow.base.datatypes import Json
from rem_arrow.language.chunks import Unit, split
from rem_arrow.language.document_text import DocumentText
from rem_arrow.write.edges import edge_row
from rem_arrow.write.owned_rows import DOCUMENTS, chunk_id


@dataclass(frozen=True, slots=True)
class Chunking:
    """How documents are split; None is the default of the unit."""

    size: int | None
    overlap: int | None
    unit: Unit


@dataclass(frozen=True, slots=True)
class Source:
    """A document before it is split: its text, its id, the name and the columns that its rows are given, and the name
    of its file."""

    document: DocumentText
    uri: str
    name: str | None
    file: str | None
    columns: Mapping[str, Any]


def document_rows(source: Source, chunking: Chunking) -> list[dict[str, Any]]:
    """Return the rows of a document and of its chunks; chunks of white space only are left out.

    What is given comes before what the document says of itself; tags are those of both.
    """
    document, columns = source.document, source.columns
    body = document.text[document.start :]
    spans = [
        c
        for c in split(
            body, size=chunking.size, overlap=chunking.overlap, unit=chunking.unit, markdown=document.markdown
        )
        if body[c.start : c.end].strip()
    ]
    title = document.title
    name = source.name or title or next((c.headings[0] for c in spans if c.headings), source.file)
    metadata = {**document.others, **columns["metadata"]}
    shared = {
        **columns,
        "uri": source.uri,
        "tags": list(dict.fromkeys([*columns["tags"], *document.tags])),
        "description": columns["description"] or document.description,
    }
    about = {**metadata, "characters": len(document.text), "chunks": len(spans)}
    if source.file is not None:
        about["file"] = source.file
    rows = [{**shared, "id": source.uri, "name": name, "content": None, "ordinal": 0, "metadata": about}]
    for ordinal, c in enumerate(spans):
        headings = [*([title] if title and c.headings[:1] != (title,) else []), *c.headings]
        place = {
            **metadata,
            "start": document.start + c.start,
            "end": document.start + c.end,
            "heading": headings,
        }
        own = {"name": " > ".join(headings) or name, "content": body[c.start : c.end], "description": None}
        rows.append({**shared, **own, "id": chunk_id(source.uri, ordinal), "ordinal": ordinal, "metadata": place})
    return rows


def document_edges(ids: list[str]) -> list[tuple[Json, ...]]:
    """Return the edges of a document: from each chunk `part_of` to the document, and `next` to the next chunk."""
    document, chunks = ids[0], ids[1:]
    parts = [(chunk, document, "part_of") for chunk in chunks] + [(a, b, "next") for a, b in pairwise(chunks)]
    return [edge_row(a, b, kind, resolve=lambda id_, _=None: DOCUMENTS) for a, b, kind in parts]

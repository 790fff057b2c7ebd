"""Documents on a database: texts and files as chunks in the table `resources`.

    id                what                                          edges
    uri               the document: name, category, no content
    uri#0, uri#1 ...  its chunks: content, ordinal, heading         part_of -> the document, next -> the next chunk

A chunk's `metadata` gives its position: `start` and `end` in characters of the document, and `heading`, the headings
above it. One document is one commit. Adding a uri again replaces the document: unchanged rows are left alone, so that
only changed texts are embedded, and chunks beyond the new end are purged with their edges.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from rem_arrow.access.access import Access
from rem_arrow.base import checks
from rem_arrow.base.datatypes import Json
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.face.verbs import Verbs
from rem_arrow.language.chunks import Unit, split
from rem_arrow.language.document_files import document_paths, is_markdown, read_document
from rem_arrow.running.progress import progress_bar
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion
from rem_arrow.write.edges import edge_row
from rem_arrow.write.owned_rows import DOCUMENTS, chunk_id

_FIELDS = ("text", "uri", "name", "category", "status", "description", "tags", "metadata")


class Document(NamedTuple):
    """A document that was added.

    Attributes:
        id: of its row in `resources`.
        chunks: the ids of its chunks, in order.
    """

    id: str
    chunks: list[str]


@dataclass(frozen=True, slots=True)
class _Source:
    """A document before it is split: its text, its origin, and the columns that its rows get."""

    text: str
    uri: str
    name: str | None
    file: str | None
    columns: Mapping[str, Any]
    markdown: bool


class DocumentVerbs(Verbs):
    """The part of a database that stores documents."""

    def add_document(
        self,
        document: str | Path,
        *,
        uri: str | None = None,
        name: str | None = None,
        category: str | None = None,
        status: str | None = None,
        description: str | None = None,
        tags: Iterable[str] = (),
        metadata: Mapping[str, Any] | None = None,
        chunk: int | None = None,
        overlap: int | None = None,
        unit: Unit = "tokens",
        markdown: bool | None = None,
    ) -> Document:
        """Store a document in `resources`, as a row for it and one for each chunk; the same uri is replaced.

        Args:
            document: the text itself, or a `pathlib.Path` of a UTF-8 file. A str is always the text, never a file's
                name.
            uri: where it came from, and the id of its row; default is the path as given, or "text:" and a hash of the
                text.
            name: its title; default is its first Markdown heading, else the name of the file.
            category, status, description, tags: columns of its rows; the description is of the document's own row.
            metadata: anything else, in the JSON column `metadata` of every row.
            chunk: the most that a chunk holds; default is 400 tokens, or 1,600 characters.
            overlap: the most that a chunk repeats of the one before it, at most half of `chunk`; default is an eighth.
            unit: of `chunk` and `overlap`: "tokens", estimated as four ASCII characters each, or "characters".
            markdown: split at headings first, and keep fenced code whole; default is True for texts, and for files
                named .md, .markdown or .mdx.

        Returns:
            A `Document`: `id`, and `chunks`, the ids of its chunks in order; an empty text has none.

        Raises:
            InputError: the file cannot be read or is not UTF-8, a size is out of bounds, or another row has one of the
                ids.

        Example:
            >>> db.add_document("# Guide\\n\\nRun pip.", uri="guide.md", category="tutorial")
            Document(id='guide.md', chunks=['guide.md#0'])
        """
        columns = _columns(category, status, description, tags, metadata)
        source = _source(document, uri, name, columns, markdown=markdown)
        return self._add_document(source, chunk, overlap, unit)

    def add_documents(
        self,
        documents: str | Path | Iterable[str | Path | Mapping[str, Any]],
        *,
        category: str | None = None,
        status: str | None = None,
        tags: Iterable[str] = (),
        chunk: int | None = None,
        overlap: int | None = None,
        unit: Unit = "tokens",
        markdown: bool | None = None,
        progress: bool | None = None,
    ) -> list[Document]:
        """Store several documents as `add_document` does, each in a commit of its own.

        Args:
            documents: a folder (its .md, .markdown, .mdx, .rst and .txt files at any depth, without hidden ones), a
                glob pattern such as "docs/**/*.md", a file, or an iterable of paths, texts, and dicts with `text` and
                optionally uri, name, category, status, description, tags and metadata.
            category, status, tags: columns of all rows of all documents.
            chunk, overlap, unit, markdown: as in `add_document`.
            progress: show a progress bar, as in `load`.

        Returns:
            A `Document` for each, in order.

        Raises:
            InputError: a document does not fit, or there is none; those before it are stored.

        Example:
            >>> added = db.add_documents([{"text": "Run pip.", "uri": "a"}, {"text": "Run make.", "uri": "b"}])
            >>> [document.id for document in added]
            ['a', 'b']
        """
        shared = {"category": category, "status": status, "tags": tags}
        items: list[Any] = list(document_paths(documents) if isinstance(documents, (str, Path)) else documents)
        results = []
        with progress_bar("adding documents", len(items), progress) as advance:
            for place, item in enumerate(items):
                source = _item_source(item, place, shared, markdown=markdown)
                results.append(self._add_document(source, chunk, overlap, unit))
                advance(1)
        return results

    def _add_document(self, source: _Source, chunk: int | None, overlap: int | None, unit: Unit) -> Document:
        rows = _rows(source, chunk, overlap, unit)
        ids = [row["id"] for row in rows]

        def compute(access: Access) -> tuple[Changes, None]:
            writer, tv = self._instance.writer, access.table(DOCUMENTS)
            changed_rows = self._changed_rows(access, tv, rows)
            surplus = self._surplus_ids(access, source.uri, len(ids) - 1)
            changes, _ = writer.put(access, tv, changed_rows, many=True)
            purge, _ = writer.purge(access, tv, surplus)
            changes.merge(purge)
            if changed_rows or surplus:
                changes.merge(writer.put_edges(access, _edges(ids)))
            return changes, None

        self._write(compute)
        return Document(ids[0], ids[1:])

    def _changed_rows(self, access: Access, tv: TableVersion, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows that differ from the stored ones. Raises InputError if an id belongs to another document."""
        changed_rows = []
        for row in rows:
            stored = self._instance.writer.read(access, tv, row["id"])
            if stored is not None and (stored["uri"], stored["ordinal"]) != (row["uri"], row["ordinal"]):
                raise InputError(
                    f"{DOCUMENTS} has a row {row['id']!r} that is not of the document {row['uri']!r}; give another uri"
                )
            if (
                stored is None
                or stored[tv.table.soft_delete] is not None
                or any(stored[name] != value for name, value in row.items())
            ):
                changed_rows.append(row)
        return changed_rows

    def _surplus_ids(self, access: Access, uri: str, count: int) -> list[str]:
        """Return the ids of the document's stored chunks with an ordinal of `count` or more."""
        text = f"SELECT id, ordinal FROM {DOCUMENTS} WHERE uri = $uri AND ordinal >= $count"
        chunks = self._select(access, text, {"uri": uri, "count": count}, include_deleted=True)
        return [id_ for id_, ordinal in chunks.iter_rows() if id_ == chunk_id(uri, ordinal)]


def _source(
    document: Any, uri: str | None, name: str | None, columns: Mapping[str, Any], *, markdown: bool | None
) -> _Source:
    """Return a text or a file as a document. Raises InputError."""
    if uri is not None:
        checks.text(uri, "the uri of a document")
    if isinstance(document, Path):
        return _Source(
            read_document(document),
            uri or document.as_posix(),
            name,
            document.name,
            columns,
            is_markdown(document) if markdown is None else markdown,
        )
    if not isinstance(document, str):
        raise InputError(f"a document is a text, or a pathlib.Path of a file; not {type(document).__name__}")
    digest = hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return _Source(document, uri or f"text:{digest}", name, None, columns, markdown is not False)


def _item_source(item: Any, place: int, shared: Mapping[str, Any], *, markdown: bool | None) -> _Source:
    """Return one item of a list of documents: a path, a text, or a dict. Raises InputError that names the item."""
    if not isinstance(item, Mapping):
        return _source(item, None, None, _columns(**shared), markdown=markdown)
    unknown = next((key for key in item if key not in _FIELDS), None)
    if unknown is not None or not isinstance(item.get("text"), str):
        wrong = (
            f"no field {unknown!r}; {suggest(str(unknown), _FIELDS, 'Fields')}"
            if unknown is not None
            else "a dict has the document's text as 'text'"
        )
        raise InputError(f"document {place}: {wrong}")
    columns = {**shared, **{key: item[key] for key in item if key not in ("text", "uri", "name")}}
    return _source(item["text"], item.get("uri"), item.get("name"), _columns(**columns), markdown=markdown)


def _columns(
    category: str | None = None,
    status: str | None = None,
    description: str | None = None,
    tags: Iterable[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    if isinstance(tags, str):
        raise InputError(f"tags are a list of texts, not {tags!r}; give [{tags!r}]")
    return {
        "category": category,
        "status": status,
        "description": description,
        "tags": list(tags),
        "metadata": checks.mapping(metadata, "metadata"),
    }


def _rows(source: _Source, chunk: int | None, overlap: int | None, unit: Unit) -> list[dict[str, Any]]:
    """Return the rows of a document and of its chunks; chunks of white space only are left out."""
    spans = [
        c
        for c in split(source.text, size=chunk, overlap=overlap, unit=unit, markdown=source.markdown)
        if source.text[c.start : c.end].strip()
    ]
    name = source.name or next((c.headings[0] for c in spans if c.headings), source.file)
    shared = {**source.columns, "uri": source.uri}
    about = {**source.columns["metadata"], "characters": len(source.text), "chunks": len(spans)}
    rows = [{**shared, "id": source.uri, "name": name, "content": None, "ordinal": 0, "metadata": about}]
    for ordinal, c in enumerate(spans):
        place = {**source.columns["metadata"], "start": c.start, "end": c.end, "heading": list(c.headings)}
        columns = {"name": " > ".join(c.headings) or name, "content": source.text[c.start : c.end], "description": None}
        rows.append({**shared, **columns, "id": chunk_id(source.uri, ordinal), "ordinal": ordinal, "metadata": place})
    return rows


def _edges(ids: list[str]) -> list[tuple[Json, ...]]:
    """Return the edges of a document: from each chunk `part_of` to the document, and `next` to the next chunk."""
    document, chunks = ids[0], ids[1:]
    parts = [(chunk, document, "part_of") for chunk in chunks] + [(a, b, "next") for a, b in pairwise(chunks)]
    return [edge_row(a, b, kind, resolve=lambda id_, _=None: DOCUMENTS) for a, b, kind in parts]

"""Documents on a database: texts and files as chunks in the table `resources`.

    id                what                                          edges
    uri               the document: name, category, no content
    uri#0, uri#1 ...  its chunks: content, ordinal, heading         part_of -> the document, next -> the next chunk

A chunk's `metadata` gives its position: `start` and `end` in characters of the document, or of the Markdown that was
made of it, and `heading`, the title and the headings above it. One document is one commit. Adding a uri again replaces
the document: unchanged rows are left alone, so that only changed texts are embedded, and chunks beyond the new end are
purged with their edges.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from rem_arrow.access.access import Access
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.face.verbs import Verbs
from rem_arrow.language.chunks import Unit
from rem_arrow.language.document_files import document_paths, file_uri
from rem_arrow.language.document_text import given_document, read_document
from rem_arrow.running.progress import progress_bar
from rem_arrow.storage.changes import Changes
from rem_arrow.storage.version import TableVersion
from rem_arrow.write.document_rows import Chunking, Source, document_edges, document_rows
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


class AddedDocuments(list[Document]):
    """The documents that were added, in order, and what became of them.

    Attributes:
        added: how many are new.
        changed: how many differ from those that were stored.
        unchanged: how many were stored as they are; nothing of them is embedded again.
        removed: how many stored ones were removed, since their files are gone.
        refused: files that cannot be read, each with the reason, where errors are ignored.
    """

    def __init__(self) -> None:
        super().__init__()
        self.added = self.changed = self.unchanged = self.removed = 0
        self.refused: dict[str, str] = {}

    def __repr__(self) -> str:
        counts = ("added", "changed", "unchanged", "removed")
        refused = f", refused={self.refused}" if self.refused else ""
        return f"<{len(self)} documents: {', '.join(f'{n}={getattr(self, n)}' for n in counts)}{refused}>"


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
        front_matter: bool = True,
    ) -> Document:
        """Store a document in `resources`, as a row for it and one for each chunk; the same uri is replaced.

        Args:
            document: the text itself, or a `pathlib.Path` of a file: UTF-8 text, or with the extra `documents` an
                .html, .pdf or .docx file, which becomes Markdown. A str is always the text, never a file's name.
            uri: where it came from, and the id of its row; default is the path of the file, absolute and with links
                resolved, or "text:" and a hash of the text.
            name: its title; default is what it says itself, else its first heading, else the name of the file.
            category, status, description, tags: columns of its rows; the description is of the document's own row.
            metadata: anything else, in the JSON column `metadata` of every row.
            chunk: the most that a chunk holds; default is 400 tokens, or 1,600 characters.
            overlap: the most that a chunk repeats of the one before it, at most half of `chunk`; default is an eighth.
            unit: of `chunk` and `overlap`: "tokens", estimated as four ASCII characters each, or "characters".
            markdown: split at headings first, and keep fenced code whole; default is True but for files of text that
                are not named .md, .markdown or .mdx.
            front_matter: read what stands before Markdown, YAML between lines of `---` or TOML between lines of `+++`.
                Its title, description and tags are columns, other keys metadata, and it is part of no chunk.

        Returns:
            A `Document`: `id`, and `chunks`, the ids of its chunks in order; an empty text has none.

        Raises:
            InputError: the file or its front matter cannot be read, a size is out of bounds, or another row has one of
                the ids.
            UnsupportedError: the extra `documents` is not installed, and the file needs it.

        Example:
            >>> db.add_document("# Guide\\n\\nRun pip.", uri="guide.md", category="tutorial")
            Document(id='guide.md', chunks=['guide.md#0'])
        """
        columns = _columns(category, status, description, tags, metadata)
        reading = _Reading(markdown, front_matter)
        return self._add_document(reading.source(document, uri, name, columns), Chunking(chunk, overlap, unit))[0]

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
        front_matter: bool = True,
        sync: bool = False,
        ignore_errors: bool = False,
        progress: bool | None = None,
    ) -> AddedDocuments:
        """Store several documents as `add_document` does, each in a commit of its own.

        Args:
            documents: a folder (its .md, .markdown, .mdx, .rst, .txt, .html, .htm, .pdf and .docx files at any depth,
                without hidden ones), a glob pattern such as "docs/**/*.md", a file, or an iterable of paths, texts, and
                dicts with `text` and optionally uri, name, category, status, description, tags and metadata.
            category, status, tags: columns of all rows of all documents.
            chunk, overlap, unit, markdown, front_matter: as in `add_document`.
            sync: remove the documents that came from files of the folder and whose files are gone, all of them in one
                commit after the others were added.
            ignore_errors: pass over files that cannot be read, and list them in `refused`; what is stored of them
                stays.
            progress: show a progress bar, as in `load`.

        Returns:
            An `AddedDocuments`: a list of a `Document` for each, in order, with the counts `added`, `changed`,
            `unchanged` and `removed`.

        Raises:
            InputError: a document does not fit, or there is none; those before it are stored.
            UnsupportedError: the extra `documents` is not installed, and a file needs it.

        Example:
            >>> added = db.add_documents([{"text": "Run pip.", "uri": "a"}, {"text": "Run make.", "uri": "b"}])
            >>> [document.id for document in added], added.added
            (['a', 'b'], 2)
        """
        if sync and not (isinstance(documents, (str, Path)) and Path(documents).is_dir()):
            raise InputError(
                "sync removes what is gone from a folder; give the folder, not a pattern, a file or a list"
            )
        shared = {"category": category, "status": status, "tags": tags}
        items: list[Any] = (
            list(document_paths(documents, none=sync)) if isinstance(documents, (str, Path)) else list(documents)
        )
        reading, chunking = _Reading(markdown, front_matter), Chunking(chunk, overlap, unit)
        results = AddedDocuments()
        with progress_bar("adding documents", len(items), progress) as advance:
            for place, item in enumerate(items):
                try:
                    document, became = self._add_document(reading.item(item, place, shared), chunking)
                except InputError as error:
                    if not (ignore_errors and isinstance(item, Path)):
                        raise
                    results.refused[str(item)] = str(error)
                else:
                    results.append(document)
                    setattr(results, became, getattr(results, became) + 1)
                advance(1)
        if sync:
            results.removed = self._remove_gone(cast("str | Path", documents))
        return results

    def _add_document(self, source: Source, chunking: Chunking) -> tuple[Document, str]:
        """Store a document. Returns it, and what became of it: added, changed or unchanged."""
        rows = document_rows(source, chunking)
        ids = [row["id"] for row in rows]

        def compute(access: Access) -> tuple[Changes, str]:
            writer, tv = self._instance.writer, access.table(DOCUMENTS)
            stored = writer.read(access, tv, source.uri)
            is_new = stored is None or stored[tv.table.soft_delete] is not None
            changed_rows = self._changed_rows(access, tv, rows)
            surplus = self._surplus_ids(access, source.uri, len(ids) - 1)
            changes, _ = writer.put(access, tv, changed_rows, many=True)
            purge, _ = writer.purge(access, tv, surplus)
            changes.merge(purge)
            if changed_rows or surplus:
                changes.merge(writer.put_edges(access, document_edges(ids)))
            return changes, "added" if is_new else "changed" if changed_rows or surplus else "unchanged"

        became = self._write(compute)
        return Document(ids[0], ids[1:]), became

    def _remove_gone(self, folder: str | Path) -> int:
        """Remove the documents that came from files below a folder and whose files are gone. Returns their number."""
        below = file_uri(Path(folder)).rstrip("/") + "/"

        def compute(access: Access) -> tuple[Changes, int]:
            text = (
                f"SELECT id FROM {DOCUMENTS} WHERE id = uri AND starts_with(uri, $below) "
                "AND metadata->>'file' IS NOT NULL"
            )
            ids = self._select(access, text, {"below": below}, include_deleted=True)["id"].to_list()
            gone = [id_ for id_ in ids if not os.path.lexists(id_)]
            return self._instance.writer.purge(access, access.table(DOCUMENTS), gone)

        return self._write(compute)

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


class _Reading(NamedTuple):
    """How documents are read."""

    markdown: bool | None
    front_matter: bool

    def source(self, document: Any, uri: str | None, name: str | None, columns: Mapping[str, Any]) -> Source:
        """Return a text or a file as a document. Raises InputError."""
        if uri is not None:
            checks.text(uri, "the uri of a document")
        if isinstance(document, Path):
            read = read_document(document, markdown=self.markdown, with_front_matter=self.front_matter)
            return Source(read, uri or file_uri(document), name, document.name, columns)
        if not isinstance(document, str):
            raise InputError(f"a document is a text, or a pathlib.Path of a file; not {type(document).__name__}")
        digest = hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        uri = uri or f"text:{digest}"
        read = given_document(document, uri, markdown=self.markdown is not False, with_front_matter=self.front_matter)
        return Source(read, uri, name, None, columns)

    def item(self, item: Any, place: int, shared: Mapping[str, Any]) -> Source:
        """Return one item of a list of documents: a path, a text, or a dict. Raises InputError that names the item."""
        if not isinstance(item, Mapping):
            return self.source(item, None, None, _columns(**shared))
        unknown = next((key for key in item if key not in _FIELDS), None)
        if unknown is not None or not isinstance(item.get("text"), str):
            wrong = (
                f"no field {unknown!r}; {suggest(str(unknown), _FIELDS, 'Fields')}"
                if unknown is not None
                else "a dict has the document's text as 'text'"
            )
            raise InputError(f"document {place}: {wrong}")
        columns = {**shared, **{key: item[key] for key in item if key not in ("text", "uri", "name")}}
        return self.source(item["text"], item.get("uri"), item.get("name"), _columns(**columns))


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

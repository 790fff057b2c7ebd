"""Full-text index of texts by rowid, by tantivy: BM25 over words.

A word is a run of letters and digits, without case and accents; `words` says what else is one: parts of names, pieces
of scripts without spaces. The words of a query are an OR, each counted once, however often it stands there. `"several
words"` are a phrase: they stand in the text one behind the other. What has a `+` before it must be in the text, what
has a `-` must not; a query of nothing but `-` is read without these. The score of a row is the sum, over the words that
it holds, of

    idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * length / mean length)),    idf = ln(1 + (N - n + 0.5) / (n + 0.5)), k1
    = 1.2, b = 0.75

over the N texts of the index; a phrase counts as one word, with the idf of its words added up. Lengths above 40 words
are kept roughly.

Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rem_arrow.base import utf8
from rem_arrow.base.errors import CorruptionError, ExecuteError, UnsupportedError
from rem_arrow.index.folder_checksums import folder_checksums
from rem_arrow.index.words import WORD_BYTES_MAX, spelled
from rem_arrow.running.disk_errors import disk_error
from rem_arrow.running.file_sync import make_folder

try:
    import tantivy
except ImportError as _error:
    raise UnsupportedError("search by words needs tantivy: pip install 'rem_arrow[fulltext]'") from _error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    Rowids = npt.NDArray[np.int64]
    Fingerprints = npt.NDArray[np.uint32]

# Changes where words or the schema do: files of another number are made anew.
LAYOUT = 2
_QUERY_WORDS_MAX = 1_000
_WRITER_BYTES = 64 << 20
_ROWID, _FINGERPRINT, _TEXT = "rowid", "print", "text"
_CLAUSE = re.compile(r'(?P<sign>(?<!\S)[+-])?(?:"(?P<phrase>[^"]+)"|(?P<plain>[^\s"]+))')
_OCCURS = {None: tantivy.Occur.Should, "+": tantivy.Occur.Must, "-": tantivy.Occur.MustNot}
# tantivy raises these for whatever goes wrong.
_FAILURES = (ValueError, OSError, RuntimeError)


class Found(NamedTuple):
    """Rows that hold a word of a query, best first, and their scores."""

    rowids: Rowids
    scores: npt.NDArray[np.float64]


class TextIndex:
    """Texts by rowid. Searches may run beside one writer; what was added or removed is seen after `commit`."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the index in a folder, or make one there; without a folder it lives in memory.

        Raises:
            CorruptionError: what lies in the folder is no index.
        """
        self.path = path
        try:
            if path is not None:
                make_folder(path)
            self._index = tantivy.Index(_schema(), None if path is None else str(path))
            self._index.register_tokenizer("words", _analyzer())
            self._searcher = self._index.searcher()
        except _FAILURES as error:
            what = f"the text index {path}"
            raise disk_error(error, what) or CorruptionError(f"{what} is damaged: {error}") from error
        self._analyzer = _analyzer()
        self._writer: tantivy.IndexWriter | None = None
        self._dirty = False
        self._checksums: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """How many texts there are."""
        return int(self._searcher.num_docs)

    def words(self, text: str, *, asked: bool = False) -> list[str]:
        """Return the words of a text, in its order; with `asked`, those that a query without an order needs."""
        utf8.encoded(text, "the text of a search")
        return list(self._analyzer.analyze(spelled(text, asked=asked)))

    def held(self) -> tuple[Rowids, Fingerprints]:
        """Return the rowids of all texts, ascending, and their fingerprints."""
        hits = self._searcher.search(tantivy.Query.all_query(), max(1, self.count), count=False).hits
        addresses = [address for _, address in hits]
        rowids = np.array(self._searcher.fast_field_values(_ROWID, addresses), dtype=np.int64)
        fingerprints = np.array(self._searcher.fast_field_values(_FINGERPRINT, addresses), dtype=np.uint32)
        order = np.argsort(rowids, kind="stable")
        return rowids[order], fingerprints[order]

    def put(self, rowids: Rowids, fingerprints: Fingerprints, texts: Sequence[str]) -> None:
        """Add texts; each replaces what the index has for its rowid. `fingerprints` are 32 bits of a hash of each.

        Raises:
            ExecuteError: the disk does not take it, as in all that writes; what the index holds is unknown then.
        """
        with self._written():
            writer, replaced = self._writing(), self.count > 0
            self._dirty = True
            for rowid, number, text in zip(rowids.tolist(), fingerprints.tolist(), texts, strict=True):
                if replaced:
                    writer.delete_documents_by_term(_ROWID, rowid)
                document = tantivy.Document()
                document.add_integer(_ROWID, rowid)
                document.add_integer(_FINGERPRINT, number)
                document.add_text(_TEXT, spelled(text))
                writer.add_document(document)

    def remove(self, rowids: Rowids) -> None:
        """Take out rows; one that is not there is left alone."""
        with self._written():
            writer = self._writing()
            self._dirty = True
            for rowid in rowids.tolist():
                writer.delete_documents_by_term(_ROWID, rowid)

    def commit(self) -> bool:
        """Let searches see what was written; in a folder it is on disk then. Returns whether anything was."""
        with self._written():
            changed, self._dirty = self._dirty, False
            if changed and self._writer is not None:
                self._writer.commit()
                # Merges go on for as long as the writer lives: then meta.json would change at any time.
                writer, self._writer = self._writer, None
                writer.wait_merging_threads()
                self._index.reload()
                self._searcher = self._index.searcher()
            return changed

    def search(self, query: str, k: int, among: Rowids | None = None) -> Found:
        """Return the k best rows; with `among`, which should be few, of these."""
        searcher, parsed = self._searcher, self._query(query)
        if parsed is None or k <= 0:
            return Found(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64))
        if among is not None:
            only = tantivy.Query.const_score_query(
                tantivy.Query.term_set_query(self._index.schema, _ROWID, among.tolist()), 0.0
            )
            parsed = tantivy.Query.boolean_query([(tantivy.Occur.Must, parsed), (tantivy.Occur.Must, only)])
        hits = searcher.search(parsed, min(k, max(1, int(searcher.num_docs))), count=False).hits
        rowids = searcher.fast_field_values(_ROWID, [address for _, address in hits])
        return Found(np.array(rowids, dtype=np.int64), np.array([score for score, _ in hits], dtype=np.float64))

    def checksums(self) -> dict[str, int]:
        """Return the CRC-32 of each file of the index: meta.json, and the files of the segments that it names.

        Raises:
            CorruptionError: one is missing.
        """
        assert self.path is not None, "an index in memory has no files"
        try:
            self._checksums = folder_checksums(self.path, self._checksums)
        except FileNotFoundError as error:
            raise CorruptionError(f"the text index {self.path} is damaged: a file is missing") from error
        return self._checksums

    def close(self, *, remove: bool = False) -> None:
        """End the writer; with `remove` the files go too."""
        with self._lock:
            self._writer = None
        if remove and self.path is not None:
            shutil.rmtree(self.path, ignore_errors=True)

    @contextlib.contextmanager
    def _written(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except _FAILURES as error:
                what = f"the text index {self.path} cannot be written"
                raise disk_error(error, what) or ExecuteError(f"{what}: {error}") from error

    def _writing(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._writer = self._index.writer(_WRITER_BYTES, 1)
        return self._writer

    def _query(self, text: str) -> tantivy.Query | None:
        """Return what a query asks for; None where it has no word."""
        clauses = self._clauses(text)
        if not any(occur is not tantivy.Occur.MustNot for occur, _ in clauses):
            clauses = [(tantivy.Occur.Should, (word,)) for word in self.words(text, asked=True)]
        kept = list(dict.fromkeys(clauses))[:_QUERY_WORDS_MAX]
        terms = [(occur, self._term(words)) for occur, words in kept]
        if len(terms) < 2:
            return terms[0][1] if terms else None
        return tantivy.Query.boolean_query(terms)

    def _clauses(self, text: str) -> list[tuple[tantivy.Occur, tuple[str, ...]]]:
        clauses = []
        for found in _CLAUSE.finditer(text):
            ordered = bool(found["phrase"] or found["sign"])
            words = self.words(found["phrase"] or found["plain"], asked=not ordered)
            clauses += [(_OCCURS[found["sign"]], tuple(part)) for part in ([words] if ordered else zip(words)) if part]
        return clauses

    def _term(self, words: tuple[str, ...]) -> tantivy.Query:
        if len(words) == 1:
            return tantivy.Query.term_query(self._index.schema, _TEXT, words[0], "freq")
        return tantivy.Query.phrase_query(self._index.schema, _TEXT, list(words))


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field(_ROWID, indexed=True, fast=True)
    builder.add_integer_field(_FINGERPRINT, fast=True)
    builder.add_text_field(_TEXT, stored=False, tokenizer_name="words", index_option="position")
    return builder.build()


def _analyzer() -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.remove_long(WORD_BYTES_MAX))
    return builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold()).build()

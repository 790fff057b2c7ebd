"""The embedders of one store by the names that are stored beside their vectors.

A text describes its embedder. A function only has a name, and two functions may share one, as all lambdas do. So a
function is told from others of its name by what it gives: it bears the name if it gives the vectors that are stored
under it, or what the function that bears it already gives; else it gets the name with a number behind it.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

from rem_arrow.base.errors import InputError
from rem_arrow.base.schema import Embedding
from rem_arrow.embed.embedder import Embedder, Vectors, embed_texts
from rem_arrow.embed.providers import default_embedder, embedder
from rem_arrow.embed.user_function import FunctionEmbedder
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import TableVersion
from rem_arrow.write.vector_rows import row_texts, source_hash

Provider: TypeAlias = "str | Callable[[list[str]], Any] | Embedder"

# What functions are compared by: texts that few functions find alike, and so many rows of each table.
_PROBES = ("dimension", "a quick brown fox jumps over the lazy dog", "0123456789 ABC")
_ROWS_COMPARED = 3
# Servers give the same vector again but for its last digits.
_COSINE_MIN = 0.995


def beginning_embedder(store: Store) -> str:
    """Return the embedder with which a database began: that of its oldest embeddings whose model names none. In a new
    database it is the default, and where a function was it, which cannot be found by its name."""
    tables = [tv.table for tv in store.version.tables.values()]
    unnamed = [t for t in tables if not (isinstance(t.model, dict) and t.model.get("embedding_provider"))]
    embeddings = [(e.table, e.provider) for t in unnamed for e in t.embeddings if e.column == "embedding"]
    name = min(embeddings, default=(0, ""))[1]
    return default_embedder() if not name or name.startswith("callable:") else name


class KnownEmbedders:
    """Finds embedders by name. Safe in many threads.

    Args:
        default: embeds the tables whose model names no provider.
    """

    def __init__(self, store: Store, default: Provider) -> None:
        self._store, self._default = store, default
        self._by_name: dict[str, Embedder] = {}
        self._lock = threading.RLock()

    def of(self, spec: Provider) -> Embedder:
        """Return the embedder that `spec` names, describes or is. Raises InputError if there is none, or if a stored
        name is that of another function."""
        with self._lock:
            if not isinstance(spec, str):
                own = embedder(spec)
                if isinstance(own, FunctionEmbedder):
                    return self._named(own)
                self._by_name[own.name] = own
                return own
            known = self._by_name.get(spec)
            if known is None:
                known = self._by_name[spec] = self._described(spec)
            return known

    def _described(self, spec: str) -> Embedder:
        """Return the embedder of a name that is stored, or of a description."""
        if not isinstance(self._default, str):
            default = self.of(self._default)
            if default.name == spec:
                return default
            if isinstance(default, FunctionEmbedder) and default.name.partition("#")[0] == spec.partition("#")[0]:
                if self._gives_the_stored(default, spec):
                    return default.called(spec)
                version = self._store.version
                tables = [tv.table.name for tv, e in self._embedded_by(spec) if version.tables[e.table].rows]
                raise InputError(
                    f"the vectors of {', '.join(tables) or 'this table'} are not those that {default.name} gives: they "
                    f"are another function's with the name {spec}. Connect with that one, or compute them anew: "
                    f"db.reembed({(tables or ['...'])[0]!r}, function)"
                )
        return embedder(spec)

    def _named(self, own: FunctionEmbedder) -> FunctionEmbedder:
        """Return a function under the name that it bears, or the one that bears it and gives the same."""
        base = own.name
        for number in itertools.count(1):
            name = base if number == 1 else f"{base}#{number}"
            known = self._by_name.get(name)
            if isinstance(known, FunctionEmbedder):
                if known.function == own.function or _alike(_vectors(known, _PROBES), _vectors(own, _PROBES)):
                    return known
            elif self._gives_the_stored(own, name):
                named = self._by_name[name] = own.called(name)
                return named
        raise AssertionError("numbers do not end")

    def _gives_the_stored(self, own: FunctionEmbedder, name: str) -> bool:
        """Say whether a function gives the vectors that are stored under a name; so it does where there are none."""
        for tv, embedding in self._embedded_by(name):
            texts, vectors = _stored(tv, self._store.version.tables[embedding.table], embedding)
            if texts and not _alike(vectors, _vectors(own, texts)):
                return False
        return True

    def _embedded_by(self, name: str) -> Iterator[tuple[TableVersion, Embedding]]:
        for tv in list(self._store.version.tables.values()):
            for embedding in tv.table.embeddings:
                if embedding.provider == name:
                    yield tv, embedding


def _vectors(own: FunctionEmbedder, texts: tuple[str, ...]) -> Vectors:
    return embed_texts(own, texts)


def _alike(some: Vectors, others: Vectors) -> bool:
    """Say whether vectors of the same texts are those of one embedder."""
    if some.shape != others.shape:
        return False
    a, b = some.astype(np.float64), others.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return bool((np.vecdot(a, b) >= _COSINE_MIN * lengths).all() and ((a == 0).all(1) == (b == 0).all(1)).all())


def _stored(tv: TableVersion, vectors: TableVersion, embedding: Embedding) -> tuple[tuple[str, ...], Vectors]:
    """Return the texts of a few rows whose vectors are those of these texts, and the vectors."""
    texts: list[str] = []
    found: list[Vectors] = []
    source, field = vectors.table.field("source"), vectors.table.field("vector")
    for rowid in itertools.islice(vectors.live_rowids(), 100):
        place = vectors.place(int(rowid))
        text = row_texts(tv, embedding.fields, [int(rowid)]).get(int(rowid))
        if place is None or not text or text in texts:
            continue
        values = place.view.part.row(place.offset, [source, field])
        if values[0] == source_hash(embedding.provider, text):
            texts.append(text)
            found.append(np.asarray(values[1], dtype=np.float32))
        if len(texts) == _ROWS_COMPARED:
            break
    return tuple(texts), np.array(found, dtype=np.float32)

"""Haystack over a database: a document store, and the retriever that searches it by an embedding."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl
from haystack import Document, component, default_from_dict, default_to_dict
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy

from rem_arrow.base.errors import ConstraintError, InputError
from rem_arrow.base.quoting import identifier
from rem_arrow.drivers.haystack_filters import condition
from rem_arrow.drivers.metadata_field import metadata_json
from rem_arrow.drivers.shared_databases import acquire
from rem_arrow.face.database import Database

_COLUMNS = (
    "id VARCHAR PRIMARY KEY, content VARCHAR, meta JSON NOT NULL, rest JSON NOT NULL, embedding FLOAT[{dimension}]"
)


class RemDocumentStore:
    """Documents with their embeddings in a table of their own, made with the store.

    Args:
        database: a folder or a server's address, or an open database, which stays open; only a store of the former can
            be written into the file of a pipeline.
        table: the table's name.
        embedding_dimension: the length of the embeddings.
    """

    def __init__(self, database: str | Database, *, table: str = "haystack", embedding_dimension: int = 768) -> None:
        self._place, self._table, self._dimension = database, table, embedding_dimension
        self._database: Database = acquire(database, {}) if isinstance(database, str) else database
        columns = _COLUMNS.format(dimension=int(embedding_dimension))
        self._database.sql(f"CREATE TABLE IF NOT EXISTS {identifier(table)} ({columns})")

    def to_dict(self) -> dict[str, Any]:
        """Return the store as the file of a pipeline holds it."""
        if not isinstance(self._place, str):
            raise InputError("a store over an open database cannot be written; give RemDocumentStore a folder")
        return dict(default_to_dict(self, database=self._place, table=self._table, embedding_dimension=self._dimension))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RemDocumentStore:
        """Make the store that `to_dict` wrote."""
        made: RemDocumentStore = default_from_dict(cls, data)
        return made

    def count_documents(self) -> int:
        """Return how many documents there are."""
        return int(self._database.sql(f"SELECT count(*) FROM {identifier(self._table)}").item())

    def filter_documents(self, filters: dict[str, Any] | None = None) -> list[Document]:
        """Return the documents that meet a filter; all without one."""
        where, parameters = condition(filters)
        query = f"SELECT *, embedding FROM {identifier(self._table)} WHERE {where}"
        return [_document(row) for row in self._database.sql(query, parameters).iter_rows(named=True)]

    def write_documents(self, documents: list[Document], policy: DuplicatePolicy = DuplicatePolicy.NONE) -> int:
        """Store documents, all or none, and return how many were; a duplicate id is an error unless the policy is to
        skip or overwrite it."""
        if not isinstance(documents, list) or not all(isinstance(d, Document) for d in documents):
            raise ValueError("documents is a list of Document objects")
        rows = pl.DataFrame(
            [_row(document) for document in documents],
            schema={
                **dict.fromkeys(("id", "content", "meta", "rest"), pl.String),
                "embedding": pl.Array(pl.Float32, self._dimension),
            },
            orient="row",
        )
        if policy is DuplicatePolicy.SKIP:
            rows = rows.unique("id", keep="first", maintain_order=True)
        elif policy is DuplicatePolicy.OVERWRITE:
            rows = rows.unique("id", keep="last", maintain_order=True)
        how = {DuplicatePolicy.SKIP: "INSERT OR IGNORE", DuplicatePolicy.OVERWRITE: "INSERT OR REPLACE"}
        statement = f"{how.get(policy, 'INSERT')} INTO {identifier(self._table)} FROM rows"
        try:
            return int(self._database.sql(statement, frames={"rows": rows}).item())
        except ConstraintError as error:
            raise DuplicateDocumentError(str(error)) from error

    def delete_documents(self, document_ids: list[str]) -> None:
        """Delete documents by id; ids that are not there are passed over."""
        statement = f"DELETE FROM {identifier(self._table)} WHERE list_contains($ids, id)"
        self._database.sql(statement, {"ids": list(document_ids)})

    def delete_all_documents(self) -> None:
        """Delete all documents."""
        self._database.sql(f"DELETE FROM {identifier(self._table)}")

    def delete_by_filter(self, filters: dict[str, Any]) -> int:
        """Delete the documents that meet a filter, and return how many did."""
        where, parameters = condition(filters)
        return int(self._database.sql(f"DELETE FROM {identifier(self._table)} WHERE {where}", parameters).item())

    def count_documents_by_filter(self, filters: dict[str, Any]) -> int:
        """Return how many documents meet a filter."""
        where, parameters = condition(filters)
        query = f"SELECT count(*) FROM {identifier(self._table)} WHERE {where}"
        return int(self._database.sql(query, parameters).item())

    def search(self, embedding: list[float], filters: dict[str, Any] | None = None, top_k: int = 10) -> list[Document]:
        """Return the documents nearest to an embedding of those that meet a filter, with their cosines as scores."""
        where, parameters = condition(filters)
        rows = self._database.search(
            self._table, embedding, k=top_k, column="embedding", where=where, parameters=parameters
        )
        vectors = self._database.sql(
            f"SELECT id, embedding FROM {identifier(self._table)} WHERE list_contains($ids, id)",
            {"ids": rows["id"].to_list()},
        )
        held = dict(vectors.iter_rows())
        return [_document({**row, "embedding": held[row["id"]]}) for row in rows.iter_rows(named=True)]


@component
class RemEmbeddingRetriever:
    """Retrieves the documents of a store that are nearest to an embedding.

    Args:
        filters: what documents must meet; those of a run come in their place.
        top_k: the most documents.
    """

    def __init__(
        self, document_store: RemDocumentStore, *, filters: dict[str, Any] | None = None, top_k: int = 10
    ) -> None:
        self.document_store, self.filters, self.top_k = document_store, filters, top_k

    @component.output_types(documents=list[Document])  # type: ignore[untyped-decorator]
    def run(
        self, query_embedding: list[float], filters: dict[str, Any] | None = None, top_k: int | None = None
    ) -> dict[str, list[Document]]:
        """Return the documents, nearest first."""
        asked = self.filters if filters is None else filters
        return {"documents": self.document_store.search(query_embedding, asked, top_k or self.top_k)}


def _row(document: Document) -> tuple[Any, ...]:
    held = document.to_dict(flatten=False)
    rest = {name: held[name] for name in ("blob", "sparse_embedding") if held.get(name) is not None}
    return document.id, document.content, metadata_json(document.meta), metadata_json(rest), document.embedding


def _document(row: Mapping[str, Any]) -> Document:
    vector = row["embedding"]
    held = {**json.loads(row["rest"]), "id": row["id"], "content": row["content"], "meta": json.loads(row["meta"])}
    embedding = None if vector is None else list(vector)
    made: Document = Document.from_dict({**held, "embedding": embedding, "score": row.get("_score")})
    return made

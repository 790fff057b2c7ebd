"""LlamaIndex over a database: a vector store that keeps nodes with their texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.schema import BaseNode
from llama_index.core.vector_stores.types import (
    BasePydanticVectorStore,
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    VectorStoreQuery,
    VectorStoreQueryMode,
    VectorStoreQueryResult,
)
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict

from rem_arrow.base.errors import InputError
from rem_arrow.base.quoting import identifier
from rem_arrow.drivers.metadata_field import MetadataField
from rem_arrow.drivers.vector_table import is_made, put
from rem_arrow.face.database import Database

_COLUMNS = "id VARCHAR PRIMARY KEY, document VARCHAR, metadata JSON NOT NULL, vector FLOAT[{dimension}] NOT NULL"


class RemVectorStore(BasePydanticVectorStore):  # type: ignore[misc]
    """Nodes with their vectors in a table of their own, made when the first comes.

    Args:
        database: an open database, which stays open.
        table: the table's name.
    """

    stores_text: bool = True
    flat_metadata: bool = False
    _database: Database = PrivateAttr()
    _table: str = PrivateAttr()

    def __init__(self, database: Database, *, table: str = "llamaindex") -> None:
        super().__init__()
        self._database, self._table = database, table

    @property
    def client(self) -> Database:
        """The database."""
        return self._database

    def add(self, nodes: Sequence[BaseNode], **kw: Any) -> list[str]:
        """Store nodes that have embeddings, and return their ids; one that exists is replaced."""
        if not nodes:
            return []
        vectors = [node.get_embedding() for node in nodes]
        if len({len(vector) for vector in vectors}) != 1:
            raise InputError("the embeddings of the nodes are of several lengths")
        rows = pl.DataFrame(
            {
                "id": [node.node_id for node in nodes],
                "document": [node.ref_doc_id for node in nodes],
                "metadata": [json.dumps(node_to_metadata_dict(n, flat_metadata=False)) for n in nodes],
                "vector": vectors,
            },
            schema_overrides={"document": pl.String, "vector": pl.Array(pl.Float32, len(vectors[0]))},
        )
        put(self._database, self._table, rows, columns=_COLUMNS.format(dimension=len(vectors[0])))
        return [node.node_id for node in nodes]

    def delete(self, ref_doc_id: str, **kw: Any) -> None:
        """Delete the nodes of a document."""
        if is_made(self._database, self._table):
            self._database.sql(f"DELETE FROM {identifier(self._table)} WHERE document = $id", {"id": ref_doc_id})

    def delete_nodes(
        self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None, **kw: Any
    ) -> None:
        """Delete nodes by id, by metadata, or by both; all without either."""
        if is_made(self._database, self._table):
            where, parameters = _where(node_ids, None, filters)
            self._database.sql(f"DELETE FROM {identifier(self._table)} WHERE {where}", parameters)

    def clear(self) -> None:
        """Delete all nodes."""
        self.delete_nodes()

    def get_nodes(self, node_ids: list[str] | None = None, filters: MetadataFilters | None = None) -> list[BaseNode]:
        """Return nodes by id, by metadata, or by both; all without either."""
        if not is_made(self._database, self._table):
            return []
        where, parameters = _where(node_ids, None, filters)
        rows = self._database.sql(f"SELECT metadata FROM {identifier(self._table)} WHERE {where}", parameters)
        return [metadata_dict_to_node(json.loads(text)) for text in rows["metadata"]]

    def query(self, query: VectorStoreQuery, **kw: Any) -> VectorStoreQueryResult:
        """Return the nodes nearest to an embedding, of those that meet the filters, with their cosines."""
        if query.mode != VectorStoreQueryMode.DEFAULT or query.query_embedding is None:
            raise InputError(
                f"this store answers queries by an embedding, in the default mode, not {query.mode.value!r}"
            )
        if not is_made(self._database, self._table):
            return VectorStoreQueryResult(nodes=[], similarities=[], ids=[])
        where, parameters = _where(query.node_ids, query.doc_ids, query.filters)
        rows = self._database.search(
            self._table,
            query.query_embedding,
            k=query.similarity_top_k,
            column="vector",
            where=where,
            parameters=parameters,
        )
        nodes = [metadata_dict_to_node(json.loads(text)) for text in rows["metadata"]]
        return VectorStoreQueryResult(nodes=nodes, similarities=rows["_score"].to_list(), ids=rows["id"].to_list())


def _where(
    ids: list[str] | None, documents: list[str] | None, filters: MetadataFilters | None
) -> tuple[str, dict[str, Any]]:
    parameters: dict[str, Any] = {}
    terms = ["TRUE"]
    if ids is not None:
        terms.append(MetadataField((), parameters, column="id").among(ids))
    if documents is not None:
        terms.append(MetadataField((), parameters, column="document").among(documents))
    if filters is not None and filters.filters:
        terms.append(_condition(filters, parameters))
    return " AND ".join(terms), parameters


def _condition(filters: MetadataFilters | MetadataFilter, parameters: dict[str, Any]) -> str:
    if isinstance(filters, MetadataFilter):
        return _comparison(filters, parameters)
    terms = [_condition(term, parameters) for term in filters.filters]
    if filters.condition == FilterCondition.NOT:
        return f"(NOT ({' OR '.join(terms)}))"
    return f"({(' OR ' if filters.condition == FilterCondition.OR else ' AND ').join(terms)})"


def _comparison(term: MetadataFilter, parameters: dict[str, Any]) -> str:
    field, value = MetadataField((term.key,), parameters, column="metadata"), term.value
    match term.operator:
        case FilterOperator.EQ:
            return field.equals(value)
        case FilterOperator.NE:
            return f"(NOT {field.equals(value)})"
        case FilterOperator.GT | FilterOperator.GTE | FilterOperator.LT | FilterOperator.LTE:
            return field.ordered(term.operator.value, value)
        case FilterOperator.IN:
            return field.among(value)
        case FilterOperator.NIN:
            return f"(NOT {field.among(value)})"
        case FilterOperator.ANY:
            return f"({' OR '.join(map(field.holds, value)) or 'FALSE'})"
        case FilterOperator.ALL:
            return f"({' AND '.join(map(field.holds, value)) or 'TRUE'})"
        case FilterOperator.CONTAINS:
            return field.holds(value)
        case FilterOperator.IS_EMPTY:
            return field.is_empty()
        case FilterOperator.TEXT_MATCH | FilterOperator.TEXT_MATCH_INSENSITIVE:
            return field.matches(str(value), cased=term.operator == FilterOperator.TEXT_MATCH)
        case other:
            raise InputError(f"{other!r} is no operator that this store knows")

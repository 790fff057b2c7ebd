"""LangChain over a database: a vector store, whose retriever is `as_retriever()`, and the history of a chat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import polars as pl
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    message_to_dict,
    messages_from_dict,
)
from langchain_core.vectorstores import VectorStore

from rem_arrow.base.errors import InputError
from rem_arrow.base.quoting import identifier
from rem_arrow.drivers.metadata_field import MetadataField, metadata_json
from rem_arrow.drivers.vector_table import is_made, put
from rem_arrow.face.database import Database

_COLUMNS = "id VARCHAR PRIMARY KEY, text VARCHAR NOT NULL, metadata JSON NOT NULL, vector FLOAT[{dimension}] NOT NULL"

_ROLES: Mapping[str, tuple[type[BaseMessage], ...]] = {
    "user": (HumanMessage,),
    "assistant": (AIMessage,),
    "system": (SystemMessage,),
    "tool": (ToolMessage, FunctionMessage),
}


class RemVectorStore(VectorStore):
    """Documents with their vectors in a table of their own, made when the first comes.

    Args:
        database: an open database, which stays open.
        embedding: computes the vectors of documents and queries.
        table: the table's name.
    """

    def __init__(self, database: Database, embedding: Embeddings, *, table: str = "langchain") -> None:
        self._database, self._embedding, self._table = database, embedding, table

    @property
    def embeddings(self) -> Embeddings:
        """What computes the vectors."""
        return self._embedding

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kw: Any,
    ) -> list[str]:
        """Store texts, and return their ids; one that exists is replaced."""
        contents = list(texts)
        given: Sequence[str | None] = [None] * len(contents) if ids is None else ids
        keys = [str(uuid4()) if key is None else key for key in given]
        details = [{}] * len(contents) if metadatas is None else metadatas
        if not len(contents) == len(keys) == len(details):
            raise InputError(
                f"{len(contents)} texts have {len(keys)} ids and {len(details)} metadata; give one for each"
            )
        if not contents:
            return []
        vectors = self._embedding.embed_documents(contents)
        if len(vectors) != len(contents) or len({len(vector) for vector in vectors}) != 1:
            raise InputError(
                f"the embedding gave {len(vectors)} vectors for {len(contents)} texts, or of several lengths"
            )
        rows = pl.DataFrame(
            {"id": keys, "text": contents, "metadata": list(map(metadata_json, details)), "vector": vectors},
            schema_overrides={"vector": pl.Array(pl.Float32, len(vectors[0]))},
        )
        put(self._database, self._table, rows, columns=_COLUMNS.format(dimension=len(vectors[0])))
        return keys

    def delete(self, ids: list[str] | None = None, **kw: Any) -> bool | None:
        """Delete documents by id; ids that are not there are passed over. Without ids all go."""
        if is_made(self._database, self._table):
            where = "" if ids is None else " WHERE list_contains($ids, id)"
            self._database.sql(f"DELETE FROM {identifier(self._table)}{where}", None if ids is None else {"ids": ids})
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Return the documents with these ids, in their order; ids that are not there are passed over."""
        if not ids or not is_made(self._database, self._table):
            return []
        query = f"SELECT id, text, metadata FROM {identifier(self._table)} WHERE list_contains($ids, id)"
        found = {
            row["id"]: _document(row) for row in self._database.sql(query, {"ids": list(ids)}).iter_rows(named=True)
        }
        return [found[key] for key in dict.fromkeys(ids) if key in found]

    def similarity_search(self, query: str, k: int = 4, **kw: Any) -> list[Document]:
        """Return the documents nearest in meaning; `filter`: a dict of metadata that they have."""
        return [document for document, _ in self.similarity_search_with_score(query, k, **kw)]

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **kw: Any) -> list[Document]:
        """Return the documents nearest to a vector."""
        return [document for document, _ in self._search(embedding, k, kw.get("filter"))]

    def similarity_search_with_score(self, query: str, k: int = 4, **kw: Any) -> list[tuple[Document, float]]:
        """Return the documents nearest in meaning, each with its cosine."""
        return self._search(self._embedding.embed_query(query), k, kw.get("filter"))

    def _select_relevance_score_fn(self) -> Any:
        return lambda cosine: (1 + cosine) / 2

    def _search(self, vector: list[float], k: int, having: dict[str, Any] | None) -> list[tuple[Document, float]]:
        if not is_made(self._database, self._table):
            return []
        parameters: dict[str, Any] = {}
        terms = [MetadataField([n], parameters, column="metadata").equals(v) for n, v in (having or {}).items()]
        where = " AND ".join(terms) or None
        rows = self._database.search(self._table, vector, k=k, column="vector", where=where, parameters=parameters)
        return [(_document(row), row["_score"]) for row in rows.iter_rows(named=True)]

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kw: Any,
    ) -> RemVectorStore:
        """Make a store of texts; `database` is needed, `table` may be given."""
        store = cls(kw["database"], embedding, table=kw.get("table", "langchain"))
        store.add_texts(texts, metadatas, ids=ids)
        return store


class RemChatHistory(BaseChatMessageHistory):
    """The messages of a session, as `db.messages` has them: those of people have the role user, of models assistant.

    Args:
        database: an open database, which stays open.
        session: the id of the session; made with the first message if it is not there.
    """

    def __init__(self, database: Database, session: str) -> None:
        self._database, self._session = database, session

    @property
    def messages(self) -> list[BaseMessage]:  # type: ignore[override]
        """The messages, oldest first."""
        try:
            stored = self._database.messages(self._session)
        except InputError:
            if self._database.get("sessions", self._session) is None:
                return []
            raise
        return [_message(row) for row in stored.select("id", "role", "content", "metadata").iter_rows(named=True)]

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Store messages."""
        rows = [(_role(message), message.text, {"langchain": message_to_dict(message)}) for message in messages]
        if rows and self._database.get("sessions", self._session) is None:
            self._database.start_session(id=self._session)
        for role, content, metadata in rows:
            self._database.add_message(self._session, role, content, metadata=metadata)

    def clear(self) -> None:
        """Forget the session with its messages for good."""
        self._database.forget(self._session)


def _role(message: BaseMessage) -> str:
    if isinstance(message, ChatMessage) and message.role in _ROLES:
        return message.role
    for role, classes in _ROLES.items():
        if isinstance(message, classes):
            return role
    raise InputError(f"a {type(message).__name__} has no role; the roles are {', '.join(_ROLES)}")


def _message(row: dict[str, Any]) -> BaseMessage:
    """Return the message that was stored, or one of what another wrote into the session."""
    metadata = json.loads(row["metadata"])
    try:
        if "langchain" in metadata:
            return messages_from_dict([metadata["langchain"]])[0]
        if row["role"] == "tool":
            return ToolMessage(row["content"], tool_call_id=str(metadata.get("tool_call_id", row["id"])))
        return _ROLES[row["role"]][0](content=row["content"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"message {row['id']} with the role {row['role']!r} is none of LangChain's: {error}"
        ) from error


def _document(row: dict[str, Any]) -> Document:
    return Document(id=row["id"], page_content=row["text"], metadata=json.loads(row["metadata"]))

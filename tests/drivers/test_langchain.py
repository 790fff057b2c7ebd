"""LangChain: its standard tests of vector stores, and the history of a chat."""

from __future__ import annotations

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.messages import AIMessage, ChatMessage, FunctionMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_tests.integration_tests import VectorStoreIntegrationTests

import rem_arrow as rem
from rem_arrow.drivers.langchain_store import RemChatHistory, RemVectorStore


class TestStore(VectorStoreIntegrationTests):
    """What LangChain asks of every vector store, synchronous and asynchronous."""

    @pytest.fixture
    def vectorstore(self):
        """An empty store."""
        with rem.connect(background=False) as db:
            yield RemVectorStore(db, self.get_embeddings())


@pytest.fixture
def db():
    with rem.connect(background=False) as database:
        yield database


def test_documents_are_retrieved_by_meaning_and_metadata(db):
    """A retriever, filters, and scores between 0 and 1."""
    embedding = DeterministicFakeEmbedding(size=6)
    store = RemVectorStore.from_texts(["a", "b"], embedding, [{"n": 1}, {"n": "x"}], ids=["1", "2"], database=db)
    assert [d.id for d in store.as_retriever(search_kwargs={"k": 1}).invoke("b")] == ["2"]
    assert [d.id for d in store.similarity_search("b", filter={"n": 1})] == ["1"]
    assert store.similarity_search("b", filter={"n": 2}) == []
    odd = {'é"\\ .x': 1}
    store.add_texts(["c"], [odd], ids=["3"])
    assert [d.id for d in store.similarity_search("c", filter=odd)] == ["3"]
    ((found, score),) = store.similarity_search_with_relevance_scores("a", k=1)
    assert found.metadata == {"n": 1} and score == pytest.approx(1)
    store.delete()
    assert store.similarity_search("a") == []


def test_what_is_no_document_is_refused(db):
    """Nothing is stored of a call that fails."""
    store = RemVectorStore(db, DeterministicFakeEmbedding(size=6))
    with pytest.raises(rem.InputError, match="2 texts have 1 ids"):
        store.add_texts(["a", "b"], ids=["1"])
    with pytest.raises(rem.InputError, match="metadata is JSON"):
        store.add_texts(["a", "b"], [{}, {"n": float("nan")}])
    assert "langchain" not in db.tables()["name"]


def test_a_history_has_roles_and_is_cleared(db):
    """Messages come back as they were; `db.messages` has them by role, and what it has else is read."""
    history = RemChatHistory(db, "s")
    assert history.messages == []
    said = [
        HumanMessage("hi"),
        AIMessage("", id="7", tool_calls=[{"name": "f", "args": {"x": 1}, "id": "c", "type": "tool_call"}]),
        ToolMessage("1", tool_call_id="c"),
        SystemMessage([{"type": "text", "text": "x"}]),
        FunctionMessage("2", name="g"),
        ChatMessage("3", role="user"),
    ]
    history.add_messages(said)
    assert history.messages == said
    roles = ["user", "assistant", "tool", "system", "tool", "user"]
    assert db.messages("s")["role"].to_list() == roles
    for role in ("user", "assistant", "system", "tool"):
        db.add_message("s", role, "more")
    assert [m.type for m in history.messages[6:]] == ["human", "ai", "system", "tool"]
    with pytest.raises(rem.InputError, match="has no role"):
        history.add_messages([ChatMessage("4", role="judge")])
    history.clear()
    assert history.messages == []
    history.add_messages(said[:1])
    assert history.messages == said[:1]

"""Haystack's own tests of document stores, and what is beside them; they run where Haystack is installed."""

from __future__ import annotations

import pytest

import rem_arrow as rem

pytest.importorskip("haystack")

from haystack import Document, Pipeline
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.errors import FilterError
from haystack.testing.document_store import (
    CountDocumentsByFilterTest,
    DeleteAllTest,
    DeleteByFilterTest,
    DocumentStoreBaseTests,
)

from rem_arrow.drivers.haystack_store import RemDocumentStore, RemEmbeddingRetriever

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def database():
    with rem.connect() as db:
        yield db


def empty(database):
    """A store without documents."""
    store = RemDocumentStore(database)
    store.delete_all_documents()
    return store


class TestRemDocumentStore(DocumentStoreBaseTests, CountDocumentsByFilterTest, DeleteAllTest, DeleteByFilterTest):
    """The suite that Haystack publishes."""

    @pytest.fixture
    def document_store(self, database):
        """An empty store for each test."""
        return empty(database)

    @staticmethod
    def assert_documents_are_equal(received, expected):
        """Embeddings are of single precision, and documents are in no order."""
        received, expected = (sorted(documents, key=lambda d: d.id) for documents in (received, expected))
        assert [d.id for d in received] == [d.id for d in expected]
        for one, other in zip(received, expected):
            assert (one.content, one.meta) == (other.content, other.meta)
            assert one.embedding == (None if other.embedding is None else pytest.approx(other.embedding, rel=1e-6))

    def test_write_documents(self, document_store):
        """Without a policy a duplicate is refused."""
        document = Document(content="a")
        assert document_store.write_documents([document]) == 1
        with pytest.raises(DuplicateDocumentError):
            document_store.write_documents([document])


def test_a_pipeline_is_written_and_retrieves(tmp_path):
    """By cosine, of those that meet the filter; the store is made again from its file."""
    store = RemDocumentStore(str(tmp_path / "a.rem"), embedding_dimension=2)
    pages = [Document(content=c, meta={"page": n}, embedding=v) for c, n, v in (("a", 1, [1, 0]), ("b", 2, [0.8, 0.6]))]
    store.write_documents(pages)
    pipeline = Pipeline()
    pipeline.add_component("retriever", RemEmbeddingRetriever(store, top_k=1))
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=["rem_arrow.drivers.haystack_store"])
    found = again.run({"retriever": {"query_embedding": [1.0, 0.0]}})["retriever"]["documents"]
    assert [(d.content, d.score) for d in found] == [("a", pytest.approx(1))]
    filters = {"field": "meta.page", "operator": ">", "value": 1}
    found = again.run({"retriever": {"query_embedding": [1.0, 0.0], "filters": filters}})["retriever"]["documents"]
    assert [d.content for d in found] == ["b"]


def test_what_is_no_filter_is_refused(database):
    """And no name or value becomes part of a statement."""
    document_store = empty(database)
    for wrong in (
        {"field": "a", "operator": "~", "value": 1},
        {"operator": "XOR", "conditions": []},
        {"operator": "AND", "conditions": ["x"]},
        {"field": "meta.a", "operator": ">", "value": {"x": 1}},
    ):
        with pytest.raises(FilterError):
            document_store.filter_documents(wrong)
    document_store.write_documents([Document(content="x", meta={"a'b\"": True, "n": {"m": [1]}})])
    for field, value in (("meta.a'b\"", True), ("meta.n.m", [1]), ("content", "x")):
        assert len(document_store.filter_documents({"field": field, "operator": "==", "value": value})) == 1
    with pytest.raises(rem.InputError, match="JSON"):
        document_store.write_documents([Document(content="y", meta={"x": object()})])
    with pytest.raises(rem.InputError, match="cannot be written"):
        document_store.to_dict()

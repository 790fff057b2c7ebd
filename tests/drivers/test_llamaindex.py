"""LlamaIndex's vector store, beside the one that LlamaIndex has; they run where LlamaIndex is installed."""

from __future__ import annotations

import pytest

import rem_arrow as rem

pytest.importorskip("llama_index.core")

from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores import (
    FilterCondition,
    FilterOperator,
    MetadataFilter,
    MetadataFilters,
    SimpleVectorStore,
    VectorStoreQuery,
)
from llama_index.core.vector_stores.types import VectorStoreQueryMode

from rem_arrow.drivers.llamaindex_store import RemVectorStore

pytestmark = pytest.mark.long
ROWS = [
    ("a", {"n": 1, "kind": "cat", "tags": ["x", "y"], "deep": "Grey Cat"}, [1.0, 0.0]),
    ("b", {"n": 2, "kind": "dog", "tags": ["y"], "deep": "brown dog"}, [0.8, 0.6]),
    ("c", {"n": 3.5, "kind": "cat", "tags": [], "deep": "White cat"}, [0.0, 1.0]),
    ("d", {"kind": "it's"}, [-1.0, 0.0]),
]
COMPARISONS = [
    ("n", FilterOperator.EQ, 1),
    ("kind", FilterOperator.EQ, "it's"),
    ("n", FilterOperator.GT, 1),
    ("n", FilterOperator.GTE, 2),
    ("n", FilterOperator.LT, 3.5),
    ("n", FilterOperator.LTE, 2),
    ("kind", FilterOperator.NE, "cat"),
    ("kind", FilterOperator.IN, ["cat", "cow"]),
    ("kind", FilterOperator.NIN, ["cat", "cow"]),
    ("tags", FilterOperator.ANY, ["x", "z"]),
    ("tags", FilterOperator.ALL, ["x", "y"]),
    ("tags", FilterOperator.CONTAINS, "y"),
    ("tags", FilterOperator.IS_EMPTY, None),
    ("deep", FilterOperator.TEXT_MATCH, "cat"),
    ("deep", FilterOperator.TEXT_MATCH_INSENSITIVE, "CAT"),
]


def nodes():
    return [
        TextNode(
            id_=id_,
            text=f"text of {id_}",
            metadata=metadata,
            embedding=vector,
            relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"doc-{id_ in 'ab'}")},
        )
        for id_, metadata, vector in ROWS
    ]


@pytest.fixture(scope="module")
def stores():
    """Ours and LlamaIndex's, with the same nodes."""
    with rem.connect() as db:
        ours, theirs = RemVectorStore(db), SimpleVectorStore()
        assert ours.query(VectorStoreQuery([1.0, 0.0])).ids == [] and ours.get_nodes() == []
        assert ours.add(nodes()) == theirs.add(nodes()) == list("abcd")
        yield ours, theirs


def found(store, k=4, **query):
    answer = store.query(VectorStoreQuery(query_embedding=[0.9, 0.1], similarity_top_k=k, **query))
    return answer.ids, answer.similarities


def test_the_nearest_come_first_with_their_cosines(stores):
    """As from LlamaIndex's own store; texts and metadata come back."""
    ours, theirs = stores
    for query in ({}, {"k": 2}, {"node_ids": ["a", "d"]}):
        (ids, scores), (other_ids, other_scores) = found(ours, **query), found(theirs, **query)
        assert ids == other_ids and scores == pytest.approx(other_scores, abs=1e-6)
    assert found(ours, doc_ids=["doc-True"])[0] == ["a", "b"]
    node = ours.query(VectorStoreQuery([1.0, 0.0], similarity_top_k=1)).nodes[0]
    assert (node.text, node.metadata, node.ref_doc_id) == ("text of a", ROWS[0][1], "doc-True")


@pytest.mark.parametrize(("key", "operator", "value"), COMPARISONS)
def test_filters_mean_the_same(stores, key, operator, value):
    """Each operator finds what LlamaIndex's own store finds."""
    filters = MetadataFilters(filters=[MetadataFilter(key=key, operator=operator, value=value)])
    ours, theirs = (found(store, filters=filters)[0] for store in stores)
    assert ours == theirs


def test_filters_are_joined(stores):
    """AND, OR, NOT, one in another."""
    cat, small = (MetadataFilter(key=k, operator=o, value=v) for k, o, v in (COMPARISONS[7], COMPARISONS[4]))
    for condition, expected in (("and", ["a"]), ("or", ["a", "b", "c"]), ("not", ["d"])):
        filters = MetadataFilters(filters=[cat, small], condition=FilterCondition(condition))
        assert found(stores[0], filters=filters)[0] == expected
        assert found(stores[0], filters=MetadataFilters(filters=[filters]))[0] == expected


def test_nodes_are_replaced_and_deleted():
    """By document, by id and by metadata."""
    with rem.connect() as db:
        store = RemVectorStore(db, table="a table")
        store.delete("doc-True")
        store.add(nodes())
        store.add([TextNode(id_="a", text="new", embedding=[0.0, 1.0])])
        assert {node.text for node in store.get_nodes(["a"])} == {"new"}
        store.delete("doc-True")
        assert [node.node_id for node in store.get_nodes()] == ["c", "d", "a"]
        store.delete_nodes(filters=MetadataFilters(filters=[MetadataFilter(key="n", value=3.5)]))
        store.delete_nodes(["a"])
        assert [node.node_id for node in store.get_nodes()] == ["d"]
        store.clear()
        assert store.get_nodes() == [] and store.add([]) == [] and store.client is db
        with pytest.raises(rem.InputError, match="in the default mode"):
            store.query(VectorStoreQuery([1.0, 0.0], mode=VectorStoreQueryMode.HYBRID))
        with pytest.raises(rem.InputError, match="several lengths"):
            store.add([TextNode(id_=str(n), embedding=[1.0] * n) for n in (1, 2)])

"""OpenAI's embeddings from a real server on loopback: batches, order, dimensions, and answers that are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from rem_arrow.base.errors import LanguageError
from rem_arrow.embed.embedder import embed_texts
from rem_arrow.embed.openai import OpenAIEmbedder
from rem_arrow.embed.providers import embedder
from rem_arrow.language.client import OpenAIClient, Retries
from tests.embed.server import KEY, changed, status, vector
from tests.patience import PATIENCE_S


@pytest.fixture
def make(server):
    """An embedder of the server; nothing is waited for."""

    def made(model="local", dimension=4, **settings):
        client = OpenAIClient(
            base_url=server.url,
            api_key=KEY,
            timeout_s=PATIENCE_S,
            retries=Retries(attempts_max=2),
            sleep=lambda s: None,
        )
        return OpenAIEmbedder(model, dimension, client=client, **settings)

    return made


def test_texts_become_vectors(server, make):
    """In one request, as base64."""
    found = embed_texts(make(), ["ab", "c", "ü東"])
    assert found.dtype == np.float32 and found.tolist() == [vector(t, 4) for t in ("ab", "c", "ü東")]
    assert server.requests == [{"input": ["ab", "c", "ü東"], "model": "local", "encoding_format": "base64"}]


def test_servers_that_answer_in_numbers_are_understood(server, make):
    """Some do not know base64."""
    server.script = [changed(lambda items: [{**i, "embedding": [1, 2.5, -3, 1e-3]} for i in items])]
    assert embed_texts(make(), ["a"]).tolist() == [[1.0, 2.5, -3.0, np.float32(1e-3)]]


@pytest.mark.parametrize(
    "change",
    [
        lambda items: items[::-1],
        lambda items: [items[1], items[2], items[0]],
        lambda items: [{k: v for k, v in i.items() if k != "index" or v} for i in items],
    ],
)
def test_vectors_are_put_in_order_by_index(server, make, change):
    """Whatever the order of the answer; an index of 0 may be left out, as proto3 does."""
    server.script = [changed(change)]
    assert embed_texts(make(), ["a", "b", "c"]).tolist() == [vector(t, 4) for t in "abc"]


def test_batches_are_bounded_by_texts(server, make):
    """512 texts a request."""
    found = embed_texts(make(), [f"t{n}" for n in range(1_100)])
    assert [len(i) for i in server.inputs()] == [512, 512, 76]
    assert found.tolist() == [vector(f"t{n}", 4) for n in range(1_100)]


def test_batches_are_bounded_by_bytes(server, make):
    """A text that is larger than a request may be is a request of its own."""
    texts = ["a" * 4, "b" * 6, "c", "東東東", "d" * 30, "e"]
    found = embed_texts(make(batch_bytes_max=10), texts)
    assert server.inputs() == [["aaaa", "bbbbbb"], ["c", "東東東"], ["d" * 30], ["e"]]
    assert found.tolist() == [vector(t, 4) for t in texts]


def test_empty_texts_are_not_sent(server, make):
    """The service refuses them; they are like nothing."""
    found = embed_texts(make(), ["", "a", ""])
    assert found.tolist() == [[0.0] * 4, vector("a", 4), [0.0] * 4] and server.inputs() == [["a"]]
    assert not embed_texts(make(), [""]).any() and len(server.requests) == 1


def test_long_texts_are_cut_at_a_character(server, make):
    """The rest of the text is not read, and the other texts are not kept from their vectors."""
    embed_texts(make(text_bytes_max=10), ["a" * 11, "東東東東", "🎉🎉🎉", "ok"])
    assert server.inputs() == [["a" * 10, "東東東", "🎉🎉", "ok"]]


def test_lone_surrogates_are_replaced(server, make):
    """JSON and UTF-8 cannot hold them; pairs are joined."""
    embed_texts(make(), ["a\ud800b", "\ud83c\udf89", "\x00"])
    assert server.inputs() == [["a\ufffdb", "🎉", "\x00"]]


# --- dimensions


def test_known_models_are_asked_for_other_dimensions(server, make):
    """`dimensions` is sent only when it differs from the model's own."""
    assert embed_texts(make("text-embedding-3-small", 8), ["a"]).shape == (1, 8)
    server.dimension = 1536
    assert embed_texts(make("text-embedding-3-small", None), ["a"]).shape == (1, 1536)
    assert [r.get("dimensions") for r in server.requests] == [8, None]


def test_unknown_models_are_asked_when_their_own_dimension_differs(server, make):
    """Servers may refuse the parameter, so it is the second try, and from then on the first."""
    mine = make("new", 6)
    for _ in range(2):
        assert embed_texts(mine, ["a", "b"]).tolist() == [vector("a", 6), vector("b", 6)]
    assert [r.get("dimensions") for r in server.requests] == [None, 6, 6]


def test_a_wrong_dimension_is_told(server, make):
    """When the server does not give what was asked for."""
    server.script = [changed(lambda items: [{**i, "embedding": [1.0] * 5} for i in items])] * 3
    with pytest.raises(LanguageError) as caught:
        embed_texts(make(), ["a"])
    assert (
        str(caught.value)
        == "openai:local:4 gave vectors of 5 dimensions, and 4 were expected; choose the embedder or the dimension "
        "that fits"
    )
    with pytest.raises(
        LanguageError, match=r"^openai:text-embedding-3-small:4 gave vectors of 5 dimensions, and 4 were expected"
    ):
        embed_texts(make("text-embedding-3-small"), ["a"])
    assert len(server.requests) == 3


# --- answers that are wrong

ORDER = (
    "openai:local:4 gave vectors that do not say which of the 3 texts each is of (index); try again, or use "
    "another server"
)
MATRIX = "openai:local:4 gave vectors that do not make a matrix"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda items: items[:2], "openai:local:4 gave 2 vectors for 3 texts; try again, or use another server"),
        (lambda items: items * 2, "openai:local:4 gave 6 vectors for 3 texts; try again, or use another server"),
        (lambda items: [items[0]] * 3, ORDER),
        (lambda items: [{**i, "index": i["index"] + 1} for i in items], ORDER),
        (lambda items: [{**i, "index": "x"} for i in items], ORDER),
        (lambda items: [{**i, "index": [0]} for i in items], ORDER),
        (lambda items: [{"embedding": i["embedding"]} for i in items], ORDER),
        (
            lambda items: [{**i, "embedding": [1.0, float("nan"), 1.0, 1.0]} for i in items],
            "openai:local:4 gave a vector that is not finite (NaN or infinity) for text 0 of 3; leave that text out, "
            "or use another embedder",
        ),
        (
            lambda items: [*items[:2], {**items[2], "embedding": [1.0, float("-inf"), 1.0, 1.0]}],
            "openai:local:4 gave a vector that is not finite (NaN or infinity) for text 2 of 3; leave that text out, "
            "or use another embedder",
        ),
        (lambda items: [*items[:2], {**items[2], "embedding": [1.0]}], MATRIX),
        (lambda items: [*items[:2], {**items[2], "embedding": None}], MATRIX),
        (
            lambda items: [{**i, "embedding": ["a", "b", "c", "d"]} for i in items],
            "openai:local:4 gave values of type <U1 instead of numbers",
        ),
        (lambda items: [{**i, "embedding": "AAA="} for i in items], "openai:local:4 at "),
        (lambda items: [{**i, "embedding": "A"} for i in items], "openai:local:4 at "),
        (
            lambda items: [{"index": i["index"]} for i in items],
            "openai:local:4 gave vectors of unequal lengths, or no vectors, instead of numbers",
        ),
        (lambda items: 7, "openai:local:4 at "),
        (lambda items: None, "openai:local:4 at "),
    ],
)
def test_wrong_answers_are_told(server, make, change, text):
    """Nothing unchecked comes through, and no exception but ours."""
    server.script = [changed(change)] * 3
    with pytest.raises(LanguageError) as caught:
        embed_texts(make(), ["a", "b", "c"])
    assert str(caught.value).startswith(text)
    if text.endswith(" at "):
        assert "gave an answer that cannot be read" in str(caught.value)


def test_a_busy_server_is_asked_again(server, make):
    """Each batch has its own attempts."""
    server.script = [status(429), *[changed(lambda items: items)], status(503)]
    found = embed_texts(make(batch_bytes_max=1), ["a", "b", "c"])
    assert found.tolist() == [vector(t, 4) for t in "abc"] and len(server.requests) == 5


def test_the_environment_is_enough(server, monkeypatch):
    """As a user describes it."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert embed_texts(embedder("openai:local:4"), ["a"]).tolist() == [vector("a", 4)]
    assert server.keys == [f"Bearer {KEY}"]

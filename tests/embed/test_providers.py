"""From descriptions to embedders, and what is wrong with a description."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from rem_arrow.base.errors import InputError, LanguageError
from rem_arrow.embed.embedder import embed_texts
from rem_arrow.embed.providers import embedder


@pytest.mark.parametrize(
    ("spec", "dimension", "name", "length"),
    [
        ("hash", None, "hash", 384),
        ("wordllama", None, "wordllama", 512),
        ("wordllama", 512, "wordllama", 512),
        ("hash:384", None, "hash", 384),
        ("hash:64", None, "hash:64", 64),
        ("hash", 64, "hash:64", 64),
        ("hash:64", 64, "hash:64", 64),
        ("openai:text-embedding-3-small", None, "openai:text-embedding-3-small", 1536),
        ("openai:text-embedding-3-small:1536", None, "openai:text-embedding-3-small", 1536),
        ("openai:text-embedding-3-large", None, "openai:text-embedding-3-large", 3072),
        ("openai:text-embedding-3-large:256", None, "openai:text-embedding-3-large:256", 256),
        ("openai:text-embedding-3-large", 256, "openai:text-embedding-3-large:256", 256),
        ("openai:text-embedding-ada-002", None, "openai:text-embedding-ada-002", 1536),
        ("openai:nomic-embed-text:v1.5", 768, "openai:nomic-embed-text:v1.5:768", 768),
        ("openai:nomic-embed-text:v1.5:768", None, "openai:nomic-embed-text:v1.5:768", 768),
    ],
)
def test_descriptions(spec, dimension, name, length):
    """The name of what is found describes it again."""
    found = embedder(spec, dimension=dimension)
    assert (found.name, found.dimension, found.metric) == (name, length, "cosine")
    again = embedder(found.name)
    assert (again.name, again.dimension) == (name, length)


@pytest.mark.parametrize(
    ("spec", "dimension", "text"),
    [
        (
            "hsah",
            None,
            "no embedder 'hsah'. Did you mean hash? Embedders: wordllama, minilm, hash, openai, model2vec, "
            "sentence-transformers, fastembed.",
        ),
        (
            "OpenAI:m",
            None,
            "no embedder 'OpenAI:m'. Did you mean openai? Embedders: wordllama, minilm, hash, openai, model2vec, "
            "sentence-transformers, fastembed.",
        ),
        (
            "",
            None,
            "no embedder ''. Embedders: wordllama, minilm, hash, openai, model2vec, sentence-transformers, fastembed.",
        ),
        (
            "callable:f",
            None,
            "callable:f is a function, which cannot be found by its name; give the function itself, embedder=...",
        ),
        *[
            (s, None, f"{s!r} is not hash or hash:DIM, with DIM a whole number from 1 to 65536")
            for s in ("hash:", "hash:x", "hash:0", "hash:65537", "hash:-3", "hash:1.5", "hash:٣")
        ],
        ("hash:64", 32, "'hash:64' says 64 dimensions, and dimension= says 32; give one of them"),
        ("hash", 0, "a dimension is a whole number from 1 to 65,536, not 0"),
        ("hash", True, "a dimension is a whole number from 1 to 65,536, not True"),
        (
            "openai",
            None,
            "openai needs a model: openai:MODEL. Models: text-embedding-3-small, text-embedding-3-large, "
            "text-embedding-ada-002.",
        ),
        (
            "openai:",
            8,
            "openai needs a model: openai:MODEL. Models: text-embedding-3-small, text-embedding-3-large, "
            "text-embedding-ada-002.",
        ),
        (
            "openai:other",
            None,
            "the dimension of openai:other is not known here; give it, openai:other:DIM. "
            "Models with a known one: text-embedding-3-small, text-embedding-3-large, text-embedding-ada-002.",
        ),
        ("openai:m:0", None, "'openai:m:0' is not openai:MODEL:DIM, with DIM a whole number from 1 to 65536"),
        ("openai:m:64", 32, "'openai:m:64' says 64 dimensions, and dimension= says 32; give one of them"),
        (
            "openai:text-embedding-3-small:2000",
            None,
            "openai:text-embedding-3-small gives vectors of 1 to 1536 dimensions, not 2000",
        ),
        (
            "openai:text-embedding-ada-002:512",
            None,
            "openai:text-embedding-ada-002 gives vectors of 1536 dimensions, not 512",
        ),
        ("model2vec:m", None, "model2vec:m needs a library that is not installed: pip install 'rem_arrow[model2vec]'"),
        (
            "sentence-transformers:m",
            None,
            "sentence-transformers:m needs a library that is not installed: pip install "
            "'rem_arrow[sentence-transformers]'",
        ),
        ("fastembed:m", None, "fastembed:m needs a library that is not installed: pip install 'rem_arrow[fastembed]'"),
        ("model2vec", None, "model2vec needs a model: model2vec:NAME, for example model2vec:minishlab/potion-base-8M"),
        (
            3,
            None,
            "an embedder is a text such as 'hash', a function, or an object with embed(texts), not a value of type int",
        ),
        (dict, None, "dict is a class; give an embedder made from it, dict(...)"),
    ],
)
def test_what_is_wrong_with_a_description(spec, dimension, text, monkeypatch):
    """In the user's own words, with what would work."""
    monkeypatch.setattr("rem_arrow.embed.local._is_installed", lambda module: False)
    with pytest.raises(InputError) as caught:
        embedder(spec, dimension=dimension)
    assert str(caught.value) == text


# --- functions


def doubled(texts):
    assert isinstance(texts, list)
    return [[float(len(t)), 2.0] for t in texts]


class Called:
    def __call__(self, texts):
        return np.zeros((len(texts), 5))


def test_a_function_is_an_embedder():
    """It is called with lists, in batches; its dimension is found once, and only when it is asked for."""
    calls = []
    mine = embedder(lambda texts: calls.append(len(texts)) or doubled(texts))
    assert not calls
    assert mine.dimension == 2 and mine.dimension == 2 and calls == [1]
    assert embed_texts(mine, ["abc"] * 600).tolist() == [[3.0, 2.0]] * 600
    assert calls == [1, 256, 256, 88]
    assert embedder(doubled, dimension=2).embed(("a",)).tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (doubled, "callable:doubled"),
        (partial(partial(doubled)), "callable:doubled"),
        (Called(), "callable:Called"),
        (Called().__call__, "callable:Called.__call__"),
    ],
)
def test_names_of_functions(function, name):
    """The qualified name of what is called in the end."""
    assert embedder(function).name == name
    assert embed_texts(embedder(function), ["a"]).shape[0] == 1


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (
            lambda texts: [],
            "callable:<lambda> gave an array of shape (0,) for one text; give shape (1, dimension), one vector for "
            "each text in their order",
        ),
        (
            lambda texts: [[]],
            "callable:<lambda> gave vectors of 0 dimensions, and 1 to 65536 are possible; choose the embedder or the "
            "dimension that fits",
        ),
        (
            lambda texts: 1 / 0,
            "callable:<lambda> failed: ZeroDivisionError: division by zero; fix that, or choose another embedder",
        ),
        (
            lambda texts: [[1.0] * len(t) for t in texts],
            "callable:<lambda> gave vectors of 1 dimensions, and 9 were expected; choose the embedder or the dimension "
            "that fits",
        ),
    ],
)
def test_functions_are_checked(function, text):
    """At the first vector, by the rules of every embedder."""
    with pytest.raises(LanguageError) as caught:
        embed_texts(embedder(function), ["a"])
    assert str(caught.value) == text


# --- a user's own embedder


class Own:
    name, dimension, metric, batch_max = "own", 3, "l2", 7

    def embed(self, texts):
        return np.ones((len(texts), 3), dtype=np.float32)


def test_an_embedder_is_itself():
    """Whatever its class, and an embedder of ours too."""
    own = Own()
    assert embedder(own) is own and embedder(own, dimension=3) is own
    ours = embedder(doubled)
    assert embedder(ours) is ours


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"name": ""}, "the embedder Own needs name: a text that is stored with its vectors"),
        ({"name": None}, "the embedder Own needs name: a text that is stored with its vectors"),
        ({"metric": "manhattan"}, "the embedder Own needs metric: one of cosine, inner_product, l2"),
        ({"batch_max": 0}, "the embedder Own needs batch_max: how many texts it takes at once, at least 1"),
        ({"batch_max": None}, "the embedder Own needs batch_max: how many texts it takes at once, at least 1"),
        ({"dimension": 4}, "own gives 4 dimensions, not 3"),
    ],
)
def test_an_embedder_is_checked(wrong, text):
    """What lacks is named."""
    own = Own()
    for name, value in wrong.items():
        setattr(own, name, value)
    with pytest.raises(InputError) as caught:
        embedder(own, dimension=3)
    assert str(caught.value) == text


def test_a_class_is_no_embedder():
    """A common slip."""
    with pytest.raises(InputError, match=r"^Own is a class; give an embedder made from it, Own\(\.\.\.\)$"):
        embedder(Own)

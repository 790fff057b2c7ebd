"""Adapters of libraries that are not installed here: small stand-ins take their places in sys.modules, with the calls
of their real signatures (model2vec 0.10.0, sentence-transformers 6.2.0, fastembed 0.9.1). No real model runs in these
tests."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest

from rem_arrow.base.errors import InputError, LanguageError
from rem_arrow.embed.embedder import embed_texts
from rem_arrow.embed.providers import embedder
from tests.patience import join, started


class Loaded:
    """What the stand-ins note."""

    def __init__(self):
        self.models, self.batches, self.inside = [], [], 0

    def vectors(self, texts):
        assert self.inside == 0, "two threads at once"
        self.inside += 1
        self.batches.append(len(texts))
        found = np.array([[len(t), 1, 2] for t in texts], dtype=np.float32)
        self.inside -= 1
        return found


@pytest.fixture
def loaded(monkeypatch):
    noted = Loaded()

    class StaticModel:
        @classmethod
        def from_pretrained(cls, path, token=None, normalize=None, *, force_download=True):
            assert not force_download
            noted.models.append(("model2vec", path))
            return cls()

        def encode(self, sentences, *, show_progress_bar=False, batch_size=1024):
            return noted.vectors(sentences)

    class SentenceTransformer:
        def __init__(self, model_name_or_path=None, *, trust_remote_code=True, model_kwargs=None):
            assert trust_remote_code is False, "code of a model is not run"
            assert model_kwargs == {"use_safetensors": True}, "a model is no pickle"
            noted.models.append(("sentence-transformers", model_name_or_path))

        def encode(
            self, inputs, prompt_name=None, prompt=None, batch_size=32, show_progress_bar=None, *, convert_to_numpy=True
        ):
            assert show_progress_bar is False
            return noted.vectors(inputs)

    class TextEmbedding:
        def __init__(self, model_name="BAAI/bge-small-en-v1.5", cache_dir=None):
            noted.models.append(("fastembed", model_name))

        def embed(self, documents, batch_size=256, parallel=None):
            yield from noted.vectors(documents)

    for name, kind in (
        ("model2vec", StaticModel),
        ("sentence_transformers", SentenceTransformer),
        ("fastembed", TextEmbedding),
    ):
        module = ModuleType(name)
        setattr(module, kind.__name__, kind)
        monkeypatch.setitem(sys.modules, name, module)
    return noted


@pytest.mark.parametrize("kind", ["model2vec", "sentence-transformers", "fastembed"])
def test_a_model_is_loaded_once_and_late(loaded, kind):
    """Nothing is loaded by describing; the dimension is found by one text; names may hold slashes and colons."""
    found = embedder(f"{kind}:some/model:v1")
    assert found.name == f"{kind}:some/model:v1" and not loaded.models
    assert found.dimension == 3 and found.metric == "cosine"
    assert embed_texts(found, ["ab"] * 600).tolist() == [[2.0, 1.0, 2.0]] * 600
    assert loaded.models == [(kind, "some/model:v1")] and loaded.batches == [1, 256, 256, 88]


@pytest.mark.parametrize("kind", ["model2vec", "sentence-transformers", "fastembed"])
def test_a_dimension_that_is_given_is_believed_until_the_first_vector(loaded, kind):
    """And then checked."""
    assert embedder(f"{kind}:m", dimension=3).embed(["a"]).shape == (1, 3) and loaded.batches == [1]
    with pytest.raises(LanguageError) as caught:
        embedder(f"{kind}:m", dimension=8).embed(["a"])
    assert (
        str(caught.value)
        == f"{kind}:m gave vectors of 3 dimensions, and 8 were expected; choose the embedder or the dimension that fits"
    )


def test_threads_take_turns(loaded):
    """The stand-in refuses two at once."""
    found = embedder("model2vec:m")
    failures = []

    def run():
        try:
            for _ in range(50):
                found.embed(["a", "b"])
        except (AssertionError, LanguageError) as error:
            failures.append(error)

    join(started(*[run] * 4))
    assert not failures and len(loaded.models) == 1


def test_a_model_that_cannot_be_loaded_is_told(loaded, monkeypatch):
    """Whatever the library raises; the next request tries again."""

    class HubError(Exception):
        pass

    def fail(model_name):
        raise HubError("no such model on the hub")

    monkeypatch.setattr(sys.modules["fastembed"], "TextEmbedding", fail)
    found = embedder("fastembed:nowhere")
    for _ in range(2):
        with pytest.raises(LanguageError) as caught:
            _ = found.dimension
        assert (
            str(caught.value)
            == "fastembed:nowhere failed: HubError: no such model on the hub; fix that, or choose another embedder"
        )


@pytest.mark.parametrize("extra", ["model2vec", "sentence-transformers", "fastembed"])
def test_a_library_that_lacks_is_named(extra):
    """As it is where these tests usually run."""
    if find_spec(extra.replace("-", "_")) is not None:
        pytest.skip("installed here")
    with pytest.raises(InputError) as caught:
        embedder(f"{extra}:m")
    assert str(caught.value) == f"{extra}:m needs a library that is not installed: pip install 'rem_arrow[{extra}]'"

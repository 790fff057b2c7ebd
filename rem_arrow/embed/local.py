"""Embedding models that run on this machine, each through its own library, which is an extra of the package.

The library is imported and the embedding model loaded (the first time: downloaded, by the library's rules) when the
first vector or the dimension is needed. Requests go one at a time: tokenizers of these libraries do not serve two
threads.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from rem_arrow.base.errors import InputError
from rem_arrow.embed.embedder import Metric, Vectors, checked_vectors, foreign

_PROBE = "dimension"

Encode = Callable[[list[str]], Any]


class Library(NamedTuple):
    """One of the libraries.

    Attributes:
        extra: the extra of the package that installs it.
        example: an embedding model, for error texts.
        load: from the module and the name of an embedding model to a function that encodes texts.
    """

    module: str
    extra: str
    example: str
    load: Callable[[Any, str], Encode]


def _model2vec(module: Any, model: str) -> Encode:
    # By default it downloads again what is on this disk, and so needs the network each time.
    loaded = module.StaticModel.from_pretrained(model, force_download=False)
    return lambda texts: loaded.encode(texts)


def _sentence_transformers(module: Any, model: str) -> Encode:
    # Weights are read as safetensors only, never as pickles, and no code of a model is run.
    loaded = module.SentenceTransformer(model, trust_remote_code=False, model_kwargs={"use_safetensors": True})
    return lambda texts: loaded.encode(texts, convert_to_numpy=True, show_progress_bar=False)


def _fastembed(module: Any, model: str) -> Encode:
    loaded = module.TextEmbedding(model_name=model)
    return lambda texts: list(loaded.embed(texts))


LIBRARIES = {
    "model2vec": Library("model2vec", "model2vec", "minishlab/potion-base-8M", _model2vec),
    "sentence-transformers": Library(
        "sentence_transformers", "sentence-transformers", "all-MiniLM-L6-v2", _sentence_transformers
    ),
    "fastembed": Library("fastembed", "fastembed", "BAAI/bge-small-en-v1.5", _fastembed),
}


class LocalEmbedder:
    """Embeds by an embedding model of one of `LIBRARIES`.

    Args:
        kind: a key of `LIBRARIES`.
        model: the embedding model's name there, or the path of a folder.
        dimension: length of its vectors; None finds it by embedding one text when it is first asked for.

    Raises InputError if the library is not installed.
    """

    metric: Metric = "cosine"
    batch_max = 256

    def __init__(self, kind: str, model: str, dimension: int | None = None) -> None:
        library = LIBRARIES[kind]
        if not model.strip():
            raise InputError(f"{kind} needs a model: {kind}:NAME, for example {kind}:{library.example}")
        if not _is_installed(library.module):
            raise InputError(
                f"{kind}:{model} needs a library that is not installed: pip install 'rem_arrow[{library.extra}]'"
            )
        self.name = f"{kind}:{model}"
        self._library, self._model = library, model
        self._dimension = dimension
        self._encode: Encode | None = None
        self._lock = threading.Lock()

    @property
    def dimension(self) -> int:
        """Length of a vector. Raises LanguageError when the embedding model cannot be loaded."""
        with self._lock:
            if self._dimension is None:
                self._dimension = checked_vectors(self.name, self._encoded([_PROBE]), 1, None).shape[1]
            return self._dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of at most 256 texts, checked."""
        dimension = self.dimension
        with self._lock:
            output = self._encoded(list(texts))
        return checked_vectors(self.name, output, len(texts), dimension)

    def _encoded(self, texts: list[str]) -> Any:
        """Return what the library gives for texts. REQUIRES: the lock."""
        with foreign(self.name):
            if self._encode is None:
                self._encode = self._library.load(import_module(self._library.module), self._model)
            return self._encode(texts)


def _is_installed(module: str) -> bool:
    return module in sys.modules or find_spec(module) is not None

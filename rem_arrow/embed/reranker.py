"""What orders the rows that a search has found: a function of a user, or an embedding model that reads the query and a
text together (a cross encoder), through its library.

In: the query, and the texts of rows. Out: a number for each text, the greatest for the best. What comes out is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from rem_arrow.base.errors import InputError, LanguageError
from rem_arrow.embed.embedder import foreign

Rerank: TypeAlias = Callable[[str, list[str]], Any]


class Reranker:
    """One of them; `name` stands in errors."""

    def __init__(self, name: str, function: Rerank) -> None:
        self.name, self._function = name, function

    def scores(self, query: str, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the score of each text, finite. Raises LanguageError for anything else."""
        if not texts:
            return np.empty(0, dtype=np.float64)
        with foreign(self.name):
            scores = np.asarray(self._function(query, list(texts)), dtype=np.float64)
        if scores.shape != (len(texts),) or not np.isfinite(scores).all():
            raise LanguageError(
                f"the reranker {self.name} gave {_kind(scores)} for {len(texts)} texts; give one finite number for "
                "each, in their order"
            )
        return scores


def described(name: str) -> Reranker | None:
    """Return the reranker of a text `LIBRARY:MODEL`; None for a text that is none. Raises InputError where the library
    is not installed."""
    library, colon, model = name.partition(":")
    if library not in _LIBRARIES or not colon or not model.strip():
        return None
    module, load = _LIBRARIES[library]
    if find_spec(module) is None:
        raise InputError(f"{name} needs a library that is not installed: pip install 'rem_arrow[{library}]'")
    loaded: list[Rerank] = []

    def rerank(query: str, texts: list[str]) -> Any:
        if not loaded:
            loaded.append(load(import_module(module), model))
        return loaded[0](query, texts)

    return Reranker(name, rerank)


def _sentence_transformers(module: Any, model: str) -> Rerank:
    # Weights are read as safetensors only, never as pickles, and no code of a model is run.
    loaded = module.CrossEncoder(model, trust_remote_code=False, model_kwargs={"use_safetensors": True})
    return lambda query, texts: loaded.predict([(query, text) for text in texts], show_progress_bar=False)


def _fastembed(module: Any, model: str) -> Rerank:
    loaded = import_module(f"{module.__name__}.rerank.cross_encoder").TextCrossEncoder(model_name=model)
    return lambda query, texts: list(loaded.rerank(query, texts))


_LIBRARIES: dict[str, tuple[str, Callable[[Any, str], Rerank]]] = {
    "sentence-transformers": ("sentence_transformers", _sentence_transformers),
    "fastembed": ("fastembed", _fastembed),
}


def _kind(scores: npt.NDArray[np.float64]) -> str:
    return f"an array of shape {scores.shape}" if scores.ndim != 1 or np.isfinite(scores).all() else "NaN or infinity"

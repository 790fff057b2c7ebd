"""A user's function as an embedder: it takes a list of texts and gives a vector for each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rem_arrow.embed.embedder import Metric, Vectors, checked_vectors, foreign

_BATCH_MAX = 256
_PROBE = "dimension"


class FunctionEmbedder:
    """Embeds by a function.

    Args:
        function: takes a list of 1 to 256 texts; gives a list of lists of floats, or an array, of as many vectors.
        dimension: length of its vectors; None finds it by embedding one text when it is first asked for.
    """

    metric: Metric = "cosine"
    batch_max = _BATCH_MAX

    def __init__(self, function: Callable[[list[str]], Any], dimension: int | None = None) -> None:
        self.name = f"callable:{_qualified_name(function)}"
        self.function, self._dimension = function, dimension
        self._lock = threading.Lock()

    @property
    def dimension(self) -> int:
        """Length of a vector. Raises LanguageError when the function fails or gives no vector."""
        with self._lock:
            if self._dimension is None:
                with foreign(self.name):
                    output = self.function([_PROBE])
                self._dimension = checked_vectors(self.name, output, 1, None).shape[1]
            return self._dimension

    def called(self, name: str) -> FunctionEmbedder:
        """Return the same function under another name."""
        other = FunctionEmbedder(self.function, self._dimension)
        other.name = name
        return other

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of at most 256 texts, checked."""
        dimension = self.dimension
        with foreign(self.name):
            output = self.function(list(texts))
        return checked_vectors(self.name, output, len(texts), dimension)


def _qualified_name(function: Callable[..., Any]) -> str:
    """Return the name of a function; of a partial one that of what it calls, of an object that of its class."""
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__qualname__", None)
    return name if isinstance(name, str) else type(function).__qualname__

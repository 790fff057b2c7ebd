"""What turns texts into vectors: the protocol, and the one way to call it.

In: texts, each a str. Out: float32 of shape (texts, dimension), every number finite, in the order of the texts. What an
embedder returns comes from outside (a library, a service, a user's function), so `embed_texts` checks all of it; no
vector is stored unchecked.
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from rem_arrow.base.errors import InputError, LanguageError, RemError
from rem_arrow.base.schema import DIMENSION_MAX
from rem_arrow.language.client import without_keys

Metric: TypeAlias = Literal["cosine", "inner_product", "l2"]
Vectors: TypeAlias = "npt.NDArray[np.float32]"

_ERROR_TEXT_MAX = 300


class Embedder(Protocol):
    """Computes vectors of texts. Threads may call `embed` at the same time.

    Attributes:
        name: what is stored beside the vectors, and what `providers.embedder` makes this embedder from: "hash",
            "openai:text-embedding-3-small".
        dimension: length of a vector, at least 1.
        metric: by which its vectors are compared.
        batch_max: texts that `embed` takes at once, at least 1.
    """

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def metric(self) -> Metric: ...

    @property
    def batch_max(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of at most `batch_max` texts, shape (len(texts), dimension), in their order."""
        ...


def embed_texts(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Return the vectors of any number of texts, in their order.

    Args:
        texts: may be empty, and may hold empty texts.

    Returns:
        float32, shape (len(texts), embedder.dimension), C-contiguous and finite.

    Raises:
        InputError: something in `texts` is not a text.
        LanguageError: the embedder failed, or gave something else than one finite vector a text.
    """
    if isinstance(texts, str):
        raise InputError("embed_texts takes a list of texts, not one text; write [text]")
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"text {place} to embed is of type {type(text).__name__}; only str is embedded")
    if not len(texts):
        return np.empty((0, embedder.dimension), dtype=np.float32)
    with foreign(embedder.name):
        batches = [
            embedder.embed(texts[start : start + embedder.batch_max])
            for start in range(0, len(texts), embedder.batch_max)
        ]
        dimension = embedder.dimension
    counts = [min(embedder.batch_max, len(texts) - start) for start in range(0, len(texts), embedder.batch_max)]
    checked = [
        checked_vectors(embedder.name, batch, count, dimension) for batch, count in zip(batches, counts, strict=True)
    ]
    return checked[0] if len(checked) == 1 else np.concatenate(checked)


def checked_vectors(name: str, output: Any, count: int, dimension: int | None) -> Vectors:
    """Return what a provider gave for `count` texts as float32 of shape (count, dimension); dimension None takes any.

    Raises LanguageError when it is anything else.
    """
    try:
        array = np.asarray(output)
    except (TypeError, ValueError, RuntimeError) as error:
        raise LanguageError(
            f"{name} gave vectors that do not make a matrix ({shortened(error)}); give one vector of equal length for "
            "each text"
        ) from error
    if array.dtype.kind not in "fiu":
        raise LanguageError(
            f"{name} gave {_kind(output, array)} instead of numbers; give a list of floats, or a float32 array, for "
            "each text"
        )
    if array.ndim != 2 or array.shape[0] != count:
        expected = f"({count}, {dimension if dimension is not None else 'dimension'})"
        raise LanguageError(
            f"{name} gave an array of shape {array.shape} for {_texts(count)}; give shape {expected}, one vector for "
            "each text in their order"
        )
    if (
        array.shape[1] != (array.shape[1] if dimension is None else dimension)
        or not 1 <= array.shape[1] <= DIMENSION_MAX
    ):
        expected = f"{dimension} were expected" if dimension is not None else f"1 to {DIMENSION_MAX} are possible"
        raise LanguageError(
            f"{name} gave vectors of {array.shape[1]} dimensions, and {expected}; choose the embedder or the "
            "dimension that fits"
        )
    with np.errstate(over="ignore"):
        vectors = np.ascontiguousarray(array, dtype=np.float32)
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        raise LanguageError(
            f"{name} gave a vector that is not finite (NaN or infinity) for text {int(np.argmin(finite))} of {count}; "
            "leave that text out, or use another embedder"
        )
    return vectors


class foreign:
    """Turn an exception of foreign code into a LanguageError that names the embedder.

    A user's function or a library may raise anything, so there is no list of exceptions to catch. Errors of rem_arrow
    pass, and so does what is no Exception (KeyboardInterrupt).
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, RemError):
            # The cause is left out where a traceback would show a key.
            shown = "".join(traceback.format_exception(error))
            raise LanguageError(f"{self._name} failed: {shortened(error)}; fix that, or choose another embedder") from (
                error if without_keys(shown) == shown else None
            )


def shortened(error: BaseException) -> str:
    """Return the type and the text of an exception, in one line of bounded length, without keys."""
    text = without_keys(" ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":"))
    return text if len(text) <= _ERROR_TEXT_MAX else text[:_ERROR_TEXT_MAX] + "..."


def _kind(output: Any, array: npt.NDArray[Any]) -> str:
    """Return what came instead of numbers, in words."""
    if array.ndim == 0:
        return f"a value of type {type(output).__name__}"
    return "vectors of unequal lengths, or no vectors," if array.dtype.kind == "O" else f"values of type {array.dtype}"


def _texts(count: int) -> str:
    return "one text" if count == 1 else f"{count} texts"

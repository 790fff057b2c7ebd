"""From a description of an embedder to the embedder: "wordllama", "hash:256", "openai:text-embedding-3-small", a
function, an Embedder.

The name of an embedder that a text describes describes it again, so what is stored beside vectors is enough to embed
more. Nothing is loaded and nobody is called until the first vector, or an unknown dimension, is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from rem_arrow.base import checks
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.schema import DIMENSION_MAX, check_name
from rem_arrow.embed.embedder import Embedder, Metric
from rem_arrow.embed.hash import DIMENSION_DEFAULT, HashEmbedder
from rem_arrow.embed.local import LIBRARIES, LocalEmbedder
from rem_arrow.embed.minilm import MiniLmEmbedder
from rem_arrow.embed.openai import OpenAIEmbedder
from rem_arrow.embed.static_words import is_installed
from rem_arrow.embed.user_function import FunctionEmbedder
from rem_arrow.embed.wordllama import WordLlamaEmbedder


def default_embedder() -> str:
    """Return the name of the embedder of a new database: "hash" where the vectors of words are not installed."""
    return WordLlamaEmbedder.name if is_installed() else "hash"


def embedder(spec: str | Callable[[list[str]], Any] | Embedder, *, dimension: int | None = None) -> Embedder:
    """Return the embedder that `spec` describes.

    Args:
        spec: "wordllama"; "minilm"; "hash" or "hash:DIM"; "openai:MODEL" or "openai:MODEL:DIM"; "model2vec:NAME",
            "sentence-transformers:NAME", "fastembed:NAME";
            or a function from a list of texts to a vector each; or an Embedder.
        dimension: length of the vectors, where the description leaves it open; must agree with it where not.

    Raises:
        InputError: the description is unknown or does not agree with `dimension`, or its library is not installed.

    Example:
        >>> embedder("hash:256").embed(["login fails"]).shape
        (1, 256)
    """
    if dimension is not None:
        _check_dimension(dimension)
    if isinstance(spec, str):
        return _described(spec, dimension)
    if isinstance(spec, type):
        raise InputError(f"{spec.__name__} is a class; give an embedder made from it, {spec.__name__}(...)")
    if callable(getattr(spec, "embed", None)):
        return _checked(spec, dimension)  # type: ignore[arg-type]
    if callable(spec):
        return FunctionEmbedder(spec, dimension)
    raise InputError(
        "an embedder is a text such as 'hash', a function, or an object with embed(texts), not a value of type "
        f"{type(spec).__name__}"
    )


def _described(spec: str, dimension: int | None) -> Embedder:
    """Return the embedder of a text `KIND` or `KIND:MORE`."""
    kind, _, rest = spec.partition(":")
    make = _KINDS.get(kind)
    if make is not None:
        return make(spec, rest, dimension)
    if kind == "callable":
        raise InputError(
            f"{spec} is a function, which cannot be found by its name; give the function itself, embedder=..."
        )
    raise InputError(f"no embedder {spec!r}. {suggest(kind, _KINDS, 'Embedders')}")


def _hash(spec: str, rest: str, dimension: int | None) -> Embedder:
    described = _number(rest)
    if (rest or spec.endswith(":")) and described is None:
        raise InputError(f"{spec!r} is not hash or hash:DIM, with DIM a whole number from 1 to {DIMENSION_MAX}")
    return HashEmbedder(_agreed(spec, described, dimension) or DIMENSION_DEFAULT)


def _openai(spec: str, rest: str, dimension: int | None) -> Embedder:
    # The name of an embedding model may hold colons itself: nomic-embed-text:v1.5.
    model, _, last = rest.rpartition(":")
    described = _number(last)
    if model and last.isdigit() and described is None:
        raise InputError(f"{spec!r} is not openai:MODEL:DIM, with DIM a whole number from 1 to {DIMENSION_MAX}")
    if not model or described is None:
        model, described = rest, None
    return OpenAIEmbedder(model, _agreed(spec, described, dimension))


def _local(spec: str, rest: str, dimension: int | None) -> Embedder:
    return LocalEmbedder(spec.partition(":")[0], rest, dimension)


def _packaged(make: Callable[[], Embedder]) -> Callable[[str, str, int | None], Embedder]:
    """Return what reads the description of an embedder that a package brings as it is: its name alone."""

    def described(spec: str, rest: str, dimension: int | None) -> Embedder:
        own = make()
        if rest or spec != own.name:
            raise InputError(f"{spec!r} is not {own.name}, which takes no model and no dimension")
        if dimension not in (None, own.dimension):
            raise InputError(f"{own.name} gives {own.dimension} dimensions, not {dimension}")
        return own

    return described


_KINDS: dict[str, Callable[[str, str, int | None], Embedder]] = {
    "wordllama": _packaged(WordLlamaEmbedder),
    "minilm": _packaged(MiniLmEmbedder),
    "hash": _hash,
    "openai": _openai,
    **dict.fromkeys(LIBRARIES, _local),
}


def _checked(own: Embedder, dimension: int | None) -> Embedder:
    """Return a user's embedder. Raises InputError if it is not one. Its dimension is not asked for without need: it may
    be expensive to know."""
    kind = type(own).__name__
    if not isinstance(getattr(own, "name", None), str) or not own.name:
        raise InputError(f"the embedder {kind} needs name: a text that is stored with its vectors")
    check_name(own.name, "embedder")
    if getattr(own, "metric", None) not in get_args(Metric):
        raise InputError(f"the embedder {kind} needs metric: one of {', '.join(get_args(Metric))}")
    batch_max = getattr(own, "batch_max", None)
    if not isinstance(batch_max, int) or batch_max < 1:
        raise InputError(f"the embedder {kind} needs batch_max: how many texts it takes at once, at least 1")
    if dimension is not None and own.dimension != dimension:
        raise InputError(f"{own.name} gives {own.dimension} dimensions, not {dimension}")
    return own


def _agreed(spec: str, described: int | None, dimension: int | None) -> int | None:
    """Return the dimension of a description and an argument, None when both leave it open."""
    if described is not None and dimension is not None and described != dimension:
        raise InputError(f"{spec!r} says {described} dimensions, and dimension= says {dimension}; give one of them")
    return dimension if described is None else described


def _number(text: str) -> int | None:
    """Return the dimension that a part of a description is, or None when it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        return None
    return int(text) if 1 <= int(text) <= DIMENSION_MAX else None


def _check_dimension(dimension: object) -> None:
    checks.whole(dimension, "a dimension", most=DIMENSION_MAX)

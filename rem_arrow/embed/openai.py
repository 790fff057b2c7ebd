"""Embeddings by OpenAI's service, or by a server that speaks its protocol (OPENAI_BASE_URL).

A request holds a bounded number of texts and bytes: a token is a byte at least, so OpenAI's bound of tokens a request
is kept whatever the language. Vectors are put in order by `index`. An empty text, which the service refuses, gets the
zero vector; a text that is longer than the embedding models read is cut, so that one long text does not keep others
from their vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rem_arrow.base.errors import InputError, LanguageError
from rem_arrow.base.schema import DIMENSION_MAX
from rem_arrow.embed.embedder import Metric, Vectors, checked_vectors
from rem_arrow.language.client import OpenAIClient

if TYPE_CHECKING:
    from openai import OpenAI

# Native dimensions, and whether the service shortens vectors to fewer.
MODELS = {
    "text-embedding-3-small": (1536, True),
    "text-embedding-3-large": (3072, True),
    "text-embedding-ada-002": (1536, False),
}

_BATCH_MAX = 512
_BATCH_BYTES_MAX = 250_000
# The embedding models read 8,192 tokens; prose has 4 bytes a token, Chinese about 3, digits and code 2 to 3.
_TEXT_BYTES_MAX = 16_384


class OpenAIEmbedder:
    """Embeds by an embedding model of OpenAI's service.

    Args:
        model: the embedding model's name there.
        dimension: length of the vectors; default is the native one of an embedding model in `MODELS`. Others need it.
        client: default is one with the settings of the environment.
        batch_bytes_max: UTF-8 bytes of one request; a single text may have more.
        text_bytes_max: UTF-8 bytes after which a text is cut.
    """

    metric: Metric = "cosine"
    batch_max = _BATCH_MAX

    def __init__(
        self,
        model: str,
        dimension: int | None = None,
        *,
        client: OpenAIClient | None = None,
        batch_bytes_max: int = _BATCH_BYTES_MAX,
        text_bytes_max: int = _TEXT_BYTES_MAX,
    ) -> None:
        native, shortens = MODELS.get(model, (None, False))
        self.dimension = _dimension(model, dimension, native, shortens=shortens)
        self.name = f"openai:{model}" if self.dimension == native else f"openai:{model}:{self.dimension}"
        self._model, self._client = model, client or OpenAIClient()
        self._batch_bytes_max, self._text_bytes_max = batch_bytes_max, text_bytes_max
        # Servers of other embedding models may refuse the parameter `dimensions`, so it is sent only when their native
        # dimension differs.
        self._is_known = native is not None
        self._sends_dimension = native is not None and self.dimension != native

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts, in their order; an empty text has the zero vector."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        prepared = [self._prepared(text) for text in texts]
        places = [place for place, text in enumerate(prepared) if text]
        for batch in self._batches(prepared, places):
            vectors[batch] = self._requested([prepared[place] for place in batch])
        return vectors

    def _prepared(self, text: str) -> str:
        """Return a text as UTF-8 can hold it (a lone surrogate becomes U+FFFD), cut at a character."""
        if not text.isascii():
            text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        if len(text) * 4 <= self._text_bytes_max:
            return text
        return text[: self._text_bytes_max].encode()[: self._text_bytes_max].decode(errors="ignore")

    def _batches(self, texts: list[str], places: list[int]) -> Iterator[list[int]]:
        """Yield the places of texts that go into one request."""
        batch: list[int] = []
        size = 0
        for place in places:
            own = len(texts[place].encode())
            if batch and (len(batch) == self.batch_max or size + own > self._batch_bytes_max):
                yield batch
                batch, size = [], 0
            batch.append(place)
            size += own
        if batch:
            yield batch

    def _requested(self, texts: list[str]) -> Vectors:
        """Return the vectors of one request."""
        embeddings = self._answered(texts)
        width = len(embeddings[0]) if isinstance(embeddings[0], list) else None
        if not self._is_known and not self._sends_dimension and width not in (None, self.dimension):
            self._sends_dimension = True
            embeddings = self._answered(texts)
        return checked_vectors(self.name, embeddings, len(texts), self.dimension)

    def _answered(self, texts: list[str]) -> list[Any]:
        """Return the embeddings of one answer, in the order of the texts, yet unchecked."""

        def call(client: OpenAI) -> list[tuple[Any, Any]]:
            # The client asks for base64 and decodes it, unless a server answers in numbers.
            if self._sends_dimension:
                answer = client.embeddings.create(model=self._model, input=texts, dimensions=self.dimension)
            else:
                answer = client.embeddings.create(model=self._model, input=texts)
            return [(getattr(item, "index", None), item.embedding) for item in answer.data]

        items = self._client.request(self.name, call)
        if len(items) != len(texts):
            raise LanguageError(
                f"{self.name} gave {len(items)} vectors for {len(texts)} texts; try again, or use another server"
            )
        # Servers that write JSON by proto3's rules leave out an index of 0.
        by_index = {
            index if isinstance(index, int) else -1: vector
            for index, vector in ((0 if i is None else i, v) for i, v in items)
        }
        if by_index.keys() != set(range(len(texts))):
            raise LanguageError(
                f"{self.name} gave vectors that do not say which of the {len(texts)} texts each is of (index); try "
                "again, or use another server"
            )
        return [by_index[place] for place in range(len(texts))]


def _dimension(model: str, dimension: int | None, native: int | None, *, shortens: bool) -> int:
    """Return the dimension of an embedding model's vectors. Raises InputError for one that it cannot give, and where
    none is known."""
    if not model.strip():
        raise InputError(f"openai needs a model: openai:MODEL. Models: {', '.join(MODELS)}.")
    if native is None and dimension is None:
        raise InputError(
            f"the dimension of openai:{model} is not known here; give it, openai:{model}:DIM. Models with a known "
            f"one: {', '.join(MODELS)}."
        )
    chosen = native if dimension is None else dimension
    assert chosen is not None, "one of them is given"
    least, most = (1, DIMENSION_MAX) if native is None else (1 if shortens else native, native)
    if not least <= chosen <= most:
        possible = f"1 to {most}" if least < most else f"{most}"
        raise InputError(f"openai:{model} gives vectors of {possible} dimensions, not {chosen}")
    return chosen

"""A BERT encoder in numpy: token ids to one vector a text, as sentence-transformers' mean pooling gives it.

    ids (texts, length) -> word + position + segment vectors -> layer norm
        -> n layers of: self-attention, add, layer norm; GELU between two linear maps, add, layer norm
        -> mean over the tokens of each text -> length 1

Only inference, in float32, on the CPU: the products of matrices are BLAS's, and nothing but numpy is needed. Against
PyTorch the vectors agree to about six decimal places.

Source: Devlin et al. 2019, arXiv:1810.04805; Reimers and Gurevych 2019, arXiv:1908.10084 (pooling); Wang et al. 2020,
arXiv:2002.10957 (MiniLM).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rem_arrow.embed.embedder import Vectors

_EPSILON = np.float32(1e-12)

Array = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear map: `weight` has shape (outputs, inputs)."""

    weight: Array
    bias: Array

    def __call__(self, x: Array) -> Array:
        out: Array = x @ self.weight.T
        out += self.bias
        return out


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer normalisation over the last axis."""

    weight: Array
    bias: Array

    def __call__(self, x: Array) -> Array:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt(np.einsum("...i,...i->...", x, x)[..., None] / np.float32(x.shape[-1]) + _EPSILON)
        x *= self.weight
        x += self.bias
        return x


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of the encoder."""

    query: Linear
    key: Linear
    value: Linear
    output: Linear
    output_norm: Norm
    inner: Linear
    outer: Linear
    outer_norm: Norm

    def __call__(self, x: Array, mask: Array, heads: int) -> Array:
        x = self.output_norm(x + self.output(self._attended(x, mask, heads)))
        return self.outer_norm(x + self.outer(gelu(self.inner(x))))

    def _attended(self, x: Array, mask: Array, heads: int) -> Array:
        """Return for each token the mean of all tokens' values by how much it attends to them."""
        texts, length, width = x.shape
        q, k, v = (
            part(x).reshape(texts, length, heads, width // heads).transpose(0, 2, 1, 3)
            for part in (self.query, self.key, self.value)
        )
        scores: Array = q @ k.transpose(0, 1, 3, 2)
        scores /= np.float32(np.sqrt(width // heads))
        scores += mask
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        attended: Array = (scores @ v).transpose(0, 2, 1, 3).reshape(texts, length, width)
        return attended


class Bert:
    """An encoder.

    Args:
        weights: its tensors, under the names of Hugging Face's BertModel.
        layers, heads: of the encoder.

    Raises KeyError where a tensor is missing.
    """

    def __init__(self, weights: Mapping[str, Array], layers: int, heads: int) -> None:
        def linear(name: str) -> Linear:
            return Linear(weights[f"{name}.weight"], weights[f"{name}.bias"])

        def norm(name: str) -> Norm:
            return Norm(weights[f"{name}.weight"], weights[f"{name}.bias"])

        self._words = weights["embeddings.word_embeddings.weight"]
        segment = weights["embeddings.token_type_embeddings.weight"][0]
        self._positions: Array = weights["embeddings.position_embeddings.weight"] + segment
        self._norm = norm("embeddings.LayerNorm")
        self._heads = heads
        self._layers = [
            Layer(
                linear(f"{at}.attention.self.query"),
                linear(f"{at}.attention.self.key"),
                linear(f"{at}.attention.self.value"),
                linear(f"{at}.attention.output.dense"),
                norm(f"{at}.attention.output.LayerNorm"),
                linear(f"{at}.intermediate.dense"),
                linear(f"{at}.output.dense"),
                norm(f"{at}.output.LayerNorm"),
            )
            for at in (f"encoder.layer.{i}" for i in range(layers))
        ]

    @property
    def dimension(self) -> int:
        return int(self._words.shape[1])

    def embed(self, ids: Ids, lengths: Ids) -> Vectors:
        """Return the vectors of texts, float32, length 1.

        Args:
            ids: of tokens, shape (texts, longest); what stands behind a text's own tokens means nothing.
            lengths: the number of tokens of each text, at least 1.
        """
        inside = np.arange(ids.shape[1]) < lengths[:, None]
        mask = np.where(inside, np.float32(0), np.float32(-1e9))[:, None, None, :].astype(np.float32)
        x = self._norm(self._words[np.where(inside, ids, 0)] + self._positions[: ids.shape[1]])
        for layer in self._layers:
            x = layer(x, mask, self._heads)
        pooled: Array = np.einsum("tli,tl->ti", x, inside.astype(np.float32))
        pooled /= np.sqrt(np.einsum("ti,ti->t", pooled, pooled))[:, None]
        return pooled


def gelu(x: Array) -> Array:
    """Return x times the normal distribution's share below x, which is 0.5 (1 + erf(x / sqrt 2)).

    The error function is Abramowitz and Stegun's formula 7.1.26, off by at most 1.5e-7.
    """
    z = np.abs(x)
    z *= np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * z)
    tail = np.full_like(t, 1.061405429)
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        tail *= t
        tail += np.float32(coefficient)
    tail *= t
    np.square(z, out=z)
    np.negative(z, out=z)
    np.exp(z, out=z)
    tail *= z
    tail *= np.float32(0.5)
    # The share is 1 - tail above zero, and tail below.
    return np.where(x > 0, x - x * tail, x * tail)

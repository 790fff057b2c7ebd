"""embed_texts: batches, and every way in which an embedder can give something else than vectors."""

from __future__ import annotations

import numpy as np
import pytest

from rem_arrow.base.errors import ExecuteError, InputError, LanguageError
from rem_arrow.embed.embedder import embed_texts


class Given:
    """An embedder that gives what it is told to."""

    name, metric = "mine", "l2"

    def __init__(self, give, dimension=2, batch_max=3):
        self.give, self.dimension, self.batch_max, self.batches = give, dimension, batch_max, []

    def embed(self, texts):
        self.batches.append(list(texts))
        return self.give(texts)


def test_texts_are_embedded_in_batches_and_in_order():
    """Batches are of batch_max texts; the last one has the rest."""
    mine = Given(lambda texts: [[len(t), 1] for t in texts])
    found = embed_texts(mine, ("", "a", "bb", "ccc", "dddd"))
    assert found.tolist() == [[0, 1], [1, 1], [2, 1], [3, 1], [4, 1]]
    assert found.dtype == np.float32 and found.flags.c_contiguous
    assert mine.batches == [["", "a", "bb"], ["ccc", "dddd"]]


def test_no_texts_are_no_request():
    """The shape is kept."""
    mine = Given(None)
    assert embed_texts(mine, []).shape == (0, 2) and not mine.batches


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u8", ">f4"])
def test_numbers_of_every_width_are_taken(dtype):
    """They become float32."""
    found = embed_texts(Given(lambda texts: np.ones((len(texts), 2), dtype=dtype)), ["a"])
    assert found.dtype == np.dtype(np.float32) and found.tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize(
    ("texts", "text"),
    [
        ("abc", "embed_texts takes a list of texts, not one text; write [text]"),
        (["a", None], "text 1 to embed is of type NoneType; only str is embedded"),
        ([b"a"], "text 0 to embed is of type bytes; only str is embedded"),
    ],
)
def test_what_is_no_text_is_refused(texts, text):
    """Before anybody is asked."""
    mine = Given(None)
    with pytest.raises(InputError) as caught:
        embed_texts(mine, texts)
    assert str(caught.value) == text and not mine.batches


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            None,
            "mine gave a value of type NoneType instead of numbers; give a list of floats, or a float32 array, for "
            "each text",
        ),
        (
            "abc",
            "mine gave a value of type str instead of numbers; give a list of floats, or a float32 array, for each "
            "text",
        ),
        (
            [["a", "b"]] * 2,
            "mine gave values of type <U1 instead of numbers; give a list of floats, or a float32 array, for each text",
        ),
        (
            [[True, False]] * 2,
            "mine gave values of type bool instead of numbers; give a list of floats, or a float32 array, for each "
            "text",
        ),
        (
            [[1j, 1]] * 2,
            "mine gave values of type complex128 instead of numbers; give a list of floats, or a float32 array, for "
            "each text",
        ),
        ([None, [1, 2]], "mine gave vectors that do not make a matrix (ValueError"),
        ([[1, 2], [1]], "mine gave vectors that do not make a matrix (ValueError"),
        (
            [None, None],
            "mine gave vectors of unequal lengths, or no vectors, instead of numbers; give a list of floats, or a "
            "float32 array, for each text",
        ),
        (
            [[1, 2]],
            "mine gave an array of shape (1, 2) for 2 texts; give shape (2, 2), one vector for each text in their "
            "order",
        ),
        (
            [[1, 2]] * 3,
            "mine gave an array of shape (3, 2) for 2 texts; give shape (2, 2), one vector for each text in their "
            "order",
        ),
        (
            [1.0, 2.0],
            "mine gave an array of shape (2,) for 2 texts; give shape (2, 2), one vector for each text in their order",
        ),
        (
            [],
            "mine gave an array of shape (0,) for 2 texts; give shape (2, 2), one vector for each text in their order",
        ),
        (
            [[1, 2, 3]] * 2,
            "mine gave vectors of 3 dimensions, and 2 were expected; choose the embedder or the dimension that fits",
        ),
        (
            [[1, 2], [1, float("nan")]],
            "mine gave a vector that is not finite (NaN or infinity) for text 1 of 2; leave that text out, or use "
            "another embedder",
        ),
        (
            [[float("inf"), 2], [1, 2]],
            "mine gave a vector that is not finite (NaN or infinity) for text 0 of 2; leave that text out, or use "
            "another embedder",
        ),
        (
            [[1e300, 2], [1, 2]],
            "mine gave a vector that is not finite (NaN or infinity) for text 0 of 2; leave that text out, or use "
            "another embedder",
        ),
    ],
)
def test_what_comes_back_is_checked(found, text):
    """The provider, what was wrong and what to do are named."""
    with pytest.raises(LanguageError) as caught:
        embed_texts(Given(lambda texts: found), ["a", "b"])
    assert str(caught.value).startswith(text)


def raising(error):
    def give(texts):
        raise error

    return give


class OwnError(Exception):
    """An exception of nobody's list."""


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OwnError("no\nmodel"), "mine failed: OwnError: no model; fix that, or choose another embedder"),
        (KeyError(), "mine failed: KeyError; fix that, or choose another embedder"),
        (OSError("x" * 999), "mine failed: OSError: " + "x" * 291 + "...; fix that, or choose another embedder"),
    ],
)
def test_whatever_an_embedder_raises_is_told(error, text):
    """The error is ours, and its cause is the other."""
    with pytest.raises(LanguageError) as caught:
        embed_texts(Given(raising(error)), ["a"])
    assert str(caught.value) == text and caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(3), ExecuteError("time is up"), LanguageError("busy")]
)
def test_our_errors_and_interrupts_pass(error):
    """They are not made into something else."""
    with pytest.raises(type(error)) as caught:
        embed_texts(Given(raising(error)), ["a"])
    assert caught.value is error

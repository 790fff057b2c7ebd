"""The hash embedder: its values by a slow calculation in plain Python, the same everywhere, for texts of every kind."""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rem_arrow.base.errors import InputError
from rem_arrow.embed.embedder import embed_texts
from rem_arrow.embed.features import FeatureCache
from rem_arrow.embed.hash import HashEmbedder
from rem_arrow.embed.tokens import words_of
from tests.children import run_python
from tests.effort import examples
from tests.patience import join, started

EMBEDDER = HashEmbedder()
GOLDEN = "af86c1d23582295ba464981fcb2488f54e3ef16c3b85d91723bc4d7ab17c5f99"
GOLDEN_FIRST = [
    (2, 0.08606629818677902),
    (28, -0.08606629818677902),
    (46, -0.08606629818677902),
    (52, -0.08606629818677902),
]
# Every code point, lone surrogates too.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
FEW_WORDS = st.lists(
    st.sampled_from(["login", "failed", "fails", "a", "Übung", "x" * 70, "東京都", "🎉"]), max_size=30
).map(" ".join)


def one(text, embedder=EMBEDDER):
    return embedder.embed([text])[0]


def mixed(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) % 2**64
    return x ^ (x >> 31)


def slowly(text, dimension):
    """The documented calculation, feature by feature."""
    factor = 0x9E3779B97F4A7C15
    times = Counter()
    for word in words_of(text):
        codes = [0x110001, *map(ord, word), 0x110002]
        times[
            mixed((sum(c * pow(factor, i + 1, 2**64) for i, c in enumerate(codes)) + len(codes)) % 2**64) % 2**48 | 1
        ] += 1
        for size in (3, 4, 5):
            for start in range(len(codes) - size + 1):
                hashed = size
                for code in codes[start : start + size]:
                    hashed = (hashed * factor + code) % 2**64
                times[(mixed(hashed) % 2**48) & ~1] += 1
    sums = [0] * dimension
    for key, count in times.items():
        sums[(key >> 2) % dimension] += (
            round(1024 * (1 + math.log(count))) * (4 if key & 1 else 1) * (-1 if key & 2 else 1)
        )
    length = math.sqrt(sum(s * s for s in sums)) or 1.0
    return np.array([s / length for s in sums], dtype=np.float32)


@given(st.one_of(ANY_TEXT, FEW_WORDS), st.sampled_from([1, 7, 384]))
@settings(max_examples=examples(150))
def test_values_are_those_of_the_slow_calculation(text, dimension):
    """Bit for bit."""
    assert np.array_equal(one(text, HashEmbedder(dimension)), slowly(text, dimension))


def test_golden_values():
    """Vectors on disk stay comparable: these bits never change."""
    found = EMBEDDER.embed(["Login fails with error 500", "Ünïcödé straße 東京 🎉"])
    assert hashlib.sha256(found.astype("<f4").tobytes()).hexdigest() == GOLDEN
    assert [(int(i), float(found[0, i])) for i in np.flatnonzero(found[0])[:4]] == GOLDEN_FIRST


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_other_processes_give_the_same(seed):
    """Nothing depends on the seed of hash(), or on what was embedded before."""
    code = (
        "import sys; from rem_arrow.embed.hash import HashEmbedder as H; sys.stdout.write(H().embed(['Login fails "
        "with error 500']).tobytes().hex())"
    )
    done = run_python(code, PYTHONHASHSEED=seed)
    assert done.stdout == one("Login fails with error 500").tobytes().hex(), done.stderr


@given(st.lists(st.one_of(ANY_TEXT, FEW_WORDS), max_size=20))
@settings(max_examples=examples(60))
def test_a_text_is_embedded_alike_alone_and_among_others(texts):
    """Groups and caches change nothing; a vector has length 1, or is zero when there is no word."""
    found = embed_texts(EMBEDDER, texts)
    assert found.shape == (len(texts), 384) and found.dtype == np.float32
    for text, vector in zip(texts, found, strict=True):
        assert np.array_equal(vector, one(text, HashEmbedder()))
        length = float(np.linalg.norm(vector.astype(np.float64)))
        assert length == pytest.approx(1.0, abs=1e-6) if words_of(text) else length == 0.0


@given(st.integers(0, 10**9))
@settings(max_examples=examples(50))
def test_texts_that_share_words_are_nearer(seed):
    """Two thirds of the words in common beat none."""
    rnd = random.Random(seed)
    words = ["".join(rnd.choices("abcdefghijklmnopqrstuvwxyz", k=rnd.randint(4, 9))) for _ in range(24)]
    text, near, far = " ".join(words[:9]), " ".join([*words[12:15], *words[:6]]), " ".join(words[15:])
    base, near_vector, far_vector = EMBEDDER.embed([text, near, far])
    assert base @ near_vector > base @ far_vector + 0.2


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("login fails", "the login failed", "an apple pie"),
        ("user authentication", "authenticating users", "weekly sales report"),
        ("database connection timeout", "timeouts of connections to the databases", "vacation in the mountains"),
        ("colour", "color", "engine"),
        ("straße", "STRASSE", "street"),
        ("東京都の天気", "東京の天気", "大阪城公園"),
    ],
)
def test_spelling_variants_are_nearer_than_strangers(text, near, far):
    """Runs of characters bring inflections and variants together."""
    a, b, c = EMBEDDER.embed([text, near, far])
    assert a @ b > 0.2 > a @ c


def test_it_is_lexical():
    """Synonyms are strangers, as the docstring says."""
    a, b = EMBEDDER.embed(["car", "automobile"])
    assert abs(a @ b) < 0.2


def test_order_of_words_does_not_matter_and_repetition_weighs_little():
    """A bag of words, sublinear in how often."""
    assert np.array_equal(one("fails login"), one("login fails"))
    assert one("login fails") @ one("login " * 20 + "fails") > 0.8


@pytest.mark.parametrize("text", ["", " ", "\n\t", "!?.,", "\u0301", "\u200d\ufeff", "\ud800", "\udfff\ud800", "\x00"])
def test_texts_without_words_are_zero(text):
    """They are like nothing, and no error."""
    assert not one(text).any()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "lorem ipsum " * 83_000,
        "é" * 1_000_000,
        "東" * 300_000,
        "\ud800" * 1_000_000,
        " ".join(map(str, range(100_000))),
    ],
)
def test_a_megabyte_is_embedded(text):
    """Long texts are of bounded cost a character, whatever they hold."""
    vector = one(text)
    assert np.isfinite(vector).all() and (np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)) == bool(
        words_of(text[:100])
    )


def test_groups_follow_each_other():
    """More texts than one group holds, empty ones among them."""
    texts = [f"word{n} " * (n % 7) for n in range(9_000)]
    found = embed_texts(EMBEDDER, texts)
    for n in (0, 1, 4_095, 4_096, 8_998, 8_999):
        assert np.array_equal(found[n], one(texts[n]))
    assert np.array_equal(EMBEDDER.embed([""] * 40_000 + ["a"])[-1], one("a"))


def test_a_small_cache_gives_the_same():
    """What is forgotten is calculated again; a request with more words than the cache holds is answered too."""
    small, large = FeatureCache(words_max=3), FeatureCache()
    for words in (["a", "b"], ["c", "d"], ["b"], ["e", "f", "g", "h", "e"], ["a"]):
        ours, theirs = small.of(words), large.of(words)
        for i in range(len(words)):
            assert np.array_equal(
                ours.keys[ours.starts[i] :][: ours.counts[i]], theirs.keys[theirs.starts[i] :][: theirs.counts[i]]
            )


def test_threads_share_an_embedder():
    """Each thread gets its own vectors while the others fill the cache."""
    embedder = HashEmbedder()
    embedder._cache = FeatureCache(words_max=50)
    texts = [[f"w{n % 97}x{k} common text" for n in range(300)] for k in range(6)]
    found = [None] * 6

    def run(k):
        for _ in range(5):
            found[k] = embedder.embed(texts[k])

    join(started(*(partial(run, k) for k in range(6))))
    for k in range(6):
        assert np.array_equal(found[k], EMBEDDER.embed(texts[k]))


@pytest.mark.parametrize("dimension", [0, -1, 65_537, True, 1.5, "384"])
def test_dimensions_are_checked(dimension):
    """Only whole numbers that a vector can have."""
    with pytest.raises(InputError) as caught:
        HashEmbedder(dimension)
    assert str(caught.value) == f"the dimension of hash is a whole number from 1 to 65,536, not {dimension!r}"

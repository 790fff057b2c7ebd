"""The default embedder: its values by a slow calculation over the package's own loader, and what it finds."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rem_arrow.base.errors import InputError, LanguageError
from rem_arrow.embed import static_words
from rem_arrow.embed.embedder import embed_texts
from rem_arrow.embed.providers import default_embedder, embedder
from rem_arrow.embed.static_words import StaticWords
from rem_arrow.embed.tokens import words_of
from rem_arrow.embed.wordllama import WordLlamaEmbedder, meanings
from tests.children import run_python
from tests.effort import examples
from tests.patience import join, started

EMBEDDER = WordLlamaEmbedder()
WORDS = ("login", "failed", "fails", "a", "the", "Übung", "x" * 70, "東京都", "🎉", "▁", "7", "unbelievably")
FEW_WORDS = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)


def one(text):
    return EMBEDDER.embed([text])[0]


@cache
def theirs():
    """Return the mean vectors of the words of `WORDS` and how many subwords each has, by the loader of the package
    itself: it runs in another process, for importing it sets up logging."""
    code = """
        import json, sys
        from pathlib import Path
        import wordllama
        folder = Path(wordllama.__file__).parent
        model = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
        words = json.loads(sys.argv[1])
        counts = [len(e.ids) for e in (model.tokenize([word])[0] for word in words)]
        print(json.dumps([model.embed(words).tolist(), counts]))
    """
    words = sorted({w for text in WORDS for w in words_of(text)} - {"▁"})
    done = run_python(code, json.dumps(words))
    vectors, counts = json.loads(done.stdout)
    return {word: np.array(vector) * count for word, vector, count in zip(words, vectors, counts, strict=True)}


def slowly(text):
    """The documented calculation, word by word."""
    times = Counter(words_of(text))
    meaning = sum(theirs()[word] * count for word, count in times.items())
    spelling = np.zeros(256)
    for word, count in times.items():
        digest = hashlib.blake2b(word[:6].encode(), digest_size=8).digest()
        for half in (digest[:4], digest[4:]):
            number = int.from_bytes(half, "little")
            sign = -1 if number >> 16 & 1 else 1
            spelling[number % 256] += sign * math.sqrt(count) * np.linalg.norm(theirs()[word])
    share = 0.5 * math.sqrt(min(1, len(times) / 40))
    parts = [meaning / np.linalg.norm(meaning), share * spelling / (np.linalg.norm(spelling) or 1)]
    whole = np.concatenate(parts)
    return whole / np.linalg.norm(whole)


@given(FEW_WORDS.filter(lambda text: "▁" not in text and words_of(text)))
@settings(max_examples=examples(60), deadline=None)
def test_values_are_those_of_the_slow_calculation(text):
    """Up to the rounding of word vectors to units of 1/1024."""
    assert one(text) == pytest.approx(slowly(text), abs=1e-3)


@given(st.lists(st.one_of(ANY_TEXT, FEW_WORDS), max_size=20))
@settings(max_examples=examples(60), deadline=None)
def test_a_text_is_embedded_alike_alone_and_among_others(texts):
    """Bit for bit, whatever is beside it; a vector has length 1, or is zero when there is no word."""
    rows = embed_texts(EMBEDDER, texts)
    assert rows.shape == (len(texts), 512) and rows.dtype == np.float32
    for text, vector in zip(texts, rows, strict=True):
        assert np.array_equal(vector, one(text))
        length = float(np.linalg.norm(vector.astype(np.float64)))
        assert length == pytest.approx(1.0, abs=1e-6) if words_of(text) else length == 0.0


def test_other_processes_give_the_same():
    """Nothing depends on the seed of hash(), or on the words that were met before."""
    code = (
        "import sys; from rem_arrow.embed.wordllama import WordLlamaEmbedder as W; W().embed(['zebra 500 login']); "
        "sys.stdout.write(W().embed(['Login fails with error 500']).tobytes().hex())"
    )
    done = run_python(code, PYTHONHASHSEED="random")
    assert done.stdout == one("Login fails with error 500").tobytes().hex(), done.stderr


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("car", "automobile", "banana"),
        ("reset my password", "cannot sign in", "pasta with tomatoes"),
        ("kids in a school", "children at their lessons", "shares on the stock exchange"),
        ("make a file smaller", "data compression", "spoken words"),
        ("send mail", "deliver an email message by SMTP", "sort numbers in a list"),
    ],
)
def test_meaning_is_near_without_a_word_in_common(text, near, far):
    a, b, c = EMBEDDER.embed([text, near, far])
    assert a @ b > a @ c + 0.1


@pytest.mark.parametrize("word", ["TAP-1234", "getUserById", "Xyloquartz", "7f3a9c"])
def test_a_rare_word_finds_its_text(word):
    """Names and codes mean nothing, and count by their spelling."""
    texts = [f"the ticket {w} is about the office and the people who work there" for w in ("QRS-9", "abc", word)]
    query, *rows = EMBEDDER.embed([word, *texts])
    assert int(np.argmax([query @ row for row in rows])) == 2


def test_repeated_text_and_its_order_change_nothing():
    assert np.array_equal(one("fails login"), one("login fails"))
    assert one("login fails") == pytest.approx(one("login fails " * 5000), abs=1e-6)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "!?.,", "\u0301", "\u200d\ufeff", "\ud800", "\udfff\ud800", "\x00"])
def test_texts_without_words_are_zero(text):
    """They are like nothing, and no error."""
    assert not one(text).any()


@pytest.mark.parametrize("text", ["x" * 300_000, "é" * 300_000, "東" * 100_000, " ".join(map(str, range(40_000)))])
def test_long_texts_are_embedded(text):
    """More words than are held, and sums that need more than 24 bits."""
    assert np.linalg.norm(one(text)) == pytest.approx(1.0, abs=1e-5)


def test_a_small_cache_gives_the_same():
    """What is forgotten is read again; a request with more words than the cache holds is answered too."""
    small, large = StaticWords(words_max=3), StaticWords()
    for words in (["a", "b"], ["c", "d"], ["b"], ["e", "f", "g", "h", "e"], ["a"]):
        (ours, mine), (others, all_) = small.of(words), large.of(words)
        for part, whole in zip(mine, all_, strict=True):
            assert np.array_equal(part[ours], whole[others])


def test_threads_share_an_embedder(monkeypatch):
    """Each thread gets its own vectors while the others fill the cache."""
    texts = [[f"w{n % 97}x{k} common text" for n in range(200)] for k in range(6)]
    expected = [EMBEDDER.embed(some) for some in texts]
    small = StaticWords(words_max=50)
    monkeypatch.setattr("rem_arrow.embed.wordllama.shared_words", lambda: small)
    rows = [None] * 6

    def run(k):
        for _ in range(3):
            rows[k] = EMBEDDER.embed(texts[k])

    join(started(*(partial(run, k) for k in range(6))))
    for ours, alone in zip(rows, expected, strict=True):
        assert np.array_equal(ours, alone)


def test_meanings_of_words_and_phrases():
    """Synonyms are near, and the spelling does not count."""
    rows = meanings(["pets", "animals", "invoices", "the attorneys", "", "PETS!", "lawyers"])
    near = rows @ rows.T
    assert near[0, 1] > near[0, 2] + 0.2 and near[3, 6] > near[1, 3] + 0.2
    assert not rows[4].any() and np.array_equal(rows[0], rows[5])


def test_nothing_is_loaded_before_the_first_text_and_nobody_is_called():
    """Neither the package nor what reads its files is imported with rem_arrow, and there is no network."""
    code = """
        import socket, sys
        def refused(*_, **__): raise AssertionError("network")
        socket.socket.connect = socket.getaddrinfo = refused
        import rem_arrow
        from rem_arrow.embed.providers import embedder
        own = embedder("wordllama")
        print({"tokenizers", "safetensors", "wordllama"} & set(sys.modules))
        print(own.embed(["a word"]).shape, "wordllama" in sys.modules)
    """
    done = run_python(code)
    assert done.stdout.split("\n")[:2] == ["set()", "(1, 512) False"], done.stderr
    assert done.stderr == ""


def test_without_the_package_a_new_database_gets_hash(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "wordllama", None)
    assert default_embedder() == "hash"
    with pytest.raises(InputError, match="wordllama needs a library that is not installed: pip install wordllama"):
        embedder("wordllama")


def test_files_that_are_gone_or_damaged_are_told(monkeypatch, tmp_path):
    """The error names the embedder, and the texts of the error the file."""
    monkeypatch.setattr(static_words, "_folder", lambda: tmp_path)
    monkeypatch.setattr("rem_arrow.embed.wordllama.shared_words", StaticWords)
    with pytest.raises(LanguageError, match="wordllama failed: .*; fix that, or choose another embedder"):
        EMBEDDER.embed(["a"])


@pytest.mark.parametrize("spec", ["wordllama:256", "wordllama:"])
def test_it_takes_no_model_and_no_dimension(spec):
    with pytest.raises(InputError, match=f"'{spec}' is not wordllama, which takes no model and no dimension"):
        embedder(spec)
    with pytest.raises(InputError, match="wordllama gives 512 dimensions, not 256"):
        embedder("wordllama", dimension=256)

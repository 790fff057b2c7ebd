"""How often the right text comes first: embedders and rankings on paraphrases and on public test collections, and texts
embedded a second beside the embedder of the package `wordllama`.

REM_RETRIEVAL names the folder of the collections (see `retrieval_sets`); without it, and at the smoke size, there are
the paraphrases of `benchmarks.paraphrases` alone. nDCG@10 is 1 when the best texts stand first, in the order of their
grades (Järvelin and Kekäläinen 2002); its mean over all questions is shown. Each ranking is the database's own, over
titles and bodies: by words (BM25), by vectors, and hybrid.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
from pydantic import BaseModel

import rem_arrow as rem
from benchmarks.measure import Row, Target, checksum, compare, interleaved, seconds
from benchmarks.paraphrases import GROUPS
from benchmarks.retrieval_sets import Collection, collections
from rem_arrow.embed.embedder import embed_texts
from rem_arrow.embed.minilm import PACKAGE as MINILM_PACKAGE
from rem_arrow.embed.providers import embedder

BEST = 10
ROUNDS = 5
SPEED_TEXTS, SMOKE_SPEED_TEXTS = 2_000, 72


class Article(BaseModel):
    """A text of a collection."""

    name: str
    content: str


def run(*, smoke: bool = False) -> list[Row]:
    """Return shares, nDCG@10 and texts a second."""
    embedders = ["wordllama", *(["minilm"] if find_spec(MINILM_PACKAGE) and not smoke else []), "hash"]
    rows = [*_paraphrases(embedders), *_speed(SMOKE_SPEED_TEXTS if smoke else SPEED_TEXTS)]
    folder = os.environ.get("REM_RETRIEVAL")
    for collection in collections(Path(folder)) if folder and not smoke else ():
        rows += _collection(collection, embedders)
    return rows


def ndcg(ranking: Sequence[str], grades: Mapping[str, int]) -> float:
    """Return the discounted gain of the first ten texts of a ranking, over that of the best possible one."""
    best = sorted(grades.values(), reverse=True)[:BEST]
    gain = sum(grades.get(text, 0) / math.log2(place + 2) for place, text in enumerate(ranking[:BEST]))
    return gain / sum(grade / math.log2(place + 2) for place, grade in enumerate(best))


def _paraphrases(embedders: Sequence[str]) -> list[Row]:
    """Return the share of paraphrases whose text is the nearest of its group."""
    shares = {}
    for name in embedders:
        own, right = embedder(name), 0
        for group in GROUPS:
            texts, questions = (embed_texts(own, side) for side in zip(*group, strict=True))
            right += int((np.argmax(questions @ texts.T, axis=1) == np.arange(len(group))).sum())
        shares[name] = 100 * right / sum(map(len, GROUPS))
    count = sum(map(len, GROUPS))
    what = "paraphrases found first of 12"
    return compare(what, shares, "%", rows=count, checksums=checksum(GROUPS[0]), target=Target(">=", 82))


def _speed(count: int) -> list[Row]:
    """Return the texts of about 20 words that are embedded a second."""
    sentences = [text for group in GROUPS for pair in group for text in pair]
    texts = [f"{sentences[n % len(sentences)]} {sentences[n * 7 % len(sentences)]}" for n in range(count)]
    own = embedder("wordllama")
    runs: dict[str, Callable[[], float]] = {
        "wordllama": lambda: count / seconds(lambda: embed_texts(own, texts)),
        "wordllama's own embed": _package_speed(texts),
    }
    rates = interleaved(runs, rounds=ROUNDS)
    return compare(
        "embed texts of 20 words",
        rates,
        "texts/s",
        rows=count,
        checksums=checksum([texts]),
        reference="wordllama's own embed",
        target=Target(">=", 0.9, "ratio"),
    )


def _package_speed(texts: list[str]) -> Callable[[], float]:
    # Importing it sets up logging.
    handlers = list(logging.root.handlers)
    import wordllama

    logging.root.handlers[:] = handlers
    model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
    return lambda: len(texts) / seconds(lambda: model.embed(texts))


def _collection(collection: Collection, embedders: Sequence[str]) -> list[Row]:
    """Return the mean nDCG@10 of each ranking over the questions of a collection."""
    values: dict[str, float] = {}
    frame = pl.DataFrame(
        {
            "id": list(collection.texts),
            "name": [title for title, _ in collection.texts.values()],
            "content": [body for _, body in collection.texts.values()],
        }
    )
    for name in embedders:
        with rem.connect(embedder=name) as db:
            table = db.register(Article)
            db.load(table, frame, progress=False)
            for mode in ("vector", "hybrid"):
                values[f"{name}, {mode}"] = _mean(db, table, collection, mode)
            if "bm25" not in values:
                values["bm25"] = _mean(db, table, collection, "text")
    what, count = f"nDCG@10, {collection.name}", len(collection.questions)
    digest = checksum(collection.questions.items())
    targets = {"vector": Target(">=", 0.95, "ratio"), "hybrid": Target(">=", 1.1, "ratio")}
    rows = []
    for engine, value in values.items():
        target = targets.get(engine.removeprefix("wordllama, "))
        both = {engine: value, "bm25": values["bm25"]}
        rows += compare(what, both, "", rows=count, checksums=digest, reference="bm25", target=target)[:1]
    return rows


def _mean(db: rem.Database, table: str, collection: Collection, mode: str) -> float:
    gains = []
    for number, question in collection.questions.items():
        # Signs that mean something in a search by words.
        plain = "".join(c if c.isalnum() else " " for c in question)
        hits = db.search(table, plain, mode=mode, k=BEST)  # type: ignore[arg-type]
        gains.append(ndcg(hits["id"].to_list(), collection.judgements[number]))
    return sum(gains) / len(gains)

"""Public test collections, read from a folder: texts, questions, and which texts answer them.

    FOLDER/cran/cran.all.1400, cran.qry, cranqrel          Cranfield: 1,400 abstracts on aerodynamics, 225 questions
    FOLDER/cisi/CISI.ALL, CISI.QRY, CISI.REL               CISI: 1,460 abstracts on libraries, 76 questions
    FOLDER/NAME/corpus.jsonl, queries.jsonl, qrels/test.tsv   any set in the form of BEIR, such as SciFact and NFCorpus

Many public repositories carry the files of Cranfield and CISI (the collections of the University of Glasgow); those of
BEIR are at its authors'. None is part of this repository.

Source: Cleverdon 1967, "The Cranfield tests on index language devices"; Thakur et al. 2021, arXiv:2104.08663 (BEIR).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

Judgements = dict[str, dict[str, int]]


class Collection(NamedTuple):
    """A test collection: titles and bodies by id, questions by id, and the grade of each text that answers one."""

    name: str
    texts: dict[str, tuple[str, str]]
    questions: dict[str, str]
    judgements: Judgements


def collections(folder: Path) -> Iterator[Collection]:
    """Yield the collections of a folder."""
    if (folder / "cran").is_dir():
        yield _cranfield(folder / "cran")
    if (folder / "cisi").is_dir():
        yield _cisi(folder / "cisi")
    for corpus in sorted(folder.glob("*/corpus.jsonl")):
        yield _beir(corpus.parent)


def _cranfield(folder: Path) -> Collection:
    """Questions are numbered by their place; graded 1 to 4, all of which count as relevant."""
    questions = {str(n): body for n, (_, _, body) in enumerate(_records(folder / "cran.qry"), 1)}
    judgements: Judgements = defaultdict(dict)
    for line in _lines(folder / "cranqrel"):
        question, text, _ = line.split()
        judgements[question][text] = 1
    return _judged("cranfield", _texts(folder / "cran.all.1400"), questions, judgements)


def _cisi(folder: Path) -> Collection:
    judgements: Judgements = defaultdict(dict)
    for line in _lines(folder / "CISI.REL"):
        question, text, *_ = line.split()
        judgements[question][text] = 1
    questions = {number: body for number, _, body in _records(folder / "CISI.QRY")}
    return _judged("cisi", _texts(folder / "CISI.ALL"), questions, judgements)


def _beir(folder: Path) -> Collection:
    judgements: Judgements = defaultdict(dict)
    for line in _lines(folder / "qrels" / "test.tsv"):
        question, *middle, grade = line.split()
        if grade.isdigit() and int(grade) > 0:
            judgements[question][middle[-1]] = int(grade)
    texts = {t["_id"]: (t.get("title", ""), t["text"]) for t in map(json.loads, _lines(folder / "corpus.jsonl"))}
    questions = {q["_id"]: q["text"] for q in map(json.loads, _lines(folder / "queries.jsonl"))}
    return _judged(folder.name, texts, questions, judgements)


def _judged(
    name: str, texts: dict[str, tuple[str, str]], questions: dict[str, str], judgements: Judgements
) -> Collection:
    """Return a collection of the questions that some text answers."""
    return Collection(name, texts, {n: q for n, q in questions.items() if n in judgements}, dict(judgements))


def _texts(path: Path) -> dict[str, tuple[str, str]]:
    """Return the titles and bodies; Cranfield's bodies begin with the title, which then stands once."""
    return {number: (title, body.removeprefix(title).strip()) for number, title, body in _records(path)}


def _records(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the number, title and body of the records of a file in SMART's form: .I number, then .T, .W and others."""
    for record in re.split(r"^\.I ", path.read_text(encoding="latin-1"), flags=re.M)[1:]:
        number, _, rest = record.partition("\n")
        parts = re.split(r"^\.([A-Z])[ \t]*$", rest, flags=re.M)
        fields = {mark: " ".join(text.split()) for mark, text in zip(parts[1::2], parts[2::2], strict=True)}
        yield number.strip(), fields.get("T", ""), fields.get("W", "")


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]

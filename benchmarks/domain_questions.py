"""Questions over domains that nobody wrote the planner for: a shop, a clinic, a newsroom, a laboratory, a city.

They lie in `ask_domains/*.jsonl`, a line each: the domain, the question, its kind, whether the data can answer it, and
the answer: `rows` (the values of `column`), a `value`, a `boolean`, `groups` (keys, several joined by " | ", and their
numbers), or `ordered` values with their `measures`, where equal ones may change places; `also` has other right answers.
An answer is right if some column of it holds these values, or for groups some columns; a question that the data cannot
answer is right if it is declined.
"""

from __future__ import annotations

import importlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from itertools import permutations
from pathlib import Path
from typing import Any

import polars as pl

import rem_arrow as rem
from benchmarks.ask_domains.rows import build

FOLDER = Path(__file__).parent / "ask_domains"
NOW = datetime(2025, 6, 30, 12, tzinfo=timezone.utc)
SURE = 0.8
# The second file was read after its questions had been asked for the first time.
FILES = ("questions.jsonl", "questions_kept_back.jsonl")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one question."""

    domain: str
    text: str
    kind: str
    right: bool
    declined: bool
    confidence: float
    query: str


def questions(files: Sequence[str] = FILES) -> list[dict[str, Any]]:
    """Return the questions of these files."""
    return [
        json.loads(line) for name in files for line in (FOLDER / name).read_text(encoding="utf-8").splitlines() if line
    ]


def outcomes(asked: Sequence[Mapping[str, Any]]) -> Iterator[Outcome]:
    """Ask the questions of each domain on a database of its own."""
    by_domain = defaultdict(list)
    for question in asked:
        by_domain[question["domain"]].append(question)
    for domain, mine in by_domain.items():
        with rem.connect() as db:
            build(db, importlib.import_module(f"benchmarks.ask_domains.{domain}"))
            for question in mine:
                answer = db.ask(question["question"], now=NOW, model="rules")
                right = answer.declined if not question["answerable"] else is_right(question, answer.results)
                yield Outcome(
                    domain,
                    question["question"],
                    question["kind"],
                    right,
                    answer.declined,
                    answer.confidence,
                    answer.query,
                )


def is_right(question: Mapping[str, Any], rows: pl.DataFrame) -> bool:
    """Return whether rows are one of the right answers to a question."""
    columns = {name: [_plain(v) for v in rows[name].to_list()] for name in rows.columns}
    return any(_holds(answer, columns, rows.height) for answer in (question["answer"], *question.get("also", ())))


def _holds(answer: Mapping[str, Any], columns: Mapping[str, list[object]], height: int) -> bool:
    lists = list(columns.values())
    if "rows" in answer:
        wanted = {str(_plain(v)) for v in answer["rows"]}
        return height == 0 if not wanted else any({str(v) for v in values} == wanted for values in lists)
    if "value" in answer:
        wanted_value = _plain(answer["value"])
        return height > 0 and any(all(_same(v, wanted_value) for v in values) for values in lists)
    if "boolean" in answer:
        return height == 1 and any(values == [answer["boolean"]] for values in lists)
    if "ordered" in answer:
        return any(_is_ordered(answer, [str(v) for v in values]) for values in lists)
    return _holds_groups(answer["groups"], columns, height)


def _is_ordered(answer: Mapping[str, Any], values: Sequence[str]) -> bool:
    """Return whether values are in the order, those of one measure in any."""
    wanted, measures = [str(v) for v in answer["ordered"]], answer.get("measures")
    if not measures:
        return list(values) == wanted
    places = defaultdict(set)
    for value, measure in zip(wanted, measures, strict=True):
        places[measure].add(value)
    return len(values) == len(wanted) and all(v in places[m] for v, m in zip(values, measures, strict=True))


def _holds_groups(groups: Mapping[str, object], columns: Mapping[str, list[object]], height: int) -> bool:
    width = 1 + max((key.count(" | ") for key in groups), default=0)
    for names in permutations(columns, width):
        keys = [" | ".join(_key(columns[n][row]) for n in names) for row in range(height)]
        if set(keys) != groups.keys() or len(keys) != len(groups):
            continue
        for name in set(columns) - set(names):
            if all(_same(columns[name][row], _plain(groups[key])) for row, key in enumerate(keys)):
                return True
    return False


def _key(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _plain(value: object) -> object:
    """Return a value in a form in which widths and zones do not matter."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}".removesuffix(" 00:00:00")
    if isinstance(value, date):
        return str(value)
    if isinstance(value, str):
        return value.removesuffix(" 00:00:00")
    try:
        return round(float(value), 4)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)


def _same(value: object, wanted: object) -> bool:
    if isinstance(value, float) and isinstance(wanted, float):
        return abs(value - wanted) <= 1e-3 * max(1.0, abs(wanted))
    return value == wanted


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of outcomes.

    Attributes:
        right: of the questions that can be answered, those right.
        sure_right: of the answers that are sure, those right.
        declined: of the questions that cannot be answered, those declined.
        count, sure: how many questions, and how many sure answers.
    """

    right: float
    sure_right: float
    declined: float
    count: int
    sure: int


def shares(found: Sequence[Outcome]) -> Shares:
    """Return the shares of outcomes."""
    open_ones = [o for o in found if o.kind != "unanswerable"]
    closed = [o for o in found if o.kind == "unanswerable"]
    sure = [o for o in found if not o.declined and o.confidence >= SURE]
    return Shares(
        sum(o.right for o in open_ones) / max(len(open_ones), 1),
        sum(o.right for o in sure) / max(len(sure), 1),
        sum(o.right for o in closed) / max(len(closed), 1),
        len(found),
        len(sure),
    )

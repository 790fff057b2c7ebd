"""Questions in plain language: how many get the right kind of query and the right rows, and how long planning and
answering take.

    python -m benchmarks ask                                                   the planner by rules
    python -m benchmarks.ask --model NAME [--base-url URL] [--limit N] [-v]    a language model behind OpenAI's protocol

The questions, each with an oracle, are in ask_questions.py; the company has 10,000 rows, the demo is the standard
library of this Python. Those of other domains are in domain_questions.py.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

import rem_arrow as rem
from benchmarks import company, domain_questions
from benchmarks.ask_questions import QUESTIONS
from benchmarks.measure import Row, checksum, scratch
from benchmarks.question import Question, expected, has_right_type, is_right
from rem_arrow.demo.build import build as build_demo

ROUNDS, SMOKE_QUESTIONS = 3, 12
_STAGED = "Which teams have worked on code about search ranking last month?"


@dataclass(frozen=True, slots=True)
class Graded:
    """The outcome of one question."""

    question: Question
    query_type: str
    right_type: bool
    right_rows: bool
    planning_ms: float
    whole_ms: float
    tokens: int
    error: str = ""


def run(*, smoke: bool = False) -> list[Row]:
    """Return the shares of questions that the rules answer correctly, and milliseconds."""
    with scratch() as path:
        databases = _databases(path, smoke=smoke)
        questions = [q for q in QUESTIONS if q.database in databases][: SMOKE_QUESTIONS if smoke else None]
        graded = [grade(q, databases[q.database], "rules", None) for q in questions]
        for _ in range(0 if smoke else ROUNDS - 1):
            again = [grade(q, databases[q.database], "rules", None) for q in questions]
            graded = [a if a.whole_ms <= b.whole_ms else b for a, b in zip(graded, again, strict=True)]
        ratio = _staged(databases["company"], 2 if smoke else 15)
    return [*rows(graded, ratio, "rules"), *domain_rows(smoke=smoke)]


def domain_rows(*, smoke: bool) -> list[Row]:
    """Return the shares of questions over other domains."""
    asked = domain_questions.questions()
    found = list(domain_questions.outcomes(asked[:SMOKE_QUESTIONS] if smoke else asked))
    parts = domain_questions.shares(found)
    same = checksum([(o.text, o.right) for o in found])
    figures = (
        ("questions of other domains that are right", parts.right, 0.8, parts.count),
        ("answers with a confidence of 0.8 that are right", parts.sure_right, 0.92, parts.sure),
        ("questions without an answer that are declined", parts.declined, 0.9, parts.count),
    )
    return [
        Row(
            what, "rules", share * 100, "%", count, target=f">= {least:.0%}", met=smoke or share >= least, checksum=same
        )
        for what, share, least, count in figures
    ]


def grade(question: Question, db: rem.Database, model: str, base_url: str | None) -> Graded:
    """Ask one question."""
    started = time.perf_counter()
    try:
        answer = db.query_natural_language(question.text, now=company.NOW, model=model, base_url=base_url)
    except rem.RemError as error:
        whole_ms = (time.perf_counter() - started) * 1e3
        return Graded(
            question,
            query_type="",
            right_type=False,
            right_rows=False,
            planning_ms=0.0,
            whole_ms=whole_ms,
            tokens=0,
            error=str(error),
        )
    right = is_right(question, expected(question, db), answer.results)
    return Graded(
        question,
        answer.query_type,
        has_right_type(question, answer.query_type),
        right,
        answer.planning_seconds * 1e3,
        answer.seconds * 1e3,
        answer.tokens,
    )


def rows(graded: Sequence[Graded], ratio: float | None, engine: str) -> list[Row]:
    """Return the figures of graded questions."""
    count = len(graded)
    types, right = sum(g.right_type for g in graded) / count, sum(g.right_rows for g in graded) / count
    planning, whole = sorted(g.planning_ms for g in graded), sorted(g.whole_ms for g in graded)
    same = checksum([(g.question.text, g.right_type, g.right_rows) for g in graded])
    result = [
        Row(
            "questions of the right type",
            engine,
            types * 100,
            "%",
            count,
            target=">= 85",
            met=types >= 0.85,
            checksum=same,
        ),
        Row(
            "questions with the right rows",
            engine,
            right * 100,
            "%",
            count,
            target=">= 75",
            met=right >= 0.75,
            checksum=same,
        ),
        Row(
            "planning, median",
            engine,
            statistics.median(planning),
            "ms",
            count,
            target="<= 20",
            met=statistics.median(planning) <= 20,
            checksum=same,
        ),
        Row("planning, 95th percentile", engine, planning[int(0.95 * count)], "ms", count, checksum=same),
        Row(
            "the whole answer, median",
            engine,
            statistics.median(whole),
            "ms",
            count,
            target="<= 60",
            met=statistics.median(whole) <= 60,
            checksum=same,
        ),
        Row("the whole answer, 95th percentile", engine, whole[int(0.95 * count)], "ms", count, checksum=same),
    ]
    if ratio is not None:
        result.append(
            Row(
                "four stages over the same statement by hand",
                engine,
                ratio,
                "x",
                1,
                target="<= 1.3",
                met=ratio <= 1.3,
                checksum=same,
            )
        )
    return result


def _staged(db: rem.Database, rounds: int) -> float:
    """Return the time of a plan of four stages, without planning, over that of the single equivalent statement; both
    warm."""
    answer = db.query_natural_language(_STAGED, max_stages=8, now=company.NOW)
    by_stages, by_query = [], []
    for _ in range(rounds):
        again = db.query_natural_language(_STAGED, max_stages=8, now=company.NOW)
        by_stages.append(sum(s.seconds for s in again.stages))
        started = time.perf_counter()
        db.sql(answer.query)
        by_query.append(time.perf_counter() - started)
    return statistics.median(by_stages) / statistics.median(by_query)


def _databases(path: Path, *, smoke: bool) -> dict[str, rem.Database]:
    databases = {"company": rem.connect(path / "company")}
    company.build(databases["company"], scale=0.1 if smoke else 1.0)
    if not smoke:
        databases["demo"] = rem.connect(path / "demo")
        build_demo(databases["demo"], console=Console(file=io.StringIO()))
    for db in databases.values():
        db.wait()
        db.query_natural_language("anything", model="rules")
    return databases


def main(arguments: Sequence[str] | None = None) -> int:
    """Grade a planner on all questions, and print the wrong answers. Returns 0."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ask", description="Grade a planner on questions in plain language."
    )
    parser.add_argument("--model", default="rules", help="as its server knows it; default is the rules")
    parser.add_argument("--base-url", help="of a server that speaks OpenAI's protocol; default is OPENAI_BASE_URL")
    parser.add_argument("--limit", type=int, help="only so many questions")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the right ones too")
    options = parser.parse_args(arguments)
    console = Console(width=150)
    with scratch() as path:
        databases = _databases(path, smoke=False)
        graded = [grade(q, databases[q.database], options.model, options.base_url) for q in QUESTIONS[: options.limit]]
    for g in graded:
        if options.verbose or not (g.right_type and g.right_rows):
            outcome = (
                g.error.splitlines()[0] if g.error else f"{g.query_type}, rows {'right' if g.right_rows else 'wrong'}"
            )
            console.print(
                f"{g.question.query_type:14} {g.question.text}\n               {outcome}", markup=False, highlight=False
            )
    for kind in sorted({g.question.query_type for g in graded}):
        mine = [g for g in graded if g.question.query_type == kind]
        console.print(
            f"{kind:14} {len(mine):3} questions, {sum(g.right_type for g in mine):3} types right, "
            f"{sum(g.right_rows for g in mine):3} rows right"
        )
    for row in rows(graded, None, options.model):
        console.print(f"{row.what:35} {row.value:8.1f} {row.unit}  {row.target or ''}")
    errors = Counter(g.error.split(":")[0] for g in graded if g.error)
    if errors:
        console.print(f"errors: {dict(errors)}; tokens: {sum(g.tokens for g in graded):,}", markup=False)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

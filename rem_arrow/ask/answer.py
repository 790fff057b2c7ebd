"""The answer to a question: its rows, and how they were found."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

import polars as pl

from rem_arrow.ask.staged_plan import QueryType


@dataclass(frozen=True, slots=True)
class StageResult:
    """One stage of an answer that has run.

    Attributes:
        name: of the stage; later stages read it by this name.
        sql: the query.
        purpose: what it is for.
        rows: how many it gave; None where it failed.
        seconds: how long it took.
        plan: its plan, as `Database.explain` prints it; empty unless it was asked for.
        error: why it failed; empty where it did not.
    """

    name: str
    sql: str
    purpose: str
    rows: int | None
    seconds: float
    plan: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """The answer to a question, made by `Database.ask`; printed, or shown in a notebook, it says how it was found.

    Attributes:
        question: what was asked.
        results: the rows.
        query: the whole as one SQL statement: that of the fallback where one gave the rows.
        query_type: entity_lookup, sql, vector, hybrid, graph, aggregate, temporal or staged.
        confidence: from 0 to 1, how sure it is that the rows answer the question; less where a fallback gave them, or
        nothing did.
        explanation: how the question was understood, and what is doubtful.
        stages: the stages that ran, in order.
        fallbacks: those that were tried, in order, each as a stage.
        planner: "rules", or the language model that planned.
        tokens: how many a language model took, in and out; 0 for rules.
        repairs: how often a language model was told of an error in its plan.
        planning_seconds: for the plan alone.
        seconds: in all.
        notes: what else should be known, a line each.
        declined: whether the question was not answered, because words that carry meaning were not understood, or what
        was understood is too doubtful; `results` is empty then, and `query` that of the nearest reading.
        understood, not_understood: the words of the question that the rules read, and those that they did not.
        suggestions: questions that can be answered, where this one was not.
        related: rows of any table that are near to a declined question in meaning: table, id, name, _score. They are no
        answer.
    """

    question: str
    results: pl.DataFrame
    query: str
    query_type: QueryType
    confidence: float
    explanation: str
    stages: tuple[StageResult, ...]
    fallbacks: tuple[StageResult, ...] = ()
    planner: str = "rules"
    tokens: int = 0
    repairs: int = 0
    planning_seconds: float = 0.0
    seconds: float = 0.0
    notes: tuple[str, ...] = field(default=())
    declined: bool = False
    understood: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    related: pl.DataFrame = field(default_factory=pl.DataFrame)

    @property
    def sql(self) -> str:
        """The statement that gives the rows; of a declined question that of its nearest reading, which did not run.

        Example:
            >>> db.ask("open issues with priority 5").sql
            "SELECT * FROM issues WHERE status = 'open' AND priority = 5"
        """
        return self.query

    def __str__(self) -> str:
        return self.told() if self.declined else f"{self.told()}\n{self.results}"

    def __repr__(self) -> str:
        return str(self)

    def told(self) -> str:
        """Return how the answer was found, in lines, with the plan of each stage where it was kept.

        Returns:
            The text that `print(answer)` begins with.

        Example:
            >>> print(db.ask("open issues with priority 5").told())
            open issues with priority 5
              sql, confidence 0.97, ... ms, planned by rules
              Rows of issues where status = 'open' AND priority = 5.
              stage rows: 1 rows, ... ms, the rows of issues that are asked for
                SELECT * FROM issues WHERE status = 'open' AND priority = 5
        """
        if self.declined:
            return self._refusal()
        lines = [
            f"{self.question}",
            f"  {self.query_type}, confidence {self.confidence:.2f}, {self.seconds * 1000:.0f} ms, planned by "
            f"{self.planner}",
            f"  {self.explanation}",
        ]
        for label, stages in (("stage", self.stages), ("fallback", self.fallbacks)):
            for stage in stages:
                lines.append(f"  {label} {stage.name}: {_outcome(stage)}, {stage.purpose}")
                lines += ["    " + line for line in stage.sql.splitlines()]
                lines += ["      " + line for line in stage.plan.splitlines()]
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def _refusal(self) -> str:
        lines = [self.question, f"  not answered, confidence {self.confidence:.2f}"]
        lines += [f"  nearest reading: {self.explanation}"] if self.query else [f"  {self.explanation}"]
        for label, words in (("understood", self.understood), ("not understood", self.not_understood)):
            if words:
                lines.append(f"  {label}: {', '.join(words)}")
        lines += [f"  try: {text}" for text in self.suggestions]
        if self.related.height:
            named = self.related.select("table", "id").head(3).rows()
            lines.append(f"  related: {', '.join(f'{table} {key}' for table, key in named)}")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def show(self) -> None:
        """Print the plan drawn as a tree, from the rows of the answer down to what they were found by.

        Example:
            >>> db.ask("open issues with priority 5").show()
            rows: the rows of issues that are asked for (1 rows)
            └─ SELECT * FROM issues WHERE status = 'open' AND priority = 5
        """
        print(self.drawn())

    def drawn(self) -> str:
        """Return the plan drawn as a tree: the stages, each with those that it reads below it.

        Returns:
            Lines of text.

        Example:
            >>> print(db.ask("open issues with priority 5").drawn())
            rows: the rows of issues that are asked for (1 rows)
            └─ SELECT * FROM issues WHERE status = 'open' AND priority = 5
        """
        if self.declined or not self.stages:
            return self.told()
        return "\n".join(_drawn(self.stages, self.stages[-1], set()))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{label}</td><td>{html.escape(s.name)}</td><td>{html.escape(s.purpose)}</td>"
            f"<td>{html.escape(_outcome(s))}</td><td><pre>{html.escape(s.sql)}</pre></td></tr>"
            for label, stages in (("stage", self.stages), ("fallback", self.fallbacks))
            for s in stages
        )
        if self.declined:
            return f"<pre>{html.escape(self._refusal())}</pre>"
        head = (
            f"<b>{html.escape(self.question)}</b><br>{self.query_type}, confidence {self.confidence:.2f}, "
            f"{self.seconds * 1000:.0f} ms, planned by {html.escape(self.planner)}"
        )
        notes = "".join(f"<br>{html.escape(n)}" for n in self.notes)
        table = (
            f"<details><summary>{len(self.stages)} stage(s), {len(self.fallbacks)} "
            f"fallback(s)</summary><table>{rows}</table></details>"
        )
        return f"<div>{head}<br>{html.escape(self.explanation)}{notes}{table}{self.results._repr_html_()}</div>"


def _drawn(stages: tuple[StageResult, ...], stage: StageResult, above: set[str]) -> list[str]:
    """Return the lines of a stage, and of the stages that it reads."""
    rows = "failed" if stage.rows is None else f"{stage.rows} rows"
    lines = [f"{stage.name}: {stage.purpose} ({rows})"]
    earlier = [s for s in stages[: stages.index(stage)] if s.name in stage.sql and s.name not in above]
    children = [stage.sql.splitlines(), *(_drawn(stages, s, above | {stage.name}) for s in earlier)]
    for place, child in enumerate(children):
        last = place == len(children) - 1
        lines.append(("└─ " if last else "├─ ") + child[0])
        lines += [("   " if last else "│  ") + line for line in child[1:]]
    return lines


def _outcome(stage: StageResult) -> str:
    return (
        f"failed: {stage.error.splitlines()[0]}"
        if stage.rows is None
        else f"{stage.rows} rows, {stage.seconds * 1000:.1f} ms"
    )

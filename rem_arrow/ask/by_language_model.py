"""The planner by a language model: its plan is checked before anything runs, and it is told of errors at most twice."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from rem_arrow.ask import prompt
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.concern import concerned
from rem_arrow.ask.staged_plan import FALLBACKS_MAX, NAME, Fallback, Plan, Stage
from rem_arrow.base.errors import LanguageError, RemError
from rem_arrow.language.language_model import LanguageModel, Reply, Turn
from rem_arrow.language.time_limit import within_seconds

REPAIRS_MAX = 2
# For all answers to a question, where nobody says otherwise.
SECONDS_MAX = 180.0
_ERROR_CHARS_MAX, _IDS_SHOWN = 1_500, 5


@dataclass
class Conversation:
    """What was said between the planner and the language model about one question; grows with each turn.

    Attributes:
        deadline: when the language model must have answered for the last time, by the monotonic clock.
    """

    asked: Asked
    language_model: LanguageModel
    max_stages: int
    turns: list[Turn]
    examples: bool
    deadline: float
    tokens: int = 0
    repairs: int = 0


def begin(
    asked: Asked, language_model: LanguageModel, max_stages: int, *, examples: bool, seconds: float = SECONDS_MAX
) -> Conversation:
    """Return a conversation whose first turn is the question.

    Args:
        examples: show values of the tables that the question concerns, and ids of rows that stages gave.
        seconds: for all answers of the language model together.
    """
    examples_of = concerned(asked) if examples else ()
    text = prompt.question(asked.vocabulary, asked.text, asked.now, table=asked.table, examples_of=examples_of)
    turns = [Turn("user", text)]
    return Conversation(asked, language_model, max_stages, turns, examples, time.monotonic() + seconds)


def next_plan(talk: Conversation, before: Sequence[Stage] = ()) -> Plan:
    """Return the language model's next plan, checked; `before` are stages that have run.

    Raises:
        LanguageError: the language model refused, or gave no plan that can run after two repairs.
    """
    for attempt in range(REPAIRS_MAX + 1):
        reply = _reply(talk)
        talk.tokens += reply.tokens
        if reply.refusal:
            raise LanguageError(
                f"the language model {talk.language_model.name} refused to plan: {_short(reply.refusal)}; ask "
                "otherwise, or use model='rules'"
            )
        problem = reply.problem
        if reply.value is not None:
            plan, problem = checked(reply.value, talk.asked, talk.max_stages, before)
            if not problem:
                talk.turns.append(Turn("assistant", plan.model_dump_json()))
                return plan
        if attempt < REPAIRS_MAX:
            talk.repairs += 1
            said = reply.text or (reply.value.model_dump_json() if reply.value is not None else "(nothing)")
            talk.turns += [
                Turn("assistant", said),
                Turn("user", f"The plan cannot run: {_short(problem)}\nGive the corrected plan."),
            ]
    raise LanguageError(
        f"the language model {talk.language_model.name} gave no plan that can run, after {REPAIRS_MAX} repairs: "
        f"{_short(problem)}; ask otherwise, or use model='rules'"
    )


def _reply(talk: Conversation) -> Reply[Plan]:
    """Return the language model's next answer. Raises LanguageError, also where the time for the question is over."""
    told = prompt.instructions(talk.max_stages)
    left = talk.deadline - time.monotonic()
    who = f"the language model {talk.language_model.name}"
    return within_seconds(lambda: talk.language_model.answer(told, talk.turns, Plan), left, who)


def checked(plan: Plan, asked: Asked, max_stages: int, before: Sequence[Stage] = ()) -> tuple[Plan, str]:
    """Return a plan within its bounds, and what is wrong with it, in words for the language model; empty if it can run.

    Every stage is parsed, bound and planned on the database, together with those before it: a statement that is no
    query, or reads what does not exist, does not pass. A fallback that does not pass is left out.
    """
    if not 1 <= len(plan.stages) <= max_stages:
        return plan, f"a plan has 1 to {max_stages} stages, not {len(plan.stages)}"
    taken = {t.casefold() for t in asked.vocabulary.tables} | {s.name for s in before} | {"edges", "all_entities"}
    for stage in plan.stages:
        if NAME.fullmatch(stage.name) is None or stage.name in taken:
            return plan, f"the name {stage.name!r} of a stage is taken, or is not lower case with underscores"
        taken.add(stage.name)
    frames: dict[str, pl.DataFrame] = {}
    for stage in [*before, *plan.stages]:
        try:
            frames[stage.name] = asked.session.columns(stage.sql, frames)
        except RemError as error:
            return plan, f"stage {stage.name!r}: {error}"
    fallbacks = [f for f in plan.fallbacks if _stands_alone(asked, f)][:FALLBACKS_MAX]
    confidence = min(1.0, max(0.0, plan.confidence)) if plan.confidence == plan.confidence else 0.0
    return plan.model_copy(update={"fallbacks": fallbacks, "confidence": confidence}), ""


def _stands_alone(asked: Asked, fallback: Fallback) -> bool:
    try:
        asked.session.columns(fallback.sql, {})
    except RemError:
        return False
    return True


def told(stages: Sequence[Stage], frames: Mapping[str, pl.DataFrame], *, examples: bool) -> str:
    """Return what stages gave, for a language model that may change the rest: rows, columns, and with `examples` some
    ids."""
    lines = []
    for stage in stages:
        rows = frames[stage.name]
        ids = [str(i) for i in rows["id"].head(_IDS_SHOWN)] if examples and "id" in rows.columns else []
        lines.append(
            f"{stage.name}: {rows.height} rows, columns {', '.join(rows.columns[:20])}"
            + (f", ids such as {ids!r}" if ids else "")
        )
    return (
        "These stages have run:\n<data>\n"
        + "\n".join(lines).replace("<", "‹")
        + "\n</data>\nGive the plan for the stages that are left, changed if that is better; they may read those "
        "that have run."
    )


def _short(text: str) -> str:
    return text if len(text) <= _ERROR_CHARS_MAX else text[:_ERROR_CHARS_MAX] + "..."

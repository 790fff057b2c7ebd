"""From a question to an answer: the words of the database, a plan, its run. The plan is made by rules, or by a language
model where one is named."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime, timezone

import polars as pl

from rem_arrow.ask import by_language_model, rules
from rem_arrow.ask.answer import Answer
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.question import QUESTION_CHARS_MAX, tokenize
from rem_arrow.ask.rules_search import everywhere_fallback, topic_of
from rem_arrow.ask.session import Session
from rem_arrow.ask.staged_plan import STAGES_MAX, Fallback, Plan, Stage, within
from rem_arrow.ask.stages import Bounds, run
from rem_arrow.ask.vocabulary import Vocabularies, Vocabulary
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.language.client import OpenAIClient
from rem_arrow.language.language_model import LanguageModel, Turn

MODEL_VARIABLE = "REM_ARROW_ASK_MODEL"
RULES = "rules"
DEFAULT_BOUNDS = Bounds()


class Asker:
    """Answers questions about one database, and keeps its vocabulary. Safe for use by many threads."""

    def __init__(self) -> None:
        self._vocabularies = Vocabularies()

    def ask(
        self,
        session: Session,
        question: str,
        *,
        table: str | None = None,
        max_stages: int = 3,
        now: datetime | None = None,
        bounds: Bounds = DEFAULT_BOUNDS,
        language_model: LanguageModel | None = None,
        adaptive: bool = False,
        examples: bool = True,
    ) -> Answer:
        """Return the answer to a question, planned by the language model if there is one, else by rules.

        Args:
            adaptive: show the language model what each stage gave, so that it may change the rest.
            examples: show it values of the tables that the question concerns.
        """
        started = time.perf_counter()
        asked = self.asked(session, question, table, now)
        check_stages(max_stages)
        talk = (
            None
            if language_model is None
            else by_language_model.begin(asked, language_model, max_stages, examples=examples)
        )
        plan = within(rules.plan(asked), max_stages) if talk is None else by_language_model.next_plan(talk)
        planned = time.perf_counter() - started
        after = _changes(talk) if adaptive and talk is not None else None
        ran = run(plan, session, bounds, lambda: last_resort(asked), after=after)
        return Answer(
            question,
            ran.results,
            ran.query,
            plan.query_type,
            round(ran.confidence, 3),
            plan.explanation,
            tuple(ran.stages),
            tuple(ran.fallbacks),
            planner=RULES if talk is None else talk.language_model.name,
            tokens=0 if talk is None else talk.tokens,
            repairs=0 if talk is None else talk.repairs,
            planning_seconds=planned,
            seconds=time.perf_counter() - started,
            notes=tuple(ran.notes),
        )

    def asked(self, session: Session, question: str, table: str | None, now: datetime | None) -> Asked:
        """Return a question that can be planned. Raises InputError."""
        if not isinstance(question, str) or not any(t.is_word for t in tokenize(question[:QUESTION_CHARS_MAX])):
            raise InputError(f"a question is a text with at least one word, not {question!r}")
        if len(question) > QUESTION_CHARS_MAX:
            raise InputError(
                f"the question has {len(question):,} characters; at most {QUESTION_CHARS_MAX:,} are read. Store long "
                "texts with add_document, and ask about them"
            )
        vocabulary = self._vocabularies.of(session)
        name = None if table is None else _table_name(vocabulary, table)
        if now is not None and not isinstance(now, datetime):
            raise InputError(f"now is a datetime, not {now!r}")
        at = now or datetime.now(timezone.utc)
        at = at if at.tzinfo is not None else at.replace(tzinfo=timezone.utc)
        return Asked(question, vocabulary, session, at, name)


def _table_name(vocabulary: Vocabulary, table: str) -> str:
    """Return the name of a table as it is written. Raises InputError."""
    checks.text(table, "the name of a table")
    name = next((t for t in vocabulary.tables if t.casefold() == table.casefold()), None)
    if name is None:
        raise InputError(f'no table "{table}" to ask about. {suggest(table, list(vocabulary.tables), "Tables")}')
    return name


def _changes(
    talk: by_language_model.Conversation,
) -> Callable[[list[Stage], dict[str, pl.DataFrame]], Plan | None]:
    """Return a function from the stages that have run, and their rows, to another plan for the rest."""

    def changed(stages: list[Stage], frames: dict[str, pl.DataFrame]) -> Plan | None:
        if len(stages) >= talk.max_stages:
            return None
        talk.turns.append(Turn("user", by_language_model.told(stages, frames, examples=talk.examples)))
        return by_language_model.next_plan(talk, stages)

    return changed


def last_resort(asked: Asked) -> Fallback | None:
    """Return the search by meaning for when nothing else finds rows."""
    return next(iter(everywhere_fallback(asked, topic_of(tokenize(asked.text)))), None)


def check_stages(max_stages: int) -> int:
    """Return the most stages that a plan may have. Raises InputError."""
    return checks.whole(max_stages, "max_stages", most=STAGES_MAX)


def language_model_of(
    model: str | LanguageModel | None, base_url: str | None, timeout_s: float | None
) -> LanguageModel | None:
    """Return the language model that plans: the one that is given, else that of the environment (REM_ARROW_ASK_MODEL);
    None for the rules. Raises InputError."""
    if isinstance(model, LanguageModel):
        return model
    if model is not None and (not isinstance(model, str) or not model.strip()):
        raise InputError(f"model is 'rules', the name of a language model, or a LanguageModel, not {model!r}")
    name = (model or os.environ.get(MODEL_VARIABLE) or RULES).strip()
    name = name.removeprefix("openai:")
    return None if name == RULES else LanguageModel(name, OpenAIClient(base_url=base_url, timeout_s=timeout_s))

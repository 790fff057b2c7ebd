"""From a question to an answer: vocabulary, plan, run. By rules, or by a language model where one is named."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone

import polars as pl

from rem_arrow.ask import by_language_model, rules
from rem_arrow.ask.answer import Answer
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.question import QUESTION_CHARS_MAX, tokenize
from rem_arrow.ask.read_session import Session
from rem_arrow.ask.rules_search import everywhere_fallback, topic_of
from rem_arrow.ask.staged_plan import STAGES_MAX, Fallback, Plan, Stage, within
from rem_arrow.ask.stages import Bounds, run
from rem_arrow.ask.vocabulary import Vocabularies
from rem_arrow.errors import InputError, suggest
from rem_arrow.language.client import OpenAIClient
from rem_arrow.language.language_model import LanguageModel, Turn

MODEL_VARIABLE = "REM_ARROW_ASK_MODEL"
RULES = "rules"
DEFAULT_BOUNDS = Bounds()


class Asker:
    """Answers questions about one database; keeps what it knows of its words. Safe in many threads."""

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
        model: LanguageModel | None = None,
        adaptive: bool = False,
    ) -> Answer:
        """Return the answer to a question: planned by a model where one is given, else by rules.

        Args:
            adaptive: show the model what each stage gave, so that it may change the rest.
        """
        started = time.perf_counter()
        asked = self.asked(session, question, table, now)
        check_stages(max_stages)
        talk = by_language_model.begin(asked, model, max_stages) if model is not None else None
        plan = within(rules.plan(asked), max_stages) if talk is None else by_language_model.next_plan(talk)
        planned = time.perf_counter() - started

        def changed(stages: list[Stage], frames: dict[str, pl.DataFrame]) -> Plan | None:
            assert talk is not None, "rules do not change their minds"
            if len(stages) >= max_stages:
                return None
            talk.turns.append(Turn("user", by_language_model.told(stages, frames)))
            return by_language_model.next_plan(talk, stages)

        ran = run(
            plan, session, bounds, lambda: last_resort(asked), after=changed if adaptive and talk is not None else None
        )
        return Answer(
            question,
            ran.results,
            ran.query,
            plan.query_type,
            round(ran.confidence, 3),
            plan.explanation,
            tuple(ran.stages),
            tuple(ran.fallbacks),
            planner=RULES if model is None else model.name,
            tokens=talk.tokens if talk is not None else 0,
            repairs=talk.repairs if talk is not None else 0,
            planning_seconds=planned,
            seconds=time.perf_counter() - started,
            notes=tuple(ran.notes),
        )

    def asked(self, session: Session, question: str, table: str | None, now: datetime | None) -> Asked:
        """Return a question that is good to read. Raises InputError."""
        if not isinstance(question, str) or not any(t.is_word for t in tokenize(question[:QUESTION_CHARS_MAX])):
            raise InputError(f"a question is a text with at least one word, not {question!r}")
        if len(question) > QUESTION_CHARS_MAX:
            raise InputError(
                f"the question has {len(question):,} characters; at most {QUESTION_CHARS_MAX:,} are read. Store long "
                "texts with add_document, and ask about them"
            )
        vocabulary = self._vocabularies.of(session)
        if table is not None:
            if not isinstance(table, str):
                raise InputError(f"a table is named by a text, not {table!r}")
            known = next((t for t in vocabulary.tables if t.casefold() == table.casefold()), None)
            if known is None:
                raise InputError(
                    f'no table "{table}" to ask about. {suggest(table, list(vocabulary.tables), "Tables")}'
                )
            table = known
        if now is not None and not isinstance(now, datetime):
            raise InputError(f"now is a datetime, not {now!r}")
        at = now or datetime.now(timezone.utc)
        return Asked(
            question, vocabulary, session, at if at.tzinfo is not None else at.replace(tzinfo=timezone.utc), table
        )


def last_resort(asked: Asked) -> Fallback | None:
    """Return the search by meaning for when nothing else finds anything."""
    return next(iter(everywhere_fallback(asked, topic_of(tokenize(asked.text)))), None)


def check_stages(max_stages: int) -> int:
    """Return a bound of stages. Raises InputError."""
    if isinstance(max_stages, bool) or not isinstance(max_stages, int) or not 1 <= max_stages <= STAGES_MAX:
        raise InputError(f"max_stages is a whole number from 1 to {STAGES_MAX}, not {max_stages!r}")
    return max_stages


def model_of(model: str | LanguageModel | None, base_url: str | None, timeout_s: float | None) -> LanguageModel | None:
    """Return the model that is asked: the one that is given, else that of the environment (REM_ARROW_ASK_MODEL); None
    is the rules. Raises InputError."""
    if isinstance(model, LanguageModel):
        return model
    if model is not None and (not isinstance(model, str) or not model.strip()):
        raise InputError(f"model is 'rules', the name of a model, or a LanguageModel, not {model!r}")
    name = (model or os.environ.get(MODEL_VARIABLE) or RULES).strip()
    name = name.removeprefix("openai:")
    return None if name == RULES else LanguageModel(name, OpenAIClient(base_url=base_url, timeout_s=timeout_s))

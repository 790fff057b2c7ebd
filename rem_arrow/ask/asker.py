"""From a question to an answer: the words of the database, a plan, its run. The plan is made by rules, or by a language
model where one is named; a question that the rules do not understand is declined."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone

import polars as pl

from rem_arrow.ask import by_language_model, planner
from rem_arrow.ask.answer import Answer
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.lexicon import Lexicons
from rem_arrow.ask.planner import Understood
from rem_arrow.ask.question_words import QUESTION_CHARS_MAX, tokenize
from rem_arrow.ask.record import Record
from rem_arrow.ask.related import related_rows
from rem_arrow.ask.session import Session
from rem_arrow.ask.staged_plan import STAGES_MAX, Plan, Stage, whole, within
from rem_arrow.ask.stages import Bounds, run
from rem_arrow.ask.vocabulary import Vocabularies, Vocabulary
from rem_arrow.base import checks
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.language.client import OpenAIClient
from rem_arrow.language.language_model import LanguageModel, Turn

MODEL_VARIABLE = "REM_ARROW_ASK_MODEL"
RULES = "rules"
DEFAULT_BOUNDS = Bounds()
CONVERSATIONS_MAX = 1_000


class Asker:
    """Answers questions about one database, and keeps its vocabulary and its conversations. Safe for use by many
    threads."""

    def __init__(self) -> None:
        self._vocabularies, self._lexicons = Vocabularies(), Lexicons()
        self._conversations: dict[str, Record] = {}
        self._lock = threading.Lock()

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
        conversation: str | None = None,
        model_seconds: float | None = None,
    ) -> Answer:
        """Return the answer to a question, planned by the language model if there is one, else by rules.

        Args:
            adaptive: show the language model what each stage gave, so that it may change the rest.
            examples: show it values of the tables that the question concerns.
            conversation: the name of the conversation that the question goes on with.
            model_seconds: for all answers of the language model together.
        """
        started = time.perf_counter()
        asked = self.asked(session, question, table, now, conversation)
        check_stages(max_stages)
        if language_model is None:
            return self._by_rules(asked, max_stages, bounds, started, conversation)
        talk = by_language_model.begin(
            asked, language_model, max_stages, examples=examples, seconds=model_seconds or by_language_model.SECONDS_MAX
        )
        plan = by_language_model.next_plan(talk)
        planned = time.perf_counter() - started
        ran = run(plan, session, bounds, after=_changes(talk) if adaptive else None)
        return Answer(
            question,
            ran.results,
            ran.query,
            plan.query_type,
            round(ran.confidence, 3),
            plan.explanation,
            tuple(ran.stages),
            tuple(ran.fallbacks),
            planner=talk.language_model.name,
            tokens=talk.tokens,
            repairs=talk.repairs,
            planning_seconds=planned,
            seconds=time.perf_counter() - started,
            notes=tuple(ran.notes),
            related=related_rows(asked) if ran.found_nothing else pl.DataFrame(),
        )

    def _by_rules(
        self, asked: Asked, max_stages: int, bounds: Bounds, started: float, conversation: str | None
    ) -> Answer:
        read = planner.understood(asked)
        planned = time.perf_counter() - started
        if read.is_declined or read.plan is None:
            return _declined(asked, read, planned, started)
        if conversation is not None and read.record is not None:
            self._remember(conversation, read.record)
        plan = within(read.plan, max_stages)
        ran = run(plan, asked.session, bounds)
        return Answer(
            asked.text,
            ran.results,
            ran.query,
            plan.query_type,
            round(ran.confidence, 3),
            plan.explanation,
            tuple(ran.stages),
            planning_seconds=planned,
            seconds=time.perf_counter() - started,
            notes=tuple(ran.notes),
            understood=read.words[0],
            not_understood=read.words[1],
        )

    def _remember(self, conversation: str, record: Record) -> None:
        with self._lock:
            self._conversations.pop(conversation, None)
            self._conversations[conversation] = record
            while len(self._conversations) > CONVERSATIONS_MAX:
                self._conversations.pop(next(iter(self._conversations)))

    def asked(
        self, session: Session, question: str, table: str | None, now: datetime | None, conversation: str | None = None
    ) -> Asked:
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
        with self._lock:
            lexicon = self._lexicons.of(vocabulary)
            before = None if conversation is None else self._conversations.get(conversation)
        return Asked(question, vocabulary, session, at, lexicon, name, before)


def _declined(asked: Asked, read: Understood, planned: float, started: float) -> Answer:
    """Return the answer that a question was not understood, with its nearest reading."""
    plan = read.plan
    known, unknown = read.words
    told = plan.explanation if plan is not None else "Nothing of this database is named in the question."
    if unknown:
        told += f" Not understood: {', '.join(unknown)}."
    return Answer(
        asked.text,
        pl.DataFrame(),
        whole(plan.stages) if plan is not None else "",
        plan.query_type if plan is not None else "sql",
        round(min(plan.confidence, 0.49), 2) if plan is not None else 0.0,
        told,
        (),
        planning_seconds=planned,
        seconds=time.perf_counter() - started,
        declined=True,
        understood=known,
        not_understood=unknown,
        suggestions=read.suggestions,
        related=related_rows(asked),
    )


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

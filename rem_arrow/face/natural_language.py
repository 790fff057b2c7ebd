"""Questions in plain language: the verbs of a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import polars as pl

from rem_arrow.access import vector_columns
from rem_arrow.access.access import Access
from rem_arrow.access.lookup import lookup_entity
from rem_arrow.base import checks
from rem_arrow.catalog.snapshot import Snapshot
from rem_arrow.catalog.stored_table import StoredTable
from rem_arrow.engine.instance import Instance
from rem_arrow.engine.results import unique_names
from rem_arrow.engine.run import Limits
from rem_arrow.face.verbs import Verbs

if TYPE_CHECKING:
    from rem_arrow.ask.answer import Answer
    from rem_arrow.ask.asker import Asker
    from rem_arrow.ask.session import TableState
    from rem_arrow.language.language_model import LanguageModel


class Asking:
    """Who answers the questions of an open database, made for the first of them; its handles share it."""

    asker: Asker | None = None


class QuestionVerbs(Verbs):
    """The part of a database that answers questions."""

    _asking: Asking
    # Whose conversations a handle goes on with.
    _asks_as = ""

    def query_natural_language(
        self,
        question: str,
        table: str | None = None,
        max_stages: int = 3,
        *,
        model: str | LanguageModel | None = None,
        base_url: str | None = None,
        model_timeout_s: float | None = None,
        mode: Literal["plan", "adaptive"] = "plan",
        examples: bool = True,
        now: datetime | None = None,
        timeout_s: float | None = 30.0,
        rows_max: int = 10_000,
        explain: bool = False,
        session: str | None = None,
    ) -> Answer:
        """Answer a question in plain language: plan queries for it, and run them on one version of the database.

        The plan only reads. When it finds nothing, broader fallbacks are tried, at last a search by meaning; the answer
        says so. `ask` is the short name.

        Args:
            question: a text with at least one word.
            table: where the answer is looked for first.
            max_stages: the most queries that run one after another, 1 to 8.
            model: "rules" plans by rules for English; another name plans by that language model, through the openai
                client; a `LanguageModel` brings its own client. Default is REM_ARROW_ASK_MODEL, else the rules.
            base_url: of the language model's server; default is OPENAI_BASE_URL, else OpenAI's.
            model_timeout_s: seconds for all answers of the language model to the question together, with repairs and
                further attempts; default is 180, and REM_ARROW_OPENAI_TIMEOUT_S, else 60, for one answer.
            mode: "plan" makes the whole plan at once; "adaptive" shows a language model what each stage gave, so that
                it may change the rest.
            examples: show a language model values of the tables that the question concerns, a few of each column that
                has few different ones; without, it sees no value of any row.
            now: the time from which "yesterday" is counted; default is the clock.
            timeout_s: seconds for all queries together.
            rows_max: the most rows of the result.
            explain: keep the plan of each stage, as `explain` prints it.
            session: the name of a conversation: a question of the same name may go on from the one before, "and last
                month?", "only the open ones", "who wrote them?". Conversations live as long as the database is open;
                on a server each token has its own.

        Returns:
            An `Answer`: `results` (a DataFrame), `query`, `query_type`, `confidence`, `explanation`, `stages`,
            `fallbacks`.

        Raises:
            InputError: the question has no words, there is no such table, or a setting of the language model is
                missing.
            LanguageError: the language model cannot be reached, refused, or gave no plan that runs.

        Example:
            >>> answer = db.ask("open issues with priority 5")
            >>> answer.query, answer.results["id"].to_list()
            ("SELECT * FROM issues WHERE status = 'open' AND priority = 5", ['login'])
        """
        # Imported here because most programs ask no questions.
        from rem_arrow.ask.asker import Asker, language_model_of
        from rem_arrow.ask.stages import Bounds

        checks.one_of(mode, "mode", ("plan", "adaptive"))
        pinned, bounds = _Pinned(self._instance, self._access()), Bounds(timeout_s, rows_max, explain)
        language_model = language_model_of(model, base_url, model_timeout_s)
        if self._asking.asker is None:
            self._asking.asker = Asker()
        if session is not None:
            checks.text(session, "the name of a conversation", blank=False)
            session = f"{self._asks_as}\0{session}"
        answer = self._asking.asker.ask(
            pinned,
            question,
            table=table,
            max_stages=max_stages,
            now=now,
            bounds=bounds,
            language_model=language_model,
            adaptive=mode == "adaptive",
            examples=examples,
            conversation=session,
            model_seconds=None if model_timeout_s is None else checks.number(model_timeout_s, "model_timeout_s"),
        )
        self._instance.store.activity.add(language_model_tokens=answer.tokens)
        return answer

    ask = query_natural_language

    def teach(self, word: str, means: str) -> None:
        """Let a word of questions mean what another means here: a table, a column, a value, a verb.

        It is stored in the table `taught_words` (word, means), counts from the next question on, and takes the place of
        what the word was taught to mean before.

        Args:
            word: one word or a phrase, in any case.
            means: how the database says it, or another question would.

        Raises:
            InputError: one of them is no text, or empty.

        Example:
            >>> db.teach("tickets", "issues")
            >>> db.ask("open tickets with priority 5").query
            "SELECT * FROM issues WHERE status = 'open' AND priority = 5"
        """
        said, meant = checks.text(word, "the word", blank=False), checks.text(means, "its meaning", blank=False)
        self.sql("CREATE TABLE IF NOT EXISTS taught_words (word VARCHAR PRIMARY KEY, means VARCHAR NOT NULL)")
        self.sql("INSERT OR REPLACE INTO taught_words VALUES (?, ?)", [said.casefold(), meant])


class _Pinned:
    """A read-only session over one version."""

    def __init__(self, instance: Instance, access: Access) -> None:
        self._instance, self._access = instance, access

    def tables(self) -> Sequence[TableState]:
        from rem_arrow.ask.session import TableState

        return [TableState(tv.table, tv.rows, tv.parts) for tv in self._access.version]

    def sample(self, table: str, columns: Sequence[str], rows_max: int) -> pl.DataFrame:
        source = StoredTable(self._access, self._access.table(table))
        frames = list(source.read(list(columns), (), None, rows_max))
        return pl.concat(frames) if frames else pl.DataFrame(schema={c: source.schema[c] for c in columns})

    def query(self, sql: str, frames: Mapping[str, pl.DataFrame], timeout_s: float | None) -> pl.DataFrame:
        limits = Limits(timeout_s, self._instance.limits.memory_bytes)
        return self._instance.engine.execute(sql, Snapshot(self._access, frames), {}, {}, limits)

    def explain(self, sql: str, frames: Mapping[str, pl.DataFrame]) -> str:
        return self._instance.engine.explain(sql, Snapshot(self._access, frames))

    def columns(self, sql: str, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        query = self._instance.engine.plan(sql, Snapshot(self._access, frames), {})
        return pl.DataFrame(schema=dict(zip(unique_names(query.names), query.plan.schema.values(), strict=True)))

    def lookup(self, texts: Sequence[str]) -> pl.DataFrame:
        return lookup_entity(self._access, texts, rows_max=50, entity=False)

    def searchable(self, table: str) -> Sequence[str]:
        stored = self._access.table(table).table
        return [e.column for e in stored.embeddings if e.column in vector_columns.searchable(stored)]

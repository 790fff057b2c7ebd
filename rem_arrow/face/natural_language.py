"""Questions in plain language: the verbs of a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import polars as pl

from rem_arrow.access import vector_columns
from rem_arrow.access.lookup import lookup_entity
from rem_arrow.catalog.snapshot import Snapshot, StoredTable
from rem_arrow.engine.engine import Limits, unique_names
from rem_arrow.engine.session import Shared
from rem_arrow.errors import InputError
from rem_arrow.face.conversations import Conversation
from rem_arrow.storage.version import Version
from rem_arrow.write.writer import find_table

if TYPE_CHECKING:
    from rem_arrow.ask.answer import Answer
    from rem_arrow.ask.asker import Asker
    from rem_arrow.ask.read_session import Known
    from rem_arrow.language.language_model import LanguageModel


class Asking(Conversation):
    """The part of a database that answers questions."""

    _asker: Asker | None = None

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
        now: datetime | None = None,
        timeout_s: float | None = 30.0,
        rows_max: int = 10_000,
        explain: bool = False,
    ) -> Answer:
        """Answer a question in plain language: it becomes a plan of staged queries, which are run on one version of the
        database.

        The plan only reads. Where it finds nothing, broader fallbacks are tried, and at last a search by meaning; the
        answer says so. `ask` is the short name.

        Args:
            table: where the answer is looked for first.
            max_stages: at most so many queries one after another, 1 to 8.
            model: "rules" plans by rules for English, without a model; the name of a model plans by it, through the
                openai client; a `LanguageModel`
                brings its own client. Default is REM_ARROW_ASK_MODEL, else the rules.
            base_url: of the model's server; default is OPENAI_BASE_URL, else OpenAI's.
            model_timeout_s: how long the model may take for one answer; default is REM_ARROW_OPENAI_TIMEOUT_S, else 60.
            mode: "plan" makes the whole plan at once, "adaptive" shows a model what each stage gave, so that it may
                change the rest.
            now: what "yesterday" is reckoned from; default is the clock.
            timeout_s: for all queries together.
            rows_max: of the results.
            explain: keep the plan of each stage, as `explain` prints it.

        Returns:
            An Answer: results (a DataFrame), query, query_type, confidence, explanation, stages, fallbacks, tokens,
                seconds.

        Raises:
            InputError: the question has no words, the table does not exist, or settings of the model are missing.
            LanguageError: the model cannot be reached, refused, or gave no plan that runs.
        """
        # Not at import: most programs ask nothing.
        from rem_arrow.ask.asker import Asker, model_of
        from rem_arrow.ask.stages import Bounds

        if mode not in ("plan", "adaptive"):
            raise InputError(f"mode is 'plan' or 'adaptive', not {mode!r}")
        session, bounds = _Pinned(self._shared, self._version()), Bounds(timeout_s, rows_max, explain)
        chosen = model_of(model, base_url, model_timeout_s)
        if self._asker is None:
            self._asker = Asker()
        return self._asker.ask(
            session,
            question,
            table=table,
            max_stages=max_stages,
            now=now,
            bounds=bounds,
            model=chosen,
            adaptive=mode == "adaptive",
        )

    ask = query_natural_language


class _Pinned:
    """A session over one version: it reads, and has no way to write."""

    def __init__(self, shared: Shared, version: Version) -> None:
        self._shared, self._version = shared, version

    def tables(self) -> Sequence[Known]:
        from rem_arrow.ask.read_session import Known

        return [Known(tv.table, tv.rows, tv.parts) for tv in self._version]

    def sample(self, table: str, columns: Sequence[str], rows_max: int) -> pl.DataFrame:
        source = StoredTable(
            self._shared.store.kv, self._shared.writer.hints, self._version, find_table(self._version, table)
        )
        frames = list(source.read(list(columns), (), None, rows_max))
        return pl.concat(frames) if frames else pl.DataFrame(schema={c: source.schema[c] for c in columns})

    def query(self, sql: str, frames: Mapping[str, pl.DataFrame], timeout_s: float | None) -> pl.DataFrame:
        return self._shared.engine.execute(
            sql, self._snapshot(frames), None, Limits(timeout_s, self._shared.limits.memory_bytes)
        )

    def explain(self, sql: str, frames: Mapping[str, pl.DataFrame]) -> str:
        return self._shared.engine.explain(sql, self._snapshot(frames))

    def columns(self, sql: str, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        query = self._shared.engine.plan(sql, self._snapshot(frames), {})
        return pl.DataFrame(schema=dict(zip(unique_names(query.names), query.plan.schema.values(), strict=True)))

    def lookup(self, texts: Sequence[str]) -> pl.DataFrame:
        return lookup_entity(
            self._shared.store.kv, self._shared.writer.hints, self._version, texts, rows_max=50, entity=False
        )

    def searchable(self, table: str) -> Sequence[str]:
        stored = find_table(self._version, table).table
        return [e.column for e in stored.embeddings if e.column in vector_columns.searchable(stored)]

    def _snapshot(self, frames: Mapping[str, pl.DataFrame]) -> Snapshot:
        return Snapshot(self._shared.store.kv, self._shared.writer.hints, self._version, frames)

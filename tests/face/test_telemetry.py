"""What a database tells of its work: log, counters and spans; and never a value."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace

import rem_arrow as rem
from rem_arrow.base import telemetry
from rem_arrow.language.client import OpenAIClient, Retries
from rem_arrow.sql.text.redacted import redacted

SECRET = "grandmother's recipe"


def messages(caplog, name: str) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == f"rem_arrow.{name}"]


def test_opening_closing_and_refreshing_are_logged(tmp_path, caplog):
    """At the levels of each."""
    caplog.set_level(logging.DEBUG, "rem_arrow")
    with rem.connect(tmp_path / "a.rem") as db, rem.connect(tmp_path / "a.rem", read_only=True) as reader:
        db.insert("entities", {"id": "a", "name": SECRET})
        reader.refresh()
        db.close()
        db.close()
    told = messages(caplog, "database")
    assert told[0].startswith(f"opened {tmp_path / 'a.rem'}, commit ")
    assert told[1].endswith(", to read")
    assert told[2].startswith(f"{tmp_path / 'a.rem'} is at commit ")
    assert told[3:] == [f"closed {tmp_path / 'a.rem'}"] * 2
    assert SECRET not in caplog.text


def test_work_in_the_background_is_logged(tmp_path, caplog):
    """Seals, and embeddings by their number."""
    caplog.set_level(logging.DEBUG, "rem_arrow")
    with rem.connect(tmp_path / "a.rem", embedder="hash", tail_rows_max=10) as db:
        db.insert("entities", [{"id": f"{i}", "name": SECRET} for i in range(50)])
        db.wait()
        activity = db.stats()["activity"]
    assert any(m.startswith("hash: 50 texts, ") for m in messages(caplog, "embed"))
    assert any(m.startswith("table entities: 50 rows of ") for m in messages(caplog, "storage"))
    assert any(m.startswith("background work took ") for m in messages(caplog, "background"))
    assert activity["background_runs"] >= 1 and activity["background_failures"] == 0
    assert activity["embedded_texts"] == 50
    assert SECRET not in caplog.text


def test_a_failure_in_the_background_is_logged_without_its_text(caplog):
    """The text goes to the program, by wait."""
    caplog.set_level(logging.DEBUG, "rem_arrow")
    with rem.connect() as db:

        def work(stopping):
            raise rem.ExecuteError(SECRET)

        db._instance.store.background.run(work)
        with pytest.raises(rem.ExecuteError, match="recipe"):
            db.wait()
        assert db.stats()["activity"]["background_failures"] == 1
    assert messages(caplog, "background")[-1] == "background work failed: ExecuteError; wait() raises it"
    assert SECRET not in caplog.text


def test_a_slow_statement_is_logged_without_its_values(caplog):
    """Also one that fails, and a verb that is a statement; nothing where no time is given, or it was not slow."""
    with rem.connect(slow_statement_s=0.0) as db:
        db.insert("entities", {"id": "a", "name": SECRET})
        db.sql("SELECT name -- who\n FROM entities WHERE name = $x AND id <> 'geheim' LIMIT 7", {"x": SECRET})
        with pytest.raises(rem.ExecuteError):
            db.sql("SELECT CAST('geheim' AS INT)")
        db.find("entities", rem.Eq("name", SECRET))
        assert db.stats()["activity"]["slow_statements"] == 3
    told = messages(caplog, "statements")
    assert told[0].endswith(
        "Select, 1 rows, with $x: VARCHAR: SELECT name FROM entities WHERE name = $x AND id <> ? LIMIT ?"
    )
    assert told[1].endswith("Select, ExecuteError: SELECT CAST(? AS INT)")
    assert "FROM" in told[2] and caplog.records[0].levelname == "WARNING" and caplog.records[0].took_s > 0
    assert SECRET not in caplog.text and "geheim" not in caplog.text and "who" not in caplog.text
    caplog.clear()
    for slow in (None, 1_000.0):
        with rem.connect(slow_statement_s=slow) as db:
            db.sql("SELECT 1")
            assert db.stats()["activity"]["slow_statements"] == 0
    assert not messages(caplog, "statements")


@pytest.mark.parametrize("slow", [-1, float("nan"), "1"])
def test_a_time_that_is_none_is_refused(slow):
    with pytest.raises(rem.InputError, match="slow_statement_s is a number"):
        rem.connect(slow_statement_s=slow)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SELECT 'a''b', 1.5e3, x'00', $$it's$$ FROM t -- c", "SELECT ?, ?, x?, ? FROM t"),
        ('/* c */ INSERT INTO "my t"\n  VALUES (1, $n, ?)', 'INSERT INTO "my t" VALUES (?, $n, ?)'),
        ("FUZZY 'nmae' LIMIT 3", "FUZZY ? LIMIT ?"),
        ("SELECT 'open", "(a text that cannot be read)"),
    ],
)
def test_a_text_is_shown_without_its_values(text, shown):
    """Literals of every kind, and comments."""
    assert redacted(text) == shown


def test_long_texts_are_cut():
    assert len(redacted("SELECT " + "a, " * 5_000 + "a")) == 2_003


def test_what_is_done_is_counted():
    """Statements, rows and the cache; a load counts its rows too."""
    with rem.connect(background=False) as db:
        before = db.stats()["activity"]
        db.load("t", pl.DataFrame({"a": range(70_000)}), progress=False)
        db.sql("INSERT INTO t VALUES (1), (2)")
        assert db.sql("SELECT count(*), sum(a) FROM t").item(0, 0) == 70_002
        db.sql("SELECT a FROM t WHERE a < 5; SELECT 1")
        with pytest.raises(rem.ExecuteError):
            db.sql("SELECT CAST('x' AS INT)")
        after = db.stats()["activity"]
        db.sql("SELECT sum(a) FROM t")
        again = db.stats()["activity"]
    grown = {name: after[name] - before[name] for name in after}
    assert (grown["statements"], grown["failed_statements"]) == (5, 1)
    assert (grown["rows_written"], grown["commits"]) == (70_002, 2)
    assert grown["rows_returned"] == 1 + 1 + 7 + 1
    assert grown["rows_read"] >= 70_002
    assert grown["cache_misses"] > 0 and again["cache_hits"] > after["cache_hits"]


def test_retries_of_a_service_are_logged_without_texts(caplog):
    """By who asks, the kind of failure, and the wait."""
    caplog.set_level(logging.DEBUG, "rem_arrow")
    client = OpenAIClient(base_url="http://localhost:1/v1", retries=Retries(attempts_max=2), sleep=lambda _: None)
    with pytest.raises(rem.LanguageError):
        client.request("model:m", lambda c: c.post("/x", body={"secret": SECRET}, cast_to=object))
    told = messages(caplog, "language")
    assert told[0].startswith("model:m failed (APIConnectionError), attempt 1, again in 0.")
    assert told[1] == "model:m failed (APIConnectionError) after 2 attempts"
    assert client.request("model:m", lambda _: 3) == 3
    assert messages(caplog, "language")[-1] == "model:m answered, attempt 1"
    assert not [r for r in caplog.records if r.name.startswith("rem_arrow") and SECRET in r.getMessage()]


class _Span(trace.NonRecordingSpan):
    def __init__(self, name: str, attributes: dict, parent: str | None) -> None:
        super().__init__(trace.INVALID_SPAN_CONTEXT)
        self.name, self.attributes, self.parent, self.failed = name, dict(attributes or {}), parent, None

    def is_recording(self) -> bool:
        return True

    def set_attribute(self, key, value) -> None:
        self.attributes[key] = value

    def set_attributes(self, attributes) -> None:
        self.attributes.update(attributes)


class _Tracer(trace.Tracer):
    def __init__(self) -> None:
        self.spans: list[_Span] = []

    def start_span(self, name, context=None, *args, attributes=None, **kwargs):
        raise AssertionError("spans are contexts")

    @contextmanager
    def start_as_current_span(self, name, context=None, *args, attributes=None, **kwargs) -> Iterator[_Span]:
        outer = trace.get_current_span()
        span = _Span(name, attributes, outer.name if isinstance(outer, _Span) else None)
        self.spans.append(span)
        token = otel_context.attach(trace.set_span_in_context(span))
        try:
            yield span
        except Exception as error:
            span.failed = type(error).__name__
            raise
        finally:
            otel_context.detach(token)


def test_statements_and_stages_are_spans(monkeypatch):
    """One in another; of their values nothing is told."""
    tracer = _Tracer()
    monkeypatch.setattr(trace, "get_tracer", lambda name: tracer)
    with rem.connect(embedder="hash") as db:
        db.insert("entities", {"id": "a", "name": SECRET})
        db.sql("SELECT name FROM entities WHERE id = 'geheim'")
        with pytest.raises(rem.BindError):
            db.sql("SELECT nothing FROM entities")
    found = {(s.name, s.parent) for s in tracer.spans}
    assert {
        ("rem_arrow.commit", None),
        ("rem_arrow.embed", None),
        ("rem_arrow.statement", None),
        ("rem_arrow.plan", "rem_arrow.statement"),
        ("rem_arrow.run", "rem_arrow.statement"),
    } <= found
    good, bad = [s for s in tracer.spans if s.name == "rem_arrow.statement"]
    assert good.attributes == {
        "db.system.name": "rem_arrow",
        "db.operation.name": "Select",
        "db.query.text": "SELECT name FROM entities WHERE id = ?",
        "db.response.returned_rows": 0,
    }
    assert bad.failed == "BindError"
    assert not any(SECRET in repr(s.attributes) or "geheim" in repr(s.attributes) for s in tracer.spans)


def test_without_a_handler_nothing_is_printed(capfd, monkeypatch):
    """As libraries should: not even warnings."""
    monkeypatch.setattr(logging.getLogger("rem_arrow"), "propagate", False)
    telemetry.logger("statements").warning("slow")
    assert capfd.readouterr().err == ""

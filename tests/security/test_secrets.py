"""Keys and passwords stand in no error, log, plan, picture of a state, or file."""

from __future__ import annotations

import logging
import traceback
import warnings
from pathlib import Path

import pytest

import rem_arrow as rem
from rem_arrow.language.client import OpenAIClient, Retries

KEY = "sk-proj-abcDEF0123456789"
PASSWORD = "hunter2hunter2"
ADDRESSES = [
    f"http://user:{PASSWORD}@127.0.0.1:1/v1",
    f"http://user:a@{PASSWORD}@127.0.0.1:1/v1",
    f"http://user:a/{PASSWORD}@127.0.0.1:1/v1",
    f"http://user:a#{PASSWORD}@127.0.0.1:1/v1",
    f"http://127.0.0.1:1/v1?key={PASSWORD}",
    f"user:{PASSWORD}@127.0.0.1",
    f"//user:{PASSWORD}@127.0.0.1",
    f"http:/user:{PASSWORD}@127.0.0.1",
    f"ftp://user:{PASSWORD}@127.0.0.1",
    f"http://user:{PASSWORD}\n@127.0.0.1",
    PASSWORD,
]


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("REM_ARROW_ASK_MODEL", raising=False)
    monkeypatch.setattr(Retries, "wait_before", lambda *_: None)


def told(error: BaseException) -> str:
    """All that a traceback prints of an error, its causes and contexts."""
    return "".join(traceback.format_exception(error)).replace(f'PASSWORD = "{PASSWORD}"', "")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_password_in_an_address_is_shown_nowhere(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an argument and from the environment, where the address is wrong and where nobody answers."""
    client = OpenAIClient(base_url=address, timeout_s=2)
    with pytest.raises(rem.RemError) as caught:
        client.request("model:m", lambda c: c.models.list())
    assert PASSWORD not in told(caught.value)
    assert PASSWORD not in repr(client) + str(vars(client).get("_open"))
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with rem.connect(embedder="openai:m:4") as db:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            db.insert("resources", {"content": "x"})
        with pytest.raises(rem.RemError) as caught:
            db.search("resources", "x")
        assert len(warned) == 1
        assert PASSWORD not in f"{warned[0].message}{told(caught.value)}{db.stats()}"


def test_a_key_in_place_of_an_address_is_not_shown() -> None:
    """Two settings that were confused."""
    with pytest.raises(rem.InputError) as caught:
        OpenAIClient(base_url=f"x://{KEY}").request("m", lambda c: c.models.list())
    assert KEY not in told(caught.value)


def test_a_key_in_the_words_of_an_embedder_is_not_shown(tmp_path: Path) -> None:
    """A user's function, or its library, may say it; neither the error nor what `stats` keeps of it does."""

    def embed(texts: list[str]) -> list[list[float]]:
        if texts == ["dimension"]:
            return [[1.0, 0.0]]
        raise ValueError("Incorrect API key provided: " + "sk-" + "live-0123456789")

    with rem.connect(tmp_path / "a", embedder=embed) as db:
        with pytest.warns(match="Incorrect API key") as warned:
            db.insert("resources", {"content": "x"})
        with pytest.raises(rem.LanguageError, match="Incorrect API key") as caught:
            db.search("resources", "x")
        shown = f"{warned[0].message}{told(caught.value)}{db.stats()}{db!r}{db._repr_html_()}"
        assert "live-0123456789" not in shown


def test_a_key_is_in_no_state_and_no_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Statistics, tables, plans, what is shown of a database, the files of a database, a backup and an export."""
    caplog.set_level(logging.DEBUG, "rem_arrow")
    with rem.connect(tmp_path / "db", embedder="openai:text-embedding-3-small") as db:
        db.load("t", [{"v": 1}])
        plan = db.explain("SELECT * FROM t WHERE v = $v", {"v": 1}, analyze=True)
        shown = [db, db.stats(), db.tables().rows(), db.schema("resources").rows(), plan, db.ask("how many t?")]
        assert KEY not in "".join(f"{what!r}{what}" for what in shown) + db._repr_html_()
        db.backup(tmp_path / "backup")
        db.export(tmp_path / "export")
        with pytest.raises(rem.LanguageError) as caught:
            db.ask("how many?", model="m", base_url="http://127.0.0.1:1/v1", model_timeout_s=1)
        assert KEY not in told(caught.value)
    assert [p for p in tmp_path.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()] == []
    assert KEY not in caplog.text


@pytest.mark.parametrize("text", [f"CREATE SECRET s (TYPE s3, KEY_ID '{KEY}')", f"CALL f('{KEY}')", f"LOAD '{KEY}'"])
def test_a_statement_is_not_logged(
    text: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also one that the parser does not know; others may go on to use its logger."""
    with rem.connect() as db, pytest.raises(rem.RemError):
        db.sql(text)
    assert KEY not in caplog.text + "".join(capsys.readouterr())
    logging.getLogger("sqlglot").warning("of another")
    assert "of another" in caplog.text


def test_a_plan_shows_values_that_bound_a_scan() -> None:
    """Whoever is shown a plan sees them: of parameters as of literals. It shows no other values of rows."""
    with rem.connect() as db:
        db.insert("entities", [{"id": "a", "name": "mine"}, {"id": "b", "name": PASSWORD}])
        plan = db.explain("SELECT * FROM entities WHERE name = $p", {"p": "mine"}, analyze=True)
        assert "$p" in plan
        assert "name in ['mine', 'mine']" in plan
        assert PASSWORD not in f"{plan}{plan._repr_html_()}{plan.to_frame().rows()}"


def test_an_error_quotes_the_value_that_does_not_fit() -> None:
    """It goes to whoever gave the value, who looks for it; a long one is cut."""
    with rem.connect() as db:
        with pytest.raises(rem.RemError, match="abc"):
            db.sql("SELECT CAST($p AS INTEGER)", {"p": "abc"})
        with pytest.raises(rem.RemError) as caught:
            db.sql("SELECT CAST($p AS INTEGER)", {"p": "x" * 1_000_000})
        assert len(str(caught.value)) < 5_000
        with pytest.raises(rem.RemError, match=r"\^") as caught:
            db.sql(f"SELECT '{'x' * 500_000}', nowhere, '{'x' * 400_000}'")
        assert len(str(caught.value)) < 5_000

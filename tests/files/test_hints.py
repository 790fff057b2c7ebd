"""What an error advises exists: `load`, the command line and the functions of SQL have the options that errors name."""

from __future__ import annotations

import ast
import gzip
import inspect
import re
from pathlib import Path

import pytest
import typer

import rem_arrow as rem
from rem_arrow.base import read_options
from rem_arrow.shell.cli import app

ROOT = Path(rem.__file__).parent
FILES = [*sorted((ROOT / "files").glob("*.py")), ROOT / "interop/readers.py", ROOT / "base/read_options.py"]
KEYWORDS = set(inspect.signature(rem.Database.load).parameters) - {"self", "table", "data", "progress"}
COMMAND = typer.main.get_command(app).commands["load"]  # type: ignore[attr-defined]
# What else errors name: verbs, functions of SQL, and arguments of `connect`.
VERBS = {*dir(rem.Database), "read_blob", "memory_limit"}


def _hints() -> list[tuple[str, str]]:
    """The file and the text of each error of the readers."""
    texts = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.endswith("Error"):
                parts = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
                texts.append((path.name, " ".join(parts)))
    return texts


def test_the_command_line_has_the_options_of_load() -> None:
    options = {o for p in COMMAND.params for o in p.opts if o.startswith("--")}
    assert {f"--{name.replace('_', '-')}" for name in KEYWORDS} <= options


def test_options_of_load_are_those_of_sql() -> None:
    assert set(read_options._NAMES) >= KEYWORDS


def test_what_an_error_advises_is_there() -> None:
    """Words with an underscore, words before " = " and after " by " are options of `load`; those in parentheses are of
    SQL."""
    hints = _hints()
    assert len(hints) > 30
    known = KEYWORDS | VERBS | set(read_options._WITHOUT_EFFECT) | {"rem_arrow"}
    for name, text in hints:
        # The extra of a package stands in pip's own form.
        words = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", re.sub(r"'[^']*'", "", text)))
        words |= set(re.findall(r"\b([a-z_]+) = ", text))
        assert words <= known | set(read_options._NAMES), (name, text)
        for sql in re.findall(r"\(([a-z]+)(?: in SQL)?\)", text):
            assert sql in read_options._NAMES, (name, text)
    advised = {w for _, text in hints for w in re.findall(r"\bby ([a-z_]+)", text)} & set(read_options._NAMES)
    assert advised >= {"dtypes", "null_values", "ignore_errors"} and advised <= KEYWORDS


@pytest.mark.parametrize(
    ("name", "data", "options", "cure"),
    [
        ("a.csv", b"a,b\n1,2\n3\n", {}, {"ignore_errors": True}),
        ("a.csv", b"a\n1\nx\n", {"dtypes": {"a": "BIGINT"}}, {"null_values": ["x"]}),
        ("a.csv", b"a\n1\nx\n", {"dtypes": {"a": "BIGINT"}}, {"dtypes": {"a": "VARCHAR"}}),
        ("a.csv", "\u00e4\n\u00f6\n".encode("latin-1"), {}, {"encoding": "latin-1"}),
        ("a.json", b'1\n{"a": 1}\n', {}, {"records": False}),
        ("a.json", '{"a": "\u00e4"}'.encode("latin-1"), {}, {"encoding": "latin-1"}),
        ("a.csv", b"a\n1.5\n", {"thousands": "."}, {"decimal_separator": ","}),
    ],
)
def test_a_cure_that_an_error_names_works(
    tmp_path: Path, name: str, data: bytes, options: dict[str, object], cure: dict[str, object]
) -> None:
    (tmp_path / name).write_bytes(data)
    (word,) = cure
    with rem.connect() as db:
        with pytest.raises(rem.InputError, match=rf"\b{word}\b"):
            db.load("t", str(tmp_path / name), **options)  # type: ignore[arg-type]
        assert db.load("t", str(tmp_path / name), **{**options, **cure}) >= 1  # type: ignore[arg-type]


def test_several_files_of_other_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    with rem.connect() as db:
        with pytest.raises(rem.InputError, match=r"union_by_name = true reads files of several columns"):
            db.load("t", f"{tmp_path}/*")
        assert db.load("t", f"{tmp_path}/*", union_by_name=True) == 2

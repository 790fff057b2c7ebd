"""What the README shows is what happens."""

import re
import shlex
from pathlib import Path

import duckdb
from typer.testing import CliRunner

from rem_arrow.shell.cli import app
from tests import readme

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "notebooks" / "guides").glob("*.md"))]


def test_the_tour_prints_what_the_readme_says():
    """Each block of the tour prints the text below it."""
    for (code, expected), printed in zip(readme.tour(), readme.run_tour(), strict=True):
        assert printed == expected, code


def test_the_table_of_functions_is_the_catalog():
    """The README lists the functions of the catalog; `python -m tests.readme` writes the table."""
    assert readme.function_table() in readme.README.read_text(encoding="utf-8")


def test_the_table_of_index_functions_is_the_registry():
    """The README lists the functions that an index answers."""
    assert readme.index_table() in readme.README.read_text(encoding="utf-8")


def test_the_commands_run(tmp_path, monkeypatch):
    """Every line of README and guides that calls rem-arrow runs, one after another, beside the files that they name."""
    lines = [
        x.strip()
        for page in PAGES
        for x in page.read_text(encoding="utf-8").splitlines()
        if x.startswith("    rem-arrow ")
    ]
    assert len(lines) >= 4
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales.csv").write_text("region,amount,year\nnorth,3,2024\nsouth,4,2023\n", encoding="utf-8")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as there:
        there.sql("CREATE TABLE sales AS SELECT * FROM 'sales.csv'")
    for line in lines:
        result = CliRunner().invoke(app, shlex.split(line)[1:], catch_exceptions=False)
        assert result.exit_code == 0, (line, result.output, result.stderr)


def test_the_targets_exist():
    """Every `make` that the README and the guides name is a target, and every benchmark a module."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"(?:^    |`)make ([a-z-]+)", text, re.M)) <= targets
    for module in set(re.findall(r"python -m ([\w.]+)", text)):
        base = ROOT / module.replace(".", "/")
        assert base.with_suffix(".py").exists() or (base / "__main__.py").exists(), module

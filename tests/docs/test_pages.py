"""What README and guides show is what happens, and their links lead somewhere. `make docs` writes what is made."""

from __future__ import annotations

import json
import re
import shlex

import duckdb
import pytest
from typer.testing import CliRunner

from rem_arrow.shell.cli import app
from tests.docs import tables
from tests.docs.pages import GUIDES, README, ROOT, all_pages, blocks, headings, links, printed, title, written

README_BYTES_MAX = 20_000
# A page with more headings of the second level than this begins with a table of contents.
HEADINGS_MAX = 4


def text_of(page):
    """The text of a page."""
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [p for p in written() if blocks(text_of(p))], ids=title)
def test_code_prints_what_the_page_says(page):
    """Each block runs, and prints the text below it, or nothing."""
    for block, output in printed(page):
        assert output == block.output, block.code


@pytest.mark.parametrize("page", written(), ids=title)
def test_made_parts_are_what_the_code_says(page):
    """The tables of functions, layers and commands, and the contents, are those of the code."""
    assert tables.with_made_parts(text_of(page)) == text_of(page), "run: make docs"


def test_the_architecture_describes_every_folder_and_no_other():
    """Each file of the ground and each folder has its line."""
    assert set(tables.UNITS) == {unit for layer in tables.LAYERS for unit in layer}


@pytest.mark.parametrize("page", all_pages(), ids=title)
def test_links_lead_to_headings_and_files(page):
    """A link within the repository names a file that exists, and a heading in it."""
    for link in links(text_of(page)):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in {h.anchor for h in headings(text_of(target))}, link


@pytest.mark.parametrize("notebook", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_links_of_notebooks_lead_to_files(notebook):
    """A link in the text of a notebook names a file that exists."""
    cells = json.loads(text_of(notebook))["cells"]
    for link in links("\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")):
        assert link.startswith(("http://", "https://")) or (notebook.parent / link).exists(), link


@pytest.mark.parametrize("page", written(), ids=title)
def test_long_pages_begin_with_contents(page):
    """A reader sees at the top what a long page holds."""
    own = [h for h in headings(text_of(page)) if h.level == 2]
    assert len(own) <= HEADINGS_MAX or "<!-- contents -->" in text_of(page)


def test_the_index_links_every_guide():
    """No guide is found by chance only."""
    index = GUIDES / "README.md"
    assert {p.name for p in GUIDES.glob("*.md")} - {"README.md"} <= set(links(text_of(index)))


def test_the_readme_stays_short():
    """What does not fit belongs into a guide."""
    assert len(README.read_bytes()) < README_BYTES_MAX


def test_the_commands_run(tmp_path, monkeypatch):
    """Every line of README and guides that calls rem-arrow runs, one after another, beside the files that they name."""
    lines = [x.strip() for page in written() for x in text_of(page).splitlines() if x.startswith("    rem-arrow ")]
    assert len(lines) >= 4
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales.csv").write_text("region,amount,year\nnorth,3,2024\nsouth,4,2023\n", encoding="utf-8")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as there:
        there.sql("CREATE TABLE sales AS SELECT * FROM 'sales.csv'")
    for line in lines:
        result = CliRunner().invoke(app, shlex.split(line)[1:], catch_exceptions=False)
        assert result.exit_code == 0, (line, result.output, result.stderr)


def test_the_targets_exist():
    """Every `make` that the README and the guides name is a target, and every module that they run exists."""
    text = "\n".join(map(text_of, written()))
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.M))
    assert set(re.findall(r"(?:^    |`)make ([a-z-]+)", text, re.M)) <= targets
    for module in set(re.findall(r"python -m ([\w.]+)", text)):
        base = ROOT / module.replace(".", "/")
        assert base.with_suffix(".py").exists() or (base / "__main__.py").exists(), module


def test_the_extras_exist():
    """Every extra that the pages tell to install is one of the package."""
    text, project = "\n".join(map(text_of, all_pages())), text_of(ROOT / "pyproject.toml")
    extras = {e.strip() for names in re.findall(r"(?:rem_arrow|\.)\[([\w, -]+)\]'", text) for e in names.split(",")}
    assert extras and all(re.search(rf"^{re.escape(extra)} = \[", project, re.M) for extra in extras)

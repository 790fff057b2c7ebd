"""The page on security and the tests say the same: each of its lines has tests, and each test of this folder a line."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "notebooks" / "guides" / "security.md"


def functions(path: Path) -> set[str]:
    """The tests of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")}


def named() -> set[tuple[str, str]]:
    """All tests, by file and function without `test_`."""
    files = {path: path.stem.removeprefix("test_") for path in TESTS.rglob("test_*.py")}
    return {(file, name.removeprefix("test_")) for path, file in files.items() for name in functions(path)}


def lines() -> list[tuple[str, list[tuple[str, str]]]]:
    """The rows of the page's tables that have tests: the first cell, and the tests of the last."""
    rows, wanted = [], False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            wanted = False
        elif cells[-1] == "test":
            wanted = True
        elif wanted and not set(line) <= set("| -"):
            rows.append((cells[0], re.findall(r"`(\w+)\.(\w+)`", cells[-1])))
    return rows


def test_each_line_of_the_page_has_tests_that_exist() -> None:
    """They stand in its last column as `file.function`, without `test_`."""
    assert len(lines()) > 20
    assert [first for first, tests in lines() if not tests] == []
    assert {test for _, tests in lines() for test in tests} - named() == set()


def test_each_test_of_security_has_a_line() -> None:
    """So that what is promised by a test is said."""
    listed = {f"test_{name}" for _, tests in lines() for _, name in tests}
    own = {
        name for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__) for name in functions(path)
    }
    assert own - listed == set()

"""The notebooks: they hold no outputs, and run from begin to end."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S

FOLDER = Path(__file__).parents[1] / "notebooks"
BOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = {"quickstart", "analytics", "semantic_search", "import_graph", "one_question", "arrow_pandas_sklearn"}
_MISSING = [
    name
    for name in ("nbclient", "ipykernel", "matplotlib", "pandas", "sklearn", "scipy")
    if importlib.util.find_spec(name) is None
]


def test_the_notebooks_are_there():
    """Each subject has one."""
    assert {path.stem for path in BOOKS} >= NAMES


@pytest.mark.parametrize("path", BOOKS, ids=lambda p: p.stem)
def test_no_outputs_are_kept(path):
    """The repository holds what was written, not what came out of it."""
    book = json.loads(path.read_text(encoding="utf-8"))
    assert book["nbformat"] == 4
    assert [c["id"] for c in book["cells"]] == list(dict.fromkeys(c["id"] for c in book["cells"]))
    for cell in book["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None, (
                f"run: jupyter nbconvert --clear-output --inplace {path}"
            )
    assert set(book["metadata"]) <= {"kernelspec", "language_info"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all, so that the demo database is built once."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.mark.long
@pytest.mark.skipif(bool(_MISSING), reason=f"notebooks need {', '.join(_MISSING)}: pip install 'rem_arrow[notebooks]'")
@pytest.mark.parametrize("path", BOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs(path, folder, monkeypatch):
    """Every cell runs, and there is something to look at."""
    from nbclient import NotebookClient
    from nbformat import read

    # The package that is tested, wherever it is installed.
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    book = read(path, as_version=4)
    NotebookClient(
        book, timeout=int(PATIENCE_S), kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    shown = [o for cell in book.cells for o in cell.get("outputs", ())]
    assert any("image/png" in o.get("data", {}) for o in shown)
    assert any("text/html" in o.get("data", {}) for o in shown)
    assert not [o for o in shown if o["output_type"] == "stream" and o["name"] == "stderr"], "a notebook warns"

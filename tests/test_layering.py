"""The layers of the house: imports go down only, never sideways between folders, never in circles; each library has one
owner."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "rem_arrow"

# A module or folder belongs to the layer of its first match here.
LAYERS = (
    {"errors", "keywords", "datatypes", "schema", "source", "progress", "parameters", "stopping", "watching"},
    {"openai_client", "chunking", "document_files"},
    {"language_model"},
    {"storage", "index", "plan", "embed"},
    {"drawing"},
    {"query_plan"},
    {"vectors"},
    {"soft_deletes"},
    {"vector_indexes", "text_indexes", "trigram_indexes", "graph_indexes"},
    {"model"},
    {"hints"},
    {"lookup", "system_views"},
    {"fuzzy", "completion", "graph_walks"},
    {"index_calls"},
    {"frame_table"},
    {"catalog", "sql", "optimize", "lower"},
    {"engine", "writer", "interop", "embedding"},
    {"edges", "loader", "maintenance", "options", "searching", "shared"},
    {"dangling", "edge_frames"},
    {"entity_load", "table_import"},
    {"statements"},
    {"operations"},
    {"naming"},
    {"finding"},
    {"walking"},
    {"meaning"},
    {"documents"},
    {"timeline"},
    {"showing"},
    {"conversation"},
    {"ask"},
    {"asking"},
    {"transaction", "transfer"},
    {"exchange"},
    {"database"},
    {"demo", "asynchronous"},
    {"output"},
    {"cli", "notebook"},
    {"__main__", "__init__"},
)
# Files of one layer that may build on each other, in this order.
CHAINS = (
    ("errors", "parameters"),
    ("errors", "stopping", "progress"),
    ("errors", "stopping", "watching"),
    ("errors", "datatypes", "schema"),
    ("keywords", "datatypes"),
    ("errors", "datatypes", "source"),
    ("catalog", "sql"),
)
OWNERS = {
    "rocksdict": {"storage/kv.py"},
    "sqlglot": {"sql"},
    "hnswlib": {"index"},
    "tantivy": {"index/text.py"},
    "scipy": {"index"},
    "openai": {"openai_client.py", "language_model.py"},
    "model2vec": {"embed"},
    "sentence_transformers": {"embed"},
    "fastembed": {"embed"},
    "typer": {"cli.py", "output.py"},
    "rich": {"cli.py", "output.py", "progress.py", "demo"},
    "pyarrow": {"storage/codec.py", "interop"},
    "duckdb": {"interop/duck.py"},
    "pandas": {"interop/arrow.py"},
    "torch": {"interop/arrow.py"},
    "lancedb": {"interop/lance.py"},
    "deltalake": {"interop/delta.py"},
    "sqlite3": {"interop/sqlite.py"},
    "IPython": {"notebook.py", "progress.py"},
    "matplotlib": {"drawing"},
}


def _files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def _unit(path: Path) -> str:
    """The folder or module of the package that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def _level(unit: str) -> int:
    return next(i for i, layer in enumerate(LAYERS) if unit in layer)


def _imports(path: Path) -> list[str]:
    """Modules that a file imports when it is loaded; what only type checkers see does not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(n)
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.unparse(branch.test)
        for n in ast.walk(branch)
    }
    found: list[str] = []
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found += [f"{node.module}.{a.name}" for a in node.names]
    return found


def _module(name: str) -> Path | None:
    """The file of a name inside the package, if it is one."""
    parts = name.split(".")[1:]
    for stop in (len(parts), len(parts) - 1):
        base = ROOT.joinpath(*parts[:stop])
        if stop and base.with_suffix(".py").is_file():
            return base.with_suffix(".py")
    return None


def test_every_unit_has_a_layer():
    """A new file or folder is given its place here."""
    for path in _files():
        _level(_unit(path))


@pytest.mark.parametrize("path", _files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path):
    """A file imports from lower layers, or from its own folder."""
    unit = _unit(path)
    for name in _imports(path):
        target = _module(name) if name.startswith("rem_arrow.") else None
        if target is None or _unit(target) == unit:
            continue
        other = _unit(target)
        chained = any(unit in c and other in c and c.index(other) < c.index(unit) for c in CHAINS)
        assert _level(other) < _level(unit) or chained, (
            f"{unit} (layer {_level(unit)}) imports {other} (layer {_level(other)})"
        )


def test_no_circles():
    """The files' imports have an order."""
    graph = {
        path: {
            t
            for name in _imports(path)
            if name.startswith("rem_arrow.") and (t := _module(name)) is not None and t != path
        }
        for path in _files()
    }
    list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("path", _files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_each_library_has_one_owner(path):
    """A library is imported by the files that own it."""
    place = str(path.relative_to(ROOT))
    for name in _imports(path):
        owners = OWNERS.get(name.split(".")[0])
        assert owners is None or place in owners or place.split("/", maxsplit=1)[0] in owners, (
            f"{place} imports {name}, which {sorted(owners)} own"
        )


def test_package_files_are_empty():
    """Only the package itself says what it exports."""
    for path in ROOT.rglob("__init__.py"):
        assert path.parent == ROOT or not path.read_text(encoding="utf-8").strip(), f"{path} is not empty"

"""The layers of the house: imports go down only, never sideways between folders, never in circles; each library has one
owner."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "rem_arrow"

# What lies directly in the package, beside folders.
TOP = {"__init__", "__main__", "dbapi"}
# Each folder belongs to one layer, and imports from those before it in this list only.
LAYERS = (
    {"base"},
    {"running", "language"},
    {"storage", "index", "plan", "embed", "files", "publish"},
    {"model", "drawing"},
    {"access"},
    {"catalog"},
    {"sql", "optimize", "lower", "write"},
    {"engine", "interop", "lower_spark"},
    {"statements", "ask", "remote"},
    {"face"},
    {"demo", "drivers", "serve"},
    {"shell"},
)
LAYERS_MAX = 12
# Folders within a folder, each importing from itself and from those before it only.
INNER_LAYERS = {"sql": ("text", "statement", "bind")}
# The package, `python -m rem_arrow` and `rem_arrow.dbapi` only open the doors, and stand above all layers.
DOORS = {"__init__", "__main__", "dbapi"}
OWNERS = {
    "rocksdict": {"storage/kv.py", "storage/kv_options.py"},
    "sqlglot": {"sql", "lower_spark"},
    "hnswlib": {"index"},
    "tantivy": {"index/text_index.py"},
    "scipy": {"index"},
    "openai": {"language/client.py", "language/language_model.py"},
    "tokenizers": {"embed"},
    "safetensors": {"embed"},
    "wordllama": set(),
    "model2vec": {"embed"},
    "sentence_transformers": {"embed"},
    "fastembed": {"embed"},
    "typer": {"shell"},
    "prompt_toolkit": {"shell/terminal.py"},
    "rich": {"shell", "running/progress.py", "demo"},
    "pyarrow": {"storage/codec.py", "files", "interop", "publish", "lower_spark", "remote", "serve"},
    "pyspark": {"remote/spark_session.py"},
    "google": {"serve/flight_sql_messages.py"},
    "starlette": {"serve/page_app.py", "serve/page_files.py", "serve/page_guard.py"},
    "uvicorn": {"serve/page_server.py"},
    "fastexcel": {"files/excel_reader.py"},
    "duckdb": {"interop/duck.py"},
    "pandas": {"interop/arrow.py"},
    "torch": {"interop/arrow.py"},
    "lancedb": {"interop/lance.py"},
    "deltalake": {"interop/delta.py"},
    "sqlite3": {"interop/sqlite.py"},
    "langchain_core": {"drivers/langchain_store.py"},
    "llama_index": {"drivers/llamaindex_store.py"},
    "haystack": {"drivers/haystack_store.py", "drivers/haystack_filters.py"},
    "sqlalchemy": {"drivers"},
    "mcp": {"drivers/mcp_server.py"},
    "mcp_types": {"drivers/mcp_server.py"},
    "cachetools": {"running/lru_cache.py"},
    "rapidfuzz": {"lower/similarity.py", "ask/spelling.py"},
    "regex": {"language/graphemes.py"},
    "yaml": {"language/front_matter.py"},
    "lxml": {"language/html_text.py", "language/docx_text.py"},
    "pypdfium2": {"language/pdf_text.py"},
    "IPython": {"shell/notebook.py", "running/progress.py"},
    "matplotlib": {"drawing"},
    "networkx": {"drawing/layout.py"},
}


def _files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def _unit(path: Path) -> str:
    """The folder or module of the package that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def _level(unit: str) -> int:
    if unit in DOORS:
        return len(LAYERS)
    return next(i for i, layer in enumerate(LAYERS) if unit in layer)


@cache
def _read(path: Path) -> list[tuple[str, bool]]:
    """The modules that a file imports, inside functions too, and whether for type checkers alone."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    branches = [n for n in nodes if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
    for_types = {id(n) for branch in branches for n in ast.walk(branch)}
    names: list[tuple[str, bool]] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [(a.name, id(node) in for_types) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [(f"{node.module}.{a.name}", id(node) in for_types) for a in node.names]
    return names


def _imports(path: Path, *, typing: bool = True) -> list[str]:
    """The modules that a file imports; without `typing` not those for type checkers alone."""
    return [name for name, for_types in _read(path) if typing or not for_types]


@cache
def _module(name: str) -> Path | None:
    """The file of a name inside the package, if it is one."""
    parts = name.split(".")[1:]
    for stop in (len(parts), len(parts) - 1):
        base = ROOT.joinpath(*parts[:stop])
        if stop and base.with_suffix(".py").is_file():
            return base.with_suffix(".py")
    return None


def _targets(path: Path) -> list[Path]:
    """The files of the package that a file imports from."""
    return [t for name in _imports(path) if name.startswith("rem_arrow.") and (t := _module(name)) is not None]


def test_the_layers_are_few_and_true():
    """Every file and folder has one place in the list, and the list names nothing else."""
    units = {_unit(path) for path in _files()} - DOORS
    listed = [unit for layer in LAYERS for unit in layer]
    assert sorted(listed) == sorted(units)
    assert len(LAYERS) <= LAYERS_MAX


def test_the_top_folder_holds_folders_and_the_doors_only():
    """A file lies directly in the package only by name."""
    assert {p.stem for p in ROOT.glob("*.py")} == TOP


def test_imports_go_down():
    """A file imports from lower layers, or from its own folder."""
    upward = [
        f"{path.relative_to(ROOT)} (layer {_level(unit)}) imports {other} (layer {_level(other)})"
        for path in _files()
        for unit, other in ((_unit(path), _unit(target)) for target in _targets(path))
        if other != unit and _level(other) >= _level(unit)
    ]
    assert not upward, "\n".join(upward)


@pytest.mark.parametrize("unit", INNER_LAYERS)
def test_imports_inside_a_folder_go_down(unit):
    """Every file of a folder with layers of its own lies in one of them, and imports from those below."""
    layers = INNER_LAYERS[unit]
    assert {p.parent.name for p in (ROOT / unit).glob("*/*.py")} == set(layers)
    assert [p.stem for p in (ROOT / unit).glob("*.py")] == ["__init__"]
    for path in (ROOT / unit).glob("*/*.py"):
        for name in _imports(path):
            target = _module(name) if name.startswith(f"rem_arrow.{unit}.") else None
            if target is not None:
                assert layers.index(target.parent.name) <= layers.index(path.parent.name), f"{path} imports {target}"


def test_no_circles():
    """The files' imports have an order."""
    graph = {path: {target for target in _targets(path) if target != path} for path in _files()}
    list(TopologicalSorter(graph).static_order())


def test_each_library_has_one_owner():
    """A library is imported by the files that own it; others may name its types."""
    places = {path: path.relative_to(ROOT).as_posix() for path in _files()}
    taken = [
        f"{place} imports {name}, which {sorted(owners)} own"
        for path, place in places.items()
        for name in _imports(path, typing=False)
        if (owners := OWNERS.get(name.split(".")[0])) is not None
        and not {place, place.split("/", maxsplit=1)[0]} & owners
    ]
    assert not taken, "\n".join(taken)


def test_package_files_are_empty():
    """Only the package itself says what it exports."""
    for path in ROOT.rglob("__init__.py"):
        assert path.parent == ROOT or not path.read_text(encoding="utf-8").strip(), f"{path} is not empty"


def test_no_two_files_share_a_name():
    """A name says which file is meant, whatever its folder."""
    stems = [p.stem for p in _files() if p.stem != "__init__"]
    assert sorted({stem for stem in stems if stems.count(stem) > 1}) == []

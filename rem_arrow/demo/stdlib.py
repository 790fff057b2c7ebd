"""A folder of Python source to the rows and edges of the demo.

In: the root of a library, such as `sysconfig.get_path("stdlib")`. Out: `Library`, five frames: `modules`, `classes`,
`functions` with the columns of the models, `resources` with one row for each docstring, and `edges`. Files are read as
text and parsed, never imported.

What holds: ids are unique in each frame; both ends of every edge are a row; the same tree gives the same frames.

Left out: installed packages, tests, compiled files, links to folders, files that cannot be read or parsed (listed in
`skipped`), and names that an import statement cannot say. A module of the standard library that the tree imports but
that has no source, such as zlib, is a row of kind builtin, extension, or absent.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ExtensionFileLoader
from pathlib import Path

import polars as pl

from rem_arrow.demo.facts import ModuleFacts
from rem_arrow.demo.relations import edges
from rem_arrow.demo.resolve import Resolver
from rem_arrow.demo.syntax import parse

_SKIPPED_FOLDERS = frozenset(("site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__"))
_TEXT, _INT, _BOOL, _TEXTS = pl.String(), pl.Int64(), pl.Boolean(), pl.List(pl.String())
_PLACE = {"docstring": _TEXT, "file": _TEXT, "line": _INT, "size": _INT}
_MODULES = pl.Schema(
    {
        "id": _TEXT,
        "name": _TEXT,
        "package": _TEXT,
        "kind": _TEXT,
        "docstring": _TEXT,
        "file": _TEXT,
        "size": _INT,
        "is_public": _BOOL,
    }
)
_CLASSES = pl.Schema(
    {"id": _TEXT, "name": _TEXT, "module": _TEXT, "package": _TEXT, "bases": _TEXTS, **_PLACE, "is_public": _BOOL}
)
_FUNCTIONS = pl.Schema(
    {
        **{"id": _TEXT, "name": _TEXT, "module": _TEXT, "package": _TEXT, "class_id": _TEXT, "signature": _TEXT},
        **_PLACE,
        **{"is_async": _BOOL, "is_public": _BOOL},
    }
)
_RESOURCES = pl.Schema({"id": _TEXT, "name": _TEXT, "uri": _TEXT, "content": _TEXT, "category": _TEXT, "tags": _TEXTS})


@dataclass(frozen=True, slots=True)
class Library:
    """The frames of one tree, and the paths below its root of the files that were skipped."""

    modules: pl.DataFrame
    classes: pl.DataFrame
    functions: pl.DataFrame
    resources: pl.DataFrame
    edges: pl.DataFrame
    skipped: tuple[str, ...]


def read(root: Path, *, on_file: Callable[[int, int], None] | None = None) -> Library:
    """Return the rows and edges of the source below `root`.

    Args:
        on_file: called after each file with the number of files done and of all files.
    """
    files = sorted(_files(root))
    with _without_collector():
        facts, paths, skipped = _facts(root, files, on_file)
        return _library(facts, paths, tuple(skipped))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Stop looking for cycles of dead objects. Trees and facts have none, and each round would pass over all of them:
    a quarter of the time that reading takes."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _facts(
    root: Path, files: Sequence[Path], on_file: Callable[[int, int], None] | None
) -> tuple[dict[str, ModuleFacts], dict[str, str], list[str]]:
    """Return the facts of each module, its path, and the paths of the files that cannot be read."""
    facts: dict[str, ModuleFacts] = {}
    paths: dict[str, str] = {}
    skipped = []
    for done, path in enumerate(files, 1):
        module, is_package = _module_name(path)
        try:
            its = parse((root / path).read_bytes(), module, is_package=is_package)
        except (SyntaxError, ValueError, RecursionError, OSError):
            skipped.append(path.as_posix())
        else:
            if is_package or module not in facts:
                facts[module], paths[module] = its, path.as_posix()
        if on_file is not None:
            on_file(done, len(files))
    return facts, paths, skipped


def _files(root: Path) -> Iterator[Path]:
    """Yield the paths below `root` of all files that can be imported by name."""
    for folder, inner, names in os.walk(root):
        inner[:] = [n for n in inner if n.isidentifier() and n not in _SKIPPED_FOLDERS]
        below = Path(folder).relative_to(root)
        yield from (
            below / n
            for n in names
            if n.endswith(".py") and n[:-3].isidentifier() and (below / n) != Path("__init__.py")
        )


def _module_name(path: Path) -> tuple[str, bool]:
    """Return the full name of the module in a file, and whether it is a package."""
    is_package = path.name == "__init__.py"
    return ".".join(path.parent.parts if is_package else (*path.parent.parts, path.stem)), is_package


def _library(facts: Mapping[str, ModuleFacts], paths: Mapping[str, str], skipped: tuple[str, ...]) -> Library:
    sourceless = _sourceless(facts)
    modules = pl.DataFrame(_module_rows(facts, paths, sourceless), schema=_MODULES, orient="row")
    classes = pl.DataFrame(_class_rows(facts, paths), schema=_CLASSES, orient="row")
    functions = pl.DataFrame(_function_rows(facts, paths), schema=_FUNCTIONS, orient="row")
    relations = edges(facts, Resolver(facts, sourceless))
    return Library(modules, classes, functions, _resources(modules, classes, functions), relations, skipped)


def _sourceless(facts: Mapping[str, ModuleFacts]) -> dict[str, str]:
    """Return the kind of each standard module that the tree imports and that has no Python source."""
    imported = {i.module.partition(".")[0] for its in facts.values() for i in its.imports}
    kinds = {name: _kind(name) for name in sorted(imported & sys.stdlib_module_names - facts.keys())}
    return {name: kind for name, kind in kinds.items() if kind is not None}


def _kind(name: str) -> str | None:
    """Return builtin, extension, absent, or None for a module that has Python source."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        return "absent"
    if spec.origin == "built-in":
        return "builtin"
    return "extension" if isinstance(spec.loader, ExtensionFileLoader) else None


def _module_rows(
    facts: Mapping[str, ModuleFacts], paths: Mapping[str, str], sourceless: Mapping[str, str]
) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for id_, its in facts.items():
        kind = "package" if paths[id_].endswith("__init__.py") else "module"
        rows.append((id_, _last(id_), _first(id_), kind, its.docstring, paths[id_], its.size, _is_public(id_)))
    rows += [(id_, id_, id_, kind, None, None, 0, _is_public(id_)) for id_, kind in sourceless.items()]
    return rows


def _class_rows(facts: Mapping[str, ModuleFacts], paths: Mapping[str, str]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for module, its in facts.items():
        for c in its.classes:
            id_ = f"{module}.{c.qualname}"
            rows.append(
                (
                    id_,
                    _last(id_),
                    module,
                    _first(id_),
                    list(c.bases),
                    c.docstring,
                    paths[module],
                    c.line,
                    c.size,
                    _is_public(id_),
                )
            )
    return rows


def _function_rows(facts: Mapping[str, ModuleFacts], paths: Mapping[str, str]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for module, its in facts.items():
        for f in its.functions:
            id_ = f"{module}.{f.qualname}"
            owner = f"{module}.{f.owner}" if f.owner else None
            place = (f.docstring, paths[module], f.line, f.size)
            rows.append((id_, _last(id_), module, _first(id_), owner, f.signature, *place, f.is_async, _is_public(id_)))
    return rows


def _resources(modules: pl.DataFrame, classes: pl.DataFrame, functions: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each docstring: its id is that of the definition with `.__doc__`, its name that of the
    definition."""
    parts = []
    for tag, frame in (("module", modules.with_columns(line=1)), ("class", classes), ("function", functions)):
        documented = frame.filter(pl.col("docstring").str.strip_chars() != "")
        parts.append(
            documented.select(
                id=pl.col("id") + ".__doc__",
                name="id",
                uri=pl.format("{}:{}", "file", "line"),
                content="docstring",
                category=pl.lit("docstring"),
                tags=pl.concat_list(pl.lit(tag), "package"),
            )
        )
    return pl.concat(parts).cast(_RESOURCES).unique("id", keep="first", maintain_order=True)


def _first(id_: str) -> str:
    return id_.partition(".")[0]


def _last(id_: str) -> str:
    return id_.rpartition(".")[2]


def _is_public(id_: str) -> bool:
    return not any(part.startswith("_") for part in id_.split("."))

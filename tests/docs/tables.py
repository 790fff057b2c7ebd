"""The parts of pages that are made from the code: between `<!-- name -->` and `<!-- /name -->`."""

from __future__ import annotations

from collections.abc import Callable

import typer

from rem_arrow.datatypes import sql_name
from rem_arrow.plan import functions
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS
from rem_arrow.shell.cli import app
from tests.docs.pages import ROOT, headings
from tests.test_layering import LAYERS

# What the architecture guide says of each file of the ground and each folder.
UNITS = {
    "errors": "the errors, with the place in a text and a suggestion",
    "quoting": "identifiers and literals of SQL",
    "datatypes": "column types: Polars, SQL, JSON",
    "schema": "tables, columns, embeddings and indexes as data",
    "source": "what a plan reads: columns, ranges, searches",
    "parameters": "the values that a statement is given",
    "running": "cancellation, limits of time and memory, progress bars",
    "language": "the client of language models, chunks of documents",
    "storage": "RocksDB: codec, tail, segments, versions, commits, compaction",
    "index": "pure index structures: HNSW, full text, trigrams, adjacency",
    "plan": "the algebra: nodes, functions, types",
    "embed": "embedders: texts to vectors",
    "model": "Pydantic models to tables, records to rows, predicates",
    "drawing": "pictures of plans, graphs and scores (matplotlib)",
    "access": "how rows are found: by key, name, vector, word, edge",
    "catalog": "names to sources, system views",
    "sql": "text to plan (SQLGlot)",
    "optimize": "rules, plan to plan",
    "lower": "plan to Polars",
    "write": "the write path: rows, keys, vectors, edges, one commit",
    "engine": "the steps of a query, the plan cache",
    "interop": "Arrow, DuckDB, files of other programs",
    "statements": "statements that are not queries",
    "ask": "questions in plain language: rules, language models, plans",
    "face": "the public verbs",
    "demo": "the database of the Python standard library",
    "shell": "command line and notebook",
}


def _function_table() -> str:
    """The functions of SQL, each with its other names."""
    others: dict[str, list[str]] = {}
    for alias, name in functions.ALIASES.items():
        others.setdefault(name, []).append(alias)

    def listed(names: list[str]) -> str:
        return ", ".join(
            f"`{n}`" + (f" ({', '.join(f'`{o}`' for o in others[n])})" if n in others else "") for n in names
        )

    operators = ("not", "is_null", "is_distinct", "negate", "concat_operator")
    scalar = sorted(n for n in functions.SCALAR if n[0].isalpha() and n not in operators)
    return (
        f"| kind | functions (other names) |\n| --- | --- |\n| scalar | {listed(scalar)} |\n"
        f"| aggregate | {listed(sorted(functions.AGGREGATES))} |\n"
    )


def _index_functions() -> str:
    """The functions in FROM that an index answers."""
    made = ""
    for f in INDEX_FUNCTIONS.values():
        columns = ", ".join(f"`{name}`" for name, _ in f.columns)
        made += f"### {f.name.upper()}\n\n    {f.signature}\n\n{f.doc[0].upper()}{f.doc[1:]}. Columns: {columns}.\n\n"
        made += "".join(f"- `{o.name}` ({', '.join(o.choices) or sql_name(o.dtype)}): {o.doc}\n" for o in f.options)
        made += "\n"
    return made.rstrip() + "\n"


def _layers() -> str:
    rows = "".join(
        f"| {level} | {'<br>'.join(f'`{_shown(u)}`: {UNITS[u]}' for u in _ordered(units))} |\n"
        for level, units in enumerate(LAYERS)
    )
    return f"| layer | files and folders |\n| --- | --- |\n{rows}"


def _layers_short() -> str:
    return "".join(f"{level:>6}  {'  '.join(map(_shown, _ordered(units)))}\n" for level, units in enumerate(LAYERS))


def _ordered(units: set[str]) -> list[str]:
    return [unit for unit in UNITS if unit in units]


def _shown(unit: str) -> str:
    return f"{unit}.py" if (ROOT / "rem_arrow" / f"{unit}.py").is_file() else f"{unit}/"


def _commands() -> str:
    """The commands of the command line."""
    group = typer.main.get_group(app)
    rows = "".join(
        f"| `rem-arrow {name}` | {(command.help or '').splitlines()[0]} |\n" for name, command in group.commands.items()
    )
    return f"| command | what it does |\n| --- | --- |\n{rows}"


def _contents(text: str) -> str:
    """The table of contents of a page: its headings of the second level."""
    return "".join(f"- [{h.text}](#{h.anchor})\n" for h in headings(text) if h.level == 2)


MADE: dict[str, Callable[[str], str]] = {
    "functions": lambda _: _function_table(),
    "index functions": lambda _: _index_functions(),
    "layers": lambda _: _layers(),
    "layers in short": lambda _: f"```text\n{_layers_short()}```\n",
    "commands": lambda _: _commands(),
    "contents": _contents,
}


def with_made_parts(text: str) -> str:
    """Return the text of a page with its made parts made."""
    for name, make in MADE.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        if begin in text:
            before, _, rest = text.partition(begin)
            text = f"{before}{begin}{make(text)}{end}{rest.partition(end)[2]}"
    return text

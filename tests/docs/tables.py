"""The parts of pages that are made from the code: between `<!-- name -->` and `<!-- /name -->`."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from types import ModuleType

import polars as pl
import typer

from rem_arrow.access import graph_nodes, lookup
from rem_arrow.ask import question_words, staged_plan
from rem_arrow.base import datatypes, schema
from rem_arrow.base.datatypes import sql_name
from rem_arrow.embed import embedder
from rem_arrow.files import expansion
from rem_arrow.index import entries, vector_file
from rem_arrow.language import document_files, docx_text, front_matter, html_text, pdf_text
from rem_arrow.lower import rounds, time_series
from rem_arrow.model import predicates
from rem_arrow.plan import functions, types
from rem_arrow.plan.functions import Aggregate
from rem_arrow.plan.index_functions import INDEX_FUNCTIONS
from rem_arrow.plan.json_functions import JSON_FUNCTIONS
from rem_arrow.plan.nested_functions import NESTED
from rem_arrow.plan.number_functions import NUMBER
from rem_arrow.plan.signature import Function
from rem_arrow.plan.text_functions import TEXT
from rem_arrow.plan.time_functions import TIME
from rem_arrow.shell.cli import app
from rem_arrow.shell.dot_commands import COMMANDS
from rem_arrow.sql.bind import group_by, pivot, query
from rem_arrow.sql.text import parser
from rem_arrow.storage import codec, keys, log_file, segment, tail
from rem_arrow.write import loader
from tests.docs.pages import ROOT, headings
from tests.drivers.alchemy.off import FAILING_SERVED, OFF
from tests.test_layering import LAYERS

# What the architecture guide says of each folder.
UNITS = {
    "base": "what all may use: errors, SQL identifiers, checks of arguments, types, descriptions of tables, parameters",
    "running": "cancellation, limits of time and memory, progress bars",
    "language": "the client of language models; documents of several formats as texts, and their chunks",
    "storage": "RocksDB: codec, tail, segments, versions, commits, compaction",
    "index": "pure index structures: HNSW, full text, trigrams, adjacency",
    "plan": "the algebra: nodes, functions, types",
    "embed": "embedders: texts to vectors",
    "files": "files of others as rows: CSV, JSON, Parquet, Arrow, spreadsheets; Arrow data of any type",
    "model": "Pydantic models to tables, records to rows, predicates",
    "drawing": "pictures of plans, graphs and scores (matplotlib)",
    "access": "how rows are found: by key, name, vector, word, edge",
    "catalog": "names to sources, system views",
    "sql": "text to plan (SQLGlot): text, statement, bind",
    "optimize": "rules, plan to plan",
    "lower": "plan to Polars",
    "write": "the write path: rows, keys, vectors, edges, one commit",
    "engine": "the steps of a query, the plan cache",
    "publish": "snapshots for engines on other machines: files, logs of Delta, manifests",
    "lower_spark": "plans to Spark's SQL, and to functions that workers evaluate",
    "interop": "Arrow, DuckDB, files of other programs",
    "statements": "statements that are not queries",
    "ask": "questions in plain language: rules, language models, plans",
    "face": "the public verbs",
    "demo": "the database of the Python standard library",
    "drivers": "the interfaces that other programs know: DB-API, SQLAlchemy, LangChain, the Model Context Protocol",
    "remote": "published databases on engines of Spark Connect",
    "serve": "one process for many: tokens, limits, Arrow Flight",
    "shell": "command line and notebook",
}


# The families of functions: a heading, the catalogs whose names belong to it, and the kinds of first arguments that do.
_FAMILIES: tuple[tuple[str, tuple[Mapping[str, object], ...], tuple[str, ...]], ...] = (
    ("Lists, structs and maps", (NESTED,), ("array", "list", "struct", "map", "vector")),
    ("JSON", (JSON_FUNCTIONS,), ("json",)),
    ("Texts and bytes", (TEXT,), ("text", "blob", "shown")),
    ("Times", (TIME,), ("temporal", "stamp", "span", "interval")),
    ("Numbers", (NUMBER,), ("number", "float", "integer")),
    ("Other", (), ()),
)
# Names that stand for operators, which have syntax of their own.
_OPERATORS = ("not", "is_null", "is_distinct", "negate", "concat_operator", "list_concat_operator")


def _function_table() -> str:
    """The functions of SQL by family, each with its arguments, its result and its other names."""
    over_items = {f"list_{name}" for name in functions.AGGREGATES} - set(NESTED)
    names = sorted(n for n in functions.SCALAR if n[0].isalpha() and n not in over_items.union(_OPERATORS))
    made = ""
    for family, _, _ in _FAMILIES:
        made += f"### {family}\n\n| function | result | other names |\n| --- | --- | --- |\n"
        made += "".join(_row(n, functions.SCALAR[n]) for n in names if _family(n) == family) + "\n"
    made += "### Aggregates\n\n| function | result | other names |\n| --- | --- | --- |\n"
    return made + "".join(_row(n, functions.AGGREGATES[n]) for n in sorted(functions.AGGREGATES))


def _family(name: str) -> str:
    for family, catalogs, kinds in _FAMILIES:
        args = functions.SCALAR[name].args
        if any(name in catalog for catalog in catalogs) or (args and args[0] in kinds):
            return family
    return _FAMILIES[-1][0]


def _row(name: str, function: Function | Aggregate) -> str:
    shown = [a if place < function.args_min else f"[{a}]" for place, a in enumerate(function.args)]
    more = ["..."] if isinstance(function, Function) and function.variadic else []
    result = sql_name(function.result) if isinstance(function.result, pl.DataType) else "of its arguments"
    others = ", ".join(f"`{alias}`" for alias, of in functions.ALIASES.items() if of == name)
    return f"| `{name}({', '.join([*shown, *more])})` | {result} | {others} |\n"


def _index_functions() -> str:
    """The functions in FROM that an index answers."""
    made = ""
    for f in INDEX_FUNCTIONS.values():
        columns = ", ".join(f"`{name}`" for name, _ in f.columns)
        made += f"### {f.name.upper()}\n\n    {f.signature}\n\n{f.doc[0].upper()}{f.doc[1:]}. Columns: {columns}.\n\n"
        made += "".join(f"- `{o.name}` ({', '.join(o.choices) or sql_name(o.dtype)}): {o.doc}\n" for o in f.options)
        made += "\n"
    return made.rstrip() + "\n"


def _drawn(module: ModuleType) -> str:
    """What the docstring of a module draws: its indented lines, or those of a table without a margin."""
    paragraphs = (module.__doc__ or "").split("\n\n")
    drawn = [p for p in paragraphs[1:] if p.startswith(("    ", "family "))]
    return "```text\n" + "\n\n".join(textwrap.dedent(p.strip("\n")) for p in drawn) + "\n```\n"


def _format_figures() -> str:
    """The constants of the format."""
    figures = (
        ("`format` in the catalog", keys.FORMAT.decode()),
        ("families of RocksDB", ", ".join(keys.FAMILIES)),
        ("rows of a segment, at most", f"{segment.SEGMENT_ROWS_MAX:,}"),
        ("rows of a page, at most", f"{segment.PAGE_ROWS_MAX:,}"),
        ("bytes of a page before encoding, about, at most", f"{segment.PAGE_BYTES_MAX:,}"),
        ("column number of the rowids", f"{schema.ROWID_COLUMN:,}"),
        ("version of the files of vector indexes", str(vector_file._VERSION)),
    )
    return "| constant | value |\n| --- | --- |\n" + "".join(f"| {name} | {value} |\n" for name, value in figures)


def _limits() -> str:
    """The bounds that a user may meet, from the constants that hold them."""
    bounds = (
        ("characters of an SQL text", parser.TEXT_CHARS_MAX),
        ("queries nested in a query", query.DEPTH_MAX),
        ("queries of a text, each CTE counted where it is used", query.QUERIES_MAX),
        ("grouping sets of a query", group_by.SETS_MAX),
        ("columns that a PIVOT makes", pivot.COLUMNS_MAX),
        ("rounds of a WITH RECURSIVE", rounds.ROUNDS_MAX),
        ("rows of a WITH RECURSIVE", rounds.RECURSIVE_ROWS_MAX),
        ("digits of a DECIMAL", types.PRECISION_MAX),
        ("tables that a database can ever have", keys.TABLE_MAX),
        ("rows that a table can ever have", keys.ROWID_MAX),
        ("columns of a table", schema.COLUMNS_MAX),
        ("levels of a nested type of a column", datatypes.LEVELS_MAX),
        ("bytes of a name", schema.NAME_BYTES_MAX),
        ("bytes of a value", loader.VALUE_BYTES_MAX),
        ("bytes of a file that becomes a document", document_files.DOCUMENT_BYTES_MAX),
        ("characters of a page's front matter", front_matter.CHARACTERS_MAX),
        ("bytes of an HTML page", html_text.BYTES_MAX),
        ("pages of a PDF", pdf_text.PAGES_MAX),
        ("characters of a PDF", pdf_text.CHARACTERS_MAX),
        ("bytes of XML in a DOCX", docx_text.XML_BYTES_MAX),
        ("times its size that a Parquet or Arrow file of over 1 GiB may have once read", expansion.EXPANSION_MAX),
        ("steps of a series of times", time_series.STEPS_MAX),
        ("dimensions of a vector", embedder.DIMENSION_MAX),
        ("edges of a path in a traversal", graph_nodes.DEPTH_MAX),
        ("paths of a call that returns paths or cycles", graph_nodes.PATHS_MAX),
        ("rows of a lookup, for each name", lookup.ROWS_MAX),
        ("values of the predicate In", predicates.OPTIONS_MAX),
        ("characters of a question", question_words.QUESTION_CHARS_MAX),
        ("stages of a question's plan", staged_plan.STAGES_MAX),
    )
    rows = "".join(f"| {what} | {bound:,} |\n" for what, bound in bounds)
    return f"| what | at most |\n| --- | --- |\n{rows}"


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


def _shell_commands() -> str:
    """The commands of the shell."""
    usages = {f"{name} {command.usage}".strip().replace("|", "\\|"): command.help for name, command in COMMANDS.items()}
    rows = "".join(f"| `{usage}` | {what} |\n" for usage, what in usages.items())
    return f"| command | what it does |\n| --- | --- |\n{rows}"


def _alchemy_off() -> str:
    """What SQLAlchemy's own tests ask for and the dialect does not do."""
    asked = {f"`{name}`": reason for name, reason in OFF.items()}
    asked |= {f"`{test}`": reason for (_, test, _), reason in FAILING_SERVED.items()}
    rows = "".join(f"| {name} | {reason} |\n" for name, reason in asked.items())
    return f"| requirement or test | why it is off |\n| --- | --- |\n{rows}"


def _contents(text: str) -> str:
    """The table of contents of a page: its headings of the second level."""
    return "".join(f"- [{h.text}](#{h.anchor})\n" for h in headings(text) if h.level == 2)


MADE: dict[str, Callable[[str], str]] = {
    "functions": lambda _: _function_table(),
    "index functions": lambda _: _index_functions(),
    "layers": lambda _: _layers(),
    "layers in short": lambda _: f"```text\n{_layers_short()}```\n",
    "commands": lambda _: _commands(),
    "shell commands": lambda _: _shell_commands(),
    "limits": lambda _: _limits(),
    "stored keys": lambda _: _drawn(keys),
    "index keys": lambda _: _drawn(entries),
    "write": lambda _: _drawn(tail),
    "page": lambda _: _drawn(codec),
    "log": lambda _: _drawn(log_file),
    "vector file": lambda _: _drawn(vector_file),
    "format figures": lambda _: _format_figures(),
    "alchemy off": lambda _: _alchemy_off(),
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

"""Files in FROM: `FROM 'sales.parquet'`, and functions such as `read_csv('*.csv', header = true)`.

The first argument is a name, a pattern of names or a list of these; options follow by name. What is constant is
computed while the statement is bound, so a name may be a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlglot import exp

from rem_arrow.base.errors import InputError, UnsupportedError
from rem_arrow.base.read_options import ReadOptions, read_options
from rem_arrow.base.source import FileRequest
from rem_arrow.files.file_format import format_by_ending
from rem_arrow.sql.bind.binder import StatementContext
from rem_arrow.sql.text.option_values import option_value
from rem_arrow.sql.text.trees import named_argument
from rem_arrow.sql.text.type_names import named_type

# Functions, and the formats that they read.
_FUNCTIONS = {
    "read_csv": "csv",
    "read_csv_auto": "csv",
    "read_json": "json",
    "read_json_auto": "json",
    "read_ndjson": "json",
    "read_ndjson_auto": "json",
    "read_json_objects": "json_objects",
    "read_json_objects_auto": "json_objects",
    "read_ndjson_objects": "json_objects",
    "read_parquet": "parquet",
    "parquet_scan": "parquet",
    "read_arrow": "arrow",
    "read_xlsx": "excel",
    "read_text": "text",
    "read_blob": "blob",
    "glob": "glob",
}
FUNCTIONS = tuple(_FUNCTIONS)


def is_file_name(name: str) -> bool:
    """Say whether a name that is no table means files: its ending is one of a format."""
    return format_by_ending(name) is not None


def format_of_call(tree: object) -> str | None:
    """Return the format that a call in FROM reads; None when it reads no files."""
    return _FUNCTIONS.get(name_of(tree)) if isinstance(tree, exp.Func) else None


def name_of(tree: object) -> str:
    """Return the name of a call, in small letters."""
    match tree:
        case exp.ReadCSV():
            return "read_csv"
        case exp.ReadParquet():
            return "read_parquet"
        case exp.Anonymous():
            return str(tree.name).casefold()
        case exp.Func():
            return str(tree.sql_name()).casefold()
        case _:
            return ""


def named(context: StatementContext, name: str, tree: exp.Expression) -> FileRequest:
    """Return what a name in FROM asks for."""
    format_ = format_by_ending(name)
    assert format_ is not None, "the caller looked"
    return FileRequest((name,), format_, ReadOptions())


def called(
    context: StatementContext, tree: exp.Expression, value_of: Callable[[exp.Expression], object]
) -> FileRequest:
    """Return what a call asks for. Raises BindError for arguments that it does not take.

    Args:
        value_of: computes a constant that is no literal.
    """
    format_ = format_of_call(tree)
    assert format_ is not None, "the caller looked"

    def value(argument: exp.Expression) -> object:
        try:
            return option_value(argument, context.text)
        except UnsupportedError:
            return value_of(argument)

    names: list[str] = []
    options: list[tuple[str, object]] = []
    for argument in _arguments(tree):
        option = _named(argument)
        if option is not None:
            options.append((option[0], value(option[1])))
            continue
        given = value(argument)
        given = [given] if isinstance(given, str) else given
        if names or not isinstance(given, list) or not given or not all(isinstance(n, str) for n in given):
            raise context.error(
                f"{name_of(tree)} takes the name of a file, a pattern or a list of names, and then options by name",
                argument,
                "Write read_csv('a.csv', header = true), for example.",
            )
        names += given
    if not names:
        raise context.error(f"{name_of(tree)} begins with the name of a file", tree)
    return FileRequest(tuple(names), format_, _options(context, options, format_, tree))


def _options(
    context: StatementContext, given: Iterable[tuple[str, object]], format_: str, tree: exp.Expression
) -> ReadOptions:
    # `format` of read_json says how the records stand, which is found out.
    rest = [(name, value) for name, value in given if name != "format"]
    try:
        return read_options(rest, format_.removesuffix("_objects"), named_type, where=name_of(tree))
    except InputError as error:
        raise context.error(str(error), tree) from error


def _arguments(tree: exp.Expression) -> list[exp.Expression]:
    first = tree.args.get("this")
    return [*([first] if isinstance(first, exp.Expression) else []), *tree.expressions]


def _named(argument: exp.Expression) -> tuple[str, exp.Expression] | None:
    """Return the name and value of `name = value`, `name => value` or `name := value`."""
    if isinstance(argument, exp.EQ) and isinstance(argument.this, exp.Column) and len(argument.this.parts) == 1:
        return argument.this.name.casefold(), argument.expression
    return named_argument(argument)

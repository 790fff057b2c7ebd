"""The command line: `rem-arrow`. Each command opens a database, makes one call, prints the result, and closes it.

Rows are drawn as a table in a terminal, and written as CSV, JSON, Parquet or Arrow to a pipe or a file. Exit codes: 0
success, 1 the request failed, 2 the command line is wrong, 3 `verify` found damage.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
import typer

from rem_arrow.base.printable import printable
from rem_arrow.demo import tour
from rem_arrow.face.connection import connect
from rem_arrow.face.database import Database
from rem_arrow.face.publication_verbs import verify_published
from rem_arrow.face.restoration import repair as repair_database
from rem_arrow.running.file_access import Files
from rem_arrow.shell import add_command, load_command, mcp_command, serve_command, shell_command
from rem_arrow.shell.command import EXIT_DAMAGED, EXIT_FAILED, DatabasePath, check_database, errors_as_text
from rem_arrow.shell.named_parameters import named_parameters
from rem_arrow.shell.output import Format, format_for, write_rows

app = typer.Typer(
    help="rem_arrow: a database for resources, entities, moments and the edges between them, in one folder.\n\nBegin "
    "with `rem-arrow demo`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


OutputFormat = Annotated[
    Format | None,
    typer.Option("--format", "-f", help="How to write the rows; default: table in a terminal, csv in a pipe"),
]
OutputFile = Annotated[Path | None, typer.Option("--output", "-o", help="File to write to instead of the terminal")]


@app.command()
def demo(
    path: Annotated[
        Path | None, typer.Argument(help="Folder for the demo; default ./rem-demo.rem", metavar="DATABASE")
    ] = None,
) -> None:
    """Build a database from the Python standard library on this machine, and query it."""
    with errors_as_text():
        tour.run(path, console=tour.wide_console())


@app.command()
def sql(
    database: DatabasePath,
    query: Annotated[
        str, typer.Argument(help="A query, or with --write any statements; - reads them from standard input")
    ],
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="NAME=VALUE for $NAME; may be repeated")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show the plan instead of the rows")] = False,
    write: Annotated[
        bool, typer.Option("--write", "-w", help="Open for writing: INSERT, UPDATE, DELETE, CREATE and so on")
    ] = False,
    timeout: Annotated[float | None, typer.Option("--timeout", help="Seconds after which to stop")] = None,
    format_: OutputFormat = None,
    output: OutputFile = None,
) -> None:
    """Run a query, or with --write other statements.

    rem-arrow sql my.rem "SELECT name, COUNT(*) FROM entities GROUP BY name"

    rem-arrow sql my.rem 'SELECT * FROM resources WHERE category = $c' -p c=tutorial --format parquet -o out.parquet
    """
    with errors_as_text(), connect(database) if write else _reader(database, files="any") as db:
        text = sys.stdin.read() if query == "-" else query
        parameters = named_parameters(param or [])
        if explain:
            typer.echo(printable(db.explain(text, parameters, analyze=True)))
        else:
            write_rows(db.sql(text, parameters, timeout_s=timeout), format_, output)


app.command()(shell_command.shell)
app.command()(load_command.load)
app.command()(mcp_command.mcp)


@app.command(name="export")
def export_(
    database: DatabasePath,
    target: Annotated[Path, typer.Argument(help="New folder for the files and their manifest.json")],
    table: Annotated[
        list[str] | None, typer.Option("--table", "-t", help="Only this table; may be given several times")
    ] = None,
    kind: Annotated[
        Literal["parquet", "ipc", "csv", "ndjson", "delta", "lance"],
        typer.Option("--format", "-f", help="Format of the files"),
    ] = "parquet",
    partition_by: Annotated[
        list[str] | None,
        typer.Option("--partition-by", help="A column that splits the tables into folders; may be given several times"),
    ] = None,
    format_: Annotated[Format | None, typer.Option("--show", help="How to list what was written")] = None,
) -> None:
    """Write tables to a folder of files: all of it, or nothing.

    rem-arrow export my.rem out --table sales --format parquet --partition-by year
    """
    with errors_as_text(), _reader(database) as db:
        write_rows(db.export(target, format=kind, tables=table or None, partition_by=partition_by or ()), format_, None)


@app.command()
def publish(
    database: DatabasePath,
    target: Annotated[str, typer.Argument(help="Folder, or address such as s3://bucket/prefix")],
    table: Annotated[
        list[str] | None, typer.Option("--table", "-t", help="Only this table; may be given several times")
    ] = None,
    format_: Annotated[Format | None, typer.Option("--show", help="How to list what was written")] = None,
) -> None:
    """Publish a snapshot for Spark, Sail and other readers of Delta tables: only what changed is written.

    rem-arrow publish my.rem s3://bucket/my --table sales
    """
    with errors_as_text(), _reader(database) as db:
        write_rows(db.publish(target, table or None), format_, None)


@app.command(name="import")
def import_(
    database: DatabasePath,
    source: Annotated[
        Path, typer.Argument(help="A folder of rem-arrow export, LanceDB or Parquet, or a DuckDB or SQLite file")
    ],
    table: Annotated[
        list[str] | None, typer.Option("--table", "-t", help="Only this table; may be given several times")
    ] = None,
    constraints: Annotated[
        bool, typer.Option(help="Declare the keys, defaults and the like of DuckDB's tables")
    ] = True,
    format_: Annotated[Format | None, typer.Option("--show", help="How to list what was read")] = None,
) -> None:
    """Import the tables of another database: all of them, or none.

    rem-arrow import my.rem warehouse.duckdb --table sales
    """
    with errors_as_text(), connect(database) as db:
        write_rows(db.import_from(source, tables=table or None, constraints=constraints), format_, None)


app.command()(add_command.add)


@app.command()
def tables(database: DatabasePath, format_: OutputFormat = None) -> None:
    """List the tables."""
    with errors_as_text(), _reader(database) as db:
        write_rows(db.tables(), format_, None)


@app.command()
def schema(
    database: DatabasePath,
    table: Annotated[str, typer.Argument(help="Name of the table")],
    format_: OutputFormat = None,
) -> None:
    """List the columns of a table."""
    with errors_as_text(), _reader(database) as db:
        write_rows(db.schema(table), format_, None)


@app.command()
def info(database: DatabasePath, format_: OutputFormat = None) -> None:
    """Show size, commit, and rows and segments by table."""
    with errors_as_text(), _reader(database) as db:
        stats = db.stats()
        rows = [{"table": name, **numbers} for name, numbers in stats.pop("tables").items()]
        if format_for(format_, None) is Format.table:
            for name, value in stats.items():
                typer.echo(f"{name:20} {value:,}" if isinstance(value, int) else f"{name:20} {value}")
        write_rows(pl.DataFrame(rows), format_, None)


@app.command()
def lookup(
    database: DatabasePath,
    names: Annotated[list[str], typer.Argument(help="Ids, names, aliases or keys")],
    format_: OutputFormat = None,
) -> None:
    """Find entities of any table by id, name, alias or key, without regard to case and accents.

    rem-arrow lookup rem-demo.rem json.dumps
    """
    with errors_as_text(), _reader(database) as db:
        rows = db.lookup_entity(*names)
        write_rows(rows, format_, None)
        if not rows.height:
            raise typer.Exit(EXIT_FAILED)


@app.command()
def traverse(
    database: DatabasePath,
    ids: Annotated[list[str], typer.Argument(help="Ids to start from, or table:id")],
    depth: Annotated[int, typer.Option(help="The most edges from a start")] = 1,
    edge_type: Annotated[
        list[str] | None, typer.Option("--type", help="Only edges of this type; may be given several times")
    ] = None,
    direction: Annotated[
        Literal["out", "in", "both"], typer.Option(help="Along the edges, against them, or both")
    ] = "out",
    where: Annotated[str | None, typer.Option(help="A condition in SQL that an entity must meet")] = None,
    format_: OutputFormat = None,
) -> None:
    """Follow edges from entities, and show the entities reached and the paths.

    rem-arrow traverse rem-demo.rem zlib --direction in --type imports --depth 2
    """
    with errors_as_text(), _reader(database) as db:
        write_rows(
            db.traverse_edges(ids, depth=depth, edge_type=edge_type, direction=direction, where=where), format_, None
        )


@app.command()
def fuzzy(
    database: DatabasePath,
    name: Annotated[str, typer.Argument(help="An id, name, alias, key or title, perhaps misspelled")],
    k: Annotated[int, typer.Option("--k", "-k", help="The most rows")] = 10,
    threshold: Annotated[float, typer.Option(help="The least score, from 0 to 1")] = 0.3,
    table: Annotated[str | None, typer.Option(help="Only entities of this table")] = None,
    format_: OutputFormat = None,
) -> None:
    """Find the entities whose names are spelled most like a text, best first.

    rem-arrow fuzzy rem-demo.rem json.dmups
    """
    with errors_as_text(), _reader(database) as db:
        rows = db.fuzzy(name, k=k, threshold=threshold, table=table)
        write_rows(rows, format_, None)
        if not rows.height:
            raise typer.Exit(EXIT_FAILED)


@app.command()
def search(
    database: DatabasePath,
    table: Annotated[str, typer.Argument(help="Name of the table")],
    text: Annotated[str, typer.Argument(help="What to search for")],
    k: Annotated[int, typer.Option("--k", "-k", help="The most rows")] = 10,
    where: Annotated[str | None, typer.Option(help="A condition in SQL on the columns of the table")] = None,
    mode: Annotated[
        Literal["vector", "text", "hybrid"], typer.Option(help="vector (by meaning), text (by words), or hybrid")
    ] = "vector",
    format_: OutputFormat = None,
) -> None:
    """Find the rows of a table that match a text best, best first.

    rem-arrow search rem-demo.rem resources "parse a date" --where "category = 'docstring'" --mode hybrid
    """
    with errors_as_text(), _reader(database) as db:
        write_rows(db.search(table, text, k=k, where=where, mode=mode), format_, None)


@app.command()
def ask(
    database: DatabasePath,
    question: Annotated[str, typer.Argument(help="In plain language")],
    table: Annotated[str | None, typer.Option(help="Where the answer is looked for first")] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print how the answer was found, with the plan of each stage")
    ] = False,
    max_stages: Annotated[int, typer.Option(help="The most queries that run one after another")] = 3,
    model: Annotated[
        str | None, typer.Option(help="A language model; default is $REM_ARROW_ASK_MODEL, else rules")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(help="Server of the language model; default is $OPENAI_BASE_URL")
    ] = None,
    examples: Annotated[
        bool, typer.Option(help="Show the language model values of the tables that the question concerns")
    ] = True,
    format_: OutputFormat = None,
) -> None:
    """Answer a question in plain language.

    rem-arrow ask rem-demo.rem "What imports zlib?" --plan
    """
    with errors_as_text(), _reader(database) as db:
        answer = db.query_natural_language(
            question, table, max_stages, model=model, base_url=base_url, examples=examples, explain=plan
        )
        if plan:
            typer.echo(printable(answer.told()), err=True)
        elif format_ in (None, Format.table) and sys.stdout.isatty():
            said = f"{answer.query_type}, confidence {answer.confidence:.2f}: {answer.explanation}"
            typer.echo(printable(said), err=True)
        for note in answer.notes:
            typer.echo(printable(note), err=True)
        write_rows(answer.results, format_, None)


@app.command()
def verify(
    database: DatabasePath,
    published: Annotated[
        str | None, typer.Option("--published", help="Check what is published at this address instead")
    ] = None,
    format_: OutputFormat = None,
) -> None:
    """Read and check everything; exit code 3 if something is damaged."""
    with errors_as_text(), _reader(database) as db:
        damaged = db.verify() if published is None else verify_published(published)
        if damaged.height:
            write_rows(damaged, format_, None)
            raise typer.Exit(EXIT_DAMAGED)
        typer.echo(f"{published or database} is sound", err=True)


@app.command()
def repair(
    database: DatabasePath,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be done, and change nothing")] = False,
    format_: OutputFormat = None,
) -> None:
    """Save what is sound of a damaged database, and list what is gone; the old files go into its folder "damaged".

    rem-arrow repair my.rem --dry-run
    """
    with errors_as_text():
        gone = repair_database(database, dry_run=dry_run)
        if not gone.height:
            typer.echo(f"{database} is sound", err=True)
            return
        write_rows(gone, format_, None)
        done = "would be repaired" if dry_run else f"repaired; the old files are in {database / 'damaged'}"
        typer.echo(f"{database} {done}", err=True)


@app.command()
def backup(database: DatabasePath, target: Annotated[Path, typer.Argument(help="New folder for the copy")]) -> None:
    """Write a consistent copy of a database to a new folder."""
    with errors_as_text(), connect(database) as db:
        db.backup(target)
        typer.echo(f"{database} copied to {target}", err=True)


@app.command()
def compact(database: DatabasePath) -> None:
    """Merge segments and free the space of deleted rows."""
    with errors_as_text(), connect(database) as db:
        before = db.stats()["bytes_on_disk"]
        db.compact()
        typer.echo(f"{before:,} bytes before, {db.stats()['bytes_on_disk']:,} after", err=True)


app.command()(serve_command.serve)


def main() -> None:
    """Run the command line."""
    app()


@contextmanager
def _reader(path: Path, files: Files | None = None) -> Iterator[Database]:
    """Open a database for reading, so that a command works beside a program that has it open."""
    check_database(path)
    with connect(path, read_only=True, files=files) as db:
        yield db

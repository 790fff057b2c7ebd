"""The commands of the shell: lines that begin with a dot."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import polars as pl

from rem_arrow.base.errors import InputError, suggest
from rem_arrow.base.quoting import identifier
from rem_arrow.shell.output import BINARY, Format, file_error
from rem_arrow.shell.shell_session import ShellSession

MODES = tuple(mode.value for mode in Format if mode not in BINARY)
_SWITCH = ("on", "off")
_DEFINITIONS = """
SELECT schema_name, table_name AS name, sql FROM duckdb_tables() UNION ALL
SELECT schema_name, view_name, sql FROM duckdb_views() ORDER BY name"""


class DotCommand(NamedTuple):
    """A command.

    Attributes:
        usage: its argument, in brackets where it may be left out.
        run: takes the session and the argument, which is empty where none is given. Raises RemError.
        choices: what the argument may be, where that is known.
    """

    usage: str
    help: str
    run: Callable[[ShellSession, str], None]
    choices: tuple[str, ...] = ()


def run_command(session: ShellSession, line: str) -> None:
    """Run a line that begins with a dot. Raises RemError."""
    try:
        word, *arguments = shlex.split(line)
    except ValueError as error:
        raise InputError(f"{line}: a quote is not closed") from error
    command = COMMANDS.get(word.casefold())
    if command is None:
        raise InputError(f"no command {word}. {suggest(word, COMMANDS, 'Commands')}")
    if len(arguments) > (1 if command.usage else 0):
        raise InputError(f"write {word} {command.usage}".rstrip())
    argument = arguments[0] if arguments else ""
    if not argument and command.usage and not command.usage.startswith("["):
        raise InputError(f"write {word} {command.usage}")
    if argument and command.choices and argument.casefold() not in command.choices:
        raise InputError(f"{word} takes {command.usage.strip('[]')}, not {argument}")
    command.run(session, argument.casefold() if command.choices else argument)


def _tables(session: ShellSession, argument: str) -> None:
    session.show(session.call(session.database.tables).select("name", "kind", "rows", "columns", "description"))


def _schema(session: ShellSession, argument: str) -> None:
    defined = session.call(lambda: session.database.sql(_DEFINITIONS))
    if argument:
        schema, _, name = argument.rpartition(".")
        wanted = pl.col("name").str.to_lowercase() == name.casefold()
        defined = defined.filter(wanted & (pl.col("schema_name").str.to_lowercase() == (schema or "main").casefold()))
    if argument and not defined.height:
        # It names the tables that are there.
        session.database.sql(f"DESCRIBE {identifier(argument)}")
    session.show_text("".join(f"{sql.rstrip().removesuffix(';')};\n" for sql in defined["sql"]))


def _mode(session: ShellSession, argument: str) -> None:
    if argument:
        session.settings.mode = Format(argument)
    else:
        session.screen.note(session.settings.mode.value)


def _switch(name: str) -> Callable[[ShellSession, str], None]:
    def run(session: ShellSession, argument: str) -> None:
        if argument:
            setattr(session.settings, name, argument == "on")
        else:
            session.screen.note("on" if getattr(session.settings, name) else "off")

    return run


def _rows(session: ShellSession, argument: str) -> None:
    if argument and not (argument.isascii() and argument.isdigit() and int(argument)):
        raise InputError(f".rows takes a number of rows, not {argument}")
    if argument:
        session.settings.rows_max = int(argument)
    else:
        session.screen.note(f"{session.settings.rows_max:,}")


def _read(session: ShellSession, argument: str) -> None:
    path = Path(argument).expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise file_error(error, f"{path} cannot be read") from error
    except ValueError as error:
        raise InputError(f"{path} cannot be read: it is not text in UTF-8") from error
    session.read(text)


def _output(session: ShellSession, argument: str) -> None:
    path = Path(argument).expanduser()
    try:
        session.write_to(path.open("w", encoding="utf-8") if argument else None)
    except OSError as error:
        raise file_error(error, f"{path} cannot be written") from error


def _help(session: ShellSession, argument: str) -> None:
    width = max(len(f"{word} {command.usage}") for word, command in COMMANDS.items())
    listed = [f"{f'{word} {command.usage}':{width}}  {command.help}\n" for word, command in COMMANDS.items()]
    session.show_text("".join(listed) + _KEYS)


_KEYS = """
A statement ends with a semicolon, on any line. Tab completes, Ctrl-R searches the history,
Ctrl-C stops a statement or clears what is written, Alt-Enter begins a line, Ctrl-D leaves.
"""


def _quit(session: ShellSession, argument: str) -> None:
    session.is_over = True


COMMANDS = {
    ".tables": DotCommand("", "list the tables and views", _tables),
    ".schema": DotCommand("[TABLE]", "show the definition of a table or view, or of all", _schema),
    ".mode": DotCommand(f"[{'|'.join(MODES)}]", "how rows are shown", _mode, MODES),
    ".rows": DotCommand("[N]", "the most rows of a table that are shown", _rows),
    ".timer": DotCommand("[on|off]", "tell how long each statement took", _switch("timer"), _SWITCH),
    ".explain": DotCommand("[on|off]", "show the plan of each query before its rows", _switch("explain"), _SWITCH),
    ".pager": DotCommand("[on|off]", "show long answers in a pager", _switch("pager"), _SWITCH),
    ".read": DotCommand("FILE", "run the statements and commands of a file", _read),
    ".output": DotCommand("[FILE]", "write answers to a file; without one to the screen again", _output),
    ".help": DotCommand("", "list these commands", _help),
    ".quit": DotCommand("", "leave", _quit),
}


def completions(text: str, tables: Callable[[], Iterable[str]]) -> list[str]:
    """Return what may stand for the last word of a line that begins with a dot."""
    word, space, argument = text.partition(" ")
    if not space:
        return [name for name in COMMANDS if name.startswith(word)]
    command = COMMANDS.get(word)
    if command is None:
        return []
    choices = tables() if word == ".schema" else command.choices
    return [choice for choice in choices if choice.casefold().startswith(argument.strip().casefold())]

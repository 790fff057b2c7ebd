"""SQL in the lines and cells of a notebook: `%load_ext rem_arrow` registers `%rem` and `%%rem`.

    %rem connect memory.rem     opens a database, or reuses the open one, and makes it current; temporary without a path
    %rem use db                 makes the database in the variable `db` current
    %rem                        returns the current database
    %rem close                  closes it
    %rem SELECT ...             runs a line of SQL; `df = %rem SELECT ...` keeps the rows
    %%rem [df]                  runs the cell; with a name the rows become that variable, and are not shown

Options come before the text: `--db NAME` uses the database in that variable, `--explain` shows the plan, `--analyze`
the plan with rows and times, `--timeout SECONDS` limits the time; `connect` takes `--read-only` and `--tenant NAME`.

`$name` in a text is the value of the variable `name`; it never becomes part of the text. A table in the text that the
database lacks is the DataFrame in the variable of that name: Polars, pandas or Arrow. Without a current database, the
only variable that holds a database is used. A RemError shows its text and the caret, without a traceback; it is raised,
so that a run of the whole notebook stops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import polars as pl
from IPython.core.magic import no_var_expand

from rem_arrow.base.errors import InputError, RemError, suggest
from rem_arrow.base.printable import printable
from rem_arrow.face.connection import connect
from rem_arrow.face.database import Database
from rem_arrow.sql.statement.mentions import mentioned

_FLAGS = ("explain", "analyze", "read-only")
_VALUED = ("db", "timeout", "tenant")
# Options of an action; those of a query are all others.
_OF_ACTION: Mapping[str, tuple[str, ...]] = {"connect": ("read-only", "tenant"), "use": (), "close": ()}
_OF_QUERY = ("explain", "analyze", "db", "timeout")


class Shell(Protocol):
    """The parts of an IPython shell that are used here."""

    user_ns: dict[str, Any]

    def register_magic_function(self, func: Callable[..., object], magic_kind: str, magic_name: str) -> None: ...


class _Line(NamedTuple):
    """A line after %rem: its options, and the text that follows them."""

    options: dict[str, str]
    rest: str


def load_ipython_extension(shell: Shell) -> None:
    """Register `%rem` and `%%rem` with an IPython shell."""
    magic = Magic(shell)

    @wraps(magic.run)
    def run(line: str, cell: str | None = None) -> object:
        return magic.run(line, cell)

    # Without this, IPython would replace $name in the text by its value.
    shell.register_magic_function(no_var_expand(run), "line_cell", "rem")


class Magic:
    """`%rem` in one shell: its variables, and the databases that it opened."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._current: Database | None = None
        self._opened: dict[tuple[Path, str | None, bool], Database] = {}

    def run(self, line: str, cell: str | None = None) -> object:
        """Run SQL on a rem_arrow database: %rem SELECT ..., %%rem [variable], %rem connect PATH, %rem use NAME, %rem
        close.

        Options: --db NAME, --explain, --analyze, --timeout SECONDS; of connect --read-only and --tenant NAME.
        """
        try:
            return self._line(line) if cell is None else self._cell(line, cell)
        except RemError as error:
            text = printable(f"{type(error).__name__}: {error}")
            # IPython calls this method of an exception to render it.
            vars(error)["_render_traceback_"] = lambda: [text]
            raise

    def _line(self, line: str) -> object:
        options, rest = _split_options(line)
        word, _, argument = rest.partition(" ")
        _check_options(options, _OF_ACTION.get(word, _OF_QUERY))
        match word:
            case "connect":
                return self._connect(argument.strip(), options)
            case "use":
                self._current = self._variable(argument.strip())
                return self._current
            case "close":
                self._database({}).close()
                self._current = None
                return None
            case "":
                return self._database(options)
            case _:
                return self._query(rest, options)

    def _cell(self, line: str, cell: str) -> object:
        options, name = _split_options(line)
        _check_options(options, _OF_QUERY)
        if name and not name.isidentifier():
            raise InputError(
                f"after %%rem come options and the name of a variable, not {name!r}; the SQL goes in the lines below"
            )
        result = self._query(cell, options)
        if not name:
            return result
        self._shell.user_ns[name] = result
        return None

    # --- which database

    def _connect(self, path: str, options: Mapping[str, str]) -> Database:
        path = path.strip("'\"")
        read_only, tenant = "read-only" in options, options.get("tenant")
        key = (Path(path).expanduser().absolute(), tenant, read_only)
        database = self._opened.get(key) if path else None
        if database is None or database.closed:
            # A cell was run again with other options, and a process can have a database open only once.
            for stale in [k for k in self._opened if path and k[:2] == key[:2]]:
                self._opened.pop(stale).close()
            database = connect(key[0] if path else None, tenant=tenant, read_only=read_only)
            if path:
                self._opened[key] = database
        self._current = database
        return database

    def _database(self, options: Mapping[str, str]) -> Database:
        if "db" in options:
            return self._variable(options["db"])
        if self._current is not None and not self._current.closed:
            return self._current
        names = self._open_names()
        if len({id(self._shell.user_ns[name]) for name in names}) != 1:
            which = f"several are open, in {', '.join(names)}" if names else "no database is open"
            raise InputError(f"{which}; write %rem connect PATH, %rem use NAME, or --db NAME")
        return self._variable(names[0])

    def _variable(self, name: str) -> Database:
        value = self._shell.user_ns.get(name)
        if not isinstance(value, Database):
            problem = (
                f"the variable {name!r} is a {type(value).__name__}, not a database"
                if value is not None
                else f"no variable {name!r}"
            )
            raise InputError(f"{problem}. {suggest(name, self._open_names(), 'Databases')}")
        return value

    def _open_names(self) -> list[str]:
        return [
            name
            for name, value in self._shell.user_ns.items()
            if isinstance(value, Database) and not value.closed and not name.startswith("_")
        ]

    # --- running

    def _query(self, text: str, options: Mapping[str, str]) -> object:
        db, variables = self._database(options), self._shell.user_ns
        mentions = mentioned(text)
        parameters = {name: variables[name] for name in mentions.parameters if name in variables}
        stored = {name.casefold() for name in db.tables()["name"]}
        frames = {
            name: variables[name]
            for name in mentions.tables
            if name.casefold() not in stored and _is_table(variables.get(name))
        }
        if "explain" in options or "analyze" in options:
            return db.explain(text, parameters, analyze="analyze" in options, frames=frames)
        return db.sql(text, parameters, frames=frames, timeout_s=_seconds(options.get("timeout")))


def _split_options(line: str) -> _Line:
    """Split a line into the options at its beginning and the rest. Raises InputError."""
    options: dict[str, str] = {}
    rest = line.strip()
    while rest.startswith("--"):
        word, _, rest = rest.partition(" ")
        name, equals, value = word[2:].partition("=")
        if name in _FLAGS and not equals:
            options[name] = ""
        elif name in _VALUED:
            if not equals:
                value, _, rest = rest.lstrip().partition(" ")
            if not value:
                raise InputError(f"--{name} takes a value")
            options[name] = value
        else:
            raise InputError(f"no option --{name}. {suggest(name, (*_VALUED, *_FLAGS), 'Options')}")
        rest = rest.lstrip()
    # The options of an action may also follow its word.
    word, _, behind = rest.partition(" ")
    if word in _OF_ACTION and " --" in f" {behind}":
        argument, _, later = f" {behind}".partition(" --")
        tail = _split_options(f"--{later}")
        return _Line({**options, **tail.options}, f"{word} {argument.strip() or tail.rest}".strip())
    return _Line(options, rest)


def _check_options(options: Mapping[str, str], allowed: tuple[str, ...]) -> None:
    wrong = next((name for name in options if name not in allowed), None)
    if wrong is not None:
        raise InputError(
            f"--{wrong} does not go with this; "
            f"{'it takes ' + ', '.join(f'--{name}' for name in allowed) if allowed else 'it takes no options'}"
        )


def _is_table(value: object) -> bool:
    return (
        isinstance(value, pl.LazyFrame) or hasattr(value, "__arrow_c_stream__") or hasattr(value, "__arrow_c_array__")
    )


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"--timeout takes seconds, such as 10, not {text!r}") from error

"""The prompt of the shell in a terminal: lines with history, colours and completion, up to a semicolon."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import is_searching
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from rem_arrow.base.errors import RemError
from rem_arrow.base.quoting import KEYWORDS
from rem_arrow.face.database import Database
from rem_arrow.shell import dot_commands
from rem_arrow.shell.shell_session import ShellSession, is_whole
from rem_arrow.sql.text.unfinished import Piece, pieces

_WORDS = KEYWORDS | {"lookup", "fuzzy", "traverse", "depth", "direction"}
_NO_CALLS = ("in", "values", "as", "and", "or", "not", "by", "on", "using", "over", "filter")
_STYLE = Style.from_dict(
    {
        "keyword": "ansiblue bold",
        "function": "ansicyan",
        "text": "ansigreen",
        "number": "ansimagenta",
        "parameter": "ansimagenta",
        "comment": "ansibrightblack italic",
        "command": "ansiyellow",
        "prompt": "bold",
        "more": "ansibrightblack",
    }
)


def converse(session: ShellSession, name: str, prompt: PromptSession[str] | None = None) -> None:
    """Read and run statements until the user leaves; `name` is of the database, and stands in the prompt."""
    asking = prompt_session(session.database) if prompt is None else prompt

    def message() -> StyleAndTextTuples:
        return [("class:prompt", f"{name}{'*' if session.in_transaction else ''}> ")]

    def more(width: int, line: int, wraps: int) -> StyleAndTextTuples:
        return [("class:more", ". ".rjust(width))]

    while not session.is_over:
        try:
            text = asking.prompt(message, prompt_continuation=more)
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        session.run(text)


def prompt_session(database: Database) -> PromptSession[str]:
    """Return what reads from the terminal."""
    return PromptSession(
        multiline=True,
        key_bindings=_keys(),
        completer=StatementCompleter(database),
        complete_in_thread=True,
        lexer=StatementLexer(),
        style=_STYLE,
        history=_history(),
        enable_open_in_editor=True,
    )


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter", filter=~is_searching)
    def _enter(event: KeyPressEvent) -> None:
        """Run what is whole; else begin a line."""
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None
        elif is_whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.newline()

    @keys.add("escape", "enter")
    def _line(event: KeyPressEvent) -> None:
        event.current_buffer.newline()

    return keys


# --- history


def history_file() -> Path:
    """Return the file of the history, in the user's state folder."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "rem-arrow" / "shell_history"


def _history() -> History:
    """Return the history; one that is forgotten where the folder cannot be written."""
    path = history_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Statements may hold what only their writer should read.
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600))
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))


# --- completion


class StatementCompleter(Completer):
    """Completes statements by the catalog, and commands."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text, caret = document.text, document.cursor_position
        if text.lstrip().startswith("."):
            before = document.current_line_before_cursor.lstrip()
            written = before.partition(" ")[2].lstrip() if " " in before else before
            for choice in dot_commands.completions(before, self._tables):
                yield Completion(choice, -len(written))
            return
        # The server may have gone away, or a table: then there is nothing to complete.
        with suppress(RemError):
            rows = self._database.complete_sql(text, caret)
            for completion, kind, detail, start in rows.iter_rows():
                yield Completion(completion, start - caret, display_meta=detail or kind)

    def _tables(self) -> Iterable[str]:
        with suppress(RemError):
            return list(self._database.tables()["name"])
        return ()


# --- colours


class StatementLexer(Lexer):
    """Colours statements by their pieces."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        lines: list[StyleAndTextTuples] = [[]]
        for style, text in _coloured(document.text):
            for place, part in enumerate(text.split("\n")):
                if place:
                    lines.append([])
                lines[-1].append((style, part))
        return lambda number: lines[number] if number < len(lines) else []


def _coloured(text: str) -> Iterable[tuple[str, str]]:
    if text.lstrip().startswith("."):
        yield "class:command", text
        return
    place = 0
    for piece in pieces(text):
        yield "", text[place : piece.start]
        yield _style(piece, text), piece.text
        place = piece.stop
    yield "", text[place:]


def _style(piece: Piece, text: str) -> str:
    if piece.kind != "word":
        return "" if piece.kind in ("symbol", "name") else f"class:{piece.kind}"
    if text[piece.stop : piece.stop + 1] == "(" and piece.text.lower() not in _NO_CALLS:
        return "class:function"
    return "class:keyword" if piece.text.lower() in _WORDS else ""

"""A statement as it may be shown to others: without the values and comments in its text."""

from __future__ import annotations

from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token, TokenType

from rem_arrow.sql.text.dialect import dialect, parsing

_SHOWN_CHARS_MAX = 2_000
_NAMES = (TokenType.VAR, TokenType.IDENTIFIER)
_VALUES = ("STRING", "NUMBER", "HEREDOC")


def redacted(text: str) -> str:
    """Return the tokens of a statement, each literal as `?`, in one line of bounded length."""
    token = parsing.set(True)
    try:
        tokens = list(dialect().tokenize(text))
    except (SqlglotError, ValueError, RecursionError):
        return "(a text that cannot be read)"
    finally:
        parsing.reset(token)
    shown: list[str] = []
    end = 0
    for token_ in tokens:
        shown += [" "] if token_.start > end and shown else []
        shown.append(_shown(token_, text))
        end = token_.end + 1
    line = "".join(shown)
    return line if len(line) <= _SHOWN_CHARS_MAX else line[:_SHOWN_CHARS_MAX] + "..."


def _shown(token: Token, text: str) -> str:
    if any(word in token.token_type.name for word in _VALUES):
        return "?"
    return " ".join(text[token.start : token.end + 1].split())

"""Text to a SQLGlot tree, with our errors. The DuckDB dialect; one statement."""

from __future__ import annotations

from sqlglot import Dialect, exp
from sqlglot.errors import ParseError as GlotParseError
from sqlglot.errors import SqlglotError, TokenError
from sqlglot.tokens import Token, TokenType

from rem_arrow.errors import ParseError, UnsupportedError

_DIALECT = Dialect.get_or_raise("duckdb")
TEXT_CHARS_MAX = 1_000_000


def parse(text: str) -> exp.Expression:
    """Return the tree of one statement. Raises ParseError with the position."""
    if not isinstance(text, str):
        raise ParseError(f"a statement is a text, not {type(text).__name__}")
    if len(text) > TEXT_CHARS_MAX:
        raise ParseError(f"the statement has {len(text):,} characters; at most {TEXT_CHARS_MAX:,} are read. Hand data in as frames or parameters")
    try:
        trees = [t for t in _DIALECT.parser().parse(_plain_tokens(_DIALECT.tokenize(text)), text) if t is not None and not isinstance(t, exp.Semicolon)]
    except GlotParseError as error:
        raise _translated(error, text) from error
    except TokenError as error:
        raise ParseError(_token_message(text), text, _unclosed(text)) from error
    except (SqlglotError, RecursionError, ValueError) as error:
        raise ParseError(f"this text cannot be read as SQL: {type(error).__name__}", text) from error
    if not trees:
        raise ParseError("the statement is empty; write for example SELECT * FROM resources")
    if len(trees) > 1:
        raise UnsupportedError("one statement at a time: there is more behind the semicolon", text, text.find(";"))
    if isinstance(trees[0], exp.Command):
        raise UnsupportedError(f"the statement {str(trees[0].this).upper()} is not supported", text, 0, len(str(trees[0].this)))
    return trees[0]


def _plain_tokens(tokens: list[Token]) -> list[Token]:
    """Number the `?`: each reads as $1, $2 and so on. What stands between $$ is a text; x'41' is unhex('41')."""
    found: list[Token] = []
    asked = 0
    for token in tokens:
        if token.token_type == TokenType.PLACEHOLDER and token.text == "?":
            asked += 1
            found += [_like(token, TokenType.PARAMETER, "$"), _like(token, TokenType.NUMBER, str(asked))]
        elif token.token_type == TokenType.HEREDOC_STRING:
            found.append(_like(token, TokenType.STRING, token.text))
        elif token.token_type == TokenType.STRING and found and found[-1].text in ("x", "X") and found[-1].end + 1 == token.start:
            found[-1] = _like(found[-1], TokenType.VAR, "unhex")
            found += [_like(token, TokenType.L_PAREN, "("), token, _like(token, TokenType.R_PAREN, ")")]
        else:
            found.append(token)
    return found


def _like(token: Token, kind: TokenType, text: str) -> Token:
    """Return another token in the place of `token`."""
    return Token(kind, text, token.line, token.col, token.start, token.end)


def position(tree: exp.Expression) -> tuple[int | None, int | None]:
    """Return where a tree stands in the text: from its first to its last token that knows its place."""
    starts, ends = [], []
    for node in tree.walk():
        if "start" in node.meta:
            starts.append(node.meta["start"])
            ends.append(node.meta["end"] + 1)
    return (min(starts), max(ends)) if starts else (None, None)


def _translated(error: GlotParseError, text: str) -> ParseError:
    first = error.errors[0] if error.errors else {}
    line, column = first.get("line"), first.get("col")
    highlight = first.get("highlight") or ""
    start = None
    if line and column is not None:
        line_start = sum(len(part) + 1 for part in text.split("\n")[: line - 1])
        start = max(0, line_start + column - len(highlight))
    what = f'cannot read this at "{highlight}"' if highlight else "the statement ends too soon"
    return ParseError(f"{what}: {_plain(str(first.get('description') or error))}", text, start, None if start is None else start + len(highlight))


def _plain(description: str) -> str:
    """Return SQLGlot's words without its class names."""
    if "Required keyword" in description:
        return "something is missing here"
    if "Expected table name" in description:
        return "a table name is expected"
    return description.split("<", maxsplit=1)[0].strip().rstrip(".") or "it does not fit here"


def _unclosed(text: str) -> int | None:
    for quote in ("'", '"'):
        if text.count(quote) % 2:
            return text.rfind(quote)
    return None


def _token_message(text: str) -> str:
    place = _unclosed(text)
    return "a quote is opened and never closed" if place is not None else "the text holds characters that are not SQL"

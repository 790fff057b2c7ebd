"""Text to SQLGlot trees, with our errors. The DuckDB dialect; one statement or several."""

from __future__ import annotations

import re
from functools import cache

from sqlglot import exp
from sqlglot.errors import ParseError as GlotParseError
from sqlglot.errors import TokenError
from sqlglot.tokens import Token, TokenType

from rem_arrow.base import utf8
from rem_arrow.base.errors import ParseError, TextError, UnsupportedError
from rem_arrow.plan import functions
from rem_arrow.sql.text import (
    definition_tokens,
    factorial_tokens,
    graph_tokens,
    item_names,
    lookup_tokens,
    lost_arguments,
    macro_tokens,
    search_tokens,
    session_tokens,
    show_tokens,
    traverse_tokens,
    type_tokens,
    typed_literals,
)
from rem_arrow.sql.text.dialect import PARSER_ERRORS, dialect, parsing
from rem_arrow.sql.text.json_arrows import parenthesised, resolved
from rem_arrow.sql.text.pivot_tokens import wrapped
from rem_arrow.sql.text.read_marks import marked
from rem_arrow.sql.text.spaces import place_before, spaced
from rem_arrow.sql.text.token_lists import check_commas, like
from rem_arrow.sql.text.trees import mark_places

TEXT_CHARS_MAX = 1_000_000

_EXPLAIN = re.compile(r"EXPLAIN(?:\s+ANALYZE)?\b", re.IGNORECASE)
_SHOW = re.compile(r"^(\s*)SHOW\b", re.IGNORECASE)
_SESSION = re.compile(rf"\s*({'|'.join(session_tokens.WORDS)})\b", re.IGNORECASE)
_MACRO = re.compile(r"\s*(?:CREATE|DROP)\b.*?\b(?:MACRO|FUNCTION)\b", re.IGNORECASE | re.DOTALL)
_JOIN_KINDS = frozenset(
    ("LEFT", "RIGHT", "FULL", "OUTER", "INNER", "CROSS", "SEMI", "ANTI", "NATURAL", "ASOF", "POSITIONAL")
)
_BLANK = re.compile(r"[^\n]")
_OPEN_SLICE = ((TokenType.COLON, ":"), (TokenType.DASH, "-"), (TokenType.COLON, ":"))
# SQLGlot takes these for names.
_TRANSACTION_WORDS = {
    "START TRANSACTION": exp.Transaction,
    "END": exp.Commit,
    "END TRANSACTION": exp.Commit,
    "ABORT": exp.Rollback,
}


def parse(text: str) -> exp.Expression:
    """Return the tree of one query. Raises ParseError with the position."""
    trees = parse_all(text)
    if len(trees) > 1:
        raise UnsupportedError("one statement at a time: there is more after the semicolon", text, text.find(";"))
    return trees[0]


def _desugared(tokens: list[Token], text: str) -> list[Token]:
    """Return the tokens with typed literals as casts, and REM's own statements, and GRAPH_TABLE, as queries."""
    tokens = show_tokens.desugared(typed_literals.desugared(tokens))
    tokens = graph_tokens.desugared(tokens, text, lambda ours: list(dialect().tokenize(ours)))
    return definition_tokens.wrapped(
        search_tokens.desugared(traverse_tokens.desugared(lookup_tokens.desugared(tokens)))
    )


def is_condition(text: str) -> bool:
    """Say whether a text is one condition, as stands after WHERE, and nothing more. Raises ParseError where it cannot
    be read."""
    # Without parentheses around it: what closes one that it did not open is no condition.
    tree = parse(f"SELECT 1 WHERE {text}\n")
    return isinstance(tree, exp.Select) and not any(
        value for name, value in tree.args.items() if name not in ("expressions", "where", "kind")
    )


def parse_all(text: str) -> list[exp.Expression]:
    """Return the trees of the statements of a text, at least one. EXPLAIN is a Command with the tree of its query.

    Raises:
        ParseError, UnsupportedError: with the position.
    """
    if not isinstance(text, str):
        raise ParseError(f"a statement is a text, not {type(text).__name__}")
    if len(text) > TEXT_CHARS_MAX:
        raise ParseError(
            f"the statement has {len(text):,} characters; at most {TEXT_CHARS_MAX:,} are read. Pass data as frames "
            "or parameters"
        )
    utf8.encoded(text, "the statement")
    wide, added = spaced(text)
    try:
        trees = _trees(wide)
    except TextError as error:
        if not added:
            raise
        raise type(error)(
            error.message, text, place_before(error.start, added), place_before(error.end, added), hint=error.hint
        ) from error
    for node in (n for tree in trees if added for n in tree.walk() if "start" in n.meta):
        node.meta["start"], node.meta["end"] = (
            place_before(node.meta["start"], added),
            place_before(node.meta["end"], added),
        )
    if _volatile().search(text):
        for tree in trees:
            mark_places(tree)
    return [marked(tree) for tree in trees]


@cache
def _volatile() -> re.Pattern[str]:
    """The names of the functions of which each call is another value."""
    names = {n for n, f in functions.SCALAR.items() if f.volatile}
    names |= {alias for alias, name in functions.ALIASES.items() if name in names}
    return re.compile("|".join(sorted(names)), re.IGNORECASE)


def _trees(text: str) -> list[exp.Expression]:
    explained = _EXPLAIN.search(text) is not None
    if ";" not in text and not explained:
        trees = [_tree(text, text)]
    else:
        blanked, prefixes = _without_explain(text) if explained else (text, {})
        trees, before = [], 0
        for start, stop in _pieces(blanked):
            # What stands before the piece becomes blank, so that its places are those of the whole text.
            tree = _tree(_BLANK.sub(" ", text[:start]) + blanked[start:stop], text)
            prefix = next((p for at, p in prefixes.items() if before <= at <= start), None)
            trees.append(tree if prefix is None or tree is None else exp.Command(this=prefix, expression=tree))
            before = stop
    statements = [t for t in trees if t is not None]
    if not statements:
        raise ParseError("the statement is empty; write for example SELECT * FROM resources")
    return statements


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text. Raises ParseError."""
    try:
        return list(dialect().tokenize(text))
    except TokenError as error:
        raise ParseError(_token_message(text), text, _unclosed(text)) from error


def _tree(piece: str, text: str) -> exp.Expression | None:
    """Parse one statement; places in errors are of `text`."""
    words = " ".join(piece.split()).upper()
    if words in _TRANSACTION_WORDS:
        return _TRANSACTION_WORDS[words]()
    quiet = parsing.set(True)
    try:
        word = _SESSION.match(piece)
        if word is not None:
            # SQLGlot takes all that follows some of these words for one text.
            read = list(dialect().tokenize(f"{piece[: word.start(1)]}{'x' * len(word[1])}{piece[word.end(1) :]}"))
            session = session_tokens.statement(word[1].upper(), read, piece, lambda own: _one(own, text))
            if session is not None:
                return session
        macro = macro_tokens.statement(list(dialect().tokenize(piece)), text) if _MACRO.match(piece) else None
        if macro is not None:
            return macro
        # SHOW t is DESCRIBE t.
        piece = _SHOW.sub(lambda hit: f"{hit[1]}DESC", piece)
        plain = factorial_tokens.called(list(dialect().tokenize(piece)))
        check_commas(plain, text)
        named = item_names.marked(plain)
        read = _plain_tokens(named)
        of_type = type_tokens.as_tables(read)
        trees = _read(of_type or read, piece, text)
        lost = lost_arguments.incomplete(plain, trees)
        if lost:
            trees = _read(lost_arguments.disguised(of_type or read, lost), piece, text)
    except GlotParseError as error:
        raise _translated(error, text) from error
    except TokenError as error:
        raise ParseError(_token_message(text), text, _unclosed(text)) from error
    except PARSER_ERRORS as error:
        raise ParseError(f"this text cannot be read as SQL: {type(error).__name__}", text) from error
    finally:
        parsing.reset(quiet)
    for tree in trees:
        if named is not plain:
            item_names.unmarked(tree)
        if lost:
            lost_arguments.revealed(tree)
    if trees and isinstance(trees[0], exp.Command):
        raise UnsupportedError(
            f"the statement {str(trees[0].this).upper()} is not supported", text, *_first_word(piece)
        )
    if not trees:
        return None
    if of_type is not None:
        return type_tokens.marked(trees[0])
    return resolved(trees[0], piece) if _may_read_json(piece) else trees[0]


def _may_read_json(piece: str) -> bool:
    return "->" in piece or "json" in piece.lower()


def _read(tokens: list[Token], piece: str, text: str) -> list[exp.Expression]:
    plain = parenthesised(tokens) if _may_read_json(piece) else tokens
    rewritten = wrapped(_desugared(plain, text))
    trees = dialect().parser().parse(rewritten, piece)
    return [t for t in trees if t is not None and not isinstance(t, exp.Semicolon)]


def _one(piece: str, text: str) -> exp.Expression:
    """Parse a part of a statement, or what stands for it."""
    tree = _tree(piece, text if len(piece) == len(text) else piece)
    if tree is None:
        raise ParseError("a statement is missing here", text, len(text))
    return tree


def _first_word(piece: str) -> tuple[int, int]:
    start = len(piece) - len(piece.lstrip())
    return start, start + len(piece[start:].split(maxsplit=1)[0])


def _pieces(text: str) -> list[tuple[int, int]]:
    """Return where the statements begin and end: from their first token to the last before the semicolon."""
    pieces, first, last = [], None, 0
    for token in tokens(text):
        if token.token_type.name != "SEMICOLON":
            first, last = token.start if first is None else first, token.end + 1
        elif first is not None:
            pieces.append((first, last))
            first = None
    return [*pieces, (first, last)] if first is not None else pieces


def _without_explain(text: str) -> tuple[str, dict[int, str]]:
    """Return the text with each EXPLAIN [ANALYZE] that begins a statement blank, and which of the two stood where."""
    prefixes: dict[int, str] = {}
    while True:
        read = tokens(text)
        first = (
            t
            for before, t in zip([None, *read], read, strict=False)
            if before is None or before.token_type.name == "SEMICOLON"
        )
        word = next((hit for t in first if (hit := _EXPLAIN.match(text, t.start))), None)
        if word is None:
            return text, prefixes
        prefixes[word.start()] = " ".join(word[0].upper().split())
        text = text[: word.start()] + _BLANK.sub(" ", word[0]) + text[word.end() :]


def _plain_tokens(tokens: list[Token]) -> list[Token]:
    """Number the `?`: each reads as $1, $2 and so on. What stands between $$ is a text; x'41' is unhex('41')."""
    plain: list[Token] = []
    asked = 0
    for place, token in enumerate(tokens):
        match token.token_type:
            case TokenType.PLACEHOLDER if token.text == "?":
                asked += 1
                plain += [like(token, TokenType.PARAMETER, "$"), like(token, TokenType.NUMBER, str(asked))]
            case TokenType.HEREDOC_STRING:
                plain.append(like(token, TokenType.STRING, token.text))
            case TokenType.STRING if plain and plain[-1].text in ("x", "X") and plain[-1].end + 1 == token.start:
                plain[-1] = like(plain[-1], TokenType.VAR, "unhex")
                plain += [like(token, TokenType.L_PAREN, "("), token, like(token, TokenType.R_PAREN, ")")]
            case TokenType.DCOLON if _is_slice(tokens, place):
                # l[::-1] is l[:-:-1]: from one end to the other.
                plain += [like(token, kind, text) for kind, text in _OPEN_SLICE]
            case TokenType.VALUES if _is_name(tokens, place):
                plain.append(like(token, TokenType.VAR, token.text))
            case TokenType.STRUCT if token.text.upper() == "ROW" and _is_row(tokens, place):
                plain.append(like(token, TokenType.VAR, token.text))
            case TokenType.JOIN if _is_bare_join(tokens, place):
                # SQLGlot does not tell it from a comma.
                plain += [like(token, TokenType.INNER, "INNER"), token]
            case _:
                plain.append(token)
    return plain


def _is_row(tokens: list[Token], place: int) -> bool:
    """Say whether `ROW(` begins values, and no type, whose fields are each a name and a type."""
    after = [t.token_type for t in tokens[place + 1 : place + 4]]
    return after[:1] == [TokenType.L_PAREN] and not (
        after[1:2] in ([TokenType.VAR], [TokenType.IDENTIFIER])
        and len(after) == 3
        and (after[2] in dialect().parser().TYPE_TOKENS or after[2] in (TokenType.VAR, TokenType.IDENTIFIER))
    )


def _is_bare_join(tokens: list[Token], place: int) -> bool:
    """Say whether nothing before JOIN says of what kind it is."""
    before = tokens[place - 1] if place else None
    follows = tokens[place + 1].text.upper() if place + 1 < len(tokens) else ""
    return before is not None and before.text.upper() not in _JOIN_KINDS and follows != "BY"


def _is_slice(tokens: list[Token], place: int) -> bool:
    """Say whether `::` is two ends of a slice, as in l[2::-1], and no cast."""
    return 0 < place < len(tokens) - 1 and (
        tokens[place - 1].token_type == TokenType.L_BRACKET or tokens[place + 1].token_type == TokenType.DASH
    )


def _is_name(tokens: list[Token], place: int) -> bool:
    """Say whether VALUES is a name: where no rows follow, and in `WITH values(a) AS`."""
    before = tokens[place - 1].text.upper() if place else ""
    follows = tokens[place + 1].token_type if place + 1 < len(tokens) else None
    return before in ("WITH", "RECURSIVE") or (follows != TokenType.L_PAREN and before != "DEFAULT")


def _translated(error: GlotParseError, text: str) -> ParseError:
    first = error.errors[0] if error.errors else {}
    line, column = first.get("line"), first.get("col")
    highlight = first.get("highlight") or ""
    start = None
    if line and column is not None:
        line_start = sum(len(part) + 1 for part in text.split("\n")[: line - 1])
        start = max(0, line_start + column - len(highlight))
    what = f'cannot read this at "{highlight}"' if highlight else "the statement ends too soon"
    return ParseError(
        f"{what}: {_plain(str(first.get('description') or error))}",
        text,
        start,
        None if start is None else start + len(highlight),
    )


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

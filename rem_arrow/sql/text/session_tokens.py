"""Statements about the session, read by their tokens: SET, RESET, SHOW, PRAGMA, CALL, PREPARE, EXECUTE, DEALLOCATE.

SHOW, CALL and a PRAGMA that shows something become the query that they stand for. The others become a Command: SET and
RESET with a tuple of the name, the value (NULL for the default) and the kind, PREPARE with the tree of its statement
under its name, EXECUTE with a call of that name, DEALLOCATE with the name.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from rem_arrow.base.errors import ParseError, UnsupportedError
from rem_arrow.base.quoting import literal
from rem_arrow.base.session_state import SETTINGS
from rem_arrow.sql.text import show_tokens
from rem_arrow.sql.text.position import moved
from rem_arrow.sql.text.token_lists import Tokens
from rem_arrow.sql.text.trees import table_of

_UPKEEP = ("CHECKPOINT", "VACUUM", "ANALYZE")
# What is refused by its first word, with what to do instead.
_REFUSED = {
    "EXPORT": "EXPORT DATABASE is db.export(folder) in Python",
    "IMPORT": "IMPORT DATABASE is db.import_from(folder) in Python",
    "INSTALL": "there are no extensions to install",
    "LOAD": "there are no extensions to load; db.load(table, data) loads rows",
    "SAVEPOINT": "a statement that fails leaves no trace in a transaction, so that there are no savepoints",
    "DISCARD": "RESET takes back one setting, and closing the handle all of them",
    **dict.fromkeys(("GRANT", "REVOKE"), "there are no users; connect(read_only=True, files=...) limits a handle"),
    "LOCK": "transactions take no locks: the first to commit a row wins",
    **dict.fromkeys(("DECLARE", "FETCH", "MOVE"), "there are no cursors; db.lazy(query) reads rows as they are needed"),
    "DO": "there are no procedures; write them in Python",
    **dict.fromkeys(("LISTEN", "NOTIFY", "UNLISTEN"), "there are no notifications"),
}
WORDS = (
    *("SET", "RESET", "SHOW", "DESCRIBE", "PRAGMA", "CALL", "PREPARE", "EXECUTE", "DEALLOCATE", "FORCE", "COMMENT"),
    *_UPKEEP,
    *_REFUSED,
)
# What a PRAGMA shows.
_PRAGMAS = {
    "show_tables": show_tokens.TABLES,
    "show_tables_expanded": show_tokens.ALL_TABLES,
    "show_databases": show_tokens.DATABASES,
    "database_list": "system.pragma_database_list",
    "version": "system.pragma_version",
    "functions": "system.pragma_functions",
}
# Reads a text as one statement; the parser's.
Parse = Callable[[str], exp.Expression]


def statement(word: str, tokens: Tokens, piece: str, parse: Parse) -> exp.Expression | None:
    """Return the tree of a statement about the session that begins with a word; None for any other. Raises
    ParseError."""
    tokens = [t for t in tokens if t.token_type != TokenType.SEMICOLON]
    words = [word, *(t.text.upper() for t in tokens[1:])]
    if word in _REFUSED:
        raise UnsupportedError(f"{word}: {_REFUSED[word]}", piece, tokens[0].start, tokens[0].end + 1)
    match words:
        case ["CHECKPOINT" | "VACUUM" | "ANALYZE", *_] | ["FORCE", "CHECKPOINT"]:
            return _upkeep(tokens, words, piece)
        case ["COMMENT", "ON", *_]:
            return _comment(tokens, words, piece)
        case ["SET" | "RESET", *_]:
            return _set(tokens, words, piece, parse)
        case ["SHOW" | "DESCRIBE", *rest] if not rest or words[0] == "SHOW":
            shown = show_tokens.shown(tokens[1:])
            return None if shown is None else _query(shown, tokens, parse)
        case ["PRAGMA", *_]:
            return _pragma(tokens, words, piece, parse)
        case ["CALL", *_]:
            return _query(f"SELECT * FROM {_after(tokens, 1, piece)}", tokens, parse)
        case ["PREPARE", *_]:
            return _prepare(tokens, words, piece, parse)
        case ["EXECUTE", _, *_]:
            return _execute(tokens, piece, parse)
        case ["DEALLOCATE", "PREPARE", _] | ["DEALLOCATE", _]:
            return exp.Command(this="DEALLOCATE", expression=_name(tokens[-1]))
        case _:
            return None


def _after(tokens: Tokens, place: int, piece: str) -> str:
    """Return what stands from a token on."""
    if place >= len(tokens):
        raise ParseError("the statement ends too soon", piece, len(piece))
    return piece[tokens[place].start : tokens[-1].end + 1]


def _name(token: Token) -> exp.Identifier:
    identifier = exp.to_identifier(token.text, quoted=token.token_type == TokenType.IDENTIFIER)
    identifier.meta.update(start=token.start, end=token.end)
    return identifier


def _upkeep(tokens: Tokens, words: list[str], piece: str) -> exp.Expression:
    """CHECKPOINT, VACUUM [ANALYZE] [t] and ANALYZE [t]."""
    rest = [w for w in words if w not in ("FORCE", *_UPKEEP)]
    if len(rest) > 1 or (rest and words[0] == "CHECKPOINT"):
        raise UnsupportedError(f"{words[0]} takes no more words", piece, tokens[1].start, tokens[-1].end + 1)
    kind = "CHECKPOINT" if words[0] == "FORCE" else "ANALYZE" if "ANALYZE" in words else words[0]
    return exp.Command(this=kind, expression=exp.Table(this=_name(tokens[-1])) if rest else exp.Null())


def _comment(tokens: Tokens, words: list[str], piece: str) -> exp.Expression:
    """`COMMENT ON TABLE t IS 'text'`, of a VIEW, or of a COLUMN t.c; NULL takes it back."""
    if words[2:3] not in (["TABLE"], ["VIEW"], ["COLUMN"]) or words[-2:-1] != ["IS"]:
        what = "COMMENT ON takes TABLE, VIEW or COLUMN, a name, IS, and a text or NULL"
        raise UnsupportedError(what, piece, tokens[0].start, tokens[-1].end + 1)
    named = [_name(t) for t in tokens[3:-2] if t.text != "."]
    column = named.pop() if words[2] == "COLUMN" and len(named) > 1 else exp.Null()
    table = table_of(named)
    last = tokens[-1]
    text = exp.Literal.string(last.text) if last.token_type == TokenType.STRING else exp.Null()
    return exp.Command(this="COMMENT", expression=exp.Tuple(expressions=[table, column, text]))


def _query(text: str, tokens: Tokens, parse: Parse) -> exp.Expression:
    """Return the tree of a query that stands for the statement."""
    return moved(parse(text), text, tokens[0].start, tokens[-1].end + 1)


def _command(kind: str, name: Token, value: exp.Expression, scope: str = "") -> exp.Command:
    return exp.Command(this=kind, expression=exp.Tuple(expressions=[_name(name), value, exp.Literal.string(scope)]))


def _set(tokens: Tokens, words: list[str], piece: str, parse: Parse) -> exp.Expression:
    place, scope = 1, ""
    if words[1:2] and words[1] in ("GLOBAL", "SESSION", "LOCAL", "VARIABLE") and words[2:3] not in (["="], ["TO"]):
        place, scope = 2, words[1]
    if place >= len(tokens):
        raise ParseError("a setting is expected here", piece, len(piece))
    name = tokens[place]
    if words[0] == "RESET":
        if place + 1 < len(tokens):
            raise ParseError("RESET takes one name", piece, tokens[place + 1].start, tokens[-1].end + 1)
        return _command("SET", name, exp.Null(), scope)
    if words[place : place + 2] == ["TIME", "ZONE"]:
        if words[place + 2 :] in (["LOCAL"], ["DEFAULT"]):
            return exp.Command(
                this="SET",
                expression=exp.Tuple(expressions=[exp.to_identifier("timezone"), exp.Null(), exp.Literal.string("")]),
            )
        value, start = _after(tokens, place + 2, piece), place
        zone = _name(name)
        zone.set("this", "timezone")
        return exp.Command(
            this="SET",
            expression=exp.Tuple(expressions=[zone, _value(value, tokens[start:], parse), exp.Literal.string("")]),
        )
    if words[place + 1 : place + 2] not in (["="], ["TO"], [":="]):
        raise ParseError("= or TO is expected here", piece, name.end + 1)
    if words[place + 2 :] == ["DEFAULT"]:
        return _command("SET", name, exp.Null(), scope)
    return _command("SET", name, _value(_after(tokens, place + 2, piece), tokens[place + 2 :], parse), scope)


def _value(text: str, tokens: Tokens, parse: Parse) -> exp.Expression:
    tree = _query(f"SELECT {text}", tokens, parse)
    if not isinstance(tree, exp.Select) or not tree.expressions or tree.args.get("from_"):
        raise ParseError(f"{text[:60]} is no value")
    if len(tree.expressions) > 1:
        # `SET search_path TO a, b`
        return exp.Literal.string(", ".join(e.name for e in tree.expressions))
    return tree.expressions[0]


def _pragma(tokens: Tokens, words: list[str], piece: str, parse: Parse) -> exp.Expression:
    name = words[1].casefold() if len(words) > 1 else ""
    if words[2:3] == ["="]:
        return _set([tokens[0], *tokens[1:]], ["SET", *words[1:]], piece, parse)
    if name in _PRAGMAS and len(words) == 2:
        return _query(f"SELECT * FROM {_PRAGMAS[name]}", tokens, parse)
    if name in ("table_info", "show") and words[2:3] == ["("]:
        argument = piece[tokens[2].start : tokens[-1].end + 1]
        return _query(f"SELECT * FROM pragma_table_info{argument}", tokens, parse)
    if name in SETTINGS and len(words) == 2:
        return _query(f'SELECT current_setting({literal(name)}) AS "{name}"', tokens, parse)
    raise ParseError(
        f"there is no PRAGMA {name}; there are {', '.join(_PRAGMAS)}, table_info('t'), and settings, as in SET",
        piece,
        tokens[0].start,
        tokens[-1].end + 1,
    )


def _prepare(tokens: Tokens, words: list[str], piece: str, parse: Parse) -> exp.Expression:
    if len(tokens) < 4 or words[2] != "AS":
        raise ParseError("PREPARE takes a name, AS and a statement", piece, tokens[0].start, tokens[-1].end + 1)
    first = tokens[3].start
    inner = parse(" " * first + piece[first:])
    return exp.Command(this="PREPARE", expression=exp.Alias(this=inner, alias=_name(tokens[1])))


def _execute(tokens: Tokens, piece: str, parse: Parse) -> exp.Expression:
    name, arguments = tokens[1], tokens[2:]
    call: list[exp.Expression] = []
    if arguments:
        if arguments[0].text != "(" or arguments[-1].text != ")":
            raise ParseError("EXECUTE takes values in parentheses", piece, arguments[0].start, arguments[-1].end + 1)
        text = piece[arguments[0].start : arguments[-1].end + 1]
        read = _query(f"SELECT rem_arguments{text}", tokens, parse).expressions[0]
        call = list(read.expressions)
    return exp.Command(this="EXECUTE", expression=exp.Anonymous(this=name.text, expressions=call))

"""Arguments of calls that SQLGlot reads and leaves out of its tree: of encode('a', 'base64') it keeps encode('a').

Which those are is asked of SQLGlot itself, once for each function with so many arguments: it reads a call with
arguments that can be told apart, and what is not in that tree is lost. A text with such a call is read again with
another name for it: the binder then sees all of its arguments.
"""

from __future__ import annotations

from functools import cache, lru_cache

from sqlglot import exp
from sqlglot.tokens import TokenType

from rem_arrow.sql.text.dialect import PARSER_ERRORS, dialect
from rem_arrow.sql.text.token_lists import Tokens, like

_OPENED = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
_CLOSED = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)
# What ends the arguments, or says that the parentheses hold a query: commas behind it are others.
_NO_ARGUMENTS = (TokenType.ORDER_BY, TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.VALUES)
# An argument of each kind, which no text has.
_PROBES = {TokenType.STRING: "'zqz{}'", TokenType.NUMBER: "907{}"}
_PROBE = "zqz{}"
# No name of the user's begins with it.
_MARK = "\x02"


def incomplete(tokens: Tokens, trees: list[exp.Expression]) -> frozenset[int]:
    """Return where the names of the calls stand, among the tokens of the trees, of which an argument is lost."""
    calls: set[int] = set()
    for place, token in enumerate(tokens):
        if token.token_type != TokenType.L_PAREN or not place:
            continue
        name = tokens[place - 1]
        word = name.text.upper()
        if word in _known() and _loses(word, _kinds(tokens, place + 1)) and not _is_name(trees, name.start):
            calls.add(name.start)
    return frozenset(calls)


def disguised(tokens: Tokens, calls: frozenset[int]) -> Tokens:
    """Return the tokens with names for these calls that SQLGlot has no classes for: it keeps all of their arguments."""
    return [
        like(t, TokenType.VAR, _MARK + t.text) if t.start in calls and t.text.upper() in _known() else t for t in tokens
    ]


def revealed(tree: exp.Expression) -> None:
    """Give the calls in a tree of disguised tokens their names again."""
    for call in tree.find_all(exp.Anonymous):
        call.set("this", str(call.this).removeprefix(_MARK))


@cache
def _known() -> frozenset[str]:
    """The names of the functions that SQLGlot has classes for; it keeps calls of others as they are."""
    parser = dialect().parser_class
    return frozenset((*parser.FUNCTIONS, *parser.FUNCTION_PARSERS))


def _kinds(tokens: Tokens, start: int) -> tuple[str, ...]:
    """Return a probe for each of the arguments between parentheses that open before `start`."""
    found: list[str] = []
    depth, first, in_lambda = 0, start, False
    for place in range(start, len(tokens)):
        kind = tokens[place].token_type
        if not depth and (kind in _NO_ARGUMENTS or kind in _CLOSED):
            return (*found, *([_kind(tokens[first:place])] if place > first else []))
        depth += (kind in _OPENED) - (kind in _CLOSED)
        if depth:
            continue
        if kind == TokenType.COMMA and not in_lambda:
            found.append(_kind(tokens[first:place]))
            first = place + 1
        elif tokens[place].text.upper() == "LAMBDA":
            in_lambda = True
        elif kind == TokenType.COLON:
            in_lambda = False
    return tuple(found)


def _kind(argument: Tokens) -> str:
    if not argument:
        return _PROBE
    return _PROBES.get(argument[0].token_type, _PROBE) if len(argument) == 1 else _PROBE


@lru_cache(4096)
def _loses(name: str, kinds: tuple[str, ...]) -> bool:
    """Say whether SQLGlot drops an argument of such a call."""
    probes = [kind.format(place) for place, kind in enumerate(kinds)]
    try:
        tree = dialect().parse(f"SELECT {name}({', '.join(probes)})")[0]
    except PARSER_ERRORS:
        # It stands in another form in the text, such as `x FROM y`, which keeps all of it.
        return False
    if tree is None:
        return False
    kept = {str(value).casefold() for node in tree.walk() for value in node.args.values()}
    return not all(any(p.strip("'") in value for value in kept) for p in probes)


def _is_name(trees: list[exp.Expression], start: int) -> bool:
    """Say whether a word with parentheses behind it is the name of a table or a column, and no function."""
    return any(node.meta.get("start") == start for tree in trees for node in tree.find_all(exp.Identifier))

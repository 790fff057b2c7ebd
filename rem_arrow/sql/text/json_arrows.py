"""`->` and `->>` as JSON access: SQLGlot keeps the path as it is written, and takes no `j -> 'a'` for a lambda.

SQLGlot reads a literal behind an arrow, and one that a JSON function takes as its path, into steps, which lose whether
`a.b` was one key or two. A literal in parentheses it leaves alone; `parenthesised` puts it there, and `resolved` takes
the parentheses away again.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.tokens import Token, TokenType

from rem_arrow.plan import functions
from rem_arrow.plan.nested_functions import LAMBDAS
from rem_arrow.sql.text.arguments import name_and_arguments
from rem_arrow.sql.text.token_lists import like

_ARROWS = (TokenType.ARROW, TokenType.DARROW)
_LITERALS = (TokenType.STRING, TokenType.NUMBER)
_WITH_PATHS = ("json_extract", "json_extract_string", "json_extract_path", "json_extract_path_text", "json_keys")
_ACCESS = (exp.JSONExtract, exp.JSONExtractScalar, exp.JSONKeys)


def parenthesised(tokens: list[Token]) -> list[Token]:
    """Return the tokens with parentheses around the literals that are paths."""
    if not any(t.token_type in _ARROWS or t.text.lower() in _WITH_PATHS for t in tokens):
        return tokens
    written: list[Token] = []
    # Of each open parenthesis, whether a path may stand in it.
    opened: list[bool] = []
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else token
        match token.token_type:
            case TokenType.L_PAREN:
                opened.append(before.text.lower() in _WITH_PATHS)
            case TokenType.R_PAREN if opened:
                opened.pop()
        second = before.token_type == TokenType.COMMA and bool(opened) and opened[-1]
        if token.token_type in _LITERALS and (before.token_type in _ARROWS or second):
            written += [like(token, TokenType.L_PAREN, "("), token, like(token, TokenType.R_PAREN, ")")]
        else:
            written.append(token)
    return written


def resolved(tree: exp.Expression, text: str) -> exp.Expression:
    """Return the tree of a text with JSON access where SQLGlot read a lambda, and the paths as literals."""
    for lambda_ in list(tree.find_all(exp.Lambda)):
        if len(lambda_.expressions) == 1 and not _is_argument(lambda_):
            lambda_.replace(_access(lambda_, text))
    for access in tree.find_all(*_ACCESS):
        path = access.args.get("expression")
        if isinstance(path, exp.Paren) and isinstance(path.this, exp.Literal):
            path.replace(path.this)
    return tree


def _is_argument(tree: exp.Lambda) -> bool:
    """Say whether a lambda is the argument of a function that takes one."""
    called = tree.parent
    if isinstance(called, exp.Columns):
        return True
    if not isinstance(called, exp.Func):
        return False
    name, arguments = name_and_arguments(called)
    return functions.canonical(name) in LAMBDAS and bool(arguments) and arguments[0] is not tree


def _document(tree: exp.Expression, text: str) -> exp.Expression:
    """Return what stands before the arrow: a column, or a text in quotes, which SQLGlot takes for a name too."""
    start = tree.meta.get("start")
    return exp.Literal.string(tree.name) if start is not None and text[start] == "'" else exp.column(tree)


def _access(tree: exp.Lambda, text: str) -> exp.Expression:
    """Return `j -> body`, where the arrow binds as tightly as it does elsewhere: it takes the first operand of the
    body."""
    body, document = tree.this, _document(tree.expressions[0], text)
    first = body
    while isinstance(first, (exp.Binary, exp.Bracket, exp.Dot, exp.Between, exp.In, exp.Cast)) and isinstance(
        first.this, exp.Expression
    ):
        first = first.this
    path = first.copy()
    access = exp.JSONExtract(this=document, expression=path)
    if first is body:
        return access
    first.replace(access)
    return body

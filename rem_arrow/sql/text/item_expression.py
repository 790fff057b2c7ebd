"""What DuckDB writes for an expression: the name of a column of a result that the user does not name.

A reader by precedence over the words of an item. It knows the grammar of DuckDB's expressions, and nothing of what
they mean: `a=1 AND b` is `((a = 1) AND b)`, and a function stands under the name by which it was called. A form that it
does not know is an UnknownFormError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rem_arrow.base.quoting import literal, readable
from rem_arrow.sql.text import item_calls, item_query, item_types
from rem_arrow.sql.text.item_words import UnknownFormError, Walk


class Written(NamedTuple):
    """An expression as text; what kind of expression it is where that decides how it stands in another, and the
    operands of an AND or OR."""

    text: str
    kind: str = ""
    parts: tuple[str, ...] = ()


_COMPARISONS = {"=": "=", "==": "=", "<>": "!=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_LIKE_SIGNS = ("~~", "~~*", "~~~")
_OTHERS = ("||", "&", "|", "<<", ">>", "^@", "&&", "@>", "<@", "<->", "->", "->>", "<=>", *_LIKE_SIGNS)
_LIKES = {"LIKE": "~~", "ILIKE": "~~*", "GLOB": "~~~"}
_NOT_LIKES = {"LIKE": "!~~", "ILIKE": "!~~*"}
_OPPOSITES = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
# Words that begin a clause or stand between expressions, so that they are no column here.
_NO_COLUMNS = (
    "AND", "AS", "BETWEEN", "BY", "ELSE", "END", "FROM", "GROUP", "HAVING", "IN", "IS", "LIKE", "LIMIT", "ON", "OR",
    "ORDER", "OVER", "SELECT", "THEN", "UNION", "USING", "VALUES", "WHEN", "WHERE", "WITH", "COLUMNS", "NOT",
    "DISTINCT",
)  # fmt: skip


def expression(walk: Walk) -> str:
    """Read an expression. Raises UnknownFormError."""
    return _or(walk).text


def written(walk: Walk) -> Written:
    """Read an expression, and say of which kind it is."""
    return _or(walk)


def _or(walk: Walk) -> Written:
    return _joined(walk, "OR", _and)


def _and(walk: Walk) -> Written:
    return _joined(walk, "AND", _not)


def _joined(walk: Walk, word: str, inner: Callable[[Walk], Written]) -> Written:
    """AND and OR of as many operands as there are, however they stand in parentheses."""
    first = inner(walk)
    operands = [first]
    while walk.skip(word):
        operands.append(inner(walk))
    if len(operands) == 1:
        return first
    parts = tuple(p for o in operands for p in (o.parts if o.kind == word else (o.text,)))
    return Written(f"({f' {word} '.join(parts)})", word, parts)


def _not(walk: Walk) -> Written:
    return Written(f"(NOT {_not(walk).text})") if walk.skip("NOT") else _is(walk)


def _is(walk: Walk) -> Written:
    left = _comparison(walk)
    while True:
        if walk.skip("ISNULL"):
            left = Written(f"({left.text} IS NULL)")
        elif walk.skip("NOTNULL"):
            left = Written(f"({left.text} IS NOT NULL)")
        elif walk.skip("IS"):
            negated = "NOT " if walk.skip("NOT") else ""
            left = Written(_tested(walk, left.text, negated))
        else:
            return left


def _tested(walk: Walk, left: str, negated: str) -> str:
    if walk.one_of(("NULL", "UNKNOWN")):
        return f"({left} IS {negated}NULL)"
    if walk.skip("DISTINCT", "FROM"):
        return f"({left} IS {negated}DISTINCT FROM {_comparison(walk).text})"
    truth = walk.one_of(("TRUE", "FALSE"))
    if truth is None:
        raise UnknownFormError
    return f"(CAST({left} AS BOOLEAN) IS {'' if negated else 'NOT '}DISTINCT FROM {truth.lower()})"


def _comparison(walk: Walk) -> Written:
    left = _between(walk)
    sign = walk.one_of(_COMPARISONS)
    if sign is None:
        return left
    operator = _COMPARISONS[sign]
    quantifier = walk.peek().upper if walk.peek(1).upper == "(" else ""
    if quantifier in ("ANY", "SOME", "ALL"):
        walk.take()
        values = _subquery_of(walk)
        if quantifier == "ALL":
            return Written(f"(NOT ({left.text} {_OPPOSITES[operator]} ANY({values})))")
        return Written(f"({left.text} {operator} ANY({values}))")
    return Written(f"({left.text} {operator} {_between(walk).text})")


def _subquery_of(walk: Walk) -> str:
    """A query in parentheses, or the items of a list as one."""
    walk.need("(")
    if item_query.begins(walk):
        values = item_query.query(walk, expression)
    else:
        values = f"SELECT unnest({expression(walk)})"
    walk.need(")")
    return values


def _between(walk: Walk) -> Written:
    left = _other(walk)
    while True:
        negated = walk.sees("NOT") and walk.peek(1).upper in ("BETWEEN", "IN", "LIKE", "ILIKE", "SIMILAR", "GLOB")
        if negated:
            walk.take()
        text = _tested_by_word(walk, left.text, negated=negated)
        if text is None:
            return left
        left = Written(text)


def _tested_by_word(walk: Walk, left: str, *, negated: bool) -> str | None:
    def said(text: str) -> str:
        return f"(NOT {text})" if negated else text

    if walk.skip("BETWEEN"):
        low = _other(walk).text
        walk.need("AND")
        return said(f"({left} BETWEEN {low} AND {_other(walk).text})")
    if walk.skip("IN"):
        return said(_in(walk, left))
    if walk.skip("SIMILAR", "TO"):
        return said(f"regexp_full_match({left}, {_other(walk).text})")
    word = walk.one_of(_LIKES)
    if word is not None:
        pattern = _other(walk).text
        if walk.skip("ESCAPE"):
            return said(f"{word.lower()}_escape({left}, {pattern}, {_other(walk).text})")
        if negated and word in _NOT_LIKES:
            return f"({left} {_NOT_LIKES[word]} {pattern})"
        return said(f"({left} {_LIKES[word]} {pattern})")
    if walk.sees("!") and walk.peek(1).upper in _LIKE_SIGNS:
        return f"({left} {walk.take().upper}{walk.take().upper} {_other(walk).text})"
    negation = walk.skip("!", "~") or walk.skip("!~")
    if negation or walk.sees("~") or walk.sees("~*"):
        options = ", 'i'" if (not negation and walk.take().upper == "~*") or walk.skip("*") else ""
        matches = f"regexp_matches({left}, {_other(walk).text}{options})"
        return f"(NOT {matches})" if negation else matches
    return None


def _in(walk: Walk, left: str) -> str:
    if not walk.sees("("):
        return f"contains({_other(walk).text}, {left})"
    walk.need("(")
    if item_query.begins(walk):
        query = item_query.query(walk, expression)
        walk.need(")")
        return f"({left} = ANY({query}))"
    options = item_calls.separated(walk, ")", expression)
    return f"({left} IN ({', '.join(options)}))"


def _binary(walk: Walk, signs: tuple[str, ...], inner: Callable[[Walk], Written]) -> Written:
    left = inner(walk)
    while (sign := walk.one_of(signs)) is not None:
        left = Written(f"({left.text} {sign} {inner(walk).text})")
    return left


def _other(walk: Walk) -> Written:
    return _binary(walk, _OTHERS, _sum)


def _sum(walk: Walk) -> Written:
    return _binary(walk, ("+", "-"), _product)


def _product(walk: Walk) -> Written:
    return _binary(walk, ("*", "/", "//", "%"), _power)


def _power(walk: Walk) -> Written:
    return _binary(walk, ("**", "^"), _zoned)


def _zoned(walk: Walk) -> Written:
    left = _unary(walk)
    while True:
        if walk.skip("AT", "TIME", "ZONE"):
            left = Written(f"timezone({_unary(walk).text}, {left.text})")
        elif walk.skip("COLLATE"):
            left = Written(f"{left.text} COLLATE {_collation(walk)}")
        else:
            return left


def _collation(walk: Walk) -> str:
    name = walk.take().text
    while walk.skip("."):
        name += f".{walk.take().text}"
    return readable(name)


def _unary(walk: Walk) -> Written:
    sign = walk.one_of(("-", "+", "~", "@"))
    if sign is None:
        return _postfix(walk)
    operand = _unary(walk)
    if sign == "-" and operand.kind == "number":
        return Written(operand.text[1:] if operand.text.startswith("-") else f"-{operand.text}", "number")
    return Written(f"({sign}({operand.text}))")


def _postfix(walk: Walk) -> Written:
    operand = _primary(walk)
    while True:
        if walk.skip("::"):
            operand = Written(f"CAST({operand.text} AS {item_types.type_name(walk)})")
        elif walk.skip("["):
            operand = Written(f"{operand.text}[{_bounds(walk)}]")
        elif walk.sees(".") and walk.peek(2).upper == "(":
            walk.take()
            operand = _method(walk, operand)
        elif walk.skip("."):
            field = readable(walk.take().text)
            base = operand.text if operand.kind == "column" else f"({operand.text})"
            operand = Written(f"{base}.{field}", "column" if operand.kind == "column" else "")
        elif walk.sees("!") and walk.peek(1).upper not in ("~", "~*", "=", *_LIKE_SIGNS):
            walk.take()
            operand = Written(f"factorial({operand.text})")
        else:
            return operand


def _method(walk: Walk, base: Written) -> Written:
    """`l.list_sort()`: a function of what stands before the dot."""
    name = readable(walk.take().text.lower())
    walk.need("(")
    others = item_calls.separated(walk, ")", expression)
    if base.kind == "column":
        return Written(f"{base.text}.{name}({', '.join(others)})")
    return Written(f"{name}({', '.join([base.text, *others])})")


def _bounds(walk: Walk) -> str:
    """What stands in brackets: an index, or the ends of a slice."""
    text = ""
    while not walk.skip("]"):
        if walk.skip("::"):
            text += "::"
        elif walk.skip(":"):
            text += ":"
        elif walk.sees("-") and walk.peek(1).upper in (":", "::", "]"):
            walk.take()
            text += "-"
        else:
            text += expression(walk)
    if not text or "::" in text:
        raise UnknownFormError
    return text


def _primary(walk: Walk) -> Written:
    word = walk.peek()
    if word.kind == "number":
        return Written(walk.take().text, "number")
    if word.kind == "text":
        return Written(literal(walk.take().text))
    if word.upper == "(":
        return _parenthesis(walk)
    if word.upper in ("$", "#") and walk.peek(1).kind in ("word", "number"):
        return Written(f"{walk.take().text}{walk.take().text}", "column" if word.upper == "#" else "")
    special = item_calls.special(walk, expression)
    if special is not None:
        return Written(special)
    if word.kind == "name" or (word.kind == "word" and word.upper not in _NO_COLUMNS):
        if walk.peek(1).upper == "(":
            return Written(item_calls.call(walk, expression))
        return _column(walk)
    raise UnknownFormError


def _column(walk: Walk) -> Written:
    word = walk.take()
    if word.upper in ("TRUE", "FALSE"):
        return Written(word.text.lower())
    if word.upper in ("CURRENT_DATE", "CURRENT_TIMESTAMP", "CURRENT_TIME"):
        return Written(word.text)
    return Written(readable(word.text), "column")


def _parenthesis(walk: Walk) -> Written:
    walk.need("(")
    if item_query.begins(walk):
        query = item_query.query(walk, expression)
        walk.need(")")
        return Written(f"({query})")
    if walk.skip(")"):
        return Written('"row"()')
    first = _or(walk)
    if walk.skip(")"):
        return first._replace(kind="") if first.kind == "column" else first
    walk.need(",")
    return Written(f'"row"({", ".join([first.text, *item_calls.separated(walk, ")", expression)])})')

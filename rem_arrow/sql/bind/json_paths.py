"""JSON: `->`, `->>`, and calls whose arguments SQLGlot reads into trees of its own."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.plan.nodes import Expr
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.scalar_calls import call
from rem_arrow.sql.text.read_marks import take
from rem_arrow.sql.text.rendered import rendered


def _extract(name: str) -> Operator:
    def bind(binder: ExprBinder, tree: exp.Expression) -> Expr:
        match tree.expression:
            case exp.Array(expressions=paths):
                calls = [exp.Anonymous(this=name, expressions=[tree.this.copy(), p.copy()]) for p in paths]
                return binder.bind(exp.Array(expressions=calls))
            case exp.JSONPath() as path:
                return call(binder, name, [tree.this, _written(path)], tree)
            case path:
                return call(binder, name, [tree.this, path], tree)

    return bind


def _written(path: exp.JSONPath) -> exp.Expression:
    """Return the path that SQLGlot has parsed as a text again."""
    steps = []
    for part in path.expressions:
        match part:
            case exp.JSONPathRoot():
                steps.append("$")
            case exp.JSONPathKey():
                steps.append(f'."{part.name}"')
            case exp.JSONPathSubscript():
                steps.append(f"[{part.args['this']}]")
            case _:
                take(path)
                return exp.Literal.string(rendered(path).strip("'"))
    return exp.Literal.string("".join(steps))


def _object(binder: ExprBinder, tree: exp.Expression) -> Expr:
    pairs = [
        t
        for pair in tree.expressions
        for t in ((pair.this, pair.expression) if isinstance(pair, exp.JSONKeyValue) else (pair,))
    ]
    return call(binder, "json_object", pairs, tree)


TREES: dict[type[exp.Expression], Operator] = {
    exp.JSONExtract: _extract("json_extract"),
    exp.JSONExtractScalar: _extract("json_extract_string"),
    exp.JSONObject: _object,
}

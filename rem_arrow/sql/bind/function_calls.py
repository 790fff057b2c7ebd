"""Function calls by name: which kind of function is called, and calls that SQLGlot reads into shapes of their own."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.plan import functions
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Call, Expr, Literal
from rem_arrow.sql.bind import dates, enum_calls, json_calls, rrf, unnest_items
from rem_arrow.sql.bind.aggregate_calls import aggregate
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.list_functions import BY_NAME
from rem_arrow.sql.bind.scalar_calls import call, expect
from rem_arrow.sql.bind.special_functions import SPECIAL
from rem_arrow.sql.text.arguments import name_and_arguments
from rem_arrow.sql.text.position import written_name
from rem_arrow.sql.text.trees import literal_text

_WITH_GROUPS = ("regexp_extract", "regexp_extract_all")


def function(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """Bind a call by its name."""
    name, trees = name_and_arguments(tree)
    if name == "date_part" and len(trees) == 2 and (part := literal_text(trees[0])) is not None:
        return dates.part(binder, part, trees[1], tree)
    if name == "regexp_extract_all" and len(trees) > 2 and isinstance(trees[2], exp.Array):
        return _named_groups(binder, trees, tree)
    if name in _WITH_GROUPS and len(trees) > 2:
        trees = _group_before_options(binder, name, trees)
    several = _several(name, trees)
    if several is not None:
        return binder.bind(several)
    if name in BY_NAME and trees:
        return BY_NAME[name](binder, trees, tree)
    if name in enum_calls.BY_NAME:
        return enum_calls.BY_NAME[name](binder, trees, tree)
    if name in json_calls.BY_NAME:
        return json_calls.BY_NAME[name](binder, trees, tree)
    if name in unnest_items.FUNCTIONS and trees:
        return unnest_items.FUNCTIONS[name](binder, trees, tree)
    if name in functions.AGGREGATES:
        return aggregate(binder, tree, None)
    if name == "rrf":
        return rrf.rrf(binder, trees, tree)
    if name in SPECIAL:
        return SPECIAL[name](binder, trees, tree)
    return call(binder, name, trees, tree)


def _group_before_options(binder: ExprBinder, name: str, trees: list[exp.Expression]) -> list[exp.Expression]:
    """regexp_extract(s, pattern, 'i'): a text in the place of the group is the options. A group is a constant."""
    if isinstance(trees[2], exp.Literal) and trees[2].is_string:
        return [*trees[:2], exp.Literal.number(0), *trees[2:]]
    if name == "regexp_extract" and trees[2].find(exp.Column) is not None:
        raise binder.error("the group of a regular expression is a constant", trees[2])
    return trees


def _named_groups(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """`regexp_extract_all(s, pattern, ['a', 'b'])`: each match as a row of its groups."""
    names = [t.name for t in trees[2].expressions if t.is_string]
    if not names or len(names) < len(trees[2].expressions) or len({n.casefold() for n in names}) < len(names):
        raise binder.error("the names of groups are texts that differ", trees[2])
    fields = nested.struct_of({n: pl.String() for n in names})
    source, pattern, *flags = (
        call(binder, "concat_operator", [t, exp.Literal.string("")], tree) for t in (*trees[:2], *trees[3:])
    )
    return Call("regexp_extract_all", (source, pattern, Literal(len(names), pl.Int64()), *flags), pl.List(fields))


def _several(name: str, trees: list[exp.Expression]) -> exp.Expression | None:
    """Return a row of what a list of parts, or of names of groups, asks for: `date_part(['year', 'month'], d)`; None
    for anything else."""
    at = {"date_part": 0, "regexp_extract": 2}.get(name)
    if (
        at is None
        or len(trees) < 2
        or len(trees) <= at
        or not isinstance(trees[at], exp.Array)
        or not all(e.is_string for e in trees[at].expressions)
    ):
        return None
    fields = []
    for place, part in enumerate(trees[at].expressions, 1):
        own: exp.Expression = part if name == "date_part" else exp.Literal.number(place)
        one = exp.Anonymous(this=name, expressions=[t.copy() for t in (*trees[:at], own, *trees[at + 1 :])])
        fields.append(exp.PropertyEQ(this=exp.to_identifier(part.name, quoted=True), expression=one))
    source = trees[1 if name == "date_part" else 0].copy()
    return exp.Case(
        ifs=[exp.If(this=exp.Not(this=exp.Is(this=source, expression=exp.Null())), true=exp.Struct(expressions=fields))]
    )


def _concat_operator(binder: ExprBinder, tree: exp.Expression) -> Expr:
    sides = (binder.bind(tree.this), binder.bind(tree.expression))
    if any(isinstance(s.dtype, pl.Null) for s in sides):
        return Literal(None, pl.Null())
    if all(isinstance(s.dtype, pl.Binary) for s in sides):
        return Call("concat_operator", sides, pl.Binary())
    return call(binder, "concat_operator", [tree.this, tree.expression], tree)


def _trim(binder: ExprBinder, tree: exp.Expression) -> Expr:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(tree.args.get("position") or "").upper(), "trim")
    return call(binder, name, [t for t in (tree.this, tree.args.get("expression")) if t is not None], tree)


def _pad(binder: ExprBinder, tree: exp.Expression) -> Expr:
    name = "lpad" if tree.args.get("is_left") else "rpad"
    trees = [tree.this, tree.expression, tree.args.get("fill_pattern")]
    return call(binder, name, [t for t in trees if t is not None], tree)


def _lower_hex(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """SQLGlot reads lower(hex(x)) as one function."""
    return call(binder, "lower", [exp.Hex(this=tree.this)], tree)


def _sha(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """SQLGlot reads sha256(x) as sha2(x, 256), which there is not."""
    length = tree.args.get("length")
    name = "sha256" if length is not None and length.name == "256" else "sha2"
    return call(binder, name, [tree.this], tree)


def _log(binder: ExprBinder, tree: exp.Expression) -> Expr:
    if tree.args.get("expression") is not None:
        return call(binder, "log", [tree.this, tree.expression], tree)
    # SQLGlot puts the base first, and takes log2() for log(2).
    name = (written_name(binder.text, tree) or "").lower()
    return call(binder, "log10", [] if name in ("log2", "log10") else [tree.this], tree)


def _coalesce(binder: ExprBinder, tree: exp.Expression) -> Expr:
    if (written_name(binder.text, tree) or "").lower() == "ifnull":
        expect(binder, [tree.this, *tree.expressions], 2, tree)
    return function(binder, tree)


def _regexp_ignoring_case(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return call(binder, "regexp_matches", [tree.this, tree.expression, exp.Literal.string("i")], tree)


def _series(binder: ExprBinder, tree: exp.Expression) -> Expr:
    name = "range" if tree.args.get("is_end_exclusive") else "generate_series"
    return call(
        binder,
        name,
        [t for t in (tree.args.get("start"), tree.args.get("end"), tree.args.get("step")) if t is not None],
        tree,
    )


FUNCTIONS: dict[type[exp.Expression], Operator] = {
    exp.GenerateSeries: _series,
    exp.DPipe: _concat_operator,
    exp.Trim: _trim,
    exp.Pad: _pad,
    exp.Log: _log,
    exp.Coalesce: _coalesce,
    exp.LowerHex: _lower_hex,
    exp.RegexpILike: _regexp_ignoring_case,
    exp.SHA2: _sha,
    exp.SimilarTo: function,
    exp.Glob: function,
}

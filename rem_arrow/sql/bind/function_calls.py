"""Function calls: scalar functions by the catalog, aggregates where the caller collects them."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from sqlglot import exp

from rem_arrow.datatypes import sql_name
from rem_arrow.errors import suggest
from rem_arrow.plan import functions, types
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import AggregateCall, Call, Cast, Column, Expr, Literal
from rem_arrow.plan.signature import Function
from rem_arrow.plan.walk import columns_of
from rem_arrow.sql.bind import aggregate_arguments, dates, rrf, unnest
from rem_arrow.sql.bind.binder import Binding, Operator
from rem_arrow.sql.bind.containers import check_places, unified
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.bind.intervals import interval_from, time_series
from rem_arrow.sql.bind.list_functions import BY_NAME
from rem_arrow.sql.bind.list_rows import check_concatenable
from rem_arrow.sql.bind.special_functions import SPECIAL
from rem_arrow.sql.text.arguments import ARGUMENTS

_NOW = ("now", "current_timestamp", "get_current_timestamp", "transaction_timestamp")
_TODAY = ("today", "current_date")


def function(binder: Binding, tree: exp.Expression) -> Expr:
    """Bind a call by its name."""
    name, trees = name_and_arguments(tree)
    if name in _NOW and not trees:
        return dates.now(binder, tree)
    if name in _TODAY and not trees:
        return dates.today(binder, tree)
    if name == "date_part" and len(trees) == 2 and isinstance(trees[0], exp.Literal) and trees[0].is_string:
        return dates.part(binder, trees[0].name, trees[1], tree)
    if name == "regexp_extract_all" and len(trees) > 2 and isinstance(trees[2], exp.Array):
        return _named_groups(binder, trees, tree)
    several = _several(name, trees)
    if several is not None:
        return binder.bind(several)
    if name in BY_NAME and trees:
        return BY_NAME[name](binder, trees, tree)
    if name in unnest.FUNCTIONS and trees:
        return unnest.FUNCTIONS[name](binder, trees, tree)
    if name in functions.AGGREGATES:
        return _aggregate(binder, tree, None)
    if name == "rrf":
        return rrf.rrf(binder, trees, tree)
    if name in SPECIAL:
        return SPECIAL[name](binder, trees, tree)
    return call(binder, name, trees, tree)


def _named_groups(binder: Binding, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """`regexp_extract_all(s, pattern, ['a', 'b'])`: each match as a row of its groups."""
    names = [t.name for t in trees[2].expressions if t.is_string]
    if not names or len(names) < len(trees[2].expressions) or len({n.casefold() for n in names}) < len(names):
        raise binder.error("the names of groups are texts that differ", trees[2])
    fields = nested.struct_of({n: pl.String() for n in names})
    source, pattern, *flags = (
        binder.call("concat_operator", [t, exp.Literal.string("")], tree) for t in (*trees[:2], *trees[3:])
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


def call(binder: Binding, name: str, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """Bind a scalar function of the catalog."""
    times = time_series(binder, name, trees, tree) if name in ("range", "generate_series") else None
    if times is not None:
        return times
    if name not in functions.SCALAR:
        known = [*functions.SCALAR, *functions.AGGREGATES, *functions.ALIASES]
        raise binder.error(
            f"no function {name}",
            tree,
            suggest(name, [k for k in known if k[0].isalpha()], "Functions").split(" Functions:")[0],
        )
    if any(isinstance(t, exp.Lambda) for t in trees):
        raise binder.error(f"{name} takes no lambda", tree)
    args = [binder.bind(t) for t in trees]
    if name in ("concat", "concat_operator"):
        check_concatenable(binder, [a.dtype for a in args], tree)
    if args:
        first = next((a.dtype for a in args if name == "concat" and not isinstance(a.dtype, pl.Null)), args[0].dtype)
        name = _overloaded(name, first)
    function = functions.SCALAR[name]
    if not function.accepts(len(trees)):
        raise binder.error(f"{name} takes {_counts(function)}, not {len(trees)}", tree)
    args = unified(binder, [function.kind(i) for i in range(len(args))], args, tree)
    same = [i for i in range(len(args)) if function.kind(i) == "same"]
    if same:
        for i, arg in zip(same, binder.same([args[i] for i in same], tree), strict=True):
            args[i] = arg
    _check_constants(binder, name, args, tree)
    args = [_argument(binder, name, function.kind(i), a, t) for i, (a, t) in enumerate(zip(args, trees, strict=True))]
    return Call(name, tuple(args), function.result_type([a.dtype for a in args]))


def _check_constants(binder: Binding, name: str, args: list[Expr], tree: exp.Expression) -> None:
    """Refuse constants that a function cannot take, before any row is read."""
    if name in ("substring", "list_extract", "text_slice") and types.is_text(args[0].dtype):
        check_places(binder, args[1:], tree)
    if name in ("strptime", "try_strptime") and len(args) > 1 and isinstance(args[1], Literal) and args[1].value == "":
        raise binder.error(f"{name} takes a format that is not empty", tree)
    if name == "factorial" and args[0].dtype == pl.Int128():
        raise binder.error("factorial takes an INTEGER, and this is HUGEINT", tree)


def _overloaded(name: str, first: pl.DataType) -> str:
    """Return what a function is called for a list or a map as its first argument."""
    if nested.is_map(first):
        name = nested.OF_MAPS.get(name, name)
    return nested.OF_LISTS.get(name, name) if nested.is_list(first) else name


def _argument(binder: Binding, name: str, kind: str, arg: Expr, tree: exp.Expression) -> Expr:
    wanted: pl.DataType | None = {
        "text": pl.String(),
        "float": pl.Float64(),
        "integer": pl.Int64(),
        "boolean": pl.Boolean(),
        "blob": pl.Binary(),
    }.get(kind)
    if isinstance(arg, Literal) and isinstance(arg.value, str) and kind == "interval":
        arg = interval_from(binder, arg, tree)
    if (
        isinstance(arg, Literal)
        and isinstance(arg.value, str)
        and kind in ("integer", "float", "boolean")
        and wanted is not None
    ):
        return cast_to(arg, wanted)
    found = arg.dtype
    fits = {
        "text": types.is_text(found) or name == "concat_operator",
        "float": types.is_number(found),
        "number": types.is_number(found),
        "integer": bool(found.is_integer()),
        "boolean": isinstance(found, pl.Boolean),
        "temporal": types.is_temporal(found),
        "list": nested.is_list(found),
        "array": nested.is_list(found),
        "vector": nested.is_list(found),
        "map": nested.is_map(found),
        "struct": isinstance(found, pl.Struct),
        "stamp": types.is_temporal(found) and not isinstance(found, pl.Time),
        "interval": types.is_interval(found),
        "span": types.is_temporal(found) or types.is_interval(found),
        "blob": types.is_text(found) or isinstance(found, pl.Binary),
    }.get(kind, True)
    if isinstance(found, pl.Null):
        return cast_to(arg, wanted or _NULL_AS.get(kind, found))
    if not fits:
        raise binder.error(
            f"{name} takes a {kind} here, and this is {sql_name(found)}", tree, "Cast it: CAST(x AS ...)."
        )
    if kind == "shown":
        return arg if types.is_text(found) else cast_to(arg, pl.String())
    if kind == "stamp" and isinstance(found, pl.Date):
        return cast_to(arg, pl.Datetime("us"))
    if kind == "blob" and types.is_text(found):
        return Call("encode", (arg,), pl.Binary())
    return arg if wanted is None or found == wanted else cast_to(arg, wanted)


# What an untyped NULL is, where a kind allows several types.
_NULL_AS: dict[str, pl.DataType] = {
    "number": pl.Int32(),
    "temporal": pl.Datetime("us"),
    "span": pl.Datetime("us"),
    "stamp": pl.Datetime("us"),
    "interval": pl.Duration("us"),
    "shown": pl.String(),
}


def _concat_operator(binder: Binding, tree: exp.Expression) -> Expr:
    sides = (binder.bind(tree.this), binder.bind(tree.expression))
    if all(isinstance(s.dtype, pl.Binary) for s in sides):
        return Call("concat_operator", sides, pl.Binary())
    return call(binder, "concat_operator", [tree.this, tree.expression], tree)


def _trim(binder: Binding, tree: exp.Expression) -> Expr:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(tree.args.get("position") or "").upper(), "trim")
    return call(binder, name, [t for t in (tree.this, tree.args.get("expression")) if t is not None], tree)


def _pad(binder: Binding, tree: exp.Expression) -> Expr:
    name = "lpad" if tree.args.get("is_left") else "rpad"
    return call(
        binder, name, [tree.this, tree.expression, tree.args.get("fill_pattern") or exp.Literal.string(" ")], tree
    )


def _lower_hex(binder: Binding, tree: exp.Expression) -> Expr:
    """SQLGlot reads lower(hex(x)) as one function."""
    return call(binder, "lower", [exp.Hex(this=tree.this)], tree)


def _log(binder: Binding, tree: exp.Expression) -> Expr:
    if tree.args.get("expression") is None:
        return call(binder, "log10", [tree.this], tree)
    return call(binder, "log", [tree.this, tree.expression], tree)


def _regexp_ignoring_case(binder: Binding, tree: exp.Expression) -> Expr:
    return call(binder, "regexp_matches", [tree.this, tree.expression, exp.Literal.string("i")], tree)


# --- aggregates


def _filter(binder: Binding, tree: exp.Expression) -> Expr:
    around = binder.scope.outer
    if around is not None and around.aggregate is not None and binder.scope.owns_no(list(tree.find_all(exp.Column))):
        return around.aggregate(tree)
    return _aggregate(binder, tree.this, binder.without_aggregates().boolean(tree.expression.this, "FILTER"))


def _within_group(binder: Binding, tree: exp.Expression) -> Expr:
    return _aggregate(binder, tree, None)


def _ignore_nulls(binder: Binding, tree: exp.Expression) -> Expr:
    if isinstance(tree.this, (exp.AnyValue, exp.First)):
        return _aggregate(binder, exp.AnyValue(this=tree.this.this), None)
    raise binder.unsupported("IGNORE NULLS is not supported here", tree)


def _aggregate(binder: Binding, tree: exp.Expression, where: Expr | None) -> Expr:
    if isinstance(tree, exp.IgnoreNulls):
        tree = exp.AnyValue(this=tree.this.this)
    name, _ = name_and_arguments(tree.this if isinstance(tree, exp.WithinGroup) else tree)
    around = binder.scope.outer
    if (
        around is not None
        and around.aggregate is not None
        and where is None
        and binder.scope.owns_no(list(tree.find_all(exp.Column)))
    ):
        # An aggregate of columns of the query around belongs to it.
        return around.aggregate(tree)
    if name in functions.AGGREGATES and binder.aggregates is None:
        raise binder.error(
            f"the aggregate {name} cannot stand here",
            tree,
            "Aggregates belong in SELECT, HAVING or ORDER BY; filter them with HAVING.",
        )
    call = aggregate_call(binder.without_aggregates(), tree, where)
    if call is None:
        raise binder.error(f"{name} is not an aggregate function, so FILTER cannot follow it", tree)
    return _collected(binder, call)


def aggregate_call(binder: Binding, tree: exp.Expression, where: Expr | None) -> AggregateCall | None:
    """Bind an aggregate with its arguments; None if the function is none. `binder` is for what stands inside."""
    within = tree.expression if isinstance(tree, exp.WithinGroup) else None
    tree = tree.this if isinstance(tree, exp.WithinGroup) else tree
    name, trees = name_and_arguments(tree)
    aggregate = functions.AGGREGATES.get(name)
    if aggregate is None:
        return None
    given = aggregate_arguments.parts(binder, name, trees, within)
    trees, distinct = given.trees, given.distinct
    if name == "count" and (not trees or isinstance(trees[0], exp.Star)):
        if distinct:
            raise binder.error("COUNT(DISTINCT *) is not defined", tree, "Name a column.")
        return AggregateCall("count", None, pl.Int64(), where=where)
    if name in aggregate_arguments.QUANTILES:
        return replace(aggregate_arguments.quantile(binder, name, trees, tree), distinct=distinct, where=where)
    if not aggregate.args_min <= len(trees) <= len(aggregate.args) + (name in aggregate_arguments.TOP):
        wanted = (
            "one argument" if len(aggregate.args) == 1 else f"{aggregate.args_min} to {len(aggregate.args)} arguments"
        )
        raise binder.error(f"{name} takes {wanted}, not {len(trees)}", tree)
    call = _aggregate_call(binder, name, aggregate, trees, distinct)
    return replace(call, where=where, order=aggregate_arguments.sort_keys(binder, given.order))


def _aggregate_call(
    binder: Binding, name: str, aggregate: functions.Aggregate, trees: list[exp.Expression], distinct: bool
) -> AggregateCall:
    args = [binder.bind(t) for t in trees]
    other = aggregate_arguments.OF_TYPES[name](binder, args[0]) if name in aggregate_arguments.OF_TYPES else None
    if other is not None:
        return replace(other, distinct=distinct)
    if name in ("sum", "avg") and isinstance(args[0].dtype, pl.Boolean):
        args[0] = Cast(args[0], pl.Int32())
    if name in ("bool_and", "bool_or") and args[0].dtype.is_numeric():
        args[0] = cast_to(args[0], pl.Boolean())
    top = [
        _argument(binder, name, "integer", a, t)
        for a, t in zip(args[len(aggregate.args) :], trees[len(aggregate.args) :], strict=True)
    ]
    args = [_argument(binder, name, kind, a, t) for kind, a, t in zip(aggregate.args, args, trees, strict=False)]
    if isinstance(args[0].dtype, pl.Null):
        args[0] = cast_to(args[0], pl.Int32())
    if name == "string_agg" and any(columns_of(a) for a in args[1:]):
        raise binder.error("the separator of string_agg is one text for all rows", trees[1])
    if name == "string_agg":
        args = [cast_to(args[0], pl.String()), *(args[1:] or [Literal(",", pl.String())])]
    dtype = aggregate.result(args[0].dtype)
    return AggregateCall(
        name,
        args[0],
        pl.List(dtype) if top else dtype,
        distinct and (bool(top) or name not in ("min", "max")),
        None,
        (*args[1:], *top),
    )


def _collected(binder: Binding, wanted: AggregateCall) -> Expr:
    """Return the column of an aggregate; the same call twice is one."""
    assert binder.aggregates is not None, "the caller checked that aggregates may stand here"
    for existing, other in binder.aggregates.items():
        if other == wanted:
            return Column(existing, wanted.dtype)
    unique = binder.names.fresh(f"{wanted.function}()")
    binder.aggregates[unique] = wanted
    return Column(unique, wanted.dtype)


def name_and_arguments(tree: exp.Expression) -> tuple[str, list[exp.Expression]]:
    if isinstance(tree, exp.Anonymous):
        return functions.canonical(str(tree.this)), list(tree.expressions)
    name, keys = ARGUMENTS.get(type(tree)) or (
        functions.canonical(str(tree.sql_name())),  # type: ignore[attr-defined]
        tuple(tree.arg_types),
    )
    trees: list[exp.Expression] = []
    for key in keys:
        value = tree.args.get(key)
        if isinstance(value, list):
            trees += [v for v in value if isinstance(v, exp.Expression)]
        elif isinstance(value, exp.Expression):
            trees.append(value)
    return name, trees


def _counts(function: Function) -> str:
    if function.variadic:
        return f"at least {function.args_min} argument(s)"
    most = len(function.args)
    return f"{most} argument(s)" if function.args_min == most else f"{function.args_min} to {most} arguments"


def _series(binder: Binding, tree: exp.Expression) -> Expr:
    name = "range" if tree.args.get("is_end_exclusive") else "generate_series"
    return call(
        binder,
        name,
        [t for t in (tree.args.get("start"), tree.args.get("end"), tree.args.get("step")) if t is not None],
        tree,
    )


FUNCTIONS: dict[type[exp.Expression], Operator] = {
    **dates.TREES,
    exp.GenerateSeries: _series,
    exp.DPipe: _concat_operator,
    exp.Trim: _trim,
    exp.Pad: _pad,
    exp.Log: _log,
    exp.LowerHex: _lower_hex,
    exp.RegexpILike: _regexp_ignoring_case,
    exp.SimilarTo: function,
    exp.Glob: function,
    exp.Filter: _filter,
    exp.WithinGroup: _within_group,
    exp.IgnoreNulls: _ignore_nulls,
}

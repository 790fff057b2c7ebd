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
from rem_arrow.sql import bind_aggregates
from rem_arrow.sql.bind_items import BY_NAME
from rem_arrow.sql.bind_nested import unified
from rem_arrow.sql.binding import Binding, Operator
from rem_arrow.sql.convert import cast_to

# Functions that SQLGlot reads into a class of another name, or whose arguments do not stand in the order of the call.
_ARGUMENTS: dict[type[exp.Expression], tuple[str, tuple[str, ...]]] = {
    exp.StrPosition: ("strpos", ("this", "substr")),
    exp.Substring: ("substring", ("this", "start", "length")),
    exp.RegexpLike: ("regexp_matches", ("this", "expression", "flag")),
    exp.RegexpReplace: ("regexp_replace", ("this", "expression", "replacement", "modifiers")),
    exp.RegexpExtract: ("regexp_extract", ("this", "expression", "group")),
    exp.RegexpFullMatch: ("regexp_full_match", ("this", "expression")),
    exp.SimilarTo: ("regexp_full_match", ("this", "expression")),
    exp.Translate: ("translate", ("this", "from_", "to")),
    exp.Pow: ("power", ("this", "expression")),
    exp.Atan2: ("atan2", ("this", "expression")),
    exp.Repeat: ("repeat", ("this", "times")),
    exp.Stddev: ("stddev", ("this",)),
    exp.StddevPop: ("stddev_pop", ("this",)),
    exp.VariancePop: ("var_pop", ("this",)),
    exp.LogicalAnd: ("bool_and", ("this",)),
    exp.LogicalOr: ("bool_or", ("this",)),
    exp.BitwiseAndAgg: ("bit_and", ("this",)),
    exp.BitwiseOrAgg: ("bit_or", ("this",)),
    exp.BitwiseXorAgg: ("bit_xor", ("this",)),
    exp.CountIf: ("count_if", ("this",)),
    exp.GroupConcat: ("string_agg", ("this", "separator")),
    exp.ArgMin: ("arg_min", ("this", "expression", "count")),
    exp.ArgMax: ("arg_max", ("this", "expression", "count")),
    exp.Min: ("min", ("this", "expressions", "count")),
    exp.Max: ("max", ("this", "expressions", "count")),
    exp.Mode: ("mode", ("this",)),
    exp.PercentileCont: ("quantile_cont", ("this", "expression")),
    exp.PercentileDisc: ("quantile_disc", ("this", "expression")),
    exp.Quantile: ("quantile_disc", ("this", "quantile")),
    exp.ApproxQuantile: ("approx_quantile", ("this", "quantile")),
    exp.ApproxDistinct: ("approx_count_distinct", ("this",)),
    exp.DayOfWeek: ("dayofweek", ("this",)),
    exp.DayOfWeekIso: ("isodow", ("this",)),
    exp.DayOfYear: ("dayofyear", ("this",)),
    exp.DayOfMonth: ("day", ("this",)),
    exp.WeekOfYear: ("week", ("this",)),
    exp.LastDay: ("last_day", ("this",)),
    exp.DateFromParts: ("make_date", ("year", "month", "day")),
    exp.TimeToStr: ("strftime", ("this", "format")),
    exp.ArraySize: ("list_length", ("this",)),
    exp.EuclideanDistance: ("list_distance", ("this", "expression")),
    exp.CosineDistance: ("list_cosine_distance", ("this", "expression")),
    exp.ArrayAgg: ("list", ("this",)),
    exp.ArrayFilter: ("list_filter", ("this", "expression")),
    exp.Transform: ("list_transform", ("this", "expression")),
    exp.Reduce: ("list_reduce", ("this", "initial", "merge")),
    exp.ArrayConcat: ("list_concat", ("this", "expressions")),
    exp.ArrayAppend: ("list_append", ("this", "expression")),
    exp.ArrayPrepend: ("list_prepend_to", ("this", "expression")),
    exp.ArrayPosition: ("list_position", ("this", "expression")),
    exp.ArrayDistinct: ("list_distinct", ("this",)),
    exp.ArrayIntersect: ("list_intersect", ("expressions",)),
    exp.ArrayReverse: ("list_reverse", ("this",)),
    exp.ArraySlice: ("list_slice", ("this", "start", "end", "step")),
    exp.ArraySort: ("list_sort", ("this",)),
    exp.ArrayMax: ("list_max", ("this",)),
    exp.ArrayMin: ("list_min", ("this",)),
    exp.ArraySum: ("list_sum", ("this",)),
    exp.ArrayFirst: ("list_first", ("this",)),
    exp.ArrayLast: ("list_last", ("this",)),
    exp.ArrayToString: ("array_to_string", ("this", "expression")),
    exp.Flatten: ("flatten", ("this",)),
    exp.Split: ("string_split", ("this", "expression")),
    exp.RegexpSplit: ("regexp_split_to_array", ("this", "expression")),
    exp.RegexpExtractAll: ("regexp_extract_all", ("this", "expression", "group")),
    exp.StructExtract: ("struct_extract", ("this", "expression")),
    exp.MapFromEntries: ("map_from_entries", ("this",)),
    exp.MapKeys: ("map_keys", ("this",)),
    exp.JSONKeys: ("json_keys", ("this", "expression")),
    exp.JSONType: ("json_type", ("this", "expression")),
    exp.JSONArray: ("json_array", ("expressions",)),
    exp.ArrayContains: ("list_contains", ("this", "expression")),
    exp.Round: ("round", ("this", "decimals")),
    exp.Trunc: ("trunc", ("this", "decimals")),
    exp.IsNan: ("isnan", ("this",)),
    exp.IsInf: ("isinf", ("this",)),
    exp.StartsWith: ("starts_with", ("this", "expression")),
    exp.EndsWith: ("ends_with", ("this", "expression")),
    exp.Contains: ("contains", ("this", "expression")),
    exp.BitwiseXor: ("xor", ("this", "expression")),
    exp.Chr: ("chr", ("expressions",)),
    exp.Unicode: ("ascii", ("this",)),
}
_NOW = ("now", "current_timestamp", "get_current_timestamp", "transaction_timestamp")
_TODAY = ("today", "current_date")
_DIFF_UNITS = {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"}


def function(binder: Binding, tree: exp.Expression) -> Expr:
    """Bind a call by its name."""
    name, trees = _name_and_arguments(tree)
    if name in _NOW and not trees:
        return _now(binder, tree)
    if name in _TODAY and not trees:
        return _today(binder, tree)
    if name == "date_part" and len(trees) == 2 and isinstance(trees[0], exp.Literal):
        return _part(binder, trees[0].name, trees[1], tree)
    if name in BY_NAME and trees:
        return BY_NAME[name](binder, trees, tree)
    if name in functions.AGGREGATES:
        return _aggregate(binder, tree, None)
    return call(binder, name, trees, tree)


def call(binder: Binding, name: str, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """Bind a scalar function of the catalog."""
    if name not in functions.SCALAR:
        known = [*functions.SCALAR, *functions.AGGREGATES, *functions.ALIASES]
        raise binder.error(f"no function {name}", tree, suggest(name, [k for k in known if k[0].isalpha()], "Functions").split(" Functions:")[0])
    if any(isinstance(t, exp.Lambda) for t in trees):
        raise binder.error(f"{name} takes no lambda", tree)
    args = [binder.bind(t) for t in trees]
    if args:
        name = _overloaded(name, args[0].dtype)
    function = functions.SCALAR[name]
    if not function.accepts(len(trees)):
        raise binder.error(f"{name} takes {_counts(function)}, not {len(trees)}", tree)
    args = unified(binder, [function.kind(i) for i in range(len(args))], args, tree)
    same = [i for i in range(len(args)) if function.kind(i) == "same"]
    if same:
        for i, arg in zip(same, binder.same([args[i] for i in same], tree), strict=True):
            args[i] = arg
    args = [_argument(binder, name, function.kind(i), a, t) for i, (a, t) in enumerate(zip(args, trees, strict=True))]
    return Call(name, tuple(args), function.result_type([a.dtype for a in args]))


def _overloaded(name: str, first: pl.DataType) -> str:
    """Return what a function is called for a list or a map as its first argument."""
    if nested.is_map(first):
        name = nested.OF_MAPS.get(name, name)
    return nested.OF_LISTS.get(name, name) if nested.is_list(first) else name


def _argument(binder: Binding, name: str, kind: str, arg: Expr, tree: exp.Expression) -> Expr:
    wanted: pl.DataType | None = {"text": pl.String(), "float": pl.Float64(), "integer": pl.Int64(), "boolean": pl.Boolean()}.get(kind)
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
    }.get(kind, True)
    if isinstance(found, pl.Null):
        return cast_to(arg, wanted or _NULL_AS.get(kind, found))
    if not fits:
        raise binder.error(f"{name} takes a {kind} here, and this is {sql_name(found)}", tree, "Cast it: CAST(x AS ...).")
    return arg if wanted is None or found == wanted else cast_to(arg, wanted)


# What an untyped NULL is, where a kind allows several types.
_NULL_AS: dict[str, pl.DataType] = {"number": pl.Int32(), "temporal": pl.Datetime("us")}


def _concat_operator(binder: Binding, tree: exp.Expression) -> Expr:
    return call(binder, "concat_operator", [tree.this, tree.expression], tree)


def _trim(binder: Binding, tree: exp.Expression) -> Expr:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(tree.args.get("position") or "").upper(), "trim")
    return call(binder, name, [t for t in (tree.this, tree.args.get("expression")) if t is not None], tree)


def _pad(binder: Binding, tree: exp.Expression) -> Expr:
    name = "lpad" if tree.args.get("is_left") else "rpad"
    return call(binder, name, [tree.this, tree.expression, tree.args.get("fill_pattern") or exp.Literal.string(" ")], tree)


def _log(binder: Binding, tree: exp.Expression) -> Expr:
    if tree.args.get("expression") is None:
        return call(binder, "log10", [tree.this], tree)
    return call(binder, "log", [tree.this, tree.expression], tree)


def _regexp_ignoring_case(binder: Binding, tree: exp.Expression) -> Expr:
    return call(binder, "regexp_matches", [tree.this, tree.expression, exp.Literal.string("i")], tree)


def _date_trunc(binder: Binding, tree: exp.Expression) -> Expr:
    unit = tree.args["unit"]
    if isinstance(unit, exp.Var):
        # SQLGlot reads a column here as a word too: date_trunc(part, d).
        known = binder.scope.knows(unit.name) and unit.name.upper().rstrip("S") not in _DIFF_UNITS
        unit = exp.column(unit.name) if known else exp.Literal.string(unit.name.lower())
    return call(binder, "date_trunc", [unit, tree.this], tree)


def _date_diff(binder: Binding, tree: exp.Expression) -> Expr:
    unit = tree.args["unit"].name.upper() if tree.args.get("unit") is not None else "DAY"
    if unit not in _DIFF_UNITS:
        raise binder.error(f"{unit.lower()} is not a unit of date_diff", tree, f"Units: {', '.join(sorted(u.lower() for u in _DIFF_UNITS))}.")
    return call(binder, "date_diff", [exp.Literal.string(unit.lower()), tree.expression, tree.this], tree)


def _extract(binder: Binding, tree: exp.Expression) -> Expr:
    return _part(binder, tree.this.name, tree.expression, tree)


def _part(binder: Binding, part: str, operand: exp.Expression, tree: exp.Expression) -> Expr:
    name = functions.canonical(part)
    name = name if name in functions.DATE_PARTS else functions.canonical(name.rstrip("s"))
    if name not in functions.DATE_PARTS:
        raise binder.error(f"{part} is not a part of a date", tree, suggest(part, functions.DATE_PARTS, "Parts"))
    return call(binder, name, [operand], tree)


def _today(binder: Binding, tree: exp.Expression) -> Expr:
    return Call("current_date", (), pl.Date())


def _now(binder: Binding, tree: exp.Expression) -> Expr:
    return Call("now", (), pl.Datetime("us", "UTC"))


# --- aggregates


def _filter(binder: Binding, tree: exp.Expression) -> Expr:
    return _aggregate(binder, tree.this, binder.without_aggregates().boolean(tree.expression.this, "FILTER"))


def _within_group(binder: Binding, tree: exp.Expression) -> Expr:
    return _aggregate(binder, tree, None)


def _ignore_nulls(binder: Binding, tree: exp.Expression) -> Expr:
    if isinstance(tree.this, (exp.AnyValue, exp.First)):
        return _aggregate(binder, exp.AnyValue(this=tree.this.this), None)
    raise binder.unsupported("IGNORE NULLS is not supported here", tree)


def _aggregate(binder: Binding, tree: exp.Expression, where: Expr | None) -> Expr:
    within = tree.expression if isinstance(tree, exp.WithinGroup) else None
    tree = tree.this if isinstance(tree, exp.WithinGroup) else tree
    if isinstance(tree, exp.IgnoreNulls):
        tree = exp.AnyValue(this=tree.this.this)
    name, trees = _name_and_arguments(tree)
    aggregate = functions.AGGREGATES.get(name)
    if aggregate is None:
        raise binder.error(f"{name} is not an aggregate function, so FILTER cannot follow it", tree)
    if binder.aggregates is None:
        raise binder.error(f"the aggregate {name} cannot stand here", tree, "Aggregates belong in SELECT, HAVING or ORDER BY; filter them with HAVING.")
    given = bind_aggregates.parts(binder, name, trees, within)
    trees, distinct = given.trees, given.distinct
    if name == "count" and (not trees or isinstance(trees[0], exp.Star)):
        if distinct:
            raise binder.error("COUNT(DISTINCT *) is not defined", tree, "Name a column.")
        return _collected(binder, AggregateCall("count", None, pl.Int64(), where=where))
    if name in bind_aggregates.QUANTILES:
        return _collected(binder, replace(bind_aggregates.quantile(binder.without_aggregates(), name, trees, tree), distinct=distinct, where=where))
    if not aggregate.args_min <= len(trees) <= len(aggregate.args) + (name in bind_aggregates.TOP):
        wanted = "one argument" if len(aggregate.args) == 1 else f"{aggregate.args_min} to {len(aggregate.args)} arguments"
        raise binder.error(f"{name} takes {wanted}, not {len(trees)}", tree)
    inner = binder.without_aggregates()
    call = _aggregate_call(inner, name, aggregate, trees, distinct)
    return _collected(binder, replace(call, where=where, order=bind_aggregates.sort_keys(inner, given.order)))


def _aggregate_call(binder: Binding, name: str, aggregate: functions.Aggregate, trees: list[exp.Expression], distinct: bool) -> AggregateCall:
    args = [binder.bind(t) for t in trees]
    other = bind_aggregates.median(binder, args[0]) if name == "median" else None
    if other is not None:
        return replace(other, distinct=distinct)
    if name in ("sum", "avg") and isinstance(args[0].dtype, pl.Boolean):
        args[0] = Cast(args[0], pl.Int32())
    if name in ("bool_and", "bool_or") and args[0].dtype.is_numeric():
        args[0] = cast_to(args[0], pl.Boolean())
    top = [_argument(binder, name, "integer", a, t) for a, t in zip(args[len(aggregate.args) :], trees[len(aggregate.args) :], strict=True)]
    args = [_argument(binder, name, kind, a, t) for kind, a, t in zip(aggregate.args, args, trees, strict=False)]
    if isinstance(args[0].dtype, pl.Null):
        args[0] = cast_to(args[0], pl.Int32())
    if name == "string_agg":
        args = [cast_to(args[0], pl.String()), *(args[1:] or [Literal(",", pl.String())])]
    dtype = aggregate.result(args[0].dtype)
    return AggregateCall(name, args[0], pl.List(dtype) if top else dtype, distinct and (bool(top) or name not in ("min", "max")), None, (*args[1:], *top))


def _collected(binder: Binding, wanted: AggregateCall) -> Expr:
    """Return the column of an aggregate; the same call twice is one."""
    assert binder.aggregates is not None, "the caller checked that aggregates may stand here"
    for existing, other in binder.aggregates.items():
        if other == wanted:
            return Column(existing, wanted.dtype)
    unique = binder.names.fresh(f"{wanted.function}()")
    binder.aggregates[unique] = wanted
    return Column(unique, wanted.dtype)


def _name_and_arguments(tree: exp.Expression) -> tuple[str, list[exp.Expression]]:
    if isinstance(tree, exp.Anonymous):
        return functions.canonical(str(tree.this)), list(tree.expressions)
    name, keys = _ARGUMENTS.get(type(tree)) or (functions.canonical(str(tree.sql_name())), tuple(tree.arg_types))  # type: ignore[attr-defined]
    trees: list[exp.Expression] = []
    for key in keys:
        value = tree.args.get(key)
        if isinstance(value, list):
            trees += [v for v in value if isinstance(v, exp.Expression)]
        elif isinstance(value, exp.Expression):
            trees.append(value)
    return name, trees


def _counts(function: functions.Function) -> str:
    if function.variadic:
        return f"at least {function.args_min} argument(s)"
    most = len(function.args)
    return f"{most} argument(s)" if function.args_min == most else f"{function.args_min} to {most} arguments"


def _series(binder: Binding, tree: exp.Expression) -> Expr:
    name = "range" if tree.args.get("is_end_exclusive") else "generate_series"
    return call(binder, name, [t for t in (tree.args.get("start"), tree.args.get("end"), tree.args.get("step")) if t is not None], tree)


FUNCTIONS: dict[type[exp.Expression], Operator] = {
    exp.GenerateSeries: _series,
    exp.DPipe: _concat_operator,
    exp.Trim: _trim,
    exp.Pad: _pad,
    exp.Log: _log,
    exp.RegexpILike: _regexp_ignoring_case,
    exp.TimestampTrunc: _date_trunc,
    exp.DateTrunc: _date_trunc,
    exp.DateDiff: _date_diff,
    exp.Extract: _extract,
    exp.CurrentDate: _today,
    exp.CurrentTimestamp: _now,
    exp.Filter: _filter,
    exp.WithinGroup: _within_group,
    exp.IgnoreNulls: _ignore_nulls,
}

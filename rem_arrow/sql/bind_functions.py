"""Function calls: scalar functions by the catalog, aggregates where the caller collects them."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.datatypes import sql_name
from rem_arrow.errors import suggest
from rem_arrow.plan import functions, types
from rem_arrow.plan.nodes import AggregateCall, Call, Column, Expr, Literal
from rem_arrow.sql.binding import Binding
from rem_arrow.sql.convert import cast_to

# Functions that SQLGlot reads into a class whose arguments do not stand in the order of the call.
_ARGUMENTS: dict[type[exp.Expression], tuple[str, tuple[str, ...]]] = {
    exp.StrPosition: ("strpos", ("this", "substr")),
    exp.Substring: ("substring", ("this", "start", "length")),
    exp.RegexpLike: ("regexp_matches", ("this", "expression")),
    exp.Pow: ("power", ("this", "expression")),
    exp.Repeat: ("repeat", ("this", "times")),
    exp.Stddev: ("stddev", ("this",)),
    exp.DayOfWeek: ("dayofweek", ("this",)),
    exp.DayOfYear: ("dayofyear", ("this",)),
    exp.WeekOfYear: ("week", ("this",)),
    exp.ArraySize: ("list_length", ("this",)),
    exp.ArrayContains: ("list_contains", ("this", "expression")),
    exp.Round: ("round", ("this", "decimals")),
    exp.IsNan: ("isnan", ("this",)),
    exp.StartsWith: ("starts_with", ("this", "expression")),
    exp.EndsWith: ("ends_with", ("this", "expression")),
    exp.Contains: ("contains", ("this", "expression")),
}


    # --- functions

    def _concat_operator(self, tree: exp.Expression) -> Expr:
        return self._call("concat_operator", [tree.this, tree.expression], tree)

    def _trim(self, tree: exp.Expression) -> Expr:
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(tree.args.get("position") or "").upper(), "trim")
        return self._call(name, [t for t in (tree.this, tree.args.get("expression")) if t is not None], tree)

    def _date_trunc(self, tree: exp.Expression) -> Expr:
        return self._call("date_trunc", [exp.Literal.string(tree.args["unit"].name.lower()), tree.this], tree)

    def _extract(self, tree: exp.Expression) -> Expr:
        return self._call(functions.canonical(tree.this.name), [tree.expression], tree)

    def _today(self, tree: exp.Expression) -> Expr:
        return Call("current_date", (), pl.Date())

    def _now(self, tree: exp.Expression) -> Expr:
        return Call("now", (), pl.Datetime("us", "UTC"))

    def _filter(self, tree: exp.Expression) -> Expr:
        return self._aggregate(tree.this, self._without_aggregates().boolean(tree.expression.this, "FILTER"))

    def _function(self, tree: exp.Func) -> Expr:
        name, trees = _name_and_arguments(tree)
        if name in ("now", "current_timestamp", "get_current_timestamp", "transaction_timestamp") and not trees:
            return self._now(tree)
        if name in ("today", "current_date") and not trees:
            return self._today(tree)
        if name in functions.AGGREGATES:
            return self._aggregate(tree, None)
        return self._call(name, trees, tree)

    def _call(self, name: str, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        function = functions.SCALAR.get(name)
        if function is None:
            known = [*functions.SCALAR, *functions.AGGREGATES, *functions.ALIASES]
            raise self._error(f"no function {name}", tree, suggest(name, [k for k in known if k[0].isalpha()], "Functions").split(" Functions:")[0])
        if not function.accepts(len(trees)):
            raise self._error(f"{name} takes {_counts(function)}, not {len(trees)}", tree)
        args = [self.bind(t) for t in trees]
        same = [i for i in range(len(args)) if function.kind(i) == "same"]
        if same:
            for i, arg in zip(same, self.same([args[i] for i in same], tree), strict=True):
                args[i] = arg
        args = [self._argument(name, function.kind(i), a, t) for i, (a, t) in enumerate(zip(args, trees, strict=True))]
        return Call(name, tuple(args), function.result_type([a.dtype for a in args]))

    def _argument(self, name: str, kind: str, arg: Expr, tree: exp.Expression) -> Expr:
        wanted: pl.DataType | None = {"text": pl.String(), "float": pl.Float64(), "integer": pl.Int64(), "boolean": pl.Boolean()}.get(kind)
        found = arg.dtype
        fits = {
            "text": lambda: types.is_text(found) or name in ("concat_operator",),
            "float": lambda: types.is_number(found),
            "number": lambda: types.is_number(found),
            "integer": lambda: found.is_integer(),
            "boolean": lambda: isinstance(found, pl.Boolean),
            "temporal": lambda: types.is_temporal(found),
        }.get(kind, lambda: True)
        if not isinstance(found, pl.Null) and not fits():
            raise self._error(f"{name} takes a {kind} here, and this is {sql_name(found)}", tree, "Cast it: CAST(x AS ...).")
        return arg if wanted is None or found == wanted else cast_to(arg, wanted)

    def _aggregate(self, tree: exp.Expression, where: Expr | None) -> Expr:
        name, trees = _name_and_arguments(cast(exp.Func, tree))
        if name not in functions.AGGREGATES:
            raise self._error(f"{name} is not an aggregate function, so FILTER cannot follow it", tree)
        if self.aggregates is None:
            raise self._error(f"the aggregate {name} cannot stand here", tree, "Aggregates belong in SELECT, HAVING or ORDER BY; filter them with HAVING.")
        distinct = bool(trees) and isinstance(trees[0], exp.Distinct)
        if distinct:
            trees = list(trees[0].expressions)
        inner = self._without_aggregates()
        if name == "count" and (not trees or isinstance(trees[0], exp.Star)):
            if distinct:
                raise self._error("COUNT(DISTINCT *) is not defined", tree, "Name a column.")
            call = AggregateCall("count", None, pl.Int64(), where=where)
        elif len(trees) == 1:
            kind, result = functions.AGGREGATES[name]
            argument = inner.bind(trees[0])
            if name == "sum" and isinstance(argument.dtype, pl.Boolean):
                argument = cast_to(argument, pl.Int32())
            argument = inner._argument(name, kind, argument, trees[0])
            dtype = argument.dtype if not isinstance(argument.dtype, pl.Null) else pl.Int32()
            call = AggregateCall(name, argument, result(dtype), distinct and name not in ("min", "max"), where)
        else:
            raise self._error(f"{name} takes one argument, not {len(trees)}", tree)
        for existing, other in self.aggregates.items():
            if other == call:
                return Column(existing, call.dtype)
        unique = self.names.fresh(f"{name}()")
        self.aggregates[unique] = call
        return Column(unique, call.dtype)

def _name_and_arguments(tree: exp.Func) -> tuple[str, list[exp.Expression]]:
    if isinstance(tree, exp.Anonymous):
        return functions.canonical(str(tree.this)), list(tree.expressions)
    known = _ARGUMENTS.get(type(tree))
    if known is not None:
        return known[0], [tree.args[k] for k in known[1] if tree.args.get(k) is not None]
    trees: list[exp.Expression] = []
    for key in tree.arg_types:
        value = tree.args.get(key)
        if isinstance(value, list):
            trees += [v for v in value if isinstance(v, exp.Expression)]
        elif isinstance(value, exp.Expression):
            trees.append(value)
    return functions.canonical(tree.sql_name()), trees


def _counts(function: functions.Function) -> str:
    if function.variadic:
        return f"at least {function.args_min} argument(s)"
    most = len(function.args)
    return f"{most} argument(s)" if function.args_min == most else f"{function.args_min} to {most} arguments"

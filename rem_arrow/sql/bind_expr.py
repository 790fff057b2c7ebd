"""Scalar expressions: SQLGlot trees to typed expressions of plan/nodes.py, in one scope.

An aggregate function is bound where the caller allows it: it is put into `aggregates`, and stands in the expression as a
column of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import cast

import polars as pl
from sqlglot import exp

from rem_arrow.datatypes import sql_name
from rem_arrow.errors import BindError, UnsupportedError, suggest
from rem_arrow.plan import functions, types
from rem_arrow.plan.nodes import AggregateCall, And, Call, Case, Cast, Column, Expr, InList, Literal, Or, Parameter
from rem_arrow.sql.parse import position
from rem_arrow.sql.scope import Names, Scope
from rem_arrow.sql.type_names import literal_number, polars_type

_COMPARISONS: dict[type[exp.Expression], str] = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_ARITHMETIC: dict[type[exp.Expression], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.IntDiv: "//", exp.Mod: "%"}
_FOLD_TYPES = (pl.Date, pl.Datetime, pl.Time)
_MONTHS = {"YEAR": 12, "QUARTER": 3, "MONTH": 1, "DECADE": 120, "CENTURY": 1200}
_MICROSECONDS = {
    "WEEK": 604_800_000_000,
    "DAY": 86_400_000_000,
    "HOUR": 3_600_000_000,
    "MINUTE": 60_000_000,
    "SECOND": 1_000_000,
    "MILLISECOND": 1_000,
    "MICROSECOND": 1,
}

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


class ExprBinder:
    """Binds expressions of one SELECT.

    Args:
        parameters: the type of each parameter by name, "1" and so on for `?`.
        aggregates: where aggregate calls are collected; None where they are not allowed.
    """

    def __init__(self, text: str, scope: Scope, names: Names, parameters: Mapping[str, pl.DataType], *, aggregates: dict[str, AggregateCall] | None = None) -> None:
        self.text, self.scope, self.names, self.parameters, self.aggregates = text, scope, names, parameters, aggregates

    def bind(self, tree: exp.Expression) -> Expr:
        """Return the typed expression. Raises BindError or UnsupportedError with the position."""
        for kind, method in _BINDERS:
            if isinstance(tree, kind):
                return method(self, tree)
        if type(tree) in _COMPARISONS:
            return self._comparison(_COMPARISONS[type(tree)], tree)
        if type(tree) in _ARITHMETIC:
            return self._arithmetic(_ARITHMETIC[type(tree)], tree)
        if isinstance(tree, exp.Func):
            return self._function(tree)
        raise UnsupportedError(f"{tree.sql('duckdb')[:60]} ({tree.key}) is not supported here", self.text, *position(tree))

    def boolean(self, tree: exp.Expression, what: str) -> Expr:
        """Bind a condition."""
        return self.as_boolean(self.bind(tree), tree, what)

    def as_boolean(self, expr: Expr, tree: exp.Expression, what: str) -> Expr:
        if isinstance(expr.dtype, pl.Boolean):
            return expr
        if isinstance(expr.dtype, pl.Null) or types.is_number(expr.dtype):
            return cast_to(expr, pl.Boolean())
        raise self._error(f"{what} needs a BOOLEAN, and this is {sql_name(expr.dtype)}", tree)

    def _error(self, message: str, tree: exp.Expression, hint: str = "") -> BindError:
        return BindError(message, self.text, *position(tree), hint=hint)

    # --- leaves

    def _column(self, tree: exp.Column) -> Expr:
        start, end = position(tree)
        if tree.args.get("db") is not None:
            raise UnsupportedError("a column is named by its table and itself; schemas are not supported", self.text, start, end)
        return self.scope.resolve(tree.name, tree.table or None, self.text, start, end)

    def _literal(self, tree: exp.Literal) -> Expr:
        if tree.is_string:
            return Literal(tree.this, pl.String())
        try:
            return Literal(*literal_number(tree.this))
        except ValueError as error:
            raise self._error(f"{tree.this} is not a number", tree) from error

    def _parameter(self, tree: exp.Expression) -> Expr:
        name = tree.name or str(tree.args.get("this") or "")
        if not name:
            raise self._error("positional parameters are numbered by the binder", tree)
        if name not in self.parameters:
            given = [f"${p}" for p in self.parameters]
            raise self._error(f"no value for the parameter ${name}", tree, suggest(f"${name}", given, "Parameters"))
        return Parameter(name, self.parameters[name])

    def _boolean_literal(self, tree: exp.Expression) -> Expr:
        return Literal(bool(tree.this), pl.Boolean())

    def _null(self, tree: exp.Expression) -> Expr:
        return Literal(None, pl.Null())

    def _paren(self, tree: exp.Expression) -> Expr:
        return self.bind(tree.this)

    # --- logic

    def _and(self, tree: exp.Expression) -> Expr:
        return And(tuple(self.boolean(t, "AND") for t in _flat(tree, exp.And)))

    def _or(self, tree: exp.Expression) -> Expr:
        return Or(tuple(self.boolean(t, "OR") for t in _flat(tree, exp.Or)))

    def _not(self, tree: exp.Expression) -> Expr:
        return Call("not", (self.boolean(tree.this, "NOT"),), pl.Boolean())

    def _is(self, tree: exp.Expression) -> Expr:
        operand, right = self.bind(tree.this), tree.expression
        if isinstance(right, exp.Null):
            return Call("is_null", (operand,), pl.Boolean())
        if isinstance(right, exp.Boolean):
            pair = (self.as_boolean(operand, tree, "IS"), Literal(bool(right.this), pl.Boolean()))
            return Call("not", (Call("is_distinct", pair, pl.Boolean()),), pl.Boolean())
        raise UnsupportedError(f"IS {right.sql('duckdb')} is not supported", self.text, *position(tree))

    def _distinct_from(self, tree: exp.Expression) -> Expr:
        differs = Call("is_distinct", self._pair(tree), pl.Boolean())
        return differs if isinstance(tree, exp.NullSafeNEQ) else Call("not", (differs,), pl.Boolean())

    def _comparison(self, operator: str, tree: exp.Expression) -> Expr:
        return Call(operator, self._pair(tree), pl.Boolean())

    def _pair(self, tree: exp.Expression) -> tuple[Expr, Expr]:
        left, right = self.same([self.bind(tree.this), self.bind(tree.expression)], tree)
        return left, right

    def same(self, operands: list[Expr], tree: exp.Expression) -> list[Expr]:
        """Return the operands in one type. A text literal takes the type of the others: d = '2024-01-01'."""
        typed = [o for o in operands if not (isinstance(o, (Literal, Parameter)) and isinstance(o.dtype, (pl.String, pl.Null)))]
        wanted: pl.DataType | None = typed[0].dtype if typed else operands[0].dtype
        for operand in typed[1:] if typed else operands[1:]:
            wanted = None if wanted is None else _joint(wanted, operand, typed or operands)
        if wanted is None:
            kinds = " and ".join(dict.fromkeys(sql_name(o.dtype) for o in operands))
            raise self._error(f"{kinds} do not compare", tree, "Cast one of them: CAST(x AS ...).")
        return [self._converted(o, wanted, tree) for o in operands]

    def _converted(self, expr: Expr, wanted: pl.DataType, tree: exp.Expression) -> Expr:
        try:
            return cast_to(expr, wanted)
        except ValueError as error:
            raise self._error(f"{error}", tree) from error

    def _in(self, tree: exp.Expression) -> Expr:
        if tree.args.get("query") is not None or tree.args.get("unnest") is not None:
            raise UnsupportedError("IN with a subquery is not supported yet", self.text, *position(tree))
        if not tree.expressions:
            return Literal(False, pl.Boolean())
        operand, *options = self.same([self.bind(tree.this), *(self.bind(o) for o in tree.expressions)], tree)
        return InList(operand, tuple(options))

    def _between(self, tree: exp.Expression) -> Expr:
        x, low, high = self.same([self.bind(tree.this), self.bind(tree.args["low"]), self.bind(tree.args["high"])], tree)
        return And((Call(">=", (x, low), pl.Boolean()), Call("<=", (x, high), pl.Boolean())))

    def _like(self, tree: exp.Expression) -> Expr:
        escape = None
        if isinstance(tree, exp.Escape):
            escape, tree = tree.expression, tree.this
        name = "ilike" if isinstance(tree, exp.ILike) else "like"
        trees = [tree.this, tree.expression] + ([escape] if escape is not None else [])
        return self._call(name, trees, tree)

    def _case(self, tree: exp.Expression) -> Expr:
        subject = tree.this
        conditions = []
        for branch in tree.args["ifs"]:
            conditions.append(self._comparison("=", exp.EQ(this=subject.copy(), expression=branch.this)) if subject is not None else self.boolean(branch.this, "CASE WHEN"))
        default = tree.args.get("default")
        results = [self.bind(b.args["true"]) for b in tree.args["ifs"]] + [self.bind(default) if default is not None else Literal(None, pl.Null())]
        results = self.same(results, tree)
        return Case(tuple(zip(conditions, results[:-1], strict=True)), results[-1], results[-1].dtype)

    def _if(self, tree: exp.Expression) -> Expr:
        default = tree.args.get("false") or exp.Null()
        results = self.same([self.bind(tree.args["true"]), self.bind(default)], tree)
        return Case(((self.boolean(tree.this, "IF"), results[0]),), results[1], results[1].dtype)

    def _cast(self, tree: exp.Expression) -> Expr:
        dtype = polars_type(tree.args["to"], self.text)
        operand = self.bind(tree.this)
        try:
            return cast_to(operand, dtype, safe=isinstance(tree, exp.TryCast), explicit=True)
        except ValueError as error:
            raise self._error(str(error), tree) from error

    # --- arithmetic

    def _negate(self, tree: exp.Expression) -> Expr:
        operand = self.bind(tree.this)
        if isinstance(operand, Literal) and isinstance(operand.value, int) and not isinstance(operand.value, bool):
            return Literal(*_signed(-operand.value))
        if not types.is_number(operand.dtype) and not isinstance(operand.dtype, pl.Null):
            raise self._error(f"- needs a number, and this is {sql_name(operand.dtype)}", tree)
        return Call("negate", (operand,), operand.dtype)

    def _arithmetic(self, operator: str, tree: exp.Expression) -> Expr:
        interval = tree.expression if isinstance(tree.expression, exp.Interval) else None
        if interval is None and isinstance(tree.this, exp.Interval) and operator == "+":
            return self._shifted(self.bind(tree.expression), tree.this, 1, tree)
        if interval is not None and operator in ("+", "-"):
            return self._shifted(self.bind(tree.this), interval, 1 if operator == "+" else -1, tree)
        left, right = self.bind(tree.this), self.bind(tree.expression)
        if isinstance(left.dtype, pl.Date) and operator in ("+", "-"):
            if right.dtype.is_integer():
                return Call("add_days", (left, right if operator == "+" else Call("negate", (right,), right.dtype)), pl.Date())
            if isinstance(right.dtype, pl.Date) and operator == "-":
                return Call("days_between", (left, right), pl.Int64())
        left, right = _fit_literals(left, right)
        dtype = types.arithmetic(operator, left.dtype, right.dtype)
        if dtype is None:
            raise self._error(f"{sql_name(left.dtype)} {operator} {sql_name(right.dtype)} is not defined", tree, "Both sides must be numbers; cast them first.")
        return Call(operator, (left, right), dtype)

    def _shifted(self, operand: Expr, interval: exp.Interval, sign: int, tree: exp.Expression) -> Expr:
        if not types.is_temporal(operand.dtype) or isinstance(operand.dtype, pl.Time):
            raise self._error(f"an interval is added to a date or a timestamp, and this is {sql_name(operand.dtype)}", tree)
        unit = (interval.unit.name if interval.unit is not None else "").upper().rstrip("S")
        words = interval.this.name.split() if interval.this is not None else []
        if len(words) == 2:
            unit = words[1].upper().rstrip("S")
        if not words or unit not in {**_MONTHS, **_MICROSECONDS}:
            raise UnsupportedError(f"the interval {interval.sql('duckdb')} is not supported", self.text, *position(tree))
        try:
            amount = sign * int(words[0])
        except ValueError as error:
            raise self._error(f"{words[0]} is not a whole number of {unit.lower()}s", interval) from error
        zone = operand.dtype.time_zone if isinstance(operand.dtype, pl.Datetime) else None
        result = pl.Datetime("us", zone)
        if unit in _MONTHS:
            return Call("add_months", (cast_to(operand, result), Literal(amount * _MONTHS[unit], pl.Int64())), result)
        return Call("add_microseconds", (cast_to(operand, result), Literal(amount * _MICROSECONDS[unit], pl.Int64())), result)

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

    def _without_aggregates(self) -> ExprBinder:
        return ExprBinder(self.text, self.scope, self.names, self.parameters)

    def _subquery(self, tree: exp.Expression) -> Expr:
        raise UnsupportedError("a subquery in an expression is not supported yet", self.text, *position(tree))

    def _window(self, tree: exp.Expression) -> Expr:
        raise UnsupportedError("window functions (OVER) are not supported yet", self.text, *position(tree))


_BINDERS: tuple[tuple[type[exp.Expression] | tuple[type[exp.Expression], ...], Callable[[ExprBinder, exp.Expression], Expr]], ...] = (
    (exp.Column, ExprBinder._column),  # type: ignore[arg-type]
    (exp.Literal, ExprBinder._literal),  # type: ignore[arg-type]
    ((exp.Placeholder, exp.Parameter), ExprBinder._parameter),
    (exp.Boolean, ExprBinder._boolean_literal),
    (exp.Null, ExprBinder._null),
    (exp.Paren, ExprBinder._paren),
    (exp.And, ExprBinder._and),
    (exp.Or, ExprBinder._or),
    (exp.Not, ExprBinder._not),
    (exp.Is, ExprBinder._is),
    ((exp.NullSafeEQ, exp.NullSafeNEQ), ExprBinder._distinct_from),
    (exp.In, ExprBinder._in),
    (exp.Between, ExprBinder._between),
    ((exp.Like, exp.ILike, exp.Escape), ExprBinder._like),
    (exp.Case, ExprBinder._case),
    (exp.If, ExprBinder._if),
    (exp.Cast, ExprBinder._cast),
    (exp.Neg, ExprBinder._negate),
    (exp.DPipe, ExprBinder._concat_operator),
    (exp.Trim, ExprBinder._trim),
    ((exp.TimestampTrunc, exp.DateTrunc), ExprBinder._date_trunc),
    (exp.Extract, ExprBinder._extract),
    (exp.CurrentDate, ExprBinder._today),
    (exp.CurrentTimestamp, ExprBinder._now),
    (exp.Filter, ExprBinder._filter),
    (exp.Window, ExprBinder._window),
    ((exp.Subquery, exp.Exists, exp.Select, exp.Any, exp.All), ExprBinder._subquery),
)


def cast_to(expr: Expr, dtype: pl.DataType, *, safe: bool = False, explicit: bool = False) -> Expr:
    """Return `expr` as `dtype`. A text literal becomes a date or time at once; ValueError if it is none."""
    if expr.dtype == dtype:
        return expr
    if isinstance(expr, Literal) and expr.value is None:
        return Literal(None, dtype)
    if isinstance(expr, Literal) and isinstance(expr.value, str) and isinstance(dtype, _FOLD_TYPES) and not safe:
        return Literal(_temporal(expr.value, dtype), dtype)
    if isinstance(expr, Literal) and not explicit and isinstance(expr.value, int) and not isinstance(expr.value, bool) and dtype.is_integer():
        return Literal(expr.value, dtype) if _fits(expr.value, dtype) else Cast(expr, dtype)
    return Cast(expr, dtype, safe)


def _temporal(text: str, dtype: pl.DataType) -> object:
    try:
        if isinstance(dtype, pl.Date):
            return dt.date.fromisoformat(text.strip()[:10]) if len(text.strip()) > 10 else dt.date.fromisoformat(text.strip())
        if isinstance(dtype, pl.Time):
            return dt.time.fromisoformat(text.strip())
        assert isinstance(dtype, pl.Datetime), "folded types are temporal"
        stamp = dt.datetime.fromisoformat(text.strip())
        if dtype.time_zone is None:
            return stamp.astimezone(dt.timezone.utc).replace(tzinfo=None) if stamp.tzinfo else stamp
        return stamp if stamp.tzinfo else stamp.replace(tzinfo=dt.timezone.utc)
    except ValueError as error:
        raise ValueError(f"'{text}' is not a {sql_name(dtype)}; write it like 2024-12-31 or 2024-12-31 23:59:59") from error


def _fits(value: int, dtype: pl.DataType) -> bool:
    if not dtype.is_integer():
        return False
    width = types.bits(dtype)
    return -(1 << (width - 1)) <= value < 1 << (width - 1) if dtype.is_signed_integer() else 0 <= value < 1 << width


def _signed(value: int) -> tuple[int, pl.DataType]:
    dtype: pl.DataType = pl.Int32() if _fits(value, pl.Int32()) else pl.Int64() if _fits(value, pl.Int64()) else pl.Int128()
    return value, dtype


def _fit_literals(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Let an integer literal take the type of the integer beside it, if it fits."""
    for a, b in ((left, right), (right, left)):
        if isinstance(a, Literal) and isinstance(a.value, int) and not isinstance(b, Literal) and _fits(a.value, b.dtype):
            fitted = Literal(a.value, b.dtype)
            return (fitted, right) if a is left else (left, fitted)
    return left, right


def _joint(wanted: pl.DataType, operand: Expr, operands: list[Expr]) -> pl.DataType | None:
    """Return the common type of what was seen and one more; an integer literal that fits does not widen."""
    if isinstance(operand, Literal) and isinstance(operand.value, int) and _fits(operand.value, wanted):
        return wanted
    first = operands[0]
    if isinstance(first, Literal) and isinstance(first.value, int) and first.dtype == wanted and _fits(first.value, operand.dtype):
        return operand.dtype
    return types.common(wanted, operand.dtype)


def _flat(tree: exp.Expression, kind: type[exp.Expression]) -> list[exp.Expression]:
    """Return the operands of nested ANDs or ORs, in order, without recursion: texts may hold thousands."""
    found, todo = [], [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, kind):
            todo += [node.expression, node.this]
        elif isinstance(node, exp.Paren) and isinstance(node.this, kind):
            todo.append(node.this)
        else:
            found.append(node)
    return found


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

"""Operators: logic, comparisons, IN, BETWEEN, LIKE, CASE, CAST, arithmetic and intervals."""

from __future__ import annotations

import polars as pl
from sqlglot import exp

from rem_arrow.datatypes import sql_name
from rem_arrow.errors import UnsupportedError
from rem_arrow.plan import types
from rem_arrow.plan.nodes import And, Call, Case, Expr, InList, Literal, Or
from rem_arrow.sql.binding import Binding
from rem_arrow.sql.convert import cast_to, fit_literals, signed
from rem_arrow.sql.parse import position
from rem_arrow.sql.type_names import polars_type

_COMPARISONS: dict[type[exp.Expression], str] = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_ARITHMETIC: dict[type[exp.Expression], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.IntDiv: "//", exp.Mod: "%"}
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



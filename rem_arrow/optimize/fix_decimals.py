"""Compute decimals as 64-bit integers where the data prove that nothing overflows.

Polars' decimals are 128 bits wide and slow. A column of DECIMAL(p, s) whose values, as integers, fit into 64 bits is
read as these integers; sums, products and comparisons are carried out on them, with the scale and the bounds kept here,
and they become decimals again where something else is done with them, at the latest at the root. Nobody sees a
difference.

Reads bounds for correctness: runs at each execution, against the pinned version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

import polars as pl

from rem_arrow.plan.names import Names
from rem_arrow.plan.nodes import (
    Aggregate,
    AggregateCall,
    Call,
    Case,
    Cast,
    Column,
    Expr,
    Filter,
    InList,
    Join,
    Limit,
    Literal,
    Project,
    Relation,
    Scan,
    Sort,
    Union,
)
from rem_arrow.plan.walk import all_names, children, columns_of, map_aggregate, rebuild, rebuild_expr, substitute
from rem_arrow.source import Catalog

_INT = pl.Int64()
_LIMIT = (1 << 63) - 1
# Polars counts rows in 32 bits: a sum of so many values below 2^31 fits into 64.
_SMALL = 1 << 31
_DIGITS_MAX = 38
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=", "is_distinct")
_PICKED = ("min", "max", "any_value", "first", "last")


@dataclass(frozen=True, slots=True)
class Fixed:
    """A number as an integer: its value times 10 ** scale, within the bounds. `whole` columns are integers anyway, of
    their own type."""

    scale: int
    low: int
    high: int
    whole: bool = False

    @property
    def size(self) -> int:
        return max(abs(self.low), abs(self.high))


def fix_decimals(plan: Relation, catalog: Catalog) -> Relation:
    """Return the plan with its decimals as integers inside."""
    if not _reads_decimals(plan):
        return plan
    return _Fixing(catalog, Names(all_names(plan))).whole(plan)


def _reads_decimals(plan: Relation) -> bool:
    if isinstance(plan, Scan):
        return any(isinstance(t, pl.Decimal) for _, _, t in plan.columns)
    return any(map(_reads_decimals, children(plan)))


class _Fixing:
    def __init__(self, catalog: Catalog, names: Names) -> None:
        self.catalog, self.names = catalog, names

    def whole(self, plan: Relation) -> Relation:
        """Return the plan with the columns and types that it has."""
        fixed_plan, known = self.rewrite(plan)
        known = {n: f for n, f in known.items() if not f.whole}
        if not known:
            return fixed_plan
        outputs = tuple(
            (n, _unfixed(Column(n, _INT), known[n].scale, t) if n in known else cast(Expr, Column(n, t)))
            for n, t in plan.schema.items()
        )
        return Project(fixed_plan, outputs)

    def rewrite(self, plan: Relation) -> tuple[Relation, dict[str, Fixed]]:
        """Return the plan, and which of its columns are integers in it."""
        match plan:
            case Scan():
                return self._scan(plan)
            case Filter():
                below, known = self.rewrite(plan.input)
                return Filter(below, plain(plan.condition, known)), known
            case Project():
                return self._project(plan)
            case Join():
                return self._join(plan)
            case Aggregate():
                return self._aggregate(plan)
            case Sort():
                below, known = self.rewrite(plan.input)
                return Sort(below, tuple(replace(k, expr=_either(k.expr, known)) for k in plan.keys)), known
            case Limit():
                below, known = self.rewrite(plan.input)
                return replace(plan, input=below), known
            case Union():
                return self._union(plan)
            case _:
                return rebuild(plan, self.whole), {}

    def _scan(self, plan: Scan) -> tuple[Relation, dict[str, Fixed]]:
        known: dict[str, Fixed] = {}
        source = self.catalog.source(plan.source)
        for name, column, dtype in plan.columns:
            if (not isinstance(dtype, pl.Decimal) and not dtype.is_integer()) or source is None:
                continue
            statistics = source.statistics(column)
            if (
                statistics is not None
                and isinstance(statistics.low, int)
                and isinstance(statistics.high, int)
                and max(abs(statistics.low), abs(statistics.high)) <= _LIMIT
            ):
                scale = dtype.scale if isinstance(dtype, pl.Decimal) else 0
                known[name] = Fixed(scale, statistics.low, statistics.high, whole=not isinstance(dtype, pl.Decimal))
        fixed = {n: f.scale for n, f in known.items() if not f.whole}
        columns = tuple((n, c, _INT if n in fixed else t) for n, c, t in plan.columns)
        return replace(plan, columns=columns, fixed=tuple(fixed.items())), known

    def _project(self, plan: Project) -> tuple[Relation, dict[str, Fixed]]:
        below, known = self.rewrite(plan.input)
        outputs, found = [], {}
        for name, expr in plan.outputs:
            # Constants too: beside a column of another branch of a union they stay what it is.
            fixed = fix(expr, known) if isinstance(expr.dtype, pl.Decimal) else None
            if fixed is not None:
                found[name] = fixed[1]
            elif isinstance(expr, Column) and expr.name in known:
                found[name] = known[expr.name]
            outputs.append((name, fixed[0] if fixed is not None else plain(expr, known)))
        return Project(below, tuple(outputs)), found

    def _join(self, plan: Join) -> tuple[Relation, dict[str, Fixed]]:
        left, known_left = self.rewrite(plan.left)
        right, known_right = self.rewrite(plan.right)
        equals = []
        for a, b in plan.equals:
            x, y = fix(a, known_left), fix(b, known_right)
            decimals = isinstance(a.dtype, pl.Decimal) or isinstance(b.dtype, pl.Decimal)
            both = _aligned([x, y]) if x is not None and y is not None and decimals else None
            equals.append(
                (both[0][0], both[0][1]) if both is not None else (plain(a, known_left), plain(b, known_right))
            )
        known = {**known_left, **known_right}
        residual = None if plan.residual is None else plain(plan.residual, known)
        kept = known_left if plan.kind in ("semi", "anti") else known
        return replace(plan, left=left, right=right, equals=tuple(equals), residual=residual), kept

    def _union(self, plan: Union) -> tuple[Relation, dict[str, Fixed]]:
        """A column stays an integer where it is one in every branch."""
        branches = [self.rewrite(i) for i in plan.inputs]
        names = list(plan.schema)
        known: dict[str, Fixed] = {}
        for place, name in enumerate(names):
            found = [k.get(list(b.schema)[place]) for b, k in branches]
            if all(f is not None and not f.whole for f in found):
                bounds = [cast(Fixed, f) for f in found]
                known[name] = Fixed(bounds[0].scale, min(f.low for f in bounds), max(f.high for f in bounds))
        inputs = []
        for (branch, fixed), old in zip(branches, plan.inputs, strict=True):
            outputs = []
            for (n, t), name in zip(old.schema.items(), names, strict=True):
                loose = n in fixed and not fixed[n].whole and name not in known
                outputs.append(
                    (n, _unfixed(Column(n, _INT), fixed[n].scale, t) if loose else Column(n, branch.schema[n]))
                )
            loosened = any(
                n in fixed and not fixed[n].whole and name not in known
                for n, name in zip(old.schema, names, strict=True)
            )
            inputs.append(Project(branch, tuple(outputs)) if loosened else branch)
        return Union(tuple(inputs)), known

    # --- aggregates

    def _aggregate(self, plan: Aggregate) -> tuple[Relation, dict[str, Fixed]]:
        below, known = self.rewrite(plan.input)
        found: dict[str, Fixed] = {}
        keys = []
        for name, key in plan.keys:
            fixed = fix(key, known) if columns_of(key) & known.keys() else None
            if fixed is not None and isinstance(key.dtype, pl.Decimal):
                found[name] = fixed[1]
                keys.append((name, fixed[0]))
            else:
                keys.append((name, plain(key, known)))
                if isinstance(key, Column) and key.name in known:
                    found[name] = known[key.name]
        calls: list[tuple[str, AggregateCall]] = []
        outputs: list[tuple[str, Expr]] = []
        for name, call in plan.aggregates:
            own, output, info = self._call(name, call, known)
            # The same call twice is one.
            twins = {n: next((m for m, other in calls if other == c), None) for n, c in own}
            calls += [(n, c) for n, c in own if twins[n] is None]
            outputs.append((name, substitute(output, {n: Column(m, _INT) for n, m in twins.items() if m is not None})))
            if info is not None:
                found[name] = info
        result = Aggregate(below, tuple(keys), tuple(calls))
        if all(isinstance(e, Column) and e.name == n for n, e in outputs):
            return result, found
        passed = tuple((n, cast(Expr, Column(n, result.schema[n]))) for n, _ in keys)
        return Project(result, (*passed, *outputs)), found

    def _call(
        self, name: str, call: AggregateCall, known: dict[str, Fixed]
    ) -> tuple[list[tuple[str, AggregateCall]], Expr, Fixed | None]:
        """Return the aggregates that compute one, the expression over them, and whether that is an integer."""
        fixed = (
            fix(call.argument, known)
            if call.argument is not None and columns_of(call.argument) & known.keys()
            else None
        )
        if fixed is not None and isinstance(call.argument.dtype if call.argument is not None else None, pl.Decimal):
            expr, info = fixed
            plain_call = replace(map_aggregate(call, lambda e: plain(e, known)), argument=expr, dtype=_INT)
            if call.function in _PICKED:
                return [(name, plain_call)], Column(name, _INT), info
            if call.function == "sum" and not call.distinct:
                return self._sum(name, call, replace(plain_call, function="fixed_sum"), info)
            if call.function == "avg" and not call.distinct:
                return self._mean(name, replace(plain_call, function="fixed_sum"), info)
            if call.function == "count":
                return [(name, replace(plain_call, dtype=call.dtype))], Column(name, call.dtype), None
        return [(name, map_aggregate(call, lambda e: plain(e, known)))], Column(name, call.dtype), None

    def _mean(
        self, name: str, whole: AggregateCall, info: Fixed
    ) -> tuple[list[tuple[str, AggregateCall]], Expr, Fixed | None]:
        """A mean is a sum over a count, of which others may have use too."""
        count = self.names.fresh(f"{name} count")
        if info.size >= _SMALL:
            # A sum of floats would lose the digits of large values that cancel out.
            halves, exact = self._halves(name, whole, pl.Decimal(_DIGITS_MAX, info.scale))
            number = Cast(Column(count, _INT), pl.Float64())
            return (
                [*halves, (count, replace(whole, function="count"))],
                Call("/", (Cast(exact, pl.Float64()), number), pl.Float64()),
                None,
            )
        calls = [(name, whole), (count, replace(whole, function="count"))]
        total, number = (Cast(Column(n, _INT), pl.Float64()) for n in (name, count))
        scaled = Call("*", (number, Literal(float(10**info.scale), pl.Float64())), pl.Float64())
        return calls, Call("/", (total, scaled), pl.Float64()), None

    def _sum(
        self, name: str, call: AggregateCall, whole: AggregateCall, info: Fixed
    ) -> tuple[list[tuple[str, AggregateCall]], Expr, Fixed | None]:
        """A sum of small values fits; of larger ones the upper and the lower halves are summed apart."""
        if info.size < _SMALL:
            return [(name, whole)], _unfixed(Column(name, _INT), info.scale, call.dtype), None
        halves, exact = self._halves(name, whole, call.dtype)
        return halves, exact, None

    def _halves(
        self, name: str, whole: AggregateCall, dtype: pl.DataType
    ) -> tuple[list[tuple[str, AggregateCall]], Expr]:
        low = self.names.fresh(f"{name} low")
        assert whole.argument is not None, "a sum has an argument"
        halves = [
            (name, replace(whole, argument=Call("fixed_high", (whole.argument,), _INT))),
            (low, replace(whole, argument=Call("fixed_low", (whole.argument,), _INT))),
        ]
        return halves, Call("unfixed_sum", (Column(name, _INT), Column(low, _INT)), dtype)


def _unfixed(expr: Expr, scale: int, dtype: pl.DataType) -> Expr:
    assert isinstance(dtype, pl.Decimal) and dtype.scale == scale, "the scale of a fixed number is that of its type"
    return Call("unfixed", (expr,), dtype)


def _either(expr: Expr, known: dict[str, Fixed]) -> Expr:
    """Return a sort key as an integer if it can be one: they sort alike."""
    fixed = fix(expr, known) if isinstance(expr.dtype, pl.Decimal) and columns_of(expr) else None
    return plain(expr, known) if fixed is None else fixed[0]


def plain(expr: Expr, known: dict[str, Fixed]) -> Expr:
    """Return an expression over fixed columns that has its own type; comparisons inside are of integers."""
    if not columns_of(expr) & known.keys():
        return expr
    if isinstance(expr, Column) and known[expr.name].whole:
        return expr
    if isinstance(expr, Column):
        return _unfixed(Column(expr.name, _INT), known[expr.name].scale, expr.dtype)
    if (
        isinstance(expr, Call)
        and expr.function in _COMPARISONS
        and any(isinstance(a.dtype, pl.Decimal) for a in expr.args)
    ):
        aligned = _aligned([fix(a, known) for a in expr.args])
        if aligned is not None:
            return replace(expr, args=tuple(aligned[0]))
    if isinstance(expr, InList) and isinstance(expr.operand.dtype, pl.Decimal):
        aligned = _aligned([fix(a, known) for a in (expr.operand, *expr.options)])
        if aligned is not None:
            return replace(expr, operand=aligned[0][0], options=tuple(aligned[0][1:]))
    if (
        isinstance(expr, Call)
        and expr.function == "is_null"
        and isinstance(expr.args[0], Column)
        and not known[expr.args[0].name].whole
    ):
        return replace(expr, args=(Column(expr.args[0].name, _INT),))
    fixed = fix(expr, known) if isinstance(expr.dtype, pl.Decimal) else None
    if fixed is not None and isinstance(expr.dtype, pl.Decimal) and fixed[1].scale == expr.dtype.scale:
        return _unfixed(fixed[0], fixed[1].scale, expr.dtype)
    if (
        isinstance(expr, Cast)
        and isinstance(expr.dtype, pl.Float64)
        and isinstance(expr.operand.dtype, pl.Decimal)
        and (inner := fix(expr.operand, known)) is not None
    ):
        return Call(
            "/", (Cast(inner[0], pl.Float64()), Literal(float(10 ** inner[1].scale), pl.Float64())), pl.Float64()
        )
    return rebuild_expr(expr, lambda e: plain(e, known))


def fix(expr: Expr, known: dict[str, Fixed]) -> tuple[Expr, Fixed] | None:
    """Return a number as an integer expression, and its scale and bounds; None where that is not proven."""
    match expr:
        case Column():
            if expr.name not in known:
                return None
            fixed = known[expr.name]
            column = Column(expr.name, _INT)
            return (
                column
                if not fixed.whole
                else Cast(Column(expr.name, expr.dtype), _INT)
                if expr.dtype != _INT
                else column
            ), fixed
        case Literal():
            return _literal(expr)
        case Cast() if not expr.safe and isinstance(expr.dtype, pl.Decimal):
            inner = fix(expr.operand, known)
            return None if inner is None else _rescaled(inner, expr.dtype.scale, expr.dtype)
        case Call(function="+" | "-" | "*", args=(a, b)) if isinstance(expr.dtype, pl.Decimal):
            x, y = fix(a, known), fix(b, known)
            return None if x is None or y is None else _arithmetic(expr.function, x, y, expr.dtype)
        case Call(function="negate") if isinstance(expr.dtype, pl.Decimal):
            inner = fix(expr.args[0], known)
            return (
                None
                if inner is None
                else (
                    Call("fixed-", (Literal(0, _INT), inner[0]), _INT),
                    Fixed(inner[1].scale, -inner[1].high, -inner[1].low),
                )
            )
        case Call(function="coalesce") if isinstance(expr.dtype, pl.Decimal):
            return _joint([fix(a, known) for a in expr.args], lambda args: replace(expr, args=tuple(args), dtype=_INT))
        case Case() if isinstance(expr.dtype, pl.Decimal):
            conditions = [plain(c, known) for c, _ in expr.branches]
            values = [fix(v, known) for v in (*(v for _, v in expr.branches), expr.otherwise)]
            return _joint(values, lambda vs: Case(tuple(zip(conditions, vs[:-1], strict=True)), vs[-1], _INT))
        case _:
            return None


def _literal(expr: Literal) -> tuple[Expr, Fixed] | None:
    scale = expr.dtype.scale if isinstance(expr.dtype, pl.Decimal) else 0
    if expr.value is None:
        return (Literal(None, _INT), Fixed(scale, 0, 0)) if isinstance(expr.dtype, pl.Decimal) else None
    if isinstance(expr.value, bool) or not isinstance(expr.value, (int, Decimal)):
        return None
    scaled = Decimal(expr.value).scaleb(scale)
    value = int(scaled)
    return (Literal(value, _INT), Fixed(scale, value, value)) if value == scaled and abs(value) <= _LIMIT else None


def _rescaled(number: tuple[Expr, Fixed], scale: int, dtype: pl.Decimal | None = None) -> tuple[Expr, Fixed] | None:
    """Return the number with more places behind the point."""
    expr, fixed = number
    factor = 10 ** (scale - fixed.scale) if scale >= fixed.scale else 0
    if (
        not factor
        or fixed.size * factor > _LIMIT
        or (dtype is not None and fixed.size * factor >= 10 ** (dtype.precision or 38))
    ):
        return None
    if factor == 1:
        return number
    grown = Fixed(scale, fixed.low * factor, fixed.high * factor)
    if isinstance(expr, Literal):
        return Literal(None if expr.value is None else cast(int, expr.value) * factor, _INT), grown
    return Call("fixed*", (expr, Literal(factor, _INT)), _INT), grown


def _arithmetic(
    operator: str, x: tuple[Expr, Fixed], y: tuple[Expr, Fixed], dtype: pl.Decimal
) -> tuple[Expr, Fixed] | None:
    if operator == "*":
        (a, f), (b, g) = x, y
        ends = [p * q for p in (f.low, f.high) for q in (g.low, g.high)]
        found = Fixed(f.scale + g.scale, min(ends), max(ends))
    else:
        aligned = _aligned([x, y])
        if aligned is None:
            return None
        (a, b), (f, g), scale = aligned
        found = (
            Fixed(scale, f.low + g.low, f.high + g.high)
            if operator == "+"
            else Fixed(scale, f.low - g.high, f.high - g.low)
        )
    if found.size > _LIMIT or found.scale != dtype.scale or found.size >= 10 ** (dtype.precision or 38):
        return None
    return Call(f"fixed{operator}", (a, b), _INT), found


def _aligned(numbers: list[tuple[Expr, Fixed] | None]) -> tuple[list[Expr], list[Fixed], int] | None:
    """Return the numbers with one scale; None if one of them is none, or does not fit."""
    if any(n is None for n in numbers):
        return None
    known = [cast("tuple[Expr, Fixed]", n) for n in numbers]
    scale = max(f.scale for _, f in known)
    scaled = [_rescaled(n, scale) for n in known]
    if any(s is None for s in scaled):
        return None
    done = [cast("tuple[Expr, Fixed]", s) for s in scaled]
    return [e for e, _ in done], [f for _, f in done], scale


def _joint(numbers: list[tuple[Expr, Fixed] | None], build: Callable[[list[Expr]], Expr]) -> tuple[Expr, Fixed] | None:
    aligned = _aligned(numbers)
    if aligned is None:
        return None
    exprs, bounds, scale = aligned
    return build(exprs), Fixed(scale, min(f.low for f in bounds), max(f.high for f in bounds))

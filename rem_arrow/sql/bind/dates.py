"""INTERVAL literals, and functions of dates and times whose arguments SQLGlot names in its own ways: EXTRACT,
date_trunc, AT TIME ZONE, time_bucket."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import suggest
from rem_arrow.plan import statement_time, types
from rem_arrow.plan.date_parts import PART_OF, UNIT_OF
from rem_arrow.plan.interval_text import Interval, interval_of_amount, unit_of
from rem_arrow.plan.nodes import Call, Expr, Literal
from rem_arrow.plan.time_functions import TO_UNITS, UNIT_MICROSECONDS
from rem_arrow.plan.zones import zone_named
from rem_arrow.sql.bind.binder import ExprBinder, Operator
from rem_arrow.sql.bind.conversions import cast_to
from rem_arrow.sql.bind.intervals import constant, interval_from
from rem_arrow.sql.bind.scalar_calls import call
from rem_arrow.sql.bind.special_functions import SPECIAL
from rem_arrow.sql.text.position import written_name
from rem_arrow.sql.text.rendered import rendered
from rem_arrow.sql.text.trees import literal_text

_ZONED_WIDTH_MIN = 15 * UNIT_MICROSECONDS["minute"]
_UNIT_FUNCTIONS = {unit: name for name, unit in TO_UNITS.items()}
# Units that may have a part: INTERVAL '1.5' SECOND. Of others INTERVAL '1.5' DAY is one.
_PARTED = ("second", "millisecond")


def _interval(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """Bind INTERVAL '1' DAY, INTERVAL 3 MONTHS, INTERVAL (n) HOUR. Of most units there are only whole ones."""
    amount, unit_tree = tree.this, tree.args.get("unit")
    unit = None if unit_tree is None else unit_of(unit_tree.name)
    if amount is None or isinstance(unit_tree, exp.IntervalSpan):
        raise binder.unsupported(f"the interval {rendered(tree)} is not supported", tree)
    if unit_tree is not None and unit is None:
        raise binder.unsupported(f"the interval unit {unit_tree.name} is not supported", tree)
    if unit is None:
        return interval_from(binder, binder.bind(amount), tree)
    text = literal_text(amount.unnest())
    if text is not None:
        return constant(_of_number(binder, text, unit, tree))
    count = binder.bind(amount)
    if not (types.is_number(count.dtype) or types.is_text(count.dtype) or isinstance(count.dtype, pl.Null)):
        raise binder.error(f"INTERVAL takes a number of {unit}s, and this is {sql_name(count.dtype)}", tree)
    number = cast_to(count, pl.Float64())
    whole = Call("trunc", (number,), pl.Float64())
    counted = number if unit in _PARTED else cast_to(whole, pl.Int64())
    return Call(_UNIT_FUNCTIONS[unit], (counted,), types.CALENDAR)


def _of_number(binder: ExprBinder, text: str, unit: str, tree: exp.Expression) -> Interval:
    try:
        number = Fraction(Decimal(text.strip()))
    except (ArithmeticError, ValueError) as error:
        raise binder.error(f"'{text}' is not a number of {unit}s", tree, "Leave the unit to the text.") from error
    return interval_of_amount(number if unit in _PARTED else Fraction(int(number)), unit)


def _date_trunc(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return SPECIAL["date_trunc"](binder, [_unit(binder, tree, "date_trunc"), tree.this], tree)


def _date_diff(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return call(binder, "date_diff", [_unit(binder, tree, "date_diff"), tree.expression, tree.this], tree)


def _unit(binder: ExprBinder, tree: exp.Expression, name: str) -> exp.Expression:
    """Return the unit as a text, or as the column that names it: SQLGlot reads date_trunc(part, d) as a word too."""
    unit = tree.args.get("unit") or exp.Literal.string("day")
    if not isinstance(unit, (exp.Var, exp.Literal)):
        return unit
    word = unit.name.lower()
    if word in UNIT_OF:
        return exp.Literal.string(word)
    if isinstance(unit, exp.Var) and binder.scope.knows(unit.name):
        return exp.column(unit.name)
    raise binder.error(
        f"{word} is not a unit of {name}", tree, suggest(word, tuple(dict.fromkeys(UNIT_OF.values())), "Units")
    )


def _extract(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return part(binder, tree.this.name, tree.expression, tree)


def part(binder: ExprBinder, part: str, operand: exp.Expression, tree: exp.Expression) -> Expr:
    name = PART_OF.get(part.lower())
    if name is None:
        raise binder.error(
            f"{part} is not a part of a date", tree, suggest(part, tuple(dict.fromkeys(PART_OF.values())), "Parts")
        )
    return call(binder, name, [operand], tree)


def _since_1970(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """to_timestamp(seconds), epoch_ms(milliseconds or a time), make_timestamp(microseconds): one class of SQLGlot, by
    its scale."""
    scale = tree.args.get("scale")
    if scale is None or (written_name(binder.text, tree) or "").lower() == "to_timestamp":
        return call(binder, "to_timestamp", [t for t in (tree.this, scale) if t is not None], tree)
    if scale.name == "3":
        return call(binder, "epoch_ms", [tree.this], tree)
    return Call(
        "timestamp_of_microseconds", (binder.converted(binder.bind(tree.this), pl.Int64(), tree),), pl.Datetime("us")
    )


def _time_bucket(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """SQLGlot takes a third argument that is a name for a unit."""
    third = tree.args.get("unit") or tree.args.get("zone")
    if isinstance(third, exp.Var) and zone_named(third.name) is not None and not binder.scope.reaches(third.name, None):
        width = binder.bind(tree.this)
        if _is_short(width):
            # Every zone is whole quarters of an hour off, but in the hour that a clock goes through twice.
            return call(binder, "time_bucket", [tree.this, tree.expression], tree)
        # Buckets of a time zone begin where its clocks say so.
        zone = exp.Literal.string(zone_named(third.name))
        local = exp.AtTimeZone(this=tree.expression.copy(), zone=zone)
        return binder.bind(exp.AtTimeZone(this=exp.DateBin(this=tree.this.copy(), expression=local), zone=zone.copy()))
    third = exp.column(third.name) if isinstance(third, exp.Var) else third
    return call(binder, "time_bucket", [t for t in (tree.this, tree.expression, third) if t is not None], tree)


def _is_short(width: Expr) -> bool:
    """Say whether an interval is a constant below a quarter of an hour."""
    match width:
        case Call(function="calendar_interval", args=(Literal(value=0), Literal(value=0), Literal(value=int(micros)))):
            return micros < _ZONED_WIDTH_MIN
        case _:
            return False


def _at_time_zone(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return call(binder, "timezone", [tree.args["zone"], tree.this], tree)


def _strftime(binder: ExprBinder, tree: exp.Expression) -> Expr:
    """DuckDB takes the time and the format in either order."""
    trees = [tree.this, tree.args["format"]]
    # SQLGlot 30 reads an empty format as the text None.
    if literal_text(trees[1]) == "None" and "'None'" not in binder.text:
        raise binder.error("strftime takes a format that is not empty", tree)
    first = binder.bind(trees[0]).dtype
    return call(binder, "strftime", trees[::-1] if types.is_text(first) else trees, tree)


def _today(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return statement_time.TODAY


def _now(binder: ExprBinder, tree: exp.Expression) -> Expr:
    return statement_time.NOW


TREES: dict[type[exp.Expression], Operator] = {
    exp.AtTimeZone: _at_time_zone,
    exp.CurrentDate: _today,
    exp.CurrentTimestamp: _now,
    exp.DateBin: _time_bucket,
    exp.DateDiff: _date_diff,
    exp.DateTrunc: _date_trunc,
    exp.Extract: _extract,
    exp.Interval: _interval,
    exp.TimeToStr: _strftime,
    exp.TimestampTrunc: _date_trunc,
    exp.UnixToTime: _since_1970,
}

"""Functions that are bound in a way of their own: their arguments are operators in disguise, or only their types
count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TypeAlias

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name, widens
from rem_arrow.base.errors import suggest
from rem_arrow.base.session_state import SETTINGS, SessionState
from rem_arrow.plan import statement_time, types
from rem_arrow.plan.comparable import comparable
from rem_arrow.plan.nodes import Call, Case, Cast, Column, Expr, Literal
from rem_arrow.plan.walk import columns_of
from rem_arrow.sql.bind.arithmetic import arithmetic
from rem_arrow.sql.bind.binder import ExprBinder
from rem_arrow.sql.bind.conversions import cast_to, equal_to_texts
from rem_arrow.sql.bind.scalar_calls import call, expect
from rem_arrow.sql.text.trees import literal_text, place_of

Special: TypeAlias = Callable[[ExprBinder, list[exp.Expression], exp.Expression], Expr]

# The fields of a day.
_DAY = ("year", "month", "day")
_STAMP, _STAMP_UTC = pl.Datetime("us"), pl.Datetime("us", "UTC")


def _operator(symbol: str) -> Special:
    """add(a, b) and the like."""

    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        if len(trees) == 1 and symbol in ("+", "-"):
            return binder.bind(trees[0] if symbol == "+" else exp.Neg(this=trees[0].copy()))
        expect(binder, trees, 2, tree)
        return arithmetic(binder, symbol, binder.bind(trees[0]), binder.bind(trees[1]), tree)

    return bind


def _floored(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """fdiv(x, y) is floor(x / y)."""
    expect(binder, trees, 2, tree)
    quotient = arithmetic(binder, "/", binder.bind(trees[0]), binder.bind(trees[1]), tree)
    return Call("floor", (quotient,), quotient.dtype)


def _floored_rest(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """fmod(x, y) is x - y * floor(x / y)."""
    expect(binder, trees, 2, tree)
    x, y = (cast_to(binder.bind(t), pl.Float64()) for t in trees)
    product = Call("*", (y, _floored(binder, trees, tree)), pl.Float64())
    return Call("-", (x, product), pl.Float64())


def _date_add(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    expect(binder, trees, 2, tree)
    return arithmetic(binder, "+", binder.bind(trees[0]), binder.bind(trees[1]), tree)


def _age(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """age(x) counts from x to the start of today."""
    if len(trees) == 1:
        today = exp.Cast(this=exp.CurrentDate(), to=exp.DataType.build("TIMESTAMP"))
        return call(binder, "age", [today, exp.Cast(this=trees[0].copy(), to=exp.DataType.build("TIMESTAMP"))], tree)
    if len(trees) == 2 and any(isinstance(t, exp.Null) for t in trees):
        trees = [exp.Cast(this=t.copy(), to=exp.DataType.build("TIMESTAMP")) for t in trees]
    return call(binder, "age", trees, tree)


def _typeof(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    expect(binder, trees, 1, tree)
    dtype = binder.bind(trees[0]).dtype
    return Literal('"NULL"' if isinstance(dtype, pl.Null) else sql_name(dtype), pl.String())


def _pg_typeof(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """The name of the type in small letters, as PostgreSQL has it."""
    name = _typeof(binder, trees, tree)
    assert isinstance(name, Literal), "a type has one name"
    return Literal(str(name.value).lower(), pl.String())


def _try(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """TRY(x): NULL for a row for which x is an error; TRY(CAST(x AS t)) of a column is TRY_CAST."""
    expect(binder, trees, 1, tree)
    operand = binder.bind(trees[0])
    if isinstance(operand, Cast) and isinstance(operand.operand, (Column, Literal)):
        return Cast(operand.operand, operand.dtype, safe=True)
    return Call("try", (operand,), operand.dtype)


def _constant_or_null(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    if len(trees) < 2:
        raise binder.error("constant_or_null takes a value and at least one argument more", tree)
    value, *others = (binder.bind(t) for t in trees)
    missing = tuple((Call("is_null", (o,), pl.Boolean()), Literal(None, value.dtype)) for o in others)
    return Case(missing, value, value.dtype)


def _date(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    expect(binder, trees, 1, tree)
    return binder.bind(exp.Cast(this=trees[0].copy(), to=exp.DataType.build("DATE")))


def _make_date(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """make_date(n) is the n-th day after 1970-01-01, make_date(s) the day of a struct's fields."""
    if len(trees) != 1:
        return call(binder, "make_date", trees, tree)
    value = binder.bind(trees[0])
    if isinstance(value.dtype, pl.Struct):
        fields = [
            exp.Anonymous(this="struct_extract", expressions=[trees[0].copy(), exp.Literal.string(n)]) for n in _DAY
        ]
        return call(binder, "make_date", fields, tree)
    days = binder.converted(value, pl.Int32(), tree)
    return Call("add_days", (Literal(dt.date(1970, 1, 1), pl.Date()), days), pl.Date())


def _time(expr: Expr) -> Special:
    """A function of the time that is now, with no arguments."""

    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        expect(binder, trees, 0, tree)
        return expr

    return bind


def _of_session(value: Callable[[SessionState], str]) -> Special:
    """A function of the session, with no arguments."""

    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        expect(binder, trees, 0, tree)
        return Literal(value(binder.context.catalog.session), pl.String())

    return bind


def _schemas(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """current_schemas(all): those in which names are sought."""
    expect(binder, trees, 1, tree)
    # Those of the system are sought in too, and are never listed.
    binder.bind(trees[0])
    names = [exp.Literal.string(n) for n in dict.fromkeys((*binder.context.catalog.session.schemas, "main"))]
    return binder.bind(exp.Array(expressions=names))


def _current_setting(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """current_setting('timezone') is what SET has set."""
    expect(binder, trees, 1, tree)
    name = literal_text(trees[0])
    if name is None:
        raise binder.error("current_setting takes the name of a setting as a text", tree)
    value = binder.context.catalog.session.setting(name)
    if value is None:
        raise binder.error(f"there is no setting {name}", tree, suggest(name, SETTINGS, "Settings"))
    return Literal(value, pl.String())


def _variable(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """getvariable('x') is what SET VARIABLE has set, and NULL where it has not."""
    expect(binder, trees, 1, tree)
    name = literal_text(trees[0])
    if name is None:
        raise binder.error("getvariable takes the name of a variable as a text", tree)
    value = binder.context.catalog.session.variables.get(name.casefold())
    return value if isinstance(value, (Call, Literal)) else Literal(None, pl.Null())


def _date_trunc(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """Truncate dates and times; the fields of an interval have a function of their own."""
    if len(trees) == 2:
        operand = binder.bind(trees[1])
        if types.is_interval(operand.dtype):
            return Call("interval_trunc", (binder.bind(trees[0]), operand), types.CALENDAR)
    return call(binder, "date_trunc", trees, tree)


def _finite(name: str, *, answer: bool) -> Special:
    """isfinite and isinf: dates and times have no infinity here."""

    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        operand = binder.bind(trees[0]) if len(trees) == 1 else None
        if operand is None or not types.is_temporal(operand.dtype):
            return call(binder, name, trees, tree)
        missing = (Call("is_null", (operand,), pl.Boolean()), Literal(None, pl.Boolean()))
        return Case((missing,), Literal(answer, pl.Boolean()), pl.Boolean())

    return bind


def _nothing(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """setseed(x): taken, and gives NULL; random() does not repeat."""
    expect(binder, trees, 1, tree)
    call(binder, "abs", trees, tree)
    return Literal(None, pl.Null())


def _nullif(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """NULLIF(a, b) compares as = does; its type is that of a."""
    expect(binder, trees, 2, tree)
    value = binder.bind(trees[0])
    pair = binder.same(equal_to_texts([value, binder.bind(trees[1])]), tree)
    value = pair[0] if isinstance(value, Literal) else value
    return Case(
        ((Call("=", tuple(map(comparable, pair)), pl.Boolean()), Literal(None, value.dtype)),), value, value.dtype
    )


def _check_places(binder: ExprBinder, name: str, dtype: pl.DataType, tree: exp.Expression) -> None:
    """The number of places is an INTEGER; of a decimal, whose type it is part of, a constant."""
    places = binder.bind(tree)
    if places.dtype.is_integer() and not widens(places.dtype, pl.Int32()):
        raise binder.error(f"{name} takes an INTEGER here, and this is {sql_name(places.dtype)}", tree)
    if isinstance(dtype, pl.Decimal) and columns_of(places):
        raise binder.error(
            f"{name} of a {sql_name(dtype)} takes a constant number of places", tree, "Cast it to DOUBLE."
        )


def _places(name: str) -> Special:
    """ROUND, ROUND_EVEN and TRUNC of a decimal to a constant number of places: it has no more places then."""

    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        if len(trees) == 2:
            _check_places(binder, name, binder.bind(trees[0]).dtype, trees[1])
        rounded = call(binder, name, trees, tree)
        if not (isinstance(rounded, Call) and len(rounded.args) == 2 and isinstance(rounded.dtype, pl.Decimal)):
            return rounded
        value, places = rounded.args
        if isinstance(value.dtype, pl.Decimal) and isinstance(places, Literal) and isinstance(places.value, int):
            scale = min(value.dtype.scale, max(places.value, 0))
            return Cast(rounded, pl.Decimal(value.dtype.precision, scale))
        return rounded

    return bind


def _entity_table(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """entity_table('Users') is 'users', the name of a table of entities as it is stored with edges."""
    expect(binder, trees, 1, tree)
    text = literal_text(trees[0])
    if text is None:
        raise binder.error("entity_table takes the name of a table of entities as a text", tree)
    name = binder.context.catalog.entity_table(text)
    if name is None:
        raise binder.error(f'no entity table "{text}"; edges lead from and to entities', trees[0])
    return Literal(name, pl.String())


def _sequence(function: str) -> Special:
    """nextval('s') and currval('s'): the name of a sequence is a literal, and becomes its number in the catalog."""

    def bind(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
        expect(binder, trees, 1, tree)
        name = literal_text(trees[0])
        if name is None:
            raise binder.error(f"{function} takes the name of a sequence in quotes, as in {function}('s')", trees[0])
        number = binder.context.catalog.sequence([part.strip('"') for part in name.split(".")])
        if number is None:
            raise binder.error(f'no sequence "{name}"', trees[0], "CREATE SEQUENCE makes one.")
        return Call(function, (Literal(number, pl.Int64()),), pl.Int64(), place_of(tree))

    return bind


def _list_length(binder: ExprBinder, trees: list[exp.Expression], tree: exp.Expression) -> Expr:
    """array_length(x, 1); there are no other dimensions."""
    if len(trees) == 2 and not (isinstance(trees[1], exp.Literal) and trees[1].this == "1"):
        raise binder.unsupported("a list has the length of its dimension 1 only", trees[1])
    return call(binder, "list_length", trees[: 1 if len(trees) == 2 else None], tree)


SPECIAL: dict[str, Special] = {
    "list_length": _list_length,
    "nextval": _sequence("nextval"),
    "currval": _sequence("currval"),
    "add": _operator("+"),
    "subtract": _operator("-"),
    "multiply": _operator("*"),
    "divide": _operator("//"),
    "mod": _operator("%"),
    "fdiv": _floored,
    "fmod": _floored_rest,
    "date_add": _date_add,
    "age": _age,
    "typeof": _typeof,
    "pg_typeof": _pg_typeof,
    "nullif": _nullif,
    "round": _places("round"),
    "trunc": _places("trunc"),
    "round_even": _places("round_even"),
    "roundbankers": _places("round_even"),
    "try": _try,
    "constant_or_null": _constant_or_null,
    "date": _date,
    "make_date": _make_date,
    "date_trunc": _date_trunc,
    **{name: _time(expr) for name, expr in statement_time.BY_NAME.items()},
    "isfinite": _finite("isfinite", answer=True),
    "isinf": _finite("isinf", answer=False),
    "setseed": _nothing,
    "entity_table": _entity_table,
    "current_schema": _of_session(lambda session: session.schema),
    "current_schemas": _schemas,
    "current_setting": _current_setting,
    "getvariable": _variable,
    "current_database": _of_session(lambda session: session.database),
    "current_catalog": _of_session(lambda session: session.database),
    "current_user": _of_session(lambda _: "rem_arrow"),
    "session_user": _of_session(lambda _: "rem_arrow"),
    "user": _of_session(lambda _: "rem_arrow"),
    "version": _of_session(lambda _: "rem_arrow"),
}

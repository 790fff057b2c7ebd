"""PIVOT, as a statement and in FROM: a GROUP BY with one filtered aggregate for each value of ON.

Values that no IN names are read by a query while the statement is bound; the plan is then good for one run, and the
caller is told so.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from sqlglot import exp

from rem_arrow.base.errors import ParseError
from rem_arrow.plan import functions
from rem_arrow.plan.nodes import Query
from rem_arrow.sql.bind.from_clause import FromBinder
from rem_arrow.sql.bind.select_list import output_name
from rem_arrow.sql.bind.surroundings import Cte, Surroundings
from rem_arrow.sql.bind.unpivot import unpivoted
from rem_arrow.sql.text.pivot_tokens import ALIASED, COMPUTED
from rem_arrow.sql.text.position import position
from rem_arrow.sql.text.read_marks import take

# No user's CTE has a name with a line break.
_SOURCE = "pivot\nsource"
COLUMNS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class _Value:
    """One value of ON: the name of its columns, and the condition on a row."""

    name: str
    condition: exp.Expression


def pivoted(froms: FromBinder, tree: exp.Pivot, around: Surroundings) -> tuple[Query, bool]:
    """Return the query, and whether its columns follow from the rows of its source."""
    source = tree.this
    select = (
        source
        if isinstance(source, exp.Select)
        else exp.Select(expressions=[exp.Star()], from_=exp.From(this=source.copy()))
    )
    cte = Cte(exp.CTE(this=select, alias=exp.TableAlias(this=exp.to_identifier(_SOURCE))), around)
    table = exp.Table(
        this=exp.to_identifier(_SOURCE, quoted=True),
        alias=exp.TableAlias(this=exp.to_identifier(source.alias_or_name or "pivot", quoted=True)),
    )
    inner = around.with_cte(_SOURCE, cte)
    if tree.args.get("unpivot"):
        return unpivoted(froms, tree, table, inner), False
    pivot = _Pivot(froms, tree, table, inner)
    return froms.bind_query(pivot.select(), inner), pivot.reads_data


class _Pivot:
    """One PIVOT while it is written out."""

    def __init__(self, froms: FromBinder, tree: exp.Pivot, table: exp.Table, around: Surroundings) -> None:
        self._froms, self._context, self._tree, self._table = froms, froms.context, tree, table
        self._around = around
        self.reads_data = False
        standard = bool(tree.args.get("fields"))
        self._on = list(tree.args["fields"] if standard else tree.expressions)
        using = tree.expressions if standard else tree.args.get("using") or []
        self._using = [_computed(u) for u in using] or [exp.Count(this=exp.Star())]

    def select(self) -> exp.Select:
        group = self._tree.args.get("group")
        keys = list(group.expressions) if group is not None else self._other_columns() if self._on else []
        if group is not None and group.args.get("all"):
            raise self._context.unsupported(
                "GROUP BY ALL has no meaning in PIVOT; without GROUP BY all other columns are the keys", self._tree
            )
        columns = list(product(*map(self._values, self._on)))
        if not columns:
            # Without a value there is no aggregate.
            for using in self._using:
                take(using)
        if len(columns) * len(self._using) > COLUMNS_MAX:
            raise self._context.unsupported(f"PIVOT makes more than {COLUMNS_MAX:,} columns", self._tree)
        named = len(self._using) > 1 or isinstance(self._using[0], exp.Alias) or not self._on
        items: list[exp.Expression] = [k.copy() for k in keys]
        for values in columns:
            condition = exp.and_(*(v.condition for v in values)) if values else exp.true()
            for using in self._using:
                call = using.this if isinstance(using, exp.Alias) else using
                suffix = [using.alias or output_name(call)] if named else []
                name = "_".join([*(v.name for v in values), *suffix])
                items.append(exp.alias_(self._filtered(call, condition), name, quoted=True))
        return exp.Select(
            expressions=items,
            from_=exp.From(this=self._table),
            **({"group": exp.Group(expressions=[k.copy() for k in keys])} if keys else {}),
        )

    def _other_columns(self) -> list[exp.Expression]:
        """Return the columns that neither ON nor USING names: the keys where no GROUP BY is given."""
        everything = exp.Select(expressions=[exp.Star()], from_=exp.From(this=self._table.copy()))
        _, scope = self._froms.bind(everything, self._around)
        named = {c.name.casefold() for t in self._using for c in t.find_all(exp.Column)}
        named |= {
            c.name.casefold()
            for t in self._on
            for c in (t.this if isinstance(t, exp.In) else t).find_all(exp.Column, exp.Identifier)
        }
        return [
            exp.column(exp.to_identifier(c.name, quoted=True))
            for c in scope.all_columns()
            if c.name.casefold() not in named
        ]

    def _filtered(self, tree: exp.Expression, condition: exp.Expression) -> exp.Expression:
        """Let every aggregate of USING see the rows of one value."""
        root = exp.Paren(this=tree.copy())
        calls = [n for n in root.walk(prune=_is_aggregate) if _is_aggregate(n)]
        if not calls:
            raise self._context.error("USING of PIVOT takes aggregates, like sum(x)", tree)
        for call in calls:
            # DuckDB 2.0 puts the condition in the place of a FILTER of the user's.
            inner = call.this if isinstance(call, exp.Filter) else call
            take(call)
            call.replace(exp.Filter(this=inner.copy(), expression=exp.Where(this=condition.copy())))
        return root.this

    # --- the values of ON

    def _values(self, on: exp.Expression) -> list[_Value]:
        if not isinstance(on, exp.In):
            return sorted(self._read(on, self._distinct(on)), key=lambda value: value.name)
        operand = exp.column(on.this.copy()) if isinstance(on.this, exp.Identifier) else on.this
        if on.args.get("query") is not None:
            return self._read(operand, on.args["query"])
        if on.args.get("field") is not None:
            return self._read(operand, _values_of_type(on.args["field"]))
        if not on.expressions:
            raise self._context.unsupported("IN of PIVOT takes a list of values", on)
        values = [self._value(operand, e) for e in on.expressions]
        twice = next((v.name for i, v in enumerate(values) if v.name in {w.name for w in values[:i]}), None)
        if twice is not None:
            raise self._context.error(f'the value "{twice}" stands in IN more than once', on)
        return values

    def _value(self, operand: exp.Expression, tree: exp.Expression) -> _Value:
        alias = tree.args.get("alias")
        if alias is None:
            return self._unaliased(operand, tree)
        name = alias if isinstance(alias, str) else alias.name
        return _Value(name, self._unaliased(operand, tree.this).condition)

    def _unaliased(self, operand: exp.Expression, value: exp.Expression) -> _Value:
        match value:
            case exp.Tuple() if isinstance(operand, exp.Tuple) and len(operand.expressions) == len(value.expressions):
                parts = [self._value(o, v) for o, v in zip(operand.expressions, value.expressions, strict=True)]
                return _Value("_".join(p.name for p in parts), exp.and_(*(p.condition for p in parts)))
            case exp.Column() | exp.Identifier():
                text = exp.Literal.string(value.name)
                return _Value(value.name, exp.EQ(this=_operand(operand), expression=text))
            case exp.Null():
                return _Value("NULL", exp.Is(this=_operand(operand), expression=exp.Null()))
            case exp.Anonymous() if value.name == ALIASED:
                if len(value.expressions) != 2:
                    raise ParseError(
                        "IN of PIVOT takes values, each with AS and a name after it or without",
                        self._context.text,
                        *position(value),
                    )
                inner, named = value.expressions
                return _Value(named.name, self._value(operand, inner).condition)
            case _:
                return _Value(self._text(value), exp.EQ(this=_operand(operand), expression=value.copy()))

    def _text(self, value: exp.Expression) -> str:
        if isinstance(value, exp.Literal):
            return str(value.this)
        ((text,),) = self._rows(exp.Select(expressions=[exp.cast(value.copy(), "VARCHAR")]), Surroundings(), value)
        return "NULL" if text is None else str(text)

    def _distinct(self, on: exp.Expression) -> exp.Expression:
        text = exp.alias_(exp.cast(_operand(on), "VARCHAR"), "value")
        return exp.Select(expressions=[text], distinct=exp.Distinct(), from_=exp.From(this=self._table.copy()))

    def _read(self, on: exp.Expression, query: exp.Expression) -> list[_Value]:
        """Return the values that a query gives now."""
        self.reads_data = True
        texts = list(dict.fromkeys(str(r[0]) for r in self._rows(query, self._around, on) if r[0] is not None))
        if len(texts) > COLUMNS_MAX:
            raise self._context.unsupported(f"PIVOT makes more than {COLUMNS_MAX:,} columns", on)
        return [
            _Value(t, exp.EQ(this=exp.cast(_operand(on), "VARCHAR"), expression=exp.Literal.string(t))) for t in texts
        ]

    def _rows(self, query: exp.Expression, around: Surroundings, tree: exp.Expression) -> list[tuple[object, ...]]:
        if self._context.evaluate is None:
            raise self._context.unsupported(
                "PIVOT needs the values of ON in this statement", tree, "Write ON x IN (value, ...)."
            )
        return self._context.evaluate(self._froms.bind_query(query, around.seeing(None)))


def _operand(tree: exp.Expression) -> exp.Expression:
    return exp.Paren(this=tree.copy())


def _computed(tree: exp.Expression) -> exp.Expression:
    """Return an element of USING without the call that stands around an expression."""
    call = tree.this if isinstance(tree, exp.Alias) else tree
    if not isinstance(call, exp.Anonymous) or call.name != COMPUTED:
        return tree
    (value,) = call.expressions
    return exp.alias_(value, tree.args["alias"]) if isinstance(tree, exp.Alias) else value


def _values_of_type(name: exp.Expression) -> exp.Select:
    """Return the query of the values of an ENUM."""
    kind = exp.DataType(this=exp.DType.USERDEFINED, kind=name.name)
    values = exp.Anonymous(this="enum_range", expressions=[exp.Cast(this=exp.Null(), to=kind)])
    return exp.select(exp.func("unnest", values))


def _is_aggregate(tree: exp.Expression) -> bool:
    match tree:
        case exp.Filter() | exp.WithinGroup() | exp.IgnoreNulls() | exp.RespectNulls() | exp.AggFunc():
            return True
        case exp.Anonymous():
            return functions.canonical(tree.name) in functions.AGGREGATES
        case _:
            return False

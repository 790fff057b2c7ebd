"""The algebra of a bound query: expressions and relations, frozen, each knowing its type or schema.

After binding every column name is unique in its query ("o.price" for alias o), so nodes refer to columns by name alone. AND
and OR hold any number of operands. A relation's `schema` maps its columns, in order, to Polars types.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal as OneOf
from typing import TypeAlias

import polars as pl

from rem_arrow.source import ColumnRange

Schema: TypeAlias = "dict[str, pl.DataType]"
JoinKind: TypeAlias = OneOf["inner", "left", "right", "full", "semi", "anti"]

BOOLEAN = pl.Boolean()


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    dtype: pl.DataType


@dataclass(frozen=True, slots=True)
class Literal:
    value: object
    dtype: pl.DataType


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    dtype: pl.DataType


@dataclass(frozen=True, slots=True)
class Call:
    """A scalar function of the catalog in functions.py."""

    function: str
    args: tuple[Expr, ...]
    dtype: pl.DataType


@dataclass(frozen=True, slots=True)
class Cast:
    """CAST, or with `safe` TRY_CAST: NULL instead of an error."""

    operand: Expr
    dtype: pl.DataType
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr
    dtype: pl.DataType


@dataclass(frozen=True, slots=True)
class InList:
    operand: Expr
    options: tuple[Expr, ...]
    dtype: pl.DataType = BOOLEAN

    def __post_init__(self) -> None:
        assert self.options, "the binder folds IN () to FALSE"


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple[Expr, ...]
    dtype: pl.DataType = BOOLEAN


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Expr, ...]
    dtype: pl.DataType = BOOLEAN


@dataclass(frozen=True, slots=True)
class Variable:
    """A parameter of a Lambda, within its body. Its name is unique as a column's is, but no relation has it."""

    name: str
    dtype: pl.DataType


@dataclass(frozen=True, slots=True)
class Lambda:
    """`lambda x, i: body`, an argument of a function over the items of a list; `dtype` is the body's."""

    variables: tuple[Variable, ...]
    body: Expr
    dtype: pl.DataType


Expr: TypeAlias = "Column | Literal | Parameter | Call | Cast | Case | InList | And | Or | Variable | Lambda"


@dataclass(frozen=True, slots=True)
class AggregateCall:
    """An aggregate function; `argument` is None for COUNT(*), `extra` are further arguments: a separator, a key to order by.

    `order` is the order in which it takes the rows.
    """

    function: str
    argument: Expr | None
    dtype: pl.DataType
    distinct: bool = False
    where: Expr | None = None
    extra: tuple[Expr, ...] = ()
    order: tuple[SortKey, ...] = ()


@dataclass(frozen=True, slots=True)
class SortKey:
    expr: Expr
    descending: bool = False
    nulls_last: bool = True


@dataclass(frozen=True)
class Scan:
    """A leaf: columns of a source, each under its unique name.

    `ranges` are for skipping only; a Filter above still decides. Of the text columns in `coded` the source may give categories
    instead: nothing between here and the Aggregate that has them as keys can tell.
    """

    source: str
    columns: tuple[tuple[str, str, pl.DataType], ...]
    ranges: tuple[ColumnRange, ...] = ()
    rows: int = 0
    coded: frozenset[str] = frozenset()

    @cached_property
    def schema(self) -> Schema:
        return {name: dtype for name, _, dtype in self.columns}


@dataclass(frozen=True)
class Values:
    """Rows of literals. No columns and one row is what SELECT without FROM reads."""

    columns: tuple[tuple[str, pl.DataType], ...]
    rows: tuple[tuple[Expr, ...], ...]

    @cached_property
    def schema(self) -> Schema:
        return dict(self.columns)


@dataclass(frozen=True)
class Filter:
    input: Relation
    condition: Expr

    def __post_init__(self) -> None:
        assert self.condition.dtype == BOOLEAN, f"a filter on {self.condition.dtype}"

    @property
    def schema(self) -> Schema:
        return self.input.schema


@dataclass(frozen=True)
class Project:
    input: Relation
    outputs: tuple[tuple[str, Expr], ...]

    def __post_init__(self) -> None:
        assert len({n for n, _ in self.outputs}) == len(self.outputs), "outputs repeat"

    @cached_property
    def schema(self) -> Schema:
        return {name: expr.dtype for name, expr in self.outputs}


@dataclass(frozen=True)
class Join:
    """`equals` are pairs (of the left side, of the right side); `residual` is any further condition over both."""

    kind: JoinKind
    left: Relation
    right: Relation
    equals: tuple[tuple[Expr, Expr], ...] = ()
    residual: Expr | None = None

    def __post_init__(self) -> None:
        assert self.left.schema.keys().isdisjoint(self.right.schema.keys()), "columns of a join repeat"

    @cached_property
    def schema(self) -> Schema:
        return dict(self.left.schema) if self.kind in ("semi", "anti") else {**self.left.schema, **self.right.schema}


@dataclass(frozen=True)
class Aggregate:
    """GROUP BY `keys`; without keys one row over everything. Without aggregates it is DISTINCT over the keys."""

    input: Relation
    keys: tuple[tuple[str, Expr], ...]
    aggregates: tuple[tuple[str, AggregateCall], ...]

    @cached_property
    def schema(self) -> Schema:
        return {name: e.dtype for name, e in (*self.keys, *self.aggregates)}


@dataclass(frozen=True)
class Sort:
    input: Relation
    keys: tuple[SortKey, ...]

    @property
    def schema(self) -> Schema:
        return self.input.schema


@dataclass(frozen=True)
class Limit:
    """`count` None is no limit. Both are literals or parameters."""

    input: Relation
    count: Expr | None
    offset: Expr | None = None

    @property
    def schema(self) -> Schema:
        return self.input.schema


@dataclass(frozen=True)
class Union:
    """UNION ALL of inputs whose columns agree in number and type; named as in the first."""

    inputs: tuple[Relation, ...]

    @property
    def schema(self) -> Schema:
        return self.inputs[0].schema


Relation: TypeAlias = "Scan | Values | Filter | Project | Join | Aggregate | Sort | Limit | Union"


@dataclass(frozen=True)
class Query:
    """A bound statement: the plan, and the user's names for its columns, which may repeat."""

    plan: Relation
    names: tuple[str, ...]

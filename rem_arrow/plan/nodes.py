"""The algebra of a bound query: expressions and relations, frozen, each knowing its type or schema.

After binding every column name is unique in its query ("o.price" for alias o), so nodes refer to columns by name alone.
AND and OR hold any number of operands. A relation's `schema` maps its columns, in order, to Polars types.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import polars as pl

from rem_arrow.base.source import NO_SKIPS, Skips
from rem_arrow.plan.kinds import ApplyKind, Exclude, FirstSide, FrameUnit, HitMetric, JoinKind

Schema: TypeAlias = "dict[str, pl.DataType]"

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
    """A function of functions.py. Volatile calls of one `place` are one value in a row; of other calls it is 0."""

    function: str
    args: tuple[Expr, ...]
    dtype: pl.DataType
    place: int = 0


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


TRUE, FALSE = Literal(value=True, dtype=BOOLEAN), Literal(value=False, dtype=BOOLEAN)

Expr: TypeAlias = "Column | Literal | Parameter | Call | Cast | Case | InList | And | Or | Variable | Lambda"


@dataclass(frozen=True, slots=True)
class AggregateCall:
    """An aggregate function; `argument` is None for COUNT(*), `extra` are further arguments: a separator, a key to
    order by.

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


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a frame. `offset` is None for UNBOUNDED; for CURRENT ROW it is the literal 0."""

    offset: Expr | None
    following: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """Which rows around the current one a window call sees."""

    unit: FrameUnit
    start: Bound
    end: Bound
    exclude: Exclude = ""


@dataclass(frozen=True, slots=True)
class WindowCall:
    """A window or aggregate function over a window; or a volatile one, which has no window. Without a frame the
    function defines what it sees. `inner` is the order in which it takes the rows of its frame, if not the window's."""

    function: str
    args: tuple[Expr, ...]
    dtype: pl.DataType
    partition: tuple[Expr, ...] = ()
    order: tuple[SortKey, ...] = ()
    frame: Frame | None = None
    where: Expr | None = None
    distinct: bool = False
    ignore_nulls: bool = False
    inner: tuple[SortKey, ...] = ()


@dataclass(frozen=True)
class Scan:
    """A leaf: columns of a source, each under its unique name.

    Attributes:
        columns: (unique name, column of the source, type).
        skips: what the source may leave out; a Filter or a Join above still decides.
        rows: about how many the source has.
        coded: names of texts that may come as categories: nothing up to the Aggregate that has them as keys can tell.
        fixed: names of decimals that the source gives as integers, with their scales.
        indexed: columns of the source whose rows of one value are found without reading the others.
    """

    source: str
    columns: tuple[tuple[str, str, pl.DataType], ...]
    skips: Skips = NO_SKIPS
    rows: int = 0
    coded: frozenset[str] = frozenset()
    fixed: tuple[tuple[str, int], ...] = ()
    indexed: frozenset[str] = frozenset()

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
    """`equals` are pairs (of the left side, of the right side); `residual` is any further condition over both.

    With `nulls_equal` a NULL equals a NULL in all pairs. What `asof` means is said in asof.py; `positional` joins by
    place. `first`, the side that runs first, says nothing of what the join means.
    """

    kind: JoinKind
    left: Relation
    right: Relation
    equals: tuple[tuple[Expr, Expr], ...] = ()
    residual: Expr | None = None
    nulls_equal: bool = False
    first: FirstSide = ""

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


@dataclass(frozen=True)
class Window:
    """Adds a column for each window call; the rows stay."""

    input: Relation
    calls: tuple[tuple[str, WindowCall], ...]

    @cached_property
    def schema(self) -> Schema:
        return {**self.input.schema, **{n: c.dtype for n, c in self.calls}}


@dataclass(frozen=True)
class Unnest:
    """One row for each place of the lists in `outputs`, beside the row of the input that they come from.

    Shorter lists are filled with NULLs. A row whose lists are all empty or NULL goes, or with `keep_empty` stays once.
    `ordinality` names a column of places, from 1.
    """

    input: Relation
    outputs: tuple[tuple[str, Expr], ...]
    keep_empty: bool = False
    ordinality: str | None = None

    @cached_property
    def schema(self) -> Schema:
        lists = {n: e.dtype.inner for n, e in self.outputs if isinstance(e.dtype, (pl.List, pl.Array))}
        assert len(lists) == len(self.outputs), "only lists are unnested"
        places: Schema = {} if self.ordinality is None else {self.ordinality: pl.Int64()}
        return {**self.input.schema, **lists, **places}  # type: ignore[dict-item]


@dataclass(frozen=True)
class Apply:
    """`subquery` for each row of `input`, whose columns it may read: what a correlated subquery means. `decorrelate`
    makes joins of it.

    scalar: adds column `name`, the value of its one row; NULL when there is none, an error when there are more.
    exists: adds the boolean column `name`.
    in: adds the boolean column `name`: `operand` IN the rows of the subquery, in three-valued logic.
    cross, left: adds the subquery's columns, a row for each of its rows; `left` keeps those without a good `condition`.
    """

    kind: ApplyKind
    input: Relation
    subquery: Relation
    name: str = ""
    operand: Expr | None = None
    condition: Expr | None = None

    @cached_property
    def schema(self) -> Schema:
        if self.kind in ("cross", "left"):
            return {**self.input.schema, **self.subquery.schema}
        value = next(iter(self.subquery.schema.values())) if self.kind == "scalar" else BOOLEAN
        return {**self.input.schema, self.name: value}


@dataclass(frozen=True)
class Recursive:
    """`base`, then `step` over the rows that came last (`Working`), until none is new; one row for each `keys`."""

    name: str
    base: Relation
    step: Relation
    distinct: bool
    keys: tuple[str, ...] = ()

    @property
    def schema(self) -> Schema:
        return self.base.schema


@dataclass(frozen=True)
class Working:
    """Within the step of the Recursive of that name: the rows of the round before, or all, under names of their own."""

    name: str
    columns: tuple[tuple[str, str, pl.DataType], ...]
    whole: bool = False

    @cached_property
    def schema(self) -> Schema:
        return {name: dtype for name, _, dtype in self.columns}


@dataclass(frozen=True)
class Shared:
    """A plan that is computed once, wherever it stands: all Shared of one number are the same."""

    input: Relation
    number: int

    @property
    def schema(self) -> Schema:
        return self.input.schema


@dataclass(frozen=True)
class Hit:
    """One search among the rows of a Search.

    Attributes:
        source, column: whose vectors, or texts.
        rowid, score: the column of the input that says which row of `source` a row has, and the one that is added.
        query: a relation of one row: the vector, or a text that `provider` embeds, or for bm25 the text; and a text.
        k, words: how many distinct rows of `source`; its columns of texts that are fused with the vectors, or reranked.
        least, reranker: the least score, of distances the greatest; the name of what orders the rows anew, or "".
    """

    source: str
    column: str
    rowid: str
    metric: HitMetric
    query: Relation
    k: Expr
    score: str
    words: tuple[str, ...] = ()
    least: Expr | None = None
    reranker: str = ""
    provider: str = ""


@dataclass(frozen=True)
class Search:
    """The rows of the input whose searched rows are, in each of `hits`, among the k nearest that the input has, with
    their scores; with `keep_all` all where fewer than k have a vector: what ORDER BY score LIMIT k asks for.

    With `keys` each query has these columns behind it, and a row for each search, whose hits have its values and are
    among the rows of the input with those that it has too.
    """

    input: Relation
    hits: tuple[Hit, ...]
    keep_all: bool = False
    keys: tuple[tuple[str, pl.DataType], ...] = ()

    @cached_property
    def schema(self) -> Schema:
        return {**self.input.schema, **dict(self.keys), **{h.score: pl.Float64() for h in self.hits}}


@dataclass(frozen=True)
class Index:
    """What a function of `index_functions` gives. Inputs have one column, and those in `named` stand last. With `keys`
    the others have columns of these types behind it: what has the same values is a call, whose rows have them too."""

    function: str
    inputs: tuple[Relation, ...]
    options: tuple[tuple[str, Expr], ...]
    columns: tuple[tuple[str, str, pl.DataType], ...]
    named: tuple[str, ...] = ()
    keys: tuple[tuple[str, pl.DataType], ...] = ()

    @cached_property
    def schema(self) -> Schema:
        return {**{name: dtype for name, _, dtype in self.columns}, **dict(self.keys)}


Relation: TypeAlias = (
    "Scan | Values | Filter | Project | Join | Aggregate | Sort | Limit | Union | Window | Unnest "
    "| Apply | Recursive | Working | Shared | Search | Index"
)


@dataclass(frozen=True)
class Query:
    """A bound statement: the plan, and the user's names for its columns, which may repeat."""

    plan: Relation
    names: tuple[str, ...]

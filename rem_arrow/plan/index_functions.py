"""The functions in FROM that an index answers: LOOKUP and FUZZY, and what follows edges. One table, INDEX_FUNCTIONS.

A function takes inputs, relations whose first column gives ids or texts, in parentheses in their order; then options by
name, each a constant or a parameter, and relations by name, each a query. How it runs is in `index_calls.RUNS`, under
the same name; neither the binder nor lowering knows one by name.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rem_arrow.base.datatypes import sql_name

_TEXT, _INT, _FLOAT = pl.String(), pl.Int64(), pl.Float64()


@dataclass(frozen=True, slots=True)
class Option:
    """An option `name => value`.

    Attributes:
        dtype: of its value; a list takes a single item too.
        default: its value where it is not given; None is NULL.
        choices: the texts that it may be; empty for any. They may be written without quotes.
        low, high: bounds of a number, both allowed.
    """

    name: str
    dtype: pl.DataType
    default: object
    doc: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    nullable: bool = False

    def problem(self, value: object) -> str | None:
        """Return what is wrong with a value of the right type; None when it is good."""
        if value is None:
            return None if self.nullable or self.default is None else f"{self.name} cannot be NULL"
        if self.choices:
            wrong = next((v for v in (value if isinstance(value, list) else [value]) if v not in self.choices), None)
            return None if wrong is None else f"{self.name} is one of {', '.join(self.choices)}, not {wrong!r}"
        if not isinstance(value, (int, float)) or self._in_bounds(value):
            return None
        bounds = f"at least {self.low:g}" if self.high is None else f"from {self.low or 0:g} to {self.high:g}"
        return f"{self.name} is {bounds}, not {value!r}"

    def _in_bounds(self, value: float) -> bool:
        # A NaN is within no bounds.
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class Given:
    """A relation `name => (SELECT ...)`, whose first column is of that type."""

    name: str
    dtype: pl.DataType
    doc: str


@dataclass(frozen=True, slots=True)
class IndexFunction:
    """What a function takes and gives.

    Attributes:
        inputs: a name for each, for messages. The last `optional` of them may be left out; with `repeats` the last
            may come many times.
        columns: the columns of its rows, in order.
        rows: about how many rows it gives for each row of its inputs.
        relations: what may be given by name besides the options.
    """

    name: str
    inputs: tuple[str, ...]
    options: tuple[Option, ...]
    columns: tuple[tuple[str, pl.DataType], ...]
    doc: str
    optional: int = 0
    repeats: bool = False
    rows: int = 1
    relations: tuple[Given, ...] = ()

    def option(self, name: str) -> Option | None:
        return next((o for o in self.options if o.name == name), None)

    def relation(self, name: str) -> Given | None:
        return next((r for r in self.relations if r.name == name), None)

    @property
    def signature(self) -> str:
        """How it is called, for messages and the reference."""
        inputs = [f"[{n}]" if i >= len(self.inputs) - self.optional else n for i, n in enumerate(self.inputs)]
        repeated = ["..."] if self.repeats else []
        options = [f"{o.name} => {_shown(o)}" for o in self.options]
        relations = [f"{r.name} => (SELECT ...)" for r in self.relations]
        return f"{self.name.upper()}({', '.join([*inputs, *repeated, *options, *relations])})"


def _shown(option: Option) -> str:
    if option.default is None:
        return "NULL"
    return repr(option.default) if isinstance(option.default, (str, bool, int, float)) else sql_name(option.dtype)


_FOUND = (("table", _TEXT), ("id", _TEXT), ("name", _TEXT), ("matched_on", _TEXT))
_ASKED = (("entity", _TEXT), ("asked", _TEXT), ("position", _INT))
_TYPE = Option("type", pl.List(_TEXT), None, "edges of this type or these; NULL for all", nullable=True)
_DIRECTION = Option("direction", _TEXT, "out", "along the edges, against them, or both", choices=("out", "in", "both"))
_ROWS = Option("rows", _INT, 1_000_000, "the most rows; more are an error", low=1)
_NODE = (("id", _TEXT), ("table", _TEXT))
_WITHIN = (
    Given("nodes", _TEXT, "the ids of the entities that may be reached and walked through; without it all"),
    Given(
        "edges",
        _INT,
        "the rowids of the edges that may be walked, such as (SELECT rowid FROM edges WHERE weight > 0.5); without "
        "it all",
    ),
)
_PATHS = (("path_id", _INT), ("length", _INT), ("path", pl.List(_TEXT)), ("edge_types", pl.List(_TEXT)))


def _depth(default: int) -> Option:
    return Option("depth", _INT, default, "the most edges of a path", low=1, high=1_000)


_FUNCTIONS = (
    IndexFunction(
        "neighbors",
        ("ids",),
        (_depth(1), _TYPE, _DIRECTION, _ROWS),
        (("start_id", _TEXT), *_NODE, ("depth", _INT)),
        "the entities within that many edges of the given ones, each once for each start",
        repeats=True,
        rows=30,
        relations=_WITHIN,
    ),
    IndexFunction(
        "traverse",
        ("ids",),
        (
            _depth(1),
            _TYPE,
            _DIRECTION,
            Option("strategy", _TEXT, "bfs", "the order of the rows", choices=("bfs", "dfs")),
            Option(
                "unique",
                _TEXT,
                "node",
                "each entity once, or every path without a repeated entity",
                choices=("node", "path"),
            ),
            Option("include_start", pl.Boolean(), default=False, doc="whether the starts are rows too, at depth 0"),
            _ROWS,
        ),
        (
            ("start_id", _TEXT),
            *_NODE,
            ("depth", _INT),
            ("edge_type", _TEXT),
            ("parent_id", _TEXT),
            ("path", pl.List(_TEXT)),
        ),
        "as NEIGHBORS, with the path to each entity: its last edge, the entity before it, all ids from the start",
        repeats=True,
        rows=30,
        relations=_WITHIN,
    ),
    IndexFunction(
        "shortest_path",
        ("a", "b"),
        (
            _TYPE,
            _DIRECTION,
            Option(
                "weighted",
                pl.Boolean(),
                default=False,
                doc="the path of least total weight; an edge without a weight counts 1",
            ),
            Option("every", pl.Boolean(), default=False, doc="all paths of that length, not only one"),
            Option("depth", _INT, None, "the most edges of a path; NULL for no bound", low=1, nullable=True),
        ),
        _PATHS,
        "a shortest path from each a to each b; no row where there is none",
        relations=_WITHIN,
    ),
    IndexFunction(
        "all_paths",
        ("a", "b"),
        (_depth(6), _TYPE, _DIRECTION, _ROWS),
        _PATHS,
        "every path from each a to each b without a repeated entity",
        rows=30,
        relations=_WITHIN,
    ),
    IndexFunction(
        "cycles",
        (),
        (_depth(6), _TYPE, _DIRECTION, _ROWS),
        _PATHS,
        "every cycle without a repeated entity",
        rows=30,
        relations=_WITHIN,
    ),
    IndexFunction(
        "walks",
        ("ids",),
        (
            Option("least", _INT, 1, "the fewest edges", low=0, high=1_000),
            Option(
                "most",
                _INT,
                None,
                "the most edges; NULL for no bound, where the mode or the choice bounds the walks",
                low=0,
                high=1_000,
                nullable=True,
            ),
            _TYPE,
            _DIRECTION,
            Option(
                "mode",
                _TEXT,
                "walk",
                "what may not repeat: nothing, an edge, an entity, or an entity but for the first as the last",
                choices=("walk", "trail", "acyclic", "simple"),
            ),
            Option(
                "choose",
                _TEXT,
                "all",
                "every walk, or for each start and end so many of the shortest or all shortest walks",
                choices=("all", "any_shortest", "all_shortest"),
            ),
            Option("count", _INT, 1, "how many walks any_shortest gives for each start and end", low=1, high=1_000),
            Option("backward", pl.Boolean(), default=False, doc="whether the lists run from the end to the start"),
            _ROWS,
        ),
        (
            ("start_table", _TEXT),
            ("start_id", _TEXT),
            ("table", _TEXT),
            ("id", _TEXT),
            ("length", _INT),
            ("path", pl.List(_TEXT)),
            ("edge_type", pl.List(_TEXT)),
            ("weight", pl.List(_FLOAT)),
        ),
        "walks from the entities, one row each, with the types and weights of their edges; what GRAPH_TABLE's "
        "quantifiers use",
        repeats=True,
        rows=30,
        relations=_WITHIN,
    ),
    IndexFunction(
        "degree",
        (),
        (_TYPE,),
        (*_NODE, ("in_degree", _INT), ("out_degree", _INT), ("degree", _INT)),
        "how many edges each entity has",
        rows=10_000,
    ),
    IndexFunction(
        "pagerank",
        (),
        (
            _TYPE,
            Option("damping", _FLOAT, 0.85, "the share of the rank that follows edges", low=0, high=0.999),
            Option("tolerance", _FLOAT, 1e-6, "the sum of changes below which the iteration ends", low=1e-15),
        ),
        (*_NODE, ("score", _FLOAT)),
        "the PageRank of each entity; all sum to 1",
        rows=10_000,
    ),
    IndexFunction(
        "components",
        (),
        (
            _TYPE,
            Option(
                "strong",
                pl.Boolean(),
                default=False,
                doc="strong components: the entities that reach each other along the edges",
            ),
        ),
        (*_NODE, ("component", _INT)),
        "the connected component of each entity; 0 is the largest",
        rows=10_000,
    ),
    IndexFunction(
        "topological_order",
        (),
        (_TYPE,),
        (*_NODE, ("level", _INT)),
        "levels such that every edge leads to a higher one",
        rows=10_000,
    ),
    IndexFunction(
        "lookup",
        ("names",),
        (Option("table", _TEXT, None, "only entities of this table"),),
        (*_FOUND, *_ASKED),
        "entities of any table whose id, name, alias or key field is one of the texts, without regard to case and "
        "accents, in the order of the texts; asked and position are the text that a row answers and its place, from 1",
        repeats=True,
    ),
    IndexFunction(
        "fuzzy",
        ("names",),
        (
            Option("k", _INT, 10, "the most rows for each text; NULL for all", low=0, nullable=True),
            Option("threshold", _FLOAT, 0.3, "the least score", low=0, high=1),
            Option("table", _TEXT, None, "only entities of this table"),
        ),
        (*_FOUND, ("score", _FLOAT), *_ASKED),
        "entities of any table with an id, name, alias, title or the like similar to one of the texts, by trigrams, "
        "for each text the best first; asked and position as in LOOKUP",
        repeats=True,
        rows=10,
    ),
)
INDEX_FUNCTIONS = {f.name: f for f in _FUNCTIONS}

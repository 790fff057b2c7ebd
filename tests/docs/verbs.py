"""What is public: the members of the classes and of the module that the reference shows, in the order of its pages."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import rem_arrow as rem
from rem_arrow.ask.answer import StageResult
from rem_arrow.drawing.figure import Drawing
from rem_arrow.engine.shown_plan import Plan
from rem_arrow.face.conversations import Forgotten
from rem_arrow.face.documents import AddedDocuments, Document
from rem_arrow.interop.arrow import Relation, Vectors

# Every verb of `Database` is in one group; `tests/docs/test_reference.py` holds that.
DATABASE = {
    "Life of a connection": ("transaction", "refresh", "close", "closed", "path", "read_only"),
    "Tables and columns": ("register", "evolve", "load", "tables", "schema"),
    "Rows": ("insert", "get", "update", "delete", "purge"),
    "Queries": ("sql", "explain", "find", "scan", "lazy", "complete_sql"),
    "Search by meaning and words": ("search", "similar", "add_reranker", "create_index", "reembed"),
    "Names": ("lookup_entity", "fuzzy", "complete"),
    "Edges": ("add_edge", "add_edges", "remove_edges"),
    "Graph": (
        "traverse_edges",
        "neighbors",
        "shortest_path",
        "all_paths",
        "count_paths",
        "reachable",
        "find_cycles",
        "degree",
        "pagerank",
        "components",
        "topological_order",
        "draw_graph",
    ),
    "Questions": ("query_natural_language", "ask", "teach"),
    "Documents, moments, conversations": (
        "add_document",
        "add_documents",
        "timeline",
        "start_session",
        "add_message",
        "messages",
        "add_moment",
        "forget",
    ),
    "Other tools": ("table", "to_arrow", "reader", "vectors", "duckdb", "export", "import_from", "publish"),
    "Older versions": ("versions", "tag", "untag", "at", "diff", "restore"),
    "Upkeep": ("wait", "compact", "verify", "backup", "stats"),
}
FUNCTIONS = (
    "connect",
    "connect_async",
    "start_server",
    "distributed",
    "restore",
    "repair",
    "verify_published",
    "draw_graph",
    "draw_scores",
)
PREDICATES = (
    "Eq", "Ne", "Gt", "Ge", "Lt", "Le", "Between", "In", "Contains", "StartsWith", "EndsWith", "IsNull", "And", "Or",
    "Not",
)  # fmt: skip
RESULTS: tuple[type, ...] = (
    rem.Answer,
    StageResult,
    Document,
    AddedDocuments,
    Forgotten,
    Relation,
    Vectors,
    Plan,
    Drawing,
    rem.Server,
    rem.Remote,
)
ERRORS = (
    "RemError", "TextError", "ParseError", "BindError", "UnsupportedError", "InputError", "ExecuteError",
    "ConstraintError", "CorruptionError", "ConflictError", "LanguageError",
)  # fmt: skip
MODELS = ("Resource", "Entity", "Moment", "Agent", "Session", "Message")
# Names for which another page's entry speaks.
ALIASES = {"ask": "query_natural_language", "connect_async": "connect"}


@dataclass(frozen=True, slots=True)
class Verb:
    """A public member: the name that a reader calls it by, and where it hangs."""

    owner: type | None
    name: str

    @property
    def member(self) -> object:
        """The function, property or class itself."""
        return getattr(rem if self.owner is None else self.owner, self.name)

    @property
    def documented(self) -> Callable[..., object] | property | type:
        """What bears the docstring."""
        member = self.member
        assert callable(member) or isinstance(member, property)
        return member

    def __str__(self) -> str:
        return self.name if self.owner is None else f"{self.owner.__name__}.{self.name}"


def public(owner: type) -> list[str]:
    """Return the public members that a class, or one of ours above it, defines."""
    ours = [c for c in owner.__mro__ if c.__module__.startswith("rem_arrow.")]
    return sorted({n for c in ours for n in vars(c) if not n.startswith("_")})


def own_verbs(owner: type, beside: type) -> list[Verb]:
    """Return the members of a class that another one does not have, or has with another docstring."""
    return [
        Verb(owner, name)
        for name in public(owner)
        if getattr(owner, name).__doc__ != getattr(getattr(beside, name, None), "__doc__", None)
    ]


def members_of(owner: type) -> list[Verb]:
    """Return the methods and properties of a class; its fields are in its own docstring."""
    members = [(name, getattr(owner, name)) for name in public(owner)]
    return [Verb(owner, name) for name, m in members if isinstance(m, property) or inspect.isfunction(m)]


def verbs() -> list[Verb]:
    """Return every public member that the reference shows."""
    database = [Verb(rem.Database, name) for names in DATABASE.values() for name in names if name not in ALIASES]
    return [
        *database,
        *own_verbs(rem.Transaction, rem.Database),
        *own_verbs(rem.AsyncDatabase, rem.Database),
        *(Verb(None, name) for name in FUNCTIONS if name not in ALIASES),
        *members_of(rem.Predicate),
        *(Verb(None, name) for name in PREDICATES),
        *(verb for result in RESULTS for verb in members_of(result)),
    ]

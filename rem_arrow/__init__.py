"""rem_arrow: an embedded, columnar database for Resources, Entities, Moments and the edges between them.

    import rem_arrow as rem

    with rem.connect("memory.rem") as db:
        db.insert("entities", {"name": "DHL", "entity_type": "company"})
        db.sql("SELECT name, entity_type FROM entities")

The names below are loaded when they are first used (PEP 562): importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rem_arrow.ask.answer import Answer
    from rem_arrow.base.errors import (
        BindError,
        ConflictError,
        ConstraintError,
        CorruptionError,
        ExecuteError,
        InputError,
        LanguageError,
        ParseError,
        RemError,
        TextError,
        UnsupportedError,
    )
    from rem_arrow.drawing.graph_figure import draw_graph
    from rem_arrow.drawing.scores import draw_scores
    from rem_arrow.face.asynchronous import AsyncDatabase, AsyncTransaction, connect_async
    from rem_arrow.face.connection import connect
    from rem_arrow.face.database import Database
    from rem_arrow.face.publication_verbs import verify_published
    from rem_arrow.face.restoration import repair, restore
    from rem_arrow.face.transaction import Transaction
    from rem_arrow.language.language_model import LanguageModel
    from rem_arrow.model.builtin import Agent, Entity, Message, Moment, Resource, Session
    from rem_arrow.model.predicates import (
        And,
        Between,
        Contains,
        EndsWith,
        Eq,
        Ge,
        Gt,
        In,
        IsNull,
        Le,
        Lt,
        Ne,
        Not,
        Or,
        Predicate,
        StartsWith,
    )
    from rem_arrow.remote.remote import Remote, distributed
    from rem_arrow.serve.server import Server, start_server

__version__ = "0.1.0"

_HOMES = {
    "rem_arrow.ask.answer": ("Answer",),
    "rem_arrow.face.asynchronous": ("AsyncDatabase", "AsyncTransaction", "connect_async"),
    "rem_arrow.face.connection": ("connect",),
    "rem_arrow.face.database": ("Database",),
    "rem_arrow.face.publication_verbs": ("verify_published",),
    "rem_arrow.face.restoration": ("repair", "restore"),
    "rem_arrow.drawing.graph_figure": ("draw_graph",),
    "rem_arrow.drawing.scores": ("draw_scores",),
    "rem_arrow.base.errors": (
        "BindError",
        "ConflictError",
        "ConstraintError",
        "CorruptionError",
        "ExecuteError",
        "InputError",
        "LanguageError",
        "ParseError",
        "RemError",
        "TextError",
        "UnsupportedError",
    ),
    "rem_arrow.language.language_model": ("LanguageModel",),
    "rem_arrow.model.builtin": ("Agent", "Entity", "Message", "Moment", "Resource", "Session"),
    "rem_arrow.model.predicates": (
        "And",
        "Between",
        "Contains",
        "EndsWith",
        "Eq",
        "Ge",
        "Gt",
        "In",
        "IsNull",
        "Le",
        "Lt",
        "Ne",
        "Not",
        "Or",
        "Predicate",
        "StartsWith",
    ),
    "rem_arrow.remote.remote": ("Remote", "distributed"),
    "rem_arrow.serve.server": ("Server", "start_server"),
    "rem_arrow.shell.notebook": ("load_ipython_extension",),
    "rem_arrow.face.transaction": ("Transaction",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "And",
    "Answer",
    "Between",
    "Contains",
    "EndsWith",
    "Eq",
    "Ge",
    "Gt",
    "In",
    "IsNull",
    "Le",
    "Lt",
    "Ne",
    "Not",
    "Or",
    "Predicate",
    "StartsWith",
    "Agent",
    "AsyncDatabase",
    "AsyncTransaction",
    "BindError",
    "ConflictError",
    "ConstraintError",
    "CorruptionError",
    "Database",
    "Entity",
    "ExecuteError",
    "InputError",
    "LanguageError",
    "LanguageModel",
    "Message",
    "Moment",
    "ParseError",
    "RemError",
    "Remote",
    "Resource",
    "Server",
    "Session",
    "TextError",
    "Transaction",
    "UnsupportedError",
    "connect",
    "connect_async",
    "distributed",
    "draw_graph",
    "draw_scores",
    "repair",
    "restore",
    "verify_published",
    "start_server",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'rem_arrow' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

"""rem_arrow: an embedded, columnar database for Resources, Entities, Moments and the edges between them.

import rem_arrow as rem

with rem.connect("memory.rem") as db:
    db.insert("entities", {"name": "DHL", "entity_type": "company"})
    db.sql("SELECT name, entity_type FROM entities")
"""

from rem_arrow.database import Database, Transaction, connect, restore
from rem_arrow.errors import (
    BindError,
    ConflictError,
    CorruptionError,
    ExecuteError,
    InputError,
    LanguageError,
    ParseError,
    RemError,
    TextError,
    UnsupportedError,
)
from rem_arrow.model.builtin import Agent, Entity, Message, Moment, Resource, Session

__version__ = "0.1.0"

__all__ = [
    "Agent",
    "BindError",
    "ConflictError",
    "CorruptionError",
    "Database",
    "Entity",
    "ExecuteError",
    "InputError",
    "LanguageError",
    "Message",
    "Moment",
    "ParseError",
    "RemError",
    "Resource",
    "Session",
    "TextError",
    "Transaction",
    "UnsupportedError",
    "connect",
    "restore",
]

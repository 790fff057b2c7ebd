"""The small database from which the examples in docstrings start. Its pages show this code."""

from __future__ import annotations

from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

import rem_arrow as rem


class Issue(BaseModel):
    """Something that somebody should do."""

    model_config = ConfigDict(
        json_schema_extra={"key_field": "code", "indexed_fields": ["status"], "embedding_fields": ["title"]}
    )

    code: str
    title: str
    status: Literal["open", "closed"] = "open"
    priority: int = Field(default=2, ge=1, le=5)


def example() -> rem.Database:
    """Return a database of issues, people, edges between them, a meeting, and sales."""
    db = rem.connect()
    db.register(Issue)
    db.insert(
        "issues",
        [
            {"id": "login", "code": "TAP-1", "title": "Login fails with a wrong password", "priority": 5},
            {"id": "docs", "code": "TAP-2", "title": "Document the API"},
            {"id": "cache", "code": "TAP-3", "title": "Cache is too small", "status": "closed"},
        ],
    )
    db.insert("entities", [{"id": "ada", "name": "Ada Lovelace"}, {"id": "bob", "name": "Bob Noyce"}])
    db.add_edge("ada", "login", "reported")
    db.add_edge("ada", "docs", "wrote")
    db.add_edge("login", "docs", "blocks")
    db.add_edge("docs", "cache", "blocks")
    review = {"id": "review", "name": "Review of the login", "moment_type": "meeting", "participants": ["ada"]}
    db.insert("moments", {**review, "starts_at": "2026-06-01T10:00Z"})
    db.load("sales", pl.DataFrame({"region": ["north", "south", "north"], "amount": [3, 4, 5]}))
    return db

"""A small database of a company, no settings of the developer's own, and a server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

import pytest
from pydantic import BaseModel, ConfigDict, Field

import rem_arrow as rem
from tests.ask.server import Server, serving

NOW = datetime(2026, 6, 15, 12, tzinfo=timezone.utc)


class User(BaseModel):
    """A person who works here."""

    name: str
    team: str = Field(default="Core", description="The team")
    is_active: bool = True


class Issue(BaseModel):
    """A bug or a task."""

    model_config = ConfigDict(json_schema_extra={"embedding_fields": ["title"]})

    title: str
    description: str = ""
    status: str = Field(default="open", description="Where it stands")
    priority: str = "low"
    points: int = Field(default=1, description="Effort in story points")
    assignee: str | None = None
    labels: list[str] = Field(default_factory=list)
    closed_at: datetime | None = None


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "REM_ARROW_ASK_MODEL", "REM_ARROW_OPENAI_TIMEOUT_S"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as state:
        yield state


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect() as db:
        db.register(User, name="users")
        db.register(Issue, name="issues")
        people = [
            ("ann", "Ann Lee", "Core"),
            ("bob", "Bob Ray", "Payments"),
            ("cy", "Cy Fox", "Payments"),
            ("dee", "Dee Kim", "Core"),
        ]
        db.insert("users", [{"id": i, "name": n, "team": t, "is_active": i != "dee"} for i, n, t in people])
        issues = [
            {
                "id": "TAP-1",
                "title": "Login fails with a long password",
                "status": "open",
                "priority": "high",
                "points": 3,
                "assignee": "ann",
                "labels": ["auth"],
            },
            {
                "id": "TAP-2",
                "title": "Password reset mail is late",
                "status": "closed",
                "priority": "low",
                "points": 1,
                "closed_at": "2026-06-10T10:00Z",
            },
            {
                "id": "TAP-3",
                "title": "Refund is paid twice",
                "status": "open",
                "priority": "critical",
                "points": 8,
                "assignee": "bob",
                "labels": ["money", "auth"],
            },
            {
                "id": "TAP-4",
                "title": "Dark colours for the menu",
                "status": "in_progress",
                "priority": "low",
                "points": 2,
            },
        ]
        db.insert("issues", issues)
        db.insert("resources", [{"id": "r1", "name": "Guide to passwords",
                                 "content": "How to choose a password and log in", "category": "tutorial",
                                 "status": "published"},
                                {"id": "r2", "name": "Paying back", "content": "How refunds are paid to a customer",
                                 "category": "guide", "status": "active"}])  # fmt: skip
        db.insert("moments", {"id": "m1", "name": "Retro", "moment_type": "meeting", "starts_at": "2026-06-14T09:00Z"})
        for src, dst, kind in [
            ("ann", "TAP-1", "wrote"),
            ("bob", "TAP-1", "reviewed"),
            ("cy", "TAP-3", "wrote"),
            ("ann", "m1", "attended"),
        ]:
            db.add_edge(src, dst, kind)
        yield db

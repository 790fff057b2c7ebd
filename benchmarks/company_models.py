"""The tables of the company: users, issues, pull requests, files and commits. Documents, meetings, agents and customers
are rows of the built-in tables resources, moments, agents and entities.

Edges, all directed from the first to the second:

    authored     users -> pull_requests, commits, resources
    assigned_to  issues -> users
    reviewed     users -> pull_requests
    fixes        pull_requests -> issues
    touches      pull_requests, commits -> files
    attended     users -> moments
    mentions     issues, resources -> entities, issues
    depends_on   files -> files, entities (components) -> entities, issues -> issues
    about        moments -> issues; issues, resources -> entities (components)
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class User(BaseModel):
    """A person who works at the company."""

    model_config = ConfigDict(json_schema_extra={"category": "user", "indexed_fields": ["team"], "key_field": "email"})

    name: str = Field(description="Full name, such as Priya Sharma")
    aliases: list[str] = Field(default_factory=list, description="Login names")
    email: str = Field(description="Address at work")
    team: str = Field(description="The team, such as Identity or Payments")
    role: str = Field(description="engineer, lead, designer or manager")
    location: str = Field(description="City of the office")
    joined_at: datetime = Field(description="First day at work, UTC")
    is_active: bool = Field(default=True, description="Still works here")


class Issue(BaseModel):
    """A bug, a wish or a task in the tracker; its id is its key, such as TAP-1234."""

    model_config = ConfigDict(
        json_schema_extra={
            "category": "user",
            "indexed_fields": ["status", "priority", "assignee", "component"],
            "embedding_fields": ["title", "description"],
        }
    )

    title: str = Field(description="What is wrong or wanted, in one line")
    description: str = Field(description="The same at length")
    issue_type: Literal["bug", "feature", "task"] = Field(description="Kind of issue")
    status: Literal["open", "in_progress", "in_review", "blocked", "closed"] = Field(description="Where it stands")
    priority: Literal["low", "medium", "high", "critical"] = Field(description="How urgent it is")
    labels: list[str] = Field(default_factory=list, description="Free labels")
    component: str = Field(description="Id of the part of the product")
    assignee: str | None = Field(default=None, description="Id of the user who works on it; NULL for nobody")
    reporter: str = Field(description="Id of the user who wrote it")
    points: int = Field(default=1, description="Estimated effort in story points")
    closed_at: datetime | None = Field(default=None, description="When it was closed, UTC; NULL while it is not")


class PullRequest(BaseModel):
    """A proposed change of the code."""

    model_config = ConfigDict(
        json_schema_extra={
            "category": "user",
            "indexed_fields": ["status", "author"],
            "embedding_fields": ["title", "description"],
        }
    )

    title: str = Field(description="What it changes, in one line")
    description: str = Field(description="Why, and how it was tested")
    status: Literal["draft", "open", "merged", "closed"] = Field(description="Where it stands")
    author: str = Field(description="Id of the user who wrote it")
    component: str = Field(description="Id of the part of the product")
    additions: int = Field(description="Lines added")
    deletions: int = Field(description="Lines removed")
    merged_at: datetime | None = Field(default=None, description="When it was merged, UTC; NULL if it was not")


class File(BaseModel):
    """A source file of the product; its id is its path."""

    model_config = ConfigDict(json_schema_extra={"category": "user", "indexed_fields": ["language", "component"]})

    name: str = Field(description="Last part of the path")
    language: str = Field(description="Programming language, such as python or go")
    component: str = Field(description="Id of the part of the product")
    size_bytes: int = Field(description="Size in bytes")
    lines: int = Field(description="Lines of text")
    description: str = Field(description="What the file is for")
    is_test: bool = Field(default=False, description="Holds tests")


class Commit(BaseModel):
    """A change in the history of the code; its id is its hash."""

    model_config = ConfigDict(
        json_schema_extra={"category": "user", "indexed_fields": ["author"], "embedding_fields": ["message"]}
    )

    message: str = Field(description="What was changed")
    author: str = Field(description="Id of the user who made it")
    committed_at: datetime = Field(description="When, UTC")
    additions: int = Field(description="Lines added")
    deletions: int = Field(description="Lines removed")


MODELS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("users", User),
    ("issues", Issue),
    ("pull_requests", PullRequest),
    ("files", File),
    ("commits", Commit),
)

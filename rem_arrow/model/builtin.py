"""The models that every database has from the start: resources, entities, moments, agents, sessions, messages."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from rem_arrow.base.schema import Table
from rem_arrow.model.registry import describe


class Resource(BaseModel):
    """A chunk of a document, or any other text worth finding again."""

    model_config = ConfigDict(json_schema_extra={"category": "system", "indexed_fields": ["category", "status", "uri"]})

    name: str | None = Field(default=None, description="Short title")
    uri: str | None = Field(default=None, description="Where the text came from")
    content: str | None = Field(default=None, description="The text itself")
    description: str | None = Field(default=None, description="What the text is about")
    category: str | None = Field(default=None, description="Kind of text, such as tutorial or docstring")
    status: str | None = Field(default=None, description="State in its life, such as active or published")
    ordinal: int = Field(default=0, description="Place of the chunk in its document, from 0")
    tags: list[str] = Field(default_factory=list, description="Free labels")
    metadata: dict[str, Any] = Field(default_factory=dict, description="Anything else, as JSON")


class Entity(BaseModel):
    """A thing with a name: a person, a company, a project, a ticket."""

    model_config = ConfigDict(json_schema_extra={"category": "system", "indexed_fields": ["entity_type"]})

    name: str = Field(description="The name by which it is looked up")
    entity_type: str | None = Field(default=None, description="What kind of thing it is")
    description: str | None = Field(default=None, description="What is known of it")
    aliases: list[str] = Field(default_factory=list, description="Other names; lookups find them too")
    properties: dict[str, Any] = Field(default_factory=dict, description="Anything else, as JSON")


class Moment(BaseModel):
    """Something that happened, with a beginning and perhaps an end."""

    model_config = ConfigDict(json_schema_extra={"category": "system", "indexed_fields": ["moment_type"]})

    name: str = Field(description="Short title")
    description: str | None = Field(default=None, description="What happened")
    moment_type: str | None = Field(default=None, description="Kind of event, such as meeting or release")
    starts_at: datetime | None = Field(default=None, description="Beginning, UTC")
    ends_at: datetime | None = Field(default=None, description="End, UTC")
    location: str | None = Field(default=None, description="Where it happened")
    participants: list[str] = Field(default_factory=list, description="Ids or names of those present")
    topics: list[str] = Field(default_factory=list, description="What it was about")
    metadata: dict[str, Any] = Field(default_factory=dict, description="Anything else, as JSON")


class Agent(BaseModel):
    """An AI agent: what it is for and how it is told so."""

    model_config = ConfigDict(json_schema_extra={"category": "system", "indexed_fields": ["category"]})

    name: str = Field(description="The agent's name")
    description: str | None = Field(default=None, description="What it does")
    instructions: str | None = Field(default=None, description="Its system prompt")
    category: str | None = Field(default=None, description="Kind of agent")
    model: str | None = Field(default=None, description="The language model that it runs on")
    tools: list[str] = Field(default_factory=list, description="Names of the tools that it may call")
    metadata: dict[str, Any] = Field(default_factory=dict, description="Anything else, as JSON")


class Session(BaseModel):
    """A conversation between a user and an agent."""

    model_config = ConfigDict(json_schema_extra={"category": "system", "indexed_fields": ["user_id", "agent_id"]})

    name: str | None = Field(default=None, description="Title of the conversation")
    user_id: str | None = Field(default=None, description="Who took part")
    agent_id: str | None = Field(default=None, description="Id of the agent")
    status: str | None = Field(default=None, description="State, such as open or closed")
    started_at: datetime | None = Field(default=None, description="Beginning, UTC")
    ended_at: datetime | None = Field(default=None, description="End, UTC")
    metadata: dict[str, Any] = Field(default_factory=dict, description="Anything else, as JSON")


class Message(BaseModel):
    """One turn of a session."""

    model_config = ConfigDict(json_schema_extra={"category": "system", "indexed_fields": ["session_id"]})

    session_id: str | None = Field(default=None, description="Id of the session")
    role: str = Field(description="user, assistant, system or tool")
    content: str = Field(description="What was said")
    ordinal: int = Field(default=0, description="Place in the session, from 0")
    metadata: dict[str, Any] = Field(default_factory=dict, description="Anything else, as JSON")


BUILTIN: dict[str, type[BaseModel]] = {
    "resources": Resource,
    "entities": Entity,
    "moments": Moment,
    "agents": Agent,
    "sessions": Session,
    "messages": Message,
}


@cache
def builtin_table(name: str) -> Table:
    """Return the description of a table that every database has, without a number."""
    return describe(BUILTIN[name], name, 0)

"""The plan for a question: named stages of REM SQL, each of which may read the earlier ones by name, and broader
fallbacks."""

from __future__ import annotations

import re
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rem_arrow.ask.plan_spelling import plan_as_meant
from rem_arrow.base.quoting import identifier

QueryType: TypeAlias = Literal["entity_lookup", "sql", "vector", "hybrid", "graph", "aggregate", "temporal", "staged"]
STAGES_MAX, FALLBACKS_MAX = 8, 2
NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


class Stage(BaseModel):
    """One query, and the name by which later stages read its rows."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="A short name in lower case with underscores")
    sql: str = Field(description="One REM SQL query; it may read the tables and the stages before it by their names")
    purpose: str = Field(description="What it finds, in a few words")


class Fallback(BaseModel):
    """A broader query for when the plan finds nothing."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(description="One REM SQL query that stands alone")
    purpose: str = Field(description="How it is broader, in a few words")


class Plan(BaseModel):
    """How a question is answered. The last stage gives the rows of the answer."""

    model_config = ConfigDict(extra="forbid")

    query_type: QueryType = Field(description="What kind of question it is")
    confidence: float = Field(description="How sure it is that the rows answer the question, from 0 to 1")
    explanation: str = Field(description="How the question was understood, and what is doubtful; one or two sentences")
    stages: list[Stage] = Field(description="The stages in order, at least one")
    fallbacks: list[Fallback] = Field(description="At most two broader queries, the narrower first")

    @model_validator(mode="before")
    @classmethod
    def _as_meant(cls, value: Any) -> Any:
        return plan_as_meant(value)


def whole(stages: list[Stage]) -> str:
    """Return the stages as one statement."""
    if len(stages) == 1:
        return stages[0].sql.strip().rstrip(";")
    before = ",\n".join(f"{identifier(s.name)} AS (\n{_indented(s.sql)}\n)" for s in stages[:-1])
    return f"WITH {before}\n{stages[-1].sql.strip().rstrip(';')}"


def _indented(sql: str) -> str:
    return "\n".join("  " + line for line in sql.strip().rstrip(";").splitlines())


def within(plan: Plan, max_stages: int) -> Plan:
    """Return a plan of at most that many stages: the first of them run as one."""
    over = len(plan.stages) - max_stages
    if over <= 0:
        return plan
    first = plan.stages[: over + 1]
    together = Stage(name=first[-1].name, sql=whole(first), purpose=", then ".join(s.purpose for s in first))
    return plan.model_copy(update={"stages": [together, *plan.stages[over + 1 :]]})

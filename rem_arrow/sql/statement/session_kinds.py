"""Statements about the session, and about no rows, as plain data; see statement.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from rem_arrow.sql.statement.statement_names import Name


@dataclass(frozen=True, slots=True)
class Use:
    """USE s, SET schema and SET search_path: where names without a schema are sought; `schemas` None: the default."""

    schemas: tuple[Name, ...] | None


@dataclass(frozen=True, slots=True)
class SetSetting:
    """SET and RESET; `value` None is the default, a text what stands there as such, anything else a query of one."""

    name: Name
    value: str | exp.Expression | None


@dataclass(frozen=True, slots=True)
class SetVariable:
    """SET VARIABLE and RESET VARIABLE, with a query of the value."""

    name: Name
    value: exp.Expression | None


@dataclass(frozen=True, slots=True)
class Execute:
    """`arguments` are queries of one value, by the names of parameters."""

    name: Name
    arguments: tuple[tuple[str, exp.Expression], ...]


@dataclass(frozen=True, slots=True)
class Deallocate:
    name: Name


@dataclass(frozen=True, slots=True)
class Upkeep:
    kind: Literal["CHECKPOINT", "VACUUM", "ANALYZE"]
    table: Name | None


@dataclass(frozen=True, slots=True)
class Comment:
    table: Name
    column: Name | None
    text: str

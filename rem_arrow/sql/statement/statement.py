"""Statements as plain data: what kind, which names, and the trees that are still to be bound.

A `Name` is a name in the text with its place. Trees are SQLGlot's; who executes a statement hands them to the binder
and looks no further into them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl
from sqlglot import exp

from rem_arrow.base.constraints import ConstraintKind
from rem_arrow.base.macro import MacroKind, Overload
from rem_arrow.sql.statement.session_kinds import (
    Comment,
    Deallocate,
    Execute,
    SetSetting,
    SetVariable,
    Upkeep,
    Use,
)
from rem_arrow.sql.statement.statement_names import Assignments, Name, Options
from rem_arrow.sql.statement.type_statement import CreateType
from rem_arrow.sql.text.read_marks import take


@dataclass(frozen=True, slots=True)
class Select:
    tree: exp.Expression


@dataclass(frozen=True, slots=True)
class Explain:
    """`statement` is one of EXPLAINED; with `analyze` a query."""

    statement: Explained
    analyze: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """What an INSERT does with a row whose key exists; `keys` are those that ON CONFLICT names."""

    action: Literal["nothing", "replace", "update"]
    keys: tuple[Name, ...] = ()
    assignments: Assignments = ()
    where: exp.Expression | None = None

    def skip(self) -> None:
        """Say that what it says has no effect, for good reason."""
        for tree in (*(value for _, value in self.assignments), self.where):
            if tree is not None:
                take(tree)


@dataclass(frozen=True, slots=True)
class Insert:
    """`columns` None: all; `source` None: DEFAULT VALUES."""

    table: Name
    alias: str
    columns: tuple[Name, ...] | None
    source: exp.Expression | None
    by_name: bool
    conflict: Conflict | None
    returning: exp.Expression | None


@dataclass(frozen=True, slots=True)
class Update:
    table: Name
    alias: str
    assignments: Assignments
    others: tuple[exp.Expression, ...]
    where: exp.Expression | None
    ctes: exp.Expression | None
    returning: exp.Expression | None


@dataclass(frozen=True, slots=True)
class Delete:
    table: Name
    alias: str
    others: tuple[exp.Expression, ...]
    where: exp.Expression | None
    ctes: exp.Expression | None
    returning: exp.Expression | None


Match: TypeAlias = Literal["matched", "not matched", "not matched by source"]
MergeKind: TypeAlias = Literal["update", "delete", "insert", "nothing"]


@dataclass(frozen=True, slots=True)
class MergeAction:
    """A WHEN of a MERGE. `assignments` None of an UPDATE, and `values` None of an INSERT: the columns of the source."""

    match: Match
    condition: exp.Expression | None
    kind: MergeKind
    assignments: Assignments | None = None
    columns: tuple[Name, ...] | None = None
    values: tuple[exp.Expression, ...] | None = None
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """`source` has a name; it meets the table by `on` or `using`."""

    table: Name
    alias: str
    source: exp.Expression
    on: exp.Expression | None
    using: tuple[exp.Expression, ...]
    actions: tuple[MergeAction, ...]
    ctes: exp.Expression | None
    returning: exp.Expression | None


@dataclass(frozen=True, slots=True)
class WritingCtes:
    """A statement after `WITH x AS (INSERT ... RETURNING ...)`: the writes run first, in turn, and what follows reads
    the rows that each returns under the name of a frame."""

    writes: tuple[tuple[str, RowWriting], ...]
    last: Select | RowWriting


@dataclass(frozen=True, slots=True)
class ColumnDefinition:
    """`dtype` None of a generated column: that of what it is computed from."""

    name: Name
    dtype: pl.DataType | None
    nullable: bool = True
    default: exp.Expression | None = None
    generated: exp.Expression | None = None


@dataclass(frozen=True, slots=True)
class ReferenceDefinition:
    """What a FOREIGN KEY refers to, as it is written: no columns mean the primary key."""

    table: Name
    columns: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class ConstraintDefinition:
    """A constraint as it is written: the columns of a key, or of a CHECK the column that it stands with; its condition.
    `tree` is where errors point."""

    kind: ConstraintKind
    columns: tuple[Name, ...]
    name: Name | None
    condition: exp.Expression | None
    tree: exp.Expression
    references: ReferenceDefinition | None = None


@dataclass(frozen=True, slots=True)
class CreateTable:
    table: Name
    columns: tuple[ColumnDefinition, ...]
    constraints: tuple[ConstraintDefinition, ...]
    replace: bool
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class CreateTableAs:
    table: Name
    names: tuple[Name, ...]
    source: exp.Expression
    replace: bool
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class CreateView:
    view: Name
    sql: str
    replace: bool
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class CreateMacro:
    """`kind` is "macro", or "table macro" for one that stands in FROM; the overloads differ in their parameters."""

    macro: Name
    kind: MacroKind
    overloads: tuple[Overload, ...]
    replace: bool
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class DropMacro:
    macro: Name
    kind: MacroKind
    if_exists: bool


@dataclass(frozen=True, slots=True)
class CreateSequence:
    sequence: Name
    # Those that are given: start, step, least, most.
    numbers: Mapping[str, int]
    cycle: bool
    replace: bool
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class DropSequence:
    sequence: Name
    if_exists: bool


@dataclass(frozen=True, slots=True)
class CreateSchema:
    schema: Name
    replace: bool
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class DropSchema:
    schema: Name
    if_exists: bool
    cascade: bool


@dataclass(frozen=True, slots=True)
class Prepare:
    """`parameters` are those that the statement names."""

    name: Name
    statement: Statement
    tree: exp.Expression
    parameters: frozenset[str]


@dataclass(frozen=True, slots=True)
class CreateIndex:
    """An index USING HNSW or FTS has one column."""

    index: Name
    table: Name
    columns: tuple[Name, ...]
    if_not_exists: bool
    # Of USING HNSW: metric, m, ef_construction, dimension; None is an index for equal values.
    vector: Mapping[str, str | int] | None = None
    # USING FTS: an index of words.
    words: bool = False
    # CREATE UNIQUE INDEX: the key that it is.
    unique: ConstraintDefinition | None = None


@dataclass(frozen=True, slots=True)
class Drop:
    kind: Literal["TABLE", "VIEW", "INDEX", "TYPE"]
    name: Name
    if_exists: bool


@dataclass(frozen=True, slots=True)
class AddColumn:
    column: ColumnDefinition
    constraints: tuple[ConstraintDefinition, ...]
    if_not_exists: bool


@dataclass(frozen=True, slots=True)
class DropColumn:
    column: Name
    if_exists: bool


@dataclass(frozen=True, slots=True)
class RenameColumn:
    column: Name
    to: Name


@dataclass(frozen=True, slots=True)
class ChangeType:
    """ALTER COLUMN ... TYPE; `using` None: the column itself."""

    column: Name
    dtype: pl.DataType
    using: exp.Expression | None = None


@dataclass(frozen=True, slots=True)
class SetDefault:
    """SET DEFAULT, or with `default` None DROP DEFAULT."""

    column: Name
    default: exp.Expression | None


@dataclass(frozen=True, slots=True)
class SetNullable:
    """SET NOT NULL, or DROP NOT NULL."""

    column: Name
    nullable: bool


@dataclass(frozen=True, slots=True)
class AddConstraints:
    constraints: tuple[ConstraintDefinition, ...]


@dataclass(frozen=True, slots=True)
class DropConstraint:
    name: Name
    if_exists: bool


@dataclass(frozen=True, slots=True)
class RenameTable:
    to: Name


ColumnAction: TypeAlias = "AddColumn | DropColumn | RenameColumn | ChangeType | SetDefault | SetNullable"
Action: TypeAlias = "ColumnAction | AddConstraints | DropConstraint | RenameTable"


@dataclass(frozen=True, slots=True)
class Alter:
    kind: Literal["TABLE", "VIEW"]
    table: Name
    action: Action
    if_exists: bool


@dataclass(frozen=True, slots=True)
class CopyTo:
    source: exp.Expression
    path: str
    options: Options


@dataclass(frozen=True, slots=True)
class CopyFrom:
    table: Name
    columns: tuple[Name, ...] | None
    path: str
    options: Options


@dataclass(frozen=True, slots=True)
class Control:
    kind: Literal["BEGIN", "COMMIT", "ROLLBACK"]


# What EXPLAIN shows the plans of.
Explained: TypeAlias = "Select | CopyTo | CreateTableAs | RowWriting"
EXPLAINED = (Select, CopyTo, CreateTableAs, Insert, Update, Delete, Merge, CopyFrom)
Reading: TypeAlias = "Select | Explain | CopyTo"
RowWriting: TypeAlias = "Insert | Update | Delete | Merge | CopyFrom"
Defining: TypeAlias = (
    "CreateTable | CreateTableAs | CreateView | CreateType | CreateMacro | CreateIndex | CreateSchema | "
    "CreateSequence | Drop | DropMacro | DropSchema | DropSequence | Alter | Comment"
)
Session: TypeAlias = "SetSetting | SetVariable | Use | Prepare | Execute | Deallocate | Upkeep"
Statement: TypeAlias = "Reading | RowWriting | WritingCtes | Defining | Session | Control"

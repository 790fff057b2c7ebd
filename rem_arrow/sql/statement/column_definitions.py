"""The columns and constraints of CREATE TABLE and ALTER TABLE: trees to plain data."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from sqlglot import exp

from rem_arrow.base.datatypes import sql_name
from rem_arrow.base.errors import BindError
from rem_arrow.sql.statement.identifiers import name_of, refuse, table_name
from rem_arrow.sql.statement.statement import ColumnDefinition, ConstraintDefinition, ReferenceDefinition
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.sql.text.collation_names import collated_type
from rem_arrow.sql.text.definition_tokens import UNNAMED
from rem_arrow.sql.text.position import position
from rem_arrow.sql.text.type_names import column_type

_NO_ACTIONS = (
    "a FOREIGN KEY refuses what would leave rows without their partner: NO ACTION or RESTRICT, and no CASCADE, SET "
    "NULL or SET DEFAULT; change the rows that refer first, in one transaction"
)


def elements(
    parts: list[exp.Expression], text: str
) -> tuple[tuple[ColumnDefinition, ...], tuple[ConstraintDefinition, ...]]:
    """Return what stands in the parentheses of a CREATE TABLE: its columns, and all constraints on them."""
    columns, constraints = [], []
    for part in parts:
        if isinstance(part, exp.ColumnDef):
            definition, own = column(part, text)
            columns.append(definition)
            constraints += own
        else:
            constraints += table_constraints(part, text)
    primary = [c for c in constraints if c.kind == "PRIMARY KEY"]
    if len(primary) > 1:
        raise BindError(
            "a table has one primary key", text, *position(primary[1].tree), hint="Write PRIMARY KEY (a, b), or UNIQUE."
        )
    return tuple(columns), tuple(constraints)


def column(tree: exp.ColumnDef, text: str) -> tuple[ColumnDefinition, list[ConstraintDefinition]]:
    """Return a column and the constraints that stand with it."""
    name, kind = name_of(tree.this), tree.args.get("kind")
    nullable, default, generated, collation = True, None, None, None
    constraints = []
    for part in tree.args.get("constraints") or ():
        given, own = part.args.get("kind"), None if part.this is None else name_of(part.this)
        match given:
            case exp.NotNullColumnConstraint():
                nullable = bool(given.args.get("allow_null"))
            case exp.DefaultColumnConstraint():
                default = given.this
            case exp.GeneratedAsIdentityColumnConstraint() if given.args.get("expression") is not None:
                # ALWAYS; there is no other kind.
                given.args.get("this")
                generated = given.expression
            case exp.ComputedColumnConstraint():
                generated = given.this.unnest()
            case exp.CollateColumnConstraint():
                collation = given.this
            case exp.PrimaryKeyColumnConstraint():
                constraints.append(ConstraintDefinition("PRIMARY KEY", (name,), own, None, tree))
            case exp.UniqueColumnConstraint():
                constraints.append(ConstraintDefinition("UNIQUE", (name,), own, None, tree))
            case exp.CheckColumnConstraint():
                constraints.append(ConstraintDefinition("CHECK", (name,), own, given.this, tree))
            case exp.Reference():
                constraints.append(
                    ConstraintDefinition("FOREIGN KEY", (name,), own, None, tree, _reference(given, text))
                )
            case exp.GeneratedAsIdentityColumnConstraint() | exp.AutoIncrementColumnConstraint():
                raise refuse("columns do not number themselves; write DEFAULT nextval('a_sequence')", tree, text)
            case _:
                raise refuse("this is not supported in the definition of a column", tree, text)
    if kind is None and generated is None:
        raise BindError(f'the column "{tree.name}" has no type', text, *position(tree))
    if generated is not None and default is not None:
        raise BindError(f'the generated column "{tree.name}" has no DEFAULT', text, *position(tree))
    dtype = None if kind is None else collated(column_type(kind, text), collation, tree, text)
    return ColumnDefinition(name, dtype, nullable, default, generated), constraints


def collated(dtype: pl.DataType, collation: exp.Expression | None, tree: exp.Expression, text: str) -> pl.DataType:
    """Return the type of a column with what stands behind its COLLATE."""
    if collation is None:
        return dtype
    if dtype != pl.String():
        raise BindError(f"only a VARCHAR has a collation, and this is {sql_name(dtype)}", text, *position(tree))
    return collated_type(collation, text)


def table_constraints(tree: exp.Expression, text: str) -> Iterator[ConstraintDefinition]:
    """Yield the constraints that stand by themselves: PRIMARY KEY (a, b), CONSTRAINT c CHECK (...)."""
    if isinstance(tree, exp.Constraint):
        for part in tree.expressions:
            name = None if tree.name == UNNAMED else name_of(tree.this)
            yield _table_constraint(part, name, tree, text)
    else:
        yield _table_constraint(tree, None, tree, text)


def _table_constraint(part: exp.Expression, name: Name | None, tree: exp.Expression, text: str) -> ConstraintDefinition:
    match part:
        case exp.PrimaryKey():
            if any((part.args.get("include") or exp.IndexParameters()).args.values()):
                raise refuse("PRIMARY KEY names its columns, and nothing more", tree, text)
            return ConstraintDefinition("PRIMARY KEY", _columns(part.expressions), name, None, tree)
        case exp.UniqueColumnConstraint(this=exp.Schema() as columns):
            return ConstraintDefinition("UNIQUE", _columns(columns.expressions), name, None, tree)
        case exp.CheckColumnConstraint():
            return ConstraintDefinition("CHECK", (), name, part.this, tree)
        case exp.ForeignKey():
            reference = part.args.get("reference")
            if reference is None:
                raise refuse("FOREIGN KEY (columns) REFERENCES a table", tree, text)
            columns = tuple(map(name_of, part.expressions))
            return ConstraintDefinition("FOREIGN KEY", columns, name, None, tree, _reference(reference, text))
        case _:
            raise refuse("this is not supported in the definition of a table", tree, text)


def _reference(tree: exp.Reference, text: str) -> ReferenceDefinition:
    """Return what stands behind REFERENCES."""
    for option in tree.args.get("options") or ():
        words = str(option).upper().split()
        if words[:1] != ["ON"]:
            raise refuse("REFERENCES takes ON DELETE and ON UPDATE, and nothing more", tree, text)
        if words[2:] not in (["NO", "ACTION"], ["RESTRICT"]):
            raise refuse(_NO_ACTIONS, tree, text)
    if isinstance(tree.this, exp.Schema):
        return ReferenceDefinition(table_name(tree.this.this, text), tuple(map(name_of, tree.this.expressions)))
    return ReferenceDefinition(table_name(tree.this, text), ())


def _columns(trees: list[exp.Expression]) -> tuple[Name, ...]:
    return tuple(name_of(t.this if isinstance(t, exp.Ordered) else t) for t in trees)


def unique_index(name: Name, columns: list[exp.Expression], tree: exp.Expression) -> ConstraintDefinition:
    """Return the constraint that a CREATE UNIQUE INDEX is."""
    return ConstraintDefinition("UNIQUE", _columns(columns), name, None, tree)

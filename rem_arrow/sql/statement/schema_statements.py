"""Schemas: CREATE SCHEMA, DROP SCHEMA, USE and SET search_path, and that of what is TEMPORARY: trees to statements."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from rem_arrow.base.schema import MAIN, TEMPORARY
from rem_arrow.sql.statement.identifiers import refuse, schema_name
from rem_arrow.sql.statement.session_kinds import Use
from rem_arrow.sql.statement.statement import CreateSchema, DropSchema
from rem_arrow.sql.statement.statement_names import Name
from rem_arrow.sql.text.position import position
from rem_arrow.sql.text.trees import parts_of

_TEMPORARY = ((), (TEMPORARY,), (MAIN,), (TEMPORARY, MAIN))
_PATHS = ("schema", "search_path")


def create_schema(tree: exp.Create, text: str) -> CreateSchema:
    """Return the statement that a CREATE SCHEMA is."""
    return CreateSchema(schema_name(tree.this, text), bool(tree.args.get("replace")), bool(tree.args.get("exists")))


def drop_schema(tree: exp.Drop, text: str) -> DropSchema:
    """Return the statement that a DROP SCHEMA is."""
    (name,) = tree.args.get("tables") or [tree.this]
    return DropSchema(schema_name(name, text), bool(tree.args.get("exists")), bool(tree.args.get("cascade")))


def is_without_data(tree: exp.Create) -> bool:
    """Say whether a CREATE TABLE AS takes the columns of its query only."""
    properties = tree.args.get("properties")
    found = () if properties is None else properties.expressions
    return any(isinstance(p, exp.WithDataProperty) and p.args.get("no") for p in found)


def check_properties(tree: exp.Create, text: str) -> None:
    """Refuse what a CREATE TABLE or VIEW says beside its name and columns, but TEMPORARY, WITH [NO] DATA of a query,
    and ON COMMIT PRESERVE ROWS, which changes nothing."""
    properties = tree.args.get("properties")
    for prop in () if properties is None else properties.expressions:
        match prop:
            case exp.TemporaryProperty():
                continue
            case exp.WithDataProperty() if tree.expression is not None and prop.args.get("statistics") is None:
                continue
            case exp.OnCommitProperty() if not prop.args.get("delete"):
                continue
            case exp.OnCommitProperty():
                raise refuse("the rows of a temporary table stay at a COMMIT; TRUNCATE empties it", tree, text)
            case _:
                raise refuse(
                    f"CREATE {tree.args['kind']} takes no further properties, and this is one: "
                    f"{prop.sql('duckdb')[:60]}",
                    tree,
                    text,
                )


def placed(name: Name, tree: exp.Create, text: str) -> Name:
    """Return the name of what is created, in the schema of temporary tables if it is TEMPORARY."""
    properties = tree.args.get("properties")
    if properties is None or not any(isinstance(p, exp.TemporaryProperty) for p in properties.expressions):
        return name
    if tuple(q.casefold() for q in name.qualifiers) not in _TEMPORARY:
        raise refuse("what is TEMPORARY is in the schema temp, and in no other", tree, text)
    return replace(name, qualifiers=(TEMPORARY,))


def use(tree: exp.Use, text: str) -> Use:
    """Return the statement that a USE is."""
    table = tree.this
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        raise refuse("USE takes a schema, or the database and a schema", tree, text)
    return Use((Name(table.name, *position(table), parts_of(table)[:-1]),))


def search_path(name: Name, value: exp.Expression) -> Use | None:
    """Return the statement that sets the schema or the search path; None for any other setting."""
    setting = name.text.casefold()
    if setting not in _PATHS:
        return None
    if isinstance(value, exp.Null):
        return Use(None)
    place = position(value)
    names = [n.strip() for n in value.name.split(",")] if setting == "search_path" else [value.name]
    return Use(tuple(_qualified(n, *place) for n in names if n) or None)


def _qualified(text: str, start: int | None, end: int | None) -> Name:
    *qualifiers, name = [part.strip().strip('"') for part in text.split(".")]
    return Name(name, start, end, tuple(qualifiers))

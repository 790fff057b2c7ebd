"""Trees to statements: which kind a tree is, and refusal, by name, of what no statement here means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from rem_arrow.sql.statement.definitions import alter, create, drop
from rem_arrow.sql.statement.identifiers import assignments, name_of, refuse, refuse_statement, table_name
from rem_arrow.sql.statement.macro_statements import create_macro, drop_macro
from rem_arrow.sql.statement.merge_statement import merge
from rem_arrow.sql.statement.parsed import Parsed
from rem_arrow.sql.statement.schema_statements import create_schema, drop_schema, use
from rem_arrow.sql.statement.sequence_statements import create_sequence, drop_sequence
from rem_arrow.sql.statement.session_statements import comment, deallocate, execute, prepare, setting, upkeep
from rem_arrow.sql.statement.statement import (
    EXPLAINED,
    Conflict,
    Control,
    CopyFrom,
    CopyTo,
    Delete,
    Explain,
    Insert,
    Select,
    Statement,
    Update,
)
from rem_arrow.sql.statement.statement_names import Name, Options
from rem_arrow.sql.statement.writing_ctes import writes_in_with, writing_ctes
from rem_arrow.sql.text.option_values import option_value
from rem_arrow.sql.text.trees import literal_text

_REFUSED: dict[type[exp.Expression], str] = {
    exp.Attach: "ATTACH is not supported; a connection has one database: hand other tables in as frames",
    exp.Detach: "DETACH is not supported; a connection has one database",
}


def classify(tree: exp.Expression, text: str) -> Parsed:
    """Return the statement that a tree is. Raises UnsupportedError with the position."""
    return Parsed(_statement(tree, text), tree, text)


def _statement(tree: exp.Expression, text: str) -> Statement:
    message = _REFUSED.get(type(tree))
    if message is not None:
        raise refuse_statement(message, tree, text)
    if writes_in_with(tree):
        return writing_ctes(tree, text, _statement)
    statement = _KINDS.get(type(tree))
    return statement(tree, text) if statement is not None else Select(tree)


def _create(tree: exp.Create, text: str) -> Statement:
    match str(tree.args.get("kind")).upper():
        case "SCHEMA":
            return create_schema(tree, text)
        case "MACRO":
            return create_macro(tree, text)
        case "SEQUENCE":
            return create_sequence(tree, text)
        case _:
            return create(tree, text)


def _drop(tree: exp.Drop, text: str) -> Statement:
    kind = str(tree.args.get("kind")).upper()
    if kind == "SEQUENCE":
        return drop_sequence(tree, text)
    return drop_schema(tree, text) if kind == "SCHEMA" else (drop_macro if "MACRO" in kind else drop)(tree, text)


def _insert(tree: exp.Insert, text: str) -> Insert:
    for key, what in (("overwrite", "INSERT OVERWRITE"), ("partition", "PARTITION"), ("where", "REPLACE WHERE")):
        if tree.args.get(key):
            raise refuse(f"{what} is not supported", tree, text)
    table, columns = _table_and_columns(tree.this)
    source = None if tree.args.get("default") else tree.expression
    if source is not None and tree.args.get("with_") is not None:
        source, inner = source.copy(), source.args.get("with_")
        ctes = tree.args["with_"].copy()
        if inner is not None:
            ctes.set("expressions", [*ctes.expressions, *inner.expressions])
            ctes.set("recursive", ctes.args.get("recursive") or inner.args.get("recursive"))
        source.set("with_", ctes)
    return Insert(
        table_name(table, text),
        table.alias or table.name,
        columns,
        source,
        bool(tree.args.get("by_name")),
        _conflict(tree, text),
        tree.args.get("returning"),
    )


def _conflict(tree: exp.Insert, text: str) -> Conflict | None:
    alternative = str(tree.args.get("alternative") or "").upper()
    clause = tree.args.get("conflict")
    if clause is None:
        if alternative not in ("", "REPLACE", "IGNORE"):
            raise refuse(f"INSERT OR {alternative} is not supported; there are OR REPLACE and OR IGNORE", tree, text)
        return None if not alternative else Conflict("replace" if alternative == "REPLACE" else "nothing")
    if clause.args.get("duplicate") or clause.args.get("constraint"):
        raise refuse("ON CONFLICT names columns: ON CONFLICT (id)", tree, text)
    keys = tuple(name_of(k.this if isinstance(k, exp.Ordered) else k) for k in clause.args.get("conflict_keys") or ())
    action = str(clause.args.get("action") or "").upper()
    if action != ("DO UPDATE" if clause.expressions else "DO NOTHING"):
        raise refuse("ON CONFLICT takes DO NOTHING or DO UPDATE SET", clause, text)
    if not clause.expressions:
        return Conflict("nothing", keys)
    where = clause.args.get("where")
    return Conflict("update", keys, assignments(clause.expressions, text), None if where is None else where.this)


def _update(tree: exp.Update, text: str) -> Update:
    if tree.args.get("order") or tree.args.get("limit"):
        raise refuse("UPDATE with ORDER BY or LIMIT is not supported", tree, text)
    table, where, source = tree.this, tree.args.get("where"), tree.args.get("from_")
    if table.args.get("joins"):
        raise refuse("UPDATE names one table; write the others after FROM", tree, text)
    others = () if source is None else (source.this, *source.args.get("joins", ()))
    return Update(
        table_name(table, text),
        table.alias or table.name,
        assignments(tree.expressions, text),
        others,
        None if where is None else where.this,
        tree.args.get("with_"),
        tree.args.get("returning"),
    )


def _delete(tree: exp.Delete, text: str) -> Delete:
    if tree.args.get("order") or tree.args.get("limit"):
        raise refuse("DELETE with ORDER BY or LIMIT is not supported", tree, text)
    if tree.args.get("tables"):
        raise refuse("DELETE names its table behind FROM", tree, text)
    table, where = tree.this, tree.args.get("where")
    others = tuple(tree.args.get("using") or ())
    return Delete(
        table_name(table, text),
        table.alias or table.name,
        others,
        None if where is None else where.this,
        tree.args.get("with_"),
        tree.args.get("returning"),
    )


def _truncate(tree: exp.TruncateTable, text: str) -> Delete:
    if len(tree.expressions) != 1:
        raise refuse("TRUNCATE empties one table at a time", tree, text)
    table = tree.expressions[0]
    return Delete(table_name(table, text), table.name, (), None, None, None)


def _copy(tree: exp.Copy, text: str) -> CopyTo | CopyFrom:
    files = tree.args.get("files") or []
    path = literal_text(files[0]) if len(files) == 1 else None
    if path is None:
        raise refuse("COPY takes one file name in quotes", tree, text)
    credentials = tree.args.get("credentials")
    if credentials is not None and any(credentials.args.values()):
        raise refuse("COPY takes no credentials", credentials, text)
    options, target = _options(tree.args.get("params") or [], text), tree.this
    if tree.args.get("kind"):
        table, columns = _table_and_columns(target)
        if not isinstance(table, exp.Table):
            raise refuse("COPY ... FROM names a table", tree, text)
        return CopyFrom(table_name(table, text), columns, path, options)
    match target:
        case exp.Schema():
            source = exp.select(*(exp.column(c.copy()) for c in target.expressions)).from_(target.this)
        case exp.Subquery():
            source = target.this
        case _:
            source = target
    return CopyTo(source, path, options)


def _table_and_columns(tree: exp.Expression) -> tuple[exp.Expression, tuple[Name, ...] | None]:
    """Return what `t` or `t (a, b)` names; no columns where none are listed."""
    if not isinstance(tree, exp.Schema):
        return tree, None
    return tree.this, tuple(name_of(c) for c in tree.expressions)


def _options(params: list[exp.Expression], text: str) -> Options:
    return tuple((str(p.this.name or p.this).lower(), option_value(p.args.get("expression"), text)) for p in params)


def _command(tree: exp.Command, text: str) -> Statement:
    match str(tree.this):
        case "SET":
            return setting(tree, text)
        case "PREPARE":
            return prepare(tree, text, classify)
        case "EXECUTE":
            return execute(tree, text)
        case "DEALLOCATE":
            return deallocate(tree, text)
        case "COMMENT":
            return comment(tree, text)
        case "CHECKPOINT" | "VACUUM" | "ANALYZE":
            return upkeep(tree, text)
    return _explain(tree.expression, text, analyze=str(tree.this).endswith("ANALYZE"))


def _explain(tree: exp.Expression, text: str, *, analyze: bool) -> Explain:
    # The text of a view is found by the words before it.
    is_view = isinstance(tree, exp.Create) and str(tree.args.get("kind")).upper() == "VIEW"
    inner = None if is_view else _statement(tree, text)
    if not isinstance(inner, EXPLAINED):
        raise refuse("EXPLAIN takes a query, or a statement that reads rows and writes them", tree, text)
    if analyze and not isinstance(inner, Select):
        raise refuse(
            "EXPLAIN ANALYZE takes a query: it runs what it measures, and writes nothing; write EXPLAIN, or EXPLAIN "
            "ANALYZE of the query that gives the rows",
            tree,
            text,
        )
    return Explain(inner, analyze)


_KINDS: dict[type[exp.Expression], Callable[[Any, str], Statement]] = {
    exp.Insert: _insert,
    exp.Update: _update,
    exp.Delete: _delete,
    exp.Merge: merge,
    exp.TruncateTable: _truncate,
    exp.Create: _create,
    exp.Drop: _drop,
    exp.Use: use,
    exp.Alter: alter,
    exp.Copy: _copy,
    exp.Command: _command,
    exp.Transaction: lambda *_: Control("BEGIN"),
    exp.Commit: lambda *_: Control("COMMIT"),
    exp.Rollback: lambda *_: Control("ROLLBACK"),
}

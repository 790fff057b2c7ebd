"""CREATE, DROP and ALTER: trees to statements."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from rem_arrow.base.quoting import identifier
from rem_arrow.sql.statement.column_definitions import collated, column, elements, table_constraints, unique_index
from rem_arrow.sql.statement.identifiers import name_of, refuse, refuse_statement, table_name
from rem_arrow.sql.statement.schema_statements import check_properties, is_without_data, placed
from rem_arrow.sql.statement.statement import (
    Action,
    AddColumn,
    AddConstraints,
    Alter,
    ChangeType,
    CreateIndex,
    CreateTable,
    CreateTableAs,
    CreateView,
    Drop,
    DropColumn,
    DropConstraint,
    RenameColumn,
    RenameTable,
    SetDefault,
    SetNullable,
)
from rem_arrow.sql.statement.type_statement import CreateType
from rem_arrow.sql.text.read_marks import take
from rem_arrow.sql.text.type_names import column_type
from rem_arrow.sql.text.view_text import view_text


def create(tree: exp.Create, text: str) -> CreateTable | CreateTableAs | CreateView | CreateType | CreateIndex:
    """Return the statement that a CREATE is."""
    kind = str(tree.args.get("kind") or "").upper()
    if kind in ("TABLE", "VIEW"):
        check_properties(tree, text)
    if tree.args.get("replace") and tree.args.get("exists"):
        raise refuse("OR REPLACE and IF NOT EXISTS exclude each other", tree, text)
    match kind:
        case "INDEX":
            return _index(tree, text)
        case "VIEW":
            view = _view(tree, text)
            return replace(view, view=placed(view.view, tree, text))
        case "TABLE":
            table = _table(tree, text)
            return replace(table, table=placed(table.table, tree, text))
        case "TYPE":
            return _type(tree, text)
        case _:
            raise refuse_statement(
                f"CREATE {kind} is not supported; there are CREATE TABLE, VIEW, TYPE and INDEX", tree, text
            )


def _named(tree: exp.Create) -> tuple[exp.Expression, list[exp.Expression]]:
    """Return the name of what is created, and what stands in parentheses after it."""
    return (tree.this.this, tree.this.expressions) if isinstance(tree.this, exp.Schema) else (tree.this, [])


def _view(tree: exp.Create, text: str) -> CreateView:
    table, parts = _named(tree)
    name, sql = table_name(table, text), view_text(text, table)
    # The text is parsed again, and read then.
    take(tree.expression)
    if parts:
        sql = f"SELECT * FROM ({sql}\n) AS {identifier(name.text)}({', '.join(identifier(p.name) for p in parts)})"
    return CreateView(name, sql, bool(tree.args.get("replace")), bool(tree.args.get("exists")))


def _table(tree: exp.Create, text: str) -> CreateTable | CreateTableAs:
    table, parts = _named(tree)
    name, source = table_name(table, text), tree.expression
    replace, exists = bool(tree.args.get("replace")), bool(tree.args.get("exists"))
    if source is None:
        return CreateTable(name, *elements(parts, text), replace, exists)
    if any(isinstance(p, exp.ColumnDef) and p.args.get("kind") is not None for p in parts):
        raise refuse("CREATE TABLE AS takes column names only; the types are those of the query", tree.this, text)
    if is_without_data(tree):
        source = source.limit(0, copy=False)
    return CreateTableAs(name, tuple(name_of(p) for p in parts), source, replace, exists)


def _type(tree: exp.Create, text: str) -> CreateType:
    table, parts = _named(tree)
    name, source = table_name(table, text), tree.expression
    # The column that stands for the type has its name.
    column = parts[0] if len(parts) == 1 and isinstance(parts[0], exp.ColumnDef) else None
    kind = column.args.get("kind") if column is not None and column.name == name.text else None
    if (source is None) == (kind is None) or (kind is not None and parts[0].args.get("constraints")):
        raise refuse("CREATE TYPE is written CREATE TYPE name AS ENUM ('a', 'b'), or AS any type", tree, text)
    dtype = None if kind is None else column_type(kind, text)
    return CreateType(name, dtype, source, bool(tree.args.get("replace")), bool(tree.args.get("exists")))


def _index(tree: exp.Create, text: str) -> CreateIndex:
    index = tree.this
    params = index.args.get("params")
    using = None if params is None else params.args.get("using")
    kind = str(using.name).upper() if using is not None else ""
    if using is not None and kind not in ("HNSW", "FTS"):
        raise refuse(
            f"CREATE INDEX USING {using.name} is not supported; USING HNSW is for vectors, USING FTS for words, and "
            "without USING an index finds equal values",
            tree,
            text,
        )
    columns = [] if params is None else params.args.get("columns") or []
    unique = bool(tree.args.get("unique"))
    if not columns or (len(columns) > 1 and kind) or not all(isinstance(c.this, exp.Column) for c in columns):
        raise refuse("an index is on columns, and one USING HNSW or FTS on one column", tree, text)
    for key in columns:
        # An index finds equal values, in no order.
        key.args.get("desc")
    if index.this is None:
        raise refuse("an index needs a name: CREATE INDEX name ON table (column)", tree, text)
    if unique and kind:
        raise refuse(f"an index USING {kind} is not unique", tree, text)
    if params is not None and kind == "FTS" and params.args.get("with_storage"):
        raise refuse("a full-text index takes no options", tree, text)
    return CreateIndex(
        name_of(index.this),
        table_name(index.args["table"], text),
        tuple(name_of(c.this) for c in columns),
        bool(tree.args.get("exists")),
        _hnsw(params, tree, text) if params is not None and kind == "HNSW" else None,
        kind == "FTS",
        unique_index(name_of(index.this), columns, tree) if unique else None,
    )


def _hnsw(params: exp.Expression, tree: exp.Create, text: str) -> dict[str, str | int]:
    """Return the options of `USING HNSW (v) WITH (metric = 'l2', m = 16, ef_construction = 200, dimension = 384)`."""
    options: dict[str, str | int] = {}
    for option in params.args.get("with_storage") or ():
        name, value = option.this.name.casefold(), option.args.get("value")
        if (
            name not in ("metric", "m", "ef_construction", "dimension")
            or not isinstance(value, exp.Literal)
            or value.is_string != (name == "metric")
        ):
            raise refuse(
                "an HNSW index takes metric = 'cosine', 'inner_product' or 'l2', and the numbers m, ef_construction "
                "and dimension",
                tree,
                text,
            )
        options[name] = value.name if value.is_string else int(value.name) if value.name.isdigit() else -1
    return options


def drop(tree: exp.Drop, text: str) -> Drop:
    """Return the statement that a DROP is."""
    kind, names = str(tree.args.get("kind") or "").upper(), tree.args.get("tables") or [tree.this]
    if kind not in ("TABLE", "VIEW", "INDEX", "TYPE"):
        raise refuse_statement(f"DROP {kind} is not supported; there are DROP TABLE, VIEW, TYPE and INDEX", tree, text)
    if len(names) != 1:
        raise refuse(f"DROP {kind} takes one name at a time", tree, text)
    # Nothing depends on a table, view or index so that it would go with it: CASCADE has nothing to add.
    tree.args.get("cascade")
    return Drop(kind, table_name(names[0], text), bool(tree.args.get("exists")))  # type: ignore[arg-type]


def alter(tree: exp.Alter, text: str) -> Alter:
    """Return the statement that an ALTER is."""
    kind, actions = str(tree.args.get("kind") or "").upper(), tree.args.get("actions") or []
    if kind not in ("TABLE", "VIEW"):
        raise refuse(f"ALTER {kind} is not supported", tree, text)
    if len(actions) != 1:
        raise refuse("ALTER makes one change at a time", tree, text)
    action = _action(tree, actions[0], text)
    return Alter(kind, table_name(tree.this, text), action, bool(tree.args.get("exists")))  # type: ignore[arg-type]


def _action(tree: exp.Alter, action: exp.Expression, text: str) -> Action:
    match action:
        case exp.ColumnDef():
            definition, constraints = column(action, text)
            return AddColumn(definition, tuple(constraints), bool(action.args.get("exists")))
        case exp.AddConstraint():
            return AddConstraints(tuple(c for e in action.expressions for c in table_constraints(e, text)))
        case exp.Drop() if str(action.args.get("kind")).upper() == "CONSTRAINT":
            (name,) = action.args.get("tables") or [action.this]
            return DropConstraint(name_of(name), bool(action.args.get("exists")))
        case exp.Drop() if str(action.args.get("kind")).upper() == "COLUMN":
            (dropped,) = action.args.get("tables") or [action.this]
            return DropColumn(name_of(dropped), bool(action.args.get("exists")))
        case exp.RenameColumn():
            return RenameColumn(name_of(action.this), name_of(action.args["to"]))
        case exp.AlterRename():
            # SQLGlot reads RENAME a TO b as a rename of the table with an option after it.
            options = tree.args.get("options") or []
            return (
                RenameColumn(name_of(action.this), name_of(options[0].this))
                if options
                else RenameTable(name_of(action.this))
            )
        case exp.AlterColumn() if action.args.get("dtype") is not None:
            using = action.args.get("using") or None
            dtype, collation = column_type(action.args["dtype"], text), action.args.get("collate") or None
            return ChangeType(name_of(action.this), collated(dtype, collation, tree, text), using)
        case exp.AlterColumn() if action.args.get("allow_null") is not None:
            # DROP NOT NULL: so SQLGlot reads it already.
            action.args.get("drop")
            return SetNullable(name_of(action.this), bool(action.args["allow_null"]))
        case exp.AlterColumn() if action.args.get("drop") or action.args.get("default") is not None:
            return SetDefault(name_of(action.this), action.args.get("default"))
    raise refuse(
        "this ALTER is not supported; there are ADD, DROP and RENAME COLUMN, RENAME TO, ALTER COLUMN with TYPE, "
        "DEFAULT and NOT NULL, and ADD and DROP CONSTRAINT",
        tree,
        text,
    )

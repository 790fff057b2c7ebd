"""MERGE: a tree to a statement."""

from __future__ import annotations

from typing import cast

from sqlglot import exp

from rem_arrow.base.errors import BindError
from rem_arrow.sql.statement.identifiers import assignments, name_of, refuse, table_name
from rem_arrow.sql.statement.statement import Match, Merge, MergeAction, MergeKind
from rem_arrow.sql.text.position import position
from rem_arrow.sql.text.trees import members


def merge(tree: exp.Merge, text: str) -> Merge:
    """Return the statement. Raises BindError and UnsupportedError with the position."""
    table, source = tree.this, tree.args["using"].copy()
    if not source.alias_or_name:
        source.set("alias", exp.TableAlias(this=exp.to_identifier("unnamed_subquery")))
    using = tree.args.get("using_cond") or ()
    whens = tuple(_when(w, text) for w in tree.args["whens"].expressions)
    return Merge(
        table_name(table, text),
        table.alias or table.name,
        source,
        tree.args.get("on") or None,
        tuple(using),
        whens,
        tree.args.get("with_"),
        tree.args.get("returning"),
    )


def _when(tree: exp.When, text: str) -> MergeAction:
    # SQLGlot sets "source" for NOT MATCHED BY SOURCE.
    match: Match = (
        "matched" if tree.args.get("matched") else "not matched by source" if tree.args.get("source") else "not matched"
    )
    then, condition = tree.args["then"], tree.args.get("condition")
    if isinstance(then, exp.Insert):
        if match != "not matched":
            raise refuse("INSERT belongs after WHEN NOT MATCHED [BY TARGET]", tree, text)
        return _insert(then, match, condition)
    kind = cast(MergeKind, {"DELETE": "delete", "DO NOTHING": "nothing"}.get(then.name.upper(), "update"))
    if match == "not matched" and kind != "nothing":
        raise BindError(
            f"WHEN NOT MATCHED finds no row of the table to {kind}",
            text,
            *position(tree),
            hint="Write WHEN NOT MATCHED BY SOURCE.",
        )
    if kind != "update":
        return MergeAction(match, condition, kind)
    sets = then.expressions
    if not sets or isinstance(sets[0], exp.Star):
        if match != "matched":
            raise BindError(
                "UPDATE without SET takes the columns of the source, and here is none", text, *position(tree)
            )
        return MergeAction(match, condition, kind)
    return MergeAction(match, condition, kind, assignments=assignments(sets, text))


def _insert(then: exp.Insert, match: Match, condition: exp.Expression | None) -> MergeAction:
    named, values = then.this, then.args.get("expression") or None
    listed = named.expressions if isinstance(named, exp.Tuple) else None
    aliases = [(c.this.name.upper(), c.alias.upper()) for c in listed or () if isinstance(c, exp.Alias)]
    if aliases == [("BY", "NAME")]:
        # SQLGlot reads BY NAME as a column with an alias.
        return MergeAction(match, condition, "insert", by_name=True)
    columns = None if listed is None else tuple(name_of(c) for c in listed)
    if columns is not None and values is None and [c.text.upper() for c in columns] == ["DEFAULT"]:
        # SQLGlot reads DEFAULT VALUES as a list of one column.
        return MergeAction(match, condition, "insert", columns=(), values=())
    cells = None if values is None else members(values)
    return MergeAction(match, condition, "insert", columns=columns, values=cells)

"""What the actions of a MERGE read: each the rows of its kind that meet its condition, and that no action before it has
taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import BindError
from rem_arrow.base.schema import Field
from rem_arrow.base.source import Catalog
from rem_arrow.plan.nodes import Query
from rem_arrow.sql.bind.binder import Evaluate
from rem_arrow.sql.bind.write_queries import Target, WriteBinder, is_default
from rem_arrow.sql.statement.statement import Merge, MergeAction
from rem_arrow.sql.statement.statement_names import Assignments, Name
from rem_arrow.sql.text.position import position


class MergeBinder:
    """Binds the actions of one MERGE."""

    def __init__(
        self,
        text: str,
        catalog: Catalog,
        parameters: Mapping[str, pl.DataType],
        target: Target,
        merge: Merge,
        evaluate: Evaluate,
    ) -> None:
        self._text, self._target, self._merge = text, target, merge
        self._binder = WriteBinder(text, catalog, parameters, target, evaluate)

    def update(self, place: int, assigned: Assignments) -> Query:
        """Bind the rowids and the new rows of an UPDATE."""
        return self._binder.update(assigned, self._others(place), self._condition(place), self._ctes())

    def delete(self, place: int, columns: Sequence[str]) -> Query:
        """Bind the rowids and these columns of the rows of a DELETE."""
        return self._binder.delete(columns, self._others(place), self._condition(place), self._ctes())

    def insert(self, place: int, fields: Sequence[Field]) -> tuple[Query, list[Field]]:
        """Bind the rows of an INSERT into `fields`; columns that are DEFAULT are left out."""
        action, cells = self._merge.actions[place], list(self._merge.actions[place].values or ())
        if action.by_name:
            return self._binder.by_name(self._unmatched([exp.Star()], place), self._target.table.given)
        if action.values is None:
            return self._binder.insert(self._unmatched([exp.Star()], place), fields)
        self._binder.check_count(len(cells), fields, cells[0] if cells else self._merge.source)
        pairs = [(c, f) for c, f in zip(cells, fields, strict=True) if not is_default(c)]
        if not pairs:
            return self._binder.rows(self._unmatched([exp.Literal.number(1)], place)), []
        return self._binder.insert(self._unmatched([c.copy() for c, _ in pairs], place), [f for _, f in pairs])

    def assignments(self, action: MergeAction) -> Assignments:
        """Return what an UPDATE sets: without SET every column, from the columns of the source in their order."""
        if action.assignments is not None:
            return action.assignments
        names, fields = self._source_names(), self._target.table.given
        if len(names) != len(fields):
            raise BindError(
                f"UPDATE without SET needs the {len(fields)} columns of {self._target.table.name}, and the source has "
                f"{len(names)}",
                self._text,
                *position(self._merge.source),
            )
        alias = self._merge.source.alias_or_name
        columns = (
            exp.column(exp.to_identifier(n, quoted=True), table=exp.to_identifier(alias, quoted=True)) for n in names
        )
        return tuple((Name(f.name), c) for f, c in zip(fields, columns, strict=True))

    def source(self) -> Query:
        """Bind the rows of the source."""
        return self._binder.rows(self._select([exp.Star()], [], None))

    def source_width(self) -> int:
        """Return the number of columns of the source."""
        return len(self._source_names())

    # --- inside

    def _source_names(self) -> tuple[str, ...]:
        return self.source().names

    def _others(self, place: int) -> list[exp.Expression]:
        """Return the source as a join to the target: of the rows that it finds, or of those that it does not."""
        kind = "INNER" if self._merge.actions[place].match == "matched" else "ANTI"
        return [self._join(self._merge.source.copy(), kind)]

    def _join(self, right: exp.Expression, kind: str) -> exp.Join:
        on = self._merge.on
        return exp.Join(
            this=right, kind=kind, on=None if on is None else on.copy(), using=[c.copy() for c in self._merge.using]
        )

    def _unmatched(self, columns: list[exp.Expression], place: int) -> exp.Select:
        alias = exp.TableAlias(this=exp.to_identifier(self._target.alias, quoted=True))
        target = exp.Table(this=exp.to_identifier(self._target.source, quoted=True), alias=alias)
        return self._select(columns, [self._join(target, "ANTI")], self._condition(place))

    def _select(
        self, columns: list[exp.Expression], joins: list[exp.Expression], where: exp.Expression | None
    ) -> exp.Select:
        tree = exp.Select(expressions=columns, from_=exp.From(this=self._merge.source.copy()), joins=joins)
        if where is not None:
            tree.set("where", exp.Where(this=where))
        if self._merge.ctes is not None:
            tree.set("with_", self._merge.ctes.copy())
        return tree

    def _ctes(self) -> exp.Expression | None:
        return None if self._merge.ctes is None else self._merge.ctes.copy()

    def _condition(self, place: int) -> exp.Expression | None:
        """Return the action's condition, and that none holds of the actions of its kind before it."""
        action = self._merge.actions[place]
        terms = [] if action.condition is None else [action.condition.copy()]
        for other in self._merge.actions[:place]:
            if other.match == action.match:
                holds = (
                    exp.true()
                    if other.condition is None
                    else exp.Coalesce(this=exp.Paren(this=other.condition.copy()), expressions=[exp.false()])
                )
                terms.append(exp.Not(this=holds))
        return exp.and_(*terms) if terms else None


def with_source(merge: Merge, name: str) -> Merge:
    """Return a MERGE whose source is a table of that name, under the alias that the source has."""
    alias = exp.TableAlias(this=exp.to_identifier(merge.source.alias_or_name, quoted=True))
    return replace(merge, source=exp.Table(this=exp.to_identifier(name, quoted=True), alias=alias))


def returned(merge: Merge, action: MergeAction) -> exp.Expression:
    """Return RETURNING for the rows of one action: `merge_action` in it says which it was. REQUIRES: the statement has
    one."""
    assert merge.returning is not None, "the caller checked"
    named = exp.Literal.string(action.kind.upper())

    def is_action(node: exp.Expression) -> bool:
        return isinstance(node, exp.Column) and not node.table and node.name.casefold() == "merge_action"

    shown = [
        exp.alias_(named.copy(), "merge_action")
        if is_action(e)
        else e.copy().transform(lambda n: named.copy() if is_action(n) else n)
        for e in merge.returning.expressions
    ]
    return exp.Returning(expressions=shown)

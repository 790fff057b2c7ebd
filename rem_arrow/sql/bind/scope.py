"""The names that a SELECT can see: relations by alias, and their columns by the user's name and by the unique one.

A tree may also name a column by its unique name: see `reference`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_

import polars as pl
from sqlglot import exp

from rem_arrow.base.errors import suggest
from rem_arrow.base.logical_types import is_json
from rem_arrow.base.source import ROWID, VectorSpec
from rem_arrow.plan import nested_functions as nested
from rem_arrow.plan.nodes import Column, Expr, Literal
from rem_arrow.sql.text.position import Place

# Begins the name of a table that stands for the unique name of a column.
_UNIQUE = "\n"


@dataclass(frozen=True, slots=True)
class Visible:
    """One column of a relation in FROM.

    Attributes:
        also: a second name that it answers to.
        hidden: it is no part of `*`.
        null: it holds nothing but NULL, and takes any type.
        vector: of a column that can be searched; `source` is its table or view; `origin` its name in the table.
    """

    name: str
    unique: str
    dtype: pl.DataType
    also: str = ""
    hidden: bool = False
    vector: VectorSpec | None = None
    source: str = ""
    origin: str = ""
    null: bool = False

    @property
    def bound(self) -> Expr:
        """What a mention of it means."""
        return Literal(None, pl.Null()) if self.null else Column(self.unique, self.dtype)

    def is_called(self, folded: str) -> bool:
        """Say whether the column has this name, which is casefolded."""
        return folded in (self.name.casefold(), self.also.casefold())


@dataclass(frozen=True, slots=True)
class _Index:
    """The columns of relations, which are these lists, by their unique names, and by each name that they answer to."""

    lists: tuple[list[Visible], ...]
    columns: int
    by_unique: Mapping[str, Visible]
    by_name: Mapping[str, Sequence[tuple[str, Visible]]]


def _indexed(relations: list[tuple[str, list[Visible]]]) -> _Index:
    by_unique: dict[str, Visible] = {}
    by_name: dict[str, list[tuple[str, Visible]]] = {}
    for relation, columns in relations:
        for column in columns:
            by_unique.setdefault(column.unique, column)
            for name in {column.name.casefold(), column.also.casefold()}:
                by_name.setdefault(name, []).append((relation, column))
    lists = tuple(columns for _, columns in relations)
    return _Index(lists, sum(map(len, lists)), by_unique, by_name)


@dataclass(slots=True)
class Scope:
    """Relations in FROM order. Two may have one name, as long as nobody needs to tell them apart.

    USING and NATURAL merge columns: unqualified, the name means the merged one, and `*` shows it where the first of
    them stood.
    """

    relations: list[tuple[str, list[Visible]]] = field(default_factory=list)
    # Each merged column, with the unique names of the columns that it stands for.
    merged: list[tuple[Visible, frozenset[str]]] = field(default_factory=list)
    # What a subquery sees of the query around it: a name that is not found here may mean a column there.
    outer: Scope | None = None
    # Of the query around: names of its SELECT list, which mean their expressions where nothing else has the name.
    aliases: Mapping[str, Callable[[], Expr]] = field(default_factory=dict)
    # Of the query around: binds an aggregate there, where one may stand.
    aggregate: Callable[[exp.Expression], Expr] | None = None
    _index: _Index | None = field(default=None, init=False, repr=False, compare=False)

    def alias(self, name: str) -> Expr | None:
        """Return what an alias of a query around stands for; None where there is none of that name, or a column has
        it."""
        folded = name.casefold()
        scope: Scope | None = self
        while scope is not None and not scope.knows(name):
            if folded in scope.aliases:
                return scope.aliases[folded]()
            scope = scope.outer
        return None

    def owns_no(self, columns: list[exp.Column]) -> bool:
        """Say whether there are columns, and all of them belong to a query around."""
        here = (self.knows(c.name) if not c.table else self.is_relation(c.table) for c in columns)
        return (
            bool(columns)
            and self.outer is not None
            and not any(here)
            and all(self.outer.reaches(c.name, c.table or None) for c in columns)
        )

    def add(self, alias: str, columns: list[Visible]) -> None:
        self.relations.append((alias, columns))

    def beside(self, right: Scope) -> Scope:
        """Return the scope of a join of the two, without merged columns of its own."""
        return Scope([*self.relations, *right.relations], [*self.merged, *right.merged], self.outer)

    def with_merged(self, column: Visible) -> None:
        """Let `column` stand for all columns of its name."""
        folded = column.name.casefold()
        covered = frozenset(c.unique for _, columns in self.relations for c in columns if c.name.casefold() == folded)
        self.merged = [(m, parts) for m, parts in self.merged if m.name.casefold() != folded] + [(column, covered)]

    def _columns(self) -> _Index:
        """Return the index of the columns, made anew where the relations have changed."""
        index = self._index
        lists = [columns for _, columns in self.relations]
        same = index is not None and len(index.lists) == len(lists) and all(map(is_, index.lists, lists))
        if index is None or not same or index.columns != sum(map(len, lists)):
            index = self._index = _indexed(self.relations)
        return index

    def _substitute(self, column: Visible) -> Visible:
        return next((m for m, parts in self.merged if column.unique in parts), column)

    def all_columns(self) -> list[Visible]:
        """Return the columns of `*`: a merged one once, in the place of its first part."""
        return list(
            dict.fromkeys(self._substitute(c) for _, columns in self.relations for c in columns if not c.hidden)
        )

    def of(self, alias: str, place: Place) -> list[Visible]:
        """Return the columns of `t.*`, for the relations of that name. Raises BindError when there are none."""
        return [c for c in self._all_of(alias, place) if not c.hidden]

    def of_source(self, alias: str, source: str) -> Scope | None:
        """Return the relations of that name that are the table of that full name, here or in a query around; None where
        there are none. The table that a statement changes is not asked for its name."""
        own = [
            (name, columns)
            for name, columns in self.relations
            if name.casefold() == alias.casefold()
            and any(c.source.startswith("\0") or c.source.casefold() == source.casefold() for c in columns)
        ]
        return Scope(own) if own else None if self.outer is None else self.outer.of_source(alias, source)

    def find(self, unique: str) -> Visible | None:
        """Return the column of that unique name, here or in a query around."""
        here = self._columns().by_unique.get(unique)
        return here if here is not None or self.outer is None else self.outer.find(unique)

    def owner(self, unique: str) -> tuple[str, list[Visible]] | None:
        """Return the name and the columns of the relation here that has the column of that unique name."""
        return next(
            ((name, columns) for name, columns in self.relations if any(c.unique == unique for c in columns)), None
        )

    def rowid_beside(self, unique: str) -> Visible | None:
        """Return the column that numbers the rows of the table here that has the column of that unique name."""
        owner = self.owner(unique)
        return None if owner is None else next((c for c in owner[1] if c.name == ROWID), None)

    def referenced(self, tree: exp.Column) -> Visible | None:
        """Return the column that a `reference` names; None where the tree is none."""
        if not tree.table.startswith(_UNIQUE):
            return None
        unique = tree.table.removeprefix(_UNIQUE)
        return next((m for m, _ in self.merged if m.unique == unique), None) or self.find(unique)

    def _all_of(self, alias: str, place: Place) -> list[Visible]:
        named = [columns for name, columns in self.relations if name.casefold() == alias.casefold()]
        if not named:
            raise place.error(
                f'no table "{alias}" in FROM', suggest(alias, [name for name, _ in self.relations], "Tables")
            )
        return [column for columns in named for column in columns]

    def tell_apart(self, alias: str | None, place: Place) -> None:
        """Raise BindError when two relations have this name, or without one when any two have the same; then tables of
        two schemas under their own names are told apart by these."""
        names = [name.casefold() for name, _ in self.relations]
        if alias is None:
            names = [_told_apart(name, columns) for name, (_, columns) in zip(names, self.relations, strict=True)]
        for name, told in zip((name for name, _ in self.relations), names, strict=True):
            if names.count(told) > 1 and (alias is None or alias.casefold() == told):
                raise place.error(
                    f'the table "{name}" is ambiguous: two in FROM have this name', "Give one of the tables an alias."
                )

    def knows(self, name: str) -> bool:
        """Say whether an unqualified name means a column, or several."""
        return name.casefold() in self._columns().by_name

    def _holds(self, alias: str, folded: str) -> bool:
        named = self._columns().by_name.get(folded, ())
        return any(relation.casefold() == alias.casefold() for relation, _ in named)

    def has(self, alias: str, name: str) -> bool:
        """Say whether a relation of this alias, here or in a query around, has a column of that name. Where a column
        with fields has the name of the alias here, it is its field that is meant, not what is around."""
        if self._holds(alias, name.casefold()):
            return True
        return self.outer is not None and not self._opens(alias) and self.outer.has(alias, name)

    def is_field(self, column: str, name: str) -> bool:
        """Say whether `column.name` is a field of a column, here or in a query around, and no column of a relation."""
        if self._holds(column, name.casefold()):
            return False
        if self.knows(column):
            return self._opens(column) or self.outer is None or not self.outer.has(column, name)
        return self.outer is not None and self.outer.is_field(column, name)

    def _opens(self, column: str) -> bool:
        """Say whether a column here has that name, and fields."""
        named = self._columns().by_name.get(column.casefold(), ())
        return any(nested.fields_of(c.dtype) or nested.is_map(c.dtype) or is_json(c.dtype) for _, c in named)

    def is_relation(self, alias: str) -> bool:
        """Say whether a relation here has that name."""
        return any(relation.casefold() == alias.casefold() for relation, _ in self.relations)

    def reaches(self, name: str, alias: str | None) -> bool:
        """Say whether the name means something here or in a query around."""
        here = self.knows(name) if alias is None else self.is_relation(alias)
        return here or (self.outer is not None and self.outer.reaches(name, alias))

    def resolve(self, name: str, alias: str | None, place: Place) -> Column:
        """Return the column that a name means. Raises BindError when there is none, or more than one."""
        column = self.visible(name, alias, place)
        return Column(column.unique, column.dtype)

    def visible(self, name: str, alias: str | None, place: Place) -> Visible:
        """The same with all that is known of the column."""
        if self.outer is not None and self._is_around(name, alias) and self.outer.reaches(name, alias):
            return self.outer.visible(name, alias, place)
        folded = name.casefold()
        relations = self.relations if alias is None else [(alias, self._all_of(alias, place))]
        hits = (
            list(self._columns().by_name.get(folded, ()))
            if alias is None
            else [(relation, c) for relation, columns in relations for c in columns if c.is_called(folded)]
        )
        columns = {c if alias is not None else self._substitute(c) for _, c in hits}
        if len(columns) == 1:
            return columns.pop()
        if hits:
            raise place.error(f'the column "{name}" is ambiguous', _how_to_tell_apart(hits))
        tables = ", ".join(relation for relation, _ in self.relations)
        among = f" in {alias}" if alias is not None else f" in {tables}" if tables else ": there is no FROM"
        names = [c.name for _, columns in relations for c in columns if c.name != ROWID]
        raise place.error(f'no column "{name}"{among}', suggest(name, names, "Columns"))

    def _is_around(self, name: str, alias: str | None) -> bool:
        """Say whether the name means nothing here, but may in a query around: also where a relation of that name there
        has the column that the one here lacks."""
        if alias is None:
            return not self.knows(name)
        if not self.is_relation(alias):
            return True
        return self.outer is not None and self.outer.has(alias, name) and not self._holds(alias, name.casefold())


def reference(name: str, column: Visible) -> exp.Column:
    """Return a tree that names a column of the scope by its unique name, whatever else the user's `name` means."""
    table = exp.to_identifier(_UNIQUE + column.unique, quoted=True)
    return exp.column(exp.to_identifier(name, quoted=True), table=table)


def without_references(tree: exp.Expression) -> exp.Expression:
    """Return the tree as the user may read it."""
    return tree.transform(
        lambda node: (
            exp.column(node.this.copy()) if isinstance(node, exp.Column) and node.table.startswith(_UNIQUE) else node
        )
    )


def _told_apart(name: str, columns: list[Visible]) -> str:
    """Return the full name of a table of a schema that has no alias, else the name."""
    source = columns[0].source.casefold() if columns else ""
    return source if source.endswith(f".{name}") else name


def _how_to_tell_apart(hits: list[tuple[str, Visible]]) -> str:
    options = list(dict.fromkeys(f"{relation}.{c.name}" for relation, c in hits))
    return f"Write {' or '.join(options)}." if len(options) > 1 else "Give one of the tables an alias."

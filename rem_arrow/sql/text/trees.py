"""What many readers of a tree ask for, whatever the tree means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from sqlglot import exp

_PLACE = "place"
_places = count(1)


def place_of(tree: exp.Expression) -> int:
    """Return the number of a call in its text; copies of the tree, and the alias that stands for it, have the same."""
    place = tree.meta.setdefault(_PLACE, next(_places))
    assert isinstance(place, int), "nobody else gives places"
    return place


def mark_places(tree: exp.Expression) -> None:
    """Give the calls in a tree their places: copies of parts of it that are made from now on share them."""
    for call in tree.find_all(exp.Func):
        place_of(call)


def members(tree: exp.Expression) -> tuple[exp.Expression, ...]:
    """Return the values of a row in parentheses; of anything else itself, without its parentheses."""
    match tree:
        case exp.Tuple():
            return tuple(tree.expressions)
        case exp.Paren():
            return (tree.this,)
        case _:
            return (tree,)


def parts_of(tree: exp.Expression) -> tuple[str, ...]:
    """Return the parts of the name of a table: `db.s.t` is ("db", "s", "t")."""
    return tuple(tree.args[key].name for key in ("catalog", "db", "this") if tree.args.get(key) is not None)


def table_of(parts: Sequence[exp.Expression]) -> exp.Table:
    """Return the table whose name has these parts, the opposite of `parts_of`."""
    return exp.Table(**dict(zip(("this", "db", "catalog"), reversed(parts), strict=False)))


def named_argument(tree: exp.Expression) -> tuple[str, exp.Expression] | None:
    """Return the casefolded name and the value of `name => value` or `name := value`; None for any other argument."""
    if not isinstance(tree, (exp.Kwarg, exp.PropertyEQ)):
        return None
    return tree.this.name.casefold(), tree.expression


def literal_text(tree: object) -> str | None:
    """Return the text of a literal in quotes; None for anything else."""
    return str(tree.this) if isinstance(tree, exp.Literal) and tree.is_string else None


def own_nodes(tree: exp.Expression) -> Iterator[exp.Expression]:
    """Yield the nodes of a tree, but not those within its queries."""
    return tree.walk(prune=lambda node: isinstance(node, exp.Query))  # type: ignore[no-any-return]


def column_in(tree: exp.Expression) -> exp.Column | None:
    """Return a column that stands in the tree, and in no query within it; None where there is none."""
    return next((node for node in own_nodes(tree) if isinstance(node, exp.Column)), None)

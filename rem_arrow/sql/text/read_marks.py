"""Marks on the arguments of a parsed tree that have been read; unread.py refuses what has none.

The keys of a tree's arguments are replaced by strings that change their class when they are looked up, so that
`tree.args["where"]` and `tree.this` leave a mark, at the cost of one comparison the first time. Copies of a tree share
its keys, and so its marks; walking and copying leave none. Marks only come, so that threads may share a tree.
"""

from __future__ import annotations

from sqlglot import exp

# Names and constants are read with what they stand in.
_LEAVES = (exp.Identifier, exp.Literal)


class Read(str):
    """The key of an argument that was looked up."""

    __slots__ = ()


class Unread(str):
    """The key of an argument that was not: the dict compares it with the key that it looks for."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        self.__class__ = Read  # type: ignore[assignment]
        return str.__eq__(self, other)


def marked(tree: exp.Expression) -> exp.Expression:
    """Return the tree, none of whose arguments counts as read from now on."""
    todo = [tree]
    while todo:
        node = todo.pop()
        args: dict[str, object] = {}
        for key, value in node.args.items():
            if value is None or value is False or value == []:
                args[key] = value
                continue
            args[Unread(key)] = value
            todo += marked_below(value)
        node.args = args
    return tree


def marked_below(value: object) -> list[exp.Expression]:
    """Return the trees with marks of their own that an argument holds."""
    if isinstance(value, list):
        return [v for v in value if isinstance(v, exp.Expression) and not isinstance(v, _LEAVES)]
    return [value] if isinstance(value, exp.Expression) and not isinstance(value, _LEAVES) else []


def unmarked(tree: exp.Expression) -> exp.Expression:
    """Return a copy that can be read without leaving marks."""
    plain: exp.Expression = tree.copy()
    for node in plain.walk():
        node.args = {str(key): value for key, value in node.args.items()}
    return plain


def take(tree: exp.Expression) -> None:
    """Let a part of a tree that has no effect, for good reason, count as read."""
    for node in tree.walk():
        for key in node.args:
            if type(key) is Unread:
                key.__class__ = Read  # type: ignore[assignment]

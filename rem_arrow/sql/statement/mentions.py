"""What a text names: the tables that it reads or writes, and its parameters. A notebook fetches these from its
variables."""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

from rem_arrow.sql.text.parser import parse_all


class Mentioned(NamedTuple):
    """Names as they are written.

    Attributes:
        tables: what stands where a table may stand, names of CTEs among them.
        parameters: of `$name`, without the dollar.
    """

    tables: frozenset[str]
    parameters: frozenset[str]


def mentioned(text: str) -> Mentioned:
    """Return the names in the statements of a text. Raises ParseError with the position."""
    nodes = [node for tree in parse_all(text) for node in tree.walk()]
    tables = (node.name for node in nodes if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier))
    parameters = (node.name for node in nodes if isinstance(node, (exp.Parameter, exp.Placeholder)))
    return Mentioned(frozenset(tables), frozenset(name for name in parameters if name.isidentifier()))

"""The facts of a tree to its edges.

    imports     module -> module               one per pair, none to itself; weight: import statements and names
    defines     module -> class or function    what stands at its top
                class  -> class or function    nested classes and methods
    inherits    class  -> class                direct bases that the tree defines
    calls       function -> function           one per pair; weight: calls in the text; a class called is its __init__

`import a.b` and `from a.b import c` go to the longest leading part of `a.b.c` that is a module. Both ends of an edge
have rows. The properties are JSON text: the line in the file of `src` where the edge first shows, from 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import polars as pl

from rem_arrow.demo.facts import ModuleFacts
from rem_arrow.demo.resolve import Resolver

Ends: TypeAlias = tuple[str, str, str, str, str]
"""src_table, src, dst_table, dst, edge_type."""

_SCHEMA = {
    "src_table": pl.String,
    "src": pl.String,
    "dst_table": pl.String,
    "dst": pl.String,
    "edge_type": pl.String,
    "properties": pl.String,
    "weight": pl.Float64,
}


def edges(facts: Mapping[str, ModuleFacts], resolver: Resolver) -> pl.DataFrame:
    """Return all edges, each pair of ends once for each type, in the order of the source."""
    merged: dict[Ends, tuple[int, int]] = {}
    for module, its in facts.items():
        for each in (_imports, _defines, _inherits, _calls):
            for ends, line, count in each(module, its, resolver):
                first, total = merged.get(ends, (line, 0))
                merged[ends] = (min(first, line), total + count)
    rows = [(*ends, f'{{"line": {line}}}', float(count)) for ends, (line, count) in merged.items()]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _imports(module: str, facts: ModuleFacts, resolver: Resolver) -> Iterator[tuple[Ends, int, int]]:
    for statement in facts.imports:
        name = f"{statement.module}.{statement.name}" if statement.name else statement.module
        target = resolver.module(name)
        if target is not None and target != module:
            yield ("modules", module, "modules", target, "imports"), statement.line, 1


def _defines(module: str, facts: ModuleFacts, _: Resolver) -> Iterator[tuple[Ends, int, int]]:
    for table, definitions in (("classes", facts.classes), ("functions", facts.functions)):
        for d in definitions:
            src = ("classes", f"{module}.{d.owner}") if d.owner else ("modules", module)
            yield (*src, table, f"{module}.{d.qualname}", "defines"), d.line, 1


def _inherits(module: str, facts: ModuleFacts, resolver: Resolver) -> Iterator[tuple[Ends, int, int]]:
    for c in facts.classes:
        for base in resolver.bases(f"{module}.{c.qualname}"):
            yield ("classes", f"{module}.{c.qualname}", "classes", base, "inherits"), c.line, 1


def _calls(module: str, facts: ModuleFacts, resolver: Resolver) -> Iterator[tuple[Ends, int, int]]:
    for f in facts.functions:
        class_id = f"{module}.{f.owner}" if f.owner else None
        for reference, (count, line) in f.calls.items():
            callee = resolver.callee(resolver.target(reference, module, class_id=class_id))
            if callee is not None:
                yield ("functions", f"{module}.{f.qualname}", "functions", callee, "calls"), line, count

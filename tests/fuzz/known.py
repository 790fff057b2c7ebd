"""Each template once, with plain columns: what the engine refuses of them is told apart from what it computes
wrongly."""

from __future__ import annotations

import random

import duckdb

import rem_arrow as rem
from tests.fuzz.expressions import Expressions
from tests.fuzz.oracle import Finding, Pair
from tests.fuzz.queries import Queries
from tests.fuzz.tables import every_kind
from tests.fuzz.templates import AGGREGATES, TEMPLATES


def template_findings(seed: int) -> list[Finding]:
    """Return the findings over all templates, each as the one item of a query over one table of every kind."""
    rng = random.Random(seed)
    table = every_kind(rng)
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        pair = Pair(db, oracle)
        pair.create([table], sealed=False)
        queries = Queries(rng, [table])
        make = Expressions(rng)
        found = []
        for family, template in [*((f, t) for f, ts in TEMPLATES.items() for t in ts), *AGGREGATES]:
            source, scope = queries.sources.table()
            text = make.fill(template, family, scope, 0)
            shown = f"epoch_us({text})" if family == "tz" else text
            found.append(pair.compare(f"SELECT {shown} AS c FROM {source}", simple=True))
    return [f for f in found if f is not None]

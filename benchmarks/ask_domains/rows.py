"""The rows of a domain, in a database and as frames. A domain is a module with `MODELS`, by the names of their tables,
and `data()`, which gives the rows of each table and the edges: `src`, `dst`, `type` and properties."""

import json

import polars as pl


def build(db, domain):
    """Register the models of a domain, and insert its rows and edges."""
    tables, edges = domain.data()
    for name, model in domain.MODELS.items():
        assert db.register(model) == name, name
        db.insert(name, tables[name])
    extra = [{k: v for k, v in e.items() if k not in ("src", "dst", "type")} for e in edges]
    db.add_edges(
        pl.DataFrame(
            {
                "src": [e["src"] for e in edges],
                "dst": [e["dst"] for e in edges],
                "edge_type": [e["type"] for e in edges],
                "properties": [json.dumps(x) if x else None for x in extra],
            }
        )
    )


def frames(domain):
    """Return the rows and edges of a domain as Polars frames, by table, over which the `sql` of its questions runs in
    DuckDB; datetimes are naive UTC."""
    tables, edges = domain.data()
    out = {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in tables.items()}
    keys = list(dict.fromkeys(k for e in edges for k in e))
    out["edges"] = pl.DataFrame([{k: e.get(k) for k in keys} for e in edges], infer_schema_length=None)
    return out

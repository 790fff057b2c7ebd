"""A software company: seeded rows and edges to ask questions about.

`build` fills an open database; `ensure` opens the one at a path, and builds it first if nothing exists there. The same
seed, scale and `now` give the same ids, texts and times. At scale 1 there are about 10,000 rows and 30,000 edges over
the two years before `now`; the scale multiplies issues, pull requests, files, commits, moments and resources, but not
people, agents and customers. Tables and edge types: `company_models`.

People work on the topics of their team and on few others, so that "who worked on X" does not match everybody.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from pathlib import Path

import polars as pl

import rem_arrow as rem
from benchmarks.company_models import MODELS
from benchmarks.company_rows import Company

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=timezone.utc)
INFO_TABLE = "company_info"


def build(db: rem.Database, *, seed: int = 0, scale: float = 1.0, now: datetime = NOW) -> dict[str, int]:
    """Register the models and store all rows and edges. Returns the number of rows by table, and of edges."""
    for name, model in MODELS:
        db.register(model, name=name)
    company = Company(seed, scale, now)
    tables = {
        "users": company.users,
        "entities": company.entities,
        "agents": company.agents,
        "files": company.files(),
        "issues": company.issues(),
        "pull_requests": company.pull_requests(),
        "commits": company.commits(),
        "moments": company.moments(),
        "resources": company.resources(),
    }
    for name, rows in tables.items():
        db.load(name, rows, progress=False)
    db.add_edges(
        pl.DataFrame(company.edges, schema=["src_table", "src", "edge_type", "dst_table", "dst"], orient="row")
    )
    db.load(INFO_TABLE, pl.DataFrame([_info(seed, scale, now)]), progress=False)
    return {**{name: len(rows) for name, rows in tables.items()}, "edges": len(company.edges)}


def ensure(path: str | Path, *, seed: int = 0, scale: float = 1.0, now: datetime = NOW) -> rem.Database:
    """Open the company at `path`, and build it first if the path does not exist. Raises InputError if it holds anything
    else."""
    path = Path(path)
    if not path.exists():
        work = path.with_name(path.name + ".building")
        shutil.rmtree(work, ignore_errors=True)
        with rem.connect(work) as db:
            build(db, seed=seed, scale=scale, now=now)
        work.rename(path)
    db = rem.connect(path)
    infos = db.sql(f"SELECT * FROM {INFO_TABLE}").to_dicts() if INFO_TABLE in db.tables()["name"].to_list() else []
    if infos != [_info(seed, scale, now)]:
        db.close()
        raise rem.InputError(
            f"{path} is not the company of seed {seed}, scale {scale} and {now}; remove it or give another path"
        )
    return db


def _info(seed: int, scale: float, now: datetime) -> dict[str, object]:
    return {"seed": seed, "scale": scale, "now": now}

"""An UPDATE of a random expression where a random condition holds, in both engines; undone afterwards."""

from __future__ import annotations

import duckdb

import rem_arrow as rem
from tests.fuzz.kinds import KINDS
from tests.fuzz.oracle import Finding, Pair, difference
from tests.fuzz.queries import Queries
from tests.fuzz.tables import Table


def update(queries: Queries, tables: list[Table], depth: int) -> str:
    """Return a random UPDATE."""
    rng = queries.rng
    table = rng.choice(tables)
    source, scope = queries.sources.of(table)
    name, kind = rng.choice(table.columns[1:])
    value = queries.make.make(KINDS[kind].family, scope, depth)
    text = (
        f"UPDATE {table.name} SET {name} = ({value})::{KINDS[kind].type} WHERE {queries.make.condition(scope, depth)}"
    )
    return text.replace(f"{source.rsplit(' ', 1)[1]}.", f"{table.name}.")


def updated(pair: Pair, tables: list[Table], text: str) -> Finding | None:
    """Hold all rows of the table after an UPDATE against DuckDB's."""
    table = next(t for t in tables if text.startswith(f"UPDATE {t.name} "))
    items = ", ".join(f"epoch_us({n})" if k == "tz" else n for n, k in table.columns)
    shown = f"SELECT {items} FROM {table.name}"
    failed = False
    pair.oracle.begin()
    try:
        pair.oracle.execute(text)
        expected = pair.oracle.execute(shown).fetchall()
    except (duckdb.Error, OverflowError, ValueError):
        failed = True
    finally:
        pair.oracle.rollback()
    transaction = pair.db.transaction()
    try:
        transaction.sql(text)
        actual = transaction.sql(shown).rows()
    except rem.RemError as error:
        # What only one engine can compute or hold; what is refused shows in queries.
        if failed or isinstance(error, (rem.ExecuteError, rem.InputError)):
            return pair.allowed("evaluation")
        return Finding("UPDATE", text, f"refused: {error}")
    except Exception as error:  # noqa: BLE001 - this is what a fuzzer looks for
        return Finding("UPDATE", text, f"foreign {type(error).__name__}: {error}")
    finally:
        transaction.rollback()
    if failed:
        return pair.allowed("evaluation")
    differs = difference(actual, expected, ordered=False)
    return Finding("UPDATE", text, f"rem_arrow {actual}\nDuckDB    {expected}"[:3000]) if differs else None

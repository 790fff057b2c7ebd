"""A history of a thousand versions: reading any of them with AT beside reading the newest, what a commit costs with a
history and without, and the bytes that it takes.

Every version updates some rows; the table is compacted now and then, so that older versions lie in parts of their own.
"""

from __future__ import annotations

import random
from functools import partial

import rem_arrow as rem
from benchmarks.data import SEED
from benchmarks.measure import Row, Target, checksum, compare, interleaved, scratch, seconds

ROWS, SMOKE_ROWS = 100_000, 2_000
VERSIONS, SMOKE_VERSIONS = 1_000, 12
ROUNDS, COMPACTIONS = 15, 4
MAKE = "CREATE TABLE t AS SELECT i AS id, i % 97 AS kind, 1.5 * i AS amount FROM range($rows) r(i)"
CHANGE = "UPDATE t SET amount = amount + 1 WHERE id BETWEEN $low AND $low + 20"
NOW = "SELECT kind, sum(amount) AS total FROM t GROUP BY kind ORDER BY kind"
PAST = NOW.replace("FROM t", "FROM t AT (VERSION => $version)")


def run(*, smoke: bool = False) -> list[Row]:
    """Return milliseconds a statement and a commit, and megabytes."""
    rows, versions = (SMOKE_ROWS, SMOKE_VERSIONS) if smoke else (ROWS, VERSIONS)
    with scratch() as path:
        plain, kept = rem.connect(path / "plain"), rem.connect(path / "kept", history="forever")
        for db in (plain, kept):
            db.sql(MAKE, {"rows": rows})
        first = kept.stats()["commit"]
        commits = _commits(plain, kept, rows, versions)
        numbers = [v for v in kept.versions()["version"].to_list() if v >= first]
        figures = [*commits, *_reads(kept, numbers, rows, 2 if smoke else ROUNDS), *_bytes(plain, kept, rows)]
        plain.close()
        kept.close()
    return figures


def _commits(plain: rem.Database, kept: rem.Database, rows: int, versions: int) -> list[Row]:
    """Make the versions in both databases by turns."""
    spent = {"with a history": 0.0, "without": 0.0}
    lows = random.Random(SEED)
    for i in range(versions):
        low = lows.randrange(rows)
        for name, db in (("with a history", kept), ("without", plain)):
            spent[name] += seconds(partial(db.sql, CHANGE, {"low": low}))
            if i % max(1, versions // COMPACTIONS) == 0:
                db.compact()
    values = {name: total / versions * 1_000 for name, total in spent.items()}
    sums = {"with a history": checksum(kept.sql(NOW).rows()), "without": checksum(plain.sql(NOW).rows())}
    return compare("commit of an update", values, "ms", rows=rows, checksums=sums, reference="without")


def _reads(kept: rem.Database, numbers: list[int], rows: int, rounds: int) -> list[Row]:
    """Read versions of any age beside the newest."""
    chosen = random.Random(SEED)

    runs = {
        "any version": lambda: 1_000 * seconds(lambda: kept.sql(PAST, {"version": chosen.choice(numbers)})),
        "the newest": lambda: 1_000 * seconds(lambda: kept.sql(NOW)),
    }
    values = interleaved(runs, rounds=rounds)
    newest = checksum(kept.sql(NOW).rows())
    sums = {"any version": checksum(kept.sql(PAST, {"version": numbers[0]}).rows()), "the newest": newest}
    target = Target("<=", 1.2, "ratio")
    return compare(
        "group by, AT a version", values, "ms", rows=rows, checksums=sums, reference="the newest", target=target
    )


def _bytes(plain: rem.Database, kept: rem.Database, rows: int) -> list[Row]:
    values = {"with a history": kept.stats()["bytes_on_disk"] / 1e6, "without": plain.stats()["bytes_on_disk"] / 1e6}
    values["of older versions alone"] = kept.stats()["history_bytes"] / 1e6
    return compare("on disk", values, "MB", rows=rows, checksums=checksum(kept.sql(NOW).rows()), reference="without")

"""A served database under eight clients, half of them writing, whose server is killed three times.

The peer is DuckDB's own server, Quack: $REM_QUACK_PYTHON names a Python that has `duckdb==1.5.5`,
`duckdb-extension-quack` and `duckdb-extension-httpfs`; without it there is no peer. DuckDB syncs its log at each
commit, as "sync" does. Each engine's clients are threads of one process.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import rem_arrow as rem
from benchmarks import serving_clients
from benchmarks.measure import Row, Target, compare, scratch

SECONDS, SMOKE_SECONDS = 10.0, 1.0
KILLS = 3
_PROGRAM = str(Path(serving_clients.__file__))
_ENV = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "NO_PROXY": "localhost,127.0.0.1"}


_STORED = """
import duckdb, json, sys
print(json.dumps([id for id, in duckdb.connect(sys.argv[1]).execute("SELECT id FROM pairs").fetchall()]))
"""


def run(*, smoke: bool = False) -> list[Row]:
    """Return transactions a second, the percentiles of reads beside them, and how many acknowledged rows are gone."""
    quack = os.environ.get("REM_QUACK_PYTHON")
    engines = {"rem_arrow": (sys.executable, "rem", "wal"), "rem_arrow sync": (sys.executable, "rem", "sync")}
    if quack and not smoke:
        engines["quack"] = (quack, "quack", "sync")
    writes: dict[str, float] = {}
    reads: dict[str, list[float]] = {}
    lost: dict[str, float] = {}
    halves: dict[str, float] = {}
    counted: dict[str, int] = {}
    for name, (python, kind, durability) in engines.items():
        with scratch() as folder:
            seconds = SMOKE_SECONDS if smoke else SECONDS
            told = [_round(python, kind, durability, folder, seconds, turn) for turn in range(KILLS)]
            acknowledged = {key for answer in told for key in answer["acknowledged"]}
            writes[name] = len(acknowledged) / (seconds * KILLS)
            reads[name] = sorted(s * 1e3 for answer in told for s in answer["reads"])
            counted[name] = len(acknowledged)
            stored = _stored(python, kind, folder)
            lost[name] = sum(f"{key}-{half}" not in stored for key in acknowledged for half in "ab")
            halved = sum(f"{key[:-1]}{'b' if key[-1] == 'a' else 'a'}" not in stored for key in stored)
            halves[name] = halved + sum(answer["odd"] for answer in told)
    reference = "quack" if "quack" in engines else None
    return [
        *compare("transactions of two rows, 4 of 8 clients", writes, "1/s", rows=counted, reference=reference,
                 target=Target(">=", 5, "ratio")),
        *compare("read beside them, median", {n: statistics.median(r) for n, r in reads.items()}, "ms", rows=counted,
                 reference=reference),
        *compare("read beside them, 99 %", {n: r[int(len(r) * 0.99)] for n, r in reads.items()}, "ms", rows=counted,
                 reference=reference),
        *compare("half transactions seen or kept", halves, "", rows=counted, target=Target("<=", 0)),
        *compare("acknowledged rows that are lost", lost, "rows", rows=counted, target=Target("<=", 0)),
    ]  # fmt: skip


def _round(python: str, kind: str, durability: str, folder: Path, seconds: float, turn: int) -> Any:
    """Serve, call, and kill the server while the clients still call; return what they say."""
    server, address = _served(python, kind, durability, folder)
    command = [python, _PROGRAM, "call", kind, address, str(seconds * 10), str(turn)]
    clients = subprocess.Popen(command, env=_ENV, stdout=subprocess.PIPE, text=True)
    assert clients.stdout is not None
    assert clients.stdout.readline() == "connected\n"
    time.sleep(seconds)
    server.kill()
    server.wait()
    answer, _ = clients.communicate()
    return json.loads(answer)


def _served(python: str, kind: str, durability: str, folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [python, _PROGRAM, "serve", kind, str(folder), durability]
    server = subprocess.Popen(command, env=_ENV, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, server.stdout.readline().strip()


def _stored(python: str, kind: str, folder: Path) -> set[str]:
    """Return the ids that are stored."""
    if kind == "rem":
        with rem.connect(folder / "rem") as db:
            return set(db.sql("SELECT id FROM pairs")["id"].to_list())
    command = [python, "-c", _STORED, str(folder / "peer.duckdb")]
    return set(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))

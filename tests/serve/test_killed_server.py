"""A server that is killed while clients write loses no row that it has acknowledged, and keeps no half transaction."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

import rem_arrow as rem
from tests.children import ROOT
from tests.patience import join, started

CLIENTS, KILLS, SECONDS = 8, 3, 4.0
_SERVER = (
    "import sys, rem_arrow as rem\n"
    "server = rem.start_server(rem.connect(sys.argv[1]), token_file=sys.argv[2])\n"
    "print(server.address, flush=True); server.wait()"
)
TOKEN = "token-of-the-writers"


def server(path: Path, tokens: Path) -> tuple[subprocess.Popen[str], str]:
    """A server in a process of its own, and its address."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", _SERVER, str(path), str(tokens)]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    return child, child.stdout.readline().strip()


def write(
    address: str, client: int, round_: int, stop: threading.Event, acknowledged: list[str], seen: list[int]
) -> None:
    """Write pairs of rows, each in a transaction of its own, or read beside it; until the server is gone."""
    try:
        with rem.connect(address, token=TOKEN) as db:
            for place in range(1_000_000):
                if stop.is_set():
                    return
                if client % 2:
                    seen.append(db.sql("SELECT COUNT(*) FROM entities").item())
                    continue
                key = f"{round_}-{client}-{place}"
                with db.transaction() as tx:
                    tx.insert("entities", {"id": f"{key}-a", "name": key})
                    tx.insert("entities", {"id": f"{key}-b", "name": key})
                acknowledged.append(key)
    except rem.RemError:
        return


@pytest.mark.long
def test_no_acknowledged_row_is_lost(tmp_path):
    """Eight clients, half of them writing; the server is killed three times."""
    path, tokens = tmp_path / "my.rem", tmp_path / "tokens"
    tokens.write_text(f"w write {TOKEN}\n")
    tokens.chmod(0o600)
    acknowledged, seen = list[str](), list[int]()
    for round_ in range(KILLS):
        child, address = server(path, tokens)
        stop = threading.Event()
        threads = started(*(partial(write, address, n, round_, stop, acknowledged, seen) for n in range(CLIENTS)))
        time.sleep(SECONDS)
        child.kill()
        child.wait()
        child.stdout.close()
        stop.set()
        join(threads)
    assert acknowledged and seen
    # Whole transactions only, at every moment.
    assert all(count % 2 == 0 for count in seen)
    with rem.connect(path) as db:
        stored = set(db.sql("SELECT id FROM entities")["id"].to_list())
        assert {f"{key}-{half}" for key in acknowledged for half in "ab"} <= stored
        assert {key[:-1] + "a" for key in stored} == {key[:-1] + "a" for key in stored if key.endswith("b")}
        assert db.verify().height == 0

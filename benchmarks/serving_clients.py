"""Eight clients of a server for some seconds, half of them writing; what they were told, and how long reads took.

A program of its own, which another Python may run: the peer's server is of another version of DuckDB than the tests.

    python serving_clients.py serve rem|quack FOLDER DURABILITY    serves until it is killed; prints where
    python serving_clients.py call rem|quack ADDRESS SECONDS ROUND prints a line once all are connected, and at the end
                                                                   what they were told, as JSON

A write is a transaction of two rows. A read counts the rows, which must be even.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TOKEN = "token-of-the-clients"
CLIENTS = 8
COUNT = "SELECT COUNT(*) FROM pairs"


def main(arguments: list[str]) -> None:
    """Serve, or call."""
    what, engine, place, *rest = arguments
    if what == "serve":
        _SERVE[engine](Path(place), rest[0])
    else:
        print(json.dumps(_called(lambda: _OPEN[engine](place), float(rest[0]), rest[1])))


def _called(opened: Callable[[], tuple[Callable[[str], None], Callable[[], int]]], seconds: float, turn: str) -> Any:
    acknowledged: list[str] = []
    reads: list[float] = []
    counts: list[int] = []
    errors: list[str] = []
    connected = threading.Barrier(CLIENTS + 1)

    def client(number: int) -> None:
        try:
            write, read = opened()
            connected.wait()
            until = time.monotonic() + seconds
            for place in range(10_000_000):
                if time.monotonic() > until:
                    return
                if number % 2:
                    started = time.perf_counter()
                    counts.append(read())
                    reads.append(time.perf_counter() - started)
                else:
                    write(f"{turn}-{number}-{place}")
                    acknowledged.append(f"{turn}-{number}-{place}")
        except Exception as error:  # noqa: BLE001 - the server is killed: what was acknowledged before counts
            errors.append(str(error)[:200])

    threads = [threading.Thread(target=client, args=(number,), daemon=True) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    connected.wait()
    print("connected", flush=True)
    for thread in threads:
        thread.join(seconds + 30)
    return {"acknowledged": acknowledged, "reads": reads, "odd": sum(c % 2 for c in counts), "errors": errors[:2]}


def _serve_rem(folder: Path, durability: str) -> None:
    import rem_arrow as rem

    db = rem.connect(folder / "rem", durability=durability)  # type: ignore[arg-type]
    db.sql("CREATE TABLE IF NOT EXISTS pairs (id VARCHAR, name VARCHAR)")
    tokens = folder / "tokens"
    tokens.write_text(f"clients write {TOKEN}\n")
    tokens.chmod(0o600)
    server = rem.start_server(db, token_file=tokens)
    print(server.address, flush=True)
    server.wait()


def _open_rem(address: str) -> tuple[Callable[[str], None], Callable[[], int]]:
    import rem_arrow as rem

    db = rem.connect(address, token=TOKEN)

    def write(key: str) -> None:
        with db.transaction() as tx:
            tx.sql("INSERT INTO pairs VALUES ($1, $2)", [f"{key}-a", key])
            tx.sql("INSERT INTO pairs VALUES ($1, $2)", [f"{key}-b", key])

    return write, lambda: int(db.sql(COUNT).item())


def _duckdb(path: str) -> Any:
    import duckdb

    con = duckdb.connect(path, config={"allow_unsigned_extensions": "true"})
    for name in ("httpfs", "quack"):
        spec = find_spec(f"duckdb_extension_{name}")
        assert spec is not None and spec.submodule_search_locations, f"duckdb_extension_{name} is not installed"
        (file,) = Path(spec.submodule_search_locations[0]).rglob("*.duckdb_extension")
        con.execute(f"LOAD '{file}'")
    return con


def _serve_quack(folder: Path, durability: str) -> None:
    con = _duckdb(str(folder / "peer.duckdb"))
    con.execute("CREATE TABLE IF NOT EXISTS pairs (id VARCHAR, name VARCHAR)")
    address = f"quack:localhost:{9000 + hash(str(folder)) % 900}"
    con.execute(f"CALL quack_serve('{address}', token = '{TOKEN}')")
    print(address, flush=True)
    threading.Event().wait()


def _open_quack(address: str) -> tuple[Callable[[str], None], Callable[[], int]]:
    con = _duckdb(":memory:")
    con.execute(f"CREATE SECRET (TYPE quack, TOKEN '{TOKEN}', SCOPE '{address}')")
    con.execute(f"ATTACH '{address}' AS served")

    def write(key: str) -> None:
        con.execute("BEGIN")
        con.execute("INSERT INTO served.pairs VALUES ($1, $2)", [f"{key}-a", key])
        con.execute("INSERT INTO served.pairs VALUES ($1, $2)", [f"{key}-b", key])
        con.execute("COMMIT")

    # The server counts; over ATTACH the client would fetch the rows.
    count = f"FROM quack_query('{address}', '{COUNT}')"
    return write, lambda: int(con.execute(count).fetchall()[0][0])


_SERVE = {"rem": _serve_rem, "quack": _serve_quack}
_OPEN = {"rem": _open_rem, "quack": _open_quack}

if __name__ == "__main__":
    main(sys.argv[1:])

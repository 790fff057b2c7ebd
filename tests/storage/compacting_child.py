"""A writer that moves amounts between two tables in one commit each, and compacts without a pause.

    python -m tests.storage.compacting_child FOLDER

It writes until it is killed; each commit keeps the sum of both tables.
"""

from __future__ import annotations

import sys
import threading

import rem_arrow as rem


def main() -> None:
    db = rem.connect(sys.argv[1], tail_rows_max=50)
    print("ready", flush=True)

    def compact() -> None:
        while True:
            db.compact()

    threading.Thread(target=compact, daemon=True).start()
    while True:
        with db.transaction() as tx:
            tx.sql("UPDATE a SET v = v - 1")
            tx.sql("UPDATE b SET v = v + 1")


if __name__ == "__main__":
    main()

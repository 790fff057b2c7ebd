"""A process that writes texts and searches them until it is killed; it prints the id of each row that is stored."""

from __future__ import annotations

import sys

import rem_arrow as rem

path, start = sys.argv[1], int(sys.argv[2])
with rem.connect(path) as db:
    for i in range(start, start + 100_000):
        db.insert("notes", {"id": f"n{i}", "content": f"word{i} shared", "kind": "a"})
        print(i, flush=True)
        db.search("notes", f"word{i}", mode="text")
        if i % 5 == 4:
            db.update("notes", f"n{i - 2}", {"content": f"changed{i - 2} shared"})

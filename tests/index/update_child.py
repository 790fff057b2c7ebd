"""The victim of the churn test: brings an index up to date and saves it over and over until it is killed."""

from __future__ import annotations

import sys

import rem_arrow as rem
from rem_arrow.access import vector_indexes


def main() -> None:
    """Save for ever; say that it begins."""
    vector_indexes.INDEXED_ROWS_MIN = 50
    with rem.connect(sys.argv[1], background=False) as db:
        indexes, version = db._instance.indexes.vectors, db._instance.store.version
        tv = version.find("points")
        assert tv is not None, "the test made it"
        print("begun", flush=True)
        while True:
            indexes.update(tv.table.number)
            held = indexes._held[(tv.table.number, tv.table.vector_indexes[0].name)]
            assert held is not None, "it was just made"
            indexes._save(tv.table.number, tv.table.vector_indexes[0], held)


if __name__ == "__main__":
    main()

"""No text, however mangled, ends in anything but rows or a RemError; `make soak KINDS=texts` tries them for hours."""

from __future__ import annotations

import random

import pytest

import rem_arrow as rem
from tests.fuzz.mutations import Mutations, create, mutated, wrong
from tests.sql.test_slt import FILES, blocks


def _shown(seeds: range, count: int) -> str:
    return "\n\n".join(f"seed {seed}: {f.text}\n{f.detail}" for seed in seeds for f in mutated(seed, count))


def test_mangled_statements_end_in_rows_or_a_rem_error() -> None:
    assert _shown(range(0, 40, 8), 60) == ""


@pytest.mark.long
def test_many_mangled_statements_end_in_rows_or_a_rem_error() -> None:
    assert _shown(range(1_000, 1_100), 400) == ""


def test_a_part_of_the_mangled_statements_runs() -> None:
    """What never gets beyond the parser tests nothing else."""
    answered, refused = 0, set()
    for seed, path in enumerate(FILES[:6]):
        found = list(blocks(path))
        with rem.connect(background=False) as db:
            create(db, [text for kind, text, _ in found if kind == "statement"])
            mutations = Mutations(random.Random(seed), [text for kind, text, _ in found if kind == "query"])
            for _ in range(40):
                try:
                    db.sql(mutations.text(), {"p": 1, "1": "a"}, timeout_s=30)
                    answered += 1
                except rem.RemError as error:
                    refused.add(type(error))
    assert answered >= 15
    assert {rem.ParseError, rem.BindError, rem.UnsupportedError} <= refused


def test_what_is_no_rem_error_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    with rem.connect(background=False) as db:
        assert wrong(db, "SELECT nothing") == ""
        monkeypatch.setattr(rem.Database, "sql", lambda *args, **kwargs: next(iter(())))
        assert wrong(db, "SELECT 1") == "StopIteration: "

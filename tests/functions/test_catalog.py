"""The functions of DuckDB's catalog called in every way: rem_arrow answers what DuckDB answers, but for what the guide
lists with its reasons.

The quick part is a sample of the calls, always the same; the whole is long. Functions of JSON, enums, chance and the
session have tests of their own.
"""

from __future__ import annotations

import zlib

import duckdb
import pytest

import rem_arrow as rem
from tests.functions.answers import Pair
from tests.functions.calls import calls, signatures
from tests.functions.catalog import every_signature, is_absent, lacking, reasons

# Of so many calls one belongs to the quick part.
_SAMPLED = 100
_ELSEWHERE = (
    "json", "to_json", "from_json", "enum", "random", "uuid", "gen_random_uuid", "setseed", "now", "current_", "today",
    "get_current", "transaction_timestamp", "version", "pg_", "has_", "hash", "age", "error", "user", "session_user",
)  # fmt: skip


def _differences(*, one_in: int) -> list[str]:
    known = reasons()
    failures = []
    with Pair() as pair:
        for signature in signatures(pair.oracle):
            if signature.name.startswith(_ELSEWHERE) or is_absent(signature.name):
                continue
            for call in calls(signature):
                if zlib.crc32(f"{call.text} {call.source}".encode()) % one_in:
                    continue
                difference = pair.difference(call)
                if difference is not None and not any(r.covers(call, difference) for r in known):
                    failures.append(
                        f"{call.way}: {call.text} FROM {call.source}\n  {difference.kind}: {difference.detail[:300]}"
                    )
    return failures


def test_a_sample_of_the_calls_agrees_with_duckdb():
    """All differences in one message."""
    failures = _differences(one_in=_SAMPLED)
    assert not failures, "\n".join(failures)


@pytest.mark.long
def test_every_call_agrees_with_duckdb():
    """The whole catalog."""
    failures = _differences(one_in=1)
    assert not failures, f"{len(failures)} differ\n" + "\n".join(failures[:200])


def test_functions_that_are_not_here_are_listed():
    """Every function of DuckDB is here, or in the guide's list with a reason."""
    with rem.connect(background=False) as db, duckdb.connect() as oracle:
        names = [s for s in every_signature(oracle) if not is_absent(s.name)]
        assert lacking(db, names) == []
        assert len(names) > 300

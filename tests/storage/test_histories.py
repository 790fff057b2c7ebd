"""Transactions of eight threads, and a reader in another process, are isolated by snapshots; and the checker that says
so finds each anomaly that is planted."""

from __future__ import annotations

from pathlib import Path

import pytest

from rem_arrow.face.transaction import Transaction as Face
from rem_arrow.storage.conflicts import RecentCommits
from tests.effort import examples, some
from tests.storage.histories import Append, Interval, Read, Transaction, anomalies
from tests.storage.history_workload import Workload


def _history(*transactions: tuple, keys: dict[str, tuple[int, ...]]) -> list[Transaction]:
    """Return transactions (begin, commit or None, operations), and a last one that reads the keys."""
    made = [
        Transaction(f"session {i}", Interval(*begin), tuple(operations), None if commit is None else Interval(*commit))
        for i, (begin, commit, *operations) in enumerate(transactions)
    ]
    return [*made, Transaction("end", Interval(98, 99), tuple(Read(k, v) for k, v in keys.items()), None)]


def _r(key: str, *values: int) -> Read:
    return Read(key, values)


A = Append

ANOMALIES = {
    "G0: writes of two transactions in opposite orders": (
        "cycle",
        _history(
            ((0, 1), (8, 9), A("x", 1), A("y", 2)),
            ((0, 1), (8, 9), A("x", 3), A("y", 4)),
            keys={"x": (1, 3), "y": (4, 2)},
        ),
    ),
    "G1a: a value of a transaction that was rolled back": (
        "G1a",
        _history(((0, 1), None, A("x", 1)), ((2, 3), None, _r("x", 1)), keys={"x": ()}),
    ),
    "G1b: a value that was not the last": (
        "G1b",
        _history(((0, 1), (8, 9), A("x", 1), A("x", 2)), ((2, 9), None, _r("x", 1)), keys={"x": (1, 2)}),
    ),
    "G1c: two that see each other": (
        "cycle",
        _history(
            ((0, 1), (8, 9), A("x", 1), _r("y", 2)),
            ((0, 1), (8, 9), A("y", 2), _r("x", 1)),
            keys={"x": (1,), "y": (2,)},
        ),
    ),
    "G-SI: a snapshot between the writes of one transaction": (
        "cycle",
        _history(
            ((0, 1), (2, 20), A("x", 1), A("y", 2)), ((2, 20), None, _r("x", 1), _r("y")), keys={"x": (1,), "y": (2,)}
        ),
    ),
    "a long fork: two snapshots, each with a write that the other lacks": (
        "cycle",
        _history(
            ((0, 1), (2, 20), A("x", 1)),
            ((0, 1), (2, 20), A("y", 2)),
            ((2, 20), None, _r("x", 1), _r("y")),
            ((2, 20), None, _r("x"), _r("y", 2)),
            keys={"x": (1,), "y": (2,)},
        ),
    ),
    "lost update: the second writer did not see the first": (
        "cycle",
        _history(((0, 1), (2, 3), _r("x"), A("x", 1)), ((0, 1), (4, 5), _r("x"), A("x", 2)), keys={"x": (1, 2)}),
    ),
    "lost update: the first write is gone": (
        "lost update",
        _history(((0, 1), (2, 3), _r("x"), A("x", 1)), ((0, 1), (4, 5), _r("x"), A("x", 2)), keys={"x": (2,)}),
    ),
    "no first committer: both wrote one key unseen": (
        "cycle",
        _history(((0, 1), (4, 5), A("x", 1)), ((2, 3), (6, 7), A("x", 2)), keys={"x": (1, 2)}),
    ),
    "an own write that is not seen": (
        "own write",
        _history(((0, 1), (4, 5), A("x", 1), _r("x")), keys={"x": (1,)}),
    ),
    "two reads that differ": (
        "unrepeatable",
        _history(((0, 1), (4, 5), A("x", 1)), ((0, 1), None, _r("x"), _r("x", 1)), keys={"x": (1,)}),
    ),
    "a snapshot from before a commit that was acknowledged": (
        "cycle",
        _history(((0, 1), (2, 3), A("x", 1)), ((4, 5), None, _r("x")), keys={"x": (1,)}),
    ),
    "a snapshot from behind its beginning": (
        "cycle",
        _history(((0, 1), (4, 5), A("x", 1)), ((0, 1), None, _r("x", 1)), keys={"x": (1,)}),
    ),
    "orders that contradict each other": (
        "incompatible",
        _history(
            ((0, 1), (2, 3), A("x", 1)), ((4, 5), (6, 7), A("x", 2)), ((8, 9), None, _r("x", 2)), keys={"x": (1, 2)}
        ),
    ),
    "a value that nobody wrote": ("garbage", _history(((0, 1), None, _r("x", 7)), keys={"x": ()})),
    "a value twice": (
        "duplicate",
        _history(((0, 1), (2, 3), A("x", 1)), ((4, 5), None, _r("x", 1, 1)), keys={"x": (1,)}),
    ),
}


@pytest.mark.parametrize("name", ANOMALIES)
def test_the_checker_finds(name):
    """Each anomaly, by its kind."""
    kind, history = ANOMALIES[name]
    found = anomalies(history)
    assert found and found[0].startswith(kind), found


def test_the_checker_finds_a_session_that_goes_back():
    """Two refreshes of one reader that overlap everything else."""
    write = Transaction("w", Interval(0, 1), (Append("x", 1),), Interval(2, 50))
    reads = [Transaction("r", Interval(2 + i, 40 + i), (Read("x", v),), None) for i, v in enumerate([(1,), ()])]
    end = Transaction("end", Interval(98, 99), (Read("x", (1,)),), None)
    assert anomalies([write, *reads, end])[0].startswith("cycle")
    assert not anomalies([write, *reads[::-1][:1], end])


def test_the_checker_allows_what_snapshot_isolation_allows():
    """Write skew, reads of one snapshot by many, writers that follow each other, and own writes."""
    skew = _history(
        ((0, 1), (4, 5), _r("x"), _r("y"), A("x", 1)),
        ((0, 1), (4, 5), _r("x"), _r("y"), A("y", 2)),
        ((6, 7), (8, 9), _r("x", 1), A("x", 3), _r("x", 1, 3), A("x", 4), _r("x", 1, 3, 4)),
        ((6, 7), None, _r("x", 1), A("x", 5), _r("x", 1, 5)),
        keys={"x": (1, 3, 4), "y": (2,)},
    )
    assert not anomalies(skew)


def _no_anomalies(path: Path, histories: int, seed: int) -> None:
    with Workload(path, seed=seed) as workload:
        for history in workload.histories(histories):
            found = anomalies(history)
            assert not found, (found, history)
        workload.check_coverage()


def test_transactions_are_isolated_by_snapshots(tmp_path):
    """A few random histories of eight threads and two processes."""
    _no_anomalies(tmp_path / "db", examples(15), seed=0)


def _forget_conflicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecentCommits, "check", lambda *_: None)


def _show_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Face, "_version", lambda self: self._instance.store.pin())


def _show_uncommitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Face, "_write", lambda self, compute: self._instance.writes.run(compute))


@pytest.mark.parametrize("damage", some([_show_the_newest, _forget_conflicts, _show_uncommitted]))
def test_the_histories_show_what_is_not_isolated(tmp_path, monkeypatch, damage):
    """Transactions that forget conflicts, read what others commit meanwhile, or store before they commit."""
    damage(monkeypatch)
    with Workload(tmp_path / "db", seed=0) as workload:
        assert any(anomalies(history) for history in workload.histories(40))


@pytest.mark.long
def test_many_histories_are_isolated_by_snapshots(tmp_path):
    """Two thousand of them, over forty databases."""
    for seed in range(40):
        _no_anomalies(tmp_path / str(seed), 50, seed=seed + 1)

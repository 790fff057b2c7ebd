"""A checker of histories for strong snapshot isolation, after Elle (Kingsbury and Alvaro 2020, arXiv:2003.10554).

A history is a list of transactions over keys that hold lists. A write appends a value that nobody else appends, so a
read shows every write that it follows, and the order of all writes to a key. A transaction has two points in time: its
snapshot, between the call and the return of its beginning, and its commit, between the call and the return of that.
Snapshot isolation holds if these points have an order in which

    a snapshot comes before its commit
    the commit of a write comes before the snapshots that show it, and behind those that do not
    of two transactions that write one key, one commits before the snapshot of the other: the first committer wins
    each point lies in its interval of real time

So each rule is an edge of a graph, and a cycle is an anomaly. What a list shows by itself is told by name: values of
transactions that did not commit (G1a), values that were not the last of theirs (G1b), lists that contradict each other,
own writes that are missing, acknowledged writes that are missing in the end.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple, TypeAlias

Key: TypeAlias = str


class Read(NamedTuple):
    """What a transaction saw; a key that does not exist is an empty list."""

    key: Key
    values: tuple[int, ...]


class Append(NamedTuple):
    """A write. What was in the list is not told: a read before it does."""

    key: Key
    value: int


class Interval(NamedTuple):
    """The times of a call and of its return, in any unit that all transactions share."""

    call: float
    done: float


class Transaction(NamedTuple):
    """What one transaction did.

    Attributes:
        session: who ran it; the snapshots of a session never go back.
        commit: None where it did not commit, or failed to.
    """

    session: str
    begin: Interval
    operations: tuple[Read | Append, ...]
    commit: Interval | None


def anomalies(history: Sequence[Transaction]) -> list[str]:
    """Return what contradicts strong snapshot isolation; nothing if all is well.

    Args:
        history: in any order; it ends with a transaction that read every key when all others had ended.
    """
    found = [*_of_lists(history)]
    return found or [*_of_order(history)]


# --- what lists show by themselves


def _of_lists(history: Sequence[Transaction]) -> Iterator[str]:
    writers = _writers(history)
    orders = _orders(history)
    for transaction in history:
        yield from _of_own_writes(transaction)
        for operation in transaction.operations:
            if isinstance(operation, Read):
                yield from _of_values(operation, transaction, writers)
    for key, lists in _lists(history).items():
        for values in lists:
            if values != orders[key][: len(values)]:
                yield f"incompatible order: {key} was read as {values} and as {orders[key]}"
    for value, (writer, key) in writers.items():
        if writer.commit is not None and value not in orders.get(key, ()):
            yield f"lost update: {value} was committed to {key}, and is not in {orders.get(key, ())}"


def _of_own_writes(transaction: Transaction) -> Iterator[str]:
    """Within a transaction, a key holds what was read of it first, and then its own writes."""
    base: dict[Key, tuple[int, ...]] = {}
    own: dict[Key, tuple[int, ...]] = {}
    for operation in transaction.operations:
        key = operation.key
        if isinstance(operation, Append):
            own[key] = (*own.get(key, ()), operation.value)
            continue
        written = own.get(key, ())
        if written != operation.values[len(operation.values) - len(written) :]:
            yield f"own write: {transaction.session} wrote {written} to {key}, and read {operation.values}"
            continue
        before = operation.values[: len(operation.values) - len(written)]
        if base.setdefault(key, before) != before:
            yield f"unrepeatable read: {transaction.session} read {base[key]} in {key}, and later {before}"


def _of_values(read: Read, reader: Transaction, writers: dict[int, tuple[Transaction, Key]]) -> Iterator[str]:
    if len(set(read.values)) < len(read.values):
        yield f"duplicate: {read.key} was read as {read.values}"
    for place, value in enumerate(read.values):
        if value not in writers:
            yield f"garbage: {value} in {read.key}, which nobody wrote"
            continue
        writer, key = writers[value]
        if key != read.key:
            yield f"garbage: {value} in {read.key}, which was written to {key}"
        if writer is reader:
            continue
        if writer.commit is None:
            yield f"G1a: {read.key} was read as {read.values}, and {value} was not committed"
        last = [o.value for o in writer.operations if isinstance(o, Append) and o.key == key][-1]
        if place == len(read.values) - 1 and value != last:
            yield f"G1b: {read.key} was read as {read.values}, between {value} and {last} of one transaction"


def _writers(history: Sequence[Transaction]) -> dict[int, tuple[Transaction, Key]]:
    return {o.value: (t, o.key) for t in history for o in t.operations if isinstance(o, Append)}


def _lists(history: Sequence[Transaction]) -> dict[Key, list[tuple[int, ...]]]:
    """Return, by key, the committed part of what was read of it."""
    lists: dict[Key, list[tuple[int, ...]]] = {}
    for transaction in history:
        own = {o.value for o in transaction.operations if isinstance(o, Append)}
        for operation in transaction.operations:
            if isinstance(operation, Read):
                values = tuple(v for v in operation.values if v not in own or transaction.commit is not None)
                lists.setdefault(operation.key, []).append(values)
    return lists


def _orders(history: Sequence[Transaction]) -> dict[Key, tuple[int, ...]]:
    return {key: max(lists, key=len) for key, lists in _lists(history).items()}


# --- what only an order of all points shows


def _of_order(history: Sequence[Transaction]) -> Iterator[str]:
    graph: dict[str, set[str]] = {}
    why: dict[tuple[str, str], str] = {}
    for before, after, reason in itertools.chain(_dependencies(history), _times(history), _sessions(history)):
        graph.setdefault(after, set()).add(before)
        why.setdefault((before, after), reason)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = error.args[1]
        # A cycle may come in either direction; each edge is (before, after).
        steps = [(a, b) if (a, b) in why else (b, a) for a, b in itertools.pairwise(cycle)]
        yield "cycle: " + ", ".join(f"{a} < {b} ({why[a, b]})" for a, b in steps)


def _dependencies(history: Sequence[Transaction]) -> Iterator[tuple[str, str, str]]:
    numbers = {id(t): i for i, t in enumerate(history)}
    writers = {value: numbers[id(t)] for value, (t, _) in _writers(history).items()}
    orders = _orders(history)
    for i, transaction in enumerate(history):
        if transaction.commit is not None:
            yield f"s{i}", f"c{i}", "a snapshot comes before its commit"
        own = {o.value for o in transaction.operations if isinstance(o, Append)}
        for operation in transaction.operations:
            if not isinstance(operation, Read):
                continue
            seen = [v for v in operation.values if v not in own]
            if seen:
                yield f"c{writers[seen[-1]]}", f"s{i}", f"{operation.key} shows {seen[-1]}"
            following = orders[operation.key][len(seen) :]
            others = [v for v in following if writers[v] != i]
            if others:
                yield f"s{i}", f"c{writers[others[0]]}", f"{operation.key} does not show {others[0]}"
    for key, order in orders.items():
        for a, b in itertools.pairwise(order):
            if writers[a] != writers[b]:
                yield f"c{writers[a]}", f"s{writers[b]}", f"both write {key}, {a} first"


def _times(history: Sequence[Transaction]) -> Iterator[tuple[str, str, str]]:
    """Put each point between the times of its call and of its return, which are a chain."""
    times: list[tuple[float, int, str]] = []
    for i, transaction in enumerate(history):
        for point, interval in ((f"s{i}", transaction.begin), (f"c{i}", transaction.commit)):
            if interval is not None:
                # Of equal times the calls come first: what overlaps is not ordered.
                times += [(interval.call, 0, point), (interval.done, 1, point)]
    times.sort()
    for place, (_, is_return, point) in enumerate(times):
        if place:
            yield f"t{place - 1}", f"t{place}", "time"
        if is_return:
            yield point, f"t{place}", "returned"
        else:
            yield f"t{place}", point, "called"


def _sessions(history: Sequence[Transaction]) -> Iterator[tuple[str, str, str]]:
    last: dict[str, int] = {}
    for i, transaction in sorted(enumerate(history), key=lambda p: p[1].begin.call):
        if transaction.session in last:
            yield f"s{last[transaction.session]}", f"s{i}", f"the session {transaction.session}"
        last[transaction.session] = i

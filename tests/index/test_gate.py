"""Readers pass together, writers alone, and neither waits for ever."""

from __future__ import annotations

import threading
import time

import pytest

from rem_arrow.index.gate import Gate
from tests.patience import PATIENCE_S, join, started, until


def test_readers_are_inside_together():
    """Two readers meet at a barrier inside."""
    gate, barrier = Gate(), threading.Barrier(2, timeout=PATIENCE_S)

    def read():
        with gate.reading():
            barrier.wait()

    join(started(read, read))


def test_writers_are_inside_alone():
    """Nobody is inside beside a writer, whoever comes and goes."""
    gate, inside, wrong = Gate(), [], []

    def read():
        for _ in range(2_000):
            with gate.reading():
                inside.append("r")
                if "w" in inside:
                    wrong.append("a reader beside a writer")
                inside.remove("r")

    def write():
        for _ in range(400):
            with gate.writing():
                inside.append("w")
                time.sleep(0.0002)
                if inside != ["w"]:
                    wrong.append("a writer beside others")
                inside.remove("w")

    join(started(read, read, read, write, write))
    assert not wrong


def test_neither_side_starves():
    """Readers without a pause let a writer in; writers without a pause let a reader in; a second writer has its
    turn."""
    for busy, other in (("reading", "writing"), ("writing", "reading"), ("writing", "writing")):
        gate, done, passed = Gate(), threading.Event(), []

        def loop(gate=gate, busy=busy, done=done):
            while not done.is_set():
                with getattr(gate, busy)():
                    time.sleep(0.001)

        def once(gate=gate, other=other, passed=passed):
            for _ in range(20):
                with getattr(gate, other)():
                    passed.append(1)

        busy_threads = started(loop, loop, loop)
        join(started(once))
        assert len(passed) == 20
        done.set()
        join(busy_threads)


def test_a_reader_waits_for_one_writer_only():
    """Of many writers in line one goes before a reader that waits."""
    gate, order = Gate(), []

    def write():
        with gate.writing():
            order.append("w")

    def read():
        with gate.reading():
            order.append("r")

    with gate.writing():
        order.append("w")
        writers = started(write, write)
        until(lambda: len(gate._writers) == 2, "both writers wait in line")
        readers = started(read)
        until(lambda: gate._readers_waiting == 1, "the reader waits behind them")
    join(writers + readers)
    assert "".join(order) == "wrww"


@pytest.mark.parametrize("side", ["reading", "writing"])
def test_an_interrupt_while_waiting_leaves_the_gate_as_it_was(side):
    """A wait that ends by an exception is undone."""
    gate = Gate()

    def interrupted():
        raise KeyboardInterrupt

    with gate.writing():
        wait, gate._changed.wait = gate._changed.wait, interrupted
        with pytest.raises(KeyboardInterrupt), getattr(gate, side)():
            raise AssertionError("inside beside a writer")
        gate._changed.wait = wait
    with gate.writing():
        pass
    with gate.reading(), gate.reading():
        pass


def test_an_error_inside_opens_the_gate():
    """What is raised inside leaves by the same way."""
    gate = Gate()
    for side in (gate.reading, gate.writing):
        with pytest.raises(ValueError, match="inside"), side():
            raise ValueError("inside")
    with gate.writing():
        pass

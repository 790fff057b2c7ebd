"""Work that runs ahead of the one who takes its results."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from rem_arrow.running.threads import worked_ahead


def test_results_come_in_order_and_no_more_is_begun_than_asked():
    """Beside the item whose result is waited for only `count` more are taken."""
    taken = []

    def items():
        for item in range(6):
            taken.append(item)
            yield item

    with ThreadPoolExecutor(3) as pool:
        results = worked_ahead(pool, lambda item: item * 10, items(), 2)
        assert next(results) == 0
        assert taken == [0, 1, 2]
        assert list(results) == [10, 20, 30, 40, 50]


def test_after_a_failure_what_waits_is_not_begun():
    """The error is that of the item; those that were not begun are not."""
    begun, ended = [], Event()

    def work(item):
        begun.append(item)
        if item == 1:
            ended.wait(10)
        if item == 0:
            raise ValueError("no")

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ValueError, match="no"):
            list(worked_ahead(pool, work, range(4), 2))
        ended.set()
    assert begun in ([0], [0, 1])

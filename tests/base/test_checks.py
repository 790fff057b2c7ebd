"""What arguments must be: the value comes back, or one sentence says what would do."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rem_arrow.base import checks
from rem_arrow.base.errors import InputError


def test_what_fits_comes_back():
    """The checks change nothing."""
    assert checks.whole(3, "k") == 3
    assert checks.whole(0, "limit", least=0) == 0
    assert checks.limit(None) is None and checks.limit(0) == 0
    assert checks.whole(10, "depth", most=10) == 10
    assert checks.number(0.5, "threshold", within=(0, 1)) == 0.5
    assert checks.number(1, "weight") == 1
    assert checks.text(" ", "an id") == " "
    assert checks.text(" a ", "a name", blank=False) == " a "
    assert checks.one_of("out", "direction", ("out", "in")) == "out"


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: checks.whole(0, "k"), "k is a whole number of at least 1, not 0"),
        (lambda: checks.whole(True, "k"), "k is a whole number of at least 1, not True"),
        (lambda: checks.whole(1.0, "k"), "k is a whole number of at least 1, not 1.0"),
        (lambda: checks.whole(-1, "limit", least=0), "limit is a whole number of at least 0, not -1"),
        (lambda: checks.limit(-1), "limit is a whole number of at least 0, not -1"),
        (lambda: checks.whole(1001, "depth", most=1000), "depth is a whole number from 1 to 1,000, not 1001"),
        (lambda: checks.whole(None, "depth", most=9), "depth is a whole number from 1 to 9, not None"),
        (lambda: checks.number(True, "weight"), "weight is a number, not True"),
        (lambda: checks.number("1", "weight"), "weight is a number, not '1'"),
        (lambda: checks.number(1.5, "share", within=(0, 1)), "share is a number from 0 to 1, not 1.5"),
        (lambda: checks.number(float("nan"), "share", within=(0, 1)), "share is a number from 0 to 1, not nan"),
        (lambda: checks.text("", "an id"), "an id is a text that is not empty, not ''"),
        (lambda: checks.text(3, "an id"), "an id is a text that is not empty, not 3"),
        (lambda: checks.text(" ", "a name", blank=False), "a name is a text that is not empty, not ' '"),
        (lambda: checks.one_of("x", "mode", ("a", "b", "c")), "mode is 'a', 'b' or 'c', not 'x'"),
        (lambda: checks.one_of(1, "mode", ("a", "b")), "mode is 'a' or 'b', not 1"),
        (lambda: checks.one_of([], "mode", ("a", "b")), "mode is 'a' or 'b', not []"),
    ],
)
def test_what_does_not_fit_is_refused(check, message):
    """In one sentence: the argument, what it is, what was given."""
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        check()


def test_numbers_of_numpy_are_refused():
    """A whole number is Python's; numpy's is written int(n)."""
    with pytest.raises(InputError, match="whole number of at least 1, not np.int64"):
        checks.whole(np.int64(3), "k")

"""Sizes in the arguments of `connect`."""

from __future__ import annotations

import pytest

import rem_arrow as rem
from rem_arrow.running.memory_size import memory_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64MB", 64 << 20),
        ("64MiB", 64 << 20),
        ("64m", 64 << 20),
        (" 1.5 gib ", 3 << 29),
        (".5GB", 1 << 29),
        ("2TB", 2 << 40),
        ("70000KB", 70_000 << 10),
        ("67108864", 64 << 20),
        ("67108864B", 64 << 20),
        (64 << 20, 64 << 20),
    ],
)
def test_a_size_is_a_number_of_bytes_or_of_binary_units(text, size):
    assert memory_bytes(text) == size


@pytest.mark.parametrize("text", ["", "lots", "MB", "-1GB", "1 000MB", "inf", "nan", "64QB", "512MB or so"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(rem.InputError, match="is not a size; write bytes, or a text such as '512MB'"):
        memory_bytes(text)


@pytest.mark.parametrize("limit", ["63MB", "1", 1, "0GB"])
def test_a_database_needs_64_mb(limit):
    with pytest.raises(rem.InputError, match=f"memory_limit {limit!r} is less than 64MB"):
        memory_bytes(limit)

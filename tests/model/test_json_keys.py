"""Keys of dicts that JSON would not keep apart are refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

import rem_arrow as rem


class Anything(BaseModel):
    v: Any = None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({(1, 2): 3}, "the key \\(1, 2\\) cannot be stored as JSON"),
        ({"a": [{None: 1}]}, "the key None cannot be stored"),
        ({1: 2, "1": 3}, "two keys of a dict are '1' in JSON"),
    ],
)
def test_a_key_that_would_be_lost_is_refused(value: object, said: str) -> None:
    with rem.connect() as db:
        db.register(Anything)
        with pytest.raises(rem.InputError, match=said):
            db.insert("anythings", {"v": value})
        kept = db.insert("anythings", {"v": {1: {"a": float("inf")}}})
        assert db.get("anythings", kept)["v"] == {"1": {"a": float("inf")}}

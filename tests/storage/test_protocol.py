"""The model of the protocol of versions breaks no invariant in any state; without any one of its safeguards it does."""

from __future__ import annotations

import pytest

from tests.storage.protocol import SAFEGUARDS, BrokenError, Model


def test_no_state_breaks_an_invariant():
    """Every interleaving of a few commits, a rewrite, a reader and a refresh."""
    assert Model(SAFEGUARDS, writer=2, compactor=1, collector=1, reader=1).explore() > 1_000
    assert Model(SAFEGUARDS, writer=2, compactor=1, refresher=1, rocksdb=1).explore() > 1_000


@pytest.mark.long
def test_no_state_of_a_larger_model_breaks_an_invariant():
    """More of each."""
    assert Model(SAFEGUARDS, writer=1, compactor=2, collector=1, reader1=1, reader2=1).explore() > 200_000
    assert Model(SAFEGUARDS, writer=2, compactor=1, collector=1, reader1=1, reader2=1).explore() > 200_000
    assert Model(SAFEGUARDS, writer=2, compactor=2, refresher=1, rocksdb=2).explore() > 100_000


@pytest.mark.parametrize("missing", sorted(SAFEGUARDS))
def test_each_safeguard_is_needed(missing):
    """Without it a few steps lead to a state that breaks an invariant."""
    with pytest.raises(BrokenError):
        model = SAFEGUARDS - {missing}
        Model(model, writer=2, compactor=2, collector=2, reader=1).explore()
        Model(model, writer=2, compactor=2, refresher=1, rocksdb=2).explore()

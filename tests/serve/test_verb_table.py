"""The table of verbs leaves out no public verb, and says who may call each."""

from __future__ import annotations

import inspect

import pytest

import rem_arrow as rem
from rem_arrow.face.remote_database import RemoteDatabase, RemoteTransaction
from rem_arrow.face.verb_table import LOCAL, TRANSACTION_VERBS, VERBS
from tests.docs.verbs import public

# Written out at the client: what holds a connection, and frames that are read over `reader` and `sql`.
OWN = {"close", "closed", "lazy", "path", "read_only", "scan", "table", "to_arrow", "transaction"}


def test_every_public_verb_is_served_or_says_why_not():
    """A verb that is added to the database must be put into the table."""
    assert {*VERBS, *LOCAL, *OWN} == set(public(rem.Database))
    assert not {*VERBS} & {*LOCAL, *OWN}
    assert set(public(rem.Transaction)) - {"draw_graph"} == set(TRANSACTION_VERBS)


@pytest.mark.parametrize(("remote", "local"), [(RemoteDatabase, rem.Database), (RemoteTransaction, rem.Transaction)])
def test_the_client_has_the_signatures_of_the_database(remote, local):
    """Names, order and defaults of the arguments."""
    for name in [n for n in public(local) if n not in LOCAL and n not in ("closed", "path", "load", "read_only")]:
        ours, theirs = (list(inspect.signature(getattr(c, name)).parameters.values())[1:] for c in (remote, local))
        assert [(p.name, p.kind, p.default) for p in ours] == [(p.name, p.kind, p.default) for p in theirs], name


@pytest.mark.parametrize("name", sorted(LOCAL))
def test_a_verb_that_is_not_served_says_why(name):
    """In place of an AttributeError."""
    db = RemoteDatabase.__new__(RemoteDatabase)
    with pytest.raises(rem.InputError, match=f"{name} is not there over a connection to a server: .*;"):
        getattr(db, name)

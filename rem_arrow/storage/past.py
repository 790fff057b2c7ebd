"""Older versions of a store that is open: reading them, naming them, and how long they are kept."""

from __future__ import annotations

from rem_arrow.storage.history import Kept
from rem_arrow.storage.history_notes import Retention
from rem_arrow.storage.store import Store
from rem_arrow.storage.version import Version


def pin_past(store: Store, which: Kept) -> Version:
    """Return a kept version by its number, its tag, or a time at which it was the newest; it stays readable for as long
    as someone holds it. Raises InputError where it is not kept."""
    with store.lock:
        store.check_open()
        newest = store.history.newest or store.pin()
        version = store.history.version(store.history.resolve(which, newest.commit), newest)
        store.pins.hold(version)
        return version


def keep_history(store: Store, retention: Retention | None) -> None:
    """Begin to keep older versions, change for how long, or keep none but those with a tag."""
    with store.lock:
        store.recover()
        history, version = store.history, store.version
        if retention != history.retention:
            history.keep(retention, version)
    store.collect_garbage()

"""One sync of the log for all threads that wait: while it runs, others commit, and the next is for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rem_arrow.storage.last_commit import LastCommit
from rem_arrow.storage.settings import Durability


class GroupSync:
    """Makes commits survive a power cut, where the durability promises that. Safe in many threads.

    Args:
        newest: tells the newest commit in the log.
        sync: makes the log so far survive.
        last_commit: takes down what survives; None for a reader.

    Attributes:
        settled: the newest commit that survives, with all before it, as far as this has seen to it.
    """

    def __init__(
        self,
        durability: Durability,
        newest: Callable[[], int],
        sync: Callable[[], None],
        last_commit: LastCommit | None,
    ) -> None:
        self._promised = durability == "sync"
        self._newest, self._sync, self._last_commit = newest, sync, last_commit
        # Held by the thread that syncs for all.
        self._turn = threading.Lock()
        self.settled = 0

    def settle(self, commit: int) -> None:
        """Return when a commit survives a power cut, if that is promised. REQUIRES: not the writers' lock, or all that
        share a sync would wait for it.

        Raises:
            ExecuteError: the disk fails; a power cut may take the commit, nothing else does.
        """
        if not self._promised or self.settled >= commit:
            return
        with self._turn:
            if self.settled >= commit:
                return
            newest = self._newest()
            self._sync()
            self.settled = newest
            if self._last_commit is not None:
                self._last_commit.settle(newest)

    def note(self, commit: int) -> None:
        """Take down that a commit survives, with all before it."""
        self.settled = commit

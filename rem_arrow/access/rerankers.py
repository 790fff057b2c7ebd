"""The rerankers of one database by name: those that the user added, and those of libraries."""

from __future__ import annotations

from rem_arrow.base import checks
from rem_arrow.base.errors import InputError, suggest
from rem_arrow.embed.reranker import Rerank, Reranker, described


class Rerankers:
    """Finds rerankers. Safe in many threads."""

    def __init__(self) -> None:
        self._by_name: dict[str, Reranker] = {}

    def add(self, name: str, function: Rerank) -> None:
        """Let a name stand for a function, in place of the one before. Raises InputError."""
        if not callable(function):
            raise InputError(f"a reranker is a function of a query and a list of texts, not {type(function).__name__}")
        self._by_name[checks.text(name, "the name of a reranker")] = Reranker(name, function)

    def of(self, spec: object) -> Reranker:
        """Return the reranker that a name means, or that a function is. Raises InputError."""
        if callable(spec):
            return Reranker(getattr(spec, "__qualname__", type(spec).__qualname__), spec)
        name = checks.text(spec, "a reranker")
        known = self._by_name.get(name) or described(name)
        if known is None:
            raise InputError(
                f"no reranker {name!r}. {suggest(name, self._by_name, 'Rerankers')} Add one by db.add_reranker(name, "
                "function), or name a model: sentence-transformers:MODEL, fastembed:MODEL"
            )
        return self._by_name.setdefault(name, known)

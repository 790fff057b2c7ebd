"""Modules that cost much to import and that few statements need, imported at their first use.

pc = LazyModule("pyarrow.compute")
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class LazyModule:
    """Stands for a module. Safe in many threads: the import has its own lock."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)

"""The catalog."""

from __future__ import annotations

from rem_arrow.plan.signature import Function

NUMBER: dict[str, Function] = {}
NUMBER_ALIASES: dict[str, str] = {}

"""The catalog."""

from __future__ import annotations

from rem_arrow.plan.signature import Function

TEXT: dict[str, Function] = {}
TEXT_ALIASES: dict[str, str] = {}

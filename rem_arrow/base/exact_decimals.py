"""Arithmetic of decimals that rounds nothing: Python's own rounds to 28 digits, and a DECIMAL has up to 38."""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

_EXACT = Context(prec=400, Emax=MAX_EMAX, Emin=MIN_EMIN)


def shifted(value: Decimal | int | str, places: int) -> Decimal:
    """Return a number times ten to the power `places`."""
    return _EXACT.scaleb(Decimal(value), places)


def unscaled(value: Decimal | int | str, scale: int) -> int:
    """Return the whole number that stands for a value of a type of that scale; digits beyond are cut off."""
    return int(shifted(value, scale))

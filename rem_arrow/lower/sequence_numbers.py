"""nextval and currval: numbers of a sequence for the rows of a frame, in their order; with a condition behind the
sequence, for those for which it holds."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import polars as pl

from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.function import ScalarFunction
from rem_arrow.running.number_source import NumberSource, number_source

# A sequence has a number below it; above it each use has one, for Polars computes equal expressions once.
_USE = 1 << 16
_uses = count()


def _numbered(numbers: Callable[[NumberSource, int, int], list[int]], *, writes: bool) -> ScalarFunction:
    def lower(args: list[pl.Expr], _types: list[pl.DataType], _result: pl.DataType) -> pl.Expr:
        source = number_source()
        if source is None:
            raise ExecuteError("a sequence has no number here")
        if writes:
            source.check_writable()

        def values(rows: pl.Series) -> pl.Series:
            asked = rows.drop_nulls()
            found = pl.Series(numbers(source, asked[0] % _USE, len(asked)) if len(asked) else [], dtype=pl.Int64)
            if len(asked) == len(rows):
                return found
            return found.gather((rows * 0 + rows.is_not_null().cum_sum() - 1).cast(pl.Int64))

        place = args[0].cast(pl.Int64) + next(_uses) * _USE + pl.int_range(pl.len()) * 0
        asked = pl.when(args[1]).then(place) if len(args) > 1 else place
        return asked.map_batches(values, return_dtype=pl.Int64)

    return lower


SEQUENCES: dict[str, ScalarFunction] = {
    "nextval": _numbered(lambda source, number, rows: source.take(number, rows), writes=True),
    "currval": _numbered(lambda source, number, rows: [source.latest(number)] * rows, writes=False),
}

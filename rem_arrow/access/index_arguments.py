"""The texts that a function in FROM is asked about: each is answered once, whatever calls and rows ask for it.

Where the rows are to say which text they answer, they have `asked`, the text, and `position`, its place among those of
the call, from 1; a text that stands there several times has its rows several times.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.base.source import CALL, IndexCall

ASKED, POSITION = "asked", "position"
_PLACE, _ORDER = "\x00place", "\x00order"


def with_positions(call: IndexCall, find: Callable[[list[str]], pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of all texts, in their order; `find` gives those of different ones, with `asked`. Blank texts
    have none."""
    places = pl.int_range(1, pl.len() + 1)
    texts = _texts(call).with_columns((places.over(CALL) if call.calls else places).alias(POSITION))
    return _answers(call, texts.filter(pl.col(ASKED).str.strip_chars() != ""), find, ASKED)


def of_each(call: IndexCall, find: Callable[[list[str]], pl.DataFrame], asked: str) -> pl.DataFrame:
    """Return the rows of all texts, each once in a call; `find` gives those of different ones, which `asked` names."""
    if not call.calls:
        call.check_time()
        return find([text for text in dict.fromkeys(t for i in call.inputs for t in i.to_list()) if text is not None])
    texts = _texts(call).unique([CALL, ASKED], maintain_order=True)
    return _answers(call, texts.filter(pl.col(ASKED).is_not_null()), find, asked)


def of_each_call(call: IndexCall, find: Callable[[list[list[str]]], pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of all calls; `find` gives those of one, whose texts it takes by input, each once."""
    if not call.calls:
        return find([list(dict.fromkeys(texts.drop_nulls().to_list())) for texts in call.inputs])
    count = len(pl.concat(call.calls).unique())
    asked: list[list[dict[str, None]]] = [[{} for _ in call.inputs] for _ in range(count)]
    for place, (texts, numbers) in enumerate(zip(call.inputs, call.calls, strict=True)):
        for text, number in zip(texts.to_list(), numbers.to_list(), strict=True):
            if text is not None:
                asked[number][place][text] = None
    parts = [find([[]] * len(call.inputs)).clear().with_columns(pl.lit(None, pl.Int64).alias(CALL))]
    answers: dict[tuple[tuple[str, ...], ...], pl.DataFrame] = {}
    for number, inputs in enumerate(asked):
        call.check_time()
        key = tuple(map(tuple, inputs))
        if key not in answers:
            answers[key] = find([list(texts) for texts in inputs])
        parts.append(answers[key].with_columns(pl.lit(number, pl.Int64).alias(CALL)))
    return pl.concat(parts)


def _texts(call: IndexCall) -> pl.DataFrame:
    """Return the texts of all inputs, and the numbers of their calls."""
    columns = {ASKED: pl.concat(call.inputs), **({CALL: pl.concat(call.calls)} if call.calls else {})}
    return pl.DataFrame(columns)


def _answers(
    call: IndexCall, texts: pl.DataFrame, find: Callable[[list[str]], pl.DataFrame], asked: str
) -> pl.DataFrame:
    """Return the rows of each text in their order, with the columns of `texts`, which `asked` names in the rows."""
    different = texts[ASKED].unique(maintain_order=True)
    call.check_time()
    rows = find(different.to_list())
    if texts.width == 1:
        return rows
    asked_for = texts.rename({ASKED: asked}).with_row_index(_PLACE)
    return rows.with_row_index(_ORDER).join(asked_for, on=asked).sort(_PLACE, _ORDER).drop(_PLACE, _ORDER)

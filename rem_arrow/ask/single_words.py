"""What single words may name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rem_arrow.ask import english
from rem_arrow.ask.alike import alike_links
from rem_arrow.ask.common_words import COMMON
from rem_arrow.ask.items import _LIGHT, _PARTIAL_MAX, PRONOUNS, Item, _item, _Lookups, links_of
from rem_arrow.ask.known_values import SAMPLE_ROWS
from rem_arrow.ask.lexicon import EXACT, Lexicon, Link
from rem_arrow.ask.question_words import Token, is_identifier


def _single(
    token: Token, place: int, lexicon: Lexicon, lookups: _Lookups, spelled: dict[int, str], called: Sequence[Item]
) -> Item:
    """Return the item of one word."""
    low = token.low
    if not token.is_word:
        return Item("stop", place, place + 1, token.text)
    if low in PRONOUNS:
        return Item("pronoun", place, place + 1, token.text)
    if low in english.STOP and not _is_named(token, lexicon):
        return Item("stop", place, place + 1, token.text)
    links = links_of(token.text, lexicon)
    if low.endswith("ed"):
        # What was reported is no report.
        others = any(x.kind in ("verb", "column", "value") and x.quality >= 0.9 for x in links)
        links = [x for x in links if x.kind != "table" or not others]
    is_called = token.quoted or _is_called(place, called)
    if (low in _LIGHT or low in english.COMMANDS) and not is_called:
        links = [
            x
            for x in links
            if (x.quality >= 0.95 and not _is_name_only(x)) or (low in ("people", "person") and x.kind == "table")
        ]
    if low.isalpha() and (token.text.islower() or place == 0) and not is_called:
        most = 0.55 if low in COMMON or len(links) > 1 else 0.8
        links = sorted((_doubted(x, most) for x in links), key=lambda x: -x.quality)
    if any(x.kind == "table" and x.quality >= 0.95 for x in links):
        links = sorted(
            (replace(x, quality=min(x.quality, 0.9)) if x.kind == "value" else x for x in links),
            key=lambda x: -x.quality,
        )
    is_value = any(x.kind == "value" for x in links)
    is_large = any(t.rows > SAMPLE_ROWS for t in lexicon.vocabulary.filled)
    if (not is_value or is_large) and (is_identifier(token.text, place) or is_called):
        links = _with_lookup(links, lookups.link(token.text, lexicon))
        is_value = any(x.kind == "value" for x in links)
    number = re.fullmatch(r"[€$£]?\d+(?:[.,]\d+)*%?", token.text) is not None
    if (number and not is_value) or low in english.NUMBERS:
        return Item("number", place, place + 1, token.text)
    if not is_value and len(low) > 2:
        linked = lexicon.partial_link(token.text, _PARTIAL_MAX)
        if linked is not None and (token.text[0].isupper() or not links):
            if not token.text[0].isupper() and any(
                token.stem in c.known.texts for t in lexicon.vocabulary.filled for c in t.columns
            ):
                linked = replace(linked, quality=0.45)
            links = [*links, linked]
    if links:
        return _item(_padded(token, place), place, place + 1, links, spelled)
    if low in _LIGHT:
        return Item("stop", place, place + 1, token.text)
    is_word = low.isalpha() and (token.text.islower() or place == 0)
    alike = alike_links(low, lexicon) if is_word else []
    if alike:
        return _item(_padded(token, place), place, place + 1, alike, spelled)
    return Item("unknown", place, place + 1, token.text, spelled=spelled.get(place, ""))


def _with_lookup(links: list[Link], found: Link | None) -> list[Link]:
    """Return links with the rows that the indexes found added to the values."""
    if found is None:
        return links
    known = next((x for x in links if x.kind == "value"), None)
    if known is None:
        return [found, *links]
    tables = {c.table for c, _ in known.values}
    more = tuple(v for v in found.values if v[0].table not in tables)
    return [replace(x, values=(*x.values, *more)) if x is known else x for x in links]


def _is_called(place: int, called: Sequence[Item]) -> bool:
    """Return whether a word says what something is called: "functions called walk"."""
    return any(i.last == place for i in called)


def _doubted(link: Link, most: float) -> Link:
    """Return a link that is less sure, where it is the name of a row and the word is one of the language too."""
    return replace(link, quality=min(link.quality, most)) if _is_name_only(link) else link


def _is_name_only(link: Link) -> bool:
    """Return whether a link is to names of rows, and not to values of which there are few."""
    return link.kind == "value" and not any(c.values for c, _ in link.values)


def _is_named(token: Token, lexicon: Lexicon) -> bool:
    """Return whether a word that mostly says nothing names something here: IT the department, kind the column."""
    if token.text.isupper() and len(token.text) > 1:
        return lexicon.value_link(token.text) is not None
    column = (
        lexicon.column_link(token.text) if token.low in ("kind", "kinds", "type", "types", "sort", "sorts") else None
    )
    return column is not None and column.quality >= EXACT


def _padded(token: Token, place: int) -> list[Token]:
    return [token] * (place + 1)

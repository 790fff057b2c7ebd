"""Words that mean about what a table or a column is called: "trip" the voyages, "left" the time of departure.

Static vectors of words say how near two words are. Synonyms lie at 0.35 to 0.8 of the cosine, words of one field at 0.1
to 0.3.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rem_arrow.ask import english
from rem_arrow.ask.items import links_of
from rem_arrow.ask.lexicon import Lexicon, Link
from rem_arrow.embed.wordllama import meanings

_ALIKE_MIN = 0.35
# As sure as half of the words of a name; of a column, which often stands for something else in the same field, less.
_QUALITY, _COLUMN_QUALITY = 0.6, 0.3


def alike_links(word: str, lexicon: Lexicon) -> list[Link]:
    """Return what a word that nothing knows may name: what the nearest of the names does, where one is near."""
    names = sorted(lexicon.names)
    if not names:
        return []
    vectors = meanings([english.singular(word), *names])
    nearness = vectors[1:] @ vectors[0]
    best = int(np.argmax(nearness))
    if nearness[best] < _ALIKE_MIN:
        return []
    return [
        replace(link, quality=quality, columns=tuple((c, q * _COLUMN_QUALITY) for c, q in link.columns))
        for link in links_of(names[best], lexicon)
        if (quality := link.quality * (_COLUMN_QUALITY if link.kind == "column" else _QUALITY))
        and link.kind in ("table", "column", "verb")
    ]

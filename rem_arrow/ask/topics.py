"""What rows are about: words that no column says are searched for by meaning, in a table that can be searched so.

A search is an answer where the question asks for what is near a topic, and its words are ones that the texts use; else
the words stay unexplained.
"""

from __future__ import annotations

from collections.abc import Sequence

from rem_arrow.ask import english, quantities
from rem_arrow.ask.draft import Draft, Frame
from rem_arrow.ask.items import Item
from rem_arrow.ask.record import Among
from rem_arrow.ask.table_relations import relations_of
from rem_arrow.ask.vocabulary import TableWords

_SHARE_MIN = 0.5


def reserve_topics(draft: Draft) -> list[tuple[int, str]]:
    """Account for the words after "about", so that they name nothing else; return the place and the text of each topic.

    They are a topic where the noun before them is of a table that is searched by meaning; a noun or a name that
    relations lead to is none.
    """
    topics: list[tuple[int, str]] = []
    for place in range(len(draft.items)):
        if not draft.is_operator(place, "about") or place in draft.used:
            continue
        table = _table_before(draft, place)
        words = _topic_after(draft, place)
        if words and table is not None and table.embedded and not _are_names(draft, words, table):
            topics.append((place, " ".join(draft.items[i].text for i in range(words[0], words[-1] + 1))))
            draft.use(place, *words)
        elif table is not None and not table.embedded and words:
            # The words are looked for in its texts.
            draft.use(place)
        elif table is not None and (not words or _are_names(draft, words, table)):
            # What follows is a noun, which relations join.
            draft.use(place)
    return topics


def attach_topics(draft: Draft, topics: Sequence[tuple[int, str]]) -> None:
    """Give each topic to the frame before it."""
    for place, topic in topics:
        frames = [f for f in draft.frames if f.place < place and not f.is_name and f.table.embedded]
        frame = max(frames, key=lambda f: f.place, default=draft.target)
        if frame is None or not frame.table.embedded or frame.topic:
            draft.cost(f"nothing is about {topic}", 2.4)
        else:
            frame.topic = topic


def _table_before(draft: Draft, place: int) -> TableWords | None:
    """Return the table of the noun, or of the value, that stands last before an item."""
    for at in range(place - 1, -1, -1):
        link = draft.choice[at]
        if link is None:
            continue
        if link.table is not None:
            return link.table
        if link.kind == "value" and link.values and link.values[0][0].values:
            return draft.vocabulary.tables[link.values[0][0].table]
    return None


def _are_names(draft: Draft, words: Sequence[int], table: TableWords) -> bool:
    """Return whether words name rows that edges of a type "about" lead to."""
    tables = {r.target for r in relations_of(draft.vocabulary) if r.source == table.name and "about" in r.edge_types}
    return bool(tables) and all(
        (link := draft.link(i, "value")) is not None
        and any(c.table in tables and c.name in ("id", "name") for c, _ in link.values)
        for i in words
    )


def attach_rest(draft: Draft) -> None:
    """Search for words that are left, where there are several and texts use them."""
    if draft.shape not in ("rows", "truth") or draft.target is None:
        return
    left = [i for i in draft.leftovers() if draft.items[i].operator is None]
    for place in left:
        noun = next(
            (
                f
                for f in draft.frames
                if f.place == draft.after(place) and not f.is_name and f.table.embedded and not f.topic
            ),
            None,
        )
        name = draft.items[place].of("value")
        if (
            noun is not None
            and not (name is not None and name.is_partial)
            and known_share(noun.table, [draft.items[place]]) == 1.0
        ):
            noun.topic = f"{draft.items[place].text} {draft.items[noun.place].text}"
            draft.use(place)
            draft.cost("the topic is before its noun", 0.3)
    left = [i for i in left if i not in draft.used]
    if any(
        draft.low(i) in ("mentioned", "mentions", "mention", "says", "noted", "heard", "written", "reads") for i in left
    ):
        # What texts say is looked for in them.
        return
    frame = draft.target
    if not left or not frame.table.embedded or frame.topic or frame.is_name or (frame.place < 0 and not frame.is_given):
        return
    if (
        len(left) < 2
        and not frame.is_given
        and not any(draft.low(i) in ("on", "for", "to", "that", "where") for i in range(left[0]))
    ):
        return
    if known_share(frame.table, [draft.items[i] for i in left]) < _SHARE_MIN:
        return
    first, last = _with_tags(draft, frame, left[0], left[-1])
    frame.topic = " ".join(draft.items[i].text for i in range(first, last + 1))
    draft.use(*left)
    draft.cost("the topic is what is left", 0.2)


def _with_tags(draft: Draft, frame: Frame, first: int, last: int) -> tuple[int, int]:
    """Return the places of a topic with the tags beside it, which are said of the rows no longer."""
    for step, at in ((-1, draft.before(first)), (1, draft.after(last))):
        link = draft.link(at, "value")
        tags = [c for c in frame.conditions if isinstance(c, Among) and c.column.is_list and not c.negated]
        said = next((c for c in tags if link is not None and any(v in c.values for _, v in link.values)), None)
        if said is not None and len(said.values) == 1:
            frame.conditions.remove(said)
            first, last = (at, last) if step == -1 else (first, at)
    return first, last


def _topic_after(draft: Draft, place: int) -> list[int]:
    """Return the words after "about": up to a time, a comparison, or a clause of its own; none where they are a noun
    that relations lead to."""
    words: list[int] = []
    for at in range(place + 1, len(draft.items)):
        item = draft.items[at]
        if (
            draft.is_operator(at, "time", "compare", "called", "group")
            or item.low in ("that", "which", "with", "tagged")
            or item.low in "?!."
        ):
            break
        is_noun = draft.link(at, "table") is not None
        has_clause = at + 1 < len(draft.items) and draft.low(at + 1) in ("that", "which")
        if (is_noun or (draft.link(at, "value") is not None and item.low.endswith("s"))) and has_clause:
            return []
        if is_noun and not words and at + 1 >= len(draft.items):
            return []
        if words and item.stem in quantities.VERB_TIMES and any(draft.is_operator(i, "time") for i in (at + 1, at + 2)):
            break
        if (
            item.kind in ("content", "unknown", "number")
            or (item.operator is not None and words)
            or item.operator is not None
        ):
            words.append(at)
    return words


def known_share(table: TableWords, items: Sequence[Item]) -> float:
    """Return the share of words that the texts of a table use."""
    stems = [english.stem(w) for i in items for w in i.text.split()]
    texts = [c.known.texts for c in table.columns if not c.is_system]
    return sum(1 for s in stems if any(s in t for t in texts)) / len(stems) if stems else 0.0

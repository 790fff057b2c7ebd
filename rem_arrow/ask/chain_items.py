"""The things and verbs of a question in their order, which make a chain (chain.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rem_arrow.ask import english
from rem_arrow.ask.asked import Asked
from rem_arrow.ask.columns import value_columns
from rem_arrow.ask.question import Entity, Reading, Token
from rem_arrow.ask.vocabulary import Column, TableWords, Vocabulary, normal
from rem_arrow.base.quoting import literal, readable

_THING_WORDS_MAX = 3


@dataclass(frozen=True, slots=True)
class Node:
    """A thing in the chain: entities by name, rows of a table, or anything.

    Attributes:
        first, last: the places of its words, from the first to before the last.
        conditions: on its rows, in SQL; columns are those of `t`.
        topic: what its rows are about; empty for rows of any topic.
        group: the column that its rows are grouped by.
    """

    first: int
    last: int
    table: TableWords | None = None
    entity: Entity | None = None
    conditions: tuple[str, ...] = ()
    topic: str = ""
    group: Column | None = None
    is_person: bool = False

    @property
    def tables(self) -> set[str] | None:
        """The tables that it may be in; None is any."""
        if self.entity is not None:
            return {t for t, _, _ in self.entity.hits}
        return None if self.table is None else {self.table.name}

    @property
    def is_anchor(self) -> bool:
        """Whether a walk can begin at it."""
        return self.entity is not None or bool(self.topic) or bool(self.conditions)


@dataclass(frozen=True, slots=True)
class Verb:
    """A word that stands for edges.

    Attributes:
        types: of the edges.
        kind: "type" for edges of these types, "any" for edges of every type, "work" for every way to have had a part in
            something.
        is_passive: whether "by" follows: what stands before it undergoes it.
        is_undergone: whether it is the participle of a question such as "where is x called".
        is_agent: whether it is a noun for those who do it: "the reviewers of".
    """

    place: int
    types: tuple[str, ...] = ()
    kind: str = "type"
    is_passive: bool = False
    is_undergone: bool = False
    is_agent: bool = False

    @property
    def first(self) -> int:
        return self.place

    @property
    def last(self) -> int:
        return self.place + 1


def items_of(asked: Asked, reading: Reading) -> list[Node | Verb]:
    """Return the things and verbs of a question in their order, and account for their words."""
    items: list[Node | Verb] = []
    place = 0
    while place < len(reading.tokens):
        item = None if place in reading.used else _item(asked, reading, place, items)
        if item is None:
            place += 1
            continue
        if isinstance(item, Verb) and item.is_agent and not any(isinstance(i, Node) for i in items):
            # "the reviewers of": who did it, and what they did.
            items.append(Node(place, place + 1, is_person=True))
        items.append(item)
        reading.use(item.first, item.last)
        place = item.last
    return items


def _item(asked: Asked, reading: Reading, place: int, before: Sequence[Node | Verb]) -> Node | Verb | None:
    word = _Word(asked.vocabulary, reading, place)
    if word.entity is not None:
        return Node(place, word.entity.last, entity=word.entity)
    if word.low in ("who", "whom", "what", "whose", "where") and not any(isinstance(i, Node) for i in before):
        return Node(place, place + 1, is_person=word.low not in ("what", "where"))
    if word.token.quoted or not word.token.is_word:
        return None
    thing = None if _is_column(word, before) else _rows(word)
    return thing or _grouped(word) or _verb(word)


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a question, and what it is read by."""

    vocabulary: Vocabulary
    reading: Reading
    place: int

    @property
    def token(self) -> Token:
        return self.reading.tokens[self.place]

    @property
    def low(self) -> str:
        return self.token.low

    @property
    def entity(self) -> Entity | None:
        return next((e for e in self.reading.entities if e.first == self.place), None)

    @property
    def edge_types(self) -> tuple[str, ...]:
        return tuple(self.vocabulary.edge_types(self.token.stem))

    def beside(self, distance: int) -> str:
        """Return the word that many places after this one, or before it if negative; empty where there is none."""
        return self.reading.low(self.place + distance)


# --- things


def _is_column(word: _Word, before: Sequence[Node | Verb]) -> bool:
    """Return whether a word is a column of what was named before it, and its value follows: `functions of module
    textwrap`."""
    table = next((i.table for i in reversed(before) if isinstance(i, Node)), None)
    if table is None or english.singular(word.low) != word.low or word.place + 1 >= len(word.reading.tokens):
        return False
    following = word.reading.tokens[word.place + 1]
    is_name = any(c.stems == (word.token.stem,) for c in table.columns)
    return is_name and following.is_word and following.low not in english.STOP


def _rows(word: _Word) -> Node | None:
    """Return the rows that the words from this one on name: of a table, or of one kind in it."""
    tokens = word.reading.tokens
    for last in range(min(word.place + _THING_WORDS_MAX, len(tokens)), word.place, -1):
        words = tokens[word.place : last]
        is_free = word.reading.used.isdisjoint(range(word.place, last))
        if is_free and all(t.is_word and not t.quoted for t in words):
            node = _rows_of_table(word, last) or _rows_of_kind(word, last)
            if node is not None:
                return node
    return None


def _rows_of_table(word: _Word, last: int) -> Node | None:
    name = word.vocabulary.table_of(" ".join(t.text for t in word.reading.tokens[word.place : last]))
    if name is None or (last == word.place + 1 and word.low in english.STOP):
        return None
    table = word.vocabulary.tables[name]
    return Node(word.place, last, table, is_person=name == word.vocabulary.person_table()) if table.rows else None


def _rows_of_kind(word: _Word, last: int) -> Node | None:
    """Return the rows of one kind: meetings, customers."""
    if english.singular(word.reading.low(last - 1)) == word.reading.low(last - 1):
        return None
    phrase = " ".join(t.text for t in word.reading.tokens[word.place : last])
    column = next((c for c in value_columns(word.vocabulary, phrase) if c.is_kind), None)
    if column is None:
        return None
    condition = f"t.{readable(column.name)} = {literal(column.values[normal(phrase)])}"
    return Node(word.place, last, word.vocabulary.tables[column.table], conditions=(condition,))


def _grouped(word: _Word) -> Node | None:
    """Return people by a column: "which teams"."""
    person = word.vocabulary.person_table()
    if person is None or word.beside(-1) not in ("which", "what"):
        return None
    table = word.vocabulary.tables[person]
    column = next((c for c in table.columns if c.stems == (word.token.stem,) and c.values), None)
    return None if column is None else Node(word.place, word.place + 1, table, group=column, is_person=True)


# --- verbs


def _verb(word: _Word) -> Verb | None:
    """Return the verb that a word is, by the first row of `_VERBS` whose test holds for it; None for no verb."""
    return next(verb(word) for test, verb in _VERBS if test(word))


def _takes_part(word: _Word) -> bool:
    return word.low in ("part", "parts") and word.beside(-1) in ("took", "take", "taken", "takes")


def _participation(word: _Word) -> Verb | None:
    types = tuple(word.vocabulary.edge_types("participat"))
    return Verb(word.place, types) if types else None


def _is_work(word: _Word) -> bool:
    return word.token.stem in english.WORK_STEMS and not word.low.startswith("worker")


def _is_relation(word: _Word) -> bool:
    return word.token.stem in english.ANY_STEMS and word.beside(1) in ("to", "with")


def _says_nothing(word: _Word) -> bool:
    return word.low in english.STOP and word.low not in ("about", "made", "make", "called")


def _is_state(word: _Word) -> bool:
    """Return whether a word is a value in front of a table: "closed issues" is how they stand, not what closed them."""
    is_before_table = word.vocabulary.table_of(word.beside(1)) is not None
    return is_before_table and bool(value_columns(word.vocabulary, word.token.text))


def _is_about(word: _Word) -> bool:
    return word.low == "about"


def _topic(word: _Word) -> Verb | None:
    """Return edges such as `about`, where what follows the word is a thing."""
    at = word.place + 1
    while word.reading.low(at) in ("the", "a", "an", "our", "all"):
        at += 1
    following = _Word(word.vocabulary, word.reading, at)
    is_thing = following.entity is not None or (at < len(word.reading.tokens) and _rows(following) is not None)
    return Verb(word.place, word.edge_types) if word.edge_types and is_thing else None


def _is_agent(word: _Word) -> bool:
    """Return whether a word is a noun for those who do something: "the reviewers of"."""
    return not word.edge_types and word.beside(1) == "of" and english.singular(word.token.text).endswith(("er", "or"))


def _agent(word: _Word) -> Verb | None:
    noun = english.singular(word.token.text)
    stems = (english.stem(noun[:-2]), english.stem(noun[:-1]))
    types = next((types for stem in stems if (types := word.vocabulary.edge_types(stem))), [])
    return _typed(word, tuple(types), is_agent=True)


def _action(word: _Word) -> Verb | None:
    return _typed(word, word.edge_types, is_agent=False)


def _typed(word: _Word, types: tuple[str, ...], *, is_agent: bool) -> Verb | None:
    # "where is dedent called?": what stands between "is" and the verb undergoes it.
    before = {word.reading.low(i) for i in range(max(0, word.place - 6), word.place)}
    is_undergone = (
        word.low.endswith(("ed", "en"))
        and not before.isdisjoint(("is", "are", "was", "were"))
        and before.isdisjoint(("does", "did", "has", "have"))
    )
    is_passive = "by" in (word.beside(1), word.beside(2))
    return (
        Verb(word.place, types, is_passive=is_passive, is_undergone=is_undergone, is_agent=is_agent) if types else None
    )


_VERBS: tuple[tuple[Callable[[_Word], bool], Callable[[_Word], Verb | None]], ...] = (
    (_takes_part, _participation),
    (_is_work, lambda word: Verb(word.place, kind="work")),
    (_is_relation, lambda word: Verb(word.place, kind="any")),
    (_says_nothing, lambda word: None),
    (_is_state, lambda word: None),
    (_is_about, _topic),
    (_is_agent, _agent),
    (lambda word: True, _action),
)

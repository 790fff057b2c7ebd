"""What phrases name in a database: tables, columns, values, edges, each with how surely.

A phrase is looked up by its normal form or by the stems of its words. Names as the catalog spells them are sure; words
of the same meaning, parts of longer names, and what descriptions say are less so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rem_arrow.ask import english, quantities, thesaurus
from rem_arrow.ask.column_words import Column
from rem_arrow.ask.english import word_set
from rem_arrow.ask.known_values import normal
from rem_arrow.ask.table_relations import Relation, relations_of
from rem_arrow.ask.vocabulary import BUILT_IN, TableWords, Vocabulary

Kind: TypeAlias = Literal["table", "column", "value", "verb"]
EXACT, PART, SYNONYM, _DEED = 1.0, 0.75, 0.7, 0.7
# Endings of columns' names that questions leave out.
_ENDINGS = word_set("""at on date time id name count no number num ts timestamp in of by is has kg cm km eur usd""")
_PARTICIPLES = ("ed", "en")
# Tables of persons that are named by no role.
_ANYBODY = frozenset(english.stem(w) for w in ("user", "person", "employee", "member", "staff", "contact"))
_EXTRA_TABLES = {"resources": "document doc documentation article text page", "moments": "event calendar moment agenda",
                 "sessions": "conversation chat", "files": "code"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """What a phrase may name.

    Attributes:
        kind: of what it names.
        quality: how surely, from 0 to 1.
        table: a table.
        columns: columns that bear the name, with how surely each.
        values: columns and the values that they hold.
        relations: of a verb, the relations that it names.
    """

    kind: Kind
    quality: float
    table: TableWords | None = None
    columns: tuple[tuple[Column, float], ...] = ()
    values: tuple[tuple[Column, str], ...] = ()
    relations: tuple[Relation, ...] = ()
    is_partial: bool = False


@dataclass(frozen=True)
class Lexicon:
    """The phrases of a vocabulary, by normal forms, and by stems."""

    vocabulary: Vocabulary
    tables: dict[str, dict[str, float]] = field(default_factory=dict)
    columns: dict[str, dict[tuple[str, str], float]] = field(default_factory=dict)
    verbs: dict[str, dict[Relation, float]] = field(default_factory=dict)
    # Verbs by their participles alone: visits are rows, what is visited has them.
    deeds: dict[str, dict[Relation, float]] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    # The words of the names of tables and columns, as they are spelled.
    names: set[str] = field(default_factory=set)

    def table_links(self, phrase: str) -> list[Link]:
        """Return the tables that a phrase names, the surest first."""
        named = self.tables.get(_stemmed(phrase), {})
        links = [Link("table", quality, table=self.vocabulary.tables[name]) for name, quality in named.items()]
        return sorted(links, key=lambda link: -link.quality)

    def column_link(self, phrase: str) -> Link | None:
        """Return the columns that a phrase names."""
        stem = _stemmed(phrase)
        named = self.columns.get(stem)
        if not named and len(stem) >= 7 and stem.isalpha():
            # Insurance is what insured is about.
            begun = [c for c in self.columns if len(c) >= 5 and c.isalpha() and stem.startswith(c)]
            named = {key: q * 0.75 for c in begun for key, q in self.columns[c].items() if q >= 0.9}
        if not named:
            return None
        columns = []
        for (table, name), quality in named.items():
            column = self.vocabulary.tables[table].column(name)
            assert column is not None, "the lexicon is made of the vocabulary"
            columns.append((column, quality))
        columns.sort(key=lambda c: -c[1])
        return Link("column", columns[0][1], columns=tuple(columns))

    def value_link(self, phrase: str) -> Link | None:
        """Return the values that a phrase is."""
        text, said = normal(phrase), " ".join(phrase.casefold().split())
        entries = [e for t in self.vocabulary.filled for e in t.index.get(text, ())]
        # A single word is a name only as it is spelled: "calls" is not the class Call.
        exact = [e for e in entries if e[1].casefold() == said]
        if " " not in said:
            entries = [e for e in entries if e in exact or e[0].values]
        else:
            entries = [e for e in entries if e in exact or e[0].values or "_" not in e[1]]
        return Link("value", EXACT, values=tuple(exact or entries)) if entries else None

    def partial_link(self, phrase: str, most: int) -> Link | None:
        """Return the values of which a phrase is a part, if these are few."""
        words = normal(phrase).split()
        entries: list[tuple[Column, str]] = []
        for table in self.vocabulary.filled:
            mine = [e for e in table.partial.get(words[0], ()) if _holds(normal(e[1]).split(), words)] if words else []
            if 0 < len({e[1] for e in mine}) <= most:
                entries += mine
        return Link("value", PART, values=tuple(entries), is_partial=True) if entries else None

    def verb_link(self, phrase: str) -> Link | None:
        """Return the relations that a verb names."""
        stem = _stemmed(phrase)
        named = self.verbs.get(stem, {})
        if phrase.casefold().endswith(_PARTICIPLES):
            named = {**self.deeds.get(stem, {}), **named}
        if not named:
            return None
        best = max(named.values())
        kept = tuple(r for r, q in named.items() if q >= best - 0.2)
        return Link("verb", best, relations=kept)


def _holds(words: list[str], part: list[str]) -> bool:
    return any(words[i : i + len(part)] == part for i in range(len(words) - len(part) + 1))


def _stemmed(phrase: str) -> str:
    return " ".join(english.stem(w) for w in phrase.casefold().replace("_", " ").replace("-", " ").split())


class Lexicons:
    """Makes the lexicon of a vocabulary, and keeps the last."""

    def __init__(self) -> None:
        self._last: Lexicon | None = None

    def of(self, vocabulary: Vocabulary) -> Lexicon:
        if self._last is None or self._last.vocabulary is not vocabulary:
            self._last = _made(vocabulary)
        return self._last


def _made(vocabulary: Vocabulary) -> Lexicon:
    lexicon = Lexicon(vocabulary)
    for table in vocabulary.tables.values():
        _add_table(lexicon, table)
    for relation in relations_of(vocabulary):
        _add_verb(lexicon, relation)
        if relation.kind == "key" and not relation.from_holder:
            _add_deeds(lexicon, relation)
    for table in vocabulary.filled:
        for phrase in table.index:
            lexicon.words.update(phrase.split())
        for column in table.columns:
            lexicon.words.update(column.known.texts)
    for table in vocabulary.filled:
        lexicon.names.update(english.singular(p) for p in english.parts(table.name))
        own = [c for c in table.columns if not (c.is_system or c.is_flag or c.name == "id")]
        lexicon.names.update(p for c in own for p in english.parts(c.name) if len(p) > 2)
    lexicon.words.update(w for phrase in vocabulary.taught for w in _stemmed(phrase).split())
    lexicon.words.update(w for phrase in (*lexicon.tables, *lexicon.columns, *lexicon.verbs) for w in phrase.split())
    return lexicon


def _put(entries: dict[str, dict], phrase: str, key: object, quality: float) -> None:  # type: ignore[type-arg]
    if phrase:
        known = entries.setdefault(phrase, {})
        known[key] = max(quality, known.get(key, 0.0))


def _add_table(lexicon: Lexicon, table: TableWords) -> None:
    stems = [english.stem(p) for p in english.parts(table.name)]
    weight = 1.0 if table.rows or table.name not in BUILT_IN else 0.6
    phrases = {" ".join(stems): EXACT}
    if len(stems) > 1:
        phrases |= {stems[-1]: 0.7, "".join(s[0] for s in stems): 0.9, "".join(stems): 0.95}
        phrases |= {stems[0]: 0.5}
    for other in thesaurus.synonyms(stems[-1] if len(stems) == 1 else "_".join(stems)):
        phrases.setdefault(english.stem(other), SYNONYM)
    for word in _EXTRA_TABLES.get(table.name, "").split():
        phrases[english.stem(word)] = max(phrases.get(english.stem(word), 0.0), 0.75)
    if table.is_people and stems[-1] in _ANYBODY:
        for word in (
            "colleague",
            "coworker",
            "employee",
            "staff",
            "member",
            "teammate",
            "folk",
            "user",
            "engineer",
            "developer",
        ):
            phrases.setdefault(english.stem(word), 0.65)
    if table.is_people:
        for word in ("person", "people", "folk", "individual", "man", "woman", "name"):
            if word != "name":
                phrases.setdefault(english.stem(word), 0.6)
    for word in english.head_of(table.description):
        phrases.setdefault(word, 0.65)
        for other in thesaurus.synonyms(word):
            phrases.setdefault(other, 0.5)
    for phrase, quality in phrases.items():
        _put(lexicon.tables, phrase, table.name, quality * weight)
    if weight == 1.0:
        for column in table.columns:
            _add_column(lexicon, column)


def _add_column(lexicon: Lexicon, column: Column) -> None:
    key, stems = (column.table, column.name), list(column.stems)
    phrases = {" ".join(stems): EXACT}
    core = list(stems)
    while len(core) > 1 and core[-1] in _ENDINGS:
        core = core[:-1]
        phrases.setdefault(" ".join(core), 0.95)
    while len(core) > 1 and core[0] in _ENDINGS:
        core = core[1:]
        phrases.setdefault(" ".join(core), 0.95)
    if len(core) > 1:
        phrases.setdefault("".join(core), 0.9)
        phrases.setdefault(core[-1], PART)
        for stem in core[:-1]:
            phrases.setdefault(stem, 0.6)
    first = column.description.split(" ", 1)[0].casefold()
    if (
        column.is_number
        and first.isalpha()
        and first.endswith("s")
        and not first.endswith("ss")
        and not _is_money(first)
    ):
        # "Lines of source": a number of lines.
        phrases.setdefault(english.stem(first), EXACT)
    for ending in ("er", "or", "ee", "e"):
        if column.is_text and core[-1].endswith(ending) and len(core[-1]) - len(ending) >= 4:
            # The assignee is who was assigned, the reporter who reported.
            phrases.setdefault(core[-1].removesuffix(ending), 0.85)
    if column.is_ordinal:
        phrases[" ".join(stems)] = 0.85
    for stem in core if not column.is_system and stems[-1] not in ("id", "no", "key", "ref") else []:
        for other in thesaurus.synonyms(stem):
            phrases.setdefault(english.stem(other), SYNONYM if len(core) == 1 else 0.55)
    if not column.is_system:
        described = english.nouns_of(column.description)
        for word in described:
            phrases.setdefault(word, 0.4)
        # "story points" where the column is points, "Effort in story points".
        for first, second in itertools.pairwise(described):
            phrases.setdefault(f"{first} {second}", 0.8 if second in core or first in core else 0.45)
    for phrase, quality in phrases.items():
        _put(lexicon.columns, phrase, key, quality * (0.8 if column.is_system and column.name != "id" else 1.0))


def _is_money(word: str) -> bool:
    return bool(quantities.UNITS.get(english.stem(word), frozenset()) & quantities.MONEY)


def _add_verb(lexicon: Lexicon, relation: Relation) -> None:
    core = [s for s in relation.stems if s not in _ENDINGS and len(s) > 1] or list(relation.stems)
    phrases = {" ".join(core): EXACT, " ".join(relation.stems): EXACT}
    for ending in ("er", "or", "ee"):
        if relation.kind == "edge":
            # The reviewer is who reviewed, the assignee who was assigned.
            phrases.setdefault(core[0] + ending, 0.95)
        elif core[-1].endswith(ending) and len(core[-1]) > 5:
            phrases.setdefault(core[-1].removesuffix(ending), 0.9)
    if relation.kind == "edge":
        phrases.setdefault(core[0], 0.95)
    if len(core) == 1 or relation.kind == "edge":
        for other in thesaurus.synonyms(core[0]):
            phrases.setdefault(english.stem(other), SYNONYM)
    for phrase, quality in phrases.items():
        _put(lexicon.verbs, phrase, relation, quality * (1.0 if relation.kind == "edge" else 0.9))


def _add_deeds(lexicon: Lexicon, relation: Relation) -> None:
    """Let what was done be a verb where its rows are a table: a book of which a loan says when it was borrowed."""
    holder = lexicon.vocabulary.tables[relation.target]
    times = [c.stems[0] for c in holder.columns if (c.is_time or c.is_year) and not c.is_system]
    for stem in {*times, holder.stems[-1]}:
        _put(lexicon.deeds, stem, relation, _DEED)


def qualities(links: Iterable[Link]) -> float:
    """Return the quality of the surest link."""
    return max((link.quality for link in links), default=0.0)

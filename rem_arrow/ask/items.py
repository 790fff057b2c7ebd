"""The items of a question: its phrases, each with what it may name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from rem_arrow.ask import english, quantities, thesaurus
from rem_arrow.ask.english import word_set
from rem_arrow.ask.lexicon import Lexicon, Link
from rem_arrow.ask.question_operators import Operator
from rem_arrow.ask.question_words import Token
from rem_arrow.ask.session import Session

ItemKind: TypeAlias = Literal["content", "unknown", "operator", "number", "stop", "pronoun"]


_PHRASE_MAX, _LOOKUPS_MAX, _PARTIAL_MAX = 9, 12, 5


PRONOUNS = word_set("""them they those these it their its he she him her his ones one""")


# Words that stand for many things and say nothing of what is asked, outside of STOP.
_LIGHT = word_set(
    """give show list find get tell display fetch return see look need know want let lets please search
    wondering wonder like interested curious kindly help information info details detail data record records
    entry entries row rows database currently present exist exists available there overall still already yet
    ever just only also very really actually exactly respectively whole entire full complete me us question
    answer go goes come comes got gets having being happens happen happened happening occur occurred take
    takes took taking place made make makes making did does done held stored registered recorded listed
    called named whose use used using uses who's what's whats hi hello hey thanks thank ok okay names id ids
    belong belongs belonging give gives given considered regarding concerning related relate live located
    based situated came come up pull out dates anything something everything items things particular certain
    specific associated name people person any other known excuse mind right now showing dr mr mrs ms prof
    session sessions event events involved mostly ours many both either two-way worth corresponding possible
    said"""
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """A phrase of a question.

    Attributes:
        first, last: its tokens, from the first to before the last.
        links: what it may name, the surest first; none for an operator, or for what nothing knows.
        spelled: the word that it was taken for where it was spelled otherwise.
    """

    kind: ItemKind
    first: int
    last: int
    text: str
    links: tuple[Link, ...] = ()
    operator: Operator | None = None
    spelled: str = ""
    quoted: bool = False

    @property
    def low(self) -> str:
        return self.text.casefold()

    @property
    def stem(self) -> str:
        return english.stem(self.low)

    @property
    def meant(self) -> str:
        """The stem of the word that an idiom stands for, else its own."""
        return english.stem(thesaurus.IDIOMS.get(self.low, self.low))

    def of(self, kind: str) -> Link | None:
        """Return its surest link of a kind."""
        return next((link for link in self.links if link.kind == kind), None)

    def is_(self, kind: str) -> bool:
        return self.operator is not None and self.operator.kind == kind


def _item(tokens: Sequence[Token], first: int, last: int, links: Sequence[Link], spelled: dict[int, str]) -> Item:
    text = " ".join(t.text for t in tokens[first:last])
    wrong = [p for p in range(first, last) if p in spelled]
    if wrong:
        links = [replace(x, quality=x.quality * 0.85) for x in links]
    return Item("content", first, last, text, tuple(links), spelled=text if wrong else "", quoted=tokens[first].quoted)


def links_of(phrase: str, lexicon: Lexicon) -> list[Link]:
    """Return all that a phrase may name, the surest first."""
    idiom = thesaurus.IDIOMS.get(phrase.casefold())
    if idiom == "contributed" and any(e.src_table for e in lexicon.vocabulary.edges):
        return [Link("verb", 0.9)]
    phrase = idiom or phrase
    taught = lexicon.vocabulary.taught.get(phrase.casefold()) or lexicon.vocabulary.taught.get(english.singular(phrase))
    phrase = taught or phrase
    links = lexicon.table_links(phrase)
    links += [x for x in (lexicon.column_link(phrase), lexicon.value_link(phrase), lexicon.verb_link(phrase)) if x]
    return sorted(links, key=lambda x: -x.quality)


class _Lookups:
    """Names and ids that the indexes of the database find, for tables that are too large to be listed."""

    def __init__(self, session: Session) -> None:
        self._session, self._left = session, _LOOKUPS_MAX

    def link(self, text: str, lexicon: Lexicon) -> Link | None:
        if self._left <= 0:
            return None
        self._left -= 1
        hits = self._session.lookup([text])
        values = []
        for table, key, _ in hits.select("table", "id", "name").head(20).iter_rows():
            column = lexicon.vocabulary.tables[table].column("id") if table in lexicon.vocabulary.tables else None
            if column is not None:
                values.append((column, key))
        return Link("value", 1.0, values=tuple(values)) if values else None


def says_nothing(item: Item) -> bool:
    """Return whether a word may be left out without loss."""
    return item.kind in ("stop", "pronoun") or item.low in _LIGHT or item.low in english.COMMANDS


def means_of(item: Item) -> tuple[str, ...]:
    """Return the stems of columns that an unlinked verb asks for, such as price for "cost"."""
    return quantities.VERB_COLUMNS.get(item.stem, ())

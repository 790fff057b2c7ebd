"""A question as tokens, with its time, the entities that it names, and which tokens are accounted for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rem_arrow.ask import english, times
from rem_arrow.ask.session import Session
from rem_arrow.ask.times import TimeSpan
from rem_arrow.ask.vocabulary import Vocabulary, phrases

QUESTION_CHARS_MAX, TOKENS_MAX = 4_000, 200
_LOOKUPS_MAX = 60
_TOKEN = re.compile(
    r"\"([^\"]{1,200})\"|“([^”]{1,200})”|(?<!\w)'([^']{2,200})'(?!\w)"
    r"|\w+(?:[-./:@+#]\w+)*[+#]*(?:'\w+)?|[?!,;<>=]+"
)

# What ends an adjective with a hyphen: "code-related".
_ADJECTIVE_ENDINGS = ("related", "based", "like", "specific", "level", "wide", "side", "line")
_AUXILIARIES = ("does", "did", "do", "has", "have", "had", "is", "are", "was", "were")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number, identifier, quoted text or mark, and its place in the question."""

    text: str
    start: int
    stop: int
    quoted: bool = False

    @property
    def low(self) -> str:
        return self.text.casefold()

    @property
    def stem(self) -> str:
        return english.stem(self.text)

    @property
    def is_word(self) -> bool:
        return self.quoted or self.text[0].isalnum() or self.text[0] == "_"


@dataclass(frozen=True, slots=True)
class Entity:
    """Tokens that name entities.

    Attributes:
        first, last: their places, from the first to before the last.
        hits: (table, id, name) of each entity.
    """

    first: int
    last: int
    text: str
    hits: tuple[tuple[str, str, str], ...]


@dataclass
class Reading:
    """A question that is being read.

    Attributes:
        used: the places of tokens that are accounted for.
    """

    text: str
    tokens: list[Token]
    time: TimeSpan | None
    entities: list[Entity]
    used: set[int] = field(default_factory=set)

    def low(self, place: int) -> str:
        return self.tokens[place].low if 0 <= place < len(self.tokens) else ""

    def number(self, place: int) -> float | None:
        """Return the number that the token at a place is, in digits or in words."""
        return english.number(self.tokens[place].text) if 0 <= place < len(self.tokens) else None

    def use(self, first: int, last: int) -> None:
        """Account for the tokens from a place to before another."""
        self.used.update(range(first, last))

    def left(self) -> list[int]:
        """Return the places of words that say something and are not accounted for."""
        begin = next(
            (i for i, t in enumerate(self.tokens) if t.low not in english.COMMANDS and t.low not in english.STOP), 0
        )
        return [
            i
            for i, t in enumerate(self.tokens)
            if i not in self.used and i >= begin and t.is_word and (t.quoted or t.low not in english.STOP)
        ]

    def topic(self, places: Sequence[int]) -> str:
        """Return the words at these places as a text to search for."""
        return " ".join(self.tokens[i].text for i in places)


def read(text: str, session: Session, vocabulary: Vocabulary, now: datetime) -> Reading:
    """Return a question whose time is accounted for."""
    if text.isupper() and len(text.split()) > 1:
        # All in capitals: they say nothing of any one word.
        text = text.casefold()
    tokens = tokenize(text)
    span = times.find(text, now)
    reading = Reading(text, tokens, span, [])
    if span is not None:
        reading.use(*_places(tokens, span.start, span.stop))
    reading.entities = _entities(reading, session, vocabulary)
    return reading


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a question. Words with hyphens such as "code-related" are several tokens."""
    tokens: list[Token] = []
    for hit in _TOKEN.finditer(text):
        quoted = next((g for g in hit.groups() if g is not None), None)
        if quoted is not None:
            tokens.append(Token(quoted, hit.start(), hit.end(), quoted=True))
        elif re.fullmatch(r"[a-z]+(-[a-z]+)+", hit[0], re.IGNORECASE) and not hit[0].isupper() and not _is_name(hit[0]):
            at = hit.start()
            for part in re.finditer(r"[A-Za-z]+", hit[0]):
                tokens.append(Token(part[0], at + part.start(), at + part.end()))
        else:
            tokens.append(Token(hit[0], hit.start(), hit.end()))
    return tokens[:TOKENS_MAX]


def _is_name(text: str) -> bool:
    """Return whether a word with hyphens may be a name: auth-service, but not authentication-related."""
    return text.rsplit("-", 1)[1].casefold() not in _ADJECTIVE_ENDINGS


def _places(tokens: Sequence[Token], start: int, stop: int) -> tuple[int, int]:
    inside = [i for i, t in enumerate(tokens) if t.start < stop and t.stop > start]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _entities(reading: Reading, session: Session, vocabulary: Vocabulary) -> list[Entity]:
    """Return the entities that are named, the longest names first, none overlapping."""
    entities: list[Entity] = []
    lookups = 0
    taken = set(reading.used)
    for first, last in phrases(reading.tokens, 5):
        if (
            lookups >= _LOOKUPS_MAX
            or not taken.isdisjoint(range(first, last))
            or not _may_name(reading, first, last, vocabulary)
        ):
            continue
        text = (
            reading.tokens[first].text
            if last == first + 1
            else reading.text[reading.tokens[first].start : reading.tokens[last - 1].stop]
        )
        lookups += 1
        hits = session.lookup([text])
        if hits.height:
            entities.append(Entity(first, last, text, tuple(hits.select("table", "id", "name").head(20).iter_rows())))
            taken.update(range(first, last))
    return sorted(entities, key=lambda e: e.first)


def _may_name(reading: Reading, first: int, last: int, vocabulary: Vocabulary) -> bool:
    """Return whether tokens may be a name that is worth looking up: quoted, spelled like one, or several words that are
    no phrase of the language."""
    tokens = reading.tokens[first:last]
    if not all(t.is_word for t in tokens) or (len(tokens) > 1 and any(t.quoted for t in tokens)):
        return False
    if len(tokens) > 1:
        if any(t.low in english.STOP for t in (tokens[0], tokens[-1])) or english.number(tokens[0].text) is not None:
            return False
        return all(t.text[0].isupper() or t.low in english.STOP for t in tokens) or not any(
            vocabulary.table_of(t.text) for t in tokens
        )
    return tokens[0].quoted or is_identifier(tokens[0].text, first) or _is_object(reading, first, vocabulary)


def is_identifier(text: str, place: int) -> bool:
    """Return whether one word is spelled like a name or a key: TAP-1234, json.dumps, OrderedDict, DHL, 12345, or with a
    capital inside of a sentence."""
    if text.casefold() in english.STOP and not text.isupper():
        return False
    marks = re.search(r"[-./:@_]", text) is not None
    digits = any(c.isdigit() for c in text)
    if text.isdigit():
        return len(text) >= 4
    return (
        marks
        or digits
        or re.search(r"[a-z][A-Z]", text) is not None
        or (text.isupper() and len(text) > 1)
        or (place > 0 and text[:1].isupper())
    )


def _is_object(reading: Reading, place: int, vocabulary: Vocabulary) -> bool:
    """Return whether a plain word stands where a name must: after the verb of an edge, or as all that is asked for."""
    token = reading.tokens[place]
    if token.low in english.STOP or vocabulary.table_of(token.text):
        return False
    before = place - 1
    while before >= 0 and reading.low(before) in ("of", "on", "from", "to", "by", "the", "with"):
        before -= 1
    if before >= 0 and vocabulary.edge_types(english.stem(reading.low(before))):
        return True
    # "Which modules does json import?", "where is dedent called?"
    if reading.low(place - 1) in _AUXILIARIES and vocabulary.edge_types(english.stem(reading.low(place + 1))):
        return True
    others = [t for i, t in enumerate(reading.tokens) if i != place and t.is_word and t.low not in english.LOOKUP_WORDS]
    return not others

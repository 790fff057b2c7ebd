"""A question as tokens: words, numbers, identifiers, quoted texts and marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rem_arrow.ask import english

QUESTION_CHARS_MAX, TOKENS_MAX = 4_000, 120
_TOKEN = re.compile(
    r"\"([^\"]{1,200})\"|“([^”]{1,200})”|(?<!\w)'([^']{2,200})'(?!\w)"
    r"|[€$£]?\d+(?:[.,]\d+)*(?![\w-])%?|\w+(?:[-./:@+#]\w+)*[+#]*(?:['’]\w+)?|[?!,;<>=%]+"
)
_CONTRACTED = frozenset(("what", "who", "that", "let", "there", "here", "where", "how", "when"))
# What ends an adjective with a hyphen: "code-related".
_ADJECTIVE_ENDINGS = ("related", "based", "like", "specific", "level", "wide", "side", "line")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number, identifier, quoted text or mark, and its place in the question."""

    text: str
    start: int
    stop: int
    quoted: bool = False

    @property
    def low(self) -> str:
        return self.text.casefold().replace("’", "'")

    @property
    def stem(self) -> str:
        return english.stem(self.text)

    @property
    def is_word(self) -> bool:
        return self.quoted or self.text[0].isalnum() or self.text[0] in "_€$£"


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
        elif (owner := re.fullmatch(r"(.{3,})['’]s?", hit[0])) and owner[1].casefold() not in _CONTRACTED:
            # "Ann's office" is the office of Ann.
            tokens.append(Token(owner[1], hit.start(), hit.start() + len(owner[1])))
        else:
            tokens.append(Token(hit[0], hit.start(), hit.end()))
    return tokens[:TOKENS_MAX]


def _is_name(text: str) -> bool:
    """Return whether a word with hyphens may be a name: auth-service, but not authentication-related."""
    return text.rsplit("-", 1)[1].casefold() not in _ADJECTIVE_ENDINGS


def is_identifier(text: str, place: int) -> bool:
    """Return whether one word is spelled like a name or a key: TAP-1234, json.dumps, OrderedDict, DHL, 12345, or with a
    capital inside of a sentence."""
    if text.casefold() in english.STOP and not text.isupper():
        return False
    if text.isdigit():
        return len(text) >= 4
    return (
        re.search(r"[-./:@_]", text) is not None
        or any(c.isdigit() for c in text)
        or re.search(r"[a-z][A-Z]", text) is not None
        or (text.isupper() and len(text) > 1)
        or (place > 0 and text[:1].isupper())
    )


def spans(tokens: Sequence[object], longest: int) -> Iterator[tuple[int, int]]:
    """Yield the places of phrases of up to that many tokens, the longest first."""
    for size in range(min(longest, len(tokens)), 0, -1):
        yield from ((at, at + size) for at in range(len(tokens) - size + 1))


def places(tokens: Sequence[Token], start: int, stop: int) -> tuple[int, int]:
    """Return the places of the tokens between two characters."""
    inside = [i for i, t in enumerate(tokens) if t.start < stop and t.stop > start]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)

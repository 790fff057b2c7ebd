"""The tokens of a SELECT item as words of a small grammar: what its reader in item_names.py walks along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from sqlglot.tokens import Token, TokenType

Kind: TypeAlias = Literal["name", "word", "text", "number", "sign", "end"]
# A text with escapes, E'...', is a byte string to SQLGlot.
_TEXTS = (TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.BYTE_STRING)
_OTHER_TEXTS = (TokenType.RAW_STRING, TokenType.HEX_STRING, TokenType.BIT_STRING)


class UnknownFormError(Exception):
    """The item has a form that the reader does not know: its name is made in another way."""


class Word(NamedTuple):
    """A token: a quoted name, a word, a text, a number or a sign. `upper` is a word in capitals, a sign as it is."""

    kind: Kind
    text: str
    upper: str


END = Word("end", "", "")


def words(tokens: Iterable[Token]) -> list[Word]:
    """Return tokens as words; a token of several words as several. Raises UnknownFormError."""
    found: list[Word] = []
    last = -1
    for token in tokens:
        text = token.text
        if token.token_type == TokenType.IDENTIFIER:
            found.append(Word("name", text, ""))
        elif token.token_type in _TEXTS:
            found.append(Word("text", text, ""))
        elif token.token_type in _OTHER_TEXTS:
            raise UnknownFormError
        elif token.token_type == TokenType.NUMBER:
            found.append(Word("number", text, ""))
        elif text[:1].isalpha() or text[:1] == "_":
            found += [Word("word", part, part.upper()) for part in text.split()]
        elif text in ("<", ">") and found and found[-1].upper == text and last == token.start:
            found[-1] = Word("sign", text * 2, text * 2)
        else:
            found.append(Word("sign", text, text))
        last = token.end + 1
    return [*found, END]


class Walk:
    """A place in a list of words; `windows` are those that the query names, by their names in small letters."""

    def __init__(self, found: list[Word], windows: Mapping[str, list[Word]]) -> None:
        self.words = found
        self.windows = windows
        self.place = 0

    def peek(self, ahead: int = 0) -> Word:
        return self.words[min(self.place + ahead, len(self.words) - 1)]

    def take(self) -> Word:
        word = self.peek()
        self.place += 1
        return word

    def sees(self, *expected: str) -> bool:
        """Say whether these words or signs come next."""
        place, last = self.place, len(self.words) - 1
        for word in expected:
            if self.words[min(place, last)].upper != word:
                return False
            place += 1
        return True

    def skip(self, *expected: str) -> bool:
        """Pass these words or signs if they come next."""
        if not self.sees(*expected):
            return False
        self.place += len(expected)
        return True

    def one_of(self, choices: Iterable[str]) -> str | None:
        """Pass the next word or sign if it is one of these."""
        upper = self.peek().upper
        if not upper or upper not in choices:
            return None
        self.place += 1
        return upper

    def need(self, *expected: str) -> None:
        if not self.skip(*expected):
            raise UnknownFormError

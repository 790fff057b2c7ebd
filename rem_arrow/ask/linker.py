"""Every word of a question with what it may name: tables, columns, values, verbs of relations, operators, times, or
words that say nothing by themselves.

The longest phrases are linked first; no two items overlap. A word that nothing knows is an item without links: it has
to be explained by whoever reads the question, or it counts against the reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rem_arrow.ask import english, spelling, thesaurus, times
from rem_arrow.ask.english import word_set
from rem_arrow.ask.items import _LIGHT, _PARTIAL_MAX, _PHRASE_MAX, Item, _item, _Lookups, links_of
from rem_arrow.ask.lexicon import EXACT, Lexicon
from rem_arrow.ask.question_operators import Operator, operators_in
from rem_arrow.ask.question_words import Token, places, spans, tokenize
from rem_arrow.ask.session import Session
from rem_arrow.ask.single_words import _single

_ASKING = word_set(
    """list lists show showing display fetch find finding get getting give giving tell telling see seeing search
    searching look looking need want know name return retrieve pull"""
)


def link(text: str, session: Session, lexicon: Lexicon, now: datetime) -> list[Item]:
    """Return the items of a question in order."""
    if text.isupper() and len(text.split()) > 1:
        # All in capitals: they say nothing of any one word.
        text = text.casefold()
    tokens = tokenize(text)
    tokens = _split(tokens, lexicon)
    tokens, spelled = _corrected(tokens, lexicon)
    items: dict[int, Item] = {}
    _phrases(tokens, lexicon, items, spelled)
    _times(text, tokens, now, items)
    _operators(text, tokens, items, lexicon)
    _commands(tokens, items)
    lookups = _Lookups(session)
    _names(text, tokens, lexicon, lookups, items, spelled)
    called = [i for i in items.values() if i.is_("called")]
    for place, token in enumerate(tokens):
        if not _taken(items, place):
            items[place] = _single(token, place, lexicon, lookups, spelled, called)
    return [items[place] for place in sorted(items)]


def _taken(items: dict[int, Item], place: int) -> bool:
    return any(i.first <= place < i.last for i in items.values())


def _split(tokens: Sequence[Token], lexicon: Lexicon) -> list[Token]:
    """Return the tokens with "unassigned" and "childless" as a negation and what is negated."""
    result: list[Token] = []
    for token in tokens:
        low = token.low
        rest = (
            low[2:]
            if low.startswith("un")
            else low[:-4]
            if low.endswith("less")
            else low[3:]
            if low.startswith("non")
            else ""
        )
        rest = rest or thesaurus.OPPOSITES.get(low, "")
        stem = english.stem(rest) if len(rest) > 3 else ""
        whole = english.stem(low)
        is_named = any(
            whole in entries for entries in (lexicon.tables, lexicon.columns, lexicon.verbs)
        ) or lexicon.value_link(low)
        if (
            stem
            and not token.quoted
            and not is_named
            and (stem in lexicon.columns or stem in lexicon.verbs or stem in lexicon.tables or lexicon.value_link(rest))
        ):
            at = token.start + (len(low) - len(rest) if low.endswith(rest) else 0)
            result += [
                Token("without", token.start, token.start),
                Token(rest.strip("-"), at, min(at + len(rest), token.stop)),
            ]
        else:
            result.append(token)
    return result


def _corrected(tokens: Sequence[Token], lexicon: Lexicon) -> tuple[list[Token], dict[int, str]]:
    """Return the tokens with words that are known, and the words that were put in the place of others."""
    result, spelled = list(tokens), {}
    for place, token in enumerate(tokens):
        low = token.low.removesuffix("'s")
        if token.quoted or not low.isalpha() or spelling.is_known(low, lexicon.words) or times.find(low, _ANY_TIME):
            continue
        better = spelling.correction(low, lexicon.words)
        if better is not None:
            result[place] = Token(better, token.start, token.stop)
            spelled[place] = token.text
    return result, spelled


_ANY_TIME = datetime(2000, 1, 1)


def _phrases(tokens: Sequence[Token], lexicon: Lexicon, items: dict[int, Item], spelled: dict[int, str]) -> None:
    """Link phrases of several words, and quoted texts."""
    for first, last in spans(tokens, _PHRASE_MAX):
        inside = tokens[first:last]
        if (last == first + 1 and not inside[0].quoted) or not all(t.is_word for t in inside):
            continue
        if any(_taken(items, p) for p in range(first, last)) or (last > first + 1 and any(t.quoted for t in inside)):
            continue
        phrase = " ".join(t.text for t in inside)
        if all(t.low in english.STOP for t in inside):
            continue
        idiom = phrase.casefold() in thesaurus.IDIOMS
        edges = not idiom and (inside[0].low in english.STOP or inside[-1].low in english.STOP)
        links = links_of(phrase, lexicon)
        if edges:
            names_column = inside[0].low not in english.STOP
            links = [
                x for x in links if x.kind == "value" or (names_column and x.kind == "column" and x.quality >= EXACT)
            ]
        links = [x for x in links if x.quality >= 0.6]
        if links or inside[0].quoted:
            items[first] = _item(tokens, first, last, links, spelled)


def _times(text: str, tokens: Sequence[Token], now: datetime, items: dict[int, Item]) -> None:
    for span in times.find_all(text, now):
        first, last = places(tokens, span.start, span.stop)
        if last > first and not any(_taken(items, p) for p in range(first, last)):
            operator = Operator("time", span.start, span.stop, span=span)
            items[first] = Item("operator", first, last, text[span.start : span.stop], operator=operator)


def _operators(text: str, tokens: Sequence[Token], items: dict[int, Item], lexicon: Lexicon) -> None:
    said = _said(text, tokens)
    for operator in operators_in(said):
        first, last = places(tokens, operator.start, operator.stop)
        if last > first and not any(_taken(items, p) for p in range(first, last)):
            text_of = said[operator.start : operator.stop]
            column = lexicon.column_link(text_of) if operator.kind == "function" else None
            links = (column,) if column is not None and column.quality >= EXACT else ()
            items[first] = Item("operator", first, last, text_of, links, operator=operator)
    for place, token in enumerate(tokens):
        if token.text == "without" and token.start == token.stop:
            items[place] = Item(
                "operator", place, place + 1, "un", operator=Operator("not", token.start, token.stop, word="un")
            )


def _commands(tokens: Sequence[Token], items: dict[int, Item]) -> None:
    """Account for the words before a question that ask for an answer: "could you kindly list"."""
    for place, token in enumerate(tokens):
        if token.low in _ASKING and not _taken(items, place):
            items[place] = Item("stop", place, place + 1, token.text)
        elif token.low not in english.STOP and token.low not in _LIGHT and token.is_word:
            return


def _said(text: str, tokens: Sequence[Token]) -> str:
    """Return the text with the words that were put right, where their length allows it; operators are read of it."""
    said = text
    for token in tokens:
        if token.low in spelling.FUNCTION_WORDS and text[token.start : token.stop].casefold() != token.low:
            piece = token.low[: token.stop - token.start].ljust(token.stop - token.start)
            if len(token.low) <= token.stop - token.start:
                said = said[: token.start] + piece + said[token.stop :]
    return said


def _names(
    text: str,
    tokens: Sequence[Token],
    lexicon: Lexicon,
    lookups: _Lookups,
    items: dict[int, Item],
    spelled: dict[int, str],
) -> None:
    """Link names of several words that are listed nowhere: by the indexes, or as parts of longer names."""
    for first, last in spans(tokens, 5):
        inside = tokens[first:last]
        if last == first + 1 or not all(t.is_word for t in inside) or any(_taken(items, p) for p in range(first, last)):
            continue
        if inside[0].low in english.STOP or inside[-1].low in english.STOP or any(t.low in _LIGHT for t in inside):
            continue
        linked = None
        if all(t.text[0].isupper() or t.low in english.STOP for t in inside):
            linked = lookups.link(text[inside[0].start : inside[-1].stop], lexicon)
        if linked is None and not all(links_of(t.text, lexicon) and t.text.islower() for t in inside):
            linked = lexicon.partial_link(" ".join(t.text for t in inside), _PARTIAL_MAX)
        if linked is not None:
            items[first] = _item(tokens, first, last, [linked], spelled)

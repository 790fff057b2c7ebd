"""Words of questions that say what is done with things, rather than what they are: comparisons, the most and the
least, averages and counts, groups, negations, times.

Each is found by its wording and stands at a place of the question; what it is about is found later, by what stands
beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rem_arrow.ask import english, quantities
from rem_arrow.ask.record import Comparator, Function
from rem_arrow.ask.times import TimeSpan

Kind: TypeAlias = Literal[
    "compare",
    "superlative",
    "function",
    "count",
    "distinct",
    "group",
    "not",
    "time",
    "wh",
    "order",
    "called",
    "versus",
    "about",
    "depth",
]


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator in a question.

    Attributes:
        start, stop: its characters.
        comparator, value, value_2: of a comparison; the second value of a range. "average" for that of all rows.
        function: of a function.
        descending: whether a superlative is about the most.
        count: of a superlative or limit, how many.
        hints: stems of columns that it is about, such as "price" for "cheaper".
        word: its word, where it matters.
        aged: whether it is about age, so that much is early.
        span: of a time.
    """

    kind: Kind
    start: int
    stop: int
    comparator: Comparator = "="
    value: float | None = None
    value_2: float | None = None
    function: Function = "count"
    descending: bool = True
    count: int | None = None
    hints: tuple[str, ...] = ()
    word: str = ""
    aged: bool = False
    newer: bool | None = None
    span: TimeSpan | None = None


_WORD_NUMBER = "|".join(sorted((w for w in english.NUMBERS if w not in ("couple", "hundred")), key=len, reverse=True))
_DIGITS = r"\d[\d,]*(?:\.\d+)?(?:\s?(?:k|million|thousand|m)\b)?"
_NUMBER = rf"(?:[€$£]\s?)?(?:{_DIGITS}|(?:an?|one|two|three|four|five)? ?hundred|{_WORD_NUMBER})(?![\w-])"
_MORE = r"(?:more|greater|higher|larger|bigger) than|over|above|exceeding|exceeds?|beyond|in excess of|>"
_LESS = r"(?:less|fewer|lower|smaller) than|under|below|<"
_LEAST = r"at least|no less than|not less than|no fewer than|(?:a )?minimum of|>="
_MOST = r"at most|up to|no more than|not more than|(?:a )?maximum of|<="
_AVERAGE = r"(?:the )?(?:average|mean)"


def number_of(text: str) -> float:
    """Return the number that a text is: "1,500", "€20", "2k", "three"."""
    text = text.strip().lstrip("€$£ ").replace(",", "").casefold()
    for suffix, factor in (("million", 1e6), ("thousand", 1e3), ("k", 1e3), ("m", 1e6)):
        if text.endswith(suffix) and text[: -len(suffix)].strip().replace(".", "", 1).isdigit():
            return float(text[: -len(suffix)]) * factor
    if text.endswith("hundred"):
        return (
            100.0 * english.NUMBERS.get(text.split()[0], 1)
            if not text.startswith("hundred") and not text.startswith("a ")
            else 100.0
        )
    value = english.number(text)
    return 0.0 if value is None else value


def _compare(comparator: Comparator) -> Callable[[re.Match[str]], Operator]:
    return lambda hit: Operator("compare", hit.start(), hit.end(), comparator, number_of(hit["n"]))


def _zero(comparator: Comparator) -> Callable[[re.Match[str]], Operator]:
    return lambda hit: Operator("compare", hit.start(), hit.end(), comparator, 0.0)


def _average(comparator: Comparator) -> Callable[[re.Match[str]], Operator]:
    return lambda hit: Operator("compare", hit.start(), hit.end(), comparator, None, word="average")


def _between(hit: re.Match[str]) -> Operator:
    return Operator("compare", hit.start(), hit.end(), ">=", number_of(hit["n"]), number_of(hit["m"]))


def _adjective_than(hit: re.Match[str]) -> Operator | None:
    word = hit["a"].removeprefix("more ").removeprefix("less ")
    aged = word in quantities.AGED
    newer = True if word in quantities.NEWER else False if word in quantities.OLDER else None
    known = quantities.measure(word)
    if known is None and newer is None:
        return None
    much = known[0] if known is not None else not newer
    if hit["a"].startswith("less "):
        much = not much
    hints = known[1] if known is not None else ()
    value = number_of(hit["n"]) if hit["n"] else None
    comparator: Comparator = ">" if much else "<"
    average = bool(hit["avg"])
    if value is None and not average:
        return None
    said = "average" if average else word
    return Operator(
        "compare", hit.start(), hit.end(), comparator, value, hints=hints, word=said, aged=aged, newer=newer
    )


def _versus(comparator: Comparator) -> Callable[[re.Match[str]], Operator]:
    return lambda hit: Operator("versus", hit.start(), hit.end(), comparator)


def _adjective_versus(hit: re.Match[str]) -> Operator | None:
    word = hit["a"]
    known = quantities.measure(word)
    if known is not None:
        return Operator("versus", hit.start(), hit.end(), ">" if known[0] else "<", hints=known[1], word=word)
    if word in ("later", "earlier"):
        return Operator("versus", hit.start(), hit.end(), ">" if word == "later" else "<", word=word)
    return None


_DEGREES = """recent(?:ly)? expensive popular experienced populous profitable severe serious productive frequent
    accurate precise spacious costly crowded affordable"""
_SUPERLATIVES = """largest biggest smallest longest shortest highest lowest cheapest heaviest lightest tallest busiest
    hottest coldest warmest coolest fastest slowest best worst richest poorest deepest widest newest
    latest first last oldest youngest earliest strongest priciest lengthiest maximum minimum max min top
    bottom fewest greatest most least"""
_EST = rf"(?:most|least) (?:{'|'.join(_DEGREES.split())})|{'|'.join(_SUPERLATIVES.split())}"


def _superlative(hit: re.Match[str]) -> Operator:
    word = " ".join(hit["w"].split())
    numbers = hit["before"] or hit["after"]
    count = int(number_of(numbers)) if numbers else None
    plain = word.removeprefix("most ").removeprefix("least ").removesuffix("ly")
    least = word.startswith("least ") or word in ("lowest", "least", "fewest", "minimum", "min", "bottom")
    newer = True if plain in quantities.NEWER else False if plain in quantities.OLDER else None
    plain = {"priciest": "expensive", "lengthiest": "long"}.get(plain, plain)
    known = quantities.measure(plain) if word not in ("highest", "lowest") else (word == "highest", ())
    much = known[0] if known is not None else True
    if word.startswith("least "):
        much = not much
    descending = much if known is not None else newer if newer is not None else not least
    hints = known[1] if known is not None else ()
    return Operator("superlative", hit.start(), hit.end(), descending=descending, count=count, hints=hints, word=word,
                    aged=plain in quantities.AGED, newer=newer)  # fmt: skip


def _function(function: Function) -> Callable[[re.Match[str]], Operator]:
    return lambda hit: Operator("function", hit.start(), hit.end(), function=function, word=hit[0])


def _kind(kind: Kind) -> Callable[[re.Match[str]], Operator]:
    return lambda hit: Operator(kind, hit.start(), hit.end(), word=" ".join(hit[0].split()))


def _limit(hit: re.Match[str]) -> Operator:
    later, count = hit["w"] != "first", int(number_of(hit["n"]))
    return Operator("superlative", hit.start(), hit.end(), descending=later, count=count, word=hit["w"], newer=later)


def _order(hit: re.Match[str]) -> Operator:
    return Operator("order", hit.start(), hit.end(), descending=False, word=hit[0])


def _either(phrases: str) -> str:
    """Return the pattern of one of several phrases, a comma between each, as whole words."""
    words = " ".join(phrases.split()).split(", ")
    return rf"\b(?:{'|'.join(words)})(?!\w)"


def _depth(hit: re.Match[str]) -> Operator:
    steps = hit.groupdict().get("n")
    return Operator("depth", hit.start(), hit.end(), value=number_of(steps) if steps else 2.0)


_N, _M = f"(?P<n>{_NUMBER})", f"(?P<m>{_NUMBER})"
_BEGIN, _BE = r"(?:\b|(?=[<>]))", r"(?:\b(?:is|are|was|were|that|which) )*"
_OR_MORE = r"(?: or (?:more|above|over|higher|greater|older|longer|better)| and (?:above|over|up)|\+)(?!\w)"
_COUNTING = """how many, count(?: of| up)?(?: the| all| our)?, (?:the )?(?:total |overall
    )?(?:number|count|amount|quantity) of, # of, tally(?: of)?"""
_SUMMING = """in total, altogether, all together, together, combined, overall, total, sum(?: up)?(?: of)?, add up,
    summed, cumulative, how much"""
_GROUPING = """grouped by, broken down by, split by, group by, breakdown by, breakdown per, for each, for every, in
    each, in every, of each, of every, at each, to each, by each, on each, with each, from each, per,
    each, every"""
_NEGATING = """no longer, other than, apart from, except(?: for)?, excluding, but not, not, never, without(?: any|
    an?)?, neither, nor, nothing, nobody, no one, no, none, lack(?:s|ing)?, missing, non, \\w+n['’]t"""
_UNDONE = """assigned|paid|sold|published|named|reviewed|resolved|vaccinated|shipped|delivered|verified|approved|
    confirmed|available"""
_CALLING = """(?:called|named|titled)(?= [\\w\\"'])(?! (?:by|from|in|most|often|at|on|within)\\b), with the
    (?:name|title), whose (?:name|title) is, by the name(?: of)?"""
_ABOUT = """about, regarding, concerning, on the (?:topic|subject) of, dealing with, (?:that |which
    )?(?:deals?|has|have|had) to do with, concerned with, discussing, describing, explain(?:s|ing)?,
    related to, that talks? about"""
_ASKING = """who, whom, whose, where, when, how old, how long, how far, how big, how large, how tall, how heavy,
    how expensive, how deep, how many times"""
_ORDERING = """sorted by, ordered by, ranked by, sort by, order by, in order of, ranking by, sorted on, in terms of,
    according to"""
_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Operator | None]], ...] = tuple(
    (re.compile(pattern), meaning)
    for pattern, meaning in (
        (rf"\bbetween {_N} ?(?:and|to|-|–) ?{_M}(?!\w)", _between),
        (rf"(?:\bfrom )?(?<![\w-]){_N} ?(?:to|–) ?{_M}(?!\w)", _between),
        (rf"{_BE}{_BEGIN}(?:{_LEAST}) ?{_N}", _compare(">=")),
        (rf"{_BE}{_BEGIN}(?:{_MOST}) ?{_N}", _compare("<=")),
        (rf"\b(?:not|no) (?:{_MORE}) {_N}", _compare("<=")),
        (rf"{_BEGIN}(?:{_MORE}) ?(?:{_AVERAGE})(?!\w)", _average(">")),
        (rf"{_BEGIN}(?:{_LESS}) ?(?:{_AVERAGE})(?!\w)", _average("<")),
        (rf"{_BEGIN}(?:{_MORE}) ?{_N}", _compare(">")),
        (rf"{_BEGIN}(?:{_LESS}) ?{_N}", _compare("<")),
        (rf"(?<![\w-]){_N}{_OR_MORE}", _compare(">=")),
        (rf"(?<![\w-]){_N} or (?:less|fewer|below|under|lower|smaller|younger|shorter)(?!\w)", _compare("<=")),
        (rf"\b(?P<a>(?:more |less )?[a-z]+) than (?:(?P<n>{_NUMBER})|(?P<avg>{_AVERAGE}))(?!\w)", _adjective_than),
        (r"\b(?P<a>[a-z]+) than(?= [a-z])", _adjective_versus),
        (r"\bmore(?= [a-z]+ than [a-z])", lambda hit: Operator("versus", hit.start(), hit.end(), ">", word="more")),
        (rf"{_BEGIN}(?:{_MORE}|exceed(?:s|ed|ing)?)(?= (?:the|its|their|his|her|a)?\s*[a-z])", _versus(">")),
        (rf"{_BEGIN}(?:{_LESS})(?= (?:the|its|their|his|her|a)?\s*[a-z])", _versus("<")),
        (rf"\b(?:exactly|equal to|equals|precisely) {_N}", _compare("=")),
        (r"(?<!\d )\bout of(?= (?:stock|supply|inventory)\b)", _zero("=")),
        (r"\bin(?= (?:stock|supply)\b)", _zero(">")),
        (rf"\b(?:the )?(?P<w>first|last|latest) {_N}", _limit),
        (rf"\b(?:the )?(?:(?P<before>{_NUMBER}) )?(?P<w>{_EST})(?: (?P<after>{_NUMBER}))?(?!\w)", _superlative),
        (_either(_COUNTING), _kind("count")),
        (_either("on average, the average, an average, averages?, avg, mean, typical"), _function("avg")),
        (_either("the median, median"), _function("median")),
        (_either(_SUMMING), _function("sum")),
        (_either("different, distinct, unique, various"), _kind("distinct")),
        (_either(_GROUPING), _kind("group")),
        (_either(_ORDERING), _order),
        (_either(_NEGATING), _kind("not")),
        (rf"\bun(?={''.join(_UNDONE.split())})", _kind("not")),
        (_either(_CALLING), _kind("called")),
        (_either(_ABOUT), _kind("about")),
        (r"\bdirectly or (?:indirectly|through (?:one|another|a|1)(?: other)?(?: \w+)?)", _depth),
        (rf"\bwithin {_N}(?= [a-z])(?! (?:minute|hour|day|week|month|quarter|year))", _depth),
        (r"\b(?:transitively|indirectly)\b", _depth),
        (_either(_ASKING), _kind("wh")),
    )
)


def operators_in(text: str) -> list[Operator]:
    """Return the operators of a text in order, the longest where several begin at one place; none overlap."""
    lowered = text.casefold().replace("’", "'")
    hits = list(_hits(lowered)) if len(lowered) == len(text) else []
    chosen: list[Operator] = []
    for hit in sorted(hits, key=lambda h: (h.start, h.start - h.stop)):
        if not chosen or hit.start >= chosen[-1].stop:
            chosen.append(hit)
    return chosen


def _hits(text: str) -> Iterator[Operator]:
    for pattern, meaning in _PATTERNS:
        for hit in pattern.finditer(text):
            operator = meaning(hit)
            if operator is not None:
                yield operator

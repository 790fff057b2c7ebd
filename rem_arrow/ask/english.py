"""English words as the planner by rules reads them: stems, numbers, words without a topic, and groups of words of one
meaning.

This is general English; the words of a database come from its tables, columns, values and edges (vocabulary.py).
"""

from __future__ import annotations

import re
from functools import cache


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SMALL_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"


NUMBERS = {w: i for i, w in enumerate(_SMALL_NUMBERS.split())} | {
    "twenty": 20,
    "thirty": 30,
    "fifty": 50,
    "hundred": 100,
    "couple": 2,
    "dozen": 12,
}


# Words that say nothing of what is looked for. The other words that no rule reads are the topic of a search.
STOP = word_set("""a an the this that these those there here it its they them their he she his her we us our i me my you
your one ones
    is are was were be been being am still yet already ever do does did done has have had having can could will would
    shall should may might must
    and or but nor so if then than as at by for from in into of off on onto out over to up upon with within without
    via per about around
    between among during since until before after again further once
    what which who whom whose when where why how any anything something everything all every each some many much more
    most
    also just only very too not no s t d ll re ve m what's who's that's there's i'd i'm
    everyone everybody anyone somebody someone nobody please thanks thank hello hi hey
    took place happened happen happens happening going related regarding concerning exist exists
    currently now today kind sort type types thing things stuff""")


# Words that ask for something, where they begin a question.
COMMANDS = word_set(
    "could would can you hi hey hello please show list find get give tell display fetch return see look looking want "
    "need know let lets search searching query open up me us for"
)


# Words at the beginning that ask for one thing by its name.
LOOKUP_WORDS = word_set(
    "what is are who who's what's tell me about find show look up lookup open get give do we know fetch see display "
    "the a an please can you i want need info information on of for details detail check pull bring up could would "
    "like hi hey hello thanks thank me entity record named called id"
)


_IRREGULAR = {
    form: base
    for base, forms in {
        "person": "people persons",
        "man": "men",
        "woman": "women",
        "child": "children",
        "mouse": "mice",
        "foot": "feet",
        "write": "wrote written writes",
        "buy": "bought",
        "sell": "sold",
        "pay": "paid",
        "teach": "taught",
        "make": "made making",
        "give": "gave given",
        "see": "saw seen",
        "meet": "met",
        "lead": "led",
        "send": "sent",
        "spend": "spent",
        "build": "built",
        "take": "took taken",
        "hold": "held",
        "run": "ran running",
        "begin": "began begun beginning",
        "get": "got gotten",
        "leave": "left",
        "lose": "lost",
        "win": "won",
        "keep": "kept",
        "find": "found",
        "know": "known knew",
        "drive": "drove driven",
        "speak": "spoke spoken",
        "choose": "chose chosen",
        "rely": "relies relied",
        "use": "using used uses",
        "diagnosis": "diagnoses",
        "analysis": "analyses",
        "species": "specie",
        "series": "serie",
        "cite": "cited citing cites",
        "house": "houses",
        "purchase": "purchases",
        "course": "courses",
        "nurse": "nurses",
        "case": "cases",
        "expense": "expenses",
        "license": "licenses",
        "bus": "buses",
        "day": "days",
        "breed": "breeds bred",
        "fee": "fees",
        "employee": "employees",
        "tree": "trees",
        "movie": "movies",
        "own": "owns owned owning",
    }.items()
    for form in forms.split()
}


@cache
def stem(word: str) -> str:
    """Return the part of a word that its forms share: that of authors, authored and authoring is "author"."""
    word = word.casefold().removesuffix("'s").removesuffix("s'").removesuffix("\u2019s")
    word = _IRREGULAR.get(word, word)
    for suffix, rest in (
        ("ies", "y"),
        ("ing", ""),
        ("ied", "y"),
        ("ed", ""),
        ("ches", "ch"),
        ("shes", "sh"),
        ("xes", "x"),
        ("sses", "ss"),
        ("s", ""),
    ):
        if (
            word.endswith(suffix)
            and len(word) - len(suffix) + len(rest) >= 3
            and not (suffix == "s" and word.endswith(("ss", "us", "is")))
        ):
            word = word.removesuffix(suffix) + rest
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] in "bdgmnprt":
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


_PLURALS = word_set(
    """people persons men women children mice feet diagnoses analyses houses purchases courses nurses cases
    expenses licenses buses days breeds fees employees trees movies"""
)


@cache
def singular(word: str) -> str:
    """Return the singular of a noun: that of "queries" is "query", of "classes" "class", of "status" itself."""
    word = word.casefold().removesuffix("'s").removesuffix("\u2019s")
    if word in _PLURALS:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")) else word


def number(word: str) -> float | None:
    """Return the number that a word is, in digits or in words."""
    plain = word.replace(",", "")
    if plain.replace(".", "", 1).isdigit() and plain.isascii():
        return float(plain)
    value = NUMBERS.get(word.casefold())
    return None if value is None else float(value)


def parts(name: str) -> list[str]:
    """Return the words of a name: those of pullRequests and of pull_requests are "pull" and "requests"."""
    return re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name) or [name]


@cache
def stems_in(text: str) -> frozenset[str]:
    """Return the stems of the words of a text."""
    return frozenset(stem(w) for w in re.findall(r"[^\W_]+", text))


_PLAIN = word_set(
    """where what which when how such as long short full name number id kind type first last day part line text utc
    null true false while not still at of in on the a an or and is it its was were has have for to by with one e
    g thing row table column each every who made took place something somebody that this list free same"""
)


@cache
def nouns_of(description: str) -> tuple[str, ...]:
    """Return the stems of the words of a description that may name what it describes: those of its first clause."""
    clause = re.split(r"[.;:(]|, such as| such as|, e\.g\.", description, maxsplit=1)[0]
    words = [w for w in re.findall(r"[^\W\d_]+", clause.casefold()) if len(w) > 2 and w not in _PLAIN and w not in STOP]
    return tuple(dict.fromkeys(stem(w) for w in words[:6]))


@cache
def head_of(description: str) -> tuple[str, ...]:
    """Return the stems of the words that say what something is: of "A person who works here" that of person."""
    clause = re.split(
        r" (?:that|who|which|of|for|from|in|on|with|where|to|whom|whose|at|by)\b", description, maxsplit=1
    )[0]
    return nouns_of(clause)

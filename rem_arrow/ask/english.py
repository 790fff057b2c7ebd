"""English words as the planner by rules reads them: stems, numbers, words without a topic, and groups of words of one
meaning.

This is general English; the words of a database come from its tables, columns, values and edges (vocabulary.py).
"""

from __future__ import annotations

from functools import cache


def _words(text: str) -> frozenset[str]:
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
STOP = _words("""a an the this that these those there here it its they them their he she his her we us our i me my you
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
    took place happened happen happens happening going related regarding concerning called named exist exists
    currently now today kind sort type types thing things stuff""")
# Words that ask for something, where they begin a question.
COMMANDS = _words(
    "could would can you hi hey hello please show list find get give tell display fetch return see look looking want "
    "need know let lets search searching query open up me us for"
)
# Words at the beginning that ask for one thing by its name.
LOOKUP_WORDS = _words(
    "what is are who who's what's tell me about find show look up lookup open get give do we know fetch see display "
    "the a an please can you i want need info information on of for details detail check pull bring up could would "
    "like hi hey hello thanks thank me entity record named called id"
)
# After these words comes what rows are about, whatever else the words could be.
ABOUT = _words("about regarding concerning related relating discussing describing explaining")
TOPIC_MARKERS = _words(
    "about on regarding concerning related discussing mentioning describing explaining handling handle handles "
    "covering cover covers"
)
# Words before the name of a column after which its value follows: "in module textwrap", "with the tag asyncio".
BEFORE_COLUMN = _words("with of in the whose where")
PERSON_WORDS = _words(
    "who whom everyone everybody anyone anybody folks staff person people persons user users colleague colleagues "
    "employee employees member members developer developers engineer engineers coworker someone author authors"
)
PERSON_TABLES = ("users", "people", "persons", "employees", "members", "authors", "contacts", "staff")
# Other names for what many databases have, by the stem that a question uses.
TABLE_SYNONYMS: dict[str, tuple[str, ...]] = {
    "document": ("resources", "documents"),
    "doc": ("resources", "documents"),
    "documentation": ("resources", "documents"),
    "article": ("resources", "documents"),
    "text": ("resources", "documents"),
    "event": ("moments", "events"),
    "calendar": ("moments", "events"),
    "agenda": ("moments", "events"),
    "moment": ("moments", "events"),
    "code": ("files", "functions", "modules"),
    "method": ("functions", "methods"),
    "ticket": ("issues", "tickets"),
    "subclass": ("classes",),
    "conversation": ("sessions",),
    "chat": ("sessions",),
    "work": (),
}
# Verbs that mean much the same; the first is a stem that names edges.
VERB_GROUPS: tuple[tuple[str, ...], ...] = (
    (
        "author",
        "wrote",
        "writ",
        "write",
        "written",
        "creat",
        "made",
        "make",
        "mak",
        "commit",
        "develop",
        "built",
        "build",
        "publish",
    ),
    ("review", "approv", "inspect"),
    ("attend", "join", "participat", "visit"),
    ("depend", "need", "requir", "rely", "relie"),
    ("import", "use", "us", "load"),
    ("call", "invok", "use", "us"),
    ("inherit", "subclass", "derive", "deriv", "extend"),
    ("assign", "respons", "own"),
    ("touch", "chang", "modifi", "edit", "alter"),
    ("fix", "resolv", "solv", "clos", "repair"),
    ("mention", "refer", "cit", "talk"),
    ("defin", "contain", "declar", "hav"),
    ("part", "belong", "contain"),
)
# Verbs that join a thing to what its columns say, and say nothing themselves: classes that live in a module, agents
# that use a model.
VAGUE_STEMS = frozenset(
    {
        "us",
        "use",
        "live",
        "liv",
        "belong",
        "held",
        "hold",
        "locat",
        "work",
        "sit",
        "stand",
        "stay",
        "bas",
        "estimat",
        "rat",
        "mark",
        "run",
        "contain",
        "set",
        "cost",
        "weigh",
        "written",
        "made",
        "born",
        "situat",
        "plac",
        "fall",
        "fell",
        "carri",
        "carry",
        "got",
        "label",
    }
)
# Words of what lies ahead.
FUTURE = _words("scheduled planned upcoming will ahead forthcoming")
WORK_STEMS = frozenset({"work", "contribut", "involv"})
ANY_STEMS = frozenset({"relat", "connect", "link", "associat"})
TIME_STEMS = {
    "creat": "created_at",
    "add": "created_at",
    "open": "created_at",
    "writ": "created_at",
    "report": "created_at",
    "modifi": "modified_at",
    "updat": "modified_at",
    "chang": "modified_at",
    "edit": "modified_at",
}
# Adjectives of size, whether they are about the most, and the words of columns that measure it.
SIZES: dict[str, tuple[bool, tuple[str, ...]]] = {
    "largest": (True, ("size", "bytes", "length", "lines")),
    "biggest": (True, ("size", "bytes", "length", "lines")),
    "larger": (True, ("size", "lines", "length", "bytes")),
    "bigger": (True, ("size", "lines", "length", "bytes")),
    "longest": (True, ("length", "lines", "duration", "size")),
    "longer": (True, ("length", "lines", "duration", "size")),
    "smallest": (False, ("size", "bytes", "length", "lines")),
    "smaller": (False, ("size", "lines", "length", "bytes")),
    "shortest": (False, ("length", "lines", "duration", "size")),
    "shorter": (False, ("length", "lines", "duration", "size")),
    "highest": (True, ()),
    "lowest": (False, ()),
    "cheapest": (False, ("price", "cost")),
    "expensive": (True, ("price", "cost")),
}
NEWEST = {
    "newest": True,
    "latest": True,
    "recent": True,
    "recently": True,
    "oldest": False,
    "earliest": False,
    "first": False,
    "last": True,
}


@cache
def stem(word: str) -> str:
    """Return the part of a word that its forms share: that of authors, authored and authoring is "author"."""
    word = word.casefold().removesuffix("'s").removesuffix("s'")
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


@cache
def singular(word: str) -> str:
    """Return the singular of a noun: that of "queries" is "query", of "classes" "class", of "status" itself."""
    word = word.casefold()
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

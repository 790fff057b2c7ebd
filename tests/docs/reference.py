"""The reference of the public verbs: pages of Markdown, made from docstrings and signatures.

    index.md          the pages, every verb with its sentence, the types in the signatures, the example database
    database.md ...   a section for each verb: signature, text, arguments, result, errors, example

`python -m tests.docs` writes them into notebooks/guides/reference.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable
from typing import get_overloads

import rem_arrow as rem
from tests.docs import docstring, example
from tests.docs.verbs import (
    ALIASES,
    DATABASE,
    ERRORS,
    FUNCTIONS,
    MODELS,
    PREDICATES,
    RESULTS,
    Verb,
    members_of,
    own_verbs,
    public,
)

MADE = "<!-- Made from the docstrings by `make docs`; change those. -->\n\n"
_WIDTH = 100


def pages() -> dict[str, str]:
    """Return the text of each page of the reference by the name of its file."""
    made = {
        "database.md": _database(),
        "transaction.md": _transaction(),
        "async.md": _async(),
        "functions.md": _functions(),
        "predicates.md": _predicates(),
        "results.md": _results(),
        "errors.md": _errors(),
    }
    return {name: MADE + text for name, text in {"index.md": _index(), **made}.items()}


def _index() -> str:
    rows = "".join(
        f"| {group} | {', '.join(_link(name, 'database.md') for name in names)} |\n"
        for group, names in DATABASE.items()
    )
    source = inspect.getsource(example).partition("import rem_arrow as rem\n")[2].strip()
    return (
        "# Reference\n\n"
        "Every public verb, with its arguments, the columns of its result, its errors, and an example that the tests "
        "run. All of it is made from the docstrings, so `help(db.search)` says the same.\n\n"
        "| page | what it holds |\n| --- | --- |\n"
        "| [Database](database.md) | the verbs of an open database |\n"
        "| [Transaction](transaction.md) | several writes as one commit |\n"
        "| [AsyncDatabase](async.md) | the verbs as coroutines |\n"
        f"| [Functions](functions.md) | {', '.join(f'`{name}`' for name in FUNCTIONS)} |\n"
        "| [Predicates](predicates.md) | conditions as objects, for `find`, `search` and the traversals |\n"
        "| [Results](results.md) | what verbs return beside frames |\n"
        "| [Errors](errors.md) | what verbs raise |\n\n"
        "The functions of SQL are in the [guide to functions](../functions.md).\n\n"
        f"## The verbs of a database\n\n| subject | verbs |\n| --- | --- |\n{rows}\n"
        "## The models\n\n"
        f"{', '.join(f'`rem.{m}`' for m in MODELS)} are the Pydantic models of the tables that every database has; see "
        "the [guide to tables](../tables.md#built-in-tables).\n\n"
        "## Types in the signatures\n\n"
        + "".join(f"- `{name}`: `{text}`\n" for name, text in sorted(_aliases().items()))
        + "\nColumns of results have Polars types: String, Int64, Float64, Boolean, List(String).\n\n"
        f"## The database of the examples\n\n"
        "Each example starts from a new database `db`, made by this code. `adb` is the same database as an "
        "`AsyncDatabase`; `rem` is `rem_arrow`, `pl` is `polars`.\n\n"
        f"```python\n{source}\n```\n"
    )


def _link(name: str, page: str) -> str:
    return f"[`{name}`]({page}#{ALIASES.get(name, name)})"


def _database() -> str:
    contents = "".join(
        f"- [{group}](#{_anchor(group)}): {', '.join(_link(n, '') for n in names)}\n"
        for group, names in DATABASE.items()
    )
    groups = "".join(
        f"## {group}\n\n" + "".join(_section(Verb(rem.Database, n)) for n in names if n not in ALIASES)
        for group, names in DATABASE.items()
    )
    return f"# Database\n\n{_about(rem.Database)}\n{contents}\n{groups}".rstrip() + "\n"


def _transaction() -> str:
    own = own_verbs(rem.Transaction, rem.Database)
    shared = [name for name in public(rem.Transaction) if Verb(rem.Transaction, name) not in own]
    return (
        f"# Transaction\n\n{_about(rem.Transaction)}\n"
        "As a context manager it commits at the end of the block, and rolls back when the block raises an error. "
        f"It has these verbs of [Database](database.md), with the same arguments: "
        f"{', '.join(_link(n, 'database.md') for n in shared)}. Its own:\n\n{''.join(map(_section, own))}"
    ).rstrip() + "\n"


def _async() -> str:
    own = own_verbs(rem.AsyncDatabase, rem.Database)
    shared = [name for name in public(rem.AsyncDatabase) if Verb(rem.AsyncDatabase, name) not in own]
    return (
        f"# AsyncDatabase\n\n{_about(rem.AsyncDatabase)}\n"
        "What a cancelled task means is in the [guide to async](../async.md). These verbs of "
        f"[Database](database.md) are coroutines with the same arguments: "
        f"{', '.join(_link(n, 'database.md') for n in shared)}. Its own:\n\n{''.join(map(_section, own))}"
        f"## AsyncTransaction\n\n{_about(rem.AsyncTransaction)}\n"
        "It has the verbs of [Transaction](transaction.md), each awaited.\n"
    )


def _functions() -> str:
    return (
        "# Functions\n\nThe functions of the module, after `import rem_arrow as rem`.\n\n"
        + "".join(
            _section(Verb(None, n))
            if n not in ALIASES
            else f"### {n}\n\nThe same as [`{ALIASES[n]}`](#{ALIASES[n]}), awaited: "
            f"`await rem.{n}(...)` returns an [AsyncDatabase](async.md).\n\n"
            for n in FUNCTIONS
        ).rstrip()
        + "\n"
    )


def _predicates() -> str:
    sections = "".join(_section(Verb(None, n)) for n in PREDICATES)
    contents = ", ".join(_link(n, "").replace(f"#{n}", f"#{_anchor(n)}") for n in PREDICATES)
    return (
        f"# Predicates\n\n{_about(rem.Predicate)}\n{contents}\n\n{sections}## Predicate\n\n"
        f"The base of all of them.\n\n{''.join(_section(v) for v in members_of(rem.Predicate))}"
    ).rstrip() + "\n"


def _results() -> str:
    text = (
        "# Results\n\nMost verbs return a Polars DataFrame, a number or an id; some return these. `LanguageModel` is "
        "an argument of `ask`.\n\n"
    )
    text += "".join(f"- [{c.__name__}](#{c.__name__.lower()})\n" for c in (*RESULTS, rem.LanguageModel)) + "\n"
    for result in RESULTS:
        text += f"## {result.__name__}\n\n{_about(result)}\n{''.join(_section(v) for v in members_of(result))}"
    return f"{text}## LanguageModel\n\n{_about(rem.LanguageModel)}"


def _errors() -> str:
    rows = ""
    for name in ERRORS:
        error: type = getattr(rem, name)
        rows += f"| `{name}` | `{error.__mro__[1].__name__}` | {_flat(docstring.read(error).sentence)} |\n"
    return (
        "# Errors\n\nAll errors of rem_arrow are `rem.RemError`. The text says what is wrong in the words of the "
        "caller, where, and what would work. The errors of a text in SQL (`TextError`) have `message`, `text`, "
        "`start`, `end` and `hint`, and show the place with a caret. What each limit is, and what happens beyond it, "
        f"is in the [guide to limits](../limits.md).\n\n| error | is a | when |\n| --- | --- | --- |\n{rows}"
    )


def _about(documented: type) -> str:
    doc = docstring.read(documented)
    text = "\n\n".join(x for x in (doc.sentence, doc.body) if x) + "\n"
    for section in ("Attributes", "Args"):
        if doc.entries(section):
            text += f"\n{_entries(doc.entries(section))}"
    return text


def _section(verb: Verb) -> str:
    """Return the section of one verb."""
    doc = docstring.read(verb.documented)
    parts = [f"### {verb.name}", f"```python\n{signature(verb)}\n```", doc.sentence, doc.body]
    if doc.entries("Args"):
        parts.append(_entries(doc.entries("Args")).rstrip())
    if "Returns" in doc.sections:
        parts.append(f"**Returns.** {_flat(doc.sections['Returns'])}")
    if doc.entries("Raises"):
        parts.append("**Raises.**\n\n" + _entries(doc.entries("Raises")).rstrip())
    if "Source" in doc.sections:
        parts.append(f"**Source.** {_flat(doc.sections['Source'])}")
    if "Example" in doc.sections:
        parts.append(f"```pycon\n{doc.sections['Example'].replace('  # doctest: +SKIP', '')}\n```")
    return "\n\n".join(part for part in parts if part) + "\n\n"


def _entries(entries: dict[str, str]) -> str:
    return "".join(f"- `{name}`: {text}\n" for name, text in entries.items())


def _flat(text: str) -> str:
    return " ".join(text.split())


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def signature(verb: Verb) -> str:
    """Return how a verb is called, with the types of its arguments; a line for each overload."""
    member = verb.member
    if isinstance(member, property):
        return f"{verb.name}: {_annotation(member.fget, 'return')}"
    assert callable(member)
    functions = get_overloads(member) if inspect.isfunction(member) else []
    return "\n".join(_call(verb.name, f) for f in functions or [member])


def _call(name: str, function: Callable[..., object]) -> str:
    found = inspect.signature(function)
    given = [p for p in found.parameters.values() if p.name != "self"]
    texts = []
    for place, p in enumerate(given):
        if p.kind is p.KEYWORD_ONLY and not any(q.kind in (q.KEYWORD_ONLY, q.VAR_POSITIONAL) for q in given[:place]):
            texts.append("*")
        star = "*" if p.kind is p.VAR_POSITIONAL else ""
        default = "" if p.default is p.empty else f" = {p.default!r}"
        texts.append(f"{star}{p.name}: {p.annotation}{default}")
    end = f" -> {found.return_annotation}" if not isinstance(function, type) else ""
    line = f"{name}({', '.join(texts)}){end}"
    return line if len(line) <= _WIDTH else f"{name}(\n    " + ",\n    ".join(texts) + f",\n){end}"


def _annotation(function: object, name: str) -> str:
    return str(getattr(function, "__annotations__", {}).get(name, ""))


def _aliases() -> dict[str, str]:
    """Return the names of types in the signatures that are no classes, and what they stand for."""
    made: dict[str, str] = {}
    for function in _functions_shown():
        scope = vars(sys.modules[function.__module__])
        for annotation in function.__annotations__.values():
            for name in re.findall(r"\b[A-Z]\w*\b(?!\.)", str(annotation)):
                value = scope.get(name)
                if value is not None and not isinstance(value, type):
                    made[name] = re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z_])", "", str(value))
    return {name: text for name, text in made.items() if name != text}


def _functions_shown() -> Iterable[Callable[..., object]]:
    for owner in (rem.Database, rem.AsyncDatabase):
        for name in public(owner):
            member = getattr(owner, name)
            if inspect.isfunction(member):
                yield inspect.unwrap(member)
    for name in FUNCTIONS:
        yield inspect.unwrap(getattr(rem, name))

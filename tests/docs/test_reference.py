"""The reference is what the docstrings say, holds every public verb, and its examples and result columns are true."""

from __future__ import annotations

import asyncio
import doctest
import inspect
import re

import polars as pl
import pytest
from pydantic import BaseModel

import rem_arrow as rem
from tests.docs import docstring, reference
from tests.docs.example import Issue, example
from tests.docs.pages import REFERENCE
from tests.docs.verbs import ALIASES, DATABASE, ERRORS, FUNCTIONS, MODELS, PREDICATES, Verb, public, verbs

VERBS = verbs()
# What takes arguments and raises nothing but what the class says of every verb.
NEVER_RAISES = ("close", "columns", "verify", "write")
IN_TRANSACTIONS = [Verb(rem.Transaction, n) for n in public(rem.Transaction) if n in public(rem.Database)]
_COLUMN = re.compile(r"`(\w+)`\s(String|Int64|Float64|Boolean|List\(String\))")
# What is called to see the columns that a verb's docstring promises.
CALLS = {
    "all_paths": lambda db: db.all_paths("ada", "cache"),
    "complete": lambda db: db.complete("ada"),
    "complete_sql": lambda db: db.complete_sql("SEL"),
    "components": lambda db: db.components(),
    "degree": lambda db: db.degree(),
    "evolve": lambda db: db.evolve(Issue, dry_run=True),
    "export": lambda db: db.export("out", tables=["sales"]),
    "find_cycles": lambda db: db.find_cycles(),
    "fuzzy": lambda db: db.fuzzy("Ada"),
    "import_from": lambda db: (db.export("out", tables=["sales"]), db.import_from("out", tables={"sales": "s"}))[1],
    "lookup_entity": lambda db: db.lookup_entity("ada"),
    "neighbors": lambda db: db.neighbors("ada"),
    "pagerank": lambda db: db.pagerank(),
    "publish": lambda db: db.publish("published", tables=["sales"]),
    "schema": lambda db: db.schema("issues"),
    "shortest_path": lambda db: db.shortest_path("ada", "cache"),
    "tables": lambda db: db.tables(),
    "to_frame": lambda db: db.explain("SELECT 1").to_frame(),
    "topological_order": lambda db: db.topological_order(),
    "traverse_edges": lambda db: db.traverse_edges("ada"),
    "verify": lambda db: db.verify(),
    "verify_published": lambda db: (db.publish("published"), rem.verify_published("published"))[1],
}


def promised(verb):
    """The columns that the docstring of a verb lists, with their types."""
    return _COLUMN.findall(docstring.read(verb.documented).sections.get("Returns", ""))


# Of the others, what comes depends on the table or the text.
PROMISING = [v for v in VERBS if promised(v) and v.name not in ("search", "similar", "sql")]


@pytest.fixture
def db(tmp_path, monkeypatch):
    """The database of the examples, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    with example() as made:
        yield made


def run(verb, db, adb):
    """Run the examples of a verb; return how many failed, and the report."""
    names = {"db": db, "adb": adb, "rem": rem, "pl": pl, "asyncio": asyncio, "BaseModel": BaseModel}
    test = doctest.DocTest(docstring.read(verb.documented).examples(), names, str(verb), None, None, None)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    return runner.run(test, out=report.append, clear_globs=False).failed, "".join(report)


@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_examples_show_what_happens(verb, db):
    """Each verb has an example, and it prints what the docstring says."""
    assert docstring.read(verb.documented).examples()
    failed, report = run(verb, db, rem.AsyncDatabase(db))
    assert not failed, report


@pytest.mark.parametrize("verb", IN_TRANSACTIONS, ids=str)
def test_examples_hold_in_a_transaction(verb, db):
    """A transaction has the verb of the database, and it does the same there."""
    with db.transaction() as tx:
        failed, report = run(verb, tx, None)
    assert not failed, report


@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_docstrings_are_whole(verb):
    """A docstring has one sentence, its arguments, its result and its errors, as far as the verb has these."""
    doc, member = docstring.read(verb.documented), verb.member
    assert re.fullmatch(r"[A-Z`].*\.", doc.sentence), doc.sentence
    for error in doc.entries("Raises"):
        assert error in ERRORS, error
    if isinstance(member, (property, type)):
        return
    found = inspect.signature(member)
    arguments = [p for p in found.parameters if p != "self"]
    assert list(doc.entries("Args")) == arguments
    assert ("Returns" in doc.sections) == (found.return_annotation != "None")
    assert not arguments or "Raises" in doc.sections or verb.name in NEVER_RAISES


@pytest.mark.parametrize("verb", PROMISING, ids=str)
def test_results_have_the_columns_that_are_promised(verb, db):
    """Where a docstring lists all columns of a result with their types, the result has these."""
    assert promised(verb) == [(name, str(dtype)) for name, dtype in CALLS[verb.name](db).schema.items()]


def test_every_public_member_is_in_the_reference():
    """The pages leave out no verb of a database, and no name that the package exports."""
    assert sorted(n for names in DATABASE.values() for n in names) == public(rem.Database)
    exported = {*FUNCTIONS, *PREDICATES, *ERRORS, *MODELS, "Predicate", "Answer", "LanguageModel", "Server", "Remote"}
    assert exported | {"Database", "Transaction", "AsyncDatabase", "AsyncTransaction"} == set(rem.__all__)
    assert rem.Database.ask is rem.Database.query_natural_language and ALIASES["ask"] == "query_natural_language"


@pytest.mark.parametrize("name", sorted(reference.pages()))
def test_the_reference_is_what_the_docstrings_say(name):
    """`make docs` writes the pages."""
    assert (REFERENCE / name).read_text(encoding="utf-8") == reference.pages()[name], "run: make docs"


def test_the_reference_has_no_other_pages():
    """A page whose subject is gone is gone."""
    assert {path.name for path in REFERENCE.iterdir()} == set(reference.pages())

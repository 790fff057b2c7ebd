"""No argument of a call vanishes: neither where SQLGlot reads the call nor where it is bound."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rem_arrow as rem
from rem_arrow.plan import functions
from rem_arrow.sql.bind import enum_calls, json_calls, list_functions, special_functions, unnest_items
from rem_arrow.sql.text.dialect import dialect
from rem_arrow.sql.text.parser import parse
from tests.effort import examples, sample

_CATALOG = sorted(
    name
    for name in {
        *functions.SCALAR, *functions.AGGREGATES, *functions.ALIASES, *special_functions.SPECIAL,
        *list_functions.BY_NAME, *enum_calls.BY_NAME, *json_calls.BY_NAME, *unnest_items.FUNCTIONS,
    }
    if name.replace("_", "").isalnum()
)  # fmt: skip
_NAMES = sorted({*_CATALOG, *(n.lower() for n in dialect().parser_class.FUNCTIONS)})
_ARGUMENTS_MAX = 8
# Functions that take any number of arguments, and say so nowhere else.
_ANY_NUMBER = {
    "row", "struct_pack", "struct_insert", "struct_update", "constant_or_null", "list_value", "list_pack",
    "json_extract_path", "json_object", "json_array", "json_merge_patch", "list_aggregate", "array_aggregate",
    "list_aggr", "array_aggr", "aggregate",
}  # fmt: skip


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    with rem.connect(background=False) as made:
        made.sql("CREATE TABLE mod (a INT, b INT, c INT, d INT)")
        made.sql("INSERT INTO mod (a, b, c, d) VALUES (1, 2, 3, 4)")
        yield made


@pytest.mark.parametrize(("form", "names"), [("column{}", _NAMES), ("'text{}'", _CATALOG)], ids=["columns", "texts"])
def test_a_tree_keeps_every_argument_or_the_text_is_refused(form: str, names: list[str]) -> None:
    """Every function that SQLGlot or the catalog knows, with arguments that can be told apart."""
    refused = 0
    for name in sample(names):
        for count in range(1, 6):
            arguments = [form.format(place) for place in range(count)]
            try:
                tree = parse(f"SELECT {name}({', '.join(arguments)})")
            except rem.RemError:
                refused += 1
                continue
            values = " ".join(str(v).casefold() for node in tree.walk() for v in node.args.values())
            assert all(a.strip("'") in values for a in arguments), (name, count)
    assert refused > examples(100), "surplus arguments are refused"


@pytest.mark.parametrize(
    ("text", "call", "message"),
    [
        ("SELECT encode('a', 'base64')", "encode('a', 'base64')", "takes 1 argument"),
        ("SELECT lower(hex('a', 1 + 2))", "hex('a', 1 + 2)", "takes 1 argument"),
        ("SELECT mod(a, b, (c)) FROM mod", "mod(a, b, (c))", "takes 2 argument"),
        ("SELECT any_value(a, b) OVER () FROM mod", "any_value(a, b) OVER ()", "one argument, not 2"),
        ("SELECT 1 WHERE epoch_ms(DATE '2020-01-01', [1, 2]) > 0", "epoch_ms(DATE '2020-01-01', [1, 2])", "takes 1"),
        ("SELECT \"encode\"('a', 'b')", "\"encode\"('a', 'b')", "takes 1 argument"),
        ("SELECT log2()", "log2()", "takes 1 argument"),
        ("SELECT ifnull(1, 2, 3)", "ifnull(1, 2, 3)", "takes 2 argument"),
        ("SELECT list_slice([1], 1)", "list_slice([1], 1)", "takes 3 to 4 arguments"),
        ("SELECT struct_concat(NULL)", "struct_concat(NULL)", "NULL says no fields"),
    ],
)
def test_the_error_stands_at_the_call(db: rem.Database, text: str, call: str, message: str) -> None:
    with pytest.raises(rem.BindError, match=message) as caught:
        db.sql(text)
    assert text[caught.value.start : caught.value.end].startswith(call.split("(", maxsplit=1)[0])


def test_a_macro_of_the_name_of_a_function_gets_all_of_its_arguments(db: rem.Database) -> None:
    db.sql("CREATE MACRO encode(a, b) AS a || '-' || b")
    try:
        assert db.sql("SELECT encode('x', 'y')").rows() == [("x-y",)]
        assert db.sql("SELECT encode('x', 'y')").columns == ["encode('x', 'y')"]
    finally:
        db.sql("DROP MACRO encode")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM mod AS hex(a, b, c, d)",
        "WITH mod(a, b, c, d) AS (SELECT 1, 2, 3, 4) SELECT * FROM mod",
        "SELECT string_agg(a::VARCHAR, ',' ORDER BY b, c), list_transform([1], lambda x, i: x), 3, 4 FROM mod",
    ],
)
def test_names_of_tables_and_lists_behind_keywords_are_no_arguments(db: rem.Database, text: str) -> None:
    ((*_, last),) = db.sql(text).rows()
    assert last == 4


def test_no_function_takes_more_arguments_than_it_reads(db: rem.Database) -> None:
    """Eight constants are too many for every function that does not take any number of them."""
    for name in sample(_CATALOG):
        known = functions.SCALAR.get(functions.canonical(name)) or functions.AGGREGATES.get(functions.canonical(name))
        if getattr(known, "variadic", False) or name in _ANY_NUMBER:
            continue
        for constant in ("NULL", "'1'", "1"):
            with pytest.raises(rem.RemError):
                db.sql(f"EXPLAIN SELECT {name}({', '.join([constant] * _ARGUMENTS_MAX)})")
                pytest.fail(f"{name} takes {_ARGUMENTS_MAX} arguments")


def test_every_number_of_arguments_is_answered_or_refused_in_words(db: rem.Database) -> None:
    """Too few and too many constants end in an error of ours, never in one of Python's."""
    for name in sample(_CATALOG):
        for count in range(6):
            try:
                db.sql(f"EXPLAIN SELECT {name}({', '.join(['NULL'] * count)})")
            except rem.RemError:
                continue

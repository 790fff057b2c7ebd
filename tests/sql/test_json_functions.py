"""Generated questions about JSON and ENUM: documents, paths, functions and types, each asked of DuckDB too.

The values agree, the types, and whether it is an error.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import duckdb
import pytest

import rem_arrow as rem
from tests.effort import sample
from tests.sql.compare import rows

DOCUMENTS = (
    "null",
    "true",
    "5",
    "-7",
    "2.50",
    "1e3",
    "18446744073709551616",
    '"x"',
    '"12"',
    '"2024-01-31"',
    '""',
    '"a\\u00e9\\n\\"q"',
    "[]",
    "[1, 2, 3]",
    '[1, "a", null, [2, {"a": 3}]]',
    "{}",
    '{"a": 1}',
    '{"a": {"b": {"a": 2}}, "c": [4, 5]}',
    '{"a": [{"b": 1}, {"b": 2}], "b": "t"}',
    '{"a": 1, "a": 2, "b": null}',
    '{"a.b": 1, "": 2, "*": 3, "k l": 4, "q\\"r": 5}',
    ' { "a" : [ true , false ] } ',
    '[{"a": 1, "b": 2}, {"b": 3, "a": 4}]',
)
PATHS = (
    "$", "$.a", "$.a.b", "$.a[0]", "$[0]", "$[-1]", "$[#-1]", "$[#]", "$[9]", "$.*", "$[*]", "$..a", "$..b", "$..*",
    "$.a[*].b", '$."a.b"', '$."q\\"r"', "$.k l", "a", "a.b", "*", "/a/b", "/a/0", "/0", "", "$.", "$[", "$..", "$a",
)  # fmt: skip
AT_PATHS = (
    "json_extract", "json_extract_string", "json_value", "json_exists", "json_type", "json_keys", "json_array_length",
)  # fmt: skip
WHOLE = (
    "json(d)", "json_structure(d)", "json_pretty(d)", "json_type(d)", "json_keys(d)", "json_array_length(d)",
    "json_valid(d)", "to_json(d)", "d::JSON", "json_array(d, d::JSON)", "json_object('k', d::JSON)",
    "json_contains(d, '1')", "json_contains(d, '{\"b\": 2}')", "json_merge_patch(d, '{\"a\": null, \"n\": [1]}')",
    "json_merge_patch('{\"a\": 1, \"b\": {\"c\": 2}}', d)", "(d::JSON)[0]", "(d::JSON)[-1]", "(d::JSON)['a']",
    "(d::JSON).a", "(d::JSON).a.b", "d::JSON = '5'", "d::JSON || 'x'", "length(d::JSON)", "[d::JSON]",
    "json_transform(d, '{\"a\": \"INTEGER\"}')", "json_transform(d, '[\"VARCHAR\"]')",
)  # fmt: skip
TYPES = (
    "BOOLEAN", "TINYINT", "INTEGER", "UBIGINT", "HUGEINT", "DOUBLE", "DECIMAL(6,2)", "VARCHAR", "DATE", "BLOB", "JSON",
    "INTEGER[]", "VARCHAR[]", "JSON[]", "STRUCT(a INTEGER)", "STRUCT(a JSON)", "INTEGER[3]",
)  # fmt: skip


def _asked(run: object, text: str) -> object:
    try:
        return rows(run(text))
    except (rem.RemError, duckdb.Error):
        return "an error"


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[object, object]]:
    """The two engines, each a function of a statement that returns its rows."""
    with rem.connect(background=False) as ours, duckdb.connect() as theirs:
        theirs.execute("CREATE TABLE docs (i INTEGER, d VARCHAR)")
        theirs.executemany("INSERT INTO docs VALUES (?, ?)", list(enumerate([*DOCUMENTS, None])))
        ours.load("docs", theirs.sql("SELECT * FROM docs").to_arrow_table())
        yield lambda text: ours.sql(text).rows(), lambda text: theirs.execute(text).fetchall()


def _differing(both: tuple[object, object], texts: Iterator[str]) -> list[tuple[str, object, object]]:
    asked = [(text, *(_asked(run, text) for run in both)) for text in sample(texts)]
    return [(text, ours, theirs) for text, ours, theirs in asked if ours != theirs]


def test_values_at_paths(both):
    """Each function of a path, over all documents."""
    calls = (f"{name}(d, $${path}$$)" for name, path in itertools.product(AT_PATHS, PATHS))
    assert _differing(both, (f"SELECT i, {call}, typeof({call}) FROM docs ORDER BY i" for call in calls)) == []


def test_arrows_and_several_paths(both):
    """`->`, `->>` as arguments of functions too, places, and lists of paths."""
    parts = ("d -> 'a'", "d ->> 'a'", "d -> 0", "d ->> -1", "d -> 'a' -> 'b'", "d -> 'a' ->> 'b'", "d -> ['$.a', 'b']")
    calls = [*parts, *(f"length({p})" for p in parts[:6]), *(f"coalesce({p}, d -> 'c')" for p in parts[:1])]
    assert _differing(both, (f"SELECT i, {call}, typeof({call}) FROM docs ORDER BY i" for call in calls)) == []


def test_functions_of_documents(both):
    """Functions without a path, subscripts and operators."""
    assert _differing(both, (f"SELECT i, {call}, typeof({call}) FROM docs ORDER BY i" for call in WHOLE)) == []


def test_casts_of_documents(both):
    """CAST of each document to each type, and TRY_CAST, which is NULL where CAST is an error."""
    texts = (
        f"SELECT {cast}(d::JSON AS {dtype}) FROM docs WHERE i = {i}"
        for cast, dtype, i in itertools.product(("CAST", "TRY_CAST"), TYPES, range(len(DOCUMENTS)))
    )
    assert _differing(both, texts) == []


def test_rows_of_documents(both):
    """json_each and json_tree, beside the table and with a path."""
    calls = ("json_each(d)", "json_tree(d)", "json_each(d, '$.a')", "json_tree(d, '$.a')", "json_each(d, '$[0]')")
    assert _differing(both, (f"SELECT i, e.* FROM docs, {call} e ORDER BY i, e.id" for call in calls)) == []


ENUM = "ENUM('low', 'mid', 'high')"
VALUES = ("'mid'", "'zzz'", "'lower'", "NULL", f"'mid'::{ENUM}", "'mid'::ENUM('mid', 'low')", "v")
PLACES = (
    "SELECT g, g {o} {x} FROM e",
    "SELECT g FROM e WHERE g {o} {x}",
    "SELECT [g] {o} [{x}] FROM e",
    "SELECT {{'k': g}} {o} {{'k': {x}}} FROM e",
    "SELECT CASE WHEN g {o} {x} THEN 1 ELSE 0 END FROM e",
    "SELECT count(*) FILTER (g {o} {x}) FROM e",
    "SELECT a.g, b.g FROM e a JOIN e b ON a.g {o} b.g",
    "SELECT a.g FROM e a SEMI JOIN e b ON a.g {o} b.v",
)


def test_enums_in_every_comparison(both):
    """Operators, places and operands: one ENUM goes by its order, with anything else as a text."""
    ours, theirs = both
    for run in both:
        for text in (
            f"CREATE TABLE e (g {ENUM}, v VARCHAR)",
            "INSERT INTO e VALUES ('high', 'high'), ('low', 'mid'), ('mid', 'zzz'), (NULL, 'low'), ('low', NULL)",
        ):
            run(text)
    operators = ("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM")
    texts = {p.format(o=o, x=x) for p, o, x in itertools.product(PLACES, operators, VALUES)}
    texts |= {f"SELECT g FROM e WHERE g BETWEEN {x} AND {y}" for x, y in itertools.product(VALUES, VALUES)}
    texts |= {f"SELECT g FROM e WHERE g {n} IN ({x}, {y})" for n in ("", "NOT") for x in VALUES for y in VALUES}
    texts |= {
        f"SELECT {f}(g, {x}), typeof({f}(g, {x})) FROM e" for f in ("greatest", "coalesce", "nullif") for x in VALUES
    }
    counted = [(text, *map(_sorted, (_asked(ours, text), _asked(theirs, text)))) for text in sample(sorted(texts))]
    assert [c for c in counted if c[1] != c[2]] == []


def _sorted(found: object) -> object:
    return sorted(found, key=repr) if isinstance(found, list) else found

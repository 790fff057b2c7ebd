"""CREATE TYPE in a stored database, and what is said of JSON, UUID and ENUM that cannot be done."""

from __future__ import annotations

from pathlib import Path

import pytest

import rem_arrow as rem


def test_a_type_is_there_after_opening_again(tmp_path: Path):
    """The name is kept, and columns of it keep the type when the name is gone."""
    with rem.connect(tmp_path / "a.rem") as db:
        db.sql("CREATE TYPE mood AS ENUM (SELECT unnest(['low', 'high', 'low', NULL]))")
        db.sql("CREATE TYPE pair AS STRUCT(a INTEGER, m mood); CREATE TABLE t (p pair, m mood DEFAULT 'high')")
        db.sql("INSERT INTO t (p) VALUES ({'a': 1, 'm': 'low'})")
        db.sql("CREATE TABLE mood (a INTEGER)")
    with rem.connect(tmp_path / "a.rem") as db:
        assert db.sql("SELECT typeof(p), typeof(m), m FROM t").row(0) == (
            "STRUCT(a INTEGER, m ENUM('low', 'high'))",
            "ENUM('low', 'high')",
            "high",
        )
        assert db.sql("SELECT max('low'::MOOD)").item() == "low"
        db.sql("DROP TYPE mood; DROP TYPE pair")
        assert db.sql("SELECT typeof(m) FROM t").item() == "ENUM('low', 'high')"
        assert db.tables().to_series().to_list().count("mood") == 1
        with pytest.raises(rem.UnsupportedError, match="the type mood is not supported"):
            db.sql("SELECT 'low'::mood")


def test_a_plan_does_not_outlive_a_type():
    """The same text means another type once the name does."""
    with rem.connect() as db:
        db.sql("CREATE TYPE m AS ENUM ('a', 'b')")
        assert db.sql("SELECT 'b'::m < 'a'::m").item() is False
        db.sql("CREATE OR REPLACE TYPE m AS ENUM ('b', 'a')")
        assert db.sql("SELECT 'b'::m < 'a'::m").item() is True


REFUSED = {
    "CREATE TYPE integer AS ENUM ('a')": "the type integer exists already",
    "CREATE TYPE m AS INTEGER": "the type m exists already",
    "CREATE TYPE n AS ENUM ('a', 'a')": "the ENUM has the value 'a' twice",
    "CREATE TYPE n AS ENUM (SELECT 1, 2)": "the query of an ENUM has one column of texts",
    "CREATE TYPE n (a INTEGER, b INTEGER)": "CREATE TYPE is written CREATE TYPE name AS",
    "CREATE TYPE n AS nothing": "the type nothing is not supported",
    "DROP TYPE n": 'no type "n"',
    "INSERT INTO t (g) VALUES ('none')": "none",
    "INSERT INTO t (j) VALUES ('{bad')": 'the column "j" of t, which is JSON: this is not JSON: {bad',
    "INSERT INTO t (u) VALUES ('bad')": "'bad' is not a UUID",
    "SELECT enum_range('a')": "enum_range takes a value of an ENUM, and this is VARCHAR",
    "SELECT enum_code(g, g) FROM t": "enum_code takes one argument, not 2",
    "SELECT enum_range_boundary(g) FROM t": "enum_range_boundary takes two arguments, not 1",
    "SELECT enum_range_boundary(g, 'x'::ENUM('x')) FROM t": "two values of one ENUM",
    "SELECT 1::m": "INTEGER cannot be cast to ENUM",
    "SELECT u::INTEGER FROM t": "UUID cannot be cast to INTEGER",
    "SELECT upper(u) FROM t": "upper takes a text here, and this is UUID",
    "SELECT u[1] FROM t": "UUID has no items",
    "SELECT u || 1, coalesce(u, v) FROM t": "UUID and VARCHAR do not compare",
    "SELECT j -> '$.' FROM t": r"JSON path error near '\.'",
    "SELECT j -> v FROM t": "such a path stands in the statement itself",
    "SELECT j -> 0.5 FROM t": "a path in JSON is a text",
    "SELECT j -> ['$.*'] FROM t": "a path with a wildcard stands alone",
    "SELECT j -> [v] FROM t": "several paths in JSON are texts that stand in the statement",
    "SELECT j -> [1] FROM t": "several paths in JSON are texts",
    "SELECT j -> l FROM t": r"paths in JSON are texts, and this is INTEGER\[\]",
    "SELECT json_extract(1, '$')": "json_extract takes JSON here, and this is INTEGER",
    "SELECT json_value(j) FROM t": "json_value takes a document and a path",
    "SELECT json_array_length(j, 'a', 'b') FROM t": "json_array_length takes a document, and may take a path",
    "SELECT json_structure(j, j) FROM t": r"json_structure takes 1 document\(s\), not 2",
    "SELECT to_json(1, 2)": "to_json takes one argument, not 2",
    "SELECT row_to_json([1])": r"row_to_json takes a struct, and this is INTEGER\[\]",
    "SELECT array_to_json({'a': 1})": r"array_to_json takes a list, and this is STRUCT\(a INTEGER\)",
    "SELECT json_object(1, 2)": "a key of json_object is a text, and this is INTEGER",
    "SELECT json_group_object(v, 1) FROM t WHERE v IS NULL": "a key of json_group_object is NULL",
    "SELECT json_group_structure(1, 2)": "json_group_structure takes one argument",
    "SELECT json_transform(j) FROM t": "json_transform takes a document and a structure",
    "SELECT json_transform(j, v) FROM t": "the structure is a text that stands in the statement",
    "SELECT json_transform(j, '{') FROM t": "this is not JSON",
    "SELECT json_transform(j, '5') FROM t": "this is no structure",
    "SELECT json_transform(j, '\"nothing\"') FROM t": "there is no type 'nothing'",
    "SELECT json_transform(j, '\"a b c\"') FROM t": "there is no type 'a b c'",
    'SELECT json_transform(j, \'{"a": "INT", "A": "INT"}\') FROM t': "a key of the structure comes twice",
    "SELECT j::STRUCT(a INTEGER, b INTEGER) FROM t": 'has no key "b"',
    "SELECT j::STRUCT(b INTEGER) FROM t": 'has an unknown key "a"',
    'SELECT \'{"a":1,"a":2}\'::JSON::STRUCT(a INTEGER)': "comes twice",
    "SELECT j::INTEGER[] FROM t": "expected an array, but this JSON is",
    "SELECT '[1]'::JSON::INTEGER[2]": "expected an array of 2",
    "SELECT '[1]'::JSON::MAP(VARCHAR, INTEGER)": "expected an object",
    "SELECT {'*': 1}": "the field name '[*]' is a pattern of names to Polars; rename it",
    'SELECT NULL::STRUCT("^a$" INTEGER)': "is a pattern of names to Polars; rename it",
    'SELECT json_transform(j, \'{"*": "INT"}\') FROM t': "is a pattern of names to Polars; leave it out",
    "FROM json_each()": "json_each takes a document, and may take a path",
    "FROM json_each('{}', 1)": "json_each takes a path as a text, and this is INTEGER",
    "FROM json_each('{}', '$.*')": "begins with [$], and has no wildcard",
    "SELECT json_structure(repeat('[', 5000) || repeat(']', 5000))": "nested too deeply for the function",
}


@pytest.fixture(scope="module")
def db():
    with rem.connect() as opened:
        opened.sql("CREATE TYPE m AS ENUM ('a', 'b')")
        opened.sql("CREATE TABLE t (g m, j JSON, u UUID, v VARCHAR, l INTEGER[])")
        opened.sql("INSERT INTO t VALUES ('a', '{\"a\": 1}', uuid(), '$.*', [1]), (NULL, NULL, NULL, NULL, NULL)")
        yield opened


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_done_is_refused_in_words(db: rem.Database, text: str):
    with pytest.raises(rem.RemError, match=REFUSED[text]):
        db.sql(text)

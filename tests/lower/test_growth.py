"""What functions can make is bounded before it is made: by the memory limit, for every function that copies a text or a
list; computed in pieces the results are the same."""

from __future__ import annotations

import sys
import time

import polars as pl
import pytest

import rem_arrow as rem
from rem_arrow.lower import growth
from rem_arrow.lower.scalar_functions import SCALAR
from rem_arrow.plan import functions
from rem_arrow.running import allowance
from tests.children import run_python
from tests.effort import examples, some

# Functions of texts and lists that make none, or only parts that share their bytes.
LIGHT = {
    "trim", "ltrim", "rtrim", "substring", "left", "right", "text_slice", "blob_slice", "length", "octet_length",
    "bit_length", "starts_with", "ends_with", "contains", "like", "ilike", "like_escape", "ilike_escape",
    "not_like_escape", "not_ilike_escape", "regexp_matches", "regexp_full_match", "list_length", "list_extract",
    "list_any", "list_all", "map_keys", "map_values", "map_entries", "map_from_entries", "map_contains", "struct_keys",
    "struct_concat", "struct_pack", "chr", "order_key", "nullif", "coalesce", "greatest", "least", "error", "timezone",
    "date_part", "date_trunc", "date_diff", "date_sub", "age", "to_base", "format_bytes", "formatreadabledecimalsize",
    "bar", "is_null", "enum_code", "epoch_ms", "dayname", "monthname", "uuid", "uuidv7", "time_bucket",
    "make_timestamptz", "@zoned_text", "cardinality",
    # Bounded by its number of steps, and as any function in Python.
    "series_of_times",
}  # fmt: skip

# Much from little: the statement, and what is refused.
HOSTILE = {
    "SELECT length(repeat('x', 1000000000))": "repeat",
    "SELECT length(repeat(repeat(repeat('x', 10000), 10000), 1000))": "repeat",
    "SELECT length(lpad('x', 1000000000, 'y'))": "lpad",
    "SELECT max(length(rpad('x', i * 1000000, 'yz'))) FROM range(1000) t(i)": "memory_limit",
    "SELECT len(range(1000000000))": "range",
    "SELECT count(*) FROM generate_series(1, 1000000000)": "generate_series",
    "SELECT sum(len(range(i * 100000))) FROM range(3000) t(i)": "memory_limit",
    "SELECT length(replace(repeat('a', 10000), 'a', repeat('b', 100000)))": "replace",
    "SELECT length(regexp_replace(repeat('a', 10000), 'a', repeat('b', 100000), 'g'))": "regexp_replace",
    "SELECT length(regexp_replace(repeat('a', 10000), '(.*)', repeat('\\1', 50000)))": "regexp_replace",
    "SELECT length(format(repeat('{0:99999}', 10000), 1))": "format",
    "SELECT length(printf(repeat('%99999d', 10000), 1))": "printf",
    "SELECT len(list_resize([1], 1000000000))": "list_resize",
    "SELECT len(repeat([1, 2, 3], 100000000))": "list_repeat",
    "SELECT len(list_transform(range(10000), x -> range(100000)))": "list_transform",
    "SELECT len(list_transform(range(100000), x -> repeat('a', 10000)))": "list_transform",
    "SELECT len(list_transform(l, x -> m)) FROM (SELECT range(30000) l, range(i, 30000) m FROM range(2) t(i))":
        "list_transform",
    "SELECT length(array_to_string(range(10000)::VARCHAR[], repeat('x', 100000)))": "array_to_string",
    "SELECT length(concat_ws(repeat('x', 100000), i, range(10000))) FROM range(2) t(i)": "concat_ws",
    "SELECT length(string_agg(i::VARCHAR, repeat('x', 100000))) FROM range(10000) t(i)": "string_agg",
    "SELECT count(*) FROM (SELECT string_agg(i::VARCHAR, repeat('x', 100000)) OVER () FROM range(10000) t(i))":
        "string_agg",
    "SELECT count(*) FROM (SELECT array_agg(i) OVER (ORDER BY i) FROM range(50000) t(i))": "memory_limit",
    "SELECT max(upper(s)) FROM (SELECT repeat('x', 100000) s), range(10000)": "upper",
    "SELECT max(s || i) FROM (SELECT repeat('x', 100000) s), range(10000) t(i)": "concat_operator",
    "SELECT max(md5(s)) FROM (SELECT repeat('x', 10000000) s)": "memory_limit",
    "SELECT list(l) FROM (SELECT range(10000) l FROM range(10000))": "a list in each row",
    "WITH RECURSIVE r(n, s) AS (SELECT 1, 'x' UNION ALL SELECT n + 1, s || s FROM r WHERE n < 60) SELECT len(s) FROM r":
        "memory_limit",
    "WITH RECURSIVE r(n, s) AS (SELECT 1, [1] UNION ALL SELECT n + 1, s || s FROM r WHERE n < 60) SELECT len(s) FROM r":
        "memory_limit",
    "SELECT sum(len(l[1:i])) FROM (SELECT range(100000) l), range(100000) t(i)": "a join that repeats lists",
    "SELECT i FROM (SELECT repeat('x', 1000000) s), range(100000) t(i) ORDER BY s, i DESC LIMIT 1": "ORDER BY",
    "SELECT i FROM (SELECT repeat('x', 1000000) s), range(100000) t(i) ORDER BY s, i DESC": "ORDER BY",
    "SELECT rank() OVER (ORDER BY s, i) FROM (SELECT repeat('x', 1000000) s), range(10000) t(i)": "ORDER BY",
    "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))": "levenshtein takes too long",
    "SELECT damerau_levenshtein(repeat('a', 30000), repeat('b', 30000))": "damerau_levenshtein takes too long",
    "SELECT binom(1000000000, 500000000)": "binom",
    "SELECT format('{0:{1}}', 1, 99999999999)": "a width is a number",
    "SELECT json_structure(repeat('[', 100000) || repeat(']', 100000))": "nested too deeply",
    "SELECT len(generate_series(TIMESTAMP '2000-01-01', TIMESTAMP '2030-01-01', INTERVAL 1 SECOND))": "1,000,000 steps",
}  # fmt: skip

# Over 300 rows i, with s a text, l a list and n a number that may be NULL.
SAME = (
    "repeat(s, n)", "lpad(s, n + 5, 'äb')", "rpad(s, n, s)", "replace(s, '1', s)", "upper(s) || '-' || i || s",
    "md5(s)",
    "regexp_replace(s, '([0-9])', '<\\1>', 'g')", "regexp_replace(s, '(' || (i % 10) || ')', '<\\1>')",
    "regexp_extract(s, '(t)(.)', 2)", "regexp_extract_all(s, '([0-9])(x)?', i % 3)", "concat_ws(s, i, NULL, l)",
    "range(n)", "generate_series(n, i)", "range(i, n, -1)", "list_resize(l, n, 7)", "repeat(l, n)", "l || [n] || l",
    "list_transform(l, x -> x || s)", "list_filter(l, x -> len(l) > i % 4)", "list_reduce(l, (x, y) -> x + y, 0)",
    "array_to_string(l, s)", "l::VARCHAR", "('[' || i || ', 1]')::BIGINT[]", "string_split(s, '1')", "list_sort(l)",
    "printf('%s-%d', s, i)", "format('{}/{:>5}', s, i)", "strftime(DATE '2024-01-01', '%A')", "levenshtein(s, 'text')",
    "list_select(l, [1, 1, 2])", "json_array(s, i)", "to_json(l)", "strpos(s, '1')", "split_part(s, 't', 2)", "hash(s)",
    "list_contains(l, n)", "list_position(l, n)", "hex(s)", "translate(s, 'te', 'x')",
)  # fmt: skip


@pytest.fixture(scope="module")
def small() -> rem.Database:
    """A database that allows 32 MB for running work."""
    return rem.connect(memory_limit="64MB")


_CHILD = """
    import resource, sys
    import rem_arrow as rem

    def bytes_of(name):
        return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(name))

    db = rem.connect(memory_limit="256MB")
    db.sql("SELECT 1")
    resource.setrlimit(resource.RLIMIT_AS, (bytes_of("VmSize") + (6 << 30),) * 2)
    before = bytes_of("VmHWM")
    try:
        db.sql(sys.argv[1], timeout_s=2)
    except rem.RemError as error:
        pass
    print(db.sql("SELECT 41 + 1").item(), bytes_of("VmHWM") - before < 1 << 30)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:60])
def test_no_statement_ends_the_process(text):
    """With an address space of 6 GB more each ends, the process answers, and it has grown by less than 1 GiB."""
    child = run_python(_CHILD, text)
    assert child.stdout.split() == ["42", "True"], child.stderr[-2000:]


def test_every_function_that_copies_is_bounded():
    """Functions that take a text, bytes, a list, or anything; and those that make a list."""
    heavy = ("text", "blob", "any", "shown", "list", "array", "item", "map", "vector", "struct")
    catalog = {name: f for name, f in functions.SCALAR.items() if name in SCALAR}
    copying = {name for name, f in catalog.items() if set(f.args) & set(heavy)}
    assert sorted(copying - set(growth.SIZES) - LIGHT) == []
    assert not set(growth.SIZES) & LIGHT


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:60])
def test_much_of_little_is_refused_at_once(small, text):
    """Seconds and gigabytes are not spent first."""
    started = time.monotonic()
    with pytest.raises(rem.ExecuteError, match=HOSTILE[text]):
        small.sql(text, timeout_s=20)
    assert time.monotonic() - started < 15


@pytest.fixture(scope="module")
def empty():
    with rem.connect(background=False) as db:
        yield db


@pytest.mark.parametrize("expression", some(SAME))
def test_pieces_make_the_same(monkeypatch, empty, expression):
    """Row by row or at once, the values are those of the whole batch."""
    text = (
        f"SELECT i, {expression} AS v FROM (SELECT i, 'text ' || i s, range(i % 7) l, "
        "CASE WHEN i % 11 > 0 THEN i % 5 END n FROM range(300) t(i)) ORDER BY i"
    )
    whole = empty.sql(text)
    monkeypatch.setattr(allowance, "PIECE_BYTES", 40)
    assert empty.sql(text).equals(whole)


def test_a_branch_that_is_not_taken_asks_for_nothing(small):
    """A CASE counts the rows of its branch only."""
    text = "SELECT sum(length(CASE WHEN i < 3 THEN repeat('x', i * 100000) END)) FROM range(100000) t(i)"
    assert small.sql(text).item() == 300_000


@pytest.mark.parametrize(
    "text",
    [
        "SELECT regexp_extract_all(repeat('a', 5000), '(a*)*b', 1)",
        "SELECT regexp_extract_all(s, p, 1) FROM (SELECT repeat('a', 40 + i) s, '(a|a)*b' p FROM range(2) t(i))",
        "SELECT regexp_replace(s, p, 'x') FROM (SELECT repeat('a', 40 + i) s, '(a|a)*b' p FROM range(2) t(i))",
        "SELECT regexp_extract(repeat('a', 40 + i), '(a|a)*b', 1) FROM range(2) t(i)",
        "SELECT regexp_matches(repeat('a', 5000), '(a|a)*b')",
        f"SELECT COLUMNS('(a|a)*b|c') FROM (SELECT 1 AS {'a' * 40}, 2 AS c)",
    ],
)
def test_patterns_take_linear_time(small, text):
    """Where a backtracking engine would not end."""
    started = time.monotonic()
    assert small.sql(text).height
    assert time.monotonic() - started < 15


def test_groups_of_every_match_are_those_of_the_whole_text():
    """A match is not read again without what stands around it; a group that took no part is NULL."""
    text = "SELECT regexp_extract_all(s, p, g) FROM (VALUES ('aa', '(^a)|(a)', 1), ('aab', '(a)(b)?', 2)) v(s, p, g)"
    assert rem.connect().sql(text).to_series().to_list() == [["a", None], [None, "b"]]


def test_cross_joins_of_short_lists_stream(small):
    """How long a list is says no estimate: 10^9 rows pass in batches, and are not held."""
    text = "SELECT count(*) FROM range(1000) a, range(1000) b, range(1000) c"
    assert small.sql(text, timeout_s=300).item() == 10**9


def test_the_plan_counts_for_the_time_limit(small):
    """A statement of which the plan takes long ends in time; Polars goes on with it for a while."""
    started = time.monotonic()
    with pytest.raises(rem.ExecuteError, match="ran longer than 0.5 s"):
        small.sql(" UNION ALL ".join(["SELECT 1"] * examples(4_000)), timeout_s=0.5)
    assert time.monotonic() - started < 30


def test_explain_analyze_keeps_the_limits(small):
    """It runs the statement."""
    text = "EXPLAIN ANALYZE WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"
    with pytest.raises(rem.ExecuteError, match="ran longer"):
        small.sql(text, timeout_s=0.5)


def test_bytes_of_values():
    """Texts by their bytes, a list by its items, a struct by its fields."""
    rows = pl.DataFrame({"t": ["ä", None], "l": [[1, 2], None], "n": [["ab", "c"], []], "s": [{"a": "xyz"}, None]})
    sizes = rows.select(growth.bytes_of(pl.col(n), t).alias(n) for n, t in rows.schema.items())
    assert sizes.rows() == [(2.0, 32.0, 35.0, 3.0), (None, None, 0.0, 0.0)]

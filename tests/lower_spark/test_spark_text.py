"""What a plan becomes in Spark's SQL, and what goes along: no engine is needed to see it."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

import rem_arrow as rem
from rem_arrow.base.errors import InputError, UnsupportedError
from rem_arrow.lower_spark.arrow_functions import ColumnFunction, GroupFunction
from rem_arrow.plan.nodes import AggregateCall, Call, Cast, Column, Literal, SortKey
from rem_arrow.publish.publication import read_publication
from rem_arrow.publish.target import Target
from rem_arrow.remote.remote import Remote


class NoSession:
    """Stands for an engine that nobody asks."""

    def close(self):
        pass


@pytest.fixture(scope="module")
def db():
    with rem.connect(background=False, embedder="hash") as database:
        database.sql(
            "CREATE TABLE t (i INTEGER, b BIGINT, u UBIGINT, x DOUBLE, m DECIMAL(15,2), s VARCHAR, d DATE, "
            "k ENUM('low','high'), l INTEGER[], at TIMESTAMP)"
        )
        database.sql("CREATE VIEW seen AS SELECT s, count(*) AS n FROM t GROUP BY s")
        database.insert("entities", {"id": "ada", "name": "Ada"})
        yield database


@pytest.fixture(scope="module")
def remote(db, tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    db.publish(folder)
    return Remote(NoSession(), Target(folder), read_publication(Target(folder)), db)


def text_of(remote, sql, parameters=None):
    """The statement on one line."""
    explained = remote.explain(sql, parameters)
    return " ".join("\n".join(line for line in explained.split("\n") if not line.startswith("--")).split())


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        # ORDER BY stands where its order counts; SQLGlot leaves out the place of NULLs where it is that of Spark.
        ("SELECT i FROM t ORDER BY s DESC", ["ORDER BY `order` DESC"]),
        ("SELECT i FROM t ORDER BY k NULLS FIRST LIMIT 3", ["POSITION(ARRAY('low', 'high'), `order`) ASC LIMIT 3"]),
        # Integers are summed where they do not overflow, and every output is cast to the bound type.
        ("SELECT sum(i) FROM t", ["SUM(CAST(`t_i` AS DECIMAL(38, 0)))", "AS DECIMAL(38, 0)) AS `output_0`"]),
        ("SELECT i + 1 FROM t", ["CAST(`t_i` AS DECIMAL(37, 0))", "AS INT)"]),
        ("SELECT avg(m) FROM t", ["AS DOUBLE) / CAST(NULLIF(COUNT(`t_m`), 0) AS DOUBLE)"]),
        ("SELECT m * m FROM t", ["AS DECIMAL(18, 4))"]),
        # A zero divisor gives what IEEE says.
        ("SELECT i / b FROM t", ["NULLIF(", "'Infinity'", "'NaN'"]),
        ("SELECT i // 3, i % 3 FROM t", ["DIV CAST(", "% CAST("]),
        # Literals are escaped by backslashes.
        ("SELECT s = 'it''s \\' FROM t", [r"'it\'s \\'"]),
        ("SELECT s FROM t WHERE i = $n", ["CAST('7' AS BIGINT)"]),
        ("SELECT 1 FROM t GROUP BY GROUPING SETS ((), (i))", ["COUNT(1) AS `rem_nothing`"]),
        ("SELECT count(DISTINCT x) FROM t", ["COUNT(DISTINCT ( `t_x` + CAST(0 AS DOUBLE) ))"]),
        ("SELECT count(*) FILTER (WHERE i > 1) FROM t", ["COUNT(1) FILTER(WHERE"]),
        ("SELECT i FROM t UNION ALL SELECT NULL", ["UNION ALL SELECT CAST(", "CAST(NULL AS STRING)"]),
        ("SELECT a.i FROM t a LEFT JOIN t b ON a.i = b.i AND a.s < b.s", ["LEFT JOIN"]),
        ("SELECT i FROM t WHERE EXISTS (SELECT 1 FROM t o WHERE o.b = t.b)", ["LEFT SEMI JOIN"]),
        (
            "SELECT sum(m) OVER (PARTITION BY s ORDER BY d ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM t",
            ["PARTITION BY `t_s` ORDER BY `t_d` ASC NULLS LAST ROWS BETWEEN 2 PRECEDING AND CURRENT ROW"],
        ),
        ("SELECT rank() OVER (ORDER BY x) FROM t", ["OVER (ORDER BY ( `t_x` + CAST(0 AS DOUBLE) ) ASC NULLS LAST)"]),
        ("SELECT unnest(l) FROM t", ["LATERAL VIEW POSEXPLODE("]),
        ("SELECT n FROM seen WHERE s LIKE 'a%'", ["LIKE 'a%'", "GROUP BY"]),
        # What means otherwise there goes to workers: a cast of a text, a date in words, a median.
        ("SELECT CAST(s AS INTEGER) FROM t", ["REM_FUNCTION(`t_s`)"]),
        ("SELECT strftime(d, '%A') FROM t", ["REM_FUNCTION(`t_d`)"]),
        ("SELECT median(x) FROM t GROUP BY s", ["REM_FUNCTION(COLLECT_LIST("]),
        # An expression that guards a failure goes there whole.
        ("SELECT CASE WHEN i > 0 THEN CAST(s AS INTEGER) ELSE 0 END FROM t", ["REM_FUNCTION(`t_i`, `t_s`)"]),
    ],
)  # fmt: skip
def test_what_a_plan_becomes(remote, sql, parts):
    """Types, order and NULLs are written out; what differs there is not left to it."""
    text = text_of(remote, sql, {"n": 7} if "$n" in sql else None)
    for part in parts:
        assert part in text, text


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT random() FROM t", "random gives another value at each call"),
        ("SELECT list(i) FROM t", "list depends on the order of rows"),
        ("WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n + 1 FROM r WHERE n < 9) FROM r, t", "RECURSIVE"),
        ("SELECT i FROM t ORDER BY i LIMIT (SELECT max(i) FROM t)", "a LIMIT that is computed"),
        ("SELECT i FROM t ORDER BY l", "lists and structs have another order"),
        ("SELECT count(*) FROM t GROUP BY l", "by lists, structs or intervals"),
        ("SELECT a.i FROM t a ASOF JOIN t b ON a.d >= b.d", "ASOF joins have no equal"),
        ("SELECT sum(i) OVER (ORDER BY i GROUPS 1 PRECEDING) FROM t", "in GROUPS or with EXCLUDE"),
        ("SELECT sum(i) OVER (ORDER BY d RANGE INTERVAL 1 DAY PRECEDING) FROM t", "in RANGE with such an offset"),
        ("SELECT sum(i) OVER (ORDER BY i ROWS b PRECEDING) FROM t", "the offset of a window frame is a constant"),
        ("SELECT lag(i, i) OVER (ORDER BY i) FROM t", "a place or a distance in a window function is a constant"),
        ("SELECT median(i) OVER (PARTITION BY s) FROM t", "median over a window has no equal"),
        ("SELECT count(DISTINCT i) OVER (PARTITION BY s) FROM t", "with DISTINCT or ORDER BY of its own"),
        ("SELECT unnest(l), unnest([i]) FROM t", "UNNEST of several lists"),
        ("INSERT INTO t (i) VALUES (1)", "runs one SELECT at a time"),
        ("SELECT 1; SELECT 2", "runs one SELECT at a time"),
    ],
)  # fmt: skip
def test_what_has_no_equal_is_named(remote, sql, message):
    """An UnsupportedError says what; nothing is sent."""
    with pytest.raises(UnsupportedError, match=message):
        remote.explain(sql)


def test_names_are_those_of_the_publication(remote):
    """Errors of binding are those of the database, with their suggestions."""
    with pytest.raises(rem.BindError, match="Did you mean s"):
        remote.sql("SELECT ss FROM t")
    with pytest.raises(InputError, match="LIMIT and OFFSET take whole numbers"):
        remote.sql("SELECT i FROM t LIMIT $n", {"n": -1})


def test_what_is_computed_here_goes_along(db, remote):
    """A lookup is answered by the database, at the version that is published; without one, or at another, it is
    refused."""
    lookup = "SELECT l.name FROM LOOKUP('ada') l"
    assert "shipped: 1 rows, computed here" in remote.explain(lookup)
    alone = Remote(NoSession(), remote._target, remote._publication, None)
    with pytest.raises(UnsupportedError, match="give it to rem.distributed, as database="):
        alone.explain(lookup)
    db.insert("entities", {"id": "bob", "name": "Bob"})
    with pytest.raises(InputError, match="publish again, and open the publication anew"):
        remote.explain(lookup)


def test_a_function_on_a_worker_computes_as_we_do():
    """Over Arrow arrays in published form: a cast with its rounding and NULLs, in the declared type."""
    expr = Cast(Column("x", pl.Float64()), pl.UInt64())
    made = ColumnFunction(expr, (("x", pl.Float64()),))(pa.array([2.5, None, 1.4]))
    assert made.type == pa.decimal128(20, 0)
    assert [None if v is None else int(v) for v in made.to_pylist()] == [2, None, 1]
    upper = ColumnFunction(Call("upper", (Column("s", pl.String()),), pl.String()), (("s", pl.String()),))
    assert upper(pa.array(["é", None])).to_pylist() == ["É", None]
    assert upper(pa.array([], pa.string())).to_pylist() == []


def test_an_aggregate_on_a_worker_computes_as_we_do():
    """Over lists of rows: in the order that is asked for, with constants, and for a group of no rows."""
    columns = (("f0", pl.String()), ("f1", pl.Int64()))
    groups = pa.array([[{"f0": "x", "f1": 2}, {"f0": None, "f1": 0}, {"f0": "y", "f1": 1}], []])
    order = (SortKey(Column("f1", pl.Int64())),)
    listed = AggregateCall("list", Column("f0", pl.String()), pl.List(pl.String()), order=order)
    assert GroupFunction(listed, columns)(groups).to_pylist() == [[None, "y", "x"], None]
    joined = AggregateCall(
        "string_agg", Column("f0", pl.String()), pl.String(), extra=(Literal("-", pl.String()),), order=order
    )
    assert GroupFunction(joined, columns)(groups).to_pylist() == ["y-x", None]
    counted = AggregateCall("approx_count_distinct", Column("f0", pl.String()), pl.Int64())
    assert GroupFunction(counted, columns)(groups).to_pylist() == [2, 0]

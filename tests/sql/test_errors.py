"""What is wrong is said in the user's words, with the place."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

import rem_arrow as rem
from rem_arrow.base.errors import TextError

CASES: list[tuple[str, str, str]] = [
    *(
        (text, 'something is missing before ","', ",")
        for text in (
            "SELECT , price FROM items",
            "SELECT name,, price FROM items",
            "SELECT price FROM items GROUP BY price,, name",
            "SELECT greatest(1,,2)",
            "SELECT [1,,2]",
            "VALUES (,1)",
            "SELECT * FROM items,, items i",
            "VALUES (1),,(2)",
            "INSERT INTO items VALUES ('a',,1)",
            "CREATE TABLE n (a INT,, b INT)",
            "SELECT * EXCLUDE (name,, price) FROM items",
        )
    ),
    *(
        (f"SELECT price FROM items {more}", "ORDER BY a constant has no effect", "")
        for more in ("ORDER BY 'price'", "ORDER BY NULL", "ORDER BY true DESC", "UNION SELECT 1 ORDER BY 'price'")
    ),
    ("SELECT price FROM items ORDER BY -1", "ORDER BY -1 is not the number of a column; there are 1", ""),
    ("SELECT max( ORDER BY price) FROM items", "max takes one argument, not 0", ""),
    ("SELECT rank() OVER () OVER () FROM items", "OVER stands once behind a call", ""),
    ("SELECT .5.05", "0.5.05 is not a number", ""),
    ("SELECT sum(1) OVER (ROWS (1, 2) PRECEDING)", "ROWS takes a number of rows, and this is TUPLE", ""),
    ("SELECT lead(1, [2]) OVER ()", "lead takes a number of rows, and this is INTEGER[]", ""),
    ("SELECT * FROM nowhere(date(), (SELECT 1))", "is not supported", ""),
    ("DELETE items FROM items", "DELETE names its table behind FROM", ""),
    ("SELECT price FROM items GROUP BY ", "GROUP BY names no expression", ""),
    ("VALUES ()", "a row of VALUES has at least one column", ""),
    ("SELECT * FROM items LIMIT name", "LIMIT reads a column; it is one number for all rows", ""),
    (
        "SELECT 1, price + 1 FROM items UNION SELECT price + 1, 1 FROM items ORDER BY price + 1",
        "price + 1 is ambiguous: the sides have it in several columns",
        "",
    ),
    ("SELECT substring(name, 1, 4294967296) FROM items", "a place in a text lies between", ""),
    ("SELECT try_strptime(name, '') FROM items", "try_strptime takes a format that is not empty", ""),
    ("SELECT factorial(factorial(3)) FROM items", "factorial takes an INTEGER, and this is HUGEINT", ""),
    ("SELECT string_agg(name, name) FROM items", "the separator of string_agg is one text for all rows", ""),
    ("SELECT 1::FLOAT(55)", "is not supported", ""),
    ("SELECT * FROM items LIMIT -1", "LIMIT takes a whole number that is not negative", ""),
    ("SELECT (1, 2, 3) IN (SELECT 1, 2)", "3 values are compared with the 2 columns of the subquery", ""),
    # Text, what the message says, what the carets stand under ("" for no place).
    ("SELECT prce FROM items", 'no column "prce" in items', "prce"),
    ("SELECT x.price FROM items i", 'no table "x" in FROM', "x.price"),
    ("SELECT price", 'no column "price": there is no FROM', "price"),
    ("SELECT price FROM items a, items b", 'the column "price" is ambiguous', "price"),
    ("SELECT items.price FROM items, items", "Give one of the tables an alias", "items.price"),
    ("SELECT * FROM itms", 'no table "itms"', "itms"),
    ("SELECT * FROM nosuch.items", 'no schema "nosuch"', "nosuch.items"),
    (
        "WITH RECURSIVE r(k) USING KEY (z) AS (SELECT 1 UNION SELECT k FROM r) SELECT * FROM r",
        'the recursion "r" has no column "z"',
        "z",
    ),
    (
        "WITH RECURSIVE r(k) AS (SELECT 1 UNION SELECT k FROM r) SELECT * FROM recurring.r",
        'no schema "recurring"',
        "recurring.r",
    ),
    ("SELECT a.b.price FROM items", 'no schema "a"', "a.b.price"),
    ("SELECT *", "* needs a FROM", ""),
    ("SELECT COLUMNS('^z') FROM items", "no column matches here", ""),
    ("SELECT COLUMNS('(') FROM items", "( is not a regular expression", ""),
    ("SELECT COLUMNS(1) FROM items", "COLUMNS takes *, a regular expression", ""),
    ("SELECT INTERVAL ((1, 2)) DAY", "INTERVAL takes a number of days", ""),
    ("SELECT INTERVAL (INTERVAL '1' MONTH) DAYS", "INTERVAL takes a number of days", ""),
    ("SELECT COLUMNS('p') OVER () FROM items", "OVER stands behind the call of a function", ""),
    ("SELECT i.* EXCLUDE (a) FROM (SELECT 1 AS a) i", "EXCLUDE leaves no column", ""),
    ("FROM query(5)", "query takes the text of a SELECT in quotes", ""),
    ("FROM query('SELECT 1 +')", "in the text of query: ", ""),
    ("FROM query('DROP TABLE items')", "the text of query is one SELECT", ""),
    ("FROM query_table([])", "query_table takes the name of a table in quotes, or a list of names", ""),
    ("SELECT COLUMNS(['prce']) FROM items", 'no column "prce"', ""),
    ("SELECT COLUMNS('price') + COLUMNS('name') FROM items", "an expression holds one star", ""),
    ("SELECT *COLUMNS(*) FROM items", "*COLUMNS stands among the arguments of a function", ""),
    ("PIVOT items ON name USING price GROUP BY day", "USING of PIVOT takes aggregates", ""),
    ("PIVOT items ON name USING sum(price) GROUP BY ALL", "GROUP BY ALL has no meaning in PIVOT", ""),
    ("PIVOT items ON name IN ('a', 'a') USING sum(price)", 'the value "a" stands in IN more than once', ""),
    ("UNPIVOT items ON name, price", "UNPIVOT puts VARCHAR and DOUBLE into one column", ""),
    ("UNPIVOT items ON (name, price) INTO NAME n VALUE v", "UNPIVOT makes 1 value column(s)", ""),
    ("SELECT * EXCLUDE (prce) FROM items", 'no column "prce" to exclude', "prce"),
    (
        "SELECT * FROM items AS t(a, b, c, d, e)",
        '"t" has 4 columns, and 5 names are given',
        "items AS t(a, b, c, d, e)",
    ),
    ("WITH q(a, b) AS (SELECT 1) SELECT * FROM q", '"q" has 1 columns, and 2 names are given', "q"),
    ("WITH q AS (SELECT 1), q AS (SELECT 2) SELECT * FROM q", 'two CTEs have the name "q"', "q"),
    ("SELECT name + 1 FROM items", "VARCHAR + INTEGER is not defined", "name + 1"),
    ("SELECT -name FROM items", "- needs a number", "name"),
    ("SELECT ~name FROM items", "~ needs a whole number", "name"),
    ("SELECT name & 1 FROM items", "VARCHAR & INTEGER is not defined", "name & 1"),
    ("SELECT name = 1 FROM items WHERE day = price", "DATE and DOUBLE do not compare", "day = price"),
    ("SELECT 1 FROM items WHERE day", "WHERE needs a BOOLEAN, and this is DATE", "day"),
    ("SELECT day = 'soon' FROM items", "'soon' is not a DATE", "day = 'soon'"),
    ("SELECT CAST('soon' AS DATE)", "write it like 2024-12-31", "'soon'"),
    ("SELECT a.price, b.price FROM items a, items b ORDER BY price", 'the column "price" is ambiguous', "price"),
    ("SELECT a.price, a.price FROM items a, items b ORDER BY price", 'the column "price" is ambiguous', "price"),
    ("SELECT * FROM items a, items b ORDER BY price", 'the column "price" is ambiguous', "price"),
    ("SELECT (SELECT s.a FROM (SELECT {'b': 1} s)) FROM (SELECT 1 a) s", 'no field "a" in STRUCT', ""),
    ("SELECT sum(price) EXPORT_STATE FROM items", "EXPORT_STATE is not supported", ""),
    ("SELECT CAST(5 AS DATE)", "INTEGER cannot be cast to DATE", "5"),
    ("SELECT CAST(1 AS GEOMETRY)", "the type GEOMETRY is not supported", ""),
    ("SELECT uper(name) FROM items", "no function uper", "uper(name"),
    ("SELECT uper(name) FROM items", "Did you mean upper?", "uper(name"),
    ("SELECT upper(name, 1, 2) FROM items", "argument", ""),
    ("SELECT substring(name) FROM items", "substring takes 2 to 3 arguments, not 1", "name"),
    ("SELECT gcd(1) FROM items", "gcd takes 2 argument(s), not 1", "gcd"),
    ("SELECT upper(price) FROM items", "upper takes a text here, and this is DOUBLE", "price"),
    ("SELECT extract(fortnight FROM day) FROM items", "FORTNIGHT is not a part of a date", ""),
    ("SELECT date_diff('moon', day, day) FROM items", "moon is not a unit of date_diff", "date_diff"),
    ("SELECT sum(sum(price)) FROM items", "the aggregate sum cannot stand here", "sum(price"),
    ("SELECT 1 FROM items WHERE sum(price) > 1", "filter them with HAVING", "sum(price"),
    ("SELECT upper(name) FILTER (WHERE true) FROM items", "upper is not an aggregate function", "upper(name"),
    ("SELECT count(DISTINCT *) FROM items", "COUNT(DISTINCT *) is not defined", ""),
    ("SELECT product(price, 2) FROM items", "product takes one argument, not 2", "product"),
    ("SELECT covar_pop(price, 1, 2) FROM items", "argument", ""),
    ("SELECT sum(price ORDER BY name LIMIT 1) FROM items", "LIMIT inside an aggregate is not supported", ""),
    (
        "SELECT quantile_cont(price) FROM items",
        "quantile_cont takes a value and a fraction, or a list of fractions",
        "",
    ),
    ("SELECT quantile_cont(name, 0.5) FROM items", "quantile_disc takes any type.", ""),
    ("SELECT quantile_cont(price, 1.5) FROM items", "takes a fraction from -1 to 1", ""),
    ("SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY price, name) FROM items", "orders by one expression", ""),
    ("SELECT [1, DATE '2020-01-01']", "INTEGER and DATE do not compare", ""),
    ("SELECT list_append([1], DATE '2020-01-01')", "items of INTEGER and DATE do not combine", ""),
    ("SELECT row()", "no function row", ""),
    ("SELECT {'a': 1, 'A': 2}", 'the field "A" is there twice', ""),
    ("SELECT struct_pack()", "a struct has at least one field", ""),
    ("SELECT struct_insert(1, a := 2)", "this takes a struct first, and this is INTEGER", ""),
    ("SELECT (price).a FROM items", "DOUBLE has no fields, so .a cannot follow it", ""),
    ("SELECT ({'name': 1}).nam", 'no field "nam" in STRUCT("name" INTEGER)', ""),
    ("SELECT {'a': 1}[price::BIGINT] FROM items", "named by a text or a number that stands here as such", ""),
    ("SELECT struct_extract({'a': 1}, 2)", "the struct has fields 1 to 1, not 2", ""),
    ("SELECT price[1] FROM items", "DOUBLE has no items", ""),
    ("SELECT price[1:2] FROM items", "DOUBLE cannot be sliced", ""),
    ("SELECT price = ANY(name) FROM items", "ANY takes a list or a subquery, and this is VARCHAR", ""),
    ("SELECT list_filter([1], 2)", "list_filter takes a lambda here", ""),
    ("SELECT list_transform([1], lambda x, y, z: x)", "takes 1 or 2 parameters, not 3", ""),
    ("SELECT list_reduce([1])", "list_reduce takes a list and a lambda", ""),
    ("SELECT list_transform(1, lambda x: x)", "list_transform takes a list first, and this is INTEGER", ""),
    ("SELECT upper(lambda x: x)", "upper takes no lambda", ""),
    ("SELECT list_aggregate([1], 2)", "list_aggregate takes a list and the name of an aggregate", ""),
    ("SELECT list_aggregate([1], 'smu')", "no aggregate smu", ""),
    ("SELECT list_extract([1])", "the function takes 2 argument(s), not 1", ""),
    ("SELECT name, sum(price) FROM items", 'the column "name" must appear in GROUP BY', "name"),
    ("SELECT sum(price) FROM items GROUP BY 1", "GROUP BY cannot hold an aggregate", "1"),
    ("SELECT name FROM items GROUP BY 7", "GROUP BY 7 is not the number of a column; there are 1", "7"),
    ("SELECT name FROM items ORDER BY 0", "ORDER BY 0 is not the number of a column; there are 1", "0"),
    ("SELECT DISTINCT name FROM items ORDER BY price", "ORDER BY of a SELECT DISTINCT must name columns", "price"),
    ("SELECT name FROM items LIMIT 'x'", "LIMIT takes a whole number", ""),
    ("SELECT name FROM items LIMIT 1 OFFSET -1", "OFFSET takes a whole number", "1"),
    ("SELECT 1 UNION SELECT 1, 2", "the sides of UNION have 1 and 2 columns", "1 UNION SELECT 1, 2"),
    (
        "SELECT day FROM items UNION SELECT price FROM items",
        "column 1 of the sides of UNION has types that do not combine",
        "",
    ),
    ("SELECT DISTINCT FROM items", "SELECT names no columns", ""),
    ("SELECT CAST(price AS DECIMAL(5, x)) FROM items", "is not supported", ""),
    ("SELECT CAST(price AS DECIMAL(99)) FROM items", "the type DECIMAL(99) is not supported", ""),
    ("VALUES (1), (2, 3)", "the rows of VALUES have different numbers of columns", "1), (2, 3"),
    ("SELECT * FROM items NATURAL JOIN (SELECT 1 AS z) q", "share no column name", ""),
    ("SELECT * FROM items a LEFT JOIN items b", "LEFT JOIN needs ON or USING", ""),
    ("SELECT * FROM items a JOIN items b USING (prce)", 'no column "prce"', ""),
    (
        "SELECT * FROM items ASOF JOIN items b ON true",
        "an ASOF JOIN has no inequality between its sides; it needs one",
        "",
    ),
    (
        "SELECT * FROM items a ASOF JOIN items b ON a.day > b.day AND a.price > b.price",
        "has 2 inequalities between its sides",
        "a.day > b.day AND a.price > b.price",
    ),
    (
        "SELECT * FROM items a ASOF JOIN items b ON a.day > b.day AND EXISTS (SELECT 1)",
        "the ON of an ASOF JOIN cannot hold a subquery",
        "",
    ),
    (
        "SELECT * FROM items a ASOF JOIN LATERAL (SELECT a.day) b ON a.day > b.day",
        "ASOF JOIN cannot have a LATERAL relation on its right",
        "",
    ),
    (
        "SELECT * FROM items a POSITIONAL JOIN LATERAL (SELECT a.day) b",
        "POSITIONAL JOIN cannot have a LATERAL relation on its right",
        "",
    ),
    (
        "SELECT * FROM items a POSITIONAL JOIN items b ON true",
        "a POSITIONAL JOIN takes no ON, no USING and no side",
        "",
    ),
    (
        "SELECT (SELECT count(*) FROM (SELECT a.day) x POSITIONAL JOIN items b) FROM items a",
        "a POSITIONAL JOIN in a subquery cannot read columns of the query around it",
        "",
    ),
    ("SELECT * FROM items TABLESAMPLE 101%", "a sample takes from 0 to 100 percent, not 101", ""),
    (
        "SELECT * FROM items TABLESAMPLE 2000000000 ROWS",
        "a sample takes at most 1,000,000,000 rows, not 2,000,000,000",
        "",
    ),
    ("SELECT * FROM items TABLESAMPLE BERNOULLI(10 ROWS)", "BERNOULLI decides for each row alone", ""),
    (
        "SELECT * FROM items TABLESAMPLE 10 PERCENT (dice)",
        "the method of sampling DICE is not supported; there are RESERVOIR, BERNOULLI, SYSTEM",
        "",
    ),
    (
        "SELECT * FROM items USING SAMPLE NULL ROWS",
        "the size of a sample is a literal number of rows or percent",
        "",
    ),
    (
        "SELECT * FROM items TABLESAMPLE RESERVOIR(1 ROWS) REPEATABLE (1.5)",
        "the seed of a sample is a whole number",
        "",
    ),
    ("(SELECT 1 UNION ALL SELECT 2) USING SAMPLE 1", "USING SAMPLE follows the FROM of a SELECT", ""),
    ("SELECT * FROM items, items", 'the table "items" is ambiguous: two in FROM have this name', "*"),
    ("SELECT q.* FROM items q JOIN (SELECT 1 AS z) q ON true", 'the table "q" is ambiguous', "q.*"),
    ("SELECT items FROM items, items", 'the table "items" is ambiguous', ""),
    ("SELECT unnamed_subquery2.a FROM (SELECT 1 AS a)", 'no table "unnamed_subquery2" in FROM', "unnamed_subquery2.a"),
    ("SELECT unnest({'a': 1}).a", "UNNEST of a struct stands alone, as an item of the SELECT list", ""),
    ("SELECT unnest(unnest([[1]]))", "UNNEST inside of UNNEST is not supported", ""),
    ("SELECT unnest(name) FROM items", "UNNEST takes a list or a struct, and this is VARCHAR", ""),
    ("SELECT unnest([1], 2)", "UNNEST takes one list or struct, and recursive :=", ""),
    ("SELECT unnest([1], deep := true)", 'UNNEST has no option "deep"', ""),
    ("SELECT unnest([1], recursive := 'hello')", "recursive of UNNEST is TRUE or FALSE that stands here as such", ""),
    ("SELECT unnest([1], max_depth := NULL)", "max_depth of UNNEST is a number that stands here as such", ""),
    ("SELECT unnest([1], max_depth := 0)", "max_depth of UNNEST is above zero", ""),
    ("SELECT unnest({'a': 1}), name FROM items GROUP BY ALL", "GROUP BY ALL cannot stand with UNNEST of a struct", ""),
    ("SELECT generate_subscripts([1], 2)", "generate_subscripts takes a list and the dimension 1", ""),
    ("SELECT regexp_split_to_table('a', 'b', 'c')", "regexp_split_to_table takes a text and a pattern", ""),
    ("SELECT * FROM range(1, 5, 0)", "the step of range must not be 0", ""),
    ("SELECT $p", "no value for the parameter $p", ""),
    ("SELECT day + price FROM items", "DATE + DOUBLE is not defined", "day + price"),
    ("SELECT day + INTERVAL '1 month 2 moon' FROM items", "'moon' in '1 month 2 moon' is not a unit of time", ""),
    ("SELECT INTERVAL 1 DAY * INTERVAL 1 DAY", "INTERVAL * INTERVAL is not defined", ""),
    ("SELECT price::INTERVAL FROM items", "DOUBLE cannot be cast to INTERVAL", "price"),
    ("SELECT INTERVAL '1-2' YEAR TO MONTH", "is not supported", ""),
    ("SELECT INTERVAL ''", "'' is not an interval", ""),
    ("SELECT INTERVAL '99999999999999999999 days'", "is too long", ""),
    ("SELECT name COLLATE de FROM items", "the collation DE is not supported; there are NFC, NOACCENT, NOCASE", ""),
    ("SELECT price COLLATE nocase FROM items", "COLLATE stands behind a VARCHAR, and this is DOUBLE", "price"),
    ("SELECT name COLLATE nocase = name COLLATE nfc FROM items", "the collations NOCASE and NFC do not compare", ""),
    ("SELECT concat(name COLLATE nocase, name COLLATE nfc) FROM items", "NOCASE and NFC do not compare", ""),
    ("SELECT name COLLATE nocase FROM items UNION SELECT name COLLATE nfc FROM items", "types that do not combine", ""),
    ("SELECT list(DISTINCT name COLLATE nocase) OVER () FROM items", "OVER of texts with a collation", ""),
    ("SELECT name SIMILAR TO 'a' ESCAPE '#' FROM items", "ESCAPE behind SIMILARTO is not supported", ""),
    ("SELECT typeof(1, 2)", "argument", ""),
    ("SELECT mod(1)", "cannot read this", ""),
    ("SELECT add(1, 2, 3)", "the function takes 2 argument(s), not 3", ""),
    ("SELECT name + INTERVAL 1 DAY FROM items", "an interval is added to a date", ""),
    ("SELECT day + INTERVAL 'x' DAY FROM items", "'x' is not a number of days", ""),
    ("SELECT day + INTERVAL '1 fortnight' FROM items", "'fortnight' in '1 fortnight' is not a unit of time", ""),
    ("SELECT (SELECT 1, 2)", "a subquery that stands for a value has 2 columns; it needs one", "1, 2"),
    ("SELECT * REPLACE (1 AS prce) FROM items", 'no column "prce" to replace', ""),
    ("SELECT (SELECT prce FROM items)", 'no column "prce" in items', "prce"),
    ("SELECT 1 > ALL (SELECT 1, 2)", "1 values are compared with the 2 columns of the subquery", ""),
    ("SELECT (1, 2) IN (SELECT 1)", "2 values are compared with the 1 columns", ""),
    ("SELECT 1 FROM items WHERE row_number() OVER () = 1", "a window function cannot stand here", ""),
    ("SELECT sum(price) OVER w FROM items", 'no window "w"', "w"),
    ("SELECT upper(name) OVER () FROM items", "upper is not a window function or an aggregate", "upper"),
    ("SELECT ntile() OVER () FROM items", "ntile takes 1 argument(s), not 0", ""),
    (
        "SELECT sum(price) OVER (ORDER BY name, day RANGE 1 PRECEDING) FROM items",
        "RANGE with an offset needs ORDER BY of one expression",
        "",
    ),
    (
        "SELECT sum(price) OVER (ROWS BETWEEN UNBOUNDED FOLLOWING AND CURRENT ROW) FROM items",
        "a frame cannot begin at UNBOUNDED FOLLOWING",
        "",
    ),
    ("SELECT name, price FROM items GROUP BY ROLLUP (name)", 'the column "price" must appear in GROUP BY', "price"),
    ("SELECT 1 EXCEPT SELECT 1, 2", "the sides of EXCEPT have 1 and 2 columns", ""),
    (
        "WITH RECURSIVE q AS (SELECT 1 UNION ALL SELECT 1, 2 FROM q) SELECT * FROM q",
        "the sides of a recursive UNION have 1 and 2 columns",
        "",
    ),
    ("SELECT grouping(name) FROM items WHERE grouping(name) = 0", "GROUPING cannot stand here", ""),
    ("SELECT * FROM items, unnest(price)", "UNNEST takes a list, and this is DOUBLE", ""),
    ("SELECT name || [1] FROM items", "a list and VARCHAR do not concatenate", ""),
    ("UPDATE items SET prce = 1", 'no column "prce" in items', "prce"),
    ("DELETE FROM itms", 'no table "itms"', "itms"),
    ("DELETE FROM items WHERE prce = 1", 'no column "prce" in items', "prce"),
    ("SELECT 1; SELECT prce FROM items", 'no column "prce"', "prce"),
    ("EXPLAIN SELECT prce FROM items", 'no column "prce"', "prce"),
    ("SELECT FROM FROM", "cannot read this", ""),
    ("", "the statement is empty", ""),
    ("SELECT 'a", "a quote is opened and never closed", "'"),
    ("SHOW itms", 'no table "itms"', "itms"),
]


@pytest.fixture(scope="module")
def db() -> Iterator[rem.Database]:
    rows = pa.table(
        {
            "name": pa.array(["a", "b", None], pa.string()),
            "price": pa.array([1.5, float("nan"), None], pa.float64()),
            "stock": pa.array([1, 2**31 - 1, None], pa.int32()),
            "day": pa.array([0, 19_000, None], pa.date32()),
        }
    )
    with rem.connect(background=False) as database:
        database.load("items", rows)
        yield database


@pytest.mark.parametrize(("text", "message", "under"), CASES, ids=[f"{i}-{c[1][:30]}" for i, c in enumerate(CASES)])
def test_an_error_says_what_and_where(db: rem.Database, text: str, message: str, under: str) -> None:
    with pytest.raises(TextError) as caught:
        db.sql(text)
    assert message in str(caught.value)
    if under:
        shown = str(caught.value).splitlines()
        place = next(i for i, line in enumerate(shown) if line.startswith("line "))
        start = shown[place + 1].index("^")
        assert shown[place][start : start + shown[place + 1].count("^")].startswith(
            under.split(" AS ", maxsplit=1)[0][:12]
        )


def test_the_place_is_that_of_the_line(db: rem.Database) -> None:
    with pytest.raises(rem.RemError) as caught:
        db.sql("SELECT name,\n       prce\nFROM items")
    assert "line 2:        prce\n               ^^^^\nDid you mean price?" in str(caught.value)


def test_a_lazy_frame_is_of_one_query(db: rem.Database) -> None:
    with pytest.raises(rem.RemError, match="one statement at a time"):
        db.lazy("SELECT 1; SELECT 2")
    with pytest.raises(rem.RemError, match="DELETE cannot stand here"):
        db.lazy("DELETE FROM items")


def test_a_text_that_is_none_or_too_long_is_refused(db: rem.Database) -> None:
    with pytest.raises(rem.RemError, match="a statement is a text, not int"):
        db.sql(5)  # type: ignore[arg-type]
    with pytest.raises(rem.RemError, match="at most 1,000,000 are read"):
        db.sql("SELECT 1 -- " + "x" * 1_000_000)


def test_deep_and_doubling_statements_are_refused(db: rem.Database) -> None:
    with pytest.raises(rem.RemError, match="nested"):
        db.sql("SELECT * FROM (" * 80 + "SELECT 1" + ") q" * 80)
    with pytest.raises(rem.RemError):
        db.sql("SELECT " + "(" * 5_000 + "1" + ")" * 5_000)
    doubling = ", ".join(f"q{i + 1} AS (SELECT a.x FROM q{i} a, q{i} b)" for i in range(20))
    with pytest.raises(rem.RemError, match="more than 5,000 queries"):
        db.sql(f"WITH q0 AS (SELECT 1 AS x), {doubling} SELECT * FROM q20")


def test_a_limit_by_parameter_is_checked(db: rem.Database) -> None:
    assert db.sql("SELECT name FROM items LIMIT $n", {"n": 2}).height == 2
    with pytest.raises(rem.RemError, match="whole numbers that are not negative"):
        db.sql("SELECT name FROM items LIMIT $n", {"n": -1})


@pytest.mark.parametrize(
    "text",
    ["SELECT 2147483647 + stock FROM items", "SELECT 1 // 0", "SELECT 1 % 0", "SELECT 'x'::INTEGER",
     "SELECT -(-128)::TINYINT - 1::TINYINT", "SELECT 300::TINYINT", "SELECT chr(-1)",
     "SELECT '2024-13-01' || name = day::VARCHAR, name::DATE FROM items"],
)  # fmt: skip
def test_what_fails_while_running_is_an_execute_error(db: rem.Database, text: str) -> None:
    with pytest.raises(rem.RemError) as caught:
        db.sql(text)
    assert type(caught.value).__name__ == "ExecuteError"


RUNNING: list[tuple[str, str]] = [
    # Text, what the message says.
    ("SELECT 'x'::INTEGER", "'x' is not a whole number"),
    ("SELECT '1e99'::DECIMAL(5, 2)", "'1e99' is not a DECIMAL(5,2)"),
    ("SELECT name::INTERVAL FROM items", "is not an interval"),
    ("SELECT extract(dow FROM INTERVAL 1 DAY)", "an interval has no dayofweek"),
    ("SELECT date_trunc(name, INTERVAL 1 DAY) FROM items", "date_trunc of an interval takes one of"),
    ("SELECT strptime('x', '%Y')", "'x' does not read as '%Y'"),
    ("SELECT timezone('Mars/Phobos', TIMESTAMP '2020-01-01')", "'Mars/Phobos' is not a time zone"),
    ("SELECT timezone(name, TIMESTAMP '2020-01-01') FROM items", "is not a time zone"),
    ("SELECT unhex('zz')", "'zz' is not hexadecimal"),
    ("SELECT unbin('012')", "'012' is not binary"),
    ("SELECT from_base64('a')", "'a' is not base 64"),
    ("SELECT to_base(5, 99)", "to_base(5, 99, 0) is out of range"),
    ("SELECT decode('\\xFF'::BLOB)", "these bytes are not UTF-8"),
    ("SELECT hamming('a', 'bb')", "hamming takes texts of one length"),
    ("SELECT jaccard('', 'a')", "jaccard takes no empty text"),
    ("SELECT format('{} {}', 1)", "format cannot write 1 value(s)"),
    ("SELECT format('{:9999999}', 1)", "a width has at most 5 digits"),
    ("SELECT printf('%9999999d', 1)", "a width has at most 5 digits"),
    ("SELECT printf('%d %d', 1)", "needs more values than the 1 given"),
    ("SELECT printf('%d', 1.5)", "printf cannot write '1.5' by %d"),
    ("SELECT parse_formatted_bytes('much')", "'much' is not a size"),
    ("SELECT bar(1, 0, 2, 9999)", "the width of a bar is 1 to 1000"),
    ("SELECT parse_filename('a', 'moon')", "'moon' is not a separator of paths"),
    ("SELECT regexp_replace(name, name || '(', 'x') FROM items", "is not a regular expression"),
    ("SELECT regexp_replace(name, name, '\\3') FROM items", "regexp_replace cannot write"),
    ("SELECT regexp_extract(name, 'a', 10) FROM items", "has a number from 0 to 9"),
    ("SELECT regexp_extract(name, 'a', stock) FROM items", "the group of a regular expression is a constant"),
    ("SELECT regexp_matches(name, 'a**') FROM items", "two repetitions meet at '*'"),
    ("SELECT regexp_matches(name, '(?=a)') FROM items", "'(?=' has no meaning"),
    ("SELECT regexp_matches(name, '[a') FROM items", "a [ is not closed"),
    ("SELECT regexp_matches(name, 'a{2000}') FROM items", "is more than 1,000 times"),
    ("SELECT regexp_replace(name, 'a', '\\x') FROM items", "a backslash stands before a digit"),
    ("SELECT array_length([1], 2)", "a list has the length of its dimension 1 only"),
    ("SELECT MAP {'a': 1, 'a': 2}", "a map has a key twice"),
    ("SELECT map([NULL], [1])", "a key of a map is NULL"),
    ("SELECT map([1, 2], [1])", "the keys and the values of a map differ in number"),
    ("SELECT array_pop_back([1], 2)", "the function takes 1 argument(s), not 2"),
    ("SELECT DATE '9999-12-31' + 1", "the date 10000-01-01 is out of range: a DATE lies from 0001-01-01"),
    ("SELECT DATE '0001-01-01' - 2", "the date 0000-12-30 is out of range"),
    ("SELECT d + 9999999 FROM (VALUES (DATE '2024-01-01')) t(d)", "the date 29403-01-26 is out of range"),
    ("SELECT TIMESTAMP '2000-01-01 10:00' - INTERVAL 3000 YEAR", "the timestamp -1000-01-01 10:00:00 is out of range"),
    ("SELECT make_date(20000, 1, 1)", "the year 20000 is out of range"),
    ("SELECT string_agg(DISTINCT name, ',' ORDER BY stock) FROM items", "is ordered by its arguments only"),
    ("SELECT round(1.5, 1::BIGINT)", "round takes an INTEGER here, and this is BIGINT"),
    ("SELECT round(1.5::DECIMAL(3, 1), stock::INTEGER) FROM items", "takes a constant number of places"),
    ("SELECT lead(1, 1, DATE '2024-01-01') OVER ()", "the default is DATE, where INTEGER is needed"),
    ("SELECT strptime('x', ['%Y', '%d'])", "does not read as any of"),
    ("SELECT '[a'::VARCHAR[]", "'[a' is not a LIST"),
    ("SELECT struct_pack(1)", "a field of a struct has a name"),
    ("SELECT struct_values({'a': 1}, 2)", "this takes 1 argument(s), not 2"),
    ("SELECT struct_values(1)", "this takes a struct first, and this is INTEGER"),
    ("SELECT struct_position({'a': 1}, 1)", "this takes a row without names first"),
    ("SELECT max(price, 0) FROM items", "take a number of values above zero"),
    ("SELECT list_resize([1], -1)", "a list has no size below zero"),
    ("SELECT list_select([1], [NULL])", "list_select takes no NULL among the places"),
    ("SELECT name LIKE 'a' ESCAPE 'xy' FROM items", "the escape of LIKE is one character"),
    ("SELECT regexp_matches(name, 'a', name) FROM items", "the options of a regular expression are a constant"),
    ("SELECT regexp_replace(name, 'a', 'b', 'q') FROM items", "and this is 'q'"),
    ("SELECT binom(500, 250)", "binom(500, 250) is out of range"),
    ("SELECT uuid_extract_version('x')", "'x' is not a UUID"),
    ("SELECT error('boom')", "boom"),
    (
        "SELECT * FROM (VALUES (INTERVAL 0 DAY)) t(s), range(TIMESTAMP '2020-01-01', TIMESTAMP '2020-01-02', s)",
        "the step of a series of times must not be 0",
    ),
    ("SELECT * FROM (VALUES (0)) t(i), range(1, 5, i)", "the step of a series must not be 0"),
    (
        "SELECT unnest(range(TIMESTAMP '2020-01-01', TIMESTAMP '2021-01-02', INTERVAL 1 MICROSECOND))",
        "a series of times has at most 1,000,000 steps",
    ),
]


@pytest.mark.parametrize(("text", "message"), RUNNING, ids=[m[:30] for _, m in RUNNING])
def test_a_function_says_what_it_cannot_take(db: rem.Database, text: str, message: str) -> None:
    with pytest.raises(rem.RemError) as caught:
        db.sql(text)
    assert message in str(caught.value)


def test_list_reduce_of_an_empty_list_without_a_start_is_an_error() -> None:
    with (
        rem.connect(background=False) as db,
        pytest.raises(rem.ExecuteError, match="list_reduce has no first value in an empty list; give a start value"),
    ):
        db.sql("SELECT list_reduce([]::INTEGER[], lambda x, y: x + y)")


def test_beside_null_nothing_is_computed_that_could_fail() -> None:
    with rem.connect(background=False) as db:
        assert (
            db.sql("SELECT NULL * CAST(k / 0 AS INTEGER) AS a, NULL = (k // 0) AS b FROM (VALUES (1), (2)) v(k)").rows()
            == [(None, None)] * 2
        )

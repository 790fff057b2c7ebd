"""Statements with mistakes in them: whatever a text is, it ends in rows or in a RemError that names what is wrong.

The statements of tests/sql/*.slt run over the tables that their files make. Words are dropped, doubled, swapped, and
replaced by others: of the same statement, of another one, functions, types, and values at the edge of their types.
Parts of a statement's tree are replaced by parts of another one's, which mostly gives what can be read.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

import rem_arrow as rem
from rem_arrow.plan.functions import AGGREGATES, ALIASES, SCALAR
from tests.fuzz.oracle import Finding
from tests.sql.test_slt import FILES, blocks

_WORD = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\w+|\$\w+|::|->>?|<=|>=|<>|!=|\|\||//|\*\*|<<|>>|=>|:=|\s+|.", re.DOTALL
)


def _words(text: str) -> list[str]:
    return re.findall(r"\S+", text)


_KEYWORDS = _words("""
    SELECT FROM WHERE GROUP BY HAVING QUALIFY WINDOW ORDER LIMIT OFFSET UNION INTERSECT EXCEPT ALL DISTINCT ON USING
    JOIN LEFT RIGHT FULL CROSS SEMI ANTI ASOF POSITIONAL NATURAL LATERAL WITH RECURSIVE AS MATERIALIZED CASE WHEN
    THEN ELSE END CAST TRY_CAST EXISTS IN NOT AND OR IS NULL LIKE ILIKE SIMILAR TO BETWEEN OVER PARTITION ROWS RANGE
    GROUPS PRECEDING FOLLOWING UNBOUNDED CURRENT ROW EXCLUDE TIES FILTER WITHIN IGNORE NULLS FIRST LAST ASC DESC
    PIVOT UNPIVOT SUMMARIZE DESCRIBE EXPLAIN ANALYZE VALUES TABLE COLUMNS STRUCT MAP ARRAY LAMBDA INTERVAL DATE TIME
    TIMESTAMP INSERT INTO UPDATE SET DELETE MERGE RETURNING CREATE OR REPLACE TEMP VIEW INDEX DROP ALTER ADD COLUMN
    RENAME TABLESAMPLE SAMPLE COLLATE ESCAPE AT VERSION UNNEST ORDINALITY ROLLUP CUBE GROUPING SETS SEARCH LOOKUP
    FUZZY TRAVERSE GRAPH_TABLE MATCH SHORTEST_PATH NEIGHBORS BEGIN COMMIT ROLLBACK PREPARE EXECUTE SHOW PRAGMA COPY
""")
_SIGNS = _words("""( ) [ ] { } , . * + - / // % = <> < >= || :: -> ->> ^ ~ & << ! ? $1 $p @ ; : ' " ** => # \\ """)
_VALUES = [
    *_words("0 1 -1 2.5 1e400 1e-400 -0.0 127 128 32768 2147483648 9223372036854775807 9223372036854775808"),
    *_words("-9223372036854775808 170141183460469231731687303715884105728 340282366920938463463374607431768211456"),
    *_words("0.1234567890123456789 NULL true false 'nan'::DOUBLE 'inf'::DOUBLE ''::BLOB [] [NULL] {'a':NULL} MAP{}"),
    *_words("NULL::INTEGER[] '' 'a' '\x00' 'ß' '%' '_' '(' '[a' '\\' '\\1' '{\"a\":[1' '$..x' '[1,' 'P1Y'"),
    *_words("'2024-02-30' '0001-01-01'::DATE '9999-12-31'::DATE '24:00:00' 'infinity' (SELECT-1) (1,2)"),
    *["'1 month -1 day'", "INTERVAL 300000 YEAR", "TIMESTAMP '1677-09-21 00:12:43'", "lambda x: x", "x -> x + 1"],
]
_TYPES = _words("""
    TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT UBIGINT UHUGEINT FLOAT DOUBLE DECIMAL(3,1) DECIMAL(38,37) VARCHAR
    BLOB DATE TIME TIMESTAMP TIMESTAMPTZ TIMESTAMP_NS TIMESTAMP_S INTERVAL UUID BOOLEAN JSON BIT INTEGER[] INTEGER[3]
    STRUCT("a"INTEGER) MAP(VARCHAR,INTEGER)
""")
_SLOW_S = 60.0


class Mutations:
    """Mutated statements of one file."""

    def __init__(self, rng: random.Random, statements: list[str]) -> None:
        self.rng = rng
        self.statements = [_WORD.findall(text) for text in statements]
        self.trees = [tree for text in statements if (tree := _tree(text)) is not None]
        self.names = sorted({*SCALAR, *AGGREGATES, *ALIASES})

    def text(self) -> str:
        """Return a statement with one to four mistakes."""
        if self.rng.random() < 0.6:
            return self._crossed()
        words = list(self.rng.choice(self.statements))
        for _ in range(self.rng.randint(1, 4)):
            self._mistake(words)
        text = "".join(words)
        if self.rng.random() < 0.1:
            at = self.rng.randrange(len(text) + 1)
            text = (
                text[:at] + self.rng.choice(["", *_SIGNS, "\x00", "é", "\u200b"]) + text[at + self.rng.randint(0, 2) :]
            )
        return text

    def _crossed(self) -> str:
        """Return a statement in whose tree parts of others stand."""
        tree = self.rng.choice(self.trees).copy()
        for _ in range(self.rng.randint(1, 3)):
            nodes = [node for node in tree.walk() if node.parent is not None]
            if nodes:
                self.rng.choice(nodes).replace(self._part())
        try:
            return tree.sql("duckdb")
        except (SqlglotError, AttributeError, ValueError, TypeError):
            return self._crossed()

    def _part(self) -> exp.Expression:
        if self.rng.random() < 0.3:
            value = _tree("SELECT " + self.rng.choice(_VALUES))
            if isinstance(value, exp.Select) and value.expressions:
                return value.expressions[0].copy()
        part = self.rng.choice(list(self.rng.choice(self.trees).walk())).copy()
        if isinstance(part, exp.Func) and self.rng.random() < 0.4:
            return exp.Anonymous(this=self.rng.choice(self.names), expressions=list(part.iter_expressions()))
        return part

    def _mistake(self, words: list[str]) -> None:
        at = self.rng.randrange(len(words) + 1)
        place = min(at, len(words) - 1) if words else 0
        if not words:
            words.append(self._word())
            return
        match self.rng.randrange(9):
            case 0:
                del words[place]
            case 1:
                words[at:at] = [" ", self._word(), " "]
            case 2:
                words[place] = self._word()
            case 3:
                other = self.rng.randrange(len(words))
                words[place], words[other] = words[other], words[place]
            case 4:
                other = self.rng.choice(self.statements)
                first = self.rng.randrange(len(other))
                words[place : place + self.rng.randint(0, 3)] = other[first : first + self.rng.randint(1, 12)]
            case 5:
                del words[place : place + self.rng.randint(1, 6)]
            case _:
                self._same_kind(words, place)

    def _same_kind(self, words: list[str], place: int) -> None:
        """Replace a value by a value, a function by a function: most of what comes out can be read."""
        places = [i for i, word in enumerate(words) if word.strip() and word not in "(),"]
        at = self.rng.choice(places) if places else place
        word, behind = words[at], "".join(words[at + 1 : at + 2])
        if behind == "(" and word.isidentifier():
            words[at] = self.rng.choice(self.names)
        elif word.startswith("'") or word[:1].isdigit():
            words[at] = self.rng.choice(_VALUES)
        elif word.upper() in _KEYWORDS:
            words[at] = self.rng.choice(_KEYWORDS)
        elif word.isidentifier():
            others = [w for w in words if w.isidentifier() and w.upper() not in _KEYWORDS]
            words[at] = self.rng.choice([*others, self.rng.choice(_VALUES), f"{word}::{self.rng.choice(_TYPES)}"])
        else:
            words[at] = self.rng.choice(_SIGNS)

    def _word(self) -> str:
        pick = self.rng.randrange(6)
        if pick == 0:
            return self.rng.choice(self.names) + "("
        if pick == 1:
            return "::" + self.rng.choice(_TYPES)
        if pick == 2:
            other = self.rng.choice(self.statements)
            return self.rng.choice(other)
        return self.rng.choice((_KEYWORDS, _SIGNS, _VALUES)[pick - 3])


def _tree(text: str) -> exp.Expression | None:
    try:
        return sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError:
        return None


def mutated(seed: int, count: int, about: Callable[[str], None] = lambda text: None) -> Iterator[Finding]:
    """Yield the findings among `count` mutated statements over the tables of one file."""
    mutations = Mutations(random.Random(seed), [text for kind, text in _file(seed) if kind == "query"])
    with _database(seed) as db:
        for _ in range(count):
            text = mutations.text()
            about(text)
            detail = wrong(db, text)
            if detail:
                yield Finding("no RemError", text, detail)


def again(seed: int, text: str) -> str:
    """Return what a finding of a seed ends in now."""
    with _database(seed) as db:
        return wrong(db, text)


def _file(seed: int) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text, _ in blocks(FILES[seed % len(FILES)])]


def _database(seed: int) -> rem.Database:
    db = rem.connect(background=False, memory_limit="500MB", files="none")
    create(db, [text for kind, text in _file(seed) if kind == "statement"])
    return db


def wrong(db: rem.Database, text: str) -> str:
    """Return what a statement ends in beside rows and clear errors; empty if it is well."""
    begun = time.monotonic()
    try:
        db.sql(text, {"p": 1, "1": "a"}, timeout_s=10)
    except rem.RemError as error:
        if "Polars failed inside" in str(error) or not str(error).strip():
            return f"{type(error).__name__}: {error}"
    except BaseException as error:  # noqa: BLE001 - whatever else comes out is the finding
        return f"{type(error).__name__}: {error}"
    taken = time.monotonic() - begun
    return f"ran {taken:.0f} s under timeout_s=10" if taken > _SLOW_S else ""


def create(db: rem.Database, statements: list[str]) -> None:
    with duckdb.connect() as oracle:
        oracle.execute("SET timezone = 'UTC'")
        for text in statements:
            oracle.execute(text)
        for (name,) in oracle.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall():
            db.load(name, oracle.sql(f'SELECT * FROM "{name}"').to_arrow_table())

"""What the demo asks: standard SQL over modules, classes, functions, resources and edges, each answer with at least one
row.

The texts use nothing beyond SELECT with joins, GROUP BY, HAVING, ORDER BY, LIMIT, CASE, CAST, the five aggregates,
COUNT(DISTINCT), CTEs, LIKE, IN and BETWEEN, so any SQL engine runs them; each orders its rows completely.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """One question: a heading, the SQL that answers it, and a sentence about how to read the answer."""

    title: str
    sql: str
    note: str


LOOKUP = "json.dumps"
# In plain language.
ASKED = (
    "Which modules does json.decoder import?",
    "Which package has the most public functions?",
    "classes that inherit from logging.Handler",
)

QUESTIONS: tuple[Question, ...] = (
    Question(
        title="Which packages are the largest?",
        sql="""\
SELECT package, COUNT(*) AS modules, SUM(size) AS lines, MAX(size) AS largest_module
FROM modules
WHERE kind IN ('module', 'package')
GROUP BY package
ORDER BY lines DESC, package
LIMIT 8""",
        note="Lines of Python source; tests are not counted.",
    ),
    Question(
        title="Which modules do most others import?",
        sql="""\
SELECT m.id, m.kind, COUNT(*) AS imported_by, COUNT(DISTINCT i.package) AS packages
FROM edges e
JOIN modules m ON m.id = e.dst
JOIN modules i ON i.id = e.src
WHERE e.edge_type = 'imports'
GROUP BY m.id, m.kind
ORDER BY imported_by DESC, m.id
LIMIT 8""",
        note="Edges are a table like any other: here joined twice with modules, once for each end.",
    ),
    Question(
        title="Where do public functions lack a docstring?",
        sql="""\
SELECT package,
       COUNT(*) AS functions,
       SUM(CASE WHEN docstring IS NULL THEN 1 ELSE 0 END) AS undocumented,
       100.0 * SUM(CASE WHEN docstring IS NULL THEN 1 ELSE 0 END) / COUNT(*) AS percent
FROM functions
WHERE is_public
GROUP BY package
HAVING COUNT(*) >= 100
ORDER BY undocumented DESC, package
LIMIT 8""",
        note="Packages with at least 100 public functions and methods.",
    ),
    Question(
        title="Which classes have the most heirs?",
        sql="""\
WITH heirs AS (
    SELECT dst AS id, COUNT(*) AS direct FROM edges WHERE edge_type = 'inherits' GROUP BY dst
), second AS (
    SELECT a.dst AS id, COUNT(DISTINCT b.src) AS at_two
    FROM edges a
    JOIN edges b ON b.dst = a.src AND b.edge_type = 'inherits'
    WHERE a.edge_type = 'inherits'
    GROUP BY a.dst
)
SELECT c.id, h.direct, CASE WHEN s.at_two IS NULL THEN 0 ELSE s.at_two END AS two_steps_away
FROM heirs h
JOIN classes c ON c.id = h.id
LEFT JOIN second s ON s.id = h.id
ORDER BY h.direct DESC, c.id
LIMIT 8""",
        note="The second column counts subclasses, the third the subclasses of those.",
    ),
    Question(
        title="How are the big modules built?",
        sql="""\
SELECT m.id, m.size AS lines, COUNT(DISTINCT c.id) AS classes, COUNT(f.id) AS methods,
       AVG(f.size) AS lines_per_method
FROM modules m
JOIN classes c ON c.module = m.id
JOIN functions f ON f.class_id = c.id
WHERE m.is_public AND m.size BETWEEN 1000 AND 5000
GROUP BY m.id, m.size
HAVING COUNT(DISTINCT c.id) >= 10
ORDER BY methods DESC, m.id
LIMIT 8""",
        note="Modules, classes and functions in one join, for modules of 1,000 to 5,000 lines.",
    ),
    Question(
        title="Which functions are called from most places?",
        sql="""\
SELECT f.id, COUNT(*) AS callers, CAST(SUM(e.weight) AS BIGINT) AS calls,
       COUNT(DISTINCT g.package) AS packages
FROM edges e
JOIN functions f ON f.id = e.dst
JOIN functions g ON g.id = e.src
WHERE e.edge_type = 'calls' AND f.package <> g.package
GROUP BY f.id
ORDER BY callers DESC, f.id
LIMIT 8""",
        note="Calls from one package to another; the weight of an edge is its number of calls.",
    ),
    Question(
        title="Which functions are the longest?",
        sql="""\
SELECT id, size AS lines, CASE WHEN class_id IS NULL THEN 'function' ELSE 'method' END AS kind,
       file, line
FROM functions
ORDER BY size DESC, id
LIMIT 8""",
        note="",
    ),
    Question(
        title="Which docstrings speak of deprecation?",
        sql="""\
SELECT f.package, COUNT(*) AS functions, MIN(f.id) AS first_by_name
FROM resources r
JOIN functions f ON f.id = r.name
WHERE r.category = 'docstring' AND LOWER(r.content) LIKE '%deprecated%'
GROUP BY f.package
ORDER BY functions DESC, f.package
LIMIT 8""",
        note="Every docstring is a resource, named after what it documents.",
    ),
)

# Beyond the SQL of other engines: by meaning, alone and with what SQL knows.
SEARCHES: tuple[Question, ...] = (
    Question(
        title="What parses a date out of a text?",
        sql="""\
SEARCH 'parse a date from a string' IN resources
WHERE category = 'docstring'
LIMIT 6""",
        note="The built-in embedder knows what words mean: nothing here leaves the machine.",
    ),
    Question(
        title="Which functions about compression are called most?",
        sql="""\
SELECT f.id, r._score AS score, COUNT(*) AS callers
FROM SEARCH(resources, 'compress data, decompress data', k => 40) r
JOIN functions f ON f.id = r.name
JOIN edges e ON e.dst = f.id AND e.edge_type = 'calls'
GROUP BY f.id, r._score
ORDER BY callers DESC, f.id
LIMIT 6""",
        note="Nearest by meaning first, then the graph and SQL, in one statement.",
    ),
    Question(
        title="What depends on zlib within three imports?",
        sql="""\
SELECT n.depth AS imports_away, COUNT(*) AS modules, MIN(n.id) AS first_by_name
FROM NEIGHBORS('zlib', depth => 3, direction => 'in', type => 'imports') n
GROUP BY n.depth
ORDER BY n.depth""",
        note="The graph is walked in memory; its rows are a relation like any other.",
    ),
    Question(
        title="By which imports does json come to zlib?",
        sql="""\
SELECT length, array_to_string(path, ' -> ') AS path
FROM SHORTEST_PATH('json', 'zlib', type => 'imports')""",
        note="",
    ),
    Question(
        title="Which modules import each other?",
        sql="""\
SELECT length, array_to_string(path, ' -> ') AS cycle
FROM CYCLES(depth => 3, type => 'imports')
ORDER BY length, cycle
LIMIT 6""",
        note="",
    ),
    Question(
        title="Which packages have the functions about compression that reach the most others?",
        sql="""\
WITH found AS (SELECT name FROM SEARCH(resources, 'compress data, decompress data', k => 20)),
reached AS (SELECT start_id, COUNT(*) AS others FROM NEIGHBORS((SELECT name
FROM found), depth => 3, type => 'calls') GROUP BY start_id)
SELECT f.package, COUNT(*) AS functions, SUM(r.others) AS reached
FROM reached r
JOIN functions f ON f.id = r.start_id
GROUP BY f.package
ORDER BY reached DESC, f.package
LIMIT 5""",
        note="Search, then the graph, then SQL: one statement.",
    ),
)

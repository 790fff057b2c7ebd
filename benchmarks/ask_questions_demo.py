"""Questions over the demo database: the modules, classes, functions and docstrings of a Python standard library,
whatever its version."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.question import Question

_LOOKUPS: tuple[Question, ...] = (
    # A docstring is named after what it documents: it may come with it.
    Question(
        "What is json.dumps?", "entity_lookup", "SELECT id FROM functions WHERE id = 'json.dumps'", "contains", k=3
    ),
    Question(
        "tell me about argparse.ArgumentParser",
        "entity_lookup",
        "SELECT id FROM classes WHERE id = 'argparse.ArgumentParser'",
        "contains",
        k=3,
    ),
    Question("find OrderedDict", "entity_lookup", "SELECT id FROM classes WHERE name = 'OrderedDict'", "contains", k=5),
)

_FILTERS: tuple[Question, ...] = (
    Question(
        "Show the public classes in package asyncio",
        "sql",
        "SELECT id FROM classes WHERE package = 'asyncio' AND is_public",
    ),
    Question(
        "functions of module textwrap", "sql", "SELECT id FROM functions WHERE module = 'textwrap'", also=("graph",)
    ),
    Question(
        "Which async functions have more than 60 lines?", "sql", "SELECT id FROM functions WHERE is_async AND size > 60"
    ),
    Question("list modules where kind is builtin", "sql", "SELECT id FROM modules WHERE kind = 'builtin'"),
    Question(
        "the ten longest functions", "sql", "SELECT id FROM functions ORDER BY size DESC LIMIT 10", also=("aggregate",)
    ),
)

_COUNTS: tuple[Question, ...] = (
    Question("How many classes are there?", "aggregate", "SELECT COUNT(*) FROM classes"),
    Question("count functions by package", "aggregate", "SELECT package, COUNT(*) FROM functions GROUP BY package"),
    Question(
        "How many public functions have no docstring?",
        "aggregate",
        "SELECT COUNT(*) FROM functions WHERE is_public AND docstring IS NULL",
    ),
    Question(
        "Which package has the most modules?",
        "aggregate",
        "SELECT package FROM modules GROUP BY package ORDER BY COUNT(*) DESC, package LIMIT 1",
        "top",
        k=1,
    ),
    Question("average size of modules by kind", "aggregate", "SELECT kind, AVG(size) FROM modules GROUP BY kind"),
    Question("what's the maximum number of lines of a class", "aggregate", "SELECT MAX(size) FROM classes"),
)

# The embedder that the demo is built with is lexical: `n` is what a plain search for the words of the question reaches,
# less a margin.
_MEANING: tuple[Question, ...] = (
    Question("How do I compress and decompress data?", "vector",
             "SELECT id FROM resources WHERE LOWER(content) LIKE '%compress%'", "top", n=5,
             reference="SEARCH 'compress and decompress data' IN resources LIMIT 10"),
    Question("something to remove a directory",
             "vector", "SELECT id FROM resources WHERE regexp_matches(content, '(?i)(remov|delet)\\w* .*director')",
             "top", reference="SEARCH 'remove a directory' IN resources LIMIT 10"),
    Question("docs about parsing command line arguments", "vector",
             "SELECT id FROM resources WHERE LOWER(content) LIKE '%argument%'", "top", n=6,
             reference="SEARCH 'parsing command line arguments' IN resources LIMIT 10"),
    Question("random number generators", "vector", "SELECT id FROM resources WHERE LOWER(content) LIKE '%random%'",
             "top", n=5, reference="SEARCH 'random number generators' IN resources LIMIT 10"),
    Question(
        "search for anything on SSL certificates", "vector",
        "SELECT id FROM resources WHERE LOWER(content) LIKE '%certificate%' OR LOWER(content) LIKE '%ssl%'", "top", n=3,
        reference="SEARCH 'SSL certificates' IN resources LIMIT 10",
    ),
)  # fmt: skip

_MIXED: tuple[Question, ...] = (
    Question(
        "resources about sockets with the tag asyncio", "hybrid",
        "SELECT id FROM resources WHERE list_contains(tags, 'asyncio') AND LOWER(content) LIKE '%socket%'", "top", n=5,
        reference="SEARCH 'sockets' IN resources WHERE list_contains(tags, 'asyncio') LIMIT 10",
    ),
    Question(
        "docstrings about email headers tagged class", "hybrid",
        "SELECT id FROM resources WHERE list_contains(tags, 'class') AND LOWER(content) LIKE '%header%'", "top", n=4,
        reference="SEARCH 'email headers' IN resources WHERE list_contains(tags, 'class') LIMIT 10",
    ),
)  # fmt: skip

_WALKS: tuple[Question, ...] = (
    Question("What imports zlib?", "graph", "SELECT src AS id FROM edges WHERE dst = 'zlib' AND edge_type = 'imports'"),
    Question(
        "Which modules does json.decoder import?",
        "graph",
        "SELECT dst AS id FROM edges WHERE src = 'json.decoder' AND edge_type = 'imports'",
    ),
    Question(
        "who calls textwrap.dedent",
        "graph",
        "SELECT src AS id FROM edges WHERE dst = 'textwrap.dedent' AND edge_type = 'calls'",
    ),
    Question(
        "classes that inherit from logging.Handler",
        "graph",
        "SELECT src AS id FROM edges WHERE dst = 'logging.Handler' AND edge_type = 'inherits'",
    ),
    Question(
        "What is defined by queue.Queue?",
        "graph",
        "SELECT dst AS id FROM edges WHERE src = 'queue.Queue' AND edge_type = 'defines'",
    ),
)

_STAGES: tuple[Question, ...] = (
    Question(
        "Modules within two imports of zlib that are larger than 500 lines", "staged", """\
SELECT id FROM modules WHERE size > 500 AND id <> 'zlib' AND id IN (
  SELECT src FROM edges WHERE edge_type = 'imports' AND (dst = 'zlib' OR dst IN (SELECT src FROM edges
  WHERE dst = 'zlib' AND edge_type = 'imports')))""", also=("graph",),
    ),
    Question(
        "How many functions are defined by subclasses of threading.Thread?", "staged", """\
SELECT COUNT(*) FROM edges h JOIN edges d ON d.src = h.src AND d.edge_type = 'defines'
AND d.dst_table = 'functions' WHERE h.dst = 'threading.Thread' AND h.edge_type = 'inherits'""",
    ),
    Question(
        "How many modules import json, directly or through one other module?", "staged", """\
SELECT COUNT(*) FROM modules WHERE id <> 'json' AND id IN (
  SELECT src FROM edges WHERE edge_type = 'imports' AND (dst = 'json' OR dst IN (SELECT src FROM edges
  WHERE dst = 'json' AND edge_type = 'imports')))""", also=("graph", "aggregate"),
    ),
    Question(
        "public methods of the classes that inherit from logging.Handler", "staged", """\
SELECT f.id FROM edges h JOIN functions f ON f.class_id = h.src WHERE h.dst = 'logging.Handler'
AND h.edge_type = 'inherits' AND f.is_public""", also=("graph",),
    ),
)  # fmt: skip

DEMO: tuple[Question, ...] = tuple(
    replace(q, database="demo") for q in (*_LOOKUPS, *_FILTERS, *_COUNTS, *_MEANING, *_MIXED, *_WALKS, *_STAGES)
)

"""More questions over both databases, in other words and about other things than those of ask_questions_company and
ask_questions_demo.

Times are meant at company.NOW, Monday 2026-06-15, 12:00 UTC, and read as benchmarks.ask_questions says.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.question import Question


def _between(column: str, first: str, end: str) -> str:
    """From the beginning of a day (or a time) to before another."""
    return f"{column} >= TIMESTAMPTZ '{first} 00:00:00+00' AND {column} < TIMESTAMPTZ '{end} 00:00:00+00'"


_LOOKUPS: tuple[Question, ...] = (
    Question("could you pull up tap-2100 for me?", "entity_lookup", "SELECT id FROM issues WHERE id = 'TAP-2100'"),
    Question("who is YTANAKA", "entity_lookup", "SELECT id FROM users WHERE list_contains(aliases, 'ytanaka')"),
    Question("Any info on Federal Express?", "entity_lookup", "SELECT id FROM entities WHERE id = 'fedex'"),
    Question(
        "Give me the details of orbit telecom and juniper health",
        "entity_lookup",
        "SELECT id FROM entities WHERE name IN ('Orbit Telecom', 'Juniper Health')",
    ),
    Question("13455", "entity_lookup", "SELECT id FROM entities WHERE id = '13455'"),
    Question(
        "Please show doc-0042, doc-0043 and doc-0044",
        "entity_lookup",
        "SELECT id FROM resources WHERE id IN ('doc-0042', 'doc-0043', 'doc-0044')",
    ),
)

_FILTERS: tuple[Question, ...] = (
    Question(
        "I need every typescript file that is shorter than 40 lines",
        "sql",
        "SELECT id FROM files WHERE language = 'typescript' AND lines < 40",
    ),
    Question(
        "pull requests of Tomasz Kowalski that are still open",
        "sql",
        "SELECT id FROM pull_requests WHERE author = 'tomasz.kowalski' AND status = 'open'",
        also=("graph",),
    ),
    Question("ARCHIVED RUNBOOKS", "sql", "SELECT id FROM resources WHERE category = 'runbook' AND status = 'archived'"),
    Question(
        "Which features are in review and estimated at 8 points?",
        "sql",
        "SELECT id FROM issues WHERE issue_type = 'feature' AND status = 'in_review' AND points = 8",
    ),
    Question("which agents use the large model?", "sql", "SELECT id FROM agents WHERE model = 'large'"),
    Question(
        "Everyone located in Nairobi or Toronto", "sql", "SELECT id FROM users WHERE location IN ('Nairobi', 'Toronto')"
    ),
    Question(
        "Who are the three people that joined most recently?",
        "sql",
        "SELECT id FROM users ORDER BY joined_at DESC LIMIT 3",
        also=("aggregate", "temporal"),
    ),
)

_COUNTS: tuple[Question, ...] = (
    Question(
        "how many go test files do we have", "aggregate", "SELECT COUNT(*) FROM files WHERE is_test AND language = 'go'"
    ),
    Question(
        "Which location has the fewest users?",
        "aggregate",
        "SELECT location FROM users GROUP BY location ORDER BY COUNT(*) LIMIT 1",
        "top",
        k=1,
    ),
    Question(
        "mean story points by issue type", "aggregate", "SELECT issue_type, AVG(points) FROM issues GROUP BY issue_type"
    ),
    Question(
        "Add up the deletions in commits for each author",
        "aggregate",
        "SELECT author, SUM(deletions) FROM commits GROUP BY author",
    ),
    Question(
        "How many different people have reported critical bugs?",
        "aggregate",
        "SELECT COUNT(DISTINCT reporter) FROM issues WHERE priority = 'critical' AND issue_type = 'bug'",
    ),
    Question(
        "Reporters with more than 55 issues, please",
        "aggregate",
        "SELECT reporter FROM issues GROUP BY reporter HAVING COUNT(*) > 55",
    ),
)

_TIMES: tuple[Question, ...] = (
    Question("What's scheduled for June 18?",
             "temporal", f"SELECT id FROM moments WHERE {_between('starts_at', '2026-06-18', '2026-06-19')}"),
    Question(
        "were there any incidents in the past 36 hours", "temporal",
        "SELECT id FROM moments WHERE moment_type = 'incident' AND starts_at >= TIMESTAMPTZ '2026-06-14 00:00:00+00' "
        "AND starts_at <= TIMESTAMPTZ '2026-06-15 12:00:00+00'",
    ),
    Question("Retrospectives held in 2025",
             "temporal",
             "SELECT id FROM moments WHERE moment_type = 'retrospective' AND "
             f"{_between('starts_at', '2025-01-01', '2026-01-01')}"),
    Question("show me what was committed on December 24, 2025", "temporal",
             f"SELECT id FROM commits WHERE {_between('committed_at', '2025-12-24', '2025-12-25')}", also=("sql",)),
    Question("Who joined before 2021?",
             "temporal", "SELECT id FROM users WHERE joined_at < TIMESTAMPTZ '2021-01-01 00:00:00+00'", also=("sql",)),
    Question("all releases this month",
             "temporal",
             "SELECT id FROM moments WHERE moment_type = 'release' AND "
             f"{_between('starts_at', '2026-06-01', '2026-07-01')}"),
    Question("Do we have planning sessions next week?", "temporal",
             "SELECT id FROM moments WHERE moment_type = 'planning' AND "
             f"{_between('starts_at', '2026-06-22', '2026-06-29')}"),
    Question(
        "Design documents created in the third quarter of 2025", "temporal",
        f"SELECT id FROM resources WHERE category = 'design' AND {_between('created_at', '2025-07-01', '2025-10-01')}",
        also=("sql",),
    ),
)  # fmt: skip

_MEANING: tuple[Question, ...] = (
    Question(
        "I'm looking for articles that explain reminders for overdue invoices", "vector",
        "SELECT id FROM resources WHERE list_contains(tags, 'invoicing')", "top", n=6,
        reference="SEARCH 'reminders for overdue invoices' IN resources LIMIT 10",
    ),
    Question(
        "issues where people complain that the app drains their phone's battery", "vector",
        "SELECT id FROM issues WHERE title LIKE 'Background sync drains the battery%'", "top", n=4,
        reference="SEARCH 'the app drains the battery' IN issues LIMIT 10",
    ),
    Question("source files concerned with image thumbnails", "vector",
             "SELECT id FROM files WHERE component = 'media-store'", "top", n=5,
             reference="SEARCH 'image thumbnails' IN files LIMIT 10"),
    Question(
        "Has anyone opened a pull request concerning the Redis cluster?", "vector",
        "SELECT id FROM pull_requests WHERE component = 'cache-layer'", "top", n=6,
        reference="SEARCH 'Redis cluster' IN pull_requests LIMIT 10",
    ),
)  # fmt: skip

_MIXED: tuple[Question, ...] = (
    Question(
        "archived guides dealing with alerts and dashboards", "hybrid",
        "SELECT id FROM resources WHERE category = 'guide' AND status = 'archived' AND list_contains(tags, "
        "'monitoring')", "top", n=1,
        reference="SEARCH 'alerts and dashboards' IN resources WHERE category = 'guide' AND status = 'archived' "
                  "LIMIT 10",
    ),
    Question(
        "closed bugs with low priority about autocomplete", "hybrid",
        "SELECT id FROM issues WHERE status = 'closed' AND priority = 'low' AND issue_type = 'bug' AND component = "
        "'search-engine'", "top", n=2,
        reference="SEARCH 'autocomplete' IN issues WHERE status = 'closed' AND priority = 'low' AND issue_type = "
                  "'bug' LIMIT 10",
    ),
    Question(
        "Which draft pull requests have to do with subscription plans or tax?", "hybrid",
        "SELECT id FROM pull_requests WHERE status = 'draft' AND component = 'billing'", "top", n=2,
        reference="SEARCH 'subscription plans, tax' IN pull_requests WHERE status = 'draft' LIMIT 10",
    ),
    Question(
        "incidents during 2025 that had to do with container images or rollbacks", "hybrid",
        "SELECT id FROM moments WHERE moment_type = 'incident' AND list_contains(topics, 'deployment') AND "
        f"{_between('starts_at', '2025-01-01', '2026-01-01')}", "top", n=2,
        also=("temporal",),
        reference="SEARCH 'container images, rollbacks' IN moments WHERE moment_type = 'incident' AND "
                  f"{_between('starts_at', '2025-01-01', '2026-01-01')} LIMIT 10",
    ),
    Question(
        "commits with over 60 additions about file uploads", "hybrid",
        "SELECT id FROM commits WHERE additions > 60 AND message LIKE 'media-store:%'", "top", n=2,
        reference="SEARCH 'file uploads' IN commits WHERE additions > 60 LIMIT 10",
    ),
)  # fmt: skip

_WALKS: tuple[Question, ...] = (
    Question("Which files are touched by PR-1554?", "graph",
             "SELECT dst AS id FROM edges WHERE src = 'PR-1554' AND edge_type = 'touches'"),
    Question("what fixes tap-1713",
             "graph", "SELECT src AS id FROM edges WHERE dst = 'TAP-1713' AND edge_type = 'fixes'"),
    Question("On which components does billing depend?", "graph",
             "SELECT dst AS id FROM edges WHERE src = 'billing' AND edge_type = 'depends_on'"),
    Question("List the documents Ingrid Larsen has written", "graph",
             "SELECT dst AS id FROM edges WHERE src = 'ingrid.larsen' AND edge_type = 'authored' AND dst_table = "
             "'resources'"),
    Question(
        "Who took part in meetings about the data warehouse?", "graph",
        "SELECT DISTINCT e.src AS id FROM edges e JOIN moments m ON m.id = e.dst WHERE e.edge_type = 'attended' AND "
        "m.moment_type = 'meeting' AND list_contains(m.topics, 'data warehouse')",
        "top", n=4, also=("staged",), reference="""\
SELECT id, COUNT(*) AS n FROM NEIGHBORS((SELECT id
FROM SEARCH(moments, 'data warehouse', k => 10)), type => 'attended', direction => 'in') GROUP BY id
ORDER BY n DESC, id""",
    ),
)  # fmt: skip

_STAGES: tuple[Question, ...] = (
    Question(
        "From which teams are the reviewers of the pull requests that Elena Petrova authored?", "staged", """\
SELECT DISTINCT u.team FROM edges a JOIN edges r ON r.dst = a.dst AND r.edge_type = 'reviewed'
JOIN users u ON u.id = r.src
WHERE a.src = 'elena.petrova' AND a.edge_type = 'authored' AND a.dst_table = 'pull_requests'""",
    ),
    Question(
        "How many of the issues fixed by pull requests of Mei Lin are critical?", "staged", """\
SELECT COUNT(DISTINCT i.id) FROM edges a JOIN edges f ON f.src = a.dst AND f.edge_type = 'fixes'
JOIN issues i ON i.id = f.dst
WHERE a.src = 'mei.lin' AND a.edge_type = 'authored' AND i.priority = 'critical'""", also=("aggregate",),
    ),
    Question(
        "draft documents about the components that depend on database", "staged", """\
SELECT DISTINCT r.id FROM edges d JOIN edges b ON b.dst = d.src AND b.edge_type = 'about'
AND b.src_table = 'resources' JOIN resources r ON r.id = b.src
WHERE d.dst = 'database' AND d.edge_type = 'depends_on' AND r.status = 'draft'""", also=("graph",),
    ),
    Question(
        "Who attended incidents about issues that are assigned to Pedro Santos?", "staged", """\
SELECT DISTINCT t.src AS id FROM edges s JOIN edges b ON b.dst = s.src AND b.edge_type = 'about'
JOIN moments m ON m.id = b.src AND m.moment_type = 'incident'
JOIN edges t ON t.dst = m.id AND t.edge_type = 'attended' WHERE s.dst = 'pedro.santos'
AND s.edge_type = 'assigned_to'""", also=("graph",),
    ),
)  # fmt: skip

_DEMO: tuple[Question, ...] = (
    Question("what does functools.lru_cache do?", "entity_lookup",
             "SELECT id FROM functions WHERE id = 'functools.lru_cache'", "contains", k=3),
    Question("Open email.mime.text please", "entity_lookup", "SELECT id FROM modules WHERE id = 'email.mime.text'",
             "contains", k=3),
    Question("info about pathlib.Path and fractions.Fraction", "entity_lookup",
             "SELECT id FROM classes WHERE id IN ('pathlib.Path', 'fractions.Fraction')", "contains", k=5),
    Question("Show all functions with the name main", "sql", "SELECT id FROM functions WHERE name = 'main'",
             also=("entity_lookup",)),
    Question("Which classes live in the module http.server?", "sql",
             "SELECT id FROM classes WHERE module = 'http.server'", also=("graph",)),
    Question("Modules that are not public and longer than 1000 lines", "sql",
             "SELECT id FROM modules WHERE NOT is_public AND size > 1000"),
    Question("async functions in package asyncio without docstring", "sql",
             "SELECT id FROM functions WHERE is_async AND docstring IS NULL AND package = 'asyncio'"),
    Question("how many async functions does the asyncio package have?", "aggregate",
             "SELECT COUNT(*) FROM functions WHERE is_async AND package = 'asyncio'"),
    Question("In package email, count the classes per module", "aggregate",
             "SELECT module, COUNT(*) FROM classes WHERE package = 'email' GROUP BY module"),
    Question(
        "what class has the most methods",
        "aggregate",
        "SELECT class_id FROM functions WHERE class_id IS NOT NULL GROUP BY class_id ORDER BY COUNT(*) DESC LIMIT 1",
        "top", k=1, also=("graph", "staged"),
    ),
    Question("Total size of the public modules", "aggregate", "SELECT SUM(size) FROM modules WHERE is_public"),
    Question(
        "I want to read and write zip archives",
        "vector", "SELECT id FROM resources WHERE LOWER(content) LIKE '%zip%' OR LOWER(content) LIKE '%archive%'",
        "top", n=3,
        reference="SEARCH 'read and write zip archives' IN resources LIMIT 10",
    ),
    Question(
        "Is there something for matching text against a regular expression?", "vector",
        "SELECT id FROM resources WHERE LOWER(content) LIKE '%regular expression%' OR LOWER(content) LIKE '%regex%'",
        "top",
        n=3, reference="SEARCH 'matching text against a regular expression' IN resources LIMIT 10",
    ),
    Question(
        "documentation regarding semaphores",
        "vector", "SELECT id FROM resources WHERE LOWER(content) LIKE '%semaphore%'", "top", n=4,
        reference="SEARCH 'semaphores' IN resources LIMIT 10",
    ),
    Question(
        "How can I parse XML documents?",
        "vector", "SELECT id FROM resources WHERE LOWER(content) LIKE '%xml%' OR list_contains(tags, 'xml')", "top",
        n=3,
        reference="SEARCH 'parse XML documents' IN resources LIMIT 10",
    ),
    Question(
        "docstrings concerning cookies with the tag http", "hybrid",
        "SELECT id FROM resources WHERE list_contains(tags, 'http') AND LOWER(content) LIKE '%cookie%'", "top", n=5,
        reference="SEARCH 'cookies' IN resources WHERE list_contains(tags, 'http') LIMIT 10",
    ),
    Question(
        "resources tagged subprocess that talk about timeouts", "hybrid",
        "SELECT id FROM resources WHERE list_contains(tags, 'subprocess') AND LOWER(content) LIKE '%timeout%'", "top",
        n=2,
        reference="SEARCH 'timeouts' IN resources WHERE list_contains(tags, 'subprocess') LIMIT 10",
    ),
    Question("What does shutil.copyfile call?",
             "graph", "SELECT dst AS id FROM edges WHERE src = 'shutil.copyfile' AND edge_type = 'calls'"),
    Question("modules importing hashlib",
             "graph", "SELECT src AS id FROM edges WHERE dst = 'hashlib' AND edge_type = 'imports'"),
    Question("From which classes does socketserver.ThreadingTCPServer inherit?", "graph",
             "SELECT dst AS id FROM edges WHERE src = 'socketserver.ThreadingTCPServer' AND edge_type = 'inherits'"),
    Question("list the subclasses of ast.NodeVisitor", "graph",
             "SELECT src AS id FROM edges WHERE dst = 'ast.NodeVisitor' AND edge_type = 'inherits'"),
    Question("where is shutil.which called?",
             "graph", "SELECT src AS id FROM edges WHERE dst = 'shutil.which' AND edge_type = 'calls'"),
    Question(
        "What's the average size of the modules that import ctypes?", "staged",
        "SELECT AVG(m.size) FROM edges e JOIN modules m ON m.id = e.src WHERE e.dst = 'ctypes' AND e.edge_type = "
        "'imports'",
        also=("aggregate", "graph"),
    ),
    Question(
        "Which of the modules imported by socket are builtin or extension?", "staged",
        "SELECT m.id FROM edges e JOIN modules m ON m.id = e.dst WHERE e.src = 'socket' AND e.edge_type = 'imports' "
        "AND m.kind IN ('builtin', 'extension')", also=("graph",),
    ),
    Question(
        "Functions that call functions that call shutil.which", "staged", """\
SELECT DISTINCT b.src AS id FROM edges a JOIN edges b ON b.dst = a.src AND b.edge_type = 'calls'
WHERE a.dst = 'shutil.which' AND a.edge_type = 'calls'""", also=("graph",),
    ),
)  # fmt: skip

MORE: tuple[Question, ...] = (
    *_LOOKUPS, *_FILTERS, *_COUNTS, *_TIMES, *_MEANING, *_MIXED, *_WALKS, *_STAGES,
    *(replace(q, database="demo") for q in _DEMO),
)  # fmt: skip

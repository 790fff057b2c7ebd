"""Questions over the company. The first ten are the problem set of the prototype, with the types that it states."""

from __future__ import annotations

from benchmarks.question import Question

_PYTHON = "list_contains(tags, 'python')"
# Who wrote or reviewed a change that touches a file of a component, and when the change was made.
_WORK = """\
SELECT a.src AS id, a.edge_type, c.component, coalesce(p.created_at, m.committed_at) AS at
FROM edges a JOIN edges t ON t.src = a.dst AND t.edge_type = 'touches' JOIN files c ON c.id = t.dst
LEFT JOIN pull_requests p ON p.id = a.dst LEFT JOIN commits m ON m.id = a.dst
WHERE a.edge_type IN ('authored', 'reviewed')"""

PROTOTYPE: tuple[Question, ...] = (
    Question("What is 12345?", "entity_lookup", "SELECT id FROM entities WHERE id = '12345'"),
    Question("Find TAP-1234", "entity_lookup", "SELECT id FROM issues WHERE id = 'TAP-1234'"),
    Question("Tell me about DHL", "entity_lookup", "SELECT id FROM entities WHERE name = 'DHL'"),
    Question("Show me resources with category tutorial", "sql", "SELECT id FROM resources WHERE category = 'tutorial'"),
    Question("Find agents created in the last 7 days", "sql",
             "SELECT id FROM agents WHERE created_at >= TIMESTAMPTZ '2026-06-08 12:00:00+00'"),
    Question("Resources where status is active or published", "sql",
             "SELECT id FROM resources WHERE status IN ('active', 'published')"),
    Question(
        "Find resources about authentication and security", "vector",
        "SELECT id FROM resources WHERE list_has_any(tags, ['authentication', 'security'])", "top", n=7,
        reference="SEARCH 'authentication and security' IN resources LIMIT 10",
    ),
    Question(
        "Show me tutorials for beginners learning to code", "vector",
        "SELECT id FROM resources WHERE list_has_any(tags, ['beginners', 'learning'])", "top", n=7,
        reference="SEARCH 'tutorials for beginners learning to code' IN resources LIMIT 10",
    ),
    Question(
        "Find resources about Python created in the last month", "hybrid",
        f"SELECT id FROM resources WHERE {_PYTHON} AND created_at >= TIMESTAMPTZ '2026-05-15 12:00:00+00'", "top", n=5,
        reference="SEARCH 'Python' IN resources WHERE created_at >= TIMESTAMPTZ '2026-05-15 12:00:00+00' LIMIT 10",
    ),
    Question(
        "Who has worked on authentication-related code?", "graph",
        f"SELECT DISTINCT id FROM ({_WORK}) WHERE component = 'auth-service'", "top", n=5,
        reference="""\
WITH code AS (SELECT id FROM SEARCH(files, 'authentication', k => 10))
SELECT id, COUNT(*) AS n FROM TRAVERSE((SELECT id
FROM code), type => ['touches', 'authored', 'reviewed'], direction => 'in', depth => 2)
WHERE "table" = 'users' GROUP BY id ORDER BY n DESC, id""",
    ),
)  # fmt: skip

LOOKUPS: tuple[Question, ...] = (
    Question("who is priya sharma", "entity_lookup", "SELECT id FROM users WHERE name = 'Priya Sharma'"),
    Question("show PR-777 please", "entity_lookup", "SELECT id FROM pull_requests WHERE id = 'PR-777'"),
    Question(
        "Look up Blue Harbor Foods and Kestrel Airlines",
        "entity_lookup",
        "SELECT id FROM entities WHERE name IN ('Blue Harbor Foods', 'Kestrel Airlines')",
    ),
    Question("What do we know about Deutsche Post DHL?", "entity_lookup", "SELECT id FROM entities WHERE id = 'dhl'"),
    Question(
        "open the file auth-service/src/login_form_service.py",
        "entity_lookup",
        "SELECT id FROM files WHERE id = 'auth-service/src/login_form_service.py'",
    ),
    Question("tap-1500", "entity_lookup", "SELECT id FROM issues WHERE id = 'TAP-1500'"),
)

FILTERS: tuple[Question, ...] = (
    Question(
        "List all open issues with priority critical",
        "sql",
        "SELECT id FROM issues WHERE status = 'open' AND priority = 'critical'",
    ),
    Question("Which users are in the Payments team?", "sql", "SELECT id FROM users WHERE team = 'Payments'"),
    Question("show draft pull requests", "sql", "SELECT id FROM pull_requests WHERE status = 'draft'"),
    Question(
        "Rust files with more than 400 lines", "sql", "SELECT id FROM files WHERE language = 'rust' AND lines > 400"
    ),
    Question(
        "blocked issues without an assignee",
        "sql",
        "SELECT id FROM issues WHERE status = 'blocked' AND assignee IS NULL",
    ),
    Question("List our customers", "sql", "SELECT id FROM entities WHERE entity_type = 'customer'"),
    Question(
        "closed pull requests with at least 300 additions",
        "sql",
        "SELECT id FROM pull_requests WHERE status = 'closed' AND additions >= 300",
    ),
    Question(
        "Show the 5 largest files", "sql", "SELECT id FROM files ORDER BY size_bytes DESC LIMIT 5", also=("aggregate",)
    ),
    Question(
        "Which colleagues in Lisbon are no longer active?",
        "sql",
        "SELECT id FROM users WHERE location = 'Lisbon' AND NOT is_active",
    ),
)

COUNTS: tuple[Question, ...] = (
    Question("How many issues are open?", "aggregate", "SELECT COUNT(*) FROM issues WHERE status = 'open'"),
    Question("number of pull requests per author", "aggregate",
             "SELECT author, COUNT(*) FROM pull_requests GROUP BY author"),
    Question("Count issues by status", "aggregate", "SELECT status, COUNT(*) FROM issues GROUP BY status"),
    Question("What is the average number of lines per language in our files?", "aggregate",
             "SELECT language, AVG(lines) FROM files GROUP BY language"),
    Question("Which component has the most bugs?", "aggregate",
             "SELECT component FROM issues WHERE issue_type = 'bug' GROUP BY component ORDER BY COUNT(*) DESC, "
             "component LIMIT 1", "top", k=1),
    Question(
        "How many commits were made in May 2026?", "aggregate",
        "SELECT COUNT(*) FROM commits WHERE committed_at >= TIMESTAMPTZ '2026-05-01 00:00:00+00' AND committed_at < "
        "TIMESTAMPTZ '2026-06-01 00:00:00+00'",
        also=("temporal",),
    ),
    Question("total additions of merged pull requests", "aggregate",
             "SELECT SUM(additions) FROM pull_requests WHERE status = 'merged'"),
    Question("When was the oldest open issue created?", "aggregate",
             "SELECT MIN(created_at) FROM issues WHERE status = 'open'", also=("temporal", "sql")),
    Question("how many people work in each team", "aggregate", "SELECT team, COUNT(*) FROM users GROUP BY team"),
)  # fmt: skip

TIMES: tuple[Question, ...] = (
    Question("What meetings took place yesterday?", "temporal",
             "SELECT id FROM moments WHERE moment_type = 'meeting' AND starts_at >= TIMESTAMPTZ '2026-06-14 "
             "00:00:00+00' AND starts_at < TIMESTAMPTZ '2026-06-15 00:00:00+00'"),
    Question("what happened in the last 3 days?", "temporal",
             "SELECT id FROM moments WHERE starts_at >= TIMESTAMPTZ '2026-06-12 12:00:00+00' AND starts_at < "
             "TIMESTAMPTZ '2026-06-15 12:00:00+00'"),
    Question("Show me the meetings of last week", "temporal",
             "SELECT id FROM moments WHERE moment_type = 'meeting' AND starts_at >= TIMESTAMPTZ '2026-06-08 "
             "00:00:00+00' AND starts_at < TIMESTAMPTZ '2026-06-15 00:00:00+00'"),
    Question("Incidents in Q1 2026",
             "temporal",
             "SELECT id FROM moments WHERE moment_type = 'incident' AND starts_at >= TIMESTAMPTZ '2026-01-01 "
             "00:00:00+00' AND starts_at < TIMESTAMPTZ '2026-04-01 00:00:00+00'"),
    Question("releases since March",
             "temporal",
             "SELECT id FROM moments WHERE moment_type = 'release' AND starts_at >= TIMESTAMPTZ '2026-03-01 "
             "00:00:00+00'"),
    # Whether the last day is meant too is left open: the answer holds at least the days before it, and at most the last
    # one more.
    Question("commits between 2026-06-01 and 2026-06-03", "temporal",
             "SELECT id FROM commits WHERE committed_at >= TIMESTAMPTZ '2026-06-01 00:00:00+00' AND committed_at < "
             "TIMESTAMPTZ '2026-06-03 00:00:00+00'", "contains", k=100, also=("sql",)),
    Question("Which issues were created yesterday?", "temporal",
             "SELECT id FROM issues WHERE created_at >= TIMESTAMPTZ '2026-06-14 00:00:00+00' AND created_at < "
             "TIMESTAMPTZ '2026-06-15 00:00:00+00'", also=("sql",)),
    Question("issues closed last month",
             "temporal",
             "SELECT id FROM issues WHERE closed_at >= TIMESTAMPTZ '2026-05-01 00:00:00+00' AND closed_at < "
             "TIMESTAMPTZ '2026-06-01 00:00:00+00'", also=("sql",)),
    Question("Which meetings are coming up?",
             "temporal",
             "SELECT id FROM moments WHERE moment_type = 'meeting' AND starts_at > TIMESTAMPTZ '2026-06-15 "
             "12:00:00+00'"),
    Question("pull requests merged in the last 2 weeks", "temporal",
             "SELECT id FROM pull_requests WHERE merged_at >= TIMESTAMPTZ '2026-06-01 12:00:00+00'", also=("sql",)),
)  # fmt: skip

MEANING: tuple[Question, ...] = (
    Question("Docs on how refunds work", "vector", "SELECT id FROM resources WHERE list_contains(tags, 'payments')",
             "top", n=7, reference="SEARCH 'how refunds of payments work' IN resources LIMIT 10"),
    Question("issues about login problems", "vector", "SELECT id FROM issues WHERE component = 'auth-service'", "top",
             n=7, reference="SEARCH 'login problems' IN issues LIMIT 10"),
    Question(
        "anything on cache invalidation?", "vector", """\
SELECT id FROM issues WHERE component = 'cache-layer' UNION SELECT id FROM pull_requests
WHERE component = 'cache-layer' UNION SELECT id FROM files WHERE component = 'cache-layer'
UNION SELECT id FROM resources WHERE list_contains(tags, 'caching') UNION SELECT id FROM commits
WHERE message LIKE 'cache-layer:%' UNION SELECT id FROM moments WHERE list_contains(topics, 'caching')""",
        "top", n=7, reference="SEARCH 'cache invalidation' IN resources LIMIT 10",
    ),
    Question("Find files that handle push notifications", "vector", "SELECT id FROM files WHERE component = 'notifier'",
             "top", n=5, reference="SEARCH 'handle push notifications' IN files LIMIT 10"),
    Question("complaints in issues that a card was charged two times", "vector",
             "SELECT id FROM issues WHERE title LIKE 'Card is charged twice%'", "top", n=5,
             reference="SEARCH 'card is charged two times' IN issues LIMIT 10"),
    Question(
        "How do we run a database migration without downtime?", "vector",
        "SELECT id FROM issues WHERE component = 'database' UNION SELECT id FROM resources WHERE list_contains(tags, "
        "'migrations')",
        "top", n=6, reference="SEARCH 'run a database migration without downtime' IN issues LIMIT 10",
    ),
    Question("meetings where quiet hours came up", "vector",
             "SELECT id FROM moments WHERE list_contains(topics, 'notifications')", "top", n=5, also=("hybrid",),
             reference="SEARCH 'quiet hours' IN moments LIMIT 10"),
)  # fmt: skip

MIXED: tuple[Question, ...] = (
    Question("Open issues about payments",
             "hybrid", "SELECT id FROM issues WHERE status = 'open' AND component IN ('payment-gateway', 'billing')",
             "top", n=7, reference="SEARCH 'payments' IN issues WHERE status = 'open' LIMIT 10"),
    Question(
        "published tutorials about search ranking", "hybrid",
        "SELECT id FROM resources WHERE category = 'tutorial' AND status = 'published' AND list_contains(tags, "
        "'search')", "top", n=4,
        reference="SEARCH 'search ranking' IN resources WHERE category = 'tutorial' AND status = 'published' LIMIT 10",
    ),
    Question(
        "high priority bugs about notifications created this year", "hybrid",
        "SELECT id FROM issues WHERE priority = 'high' AND issue_type = 'bug' AND component = 'notifier' AND "
        "created_at >= TIMESTAMPTZ '2026-01-01 00:00:00+00'", "top", n=4,
        reference="SEARCH 'notifications' IN issues WHERE priority = 'high' AND issue_type = 'bug' AND created_at >= "
                  "TIMESTAMPTZ '2026-01-01 00:00:00+00' LIMIT 10",
    ),
    Question(
        "merged pull requests about the cache since April", "hybrid",
        "SELECT id FROM pull_requests WHERE component = 'cache-layer' AND status = 'merged' AND merged_at >= "
        "TIMESTAMPTZ '2026-04-01 00:00:00+00'", "top", n=6,
        reference="SEARCH 'the cache' IN pull_requests WHERE status = 'merged' AND merged_at >= TIMESTAMPTZ "
                  "'2026-04-01 00:00:00+00' LIMIT 10",
    ),
    Question(
        "guides to Kubernetes deployment from 2025", "hybrid",
        "SELECT id FROM resources WHERE category = 'guide' AND list_contains(tags, 'deployment') AND created_at >= "
        "TIMESTAMPTZ '2025-01-01 00:00:00+00' AND created_at < TIMESTAMPTZ '2026-01-01 00:00:00+00'",
        "top",
        n=5,
        reference="SEARCH 'Kubernetes deployment' IN resources WHERE category = 'guide' AND date_part('year', "
                  "created_at) = 2025 LIMIT 10",
    ),
    Question(
        "unassigned issues related to translations", "hybrid",
        "SELECT id FROM issues WHERE assignee IS NULL AND component = 'translations'", "top", n=5,
        reference="SEARCH 'translations, languages' IN issues WHERE assignee IS NULL LIMIT 10",
    ),
)  # fmt: skip

WALKS: tuple[Question, ...] = (
    Question("Who wrote PR-777?",
             "graph", "SELECT src AS id FROM edges WHERE dst = 'PR-777' AND edge_type = 'authored'"),
    Question("which issues does PR-777 fix",
             "graph", "SELECT dst AS id FROM edges WHERE src = 'PR-777' AND edge_type = 'fixes'"),
    Question("Who attended \"Workshop: refund flow\"?", "graph",
             "SELECT e.src AS id FROM edges e JOIN moments m ON m.id = e.dst WHERE m.name = 'Workshop: refund flow' "
             "AND e.edge_type = 'attended'"),
    Question("What depends on auth-service?",
             "graph", "SELECT src AS id FROM edges WHERE dst = 'auth-service' AND edge_type = 'depends_on'"),
    Question("What has Marco Rossi authored?",
             "graph", "SELECT dst AS id FROM edges WHERE src = 'marco.rossi' AND edge_type = 'authored'"),
    Question("pull requests reviewed by Wei Chen",
             "graph", "SELECT dst AS id FROM edges WHERE src = 'wei.chen' AND edge_type = 'reviewed'"),
    Question("Issues assigned to Hana Sato",
             "graph", "SELECT src AS id FROM edges WHERE dst = 'hana.sato' AND edge_type = 'assigned_to'",
             also=("sql",)),
    Question("What is related to TAP-1234?",
             "graph",
             "SELECT dst AS id FROM edges WHERE src = 'TAP-1234' UNION SELECT src FROM edges WHERE dst = 'TAP-1234'",
             "contains", k=50),
    Question(
        "Who reviewed pull requests about the card checkout?", "graph",
        "SELECT DISTINCT e.src AS id FROM edges e JOIN pull_requests p ON p.id = e.dst WHERE e.edge_type = "
        "'reviewed' AND p.title LIKE '%card checkout%'", "top", n=4,
        reference="SELECT DISTINCT id FROM NEIGHBORS((SELECT id FROM SEARCH(pull_requests, 'card checkout', k => "
                  "10)), type => 'reviewed', direction => 'in')",
    ),
    Question("Which issues mention DHL?",
             "graph",
             "SELECT src AS id FROM edges WHERE dst = 'dhl' AND edge_type = 'mentions' AND src_table = 'issues'"),
)  # fmt: skip

STAGES: tuple[Question, ...] = (
    Question(
        "Which open issues are fixed by pull requests that Priya Sharma authored?", "staged", """\
SELECT DISTINCT i.id FROM edges a JOIN edges f ON f.src = a.dst AND f.edge_type = 'fixes' JOIN issues i ON i.id = f.dst
WHERE a.src = 'priya.sharma' AND a.edge_type = 'authored' AND i.status = 'open'""", also=("graph",),
    ),
    Question(
        "Who worked on authentication code last month?", "staged",
        f"SELECT DISTINCT id FROM ({_WORK}) WHERE component = 'auth-service' AND at >= TIMESTAMPTZ '2026-05-01 "
        "00:00:00+00' AND at < TIMESTAMPTZ '2026-06-01 00:00:00+00'", "top", n=4,
        reference="""\
WITH code AS (SELECT id FROM SEARCH(files, 'authentication code', k => 30)),
changes AS (SELECT DISTINCT n.id FROM NEIGHBORS((SELECT id FROM code), type => 'touches', direction => 'in') n
JOIN all_entities e ON e.id = n.id
  WHERE e.created_at >= TIMESTAMPTZ '2026-05-01 00:00:00+00' AND e.created_at < TIMESTAMPTZ '2026-06-01 00:00:00+00')
SELECT id, COUNT(*) AS n FROM NEIGHBORS((SELECT id
FROM changes), type => ['authored', 'reviewed'], direction => 'in') GROUP BY id ORDER BY n DESC, id""",
    ),
    Question("files touched by commits of Wei Chen", "staged", """\
SELECT DISTINCT t.dst AS id FROM edges a JOIN edges t ON t.src = a.dst AND t.edge_type = 'touches'
WHERE a.src = 'wei.chen' AND a.edge_type = 'authored' AND a.dst_table = 'commits'""", also=("graph",)),
    Question("Moments about issues that mention DHL", "staged",
             "SELECT DISTINCT a.src AS id FROM edges m JOIN edges a ON a.dst = m.src AND a.edge_type = 'about' WHERE "
             "m.dst = 'dhl' AND m.edge_type = 'mentions'", also=("graph",)),
    Question(
        "Who reviews most of the pull requests about refunds?", "staged", """\
SELECT e.src AS id FROM edges e JOIN pull_requests p ON p.id = e.dst WHERE e.edge_type = 'reviewed'
AND p.title LIKE '%refund flow%' GROUP BY e.src ORDER BY COUNT(*) DESC, e.src LIMIT 6""",
        "top", n=2, k=5, reference="""\
SELECT id, COUNT(*) AS n FROM NEIGHBORS((SELECT id
FROM SEARCH(pull_requests, 'refund flow', k => 20)), type => 'reviewed', direction => 'in') GROUP BY id
ORDER BY n DESC, id""",
    ),
    Question(
        "How many commits did the people make who attended \"Workshop: refund flow\"?", "staged", """\
SELECT COUNT(DISTINCT c.dst) FROM edges a JOIN moments m ON m.id = a.dst JOIN edges c ON c.src = a.src
AND c.edge_type = 'authored' AND c.dst_table = 'commits'
WHERE m.name = 'Workshop: refund flow' AND a.edge_type = 'attended'""",
    ),
    Question(
        "Which teams have worked on code about search ranking?", "staged",
        "SELECT team FROM (SELECT u.team, COUNT(*) AS n FROM (" + _WORK + ") w JOIN users u ON u.id = w.id WHERE "
                                                                          "w.component = 'search-engine' GROUP BY "
                                                                          "u.team) ORDER BY n DESC LIMIT 1", "contains",
        reference="""\
WITH code AS (SELECT id FROM SEARCH(files, 'search ranking', k => 20)),
people AS (SELECT DISTINCT id FROM TRAVERSE((SELECT id
FROM code), type => ['touches', 'authored', 'reviewed'], direction => 'in', depth => 2) WHERE "table" = 'users')
SELECT u.team, COUNT(*) AS n FROM users u JOIN people p ON p.id = u.id GROUP BY u.team ORDER BY n DESC""",
    ),
)  # fmt: skip

COMPANY: tuple[Question, ...] = (*PROTOTYPE, *LOOKUPS, *FILTERS, *COUNTS, *TIMES, *MEANING, *MIXED, *WALKS, *STAGES)

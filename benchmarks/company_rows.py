"""The rows and edges of the company, table by table, each from a random generator of its own.

The order of the calls matters: files and issues first, since pull requests, commits, moments and resources point at
them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from benchmarks.company_texts import AGENTS, CIRCUMSTANCES, CITIES, CUSTOMERS, NAMES, REPORTS, TOPICS, VENDORS, Topic

Rows = list[dict[str, Any]]

_YEARS_DAYS = 720.0
_ROLES = (
    ("service", None),
    ("handler", None),
    ("store", None),
    ("client", None),
    ("settings", "yaml"),
    ("page", "typescript"),
    ("schema", "sql"),
    ("test", None),
)
_EXTENSIONS = {
    "python": "py",
    "go": "go",
    "rust": "rs",
    "typescript": "ts",
    "kotlin": "kt",
    "sql": "sql",
    "yaml": "yaml",
}
_TITLES = {
    "tutorial": ("Your first {thing}", "The {thing} step by step", "{thing} for beginners"),
    "guide": ("How to work with the {thing}", "A guide to the {thing}", "What to know about the {thing}"),
    "reference": ("Reference of the {thing}", "Settings of the {thing}"),
    "runbook": ("When the {thing} breaks", "Restoring the {thing}"),
    "design": ("Design of the {thing}", "Why the {thing} works as it does"),
}
_INTRODUCTIONS = {
    "tutorial": "This tutorial shows {topic} by an example: the {thing}.",
    "guide": "This guide explains the {thing}, which is a part of {topic}.",
    "reference": "All parameters of the {thing} and what they do in {topic}.",
    "runbook": "What the engineer on call does when the {thing} fails.",
    "design": "The design of {topic}, and what was decided about the {thing}.",
}
_LEVELS = {
    "tutorial": ("beginners", "intermediate"),
    "guide": ("intermediate",),
    "reference": ("advanced",),
    "runbook": ("operations",),
    "design": ("advanced",),
}
_MOMENTS = (
    (
        "meeting",
        ("Design review: {thing}", "Weekly sync on {topic}", "Customer call about the {thing}", "Workshop: {thing}"),
    ),
    ("incident", ("Outage of the {thing}", "{bug}")),
    ("release", ("Release with a new {thing}",)),
    ("planning", ("Planning of {topic}",)),
    ("retrospective", ("Retrospective on {topic}", "Lessons from the {thing}")),
)


class Company:
    """Makes the rows of one company, and gathers the edges as (src_table, src, edge_type, dst_table, dst)."""

    def __init__(self, seed: int, scale: float, now: datetime) -> None:
        self._seed, self._scale, self._now = seed, scale, now
        self.edges: list[tuple[str, str, str, str, str]] = []
        self._teams = list(dict.fromkeys(topic.team for topic in TOPICS))
        self.users = self._make_users()
        self._people = self._people_by_topic()
        self.entities = self._components() + self._customers() + self._vendors()
        self.agents = self._make_agents()
        self._files: dict[str, list[str]] = {topic.key: [] for topic in TOPICS}
        self._issues: dict[str, Rows] = {topic.key: [] for topic in TOPICS}

    # --- people and things that the scale leaves alone

    def _make_users(self) -> Rows:
        random = self._random("users")
        rows: Rows = []
        for place, name in enumerate(NAMES):
            first, last = name.lower().split()
            rows.append(
                {
                    "id": f"{first}.{last}",
                    "name": name,
                    "aliases": [f"{first[0]}{last}"],
                    "email": f"{first}.{last}@tapestry.example",
                    "team": self._teams[place % len(self._teams)],
                    "role": "lead"
                    if place < len(self._teams)
                    else random.choices(("engineer", "designer", "manager"), (8, 1, 1))[0],
                    "location": random.choice(CITIES),
                    "joined_at": self._now - timedelta(days=random.randrange(20, 2500)),
                    "is_active": random.random() < 0.92,
                }
            )
        return rows

    def _people_by_topic(self) -> dict[str, list[str]]:
        """The team of each topic, and three others who help."""
        random = self._random("people")
        people: dict[str, list[str]] = {}
        for topic in TOPICS:
            team = [u["id"] for u in self.users if u["team"] == topic.team]
            outsiders = [u["id"] for u in self.users if u["team"] != topic.team]
            people[topic.key] = team + random.sample(outsiders, 3)
        return people

    def _components(self) -> Rows:
        random = self._random("components")
        rows: Rows = []
        for place, topic in enumerate(TOPICS):
            text = f"The part of the product that does {topic.name}, kept by the team {topic.team}. {topic.facts[0]}"
            rows.append(
                {
                    "id": topic.component,
                    "name": topic.component.replace("-", " ").title(),
                    "entity_type": "component",
                    "description": text,
                    "created_at": self._ago(random),
                }
            )
            # Components depend on earlier ones only: there is no circle.
            for other in random.sample(TOPICS[:place], min(place, 2)):
                self._edge("entities", topic.component, "depends_on", "entities", other.component)
        return rows

    def _customers(self) -> Rows:
        random = self._random("customers")
        rows: Rows = []
        for place, name in enumerate(CUSTOMERS):
            used = random.sample(TOPICS, 2)
            text = (
                f"Customer in {random.choice(CITIES)} with {random.randrange(5, 900)} seats; cares most about "
                f"{used[0].name} and {used[1].name}."
            )
            rows.append(
                {
                    "id": str(12345 + 111 * place),
                    "name": name,
                    "entity_type": "customer",
                    "description": text,
                    "created_at": self._ago(random),
                }
            )
        return rows

    def _vendors(self) -> Rows:
        random = self._random("vendors")
        return [
            {
                "id": i,
                "name": n,
                "aliases": list(a),
                "entity_type": "vendor",
                "description": d,
                "created_at": self._ago(random),
            }
            for i, n, a, d in VENDORS
        ]

    def _make_agents(self) -> Rows:
        fields = ("id", "name", "category", "description")
        created = [self._now - timedelta(days=place * place + 1, minutes=17 * place) for place in range(len(AGENTS))]
        return [
            {**dict(zip(fields, agent, strict=True)), "model": "small" if p % 3 else "large", "created_at": created[p]}
            for p, agent in enumerate(AGENTS)
        ]

    # --- code

    def files(self) -> Rows:
        random = self._random("files")
        rows: Rows = []
        for topic in TOPICS:
            for place in range(self._count(960) // len(TOPICS)):
                thing = topic.things[place % len(topic.things)]
                turn = place // len(topic.things)
                role, language = _ROLES[turn % len(_ROLES)]
                language = language or topic.language
                number = turn // len(_ROLES)
                name = f"{_slug(thing, '_')}_{role}{number or ''}.{_EXTENSIONS[language]}"
                path = f"{topic.component}/{'tests' if role == 'test' else 'src'}/{name}"
                lines = int(random.lognormvariate(5, 0.8)) + 8
                text = f"The {role} of the {thing}, for {topic.name}."
                size = lines * random.randrange(24, 44)
                rows.append(
                    {
                        "id": path, "name": name, "language": language, "component": topic.component,
                        "size_bytes": size, "lines": lines, "description": text,
                        "is_test": role == "test", "created_at": self._ago(random),
                    }
                )  # fmt: skip
                for other in random.sample(
                    self._files[topic.key], min(len(self._files[topic.key]), random.choice((0, 1, 2)))
                ):
                    self._edge("files", path, "depends_on", "files", other)
                self._files[topic.key].append(path)
        return rows

    def issues(self) -> Rows:
        random = self._random("issues")
        rows: Rows = []
        for number in range(1001, 1001 + self._count(2400)):
            topic, kind = random.choice(TOPICS), random.choices(("bug", "feature", "task"), (5, 3, 2))[0]
            id_, people, created = f"TAP-{number}", self._people[topic.key], self._ago(random)
            thing = random.choice(topic.things)
            title = {
                "bug": random.choice(topic.bugs),
                "feature": random.choice(topic.features),
                "task": f"{random.choice(('Clean up', 'Document', 'Test', 'Simplify'))} the {thing}",
            }[kind]
            age = (self._now - created).days
            status = random.choices(("open", "in_progress", "in_review", "blocked", "closed"), (6, 3, 2, 1, age / 12))[
                0
            ]
            text = f"It concerns the {thing}. {random.choice(topic.facts)} {random.choice(REPORTS)}"
            if random.random() < 0.15:
                id_customer, name = random.choice(
                    [(e["id"], e["name"]) for e in self.entities if e["entity_type"] != "component"]
                )
                text += f" It came up with {name}."
                self._edge("issues", id_, "mentions", "entities", id_customer)
            rows.append(
                {
                    "id": id_, "title": title + (random.choice(CIRCUMSTANCES) if kind == "bug" else ""),
                    "description": text, "issue_type": kind, "status": status,
                    "priority": random.choices(("low", "medium", "high", "critical"), (4, 6, 3, 1))[0],
                    "labels": sorted({topic.key, random.choice(topic.tags)}),
                    "component": topic.component, "assignee": None if random.random() < 0.15 else random.choice(people),
                    "reporter": random.choice(self.users)["id"],
                    "points": random.choice((1, 2, 3, 5, 8)),
                    "closed_at": created + (self._now - created) * random.random() if status == "closed" else None,
                    "created_at": created,
                }
            )  # fmt: skip
            self._issue_edges(random, rows[-1], topic)
            self._issues[topic.key].append(rows[-1])
        return rows

    def _issue_edges(self, random: Random, issue: dict[str, Any], topic: Topic) -> None:
        self._edge("issues", issue["id"], "about", "entities", topic.component)
        if issue["assignee"] is not None:
            self._edge("issues", issue["id"], "assigned_to", "users", issue["assignee"])
        earlier = self._issues[topic.key]
        if issue["status"] == "blocked" and earlier:
            self._edge("issues", issue["id"], "depends_on", "issues", random.choice(earlier)["id"])

    def pull_requests(self) -> Rows:
        random = self._random("pull requests")
        rows: Rows = []
        for number in range(501, 501 + self._count(1800)):
            topic = random.choice(TOPICS)
            id_, people, thing, created = (
                f"PR-{number}",
                self._people[topic.key],
                random.choice(topic.things),
                self._ago(random),
            )
            author, verb, closing = (
                random.choice(people),
                random.choice(("Fix", "Rework", "Speed up", "Harden", "Extend", "Tidy")),
                "",
            )
            issues = self._issues[topic.key]
            if issues and random.random() < 0.8:
                issue = random.choice(issues)
                created = issue["created_at"] + (self._now - issue["created_at"]) * min(
                    random.random(), random.random()
                )
                closing = f"Closes {issue['id']}. "
                self._edge("pull_requests", id_, "fixes", "issues", issue["id"])
            age = (self._now - created).days
            status = random.choices(("draft", "open", "merged", "closed"), (1, 2, age / 6, age / 60))[0]
            rows.append(
                {
                    "id": id_, "title": f"{verb} the {thing}",
                    "description": f"{closing}{random.choice(topic.facts)} Tested with the "
                                   f"{random.choice(topic.things)}.", "status": status,
                    "author": author, "component": topic.component, "additions": int(random.lognormvariate(4, 1)),
                    "deletions": int(random.lognormvariate(3, 1)),
                    "merged_at": created + (self._now - created) * random.random() ** 4 if status == "merged" else None,
                    "created_at": created,
                }
            )  # fmt: skip
            self._edge("users", author, "authored", "pull_requests", id_)
            for reviewer in random.sample([p for p in people if p != author], random.choice((1, 1, 2))):
                self._edge("users", reviewer, "reviewed", "pull_requests", id_)
            self._touch(random, "pull_requests", id_, topic)
        return rows

    def commits(self) -> Rows:
        random = self._random("commits")
        rows: Rows = []
        for _ in range(self._count(2800)):
            topic = random.choice(TOPICS)
            id_, author, when = (
                f"{random.getrandbits(40):010x}",
                random.choice(self._people[topic.key]),
                self._ago(random),
            )
            verb = random.choice(
                ("fix", "add", "rename", "test", "simplify", "remove a special case of", "log errors of", "document")
            )
            message = f"{topic.component}: {verb} the {random.choice(topic.things)}"
            size = {"additions": int(random.lognormvariate(3, 1)), "deletions": int(random.lognormvariate(2, 1))}
            rows.append(
                {"id": id_, "message": message, "author": author, "committed_at": when, "created_at": when, **size}
            )
            self._edge("users", author, "authored", "commits", id_)
            self._touch(random, "commits", id_, topic)
        return rows

    def _touch(self, random: Random, table: str, id_: str, topic: Topic) -> None:
        files = self._files[topic.key]
        for path in random.sample(files, min(len(files), random.choice((1, 1, 2, 3)))):
            self._edge(table, id_, "touches", "files", path)

    # --- moments and documents

    def moments(self) -> Rows:
        random = self._random("moments")
        rows: Rows = []
        for number in range(1, 1 + self._count(700)):
            topic, (kind, titles) = random.choice(TOPICS), random.choices(_MOMENTS, (6, 2, 1, 1, 1))[0]
            thing, id_ = random.choice(topic.things), f"moment-{number:04d}"
            upcoming = kind in ("meeting", "planning", "retrospective") and random.random() < 0.05
            start = self._now + timedelta(days=14 * random.random()) if upcoming else self._ago(random)
            hour = start.hour if kind == "incident" else random.randrange(8, 17)
            start = start.replace(hour=hour, minute=random.choice((0, 15, 30)), second=0, microsecond=0)
            # A new hour of day must not carry a moment over `now`.
            start += timedelta(days=(start <= self._now) if upcoming else -(start > self._now))
            hours = random.uniform(1, 20) if kind == "incident" else random.choice((0.5, 1, 1.5))
            present = random.sample(self._people[topic.key], random.randrange(2, 7))
            title = random.choice(titles).format(thing=thing, topic=topic.name, bug=random.choice(topic.bugs))
            rows.append(
                {
                    "id": id_, "name": title, "moment_type": kind,
                    "description": f"About the {thing}. {random.choice(topic.facts)}", "starts_at": start,
                    "ends_at": start + timedelta(minutes=int(hours * 60)),
                    "location": random.choice((*CITIES, "online", "online")), "participants": present,
                    "topics": [topic.name, thing], "created_at": min(start, self._now) - timedelta(days=1),
                }
            )  # fmt: skip
            for user in present:
                self._edge("users", user, "attended", "moments", id_)
            issues = self._issues[topic.key]
            for issue in random.sample(issues, min(len(issues), random.choice((0, 1, 2)))):
                self._edge("moments", id_, "about", "issues", issue["id"])
        return rows

    def resources(self) -> Rows:
        random = self._random("resources")
        rows: Rows = []
        for number in range(1, 1 + self._count(1200)):
            topic, category = random.choice(TOPICS), random.choices(tuple(_TITLES), (3, 3, 2, 1, 1))[0]
            thing, level, id_ = random.choice(topic.things), random.choice(_LEVELS[category]), f"doc-{number:04d}"
            title = random.choice(_TITLES[category]).format(thing=thing)
            level = "beginners" if "beginners" in title else level
            body = [
                _INTRODUCTIONS[category].format(topic=topic.name, thing=thing),
                *random.sample(topic.facts, 3),
                f"It is meant for {level}.",
            ]
            if random.random() < 0.2 and self._issues[topic.key]:
                issue = random.choice(self._issues[topic.key])["id"]
                body.append(f"See also {issue}.")
                self._edge("resources", id_, "mentions", "issues", issue)
            rows.append(
                {
                    "id": id_, "name": title[0].upper() + title[1:],
                    "uri": f"docs/{topic.key}/{category}/{_slug(thing, '-')}-{number}.md", "content": " ".join(body),
                    "category": category,
                    "status": random.choices(("published", "active", "draft", "archived"), (9, 4, 4, 3))[0],
                    "tags": sorted({topic.key, level, *topic.tags}), "created_at": self._ago(random),
                }
            )  # fmt: skip
            self._edge("users", random.choice(self._people[topic.key]), "authored", "resources", id_)
            self._edge("resources", id_, "about", "entities", topic.component)
        return rows

    # --- inside

    def _random(self, what: str) -> Random:
        return Random(f"{self._seed} {what}")

    def _count(self, rows: int) -> int:
        return max(len(TOPICS), round(rows * self._scale))

    def _ago(self, random: Random) -> datetime:
        """A time of the last two years, the recent ones more often."""
        return self._now - timedelta(seconds=int(86_400 * _YEARS_DAYS * random.random() ** 1.7) + 60)

    def _edge(self, src_table: str, src: str, edge_type: str, dst_table: str, dst: str) -> None:
        self.edges.append((src_table, src, edge_type, dst_table, dst))


def _slug(text: str, mark: str) -> str:
    return "".join(c if c.isalnum() else mark for c in text.lower())

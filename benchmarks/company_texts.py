"""What the company's texts are made of: sixteen topics, each with the things, complaints, wishes and facts that people
write about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject of the work, the component that bears it, and the team that cares for it.

    Things are noun phrases, bugs and features whole titles, facts whole sentences.
    """

    key: str
    name: str
    team: str
    component: str
    language: str
    tags: tuple[str, ...]
    things: tuple[str, ...]
    bugs: tuple[str, ...]
    features: tuple[str, ...]
    facts: tuple[str, ...]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


TOPICS: tuple[Topic, ...] = (
    Topic(
        "authentication",
        "authentication",
        "Identity",
        "auth-service",
        "python",
        ("security", "login"),
        (
            "login form",
            "password reset",
            "session cookie",
            "OAuth token exchange",
            "two-factor code",
            "single sign-on",
            "SAML assertion",
            "login throttle",
            "password hash",
        ),
        _lines("""Login fails with a correct password
            Session cookie expires after five minutes
            OAuth callback loops back to the login page
            Two-factor code is rejected when the clock is off
            Password reset mail has a dead link
            Single sign-on logs users into the wrong account"""),
        _lines("""Support passkeys for passwordless login
            Let admins force a logout of all sessions
            Show the last sign-in on the security page
            Add hardware keys as a second factor"""),
        _lines("""Authentication checks who a user is before any request reaches the services behind it.
            Passwords are stored as salted hashes and never leave the identity database.
            A session token is signed, lives for one hour and is refreshed on use.
            Security reviews demand two-factor authentication for every administrator.
            Single sign-on hands the login over to the identity provider of the customer.
            Failed logins are throttled by address and by account."""),
    ),
    Topic(
        "permissions",
        "access control",
        "Identity",
        "access-control",
        "python",
        ("security", "roles"),
        (
            "role editor",
            "permission check",
            "group membership",
            "audit trail",
            "invitation link",
            "guest access",
            "policy engine",
            "API key scope",
        ),
        _lines("""Guests can see private projects
            Removing a group leaves its members with access
            Permission check ignores inherited roles
            Audit trail misses changes made by API keys
            Invitation link works twice"""),
        _lines("""Add custom roles with fine-grained permissions
            Show who can access a project
            Limit API keys to a list of addresses
            Export the audit trail"""),
        _lines("""Access control decides what a user may do once we know who it is.
            A role is a named set of permissions, and a group carries roles to its members.
            Every decision of the policy engine is written to the audit trail.
            Denials win over grants when two rules disagree.
            Scopes of an API key can only narrow what its owner may do."""),
    ),
    Topic(
        "payments",
        "payments",
        "Payments",
        "payment-gateway",
        "go",
        ("money", "cards"),
        (
            "card checkout",
            "refund flow",
            "payment retry",
            "chargeback report",
            "SEPA transfer",
            "currency conversion",
            "payment webhook",
            "card vault",
        ),
        _lines("""Card is charged twice when the checkout is reloaded
            Refund stays pending for days
            Payment webhook is lost when the gateway restarts
            Declined cards show a blank page
            Currency conversion rounds yen to cents
            Checkout hangs on expired cards"""),
        _lines("""Accept Apple Pay at checkout
            Retry failed payments with a growing delay
            Offer payment in instalments
            Let support issue partial refunds"""),
        _lines("""Payments go through the gateway, which keeps card numbers in a vault of its own.
            Every charge carries an idempotency key, so that a retry never takes the money twice.
            A refund returns to the card that paid and takes up to five banking days.
            Chargebacks are matched with the order by the reference of the acquirer.
            Amounts are whole numbers of the smallest unit of the currency."""),
    ),
    Topic(
        "invoicing",
        "invoicing",
        "Payments",
        "billing",
        "go",
        ("money", "accounting"),
        (
            "invoice PDF",
            "tax rate table",
            "subscription plan",
            "usage meter",
            "dunning letter",
            "credit note",
            "proration",
            "billing address",
        ),
        _lines("""Invoice shows the wrong VAT rate for Swiss customers
            Subscription renews a day too early
            Credit note has a negative tax line twice
            Usage meter counts trial seats
            Invoice PDF is cut off after forty lines"""),
        _lines("""Send invoices as XRechnung
            Add annual plans with a discount
            Let customers change their billing address
            Remind of overdue invoices by mail"""),
        _lines("""Invoices are numbered without gaps, and never change once they are sent.
            Tax rates are looked up by country, product and date of supply.
            A change of plan in the middle of a month is prorated by day.
            Overdue invoices get two reminders before the account is suspended.
            The usage meter counts seats at midnight UTC."""),
    ),
    Topic(
        "search",
        "search",
        "Discovery",
        "search-engine",
        "rust",
        ("ranking", "relevance"),
        (
            "search bar",
            "query parser",
            "ranking model",
            "synonym list",
            "autocomplete",
            "facet filter",
            "search index",
            "spelling correction",
        ),
        _lines("""Search finds nothing for words with umlauts
            Autocomplete suggests deleted documents
            Ranking puts archived pages first
            Facet filter counts are wrong after a reindex
            Query with quotes returns an error
            Search index falls behind by an hour"""),
        _lines("""Rank results by how recent they are
            Correct spelling mistakes in queries
            Search inside attachments
            Save a search and share it"""),
        _lines("""The search engine splits texts into words, folds case and accents, and ranks by relevance.
            Synonyms are applied when the query is parsed, so that the index need not be rebuilt.
            Autocomplete answers within thirty milliseconds from a trie in memory.
            A facet counts the matches of every value before the filter on that facet.
            The index is rebuilt in the background and swapped when it is complete."""),
    ),
    Topic(
        "caching",
        "caching",
        "Discovery",
        "cache-layer",
        "rust",
        ("performance", "latency"),
        (
            "cache invalidation",
            "Redis cluster",
            "cache key",
            "eviction policy",
            "edge cache",
            "warm-up job",
            "hit rate chart",
            "time to live",
        ),
        _lines("""Stale prices are served from the cache for hours
            Cache stampede when a popular key expires
            Redis cluster runs out of memory at night
            Eviction drops keys that are still in use
            Two tenants share one cache key"""),
        _lines("""Invalidate the cache when a product changes
            Warm the cache after a deployment
            Show the hit rate per endpoint
            Compress large values in the cache"""),
        _lines("""Caching keeps answers close to the reader and saves the database most of its load.
            A cache key contains the tenant, the version of the schema and the arguments.
            Entries that are invalid are dropped by an event, and by time to live if the event is lost.
            The eviction policy is least recently used with a small protected segment.
            A hit rate below eighty percent raises a warning."""),
    ),
    Topic(
        "deployment",
        "deployment",
        "Platform",
        "deploy-pipeline",
        "yaml",
        ("operations", "kubernetes"),
        (
            "release pipeline",
            "canary rollout",
            "Kubernetes cluster",
            "container image",
            "rollback button",
            "feature flag",
            "build cache",
            "staging environment",
        ),
        _lines("""Rollback leaves the old container running
            Canary rollout ignores the error rate
            Deployment times out while pulling the image
            Staging environment uses production secrets
            Build fails when the cache is empty
            Feature flag flips back after a restart"""),
        _lines("""Deploy every merge to staging automatically
            Roll back with one click
            Pause a rollout when errors rise
            Sign container images"""),
        _lines("""Deployment runs from the main branch through staging to a canary of five percent.
            A rollback puts the previous container image back within two minutes.
            Feature flags part the release of a feature from the deployment of its code.
            Kubernetes restarts a container that fails its health check three times.
            Secrets are mounted at start and never baked into an image."""),
    ),
    Topic(
        "migrations",
        "database migrations",
        "Platform",
        "database",
        "sql",
        ("postgres", "schema"),
        (
            "schema migration",
            "online backfill",
            "foreign key",
            "index build",
            "replica lag",
            "connection pool",
            "column rename",
            "lock timeout",
        ),
        _lines("""Migration locks the orders table for ten minutes
            Backfill job skips rows with NULL
            Replica lags behind after an index build
            Connection pool is exhausted during migrations
            Down migration loses a column"""),
        _lines("""Run database migrations without downtime
            Check migrations for long locks before merging
            Backfill large tables in batches
            Show the progress of a running migration"""),
        _lines("""A database migration first adds, then copies, then removes: never two of these in one release.
            Indexes on large tables are built concurrently, and checked for validity afterwards.
            Backfills run in batches of a thousand rows and pause when a replica lags.
            Every migration states the lock that it takes and for how long.
            A column is renamed by adding the new one and writing to both for a release."""),
    ),
    Topic(
        "notifications",
        "notifications",
        "Messaging",
        "notifier",
        "python",
        ("email", "push"),
        (
            "email digest",
            "push notification",
            "unsubscribe link",
            "notification settings",
            "mail template",
            "delivery queue",
            "quiet hours",
            "webhook delivery",
        ),
        _lines("""Email digest is sent twice on Mondays
            Push notification arrives hours late
            Unsubscribe link leads to an error page
            Quiet hours ignore the time zone of the user
            Mail template shows raw placeholders"""),
        _lines("""Bundle notifications into a daily digest
            Let users mute a conversation
            Send notifications to Slack
            Preview mail templates before sending"""),
        _lines("""Notifications are put into a queue and delivered by email, push or webhook.
            A delivery that fails is tried again five times with growing delay.
            Quiet hours hold back everything but alerts until the morning of the reader.
            Each mail carries a link that unsubscribes with one click.
            The digest gathers what happened since the last one."""),
    ),
    Topic(
        "localization",
        "localization",
        "Messaging",
        "translations",
        "typescript",
        ("languages", "i18n"),
        (
            "translation file",
            "plural rules",
            "date format",
            "right-to-left layout",
            "language switch",
            "currency symbol",
            "missing key report",
        ),
        _lines("""Arabic pages are laid out from left to right
            Dates are shown in American order in Germany
            Plural forms are wrong in Polish
            Language switch forgets the current page"""),
        _lines("""Translate the onboarding into Japanese
            Report missing translation keys at build time
            Format currencies by locale
            Detect the language of the browser"""),
        _lines("""Localization keeps every visible text in translation files, one for each language.
            Plural rules follow the Unicode CLDR.
            Dates and numbers are formatted by the locale of the reader, not of the server.
            A key without a translation falls back to English and is reported."""),
    ),
    Topic(
        "monitoring",
        "monitoring",
        "Insights",
        "observability",
        "go",
        ("alerts", "metrics"),
        (
            "alert rule",
            "latency dashboard",
            "trace sampling",
            "log retention",
            "on-call rota",
            "error budget",
            "health check",
            "metrics exporter",
        ),
        _lines("""Alert fires every night during the backup
            Traces lose the database spans
            Dashboard shows no data for the new region
            Log retention deletes audit logs too early
            Health check passes while the queue is stuck"""),
        _lines("""Page the on-call engineer only for symptoms
            Trace slow requests across services
            Add a dashboard of error budgets
            Sample traces by error"""),
        _lines("""Monitoring watches latency, traffic, errors and saturation of each service.
            An alert names a symptom that users feel and links to a runbook.
            Traces follow a request through all services by its trace id.
            Logs are kept for thirty days and metrics for a year.
            The error budget is what the objective of availability leaves over."""),
    ),
    Topic(
        "reporting",
        "reporting",
        "Insights",
        "reports",
        "python",
        ("analytics", "export"),
        (
            "CSV export",
            "scheduled report",
            "dashboard widget",
            "data warehouse",
            "funnel chart",
            "cohort table",
            "report filter",
        ),
        _lines("""CSV export drops the last row
            Scheduled report runs on the wrong day
            Funnel chart counts users twice
            Report filter forgets the date range"""),
        _lines("""Export reports as spreadsheets
            Schedule a report by mail
            Compare two periods in one chart
            Share a dashboard with customers"""),
        _lines("""Reporting reads from the data warehouse, which is an hour behind the product.
            An export streams its rows, so that its size has no bound.
            Cohorts are defined by the week in which a user signed up.
            Numbers in a report name the query that they come from."""),
    ),
    Topic(
        "mobile",
        "the mobile app",
        "Mobile",
        "mobile-app",
        "kotlin",
        ("android", "ios"),
        (
            "offline mode",
            "app start",
            "push permission",
            "deep link",
            "crash report",
            "dark theme",
            "gesture navigation",
            "background sync",
        ),
        _lines("""App crashes on start on Android 14
            Offline edits are lost after an update
            Dark theme shows black text on black
            Deep link opens the wrong screen
            Background sync drains the battery"""),
        _lines("""Edit documents offline and merge later
            Add widgets to the home screen
            Support tablets in landscape
            Reduce the size of the app"""),
        _lines("""The mobile app keeps a copy of recent documents and works offline.
            Changes made offline are merged by field when the phone is online again.
            A crash report contains the last screens and no personal data.
            The app starts in under two seconds on a phone of five years ago."""),
    ),
    Topic(
        "uploads",
        "file uploads",
        "Mobile",
        "media-store",
        "go",
        ("storage", "images"),
        (
            "upload dialog",
            "image thumbnail",
            "virus scan",
            "resumable upload",
            "storage quota",
            "attachment preview",
            "S3 bucket",
        ),
        _lines("""Uploads over 100 MB fail without a message
            Thumbnail is rotated for photos from phones
            Virus scan blocks password-protected archives
            Storage quota counts deleted files"""),
        _lines("""Resume an upload after a lost connection
            Preview PDF attachments
            Drop folders into the upload dialog
            Show the storage used by each project"""),
        _lines("""File uploads go in parts of eight megabytes straight to the storage bucket.
            A part that fails is sent again, and the upload resumes where it stopped.
            Every file is scanned for viruses before anybody can open it.
            Thumbnails are made in three sizes when a picture is first shown."""),
    ),
    Topic(
        "python",
        "the Python SDK",
        "Developer Experience",
        "python-sdk",
        "python",
        ("python", "sdk"),
        (
            "Python client",
            "type hints",
            "async session",
            "retry decorator",
            "pip package",
            "pagination helper",
            "code sample",
        ),
        _lines("""Python client hangs on Windows
            Type hints break with Python 3.13
            Pagination helper skips the last page
            Async session leaks connections"""),
        _lines("""Publish wheels for Python 3.14
            Stream results with an async iterator
            Add a retry decorator to the Python client
            Generate the Python SDK from the schema"""),
        _lines("""The Python SDK is installed with pip and needs Python 3.11 or later.
            Every call of the Python client has a timeout and two retries.
            Type hints cover the whole package and are checked in strict mode.
            An async session keeps one pool of connections for all tasks.
            Python code samples in the docs are run by the tests."""),
    ),
    Topic(
        "learning",
        "learning to code",
        "Developer Experience",
        "academy",
        "typescript",
        ("beginners", "course"),
        (
            "first lesson",
            "exercise checker",
            "course progress",
            "code playground",
            "quiz",
            "certificate",
            "lesson video",
        ),
        _lines("""Exercise checker accepts an empty answer
            Course progress is lost after signing in
            Code playground times out on the first lesson
            Certificate has the wrong name"""),
        _lines("""Add a course for people who never programmed
            Give hints after a wrong answer
            Let teachers build a class
            Translate the first lessons"""),
        _lines("""The academy teaches beginners to code, one small step at a time.
            Learning to code starts with variables, conditions and loops.
            Beginners write their first program in the playground, without installing anything.
            Each lesson ends with an exercise that the checker runs.
            A learner who is stuck gets a hint before the answer."""),
    ),
)

NAMES = _lines("""Ada Novak
    Priya Sharma
    Marco Rossi
    Wei Chen
    Fatima Haddad
    Lukas Weber
    Grace Okafor
    Diego Alvarez
    Hana Sato
    Oliver Smith
    Elena Petrova
    Jonas Lindqvist
    Maya Cohen
    Samuel Mensah
    Chloe Dubois
    Rafael Costa
    Ingrid Larsen
    Tomasz Kowalski
    Aisha Rahman
    Noah Fischer
    Sofia Marino
    Arjun Patel
    Emma Johansson
    Youssef Amrani
    Katarina Horvat
    Liam Murphy
    Mei Lin
    Pedro Santos
    Zoe Papadaki
    Viktor Orlov
    Nadia Rossi
    Ethan Brooks
    Leila Farsi
    Mateo Garcia
    Anna Schmidt
    Kwame Boateng
    Julia Nowak
    Ravi Iyer
    Isabel Torres
    Henrik Dahl
    Amara Diallo
    Felix Braun
    Yuki Tanaka
    Carla Mendes
    Daniel Kim
    Olga Ivanova
    Theo Laurent
    Sara Bianchi
    Omar Khalil
    Linnea Berg""")

CITIES = ("Berlin", "Lisbon", "Toronto", "Nairobi", "Osaka")

CUSTOMERS = (
    "Northwind Traders", "Contoso", "Fabrikam", "Blue Harbor Foods", "Alpine Sports", "Kestrel Airlines",
    "Lumen Optics", "Greenfield Farms", "Orbit Telecom", "Marigold Hotels",
    "Stonebridge Bank", "Pioneer Insurance", "Silverline Rail", "Copper Kettle Coffee", "Evergreen Energy",
    "Harbor Light Books", "Cobalt Games", "Juniper Health", "Sundial Travel",
    "Red Maple Schools",
)  # fmt: skip

VENDORS = (
    (
        "dhl",
        "DHL",
        ("Deutsche Post DHL", "DHL Express"),
        "Carrier that delivers the hardware keys and printed invoices to our customers.",
    ),
    ("fedex", "FedEx", ("Federal Express",), "Carrier for parcels within North America."),
    ("stripe", "Stripe", (), "Acquirer of card payments."),
    ("adyen", "Adyen", (), "Second acquirer, for local methods of payment."),
    ("hetzner", "Hetzner", ("Hetzner Online",), "Hosts the staging environment."),
    ("aws", "Amazon Web Services", ("AWS",), "Hosts the production clusters and the storage buckets."),
    ("okta", "Okta", (), "Identity provider of our own staff."),
    ("twilio", "Twilio", (), "Sends text messages with codes."),
)

AGENTS = (
    ("triage-bot", "Triage Bot", "support", "Sorts new issues by component and priority."),
    ("release-scribe", "Release Scribe", "writing", "Writes the release notes from merged pull requests."),
    ("review-helper", "Review Helper", "code", "Reads a pull request and points at likely mistakes."),
    ("invoice-checker", "Invoice Checker", "finance", "Compares invoices with the usage meter."),
    ("docs-librarian", "Docs Librarian", "writing", "Finds documents that are out of date."),
    ("incident-scribe", "Incident Scribe", "operations", "Keeps the timeline of an incident."),
    ("onboarding-guide", "Onboarding Guide", "support", "Answers questions of new colleagues."),
    ("query-coach", "Query Coach", "code", "Explains slow database queries."),
    ("tutor", "Tutor", "education", "Helps beginners with their first exercises in the academy."),
    ("translation-checker", "Translation Checker", "writing", "Looks for texts without a translation."),
    ("fraud-watch", "Fraud Watch", "finance", "Watches payments for signs of fraud."),
    ("capacity-planner", "Capacity Planner", "operations", "Foretells the load of the clusters."),
    ("sales-notes", "Sales Notes", "support", "Sums up calls with customers."),
    ("test-writer", "Test Writer", "code", "Proposes tests for files without any."),
    ("access-auditor", "Access Auditor", "security", "Looks for permissions that nobody uses."),
    ("secret-scanner", "Secret Scanner", "security", "Looks for passwords and keys in commits."),
)

CIRCUMSTANCES = (
    "", "", "", " on Safari", " for customers in Europe", " under heavy load", " after the upgrade to 4.2",
    " in the staging environment", " for accounts with many users", " on slow networks",
    " since the last release", " when two people do it at once",
)  # fmt: skip

REPORTS = (
    "Seen by three customers this week.", "Happens in about one of fifty tries.",
    "Support has a workaround, but it is slow.", "The logs show nothing unusual.", "Reproduced on a fresh account.",
    "We promised an answer by the end of the month.", "It worked before the last release.", "A screenshot is attached.",
    "Not urgent, but embarrassing.",
)  # fmt: skip

"""The questions of the ask benchmark: over the company (benchmarks.company at seed 0, scale 1) and over the demo
database.

Times are meant at `company.NOW`, Monday 2026-06-15, 12:00 UTC, and read so: "in the last 7 days" and "in the last
month" are spans that end now; "last week", "last month", "yesterday" and "Q1 2026" are whole weeks (from Monday),
months, days and quarters; "since March" begins at the latest first of March.
"""

from __future__ import annotations

from benchmarks.ask_questions_company import COMPANY
from benchmarks.ask_questions_demo import DEMO
from benchmarks.ask_questions_more import MORE
from benchmarks.question import Question

QUESTIONS: tuple[Question, ...] = (*COMPANY, *DEMO, *MORE)

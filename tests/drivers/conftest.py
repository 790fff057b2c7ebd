"""Tests of the drivers; those of SQLAlchemy run in a process of their own."""

collect_ignore = ["alchemy"]

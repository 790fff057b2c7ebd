"""Random tables and queries: rem_arrow beside DuckDB, and beside itself. See __main__.py for how to run it for
hours."""

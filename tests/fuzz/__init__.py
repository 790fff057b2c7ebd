"""Random tables, queries and updates: rem_arrow beside DuckDB, and beside itself. tests/soak runs them for hours."""

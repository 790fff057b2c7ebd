"""What SQLAlchemy's tests ask for that is off, and which of them fail, each with its reason; the guide shows them."""

OFF = {
    "asyncio": "the driver is synchronous; `rem_arrow.connect_async` is the asynchronous door",
    "column_collation_reflection": "the collation of a column is not reflected",
    "computed_columns_virtual": "generated columns are stored",
    "constraint_comment_reflection": "constraints have no comments",
    "dbapi_lastrowid": "rows have keys and no numbers; RETURNING gives what was stored",
    "deferrable_fks": "references are checked by each statement",
    "fetch_percent": "FETCH FIRST ... PERCENT is not there",
    "fetch_ties": "FETCH FIRST ... WITH TIES is not there",
    "identity_columns": "an identity column is numbered by a sequence, and takes given values too",
    "index_reflects_included_columns": "indexes include no other columns",
    "indexes_with_expressions": "an index is on columns, not on expressions",
    "materialized_views": "views are not materialized",
    "on_update_cascade": "references have no ON UPDATE CASCADE",
    "savepoints": "transactions do not nest; a statement that fails leaves no trace in its own",
    "repeated_column_foreign_keys": "a reference names a column once",
    "repeated_remote_col_foreign_keys": "a reference names a column once",
    "server_side_cursors": "an answer is complete in memory",
    "time_timezone": "a time of day has no zone",
    "two_phase_transactions": "a database is the only party of its transactions",
}

_LENGTH = "the length of a VARCHAR is read and not kept, as in DuckDB"
_QUOTIENT = "the quotient of two DECIMALs is a DOUBLE, as in DuckDB"

# By the class and name of the test, and the first of its parameters. One that passes is an error.
FAILING = {
    ("ComponentReflectionTest", "test_reflect_table_temp_table", ""): _LENGTH,
    ("ComponentReflectionTestExtra", "test_string_length_reflection", ""): _LENGTH,
    ("IsolationLevelTest", "test_dialect_user_setting_is_restored", ""): "AUTOCOMMIT is the only other level",
    ("TrueDivTest", "test_truediv_divisor", "numeric_38_digit_divisor"): _QUOTIENT,
    ("TrueDivTest", "test_truediv_divisor", "numeric_many_decimals"): _QUOTIENT,
}
# The same of a database that is served.
FAILING_SERVED = {
    **FAILING,
    ("HasSequenceTestEmpty", "test_get_sequence_names_no_sequence", ""): (
        "over `rem://` a temporary table goes with its connection, and its sequence stays until it is dropped"
    ),
}

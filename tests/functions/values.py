"""The types that the calls of this folder are made over, and for each the constants that stand as its values.

The first constants of a type are plain, the last ones are its edges. WORDS holds what a place of a function means where
any text would only be an error: a part of a date, a format, a pattern.
"""

from __future__ import annotations

_INTEGERS = ("3", "0", "-7", "2")

VALUES: dict[str, tuple[str, ...]] = {
    "BOOLEAN": ("true", "false"),
    "TINYINT": ("3::TINYINT", "(-7)::TINYINT", "127::TINYINT", "0::TINYINT"),
    "SMALLINT": ("3::SMALLINT", "(-7)::SMALLINT", "0::SMALLINT"),
    "INTEGER": ("3", "(-7)", "0", "12"),
    "BIGINT": ("3::BIGINT", "(-7)::BIGINT", "0::BIGINT"),
    "HUGEINT": ("3::HUGEINT", "(-7)::HUGEINT", "0::HUGEINT"),
    "UTINYINT": ("3::UTINYINT", "200::UTINYINT"),
    "USMALLINT": ("3::USMALLINT", "0::USMALLINT"),
    "UINTEGER": ("3::UINTEGER", "0::UINTEGER"),
    "UBIGINT": ("3::UBIGINT", "0::UBIGINT"),
    "UHUGEINT": ("3::UHUGEINT", "0::UHUGEINT"),
    "FLOAT": ("1.5::FLOAT", "(-0.25)::FLOAT", "'nan'::FLOAT", "0::FLOAT"),
    "DOUBLE": ("2.5::DOUBLE", "(-0.5)::DOUBLE", "'nan'::DOUBLE", "'inf'::DOUBLE", "0::DOUBLE"),
    "DECIMAL": ("1.25::DECIMAL(6,2)", "(-3.5)::DECIMAL(6,2)", "0::DECIMAL(6,2)"),
    "VARCHAR": ("'duck ab'", "''", "'Ünï%'", "'12'"),
    "BLOB": ("'ab\\xC3'::BLOB", "''::BLOB", "'zz'::BLOB"),
    "DATE": ("DATE '2024-02-29'", "DATE '1969-12-31'"),
    "TIME": ("TIME '13:05:09.25'", "TIME '00:00:00'"),
    "TIMESTAMP": ("TIMESTAMP '2024-02-29 13:05:09.25'", "TIMESTAMP '1969-12-31 23:59:59'"),
    "TIMESTAMP WITH TIME ZONE": (
        "TIMESTAMPTZ '2024-02-29 13:05:09.25+00'",
        "TIMESTAMPTZ '1969-12-31 23:59:59+00'",
    ),
    "TIMESTAMP_MS": ("'2024-02-29 13:05:09.25'::TIMESTAMP_MS", "'1969-12-31 23:59:59'::TIMESTAMP_MS"),
    "TIMESTAMP_NS": ("'2024-02-29 13:05:09.25'::TIMESTAMP_NS", "'1969-12-31 23:59:59'::TIMESTAMP_NS"),
    "INTERVAL": ("INTERVAL '1 month 2 days'", "INTERVAL '90 minutes'", "INTERVAL '-3 days'"),
    "INTEGER[]": ("[3, 1, NULL, 2]", "[]::INTEGER[]", "[5]"),
    "VARCHAR[]": ("['b', 'a', NULL]", "[]::VARCHAR[]", "['duck']"),
    "DOUBLE[]": ("[0.5::DOUBLE, 2]", "[1::DOUBLE, -1]"),
    "INTEGER[][]": ("[[1, 2], [3]]", "[[]::INTEGER[], NULL]"),
    "DOUBLE[2]": ("[0.5, 2]::DOUBLE[2]", "[1, -1]::DOUBLE[2]"),
    "STRUCT": ("{'a': 1, 'b': 'x'}", "{'a': NULL, 'b': 'y'}"),
    "MAP": ("MAP {'a': 1, 'b': 2}", "MAP {'k': NULL::INTEGER}"),
}

# What a type of a signature in duckdb_functions() stands for; one that is in neither table rem_arrow has not.
GENERIC: dict[str, tuple[str, ...]] = {
    "ANY": tuple(VALUES),
    "T": ("INTEGER", "VARCHAR", "DOUBLE", "DATE", "STRUCT", "INTEGER[]"),
    "ANY[]": ("INTEGER[]", "VARCHAR[]", "INTEGER[][]", "DOUBLE[]"),
    "T[]": ("INTEGER[]", "VARCHAR[]", "DOUBLE[]", "INTEGER[][]"),
    "T[][]": ("INTEGER[][]",),
    "BIGINT[]": ("INTEGER[]",),
    "FLOAT[]": ("DOUBLE[]",),
    "BOOLEAN[]": ("INTEGER[]",),
    "DOUBLE[ANY]": ("DOUBLE[2]",),
    "FLOAT[ANY]": ("DOUBLE[2]",),
    "MAP(K, V)": ("MAP",),
    "K": ("VARCHAR", "INTEGER"),
    "V": ("INTEGER",),
    "K[]": ("VARCHAR[]",),
    "V[]": ("INTEGER[]",),
    "TUPLE": ("STRUCT",),
}

_PARTS = ("'year'", "'month'", "'hour'", "'epoch'", "'dayofweek'", "'nonsense'", "'Weeks'")
_PATTERN = ("'[a-c]+'", "'(u)(c)'", "'^.$'", "''", "'('")
_OPTIONS = ("'i'", "'g'", "'c'", "'l'", "'z'", "'n'")
_FORMATS = ("'%Y-%m-%d'", "'%d.%m.%y %H:%M'", "'%A %j %W %%'", "'%q'", "''")
_STAMPS = ("'2024-02-29'", "'29.02.24 13:05'", "'nonsense'")
_FRACTION = ("0.5", "0.25", "1.5", "0")
# Constants in the place of those of a type: by function and place.
WORDS: dict[tuple[str, int], tuple[str, ...]] = {
    **{(f, 0): _PARTS for f in ("date_part", "datepart", "date_trunc", "datetrunc")},
    **{(f, 0): _PARTS for f in ("date_diff", "datediff", "date_sub", "datesub")},
    **{
        (f, 1): _PATTERN
        for f in (
            "regexp_matches",
            "regexp_full_match",
            "regexp_extract",
            "regexp_extract_all",
            "regexp_replace",
            "regexp_split_to_array",
            "str_split_regex",
            "string_split_regex",
            "regexp_split",
        )
    },
    **{(f, 2): _OPTIONS for f in ("regexp_matches", "regexp_full_match")},
    ("regexp_extract", 3): _OPTIONS,
    ("regexp_extract_all", 3): _OPTIONS,
    ("regexp_replace", 2): ("'<\\1>'", "'$1'", "'\\\\'", "'\\x'", "''"),
    ("regexp_replace", 3): _OPTIONS,
    ("strftime", 1): _FORMATS,
    ("strftime", 0): (*VALUES["TIMESTAMP"], "'%Y-%m-%d'"),
    **{(f, 0): _STAMPS for f in ("strptime", "try_strptime")},
    **{(f, 1): _FORMATS for f in ("strptime", "try_strptime")},
    **{(f, 1): _FRACTION for f in ("quantile", "quantile_cont", "quantile_disc", "approx_quantile")},
    ("timezone", 0): ("'UTC'", "'Europe/Berlin'", "'nowhere'"),
    ("list_aggregate", 1): ("'sum'", "'min'", "'string_agg'", "'nonsense'"),
    ("list_sort", 1): ("'DESC'", "'ASC'", "'nonsense'"),
    ("list_sort", 2): ("'NULLS FIRST'", "'NULLS LAST'"),
    ("from_base64", 0): ("'YWI='", "'x'", "''"),
    ("unhex", 0): ("'4a4B'", "'4'", "'zz'"),
    ("from_hex", 0): ("'4a4B'", "'4'", "'zz'"),
    ("unbin", 0): ("'0101'", "'12'"),
    ("from_binary", 0): ("'0101'", "'12'"),
    ("format", 0): ("'a{}b'", "'{:d}'", "'{:.2f}'", "'{'"),
    ("printf", 0): ("'a%s b'", "'%d'", "'%.2f'", "'%q'"),
    ("like_escape", 2): ("'$'", "'ab'"),
    ("decode", 1): ("'utf-8'", "'escape'", "'nonsense'"),
    ("parse_formatted_bytes", 0): ("'16 KiB'", "'2GB'", "'x'"),
    ("struct_extract", 1): ("'a'", "'z'", "1", "2"),
}

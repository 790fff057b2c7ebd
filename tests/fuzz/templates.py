"""How a value of each family is made of other values: {family} stands for an operand, {self} for one of the same
family.

{n} is a small literal number, {num} a number of any family, {ord} two operands of one family with an order.
"""

from __future__ import annotations

_ANY = (
    "CASE WHEN {bool} THEN {self} ELSE {self} END",
    "CASE WHEN {bool} THEN {self} WHEN {bool} THEN {self} END",
    "coalesce({self}, {self})",
    "coalesce({self}, {self}, {self})",
    "nullif({self}, {self})",
    "if({bool}, {self}, {self})",
    "CASE {int} WHEN {n} THEN {self} WHEN {int} THEN {self} ELSE {self} END",
)
_ORDERED = ("least({self}, {self})", "greatest({self}, {self})", "greatest({self}, {self}, {self})")

TEMPLATES: dict[str, tuple[str, ...]] = {
    "bool": (
        "({num} = {num})", "({num} <> {num})", "({num} < {num})", "({num} >= {num})",
        "({ord})", "({ord})", "({ord})",
        "({bool} AND {bool})", "({bool} OR {bool})", "(NOT {bool})", "({bool} AND {bool} AND {bool})",
        "({bool} OR {bool} OR {bool})",
        "({any} IS NULL)", "({any} IS NOT NULL)", "({bool} IS TRUE)", "({bool} IS NOT FALSE)",
        "({num} BETWEEN {num} AND {num})", "({num} NOT BETWEEN {num} AND {num})", "({date} BETWEEN {date} AND {date})",
        "({int} IN ({n}, {n}, NULL))", "({int} NOT IN ({n}, {n}))", "({int} IN ({int}, {int}))",
        "({text} IN ('a', {text}, 'b'))", "({num} NOT IN ({num}, {num}))",
        "({text} LIKE {text})", "({text} NOT LIKE '%a%')", "({text} ILIKE 'a%')", "({text} LIKE 'a!%%' ESCAPE '!')",
        "({text} SIMILAR TO 'a.*')", "regexp_matches({text}, '[ab]+')",
        "starts_with({text}, {text})", "contains({text}, {text})", "suffix({text}, {text})",
        "isnan({flt})", "isinf({flt})", "isfinite({flt})", "list_contains({li}, {int})", "list_contains({ls}, {text})",
        "list_has_any({li}, {li})", "list_has_all({li}, {li})",
        "(({int}, {text}) = ({int}, {text}))", "(({int}, {num}) IN (({n}, {num}), ({int}, {n})))",
        "({int} = ANY({li}))",
    ),
    "int": (
        "({int} + {int})", "({int} - {int})", "({int} * {int})", "({int} // {int})", "({int} % {int})", "(-{int})",
        "abs({int})", "({int} // {n})", "({int} % {n})",
        "length({text})", "strpos({text}, {text})", "ascii({text})", "octet_length({blob})", "bit_length({text})",
        "levenshtein({text}, {text})", "strlen({text})",
        "year({date})", "month({ts})", "day({date})", "extract(week FROM {date})", "extract(isodow FROM {ts})",
        "quarter({date})", "hour({ts})", "date_part('doy', {date})",
        "date_diff('day', {date}, {date})", "date_diff('month', {date}, {date})", "date_diff('hour', {ts}, {ts})",
        "date_sub('month', {ts}, {ts})", "({date} - {date})", "epoch_ms({ts})",
        "len({li})", "list_sum({li})", "list_max({li})", "list_position({li}, {int})", "{li}[{n}]", "list_count({ls})",
        "{st}.a", "struct_extract({st}, 'a')", "list_unique({li})",
        "sign({num})", "({int} & {int})", "({int} | {int})", "xor({int}, {int})", "bit_count({int})",
        "CAST({bool} AS INTEGER)", "CAST({dec} AS BIGINT)", "CAST({flt} AS INTEGER)", "TRY_CAST({text} AS INTEGER)",
        "CAST({int} AS HUGEINT)", "TRY_CAST({int} AS TINYINT)", "TRY_CAST({num} AS BIGINT)", "gcd({int}, {int})",
        "extract(month FROM {iv})", "datepart('second', {time})", "round({int}, -1)", "({int} << {n})",
        "list_aggregate({li}, 'min')", "list_reduce({li}, lambda x, y: x + y)",
    ),
    "dec": (
        "({dec} + {dec})", "({dec} - {dec})", "({dec} * {dec})", "({dec} + {int})", "({int} - {dec})", "(-{dec})",
        "abs({dec})", "({dec} % {dec})", "({dec} * {n})",
        "round({dec}, 1)", "round({dec})", "CAST({int} AS DECIMAL(18,3))", "CAST({dec} AS DECIMAL(9,1))",
        "floor({dec})", "ceil({dec})", "trunc({dec})", "TRY_CAST({text} AS DECIMAL(9,2))",
        "TRY_CAST({flt} AS DECIMAL(12,4))",
        "CAST({dec} AS DECIMAL(38,4))",
    ),
    "flt": (
        "({flt} + {flt})", "({flt} - {flt})", "({flt} * {flt})", "({flt} / {flt})", "({num} / {num})",
        "({int} / {int})", "(-{flt})", "abs({flt})", "({flt} % {flt})", "({dec} / {n})", "({flt} * {num})",
        "sqrt(abs({flt}))", "floor({flt})", "ceil({flt})", "round({flt})", "round({flt}, 1)", "trunc({flt})",
        "CAST({num} AS DOUBLE)", "CAST({num} AS FLOAT)", "TRY_CAST({text} AS DOUBLE)", "cbrt({flt})", "exp({flt})",
        "ln(abs({flt}) + 1)", "power({flt}, 2)", "atan({flt})", "sin({int})", "epoch({iv})", "list_avg({li})",
        "jaccard('a' || {text}, 'ab')", "degrees({flt})", "fmod({flt}, {flt})", "pi()",
    ),
    "text": (
        "({text} || {text})", "concat({text}, {any}, {text})", "upper({text})", "lower({text})", "trim({text})",
        "ltrim({text})", "substring({text}, {n}, {n})", "substring({text}, {n})", "left({text}, {n})",
        "right({text}, {n})", "replace({text}, 'a', {text})", "reverse({text})", "repeat({text}, 2)",
        "lpad({text}, 4, '*')", "rpad({text}, 3, 'é')", "split_part({text}, 'a', {n})", "translate({text}, 'ab', 'x')",
        "concat_ws('-', {text}, {text})", "regexp_replace({text}, '[ab]', '_', 'g')",
        "regexp_extract({text}, '(a)(b)?', 1)", "CAST({int} AS VARCHAR)", "CAST({dec} AS VARCHAR)",
        "CAST({date} AS VARCHAR)",
        "CAST({ts} AS VARCHAR)", "CAST({bool} AS VARCHAR)", "CAST({li} AS VARCHAR)", "CAST({st} AS VARCHAR)",
        "CAST({iv} AS VARCHAR)", "CAST({blob} AS VARCHAR)", "CAST({time} AS VARCHAR)", "strftime({ts}, '%Y-%m-%d %H')",
        "dayname({date})", "monthname({date})", "{st}.b", "{ls}[{n}]", "array_to_string({ls}, '+')", "md5({text})",
        "hex({text})", "{text}[{n}]", "{text}[1:2]", "to_hex({n})", "list_max({ls})",
        "CAST({ls} AS VARCHAR)", "format('{{}}-{{}}', {int}, {text})", "printf('%d|%s', {int}, {text})",
        "typeof({any})", "array_extract({text}, {n})", "CAST({flt} AS VARCHAR)", "bar({n}, 0, 10, 5)",
        "left({text}, -1)",
    ),
    "date": ("({date} + {n})", "({date} - {n})", "CAST({ts} AS DATE)", "last_day({date})",
             "make_date(2020, 1 + abs({n}) % 12, 1)", "TRY_CAST({text} AS DATE)",
             "CAST(date_trunc('month', {date}) AS DATE)"),
    "ts": ("({ts} + {iv})", "({ts} - {iv})", "({date} + {iv})", "date_trunc('hour', {ts})", "date_trunc('month', {ts})",
           "date_trunc('week', {ts})", "CAST({date} AS TIMESTAMP)", "TRY_CAST({text} AS TIMESTAMP)",
           "time_bucket(INTERVAL 1 DAY, {ts})", "date_add({ts}, {iv})", "({date} + {time})", "CAST({tz} AS TIMESTAMP)",
           "epoch_ms(({int} % 1000)::BIGINT)"),
    "tz": ("({tz} + INTERVAL 1 HOUR)", "CAST({ts} AS TIMESTAMPTZ)", "date_trunc('day', {tz})", "timezone('UTC', {ts})"),
    "time": ("CAST({ts} AS TIME)", "({time} + INTERVAL 90 MINUTE)"),
    "iv": ("({iv} + {iv})", "({ts} - {ts})", "(-{iv})", "({iv} * {n})", "to_days({n})", "to_months({n})",
           "age({ts}, {ts})", "to_minutes({n})"),
    "blob": ("encode({text})", "({blob} || {blob})", "unhex('ab')"),
    "li": ("list_value({int} % 100, {n})", "list_concat({li}, {li})", "list_sort({li})", "list_reverse({li})",
           "list_distinct(list_value({n}))", "{li}[{n}:{n}]", "list_filter({li}, lambda x: x > {n})",
           "list_append({li}, {n})",
           "list_transform({li}, lambda x: x % 10)", "(range({n})::INTEGER[])", "list_reverse_sort({li})",
           "list_intersect({li}, [1])", "list_prepend({n}, {li})", "list_resize({li}, 3)",
           "[x % 7 FOR x IN {li} IF x > 0]"),
    "ls": ("list_value({text}, {text})", "string_split({text}, 'a')", "list_concat({ls}, {ls})",
           "list_sort({ls}, 'DESC')", "list_transform({ls}, lambda x: upper(x))", "list_append({ls}, {text})",
           "regexp_extract_all({text}, '[a-z]')"),
    "st": ("struct_pack(a := ({n})::INTEGER, b := {text})", "{{'a': {n}, 'b': {text} }}"),
}  # fmt: skip
for _family in TEMPLATES:
    TEMPLATES[_family] += _ANY if _family == "bool" else _ANY[:4]
    if _family in ("int", "dec", "flt", "text", "date", "ts"):
        TEMPLATES[_family] += _ORDERED

# Aggregates that do not depend on the order of rows, by family of the result: template, and whether DISTINCT and FILTER
# may follow.
AGGREGATES: tuple[tuple[str, str], ...] = (
    ("int", "count(*)"), ("int", "count({any})"), ("int", "count(DISTINCT {key})"), ("int", "sum({int})"),
    ("dec", "sum({dec})"), ("flt", "sum({tame})"), ("flt", "avg({int})"), ("flt", "avg({dec})"),
    ("int", "sum(DISTINCT {int})"), ("flt", "avg(DISTINCT {int})"), ("int", "min({int})"), ("int", "max({int})"),
    ("dec", "min({dec})"), ("flt", "max({flt})"), ("flt", "min({flt})"), ("text", "min({text})"),
    ("text", "max({text})"), ("date", "max({date})"), ("ts", "min({ts})"), ("bool", "bool_and({bool})"),
    ("bool", "bool_or({bool})"), ("int", "count_if({bool})"), ("flt", "median({int})"), ("flt", "stddev({int})"),
    ("flt", "var_pop({dec})"), ("int", "bit_or({i})"), ("int", "bit_xor({i})"),
    ("text", "array_to_string(list_sort(list({text})), ',')"), ("flt", "quantile_cont({int}, 0.25)"),
    ("int", "quantile_disc({int}, 0.5)"),
    ("text", "list_sort(list(DISTINCT {text}))::VARCHAR"), ("li", "list_sort(list({i}))"),
    ("ls", "list_sort(list(DISTINCT {text}))"), ("flt", "corr({i}, {i})"), ("int", "max({date} - DATE '2000-01-01')"),
    ("int", "max({li}[1])"), ("bool", "max({bool})"), ("time", "max({time})"), ("dec", "max(DISTINCT {dec})"),
    ("flt", "skewness({i})"), ("flt", "regr_slope({i}, {i})"), ("flt", "covar_pop({i}, {i})"),
    ("int", "sum({bool}::INTEGER)"), ("flt", "sum({dec}) / count(*)"), ("int", "count(DISTINCT {st})"),
    ("int", "approx_count_distinct({int}) * 0"), ("flt", "quantile_cont({dec}, 0.5)::DOUBLE"),
    ("flt", "product({tame})"),
    ("li", "max({li})"), ("st", "min({st})"), ("blob", "max({blob})"), ("tz", "max({tz})"), ("flt", "entropy({i})"),
    ("flt", "favg({i})"), ("int", "len(list(DISTINCT {key}))"), ("iv", "max({iv})"),
)  # fmt: skip

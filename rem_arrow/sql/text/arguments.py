"""Functions that SQLGlot reads into a class of its own: what each is called here, and where its arguments stand."""

from __future__ import annotations

from sqlglot import exp

from rem_arrow.plan import functions

# The name, and the keys of the arguments in the order of the call.
ARGUMENTS: dict[type[exp.Expression], tuple[str, tuple[str, ...]]] = {
    exp.StrPosition: ("strpos", ("this", "substr")),
    exp.Substring: ("substring", ("this", "start", "length")),
    exp.RegexpLike: ("regexp_matches", ("this", "expression", "flag")),
    exp.RegexpReplace: ("regexp_replace", ("this", "expression", "replacement", "modifiers")),
    exp.RegexpExtract: ("regexp_extract", ("this", "expression", "group", "parameters")),
    exp.RegexpFullMatch: ("regexp_full_match", ("this", "expression", "options")),
    exp.SimilarTo: ("regexp_full_match", ("this", "expression")),
    exp.Translate: ("translate", ("this", "from_", "to")),
    exp.Pow: ("power", ("this", "expression")),
    exp.Atan2: ("atan2", ("this", "expression")),
    exp.Repeat: ("repeat", ("this", "times")),
    exp.Stddev: ("stddev", ("this",)),
    exp.StddevPop: ("stddev_pop", ("this",)),
    exp.VariancePop: ("var_pop", ("this",)),
    exp.LogicalAnd: ("bool_and", ("this",)),
    exp.LogicalOr: ("bool_or", ("this",)),
    exp.BitwiseAndAgg: ("bit_and", ("this",)),
    exp.BitwiseOrAgg: ("bit_or", ("this",)),
    exp.BitwiseXorAgg: ("bit_xor", ("this",)),
    exp.CountIf: ("count_if", ("this",)),
    exp.GroupConcat: ("string_agg", ("this", "separator")),
    exp.ArgMin: ("arg_min", ("this", "expression", "count")),
    exp.ArgMax: ("arg_max", ("this", "expression", "count")),
    exp.DayOfWeek: ("dayofweek", ("this",)),
    exp.DayOfWeekIso: ("isodow", ("this",)),
    exp.DayOfYear: ("dayofyear", ("this",)),
    exp.DayOfMonth: ("day", ("this",)),
    exp.WeekOfYear: ("week", ("this",)),
    exp.LastDay: ("last_day", ("this",)),
    exp.DateFromParts: ("make_date", ("year", "month", "day")),
    exp.TimestampFromParts: ("make_timestamp", ("year", "month", "day", "hour", "min", "sec")),
    exp.TimeFromParts: ("make_time", ("hour", "min", "sec")),
    exp.TimeToUnix: ("epoch", ("this",)),
    exp.StrToTime: ("strptime", ("this", "format")),
    exp.DateAdd: ("date_add", ("this", "expression")),
    exp.Date: ("date", ("this",)),
    exp.ToDays: ("to_days", ("this",)),
    exp.CurrentTime: ("current_time", ()),
    exp.Localtime: ("localtime", ()),
    exp.Localtimestamp: ("localtimestamp", ()),
    exp.CurrentUser: ("current_user", ()),
    exp.SessionUser: ("session_user", ()),
    exp.CurrentSchema: ("current_schema", ()),
    exp.CurrentDatabase: ("current_database", ()),
    exp.CurrentCatalog: ("current_catalog", ()),
    exp.CurrentVersion: ("version", ()),
    exp.Typeof: ("typeof", ("this",)),
    exp.Try: ("try", ("this",)),
    exp.ArraySize: ("list_length", ("this", "expression")),
    exp.ArrayContains: ("list_contains", ("this", "expression")),
    exp.Round: ("round", ("this", "decimals")),
    exp.Trunc: ("trunc", ("this", "decimals")),
    exp.IsNan: ("isnan", ("this",)),
    exp.IsInf: ("isinf", ("this",)),
    exp.StartsWith: ("starts_with", ("this", "expression")),
    exp.EndsWith: ("ends_with", ("this", "expression")),
    exp.Contains: ("contains", ("this", "expression")),
    exp.BitwiseXor: ("xor", ("this", "expression")),
    exp.Chr: ("chr", ("expressions",)),
    exp.Unicode: ("unicode", ("this",)),
    exp.Glob: ("glob", ("this", "expression")),
    exp.Decode: ("decode", ("this",)),
    exp.Encode: ("encode", ("this",)),
    exp.Hex: ("hex", ("this",)),
    exp.Unhex: ("unhex", ("this",)),
    exp.ToBase64: ("to_base64", ("this",)),
    exp.FromBase64: ("from_base64", ("this",)),
    exp.SHA: ("sha1", ("this",)),
    exp.Levenshtein: ("levenshtein", ("this", "expression")),
    # The name of the third argument is that of another database; in DuckDB it is the least that counts.
    exp.JarowinklerSimilarity: ("jaro_winkler_similarity", ("this", "expression", "case_insensitive")),
    exp.Format: ("format", ("this", "expressions")),
    exp.Initcap: ("initcap", ("this",)),
    exp.Overlay: ("overlay", ("this", "expression", "from_", "for_")),
    exp.Uuid: ("uuid", ()),
    exp.Rand: ("random", ()),
    exp.Min: ("min", ("this", "expressions", "count")),
    exp.Max: ("max", ("this", "expressions", "count")),
    exp.Mode: ("mode", ("this",)),
    exp.PercentileCont: ("quantile_cont", ("this", "expression")),
    exp.PercentileDisc: ("quantile_disc", ("this", "expression")),
    exp.Quantile: ("quantile_disc", ("this", "quantile")),
    exp.ApproxQuantile: ("approx_quantile", ("this", "quantile")),
    exp.ApproxDistinct: ("approx_count_distinct", ("this",)),
    exp.EuclideanDistance: ("list_distance", ("this", "expression")),
    exp.CosineDistance: ("list_cosine_distance", ("this", "expression")),
    exp.ArrayAgg: ("list", ("this",)),
    exp.ArrayFilter: ("list_filter", ("this", "expression")),
    exp.Transform: ("list_transform", ("this", "expression")),
    exp.Reduce: ("list_reduce", ("this", "initial", "merge")),
    exp.ArrayConcat: ("list_concat", ("this", "expressions")),
    exp.ArrayAppend: ("list_append", ("this", "expression")),
    exp.ArrayPrepend: ("list_prepend_to", ("this", "expression")),
    exp.ArrayPosition: ("list_position", ("this", "expression")),
    exp.ArrayDistinct: ("list_distinct", ("this",)),
    exp.ArrayIntersect: ("list_intersect", ("expressions",)),
    exp.ArrayReverse: ("list_reverse", ("this",)),
    exp.ArraySlice: ("list_slice", ("this", "start", "end", "step")),
    exp.ArraySort: ("list_sort", ("this",)),
    exp.ArrayMax: ("list_max", ("this",)),
    exp.ArrayMin: ("list_min", ("this",)),
    exp.ArraySum: ("list_sum", ("this",)),
    exp.ArrayFirst: ("list_first", ("this",)),
    exp.ArrayLast: ("list_last", ("this",)),
    exp.ArrayToString: ("array_to_string", ("this", "expression")),
    exp.Flatten: ("flatten", ("this",)),
    exp.Split: ("string_split", ("this", "expression")),
    exp.RegexpSplit: ("regexp_split_to_array", ("this", "expression", "limit")),
    exp.RegexpExtractAll: ("regexp_extract_all", ("this", "expression", "group", "parameters")),
    exp.StructExtract: ("struct_extract", ("this", "expression")),
    exp.MapFromEntries: ("map_from_entries", ("this",)),
    exp.MapKeys: ("map_keys", ("this",)),
    exp.JSONKeys: ("json_keys", ("this", "expression")),
    exp.JSONType: ("json_type", ("this", "expression")),
    exp.JSONArray: ("json_array", ("expressions",)),
}
# What SQLGlot adds of its own.
_NO_ARGUMENTS = ("charset", "length", "order", "separator")


def name_and_arguments(tree: exp.Expression) -> tuple[str, list[exp.Expression]]:
    if isinstance(tree, exp.Anonymous):
        return functions.canonical(str(tree.this)), list(tree.expressions)
    name, keys = ARGUMENTS.get(type(tree)) or (
        functions.canonical(str(tree.sql_name())),  # type: ignore[attr-defined]
        tuple(tree.arg_types),
    )
    trees: list[exp.Expression] = []
    for key in keys:
        value = tree.args.get(key)
        if isinstance(value, list):
            trees += [v for v in value if isinstance(v, exp.Expression)]
        elif isinstance(value, exp.Expression):
            trees.append(value)
    return name, trees + _left_over(tree, keys)


def _left_over(tree: exp.Expression, keys: tuple[str, ...]) -> list[exp.Expression]:
    """Return arguments of a call that SQLGlot's class has for other databases: the function has too many then."""
    return [
        v for k, v in tree.args.items() if k not in keys and isinstance(v, exp.Expression) and k not in _NO_ARGUMENTS
    ]

"""The catalog of functions over lists, structs and maps: argument kinds, as in functions.py, and results.

Kinds of this family: "list" and "item" (all of a call meet in one type of item), "array" (a list on its own), "struct",
"map". A map is a list of structs of a key and a value. The fields of a row without names are called 1, 2 and so on.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from rem_arrow.base.datatypes import instance

Types = list[pl.DataType]
Entry = tuple[str, "pl.DataType | Callable[[Types], pl.DataType]"]

_INT, _TEXT, _FLOAT, _BOOL = pl.Int64(), pl.String(), pl.Float64(), pl.Boolean()


def is_list(dtype: pl.DataType) -> bool:
    return isinstance(dtype, (pl.List, pl.Array))


def as_lists(dtype: pl.DataType) -> pl.DataType:
    """Return the type with a list in the place of every array."""
    return pl.List(as_lists(item_of(dtype))) if is_list(dtype) else dtype


def item_of(dtype: pl.DataType) -> pl.DataType:
    """Return the type of a list's items; an untyped NULL has untyped items."""
    return instance(dtype.inner) if isinstance(dtype, (pl.List, pl.Array)) else pl.Null()


def fields_of(dtype: pl.DataType) -> dict[str, pl.DataType]:
    """Return the fields of a struct by name. An interval, which Polars holds as a struct, has none."""
    fields = {f.name: instance(f.dtype) for f in dtype.fields} if isinstance(dtype, pl.Struct) else {}
    return {} if "interval_months" in fields else fields


def is_nested(dtype: pl.DataType) -> bool:
    return is_list(dtype) or bool(fields_of(dtype))


def struct_of(fields: dict[str, pl.DataType]) -> pl.Struct:
    return pl.Struct([pl.Field(name, dtype) for name, dtype in fields.items()])


def is_map(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.List) and list(fields_of(item_of(dtype))) == ["key", "value"]


def map_of(key: pl.DataType, value: pl.DataType) -> pl.List:
    return pl.List(struct_of({"key": key, "value": value}))


def is_unnamed(dtype: pl.DataType) -> bool:
    """Say whether a struct is what ROW gives: its fields have places, no names."""
    names = list(fields_of(dtype))
    return bool(names) and names == [str(i + 1) for i in range(len(names))]


def _first(types: Types) -> pl.DataType:
    return types[0]


def _second(types: Types) -> pl.DataType:
    return types[1]


def _item(types: Types) -> pl.DataType:
    return item_of(types[0])


def _flat(types: Types) -> pl.DataType:
    inner = item_of(types[0])
    return inner if is_list(inner) else pl.List(pl.Null())


def _zipped(types: Types) -> pl.DataType:
    lists = [t for t in types if is_list(t) or isinstance(t, pl.Null)]
    return pl.List(struct_of({str(i + 1): item_of(t) for i, t in enumerate(lists)}))


def _map_part(name: str) -> Callable[[Types], pl.DataType]:
    return lambda types: pl.List(fields_of(item_of(types[0])).get(name, pl.Null()))


def _map_value(types: Types) -> pl.DataType:
    return fields_of(item_of(types[0])).get("value", pl.Null())


def _of_entries(types: Types) -> pl.DataType:
    """A map of rows of two values; of NULL one of which nothing is known."""
    key, value = [*fields_of(item_of(types[0])).values(), pl.Null(), pl.Null()][:2]
    return map_of(key, value)


def _joined(types: Types) -> pl.DataType:
    """The fields of all; those without names are numbered through."""
    fields = [field for t in types for field in fields_of(t).items()]
    unnamed = all(map(is_unnamed, types))
    return struct_of({str(i) if unnamed else name: dtype for i, (name, dtype) in enumerate(fields, 1)})


NESTED: dict[str, Entry] = {
    "list_value": ("item+", lambda types: pl.List(types[0])),
    "list_length": ("array integer?", _INT),
    "list_contains": ("list item", _BOOL),
    "list_position": ("list item", pl.Int32()),
    "list_extract": ("array integer", _item),
    "list_slice": ("array integer integer integer?", _first),
    "list_concat_operator": ("list list", _first),
    "list_append": ("list item", _first),
    "list_prepend": ("item list", _second),
    "list_concat": ("list+", _first),
    "list_distinct": ("array", _first),
    "list_unique": ("array", pl.UInt64()),
    "list_sort": ("array", _first),
    "list_reverse_sort": ("array", _first),
    "list_reverse": ("array", _first),
    "list_grade_up": ("array", pl.List(_INT)),
    "list_has_any": ("list list", _BOOL),
    "list_has_all": ("list list", _BOOL),
    "list_intersect": ("list list", _first),
    "list_resize": ("list integer item?", _first),
    "list_zip": ("any+", _zipped),
    "list_where": ("array array", _first),
    "list_select": ("array array", _first),
    "list_repeat": ("array integer", _first),
    "flatten": ("array", _flat),
    **dict.fromkeys(
        (
            "list_distance",
            "list_cosine_similarity",
            "list_cosine_distance",
            "list_inner_product",
            "list_negative_inner_product",
        ),
        ("vector vector", _FLOAT),
    ),
    "generate_series": ("integer integer? integer?", pl.List(_INT)),
    "range": ("integer integer? integer?", pl.List(_INT)),
    "string_split": ("text text", pl.List(_TEXT)),
    "regexp_split_to_array": ("text text text?", pl.List(_TEXT)),
    "regexp_extract_all": ("text text integer? text?", pl.List(_TEXT)),
    "array_to_string": ("array text", _TEXT),
    "struct_keys": ("struct", pl.List(_TEXT)),
    "struct_concat": ("struct+", _joined),
    "map_keys": ("map", _map_part("key")),
    "map_values": ("map", _map_part("value")),
    "map_entries": ("map", _first),
    "map_from_entries": ("array", _of_entries),
    "map_contains": ("map any", _BOOL),
    "map_contains_entry": ("map any any", _BOOL),
    "cardinality": ("array", pl.UInt64()),
    "map_concat": ("map map+", _first),
    "map_extract": ("map any", _map_part("value")),
    "map_extract_value": ("map any", _map_value),
}

# What SCALAR functions of one name mean when they are given a list, or a map, first.
OF_LISTS = {
    "length": "list_length",
    "contains": "list_contains",
    "concat": "list_concat",
    "concat_operator": "list_concat_operator",
    "reverse": "list_reverse",
    "repeat": "list_repeat",
}
OF_MAPS = {"contains": "map_contains", "list_contains": "map_contains", "list_extract": "map_extract_value"}

_LISTS = (
    "value", "extract", "slice", "append", "prepend", "concat", "distinct", "unique", "sort", "reverse_sort", "reverse",
    "grade_up", "has_any", "has_all",
    "intersect", "resize", "zip", "where", "select", "distance", "cosine_similarity", "cosine_distance",
    "inner_product", "negative_inner_product", "position",
)  # fmt: skip
NESTED_ALIASES: dict[str, str] = {
    **{f"array_{name}": f"list_{name}" for name in _LISTS},
    "array": "list_value",
    "list_pack": "list_value",
    "list_element": "list_extract",
    "array_length": "list_length",
    "array_contains": "list_contains",
    "list_has": "list_contains",
    "array_has": "list_contains",
    "list_indexof": "list_position",
    "array_indexof": "list_position",
    "array_push_back": "list_append",
    "array_push_front": "list_prepend_to",
    "list_cat": "list_concat",
    "array_cat": "list_concat",
    "array_size": "list_length",
    "list_dot_product": "list_inner_product",
    "array_dot_product": "list_inner_product",
    "array_flatten": "flatten",
    "list_negative_dot_product": "list_negative_inner_product",
    "array_negative_dot_product": "list_negative_inner_product",
    "grade_up": "list_grade_up",
    "list_stddev_samp": "list_stddev",
    "list_var_samp": "list_variance",
    "string_to_array": "string_split",
    "str_split": "string_split",
    "split": "string_split",
    "str_split_regex": "regexp_split_to_array",
    "string_split_regex": "regexp_split_to_array",
    "regexp_split": "regexp_split_to_array",
    "array_overlaps": "list_has_any",
    "array_contains_all": "list_has_all",
    "element_at": "map_extract",
    "array_agg": "list",
    "array_aggr": "list_aggregate",
    "array_aggregate": "list_aggregate",
    "list_aggr": "list_aggregate",
    "aggregate": "list_aggregate",
    "list_apply": "list_transform",
    "array_apply": "list_transform",
    "array_transform": "list_transform",
    "transform": "list_transform",
    "array_filter": "list_filter",
    "filter": "list_filter",
    "array_reduce": "list_reduce",
    "reduce": "list_reduce",
    "struct": "struct_pack",
}
# Functions whose argument holds a Lambda: how many parameters it has at least; one more is the place of the item, from
# 1.
LAMBDAS = {"list_transform": 1, "list_filter": 1, "list_reduce": 2}

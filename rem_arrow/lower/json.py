"""JSON in texts: paths are walked in Python, value by value, as Polars reads only scalars by path; it writes JSON."""

from __future__ import annotations

import json
from collections.abc import Callable

import polars as pl

from rem_arrow.base.datatypes import instance
from rem_arrow.base.errors import ExecuteError
from rem_arrow.lower.cast import cast
from rem_arrow.lower.function import ScalarFunction
from rem_arrow.plan import nested_functions as nested

_MISSING = object()
_SIGNED_64, _UNSIGNED_64 = -(1 << 63), (1 << 64) - 1


def _rowwise(function: Callable[[object, object], object]) -> ScalarFunction:
    """A function of a document and a path, which may be absent. Other than text it is taken as `$`; NULL gives NULL."""

    def lower(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
        if len(args) == 1:
            return args[0].map_elements(lambda text: _checked(function, text, "$"), return_dtype=result)
        rows = pl.struct(args[0].alias("text"), args[1].cast(pl.String).alias("path"))
        return rows.map_elements(
            lambda row: None if None in row.values() else _checked(function, row["text"], row["path"]),
            return_dtype=result,
        )

    return lower


def _checked(function: Callable[[object, object], object], text: str, path: str) -> object:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ExecuteError(f"this is not JSON: {text[:60]}") from error
    except RecursionError as error:
        raise ExecuteError(f"this JSON is nested too deeply: {text[:60]}") from error
    value = at(document, path)
    return None if value is _MISSING else function(value, text)


def at(document: object, path: str) -> object:
    """Return the value at `$.a[0]`, `/a/0`, a key, or a place in an array as a number."""
    for step in steps(path):
        document = _step(document, step, path)
        if document is _MISSING:
            return _MISSING
    return document


def _step(document: object, step: str | int, path: str) -> object:
    if isinstance(document, dict):
        return document.get(str(step), _MISSING)
    if not isinstance(document, list) or (isinstance(step, str) and not (step.isdigit() and path.startswith("/"))):
        return _MISSING
    place = int(step)
    return document[place] if -len(document) <= place < len(document) else _MISSING


def steps(path: str) -> list[str | int]:
    """Return the keys and places of a path. A plain text is one key."""
    if path.startswith("/"):
        return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    if not path.startswith("$"):
        return [int(path)] if path.lstrip("-").isdigit() else [path]
    keys: list[str | int] = []
    rest = path[1:]
    if "*" in path:
        raise ExecuteError(f"{path} means several values; a path to one is supported")
    while rest:
        if rest.startswith('."'):
            key, _, rest = rest[2:].partition('"')
            keys.append(key)
        elif rest.startswith("."):
            size = next((i for i, c in enumerate(rest[1:], 1) if c in ".["), len(rest))
            keys.append(rest[1:size])
            rest = rest[size:]
        elif rest.startswith("["):
            inside, _, rest = rest[1:].partition("]")
            keys.append(
                int(inside.replace("#", "")) if inside.replace("#", "").lstrip("-").isdigit() else inside.strip("'\"")
            )
        else:
            raise ExecuteError(f"{path} is not a path in JSON; write for example $.key[0]")
    return keys


def _dumped(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _as_text(value: object, _text: object) -> str | None:
    return None if value is None else value if isinstance(value, str) else _dumped(value)


def _type_of(value: object, _text: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "BOOLEAN"
        case int():
            return "UBIGINT" if 0 <= value <= _UNSIGNED_64 else "BIGINT" if _SIGNED_64 <= value < 0 else "HUGEINT"
        case float():
            return "DOUBLE"
        case str():
            return "VARCHAR"
        case list():
            return "ARRAY"
        case _:
            return "OBJECT"


def _valid(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def encoded(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return values as JSON; "null" for NULL."""
    if isinstance(dtype, pl.Null):
        return pl.lit("null")
    written = pl.struct(_writable(x, dtype).alias("v")).struct.json_encode()
    return written.str.slice(len('{"v":')).str.head(-1)


def _writable(x: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Decimals become floats and dates texts, as DuckDB writes them."""
    if nested.is_list(dtype):
        return cast(x, dtype, _plain(dtype), safe=False)
    return x if _plain(dtype) == dtype else cast(x, dtype, _plain(dtype), safe=False)


def _plain(dtype: pl.DataType) -> pl.DataType:
    if isinstance(dtype, (pl.List, pl.Array)):
        return pl.List(_plain(instance(dtype.inner)))
    if isinstance(dtype, pl.Struct):
        return nested.struct_of({n: _plain(t) for n, t in nested.fields_of(dtype).items()})
    if isinstance(dtype, pl.Decimal):
        return pl.Float64()
    return dtype if dtype.is_numeric() or isinstance(dtype, (pl.Boolean, pl.Null)) else pl.String()


def _to_json(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    x, dtype = args[0], arg_types[0]
    if nested.is_map(dtype):
        key, value = nested.fields_of(nested.item_of(dtype)).items()
        pair = (
            encoded(cast(pl.element().struct.field("key"), key[1], pl.String(), safe=False), pl.String())
            + ":"
            + encoded(pl.element().struct.field("value"), value[1])
        )
        return "{" + x.list.eval(pair).list.join(",") + "}"
    return pl.when(x.is_not_null()).then(encoded(x, dtype))


def _array(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    parts = [
        e
        for i, (a, t) in enumerate(zip(args, arg_types, strict=True))
        for e in (pl.lit("," if i else "["), encoded(a, t))
    ]
    return pl.concat_str([*parts, pl.lit("]")]) if parts else pl.lit("[]")


def _object(args: list[pl.Expr], arg_types: list[pl.DataType], result: pl.DataType) -> pl.Expr:
    keys = [
        encoded(cast(k, t, pl.String(), safe=False), pl.String())
        for k, t in zip(args[::2], arg_types[::2], strict=True)
    ]
    values = [encoded(v, t) for v, t in zip(args[1::2], arg_types[1::2], strict=True)]
    parts = [
        e
        for i, (k, v) in enumerate(zip(keys, values, strict=True))
        for e in (pl.lit("," if i else "{"), k, pl.lit(":"), v)
    ]
    return pl.concat_str([*parts, pl.lit("}")]) if parts else pl.lit("{}")


JSON: dict[str, ScalarFunction] = {
    "json_extract": _rowwise(lambda value, _: _dumped(value)),
    "json_extract_string": _rowwise(_as_text),
    "json_array_length": _rowwise(lambda value, _: len(value) if isinstance(value, list) else 0),
    "json_keys": _rowwise(lambda value, _: list(value) if isinstance(value, dict) else []),
    "json_type": _rowwise(_type_of),
    "json_valid": lambda args, _types, result: args[0].map_elements(_valid, return_dtype=result),
    "json_object": _object,
    "json_array": _array,
    "to_json": _to_json,
}

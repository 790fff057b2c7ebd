"""A session of Spark Connect, by the library `pyspark`, an extra: Spark, Databricks or Sail at its other end."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import polars as pl
import pyarrow as pa

from rem_arrow.base.errors import ExecuteError, InputError, UnsupportedError
from rem_arrow.lower_spark.arrow_functions import ArrowFunction, arrow_type
from rem_arrow.publish.published_types import encoded, spark_name

_SETTINGS = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}


@contextmanager
def _as_a_program() -> Iterator[None]:
    """Import pyspark as from a file: it takes `python -c` for a run of its doctests, looks for a whole Spark, and ends
    the process where there is none."""
    main = sys.modules["__main__"]
    lacks = not hasattr(main, "__file__")
    if lacks:
        main.__file__ = "<string>"
    try:
        yield
    finally:
        if lacks:
            del main.__file__


class SparkSession:
    """One session. Not safe in many threads: its views and functions are those of one statement at a time.

    Raises UnsupportedError without the library, InputError where nobody answers at the address.
    """

    def __init__(self, url: str) -> None:
        if find_spec("pyspark") is None:
            raise UnsupportedError(
                "rem.distributed needs a client of Spark Connect: pip install 'rem_arrow[distributed]'"
            )
        with _as_a_program():
            from pyspark.sql.connect.session import SparkSession as Session

        self.url = url
        try:
            self._session: Any = Session.builder.remote(url).create()
            for name, value in _SETTINGS.items():
                self._session.conf.set(name, value)
        except _failures() as error:
            raise InputError(f"no engine answers at {url}: {_first_line(error)}") from error

    def close(self) -> None:
        self._session.stop()

    def show_table(self, view: str, address: str, version: int) -> None:
        """Make a version of a Delta table a view."""
        with_version = self._session.read.format("delta").option("versionAsOf", version)
        self._checked(lambda: with_version.load(address).createOrReplaceTempView(view))

    def show_rows(self, view: str, rows: pl.DataFrame, types: Mapping[str, pl.DataType]) -> None:
        """Make rows of columns of these types of ours a view."""
        held = encoded(rows, types, "the statement")
        schema = pa.schema([(n, arrow_type(t)) for n, t in types.items()])
        table = held.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema)
        declared = ", ".join(f"`{n}` {spark_name(t)}" for n, t in types.items())
        self._checked(lambda: self._session.createDataFrame(table, schema=declared).createOrReplaceTempView(view))

    def register(self, name: str, function: ArrowFunction) -> None:
        """Make a function one of SQL."""
        from pyspark.sql.functions import ArrowUDFType, arrow_udf

        made = arrow_udf(lambda *arrays: function(*arrays), spark_name(function.dtype), ArrowUDFType.SCALAR)
        self._checked(lambda: self._session.udf.register(name, made))

    def answer(self, text: str) -> pa.Table:
        """Return the rows of a statement in Spark's SQL. Raises ExecuteError."""
        return self._checked(lambda: self._session.sql(text).toArrow())

    def _checked(self, work: Any) -> Any:
        try:
            return work()
        except _failures() as error:
            raise ExecuteError(f"the engine at {self.url} failed: {_first_line(error)}") from error


def _failures() -> tuple[type[BaseException], ...]:
    """What the client raises: errors of its own, and those of what it stands on."""
    from grpc import RpcError
    from pyspark.errors import PySparkException

    return (PySparkException, RpcError, OSError, ValueError, TypeError, pa.ArrowException)


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:500]

"""The dialect of SQLAlchemy 2.1: `create_engine("rem:///my.rem")`.

rem:///my.rem           the folder my.rem
rem:////srv/my.rem      the folder /srv/my.rem
rem:///:memory:         a temporary database, which all connections of the engine share
?read_only=true         options of `rem_arrow.connect`, as many as you like
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from sqlalchemy import exc
from sqlalchemy.engine import URL
from sqlalchemy.sql.compiler import InsertmanyvaluesSentinelOpts

from rem_arrow.base.schema import NAME_BYTES_MAX
from rem_arrow.drivers import pep249
from rem_arrow.drivers.sqlalchemy_compiler import (
    Compiler,
    DDLCompiler,
    ExecutionContext,
    IdentifierPreparer,
    TypeCompiler,
)
from rem_arrow.drivers.sqlalchemy_reflection import Reflection
from rem_arrow.drivers.sqlalchemy_types import COLSPECS
from rem_arrow.face.connection import connect as open_database
from rem_arrow.face.database import Database


def _truth(word: str) -> bool:
    return {"true": True, "false": False}[word.lower()]


# The options of an address, and how their texts are read.
_OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "tenant": str,
    "memory_limit": str,
    "threads": int,
    "durability": str,
    "read_only": _truth,
    "tail_rows_max": int,
    "background": _truth,
    "embedder": str,
    "embed": str,
    "files": str,
    "slow_statement_s": float,
    "certificate": str,
    "tls": _truth,
}


class RemDialect(Reflection):
    """SQLAlchemy over `rem_arrow.dbapi`."""

    name = "rem"
    driver = "rem_arrow"
    execution_ctx_cls = ExecutionContext
    statement_compiler, ddl_compiler, type_compiler_cls = Compiler, DDLCompiler, TypeCompiler
    preparer = IdentifierPreparer
    colspecs = dict(COLSPECS)
    default_schema_name = "main"

    supports_statement_cache = True
    supports_native_boolean = True
    supports_native_decimal = True
    supports_native_enum = True
    supports_native_uuid = True
    supports_comments = True
    supports_sequences = True
    supports_default_values = True
    supports_default_metavalue = True
    supports_empty_insert = False
    supports_multivalues_insert = True
    postfetch_lastrowid = False
    preexecute_autoincrement_sequences = True
    max_identifier_length = NAME_BYTES_MAX
    insert_returning = True
    update_returning = True
    delete_returning = True
    update_returning_multifrom = True
    delete_returning_multifrom = True
    use_insertmanyvalues = True
    use_insertmanyvalues_wo_returning = True
    insertmanyvalues_implicit_sentinel = InsertmanyvaluesSentinelOpts.ANY_AUTOINCREMENT
    tuple_in_values = True
    div_is_floordiv = False
    returns_native_bytes = True

    def __init__(self, json_serializer: Any = None, json_deserializer: Any = None, **kw: Any) -> None:
        super().__init__(**kw)
        self._json_serializer, self._json_deserializer = json_serializer, json_deserializer
        self._lock = threading.Lock()
        self._shared: Database | None = None

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        return pep249

    def create_connect_args(self, url: URL) -> tuple[list[Any], dict[str, Any]]:
        options: dict[str, Any] = {}
        for name, word in url.query.items():
            try:
                options[name] = _OPTIONS[name](str(word))
            except (KeyError, ValueError) as error:
                raise exc.ArgumentError(
                    f"{name}={word} is no option of rem://; these are: {', '.join(_OPTIONS)}"
                ) from error
        if url.host is None:
            return [url.database or ":memory:"], options
        scheme = "rems" if options.pop("tls", False) else "rem"
        token = {} if url.password is None else {"token": str(url.password)}
        return [f"{scheme}://{url.host}:{url.port}"], {**options, **token}

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        path, *_ = cargs
        if path != ":memory:":
            return pep249.connect(path, **cparams)
        with self._lock:
            if self._shared is None:
                self._shared = open_database(**cparams)
                weakref.finalize(self, self._shared.close)
        return pep249.connect(self._shared)

    def get_default_isolation_level(self, dbapi_conn: Any) -> Any:
        return "SNAPSHOT"

    def get_isolation_level_values(self, dbapi_conn: Any) -> Any:
        return ["SNAPSHOT", "AUTOCOMMIT"]

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        return "AUTOCOMMIT" if dbapi_connection.autocommit else "SNAPSHOT"

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        dbapi_connection.autocommit = level == "AUTOCOMMIT"

    def detect_autocommit_setting(self, dbapi_conn: Any) -> bool:
        return bool(dbapi_conn.autocommit)

    def _get_default_schema_name(self, connection: Any) -> str:
        return "main"

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        return isinstance(e, pep249.InterfaceError) and "connection is closed" in str(e)

"""The verbs of a database that another process serves: `connect("rem://host:port", token=...)`.

The methods are made from the table of verbs: each has the signature of the verb of `Database`, sends its arguments, and
returns what the server's database returned, or raises what it raised. What is different is written out below: streams
and transactions.
"""

from __future__ import annotations

import re
import ssl
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from rem_arrow.base.errors import InputError
from rem_arrow.base.parameters import Parameters
from rem_arrow.base.quoting import identifier
from rem_arrow.face import wire_errors
from rem_arrow.face.verb_table import LOCAL, TRANSACTION_VERBS, VERBS, Verb
from rem_arrow.face.wire_values import (
    END,
    PROTOCOL,
    Frames,
    as_message,
    decoded,
    encoded,
    pieces_of,
    read_frames,
    read_message,
)
from rem_arrow.interop.arrow import Relation, Rows
from rem_arrow.interop.flight_channel import Channel, Reply
from rem_arrow.interop.readers import open_input

if TYPE_CHECKING:
    import pyarrow as pa

_ADDRESS = re.compile(r"(rem|rems)://(\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})/?")
# Arguments of `load` that say how the client reads its files; the server is sent rows.
_READING = [name for name in VERBS["load"].signature.parameters if name not in ("table", "data", "progress")]


def open_remote(address: str, token: str | None, certificate: str | Path | None) -> RemoteDatabase:
    """Return the database that a server serves. Raises InputError for what is no address or a wrong token, and
    ExecuteError where no server answers."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise InputError(f"{address!r} is no address of a server; write rem://host:port, or rems://host:port with TLS")
    if certificate is not None and match[1] == "rem":
        raise InputError("a certificate is for TLS; write rems://host:port")
    roots = None if certificate is None else _roots(Path(certificate))
    if token is not None and not re.fullmatch(r"[\x21-\x7e]+", token):
        raise InputError("a token is a text of ASCII characters without spaces")
    database = RemoteDatabase(address, Channel(f"{match[2]}:{match[3]}", token, tls=match[1] == "rems", roots=roots))
    database.read_only = bool(database._call("hello", {})["read_only"])
    return database


def _roots(path: Path) -> bytes:
    """Return the certificates of a file. Raises InputError."""
    try:
        content = path.read_bytes()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise InputError(f"{path} holds no certificate as PEM") from error
    except OSError as error:
        raise InputError(f"the certificate {path} cannot be read: {error.strerror or error}") from error
    return content


class _Answer(NamedTuple):
    value: Any
    reply: Reply


class _Remote(ABC):
    """What sends the calls of verbs."""

    @abstractmethod
    def _call(self, verb: str, arguments: Mapping[str, Any]) -> Any:
        """Return the result of a verb. Raises what it raised."""

    def get(self, table: str, id: object, *, as_model: bool = False, include_deleted: bool = False) -> Any:
        """Return one entity by its id as a dict; see `Database.get`."""
        if as_model:
            raise InputError(
                "a class of Python does not travel; make the model here: Model.model_validate(db.get(...))"
            )
        return self._call("get", {"table": table, "id": id, "include_deleted": include_deleted})


class RemoteDatabase(_Remote):
    """A database that a server serves, made by `connect` with an address; many threads may use it.

    It has the verbs of `Database`, and each does there what it does here. Paths of `load` are of this machine, those of
    `export`, `import_from` and `backup` of the server's.
    """

    def __init__(self, address: str, channel: Channel) -> None:
        self._address, self._channel = address, channel
        self._session: str | None = None
        self._lock = threading.Lock()
        self.closed = False
        self.read_only = False

    @property
    def path(self) -> str:
        """The address of the server."""
        return self._address

    def transaction(self) -> RemoteTransaction:
        """Begin a transaction on the server; see `Database.transaction`."""
        return RemoteTransaction(self, self._call("transaction", {}))

    # --- rows

    def load(self, table: str, data: Any, **reading: Any) -> int:
        """Load many rows, sent as a stream; see `Database.load`."""
        verb = VERBS["load"]
        given = verb.named((table, data), reading)
        options = [(name, given[name]) for name in _READING if given.get(name) is not None]
        types = {} if isinstance(data, pl.DataFrame) else self._types_of(table)
        source = open_input(data, options, types)
        # The first says the columns, whether there are rows or not.
        frames = chain([pl.DataFrame(schema=source.schema)], source.pieces)
        rows = chain((piece for frame in frames for piece in pieces_of(frame)), [END])
        return int(self._exchange("load", {"table": table}, rows=rows).value)

    def reader(self, source: str, parameters: Parameters = None, *, string_views: bool = True) -> pa.RecordBatchReader:
        """Return rows as a stream of Arrow batches; see `Database.reader`."""
        arguments = {"source": source, "parameters": parameters, "string_views": string_views}
        return self._exchange("reader", arguments).reply.rows(_checked)

    def table(self, source: str, parameters: Parameters = None) -> Relation:
        """Return a table, view or query for tools that read Arrow; see `Database.table`."""
        self._rows(source, parameters)
        return Relation(source, lambda: self._rows(source, parameters))

    def to_arrow(self, source: str, parameters: Parameters = None, *, string_views: bool = True) -> pa.Table:
        """Return rows as a pyarrow Table; see `Database.to_arrow`."""
        return self.reader(source, parameters, string_views=string_views).read_all()

    def lazy(
        self, text: str, parameters: Parameters = None, *, frames: Mapping[str, Any] | None = None
    ) -> pl.LazyFrame:
        """Return a query as a LazyFrame; the server computes it at once, and what is added runs here."""
        rows: pl.DataFrame = self._call("sql", {"text": text, "parameters": parameters, "frames": frames})
        return rows.lazy()

    def scan(self, table: str) -> pl.LazyFrame:
        """Return a table as a LazyFrame over its present rows, which are fetched at once."""
        return self.lazy(f"SELECT * FROM {identifier(table)}")

    # --- the end

    def close(self, timeout_s: float = 30.0) -> None:
        """Let go of the connection; the server goes on."""
        if not self.closed:
            self.closed = True
            self._channel.close()

    def __enter__(self) -> RemoteDatabase:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<rem_arrow.Database {self._address}{' (closed)' if self.closed else ''}>"

    def __getattr__(self, name: str) -> Any:
        if name in LOCAL:
            raise InputError(f"{name} is not there over a connection to a server: {LOCAL[name]}")
        raise AttributeError(f"a database has no attribute {name!r}")

    # --- inside

    def _call(self, verb: str, arguments: Mapping[str, Any]) -> Any:
        return self._exchange(verb, arguments).value

    def _exchange(
        self,
        verb: str,
        arguments: Mapping[str, Any],
        *,
        transaction: str | None = None,
        rows: Iterable[bytes] = (),
    ) -> _Answer:
        """Return the answer to a call. Raises what the verb raised."""
        if self.closed:
            raise InputError("the connection is closed; connect to the server again")
        frames = Frames()
        content = encoded(dict(arguments), frames)
        request = {"verb": verb, "arguments": content, "frames": frames.counts(), "session": self._session}
        message = as_message({**request, "transaction": transaction})
        reply = self._channel.exchange(PROTOCOL, chain([message], frames.pieces(), rows))
        answer = _checked(reply.message)
        counts = answer["frames"]
        value = decoded(answer["value"], read_frames(counts, reply.pieces(sum(counts))), paths=True)
        if answer.get("session") is not None:
            self._session = answer["session"]
        return _Answer(value, reply)

    def _rows(self, source: str, parameters: Parameters) -> Rows:
        reader = self.reader(source, parameters)
        frame = pl.DataFrame(reader.schema.empty_table())
        return Rows(frame.schema, (pl.DataFrame(batch) for batch in reader))

    def _types_of(self, table: str) -> dict[str, pl.DataType]:
        """Return the types of the columns of a table to load into; none of one that does not exist."""
        names = self._call("tables", {})["name"]
        if table.casefold() not in {name.casefold() for name in names}:
            return {}
        return dict(self._call("sql", {"text": f"SELECT * FROM {identifier(table)} LIMIT 0"}).schema)


class RemoteTransaction(_Remote):
    """A transaction on a server, made by `RemoteDatabase.transaction`; see `Transaction`."""

    def __init__(self, database: RemoteDatabase, key: str) -> None:
        self._database, self._key = database, key
        self._is_open = True

    def commit(self) -> None:
        """Store everything that the transaction wrote; see `Transaction.commit`."""
        self._end("commit")

    def rollback(self) -> None:
        """End the transaction, and store nothing of what it wrote."""
        if self._is_open:
            self._end("rollback")

    def __enter__(self) -> RemoteTransaction:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_open:
            self._end("commit" if kind is None else "rollback")

    def _end(self, how: str) -> None:
        self._check_open()
        self._is_open = False
        self._database._exchange(how, {}, transaction=self._key)

    def _call(self, verb: str, arguments: Mapping[str, Any]) -> Any:
        self._check_open()
        return self._database._exchange(verb, arguments, transaction=self._key).value

    def _check_open(self) -> None:
        if not self._is_open:
            raise InputError("this transaction has ended; begin a new one with db.transaction()")


def _checked(message: bytes) -> dict[str, Any]:
    """Return an answer. Raises the error that it tells."""
    answer = read_message(message)
    if "error" in answer:
        raise wire_errors.read(answer["error"])
    return answer


def _method(verb: Verb) -> Callable[..., Any]:
    @wraps(verb.function)
    def method(self: _Remote, /, *args: Any, **kwargs: Any) -> Any:
        return self._call(verb.name, verb.named(args, kwargs))

    return method


for _owner, _verbs in ((RemoteDatabase, VERBS), (RemoteTransaction, TRANSACTION_VERBS)):
    for _name, _verb in _verbs.items():
        if not hasattr(_owner, _name):
            setattr(_owner, _name, _method(_verb))

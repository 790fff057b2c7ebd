"""The messages of Arrow Flight SQL that this server reads and writes, as classes of `protobuf`.

Names, numbers and types of the fields are those of the published protocol; the classes are made from the table below. A
command or action travels inside of a `google.protobuf.Any`.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message, message_factory

from rem_arrow.base.errors import InputError

SQL, FLIGHT = "arrow.flight.protocol.sql", "arrow.flight.protocol"
_PREFIX = f"type.googleapis.com/{SQL}."
_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "bool": _FIELD.TYPE_BOOL,
    "bytes": _FIELD.TYPE_BYTES,
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
    "string": _FIELD.TYPE_STRING,
    "uint32": _FIELD.TYPE_UINT32,
}
_TABLE = "catalog=1 string, db_schema=2 string, table=3 string"
# By package: a message, and its fields as `name=number type`; `*type` is repeated, another name a message.
_MESSAGES: dict[str, dict[str, str]] = {
    SQL: {
        "CommandGetSqlInfo": "info=1 *uint32",
        "CommandGetXdbcTypeInfo": "data_type=1 int32",
        "CommandGetCatalogs": "",
        "CommandGetDbSchemas": "catalog=1 string, db_schema_filter_pattern=2 string",
        "CommandGetTables": "catalog=1 string, db_schema_filter_pattern=2 string, table_name_filter_pattern=3 string, "
        "table_types=4 *string, include_schema=5 bool",
        "CommandGetTableTypes": "",
        "CommandGetPrimaryKeys": _TABLE,
        "CommandGetExportedKeys": _TABLE,
        "CommandGetImportedKeys": _TABLE,
        "CommandStatementQuery": "query=1 string, transaction_id=2 bytes",
        "CommandStatementUpdate": "query=1 string, transaction_id=2 bytes",
        "CommandPreparedStatementQuery": "prepared_statement_handle=1 bytes",
        "CommandPreparedStatementUpdate": "prepared_statement_handle=1 bytes",
        "TableDefinitionOptions": "if_not_exist=1 int32, if_exists=2 int32",
        "CommandStatementIngest": "table_definition_options=1 TableDefinitionOptions, table=2 string, schema=3 string, "
        "catalog=4 string, temporary=5 bool, transaction_id=6 bytes",
        "TicketStatementQuery": "statement_handle=1 bytes",
        "DoPutUpdateResult": "record_count=1 int64",
        "DoPutPreparedStatementResult": "prepared_statement_handle=1 bytes",
        "ActionCreatePreparedStatementRequest": "query=1 string, transaction_id=2 bytes",
        "ActionCreatePreparedStatementResult": "prepared_statement_handle=1 bytes, dataset_schema=2 bytes, "
        "parameter_schema=3 bytes",
        "ActionClosePreparedStatementRequest": "prepared_statement_handle=1 bytes",
        "ActionBeginTransactionRequest": "",
        "ActionBeginTransactionResult": "transaction_id=1 bytes",
        "ActionEndTransactionRequest": "transaction_id=1 bytes, action=2 int32",
    },
    FLIGHT: {
        "Ticket": "ticket=1 bytes",
        "FlightEndpoint": "ticket=1 Ticket",
        "FlightInfo": "endpoint=3 *FlightEndpoint",
        "CancelFlightInfoRequest": "info=1 FlightInfo",
        "CancelFlightInfoResult": "status=1 int32",
    },
}
# Values of enumerations.
COMMIT, ROLLBACK = 1, 2
FAIL_WITHOUT_TABLE = 2
FAIL_WITH_TABLE, REPLACE = 1, 3
CANCELLED, NOT_CANCELLABLE = 1, 3


def _classes(package: str, messages: dict[str, str]) -> dict[str, type[message.Message]]:
    file = descriptor_pb2.FileDescriptorProto(name=f"rem_arrow/{package}", package=package, syntax="proto2")
    for name, fields in messages.items():
        described = file.message_type.add(name=name)
        for field in filter(None, fields.split(", ")):
            left, _, kind = field.partition(" ")
            field_name, _, number = left.partition("=")
            repeated, kind = kind.startswith("*"), kind.removeprefix("*")
            added = described.field.add(name=field_name, number=int(number))
            added.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            if kind in _TYPES:
                added.type = _TYPES[kind]
            else:
                added.type, added.type_name = _FIELD.TYPE_MESSAGE, f".{package}.{kind}"
    # A pool of its own: the program may use the messages of somebody else, too.
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages}


_CLASSES = {name: made for package, messages in _MESSAGES.items() for name, made in _classes(package, messages).items()}


def unpacked(data: bytes) -> tuple[str, Any]:
    """Return the name and the message of a command. Raises InputError for what is none."""
    wrapped = any_pb2.Any()
    try:
        wrapped.ParseFromString(data)
    except message.DecodeError as error:
        raise InputError("the request is no command of Flight SQL") from error
    name = wrapped.type_url.removeprefix(_PREFIX)
    if name == wrapped.type_url or name not in _CLASSES:
        raise InputError(f"this server has no command {wrapped.type_url.rpartition('.')[2] or 'without a name':.80}")
    return name, parsed(name, wrapped.value)


def parsed(name: str, data: bytes) -> Any:
    """Return a message of a kind. Raises InputError for what is none."""
    read = _CLASSES[name]()
    try:
        read.ParseFromString(data)
    except message.DecodeError as error:
        raise InputError(f"the request holds no {name}") from error
    return read


def serialized(name: str, **fields: object) -> bytes:
    """Return a message as bytes."""
    data: bytes = _CLASSES[name](**fields).SerializeToString()
    return data


def packed(name: str, **fields: object) -> bytes:
    """Return a message inside of an Any as bytes."""
    data: bytes = any_pb2.Any(type_url=f"{_PREFIX}{name}", value=serialized(name, **fields)).SerializeToString()
    return data

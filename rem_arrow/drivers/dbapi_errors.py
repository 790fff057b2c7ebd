"""The exceptions of PEP 249, each for the kinds of RemError that it stands for; its `__cause__` is the RemError."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rem_arrow.base.errors import (
    BindError,
    ConstraintError,
    CorruptionError,
    InputError,
    ParseError,
    RemError,
    UnsupportedError,
)


class Warning(Exception):  # noqa: N818
    """Nothing raises it; PEP 249 asks for the name."""


class Error(RemError):
    """Base of the errors of the driver."""


class InterfaceError(Error):
    """The driver was used wrongly: a connection or cursor that is closed, rows where there are none."""


class DatabaseError(Error):
    """Base of the errors that come from the database."""


class DataError(DatabaseError):
    """A value or an argument does not fit; nothing was stored."""


class OperationalError(DatabaseError):
    """A statement failed while it ran: an overflow, a limit, another writer, a full disk."""


class IntegrityError(DatabaseError):
    """A row breaks a constraint of its table; nothing was stored."""


class InternalError(DatabaseError):
    """Bytes on disk are damaged."""


class ProgrammingError(DatabaseError):
    """The text of a statement is wrong, or names what is not there."""


class NotSupportedError(DatabaseError):
    """The statement is understood, but this version does not run it."""


# The first that an error is one of.
_KINDS: tuple[tuple[type[RemError], type[Error]], ...] = (
    (ConstraintError, IntegrityError),
    (InputError, DataError),
    (ParseError, ProgrammingError),
    (BindError, ProgrammingError),
    (UnsupportedError, NotSupportedError),
    (CorruptionError, InternalError),
    (RemError, OperationalError),
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the block raises as an error of PEP 249, with the same text."""
    try:
        yield
    except Error:
        raise
    except RemError as error:
        kind = next(theirs for ours, theirs in _KINDS if isinstance(error, ours))
        raise kind(str(error)) from error

"""Which table a name means: `t`, `s.t` or `db.s.t`.

What is in the schema main is kept under its own name, what is in another under its full name: the schema, a dot, and
the own name. So full names are unique in a database, and a schema is a prefix; a name with a dot in it, `"s.t"`, is the
full name itself. Names of schemas hold no dot. Tables of the handle's own are in the schema temp, and come first.
"""

from __future__ import annotations

from collections.abc import Sequence

from rem_arrow.base.errors import BindError
from rem_arrow.base.schema import MAIN, TEMPORARY, catalog_key
from rem_arrow.base.session_state import SessionState
from rem_arrow.storage.version import Version


def full_name(schema: str, name: str) -> str:
    """Return the name under which the catalog has what is in a schema."""
    return name if schema == MAIN else f"{schema}.{name}"


def schema_of(version: Version, name: str) -> str:
    """Return the schema of what has this full name."""
    prefix, dot, _ = name.partition(".")
    entry = version.entry("schema", prefix) if dot else None
    return MAIN if entry is None else entry.name


def own_name(version: Version, name: str) -> str:
    """Return a full name without its schema."""
    return name if schema_of(version, name) == MAIN else name.partition(".")[2]


def schemas(version: Version, session: SessionState, qualifiers: Sequence[str], within: str | None = None) -> list[str]:
    """Return the schemas in which a name is sought, in order.

    Args:
        qualifiers: what stands before the name: nothing, a schema, the database, or both.
        within: the schema of the view in which the name stands.

    Raises:
        BindError: there is no such schema or database.
    """
    if not qualifiers:
        return [TEMPORARY, *(session.schemas if within is None else (within,)), MAIN]
    *databases, name = qualifiers
    folded = name.casefold()
    if len(databases) > 1 or (databases and databases[0].casefold() not in (session.database.casefold(), TEMPORARY)):
        raise BindError(
            f'no database "{".".join(databases)}"; a connection has one, "{session.database}"',
            hint="Hand tables of another in as frames.",
        )
    if (databases and databases[0].casefold() == TEMPORARY and folded == MAIN) or (
        not databases and folded == TEMPORARY
    ):
        return [TEMPORARY]
    entry = version.entry("schema", name)
    if entry is not None:
        return [entry.name]
    if folded == MAIN:
        return [MAIN] if databases else [TEMPORARY, MAIN]
    if not databases and folded == session.database.casefold():
        return [MAIN]
    raise BindError(f'no schema "{name}"', hint=f"CREATE SCHEMA {name} makes one.")


def found(
    version: Version,
    temporary: Version | None,
    session: SessionState,
    parts: Sequence[str],
    within: str | None = None,
    *,
    kind: str = "",
) -> str | None:
    """Return the full name of the table or view, or the entry of a kind, that a name means, or None. Raises BindError
    as `schemas` does."""
    *qualifiers, name = parts
    for schema in schemas(version, session, qualifiers, within):
        full = full_name(schema, name)
        if schema == TEMPORARY:
            if temporary is not None and catalog_key(name, kind) in temporary.names:
                return full
        elif catalog_key(full, kind) in version.names:
            return full
    return None

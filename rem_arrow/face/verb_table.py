"""The verbs as a table: what a served database offers, to whom, and with which arguments.

One table serves both sides: the server runs the function of an entry, and the client's method of that name has its
signature. Names, parameters and types are those of the parts of `Database` and `Transaction`; only who may call is said
here. `tests/serve/test_verb_table.py` holds that no public verb is left out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from rem_arrow.base.errors import InputError
from rem_arrow.face.database import Database
from rem_arrow.face.transaction import Transaction
from rem_arrow.face.verbs import Verbs

# What a token allows, each more than the one before it.
Scope: TypeAlias = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = ("read", "write", "admin")

_READ = (
    "all_paths ask complete complete_sql components count_paths degree diff explain find find_cycles fuzzy get "
    "lookup_entity messages neighbors pagerank query_natural_language reachable reader schema search shortest_path "
    "similar sql stats tables timeline topological_order traverse_edges vectors verify versions wait"
)
_WRITE = (
    "add_document add_documents add_edge add_edges add_message add_moment create_index delete forget insert load purge "
    "remove_edges start_session tag teach untag update"
)
_ADMIN = "backup compact export import_from publish reembed refresh restore"
_SCOPES: dict[str, Scope] = {
    **dict.fromkeys(_READ.split(), "read"),
    **dict.fromkeys(_WRITE.split(), "write"),
    **dict.fromkeys(_ADMIN.split(), "admin"),
}
# Arguments that only an admin may give: they name files of the server's machine, or have it call another server.
_GUARDED = {
    "add_documents": ("sync",),
    "ask": ("model", "base_url"),
    "query_natural_language": ("model", "base_url"),
}
# Arguments that name files of the server's machine where they are a text; a path always does.
_FILES = {"add_documents": "documents", "load": "data"}
# Verbs that a client does not have, and why.
LOCAL = {
    "at": "AT (VERSION => ..) in SQL reads a table of an older version; open the whole where the database is",
    "add_reranker": "a function does not travel; add it where the database is open",
    "draw_graph": "a picture is drawn where it is shown; draw the rows with rem_arrow.draw_graph",
    "duckdb": "DuckDB reads the files of an open database; use reader() or to_arrow(), which DuckDB reads",
    "evolve": "a model is a class of Python; evolve the table where the database is open",
    "register": "a model is a class of Python; register it where the database is open",
}


class Verb(NamedTuple):
    """One verb.

    Attributes:
        scope: the least that a token must allow.
        function: takes the database or transaction, and the arguments.
        signature: its parameters, without the first.
        guarded: parameters that only an admin may give.
        files: the parameter in which only an admin may give a text.
    """

    name: str
    scope: Scope
    function: Callable[..., Any]
    signature: inspect.Signature
    guarded: tuple[str, ...]
    files: str

    def named(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, Any]:
        """Return the arguments of a call by name. Raises TypeError as the function does."""
        return dict(self.signature.bind(*args, **kwargs).arguments)

    def call(self, target: Verbs, arguments: Mapping[str, Any]) -> Any:
        """Return what the verb returns for arguments that came from outside. Raises InputError for one that it does
        not have."""
        args, kwargs = list[Any](), dict(arguments)
        for name, parameter in self.signature.parameters.items():
            if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
                args += kwargs.pop(name, ())
        try:
            self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise InputError(f"{self.name}: {error}") from error
        return self.function(target, *args, **kwargs)


def _verb(name: str, function: Callable[..., Any], scope: Scope) -> Verb:
    signature = inspect.signature(function)
    return Verb(
        name,
        scope,
        function,
        signature.replace(parameters=list(signature.parameters.values())[1:]),
        _GUARDED.get(name, ()),
        _FILES.get(name, ""),
    )


# By name: the verbs of a served database.
VERBS = {name: _verb(name, getattr(Database, name), scope) for name, scope in _SCOPES.items()}
# Those that a transaction has too, and the two that end it.
TRANSACTION_VERBS = {
    **{name: verb for name, verb in VERBS.items() if hasattr(Transaction, name)},
    "commit": _verb("commit", Transaction.commit, "read"),
    "rollback": _verb("rollback", Transaction.rollback, "read"),
}

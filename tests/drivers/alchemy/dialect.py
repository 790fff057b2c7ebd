"""The dialect without the tables that every database has, since SQLAlchemy's tests compare whole lists of tables."""

from rem_arrow.drivers.sqlalchemy_dialect import RemDialect
from rem_arrow.model.builtin import BUILTIN

_OWN = {*BUILTIN, "edges"}


class SuiteDialect(RemDialect):
    """Lists the tables that the tests made."""

    supports_statement_cache = True

    def get_table_names(self, connection, schema=None, **kw):
        """Leave out the tables that are there from the start."""
        return [name for name in super().get_table_names(connection, schema, **kw) if name not in _OWN]

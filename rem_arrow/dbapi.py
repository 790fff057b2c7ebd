"""The Python Database API 2.0 (PEP 249) over a folder or a `Database`.

import rem_arrow.dbapi

with rem_arrow.dbapi.connect("memory.rem") as connection:
    connection.cursor().execute("SELECT name FROM entities WHERE id = ?", ["dhl"]).fetchall()
"""

from rem_arrow.drivers.pep249 import *  # noqa: F403

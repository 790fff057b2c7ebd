"""Databases that earlier versions wrote open today, with the same rows.

They are made by the code of earlier commits, taken from the history of the repository; without it (a source archive)
there is nothing to test. No such database is kept in the repository: the commits make it whenever it is wanted.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import rem_arrow as rem
from rem_arrow.storage import keys
from rem_arrow.storage.kv import KV
from tests.children import ROOT
from tests.patience import PATIENCE_S

# One of each stage: the first commit, entries of the tail in memory only, documents, the folders of today.
COMMITS = ("a95fe54", "d24f600", "2d9755d", "eb1413d", "df8ce5a", "ae4fa1c")
WITHOUT_VECTORS = ("a95fe54", "d24f600", "2d9755d")
WRITE = """
import sys
import polars as pl
import rem_arrow as rem
db = rem.connect(sys.argv[1])
db.load("sales", pl.DataFrame({"n": range(500), "text": [f"text {i % 9}" for i in range(500)]}))
db.insert("entities", [{"id": f"e{i}", "name": f"Name {i}"} for i in range(50)])
db.insert("resources", [{"id": f"r{i}", "content": f"word{i} shared"} for i in range(10)])
db.compact()
db.insert("entities", {"id": "e3", "name": "Changed"})
db.insert("entities", {"id": "tail", "name": "Tail"})
db.delete("entities", ["e4"])
db.add_edge("e1", "e2", "knows")
db.purge("entities", "e5")
db.close()
"""


def _unpacked(commit: str, folder: Path) -> bool:
    """Take the package as it was in a commit; False where the history is not at hand."""
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit, "rem_arrow"], capture_output=True, check=False, timeout=PATIENCE_S
    )
    if archive.returncode:
        return False
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return True


@pytest.mark.long
@pytest.mark.parametrize("commit", COMMITS)
def test_a_database_of_an_earlier_version_opens(commit, tmp_path):
    """By a reader and by a writer; it is sound, and takes new rows."""
    if not _unpacked(commit, tmp_path / "code"):
        pytest.skip("the history of the repository is not at hand")
    path = tmp_path / "db"
    written = subprocess.run(
        [sys.executable, "-c", WRITE, str(path)],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "code")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert written.returncode == 0, written.stderr
    for read_only in (True, False):
        with rem.connect(path, read_only=read_only) as db:
            assert db.sql("SELECT count(*), sum(n) FROM sales").row(0) == (500, sum(range(500)))
            assert db.sql("SELECT count(*) FROM entities").item() == 49
            assert db.get("entities", "e3")["name"] == "Changed"
            assert db.get("entities", "tail")["name"] == "Tail"
            assert db.get("entities", "e4") is None and db.get("entities", "e5") is None
            assert db.lookup_entity("name 17")["id"].to_list() == ["e17"]
            assert db.sql("SELECT id FROM TRAVERSE(['e1'])")["id"].to_list() == ["e2"]
            how = {"mode": "text", "column": "content"} if commit in WITHOUT_VECTORS else {}
            assert db.search("resources", "word7", k=1, **how)["id"].to_list() == ["r7"]
            assert db.verify().rows() == []
    with rem.connect(path) as db:
        db.insert("entities", {"id": "new", "name": "New"})
        db.compact()
        assert db.get("entities", "new")["name"] == "New"
        assert db.verify().rows() == []
    assert rem.repair(path).rows() == []


@pytest.mark.parametrize("read_only", [True, False])
def test_a_newer_format_is_refused(tmp_path, read_only):
    """And told from one that is older, with what to do in each case."""
    path = tmp_path / "db"
    for stored, message in ((b"rem_arrow 2", "It is newer: install"), (b"rem_arrow 0", "that wrote it")):
        with rem.connect(path, background=False) as db:
            db._instance.store.kv.write([(keys.CATALOG, b"format", stored)])
        with pytest.raises(rem.InputError, match=f"{stored.decode()}; this version reads rem_arrow 1.*{message}"):
            rem.connect(path, read_only=read_only)
        kv = KV(path, "write")
        kv.write([(keys.CATALOG, b"format", keys.FORMAT)])
        kv.close()

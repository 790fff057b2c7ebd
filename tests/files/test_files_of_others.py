"""The test files of other projects: each is read as pyarrow or DuckDB reads it, or refused with the reason.

They are fetched from public repositories by git, and not kept here. `FILES_OF_OTHERS` names a folder in which they lie
already, or are put to be used again.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.children import ROOT

_FETCH_S, _FILE_S = 900, 120
# A repository, the version of it, and the folder of its files.
_REPOSITORIES = {
    "parquet-testing": ("https://github.com/apache/parquet-testing", "1a2a75127be06fc0123f03ebd36c966f7beda27d", ""),
    "duckdb": ("https://github.com/duckdb/duckdb", "044a04a7cd39e6e8235f756597ae42dde084e5e5", "data"),
    "pandas": ("https://github.com/pandas-dev/pandas", "v0.20.3", "pandas/tests"),
}
_ENDINGS = (".parquet", ".csv", ".tsv", ".csv.gz", ".csv.zst", ".csv.bz2", ".json", ".ndjson", ".jsonl", ".json.gz")
# Files that no other reader takes, or that it takes for something else, and why this is right.
_KNOWN = {
    "ARROW-GH-45185.parquet": "it is damaged in a level that Polars does not look at, and its values are whole",
    "4.csv": "random bytes, of which DuckDB makes columns without names",
    "6.csv": "random bytes, of which DuckDB makes columns without names",
    "bug_7578.csv": "tabs part its ten columns, and DuckDB sees one",
    "19.csv": "random lines: one column, where DuckDB makes two of an ampersand",
    "many_bytes.csv": "names that end in a separator, which DuckDB takes for a row",
    "one_r_n_two.csv": "one column with blank lines, in which DuckDB finds no end of lines",
    "single_quote.csv": "one name and one value in single quotes, which stay",
    "many_empty_lines.csv": "one number and blank lines, of which DuckDB makes its name",
    "windows_newline_empty.csv": "one number and blank lines, of which DuckDB makes its name",
    "10751.json": "keys that differ in case only, which DuckDB does not read",
    "bunch_of_key_collisions.json": "keys that differ in case only, which are numbered otherwise",
    "issue_8320_1.csv.gz": "a line longer than DuckDB reads",
    "issue_8320_2.csv.gz": "a line longer than DuckDB reads",
    "issue_8320_3.csv.gz": "a line longer than DuckDB reads",
    "line_too_long.csv.gz": "a line longer than DuckDB reads",
    "line_too_long_with_newline.csv.gz": "a line longer than DuckDB reads",
    "multiple_line_too_long.csv.gz": "a line longer than DuckDB reads",
}

pytestmark = pytest.mark.long


@pytest.mark.parametrize("name", _REPOSITORIES)
def test_files_are_read_as_others_read_them_or_refused(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = _fetched(name, tmp_path_factory)
    files = sorted(p for p in folder.rglob("*") if p.name.lower().endswith(_ENDINGS) and p.is_file())
    assert files, f"{folder} holds files"
    wrong = {
        str(path.relative_to(folder)): f"{kind}: {said}"
        for path, kind, said in _answers(files)
        if kind not in ("equal", "refused") and path.name not in _KNOWN
    }
    assert not wrong, json.dumps(wrong, indent=2)


def _fetched(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a repository's files; skip the test where the network does not give them."""
    url, version, below = _REPOSITORIES[name]
    kept = os.environ.get("FILES_OF_OTHERS")
    folder = Path(kept, name) if kept else tmp_path_factory.mktemp(name)
    if not (folder / below).is_dir() or not any((folder / below).iterdir()):
        folder.mkdir(parents=True, exist_ok=True)
        steps = [
            ["init", "--quiet"],
            ["remote", "add", "origin", url],
            *([["sparse-checkout", "set", below]] if below else []),
            ["fetch", "--quiet", "--depth", "1", "--filter=blob:none", "origin", version],
            ["-c", "advice.detachedHead=false", "checkout", "--quiet", "FETCH_HEAD"],
        ]
        for step in steps:
            try:
                done = subprocess.run(
                    ["git", *step], cwd=folder, capture_output=True, text=True, check=False, timeout=_FETCH_S
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                pytest.skip(f"the files of {url} cannot be fetched: {error}")
            if done.returncode:
                pytest.skip(f"the files of {url} cannot be fetched: {done.stderr.strip()}")
    return folder / below


def _answers(files: Sequence[Path]) -> Iterator[tuple[Path, str, str]]:
    """Yield what the worker says of each file. One that it does not answer for, or not in time, takes it down, and
    another goes on with the next."""
    worker: subprocess.Popen[str] | None = None
    try:
        for path in files:
            if worker is None:
                worker = subprocess.Popen(
                    [sys.executable, "-m", "tests.files.others_worker"],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                )
            assert worker.stdin is not None and worker.stdout is not None, "they are pipes"
            worker.stdin.write(f"{path}\n")
            worker.stdin.flush()
            ready, _, _ = select.select([worker.stdout], [], [], _FILE_S)
            line = worker.stdout.readline() if ready else ""
            if line:
                kind, said = json.loads(line)
                yield path, kind, said
                continue
            worker.kill()
            code = worker.wait()
            yield path, "stopped", f"no answer in {_FILE_S} s" if not ready else f"the process ended with {code}"
            worker = None
    finally:
        if worker is not None:
            worker.kill()
            worker.wait()

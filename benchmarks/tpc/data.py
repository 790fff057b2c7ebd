"""The tables of a suite at a scale as Parquet files, made once by the generator and kept in the TPC folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from benchmarks.tpc.environment import folder, program, run

Suite = Literal["tpch", "tpcds"]
Tables = Mapping[str, Path]
SUITES: tuple[Suite, ...] = get_args(Suite)
GENERATE_TIMEOUT_S = 3_600
# Information about the run of the generator, not a table of the benchmark.
_NO_TABLE = "dbgen_version"


def tables(suite: Suite, scale: float) -> Tables:
    """Return the Parquet file of each table by name. Raises UnavailableError."""
    home = folder() / "data" / f"{suite}-{scale:g}"
    if not home.is_dir():
        _generate(suite, scale, home)
    return {path.stem: path for path in sorted(home.glob("*.parquet")) if path.stem != _NO_TABLE}


def _generate(suite: Suite, scale: float, home: Path) -> None:
    """Generate the files in a folder beside `home` and rename it, so that an interrupted run leaves nothing behind."""
    generator = str(program("tpcgen-cli"))
    home.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f"{home.name}-", dir=home.parent))
    try:
        run(
            [generator, suite, "parquet", "-s", f"{scale:g}", "--quiet", f"--output-dir={work}"],
            f"making {suite} at scale {scale:g}",
            timeout_s=GENERATE_TIMEOUT_S,
        )
        work.rename(home)
    except OSError:
        # Another process made the same data meanwhile.
        if not home.exists():
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)

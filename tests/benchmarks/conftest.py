"""The two databases that questions are asked about, built once."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

import rem_arrow as rem
from benchmarks import company
from rem_arrow.demo.build import build as build_demo
from tests.demo.library import library, read_instead


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, rem.Database]]:
    """The company and the demo, in memory."""
    with rem.connect() as built, rem.connect() as demo, pytest.MonkeyPatch.context() as patch:
        read_instead(patch, library(tmp_path_factory.mktemp("library")))
        company.build(built)
        build_demo(demo, console=Console(file=io.StringIO()))
        yield {"company": built, "demo": demo}

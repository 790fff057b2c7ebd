"""The guides beside the notebooks: what they show is what happens, and their links lead somewhere. `python -m
tests.test_guides` writes the outputs."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDES = sorted((ROOT / "notebooks" / "guides").glob("*.md"))
_BLOCK = re.compile(r"```python\n(.*?)```\n```text\n(.*?)```", re.S)


def printed(guide: Path, folder: Path) -> list[tuple[str, str, str]]:
    """Run the blocks of a guide in one namespace, in an empty folder; return the code, what the guide says, and what
    each prints."""
    names: dict[str, object] = {"__name__": "guide"}
    found = []
    before = Path.cwd()
    os.chdir(folder)
    try:
        for code, said in _BLOCK.findall(guide.read_text(encoding="utf-8")):
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(code, str(guide), "exec", dont_inherit=True), names)
            found.append((code, said, out.getvalue()))
    finally:
        os.chdir(before)
    return found


@pytest.mark.parametrize("guide", GUIDES, ids=lambda g: g.stem)
def test_a_guide_shows_what_happens(guide, tmp_path):
    """Each block prints the text below it."""
    shown = printed(guide, tmp_path)
    assert shown
    for code, said, out in shown:
        assert out == said, code


@pytest.mark.parametrize("page", [ROOT / "README.md", *GUIDES], ids=lambda p: p.stem)
def test_links_lead_to_files(page):
    """A link within the repository names a file that is there."""
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [x for x in links if not x.startswith(("http://", "https://")) and not (page.parent / x).exists()]
    assert not missing


def _rewrite(folder: Path) -> None:
    for place, guide in enumerate(GUIDES):
        own = folder / str(place)
        own.mkdir()
        text = guide.read_text(encoding="utf-8")
        for code, said, out in printed(guide, own):
            text = text.replace(f"```python\n{code}```\n```text\n{said}```", f"```python\n{code}```\n```text\n{out}```")
        guide.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _rewrite(Path(tempfile.mkdtemp()))

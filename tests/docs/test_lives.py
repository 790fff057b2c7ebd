"""The pages that follow a statement through the code name functions that exist, in the order of their calls."""

from __future__ import annotations

import pkgutil
import re
import sys
import threading
from contextlib import contextmanager

import pytest

from tests.docs.pages import GUIDES, blocks, title, written
from tests.test_layering import LAYERS

UNITS = {unit for layer in LAYERS for unit in layer}
LIVES = sorted(GUIDES.glob("life_of_*.md"))
_NAME = re.compile(r"`([a-z]\w*(?:\.\w+)+)`")


def named(text):
    """The dotted names in backticks that begin with a file or folder of the package."""
    return [n for n in _NAME.findall(text) if n.split(".")[0] in UNITS and not n.endswith((".md", ".py"))]


def resolved(name):
    """The module, class or function of a name below the package. Raises ImportError or AttributeError."""
    return pkgutil.resolve_name(f"rem_arrow.{name}")


@contextmanager
def traced(calls):
    """Note the functions of the package that are called, on every thread, as module and qualified name."""

    def profile(frame, event, _):
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith("rem_arrow."):
            calls.append(f"{module}.{frame.f_code.co_qualname}")

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@pytest.mark.parametrize("page", [p for p in written() if p.stem != "security"], ids=title)
def test_names_of_code_exist(page):
    """A module, class or function that a page names is there. The page on security names tests, and is held against
    them beside these."""
    for name in named(page.read_text(encoding="utf-8")):
        resolved(name)


@pytest.mark.parametrize("page", LIVES, ids=title)
def test_the_steps_are_taken_in_this_order(page, tmp_path, monkeypatch):
    """What the last block of code calls are the functions of the steps, one after another."""
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    *before, last = (b.code for b in blocks(text))
    names: dict[str, object] = {}
    for code in before:
        exec(compile(code, str(page), "exec"), names)
    calls: list[str] = []
    with traced(calls):
        exec(compile(last, str(page), "exec"), names)
    place = 0
    for step in re.findall(r"^\d+\. (.*?)(?=\n\n|\n\d+\. |\Z)", text, re.S | re.M):
        for name in named(step):
            function = resolved(name)
            if isinstance(function, type) or not callable(function):
                continue
            # A class may have the function from one above it.
            home = f"{function.__module__}.{function.__qualname__}"
            assert home in calls[place:], f"{name} is not called after the steps before it; step: {step[:60]}"
            place = calls.index(home, place)

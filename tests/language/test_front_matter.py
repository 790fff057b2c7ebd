"""Front matter is read as data: what YAML and TOML say, without what makes objects or grows."""

from __future__ import annotations

import re
from typing import Any

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import given, settings

import rem_arrow as rem
from rem_arrow.language.front_matter import CHARACTERS_MAX, front_matter
from tests.effort import examples

_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=12)
# YAML 1.1, which the oracle writes, takes texts such as 1e3 for no numbers.
_WORDS = _TEXT.filter(lambda text: not re.fullmatch(r"[-+.0-9eE_:xo]+", text))
_LEAF = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, width=16) | _WORDS
_VALUE = st.recursive(_LEAF, lambda v: st.lists(v, max_size=3) | st.dictionaries(_TEXT, v, max_size=3), max_leaves=8)


@given(
    st.dictionaries(st.text("abcdefgh_", min_size=1, max_size=6), _VALUE, min_size=1, max_size=5),
    st.sampled_from([None, True, False]),
)
@settings(max_examples=examples(100), deadline=None)
def test_what_pyyaml_writes_is_read(values: dict[str, Any], flow: bool | None) -> None:
    """In every style; infinities are texts, as the oracle writes them."""
    block = yaml.safe_dump(values, allow_unicode=True, default_flow_style=flow, sort_keys=False, width=40)
    block = block if not block.startswith("{") else f"all: {block}"
    read = front_matter(f"---\n{block}---\nbody", "x")
    assert read is not None
    expected = values if not block.startswith("all: {") else {"all": values}
    assert _without_infinities(read.values) == _without_infinities(expected)
    assert f"---\n{block}---\nbody"[read.end :] == "body"


def _without_infinities(value: Any) -> Any:
    match value:
        case dict():
            return {k: _without_infinities(v) for k, v in value.items()}
        case list():
            return [_without_infinities(v) for v in value]
        case ".inf" | "-.inf":
            return None
        case float() if value in (float("inf"), float("-inf")):
            return None
        case _:
            return value


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("date: 2024-01-02", {"date": "2024-01-02"}),
        ("at: 2024-01-02 03:04:05", {"at": "2024-01-02 03:04:05"}),
        ("code: 012", {"code": "012"}),
        ("time: 12:30", {"time": "12:30"}),
        ("draft: no", {"draft": "no"}),
        ("draft: true", {"draft": True}),
        ("n: 1e3", {"n": 1000.0}),
        ("n: [1.5, -.25, 2.0, +1.5e-3, 1.10, 1., 1.50e3]", {"n": [1.5, -0.25, 2.0, 0.0015, "1.10", "1.", "1.50e3"]}),
        ("n: 99999999999999999999", {"n": "99999999999999999999"}),
        ("a: 'it''s'\nb: \"x: y\"", {"a": "it's", "b": "x: y"}),
        ("a: |\n  one\n  two\nb: >-\n  one\n  two", {"a": "one\ntwo\n", "b": "one two"}),
        ("# a comment\na: b # another", {"a": "b"}),
        ("tags:\n- a\n- b", {"tags": ["a", "b"]}),
        ("1: a\ntrue: b\n1e3: c\n~: d", {"1": "a", "true": "b", "1e3": "c", "~": "d"}),
        ("", {}),
    ],
)
def test_values(block: str, expected: dict[str, Any]) -> None:
    for end in ("\n", "\r\n"):
        text = f"---\n{block}\n---\nbody".replace("\n", end)
        read = front_matter(text, "x")
        assert read is not None and read.values == expected and text[read.end :] == "body"


def test_toml() -> None:
    read = front_matter(
        '+++\ntitle = "x"\ndate = 2024-01-02\nat = 2024-01-02T03:04:05Z\nbig = 99999999999999999999\nodd = inf\n'
        "[params]\ntags = ['a']\n+++\nbody",
        "x",
    )
    assert read is not None and read.values == {
        "title": "x",
        "date": "2024-01-02",
        "at": "2024-01-02T03:04:05+00:00",
        "big": "99999999999999999999",
        "odd": "inf",
        "params": {"tags": ["a"]},
    }


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n\n---\ntitle: x\n---\n",
        "---\n\nA rule, and a text.\n\n---\n",
        "---\n- a list\n---\n",
        "---\ntitle: x\n",
        "----\ntitle: x\n----\n",
        " ---\ntitle: x\n---\n",
        "+++\nno table\n+++\n",
        "---",
        "",
    ],
)
def test_what_is_no_front_matter_is_text(text: str) -> None:
    assert front_matter(text, "x") is None


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("title: a: b", r"line 2 cannot be read: mapping values are not allowed here"),
        ("a: 1\na: 2", "the key 'a' comes twice"),
        ("a: &x [1]\nb: [*x, *x]", "line 2 cannot be read: it has a tag, an anchor or an alias"),
        ("a: *x", "it has a tag, an anchor or an alias"),
        ("a: !!python/object/apply:os.system ['true']", "it has a tag"),
        ("a: " + "[" * 200 + "]" * 200, "nested over 32 levels"),
        ("a: {[b]: c}", "a key is a list or a mapping"),
        ("a: [1, 2", "line 3 cannot be read: expected ',' or '\\]'"),
        ("a: b\n--- \nc: d", None),
        ("a: \x07", "a character that YAML does not take"),
        ("a: " + "x" * CHARACTERS_MAX, f"does not end within {CHARACTERS_MAX:,} characters"),
    ],
)
def test_what_cannot_be_read_is_refused(block: str, reason: str | None) -> None:
    """With its line, and what would work."""
    if reason is None:
        read = front_matter(f"---\n{block}\n---\n", "page.md")
        assert read is not None and read.values == {"a": "b"}
        return
    with pytest.raises(rem.InputError, match=reason) as caught:
        front_matter(f"---\n{block}\n---\n", "page.md")
    assert "front matter of page.md" in str(caught.value) and "front_matter=False" in str(caught.value)


@pytest.mark.parametrize("block", ["a = ", "a = 1\na = 2", "a = " + "[" * 5_000, "a = " + "9" * 10_000])
def test_toml_that_cannot_be_read_is_refused(block: str) -> None:
    with pytest.raises(rem.InputError, match="the front matter of x cannot be read"):
        front_matter(f"+++\n{block}\n+++\n", "x")

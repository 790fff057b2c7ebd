"""Bodies of answers as servers send them, and plans as language models spell them: read as they are meant."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rem_arrow.ask.staged_plan import Plan
from rem_arrow.language.server_answers import read_answer

PLAN = {"a": 1, "b": {"c": "}"}}
TEXT = json.dumps(PLAN)


def message(content: object) -> dict[str, object]:
    return {"type": "message", "content": content}


@pytest.mark.parametrize(
    "body",
    [
        {"output": [message([{"type": "output_text", "text": TEXT}])]},
        {"output": [message(TEXT)]},
        {"output_text": TEXT},
        {"output": [{"type": "reasoning", "summary": []}, message("thinking"), message([{"text": TEXT}])]},
        {"output": [message([{"text": TEXT[:7]}, {"text": TEXT[7:]}])]},
        {"output": [{"type": "function_call", "name": "plan", "arguments": TEXT}]},
        {"output": [{"type": "reasoning", "content": [{"text": TEXT}]}]},
        {"choices": [{"message": {"content": TEXT}}]},
        {"choices": [{"message": {"content": f"\ufeff{TEXT}"}}]},
        {"choices": [{"message": {"content": f"```json\n{TEXT}\n```"}}]},
        {"choices": [{"message": {"content": f"<think>{{x}} {{}}</think>{TEXT}"}}]},
        {"choices": [{"message": {"content": f"Here: {TEXT}\nI used {{entities}}."}}]},
        {"choices": [{"message": {"content": [{"type": "text", "text": TEXT}]}}]},
        {"choices": [{"message": {"content": ["", TEXT]}}]},
        {"choices": [{"message": {"content": None, "tool_calls": [{"function": {"arguments": TEXT}}]}}]},
        {"choices": [{"message": {"content": "", "tool_calls": [{"function": {"arguments": PLAN}}]}}]},
        {"choices": [{"message": {"function_call": {"arguments": TEXT}}}]},
        {"choices": [{"message": {"content": "", "reasoning_content": TEXT}}]},
        {"choices": [{"message": {"content": f"<think>{TEXT}"}}]},
        {"choices": [{"text": TEXT}]},
        {"choices": [{"message": {"parsed": PLAN}}], "error": None},
    ],
)
def test_the_object_is_found(body: dict[str, object]) -> None:
    answer = read_answer(body)
    assert PLAN in answer.objects()
    assert answer.error is None


def test_an_answer_that_is_given_twice_is_one_or_the_other() -> None:
    assert read_answer({"output_text": f"{TEXT}\n{TEXT}"}).objects() == [PLAN, PLAN]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"total_tokens": 7}, 7),
        ({"total_tokens": None, "input_tokens": 3, "output_tokens": 2}, 5),
        ({"prompt_tokens": 3, "completion_tokens": "x"}, 3),
        ({"total_tokens": True}, 0),
        ({"total_tokens": float("nan")}, 0),
        ({}, 0),
        (None, 0),
        ("7", 0),
    ],
)
def test_tokens_are_counted(usage: object, tokens: int) -> None:
    assert read_answer({"usage": usage}).tokens == tokens


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["output", "choices", "message", "content", "text", "type", "error", "usage", "function", "tool_calls",
             "arguments", "refusal", "status", "finish_reason", "reasoning_content", "incomplete_details", "stages",
             "sql", "name", "confidence", "query_type", "plan", "fallbacks", "purpose", "explanation"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_whatever_comes_is_read(body: object) -> None:
    """Neither the body nor a plan in it raises anything but what the schema says of it."""
    answer = read_answer(body)
    assert isinstance(answer.text, str)
    for value in [body, *answer.objects()]:
        try:
            Plan.model_validate(value)
        except ValueError:
            continue


def test_much_of_nothing_is_read_soon() -> None:
    for text in ("{" * 300_000, '{"a":' * 100_000, "<think>" * 50_000, "{}" * 300_000):
        assert len(read_answer({"output_text": text}).objects()) <= 20


def stage(**changes: object) -> dict[str, object]:
    return {"name": "s1", "sql": "SELECT 1", "purpose": "x", **changes}


@pytest.mark.parametrize(
    "spelled",
    [
        {"plan": {"query_type": "sql", "stages": [stage()]}},
        {"queryType": "SQL", "Stages": [stage()]},
        {"type": "sql", "steps": [{"title": "s1", "query": "```sql\nSELECT 1\n```", "description": "x"}], "extra": 1},
        {"query_type": "sql", "stages": {"s1": "SELECT 1"}},
        {"query_type": "sql", "stages": stage(), "fallbacks": None},
        {"query_type": "sql", "stages": ["SELECT 1"]},
        {"query_type": "sql", "sql": "SELECT 1"},
    ],
)
def test_a_plan_is_read_as_it_is_meant(spelled: dict[str, object]) -> None:
    plan = Plan.model_validate(spelled)
    assert (plan.query_type, plan.stages[0].name, plan.stages[0].sql) == ("sql", "s1", "SELECT 1")
    assert plan.fallbacks == []


@pytest.mark.parametrize(
    ("told", "confidence"),
    [
        (0.9, 0.9),
        ("0.9", 0.9),
        (90, 0.9),
        ("90 %", 0.9),
        ("high", 0.9),
        (None, 0.5),
        ("sure", 0.5),
        (1, 1),
        (True, 0.5),
    ],
)
def test_confidence_is_a_share(told: object, confidence: float) -> None:
    assert Plan.model_validate({"stages": [stage()], "confidence": told}).confidence == confidence


def test_names_of_stages_are_plain_also_where_they_are_read() -> None:
    plan = Plan.model_validate(
        {"stages": [stage(name="Open Issues"), stage(name="n", sql='SELECT count(*) FROM "Open Issues" o, openissues')]}
    )
    assert [s.name for s in plan.stages] == ["open_issues", "n"]
    assert plan.stages[1].sql == "SELECT count(*) FROM open_issues o, openissues"

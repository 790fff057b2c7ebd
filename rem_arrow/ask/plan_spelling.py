"""Plans of language models as they are meant: names of keys spelled otherwise, SQL in a fence, 90 for 0.9, keys that
are missing or strange. What comes in and goes out is plain JSON; the schema of `staged_plan` checks it afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*;?\s*\Z", re.DOTALL)
_OTHERWISE = {
    "steps": "stages",
    "queries": "stages",
    "type": "query_type",
    "kind": "query_type",
    "reasoning": "explanation",
    "score": "confidence",
    "query": "sql",
    "statement": "sql",
    "code": "sql",
    "title": "name",
    "id": "name",
    "description": "purpose",
    "goal": "purpose",
    "alternatives": "fallbacks",
}
_PLAN = ("query_type", "confidence", "explanation", "stages", "fallbacks")
_STAGE = ("name", "sql", "purpose")
_WORDS = {"high": 0.9, "medium": 0.6, "low": 0.3}
_PLAIN_NAME = re.compile(r"[^a-z0-9]+")
# Where it says nothing of it, an answer is a guess.
_UNSURE = 0.5


def plan_as_meant(value: Any) -> Any:
    """Return a plan with the keys of the schema."""
    if isinstance(value, list):
        value = {"stages": value}
    if not isinstance(value, Mapping):
        return value
    keyed = _keyed(value, _PLAN)
    inner = [v for v in value.values() if isinstance(v, Mapping)]
    if "stages" not in keyed and len(inner) == 1 and _keyed(inner[0], _PLAN).get("stages") is not None:
        keyed = _keyed(inner[0], _PLAN)
    if "stages" not in keyed and (one := _keyed(value, _STAGE)).get("sql"):
        keyed["stages"] = [one]
    if "stages" not in keyed:
        # The schema says what is missing.
        return dict(value)
    stages = [_stage(stage, number) for number, stage in enumerate(_stages(keyed["stages"]), 1)]
    kind = keyed.get("query_type")
    return {
        "query_type": _word(kind) if isinstance(kind, str) else "staged",
        "confidence": _confidence(keyed.get("confidence")),
        "explanation": str(keyed.get("explanation") or ""),
        "stages": _with_plain_names(stages),
        "fallbacks": [_without_name(_stage(f, 1)) for f in _stages(keyed.get("fallbacks") or [])],
    }


def _keyed(value: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the values by the names of the schema; what has none of them goes."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        word = _word(str(key))
        name = word if word in names else _OTHERWISE.get(word, "")
        if name in names and (name not in found or word == name):
            found[name] = item
    return found


def _word(text: str) -> str:
    """Return queryType, Query-Type and QUERY_TYPE as query_type."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return _PLAIN_NAME.sub("_", parts.lower()).strip("_")


def _stages(value: Any) -> list[Any]:
    if isinstance(value, Mapping) and not _keyed(value, _STAGE).get("sql"):
        return [{"name": name, "sql": sql} for name, sql in value.items()]
    return value if isinstance(value, list) else [value]


def _stage(value: Any, number: int) -> Any:
    stage = {"sql": value} if isinstance(value, str) else _keyed(value, _STAGE) if isinstance(value, Mapping) else None
    if stage is None or not isinstance(stage.get("sql"), str):
        return value
    fenced = _FENCE.match(stage["sql"])
    return {
        "name": str(stage.get("name") or f"s{number}"),
        "sql": fenced.group(1) if fenced else stage["sql"],
        "purpose": str(stage.get("purpose") or ""),
    }


def _without_name(stage: Any) -> Any:
    return {key: value for key, value in stage.items() if key != "name"} if isinstance(stage, dict) else stage


def _with_plain_names(stages: list[Any]) -> list[Any]:
    """Return stages with names of lower case and underscores, also where later ones read them."""
    named: list[Any] = []
    renames: dict[str, str] = {}
    for stage in stages:
        if not isinstance(stage, dict) or not isinstance(stage.get("sql"), str):
            return stages
        sql = stage["sql"]
        for before, after in renames.items():
            sql = re.sub(rf'"{re.escape(before)}"|(?<![\w"]){re.escape(before)}(?![\w"])', after, sql)
        name = _word(stage["name"])
        name = name if name[:1].isalpha() else f"s_{name}"
        if name != stage["name"]:
            renames[stage["name"]] = name
        named.append({**stage, "name": name, "sql": sql})
    return named


def _confidence(value: Any) -> Any:
    """Return 0.9 for 0.9, "0.9", 90, "90 %" and "high"."""
    if isinstance(value, str):
        text = value.strip().lower().rstrip("% ")
        if text in _WORDS:
            return _WORDS[text]
        try:
            value = float(text)
        except ValueError:
            return _UNSURE
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return _UNSURE
    return value / 100 if 1 < value <= 100 else value

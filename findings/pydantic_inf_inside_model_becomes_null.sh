#!/usr/bin/env bash
# pydantic_core.to_json(inf_nan_mode="constants") writes infinity beside a model, and null inside of it.
#
# Version:  pydantic 2.14.3
# Expected: the mode that the call names holds for all of what it writes: Infinity in both places.
# Seen:     {"a":Infinity,"m":{"x":null}}: a model inside is written by its own setting, whose default is null.
# Exits non-zero if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.3
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import pydantic
from pydantic_core import from_json, to_json


class Score(pydantic.BaseModel):
    x: float


written = to_json({"a": float("inf"), "m": Score(x=float("inf"))}, inf_nan_mode="constants")
print("pydantic", pydantic.VERSION, written.decode())
assert written == b'{"a":Infinity,"m":{"x":null}}', written
try:
    Score.model_validate(from_json(written)["m"])
except pydantic.ValidationError as error:
    print("and cannot be read back:", error.errors()[0]["msg"])
else:
    raise AssertionError("the model takes null")
PYTHON

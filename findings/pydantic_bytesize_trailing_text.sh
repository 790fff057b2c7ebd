#!/usr/bin/env bash
# pydantic.ByteSize reads a size and ignores whatever text stands behind its unit.
#
# Version:  pydantic 2.14.3
# Expected: "512MB or so" is no size, as "512 or so" is none: a ValidationError.
# Seen:     it is 512000000; only the beginning of the text has to match.
# Exits non-zero if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.3
"$folder/env/bin/python" - <<'PYTHON'
from importlib.metadata import version

from pydantic import ByteSize, TypeAdapter, ValidationError


def read(text: str) -> object:
    try:
        return int(TypeAdapter(ByteSize).validate_python(text))
    except ValidationError as error:
        return type(error).__name__


seen = {text: read(text) for text in ("512MB", "512MB or so", "or 512MB")}
print("pydantic", version("pydantic"), seen)
assert seen == {"512MB": 512_000_000, "512MB or so": 512_000_000, "or 512MB": "ValidationError"}
PYTHON

"""The files of the page, read once: they are few and small, and a browser asks for all of them at once."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_FOLDER = Path(__file__).parent / "page"
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


class _File(NamedTuple):
    content: bytes
    media_type: str
    tag: str


class PageFiles:
    """Answers requests for files by their names, which are all that it knows."""

    def __init__(self) -> None:
        self._files = {
            path.relative_to(_FOLDER).as_posix(): _file(path) for path in _FOLDER.rglob("*") if path.suffix in _TYPES
        }

    async def __call__(self, request: Request) -> Response:
        """Return a file; nothing but its tag to who has it."""
        file = self._files.get(request.path_params["name"] or "index.html")
        if file is None:
            raise HTTPException(404)
        headers = {"ETag": file.tag}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers=headers, media_type=file.media_type)


def _file(path: Path) -> _File:
    content = path.read_bytes()
    return _File(content, _TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')

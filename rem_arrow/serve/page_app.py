"""The door for HTTP: the files of the explorer page, and calls of verbs as JSON.

    POST   /api/call                 {"verb", "arguments", "transaction", "session", "rows", "keep"}
                                     -> {"value", "frames", "session"}: see `face/wire_values.py`; a frame is
                                     {"columns": [{"name", "type", "kind"}], "height", "rows", "result"}
    GET    /api/results/ID           ?offset&rows -> {"rows"}; of a frame that was kept, by its "result"
    GET    /api/results/ID/cell      ?row&column  -> {"text"}
    GET    /api/results/ID/file      ?format      -> csv, parquet or json
    DELETE /api/results/ID
    GET    /api/about                -> what is served, and what the token allows

The token is in the header `Authorization: Bearer TOKEN`, and in no address. An error is {"error": {"kind", "message"}},
one in a text has its place in it. Files of the page hold no data, and are there without a token.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any, BinaryIO

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from rem_arrow.base.errors import InputError, RemError
from rem_arrow.face import wire_errors
from rem_arrow.face.wire_values import Frames, decoded, encoded, read_message
from rem_arrow.serve.access_tokens import Grant
from rem_arrow.serve.page_files import PageFiles
from rem_arrow.serve.page_guard import Guard
from rem_arrow.serve.page_results import FORMATS, PageResults, chunks
from rem_arrow.serve.service import Call, Service
from rem_arrow.serve.statement_runs import IsGone

_ROWS = 200
_BODY_S = 30.0
# Verbs whose rows are a stream, which this door does not have.
_STREAMS = ("load", "reader")


class RefusedError(Exception):
    """A request that is not read: the error, and the status of HTTP for it."""

    def __init__(self, status: int, error: RemError) -> None:
        super().__init__(status, error)
        self.status, self.error = status, error


def page_app(service: Service, host: str) -> Starlette:
    """Return the application that answers the requests of pages.

    Args:
        host: the name that the server was told to listen at.
    """
    api = PageApi(service)
    return Starlette(
        routes=[
            Route("/api/about", api.about),
            Route("/api/call", api.call, methods=["POST"]),
            Route("/api/results/{id}", api.rows),
            Route("/api/results/{id}", api.end, methods=["DELETE"]),
            Route("/api/results/{id}/cell", api.cell),
            Route("/api/results/{id}/file", api.file),
            Route("/{name:path}", PageFiles().__call__),
        ],
        middleware=[Middleware(Guard, host=host)],
        exception_handlers={RefusedError: _refused, RemError: _failed, HTTPException: _told},  # type: ignore[dict-item]
    )


class PageApi:
    """Answers calls. A call runs on a thread, and is stopped when its request goes away."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.results = PageResults(service.limits)
        service.kept.append(self.results.kept)
        self._threads = ThreadPoolExecutor(2 * service.limits.statements_max, thread_name_prefix="rem-page")

    async def about(self, request: Request) -> Response:
        """Say what is served."""
        grant = self._grant(request)

        def say(is_gone: IsGone) -> Response:
            hello, _ = self._service.call(grant, Call("hello", {}), is_gone)
            limits = self._service.limits
            return _json(
                {
                    "name": self._service.database.path.name,
                    "version": version("rem_arrow"),
                    "token": grant.name,
                    "scope": grant.scope,
                    "rows_max": limits.rows_max,
                    "timeout_s": limits.timeout_s,
                    **hello,
                }
            )

        return await self._answer(request, say)

    async def call(self, request: Request) -> Response:
        """Run a verb."""
        grant = self._grant(request)
        body = await self._body(request)

        def run(is_gone: IsGone) -> Response:
            message = read_message(body)
            call, frames = _call(message, paths=grant.allows("admin")), Frames()
            result, session = self._service.call(grant, call, is_gone)
            value = encoded(result, frames)
            keep, rows = message.get("keep") is True, message.get("rows", _ROWS)
            contents = [self.results.content(grant, frame, rows, keep=keep) for frame in frames.frames]
            return _json({"value": value, "frames": contents, "session": session})

        return await self._answer(request, run)

    async def rows(self, request: Request) -> Response:
        """Return some rows of a result."""
        numbers = (_number(request, "offset"), _number(request, "rows", _ROWS))
        return await self._of_result(request, lambda g, key: _json({"rows": self.results.rows(g, key, *numbers)}))

    async def cell(self, request: Request) -> Response:
        """Return one value of a result."""
        numbers = (_number(request, "row"), _number(request, "column"))
        return await self._of_result(request, lambda g, key: _json({"text": self.results.cell(g, key, *numbers)}))

    async def end(self, request: Request) -> Response:
        """Give a result up."""

        def end(grant: Grant, key: str) -> Response:
            self.results.end(grant, key)
            return _json(None)

        return await self._of_result(request, end)

    async def file(self, request: Request) -> Response:
        """Return a result as a file."""
        format_ = request.query_params.get("format", "csv")
        return await self._of_result(request, lambda g, key: _file(self.results.file(g, key, format_), format_))

    async def _of_result(self, request: Request, read: Callable[[Grant, str], Response]) -> Response:
        grant = self._grant(request)

        def run(is_gone: IsGone) -> Response:
            with self._service.runs.request(grant.name, "result", is_gone) as running:
                return self._service.runs.run(running, lambda: read(grant, request.path_params["id"]))

        return await self._answer(request, run)

    # --- requests

    async def _answer(self, request: Request, work: Callable[[IsGone], Response]) -> Response:
        """Return what some work answers."""
        gone = threading.Event()
        watching = asyncio.create_task(_watched(request.receive, gone))
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, gone.is_set)
        finally:
            gone.set()
            watching.cancel()

    def _grant(self, request: Request) -> Grant:
        """Return what a caller may do. Raises RefusedError."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            return self._service.grant(token.strip() if scheme.casefold() == "bearer" else None)
        except InputError as error:
            raise RefusedError(401, error) from error

    async def _body(self, request: Request) -> bytes:
        """Return the body of a request. Raises RefusedError for one that is too large or too slow."""
        try:
            async with asyncio.timeout(_BODY_S):
                return await self._bounded(request)
        except InputError as error:
            raise RefusedError(413, error) from error
        except (TimeoutError, ClientDisconnect) as error:
            late = InputError(f"the request did not arrive within {_BODY_S:g} s")
            raise RefusedError(408, late) from error

    async def _bounded(self, request: Request) -> bytes:
        announced = request.headers.get("content-length", "")
        self._service.limits.check_bytes(int(announced) if announced.isdecimal() else 0)
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            self._service.limits.check_bytes(len(body))
        return bytes(body)


def _call(message: dict[str, Any], *, paths: bool) -> Call:
    """Return the call that a request asks for. Raises InputError."""
    verb, arguments = message.get("verb"), decoded(message.get("arguments", {}), [], paths=paths)
    if not isinstance(verb, str) or not isinstance(arguments, dict):
        raise InputError("a request has a verb, and arguments by name")
    if verb in _STREAMS:
        raise InputError(f"{verb} streams rows, and is there over Arrow Flight; use sql here")
    names = [message.get(name) for name in ("transaction", "session")]
    if not all(name is None or isinstance(name, str) for name in names):
        raise InputError("a transaction and a session are named by texts")
    return Call(verb, arguments, *names)


async def _watched(receive: Callable[[], Awaitable[Any]], gone: threading.Event) -> None:
    """Note when a caller goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass
    gone.set()


def _number(request: Request, name: str, default: int = 0) -> int:
    """Return a number of an address; -1, which no place has, for what is none."""
    text = request.query_params.get(name, str(default))
    return int(text) if text.isdecimal() and len(text) < 16 else -1


def _json(content: Any, status: int = 200) -> Response:
    # A text may hold half a surrogate pair, which ASCII writes as an escape.
    text = json.dumps(content, ensure_ascii=True, allow_nan=False)
    return Response(text, status, {"Cache-Control": "no-store"}, "application/json")


def _file(file: BinaryIO, format_: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="result.{format_}"', "Cache-Control": "no-store"}
    return StreamingResponse(chunks(file), headers=headers, media_type=FORMATS[format_])


def _error(status: int, error: RemError) -> Response:
    return _json({"error": wire_errors.written(error)}, status)


async def _refused(request: Request, refused: RefusedError) -> Response:
    return _error(refused.status, refused.error)


async def _failed(request: Request, error: RemError) -> Response:
    return _error(400, error)


async def _told(request: Request, error: HTTPException) -> Response:
    """Say in the form of this door that there is no such address, or that it does not take the method."""
    return _error(error.status_code, InputError(f"{request.method} of this address: {error.detail}"))

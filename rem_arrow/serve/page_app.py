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
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from rem_arrow.base.errors import InputError, RemError
from rem_arrow.face import wire_errors
from rem_arrow.face.wire_values import Frames, Json, decoded, encoded, read_message
from rem_arrow.serve.access_tokens import Grant
from rem_arrow.serve.page_files import PageFiles
from rem_arrow.serve.page_guard import Guard
from rem_arrow.serve.page_results import FORMATS, PageResults, chunks
from rem_arrow.serve.service import Call, Service

IsGone = Callable[[], bool]
_ROWS = 200
_BODY_S = 30.0
# Verbs whose rows are a stream, which this door does not have.
_STREAMS = ("load", "reader")


class Refusal(NamedTuple):
    """An error, and the status of HTTP for it."""

    status: int
    error: RemError


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
        exception_handlers={HTTPException: _told},  # type: ignore[dict-item]
    )


class PageApi:
    """Answers calls. A call runs on a thread, and is stopped when its request goes away."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.results = PageResults(service.limits)
        service.also_kept.append(self.results.kept)
        self._threads = ThreadPoolExecutor(2 * service.limits.statements_max, thread_name_prefix="rem-page")

    async def about(self, request: Request) -> Response:
        """Say what is served."""

        def say(grant: Grant, is_gone: IsGone) -> Json:
            hello, _ = self._service.call(grant, Call("hello", {}), is_gone)
            limits = self._service.limits
            return {
                "name": self._service.database.path.name,
                "version": version("rem_arrow"),
                "token": grant.name,
                "scope": grant.scope,
                "rows_max": limits.rows_max,
                "timeout_s": limits.timeout_s,
                **hello,
            }

        return await self._answer(request, say)

    async def call(self, request: Request) -> Response:
        """Run a verb."""
        refused, body = await self._body(request)
        if refused is not None:
            return _refused(refused)

        def run(grant: Grant, is_gone: IsGone) -> Json:
            message = read_message(body)
            call, frames = _call(message, paths=grant.allows("admin")), Frames()
            result, session = self._service.call(grant, call, is_gone)
            value = encoded(result, frames)
            keep, rows = message.get("keep") is True, message.get("rows", _ROWS)
            contents = [self.results.content(grant, frame, rows, keep=keep) for frame in frames.frames]
            return {"value": value, "frames": contents, "session": session}

        return await self._answer(request, run)

    async def rows(self, request: Request) -> Response:
        """Return some rows of a result."""
        numbers = (_number(request, "offset"), _number(request, "rows", _ROWS))
        return await self._of_result(request, lambda g, key: {"rows": self.results.rows(g, key, *numbers)})

    async def cell(self, request: Request) -> Response:
        """Return one value of a result."""
        numbers = (_number(request, "row"), _number(request, "column"))
        return await self._of_result(request, lambda g, key: {"text": self.results.cell(g, key, *numbers)})

    async def end(self, request: Request) -> Response:
        """Give a result up."""
        return await self._of_result(request, lambda g, key: self.results.end(g, key))

    async def file(self, request: Request) -> Response:
        """Return a result as a file."""
        format_ = request.query_params.get("format", "csv")
        return await self._of_result(request, lambda g, key: self.results.file(g, key, format_), _file(format_))

    async def _of_result(
        self, request: Request, read: Callable[[Grant, str], Any], respond: Callable[[Any], Response] | None = None
    ) -> Response:
        def run(grant: Grant, is_gone: IsGone) -> Any:
            with self._service.runs.request(grant.name, "result", is_gone) as running:
                return self._service.runs.run(running, lambda: read(grant, request.path_params["id"]))

        return await self._answer(request, run, respond or _json)

    # --- requests

    async def _answer(
        self,
        request: Request,
        work: Callable[[Grant, IsGone], Any],
        respond: Callable[[Any], Response] | None = None,
    ) -> Response:
        """Return the result of some work, or what it raised, as an answer."""
        gone = threading.Event()

        def run() -> Response:
            try:
                grant = self._grant(request)
            except InputError as error:
                return _refused(Refusal(401, error))
            try:
                return (respond or _json)(work(grant, gone.is_set))
            except RemError as error:
                return _refused(Refusal(400, error))

        watching = asyncio.create_task(_watched(request.receive, gone))
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, run)
        finally:
            gone.set()
            watching.cancel()

    def _grant(self, request: Request) -> Grant:
        """Return what a caller may do. Raises InputError."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self._service.grant(token.strip() if scheme.casefold() == "bearer" else None)

    async def _body(self, request: Request) -> tuple[Refusal | None, bytes]:
        """Return the body of a request, or why it is not read: it has no token, or is too large or too slow."""
        try:
            self._grant(request)
        except InputError as error:
            return Refusal(401, error), b""
        try:
            async with asyncio.timeout(_BODY_S):
                return None, await self._bounded(request)
        except InputError as error:
            return Refusal(413, error), b""
        except (TimeoutError, ClientDisconnect):
            return Refusal(408, InputError(f"the request did not arrive within {_BODY_S:g} s")), b""

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


def _refused(refusal: Refusal) -> Response:
    return _json({"error": wire_errors.written(refusal.error)}, refusal.status)


def _file(format_: str) -> Callable[[Any], Response]:
    def respond(file: Any) -> Response:
        headers = {"Content-Disposition": f'attachment; filename="result.{format_}"', "Cache-Control": "no-store"}
        return StreamingResponse(chunks(file), headers=headers, media_type=FORMATS[format_])

    return respond


async def _told(request: Request, error: HTTPException) -> Response:
    """Say in the form of this door that there is no such address, or that it does not take the method."""
    return _refused(Refusal(error.status_code, InputError(f"{request.method} of this address: {error.detail}")))

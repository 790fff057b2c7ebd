"""What every request of the page goes through first: who it is for, where it comes from, and what its answer allows.

A browser sends requests to this server for any page that it shows. A page of others reaches a server on loopback by a
name of its own that resolves to 127.0.0.1 (DNS rebinding), so the header `Host` must be an address, which no such page
has, or a name of this machine. A request that a page makes has an `Origin`, and it must be this one.
"""

from __future__ import annotations

import ipaddress
import platform
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rem_arrow.base.errors import InputError
from rem_arrow.face import wire_errors

# Scripts and styles are files of this server; no text becomes markup or a script, whatever puts it into the document.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Refuses requests that are not of the page, and puts its policy on every answer.

    Args:
        host: the name that the server was told to listen at.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._names = {"localhost", host.casefold(), platform.node().casefold()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        if scope["type"] != "http":
            return
        reason = self._refusal(Headers(scope=scope), str(scope["scheme"]))
        if reason:
            content = {"error": wire_errors.written(InputError(reason))}
            await JSONResponse(content, status_code=403)(scope, receive, send_with_policy)
            return
        await self._app(scope, receive, send_with_policy)

    def _refusal(self, headers: Headers, scheme: str) -> str:
        """Return why a request is refused; nothing for one that is not."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return "the server is not known by this name; use its address, or the name that it was started with"
        origins = headers.getlist("origin")
        if origins and origins != [f"{scheme}://{hosts[0]}"]:
            return "the request comes from another page"
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and not _is_navigation(headers):
            return "the request comes from another page"
        return ""

    def _is_own(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name.rstrip(".").casefold() in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_navigation(headers: Headers) -> bool:
    """Say whether a link of another page opens this one."""
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"

"""What the server refuses: other hosts' pages, and names that are not this machine's."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio needs inline scripts and eval; what matters is that nothing is fetched from, or sent to,
# any other host, whatever a page contains.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
    " connect-src 'self'; object-src 'none'; frame-src 'none'; base-uri 'self';"
    " form-action 'self'; frame-ancestors 'none'"
)


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address is this machine's own, without asking a name server."""
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Guard:
    """ASGI middleware: answers only requests that a page of this server makes.

    A name that resolves to 127.0.0.1 (DNS rebinding) or a page of another origin that sends to
    this port must not read anyone's documents.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request of our own page, with the policy on its answer; refuse others."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        try:
            ours = is_loopback(urlsplit(f"//{host}").hostname)
            ours = ours and (origin is None or urlsplit(origin).netloc == host)
        except ValueError:  # no address at all
            ours = False
        if not ours:
            await PlainTextResponse("Forbidden", status_code=403)(scope, receive, send)
            return

        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["Content-Security-Policy"] = POLICY
                answer["Referrer-Policy"] = "no-referrer"
                answer["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await self.app(scope, receive, with_policy)

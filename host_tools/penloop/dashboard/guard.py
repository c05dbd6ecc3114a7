"""Who may talk to the dashboard: the browser of this user, on this computer, on this page.

Every path begins with a secret that only the printed URL holds. The Host has to be this computer's
own name, against a foreign name that was made to point here; a browser's Origin has to be this
page, as NiceGUI's websocket would take any. Both hold for requests and for websockets.
"""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_BYTES = 24
NAMES = ("127.0.0.1", "localhost")
REFUSAL = (
    b"This is not a page of the dashboard: open the whole URL that penloop dashboard has printed."
)
# NiceGUI compiles its templates in the browser, so scripts may be inline and evaluated; nothing,
# though, is loaded from or sent to another place than this server.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self' {sockets}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def new_token() -> str:
    """A secret for one run of the dashboard."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class Guard:
    """An ASGI application around another: refuses what is not asked by its own page."""

    def __init__(self, app: App, token: str, port: int) -> None:
        self.app = app
        self._token = token.encode()
        self._hosts = {f"{name}:{port}".encode() for name in NAMES}
        self._headers = _headers(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, websocket or life span."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif self._admitted(scope):
            await self.app(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._refuse(send)

    def _admitted(self, scope: Scope) -> bool:
        first = scope["path"].split("/", 2)[1] if scope["path"].startswith("/") else ""
        if not secrets.compare_digest(first.encode(), self._token):
            return False
        headers = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        origins = [value for name, value in headers if name == b"origin"]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return False
        if scope["type"] == "websocket" and not origins:
            return False
        sites = [value for name, value in headers if name == b"sec-fetch-site"]
        ours = all(origin == b"http://" + hosts[0] for origin in origins)
        return ours and all(site in (b"same-origin", b"none") for site in sites)

    def _with_headers(self, send: Send) -> Send:
        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        return send_with_headers

    async def _refuse(self, send: Send) -> None:
        headers = [(b"content-type", b"text/plain; charset=utf-8"), *self._headers]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": REFUSAL})


def _headers(port: int) -> list[tuple[bytes, bytes]]:
    sockets = " ".join(f"ws://{name}:{port}" for name in NAMES)
    return [
        (b"content-security-policy", POLICY.format(sockets=sockets).encode()),
        (b"referrer-policy", b"no-referrer"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]

"""The daemon's HTTP face as a minimal ASGI application: the door to `/healthz`, `/readyz`, `/metrics` and `/api/…`.

The two of health hold no data and are answered to everybody; `/healthz` never asks the database: a store that is away
must not become a restart loop. The rest passes `Access` first. `/items/…`, to which the links in alerts lead, is the
API's history of that item. The API is built when it is first asked for (docs/decisions/0014): a daemon that nobody asks
pays nothing for it. Every refusal has one shape (`aggregator.web.refusal`). HEAD is answered as GET is; the server
leaves the body out.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from aggregator.metrics import Metrics
from aggregator.web.access import Access, Asked
from aggregator.web.health import Pulse, Readiness
from aggregator.web.refusal import NO_BODY, NOT_ALLOWED, NOT_FOUND, Refusal

Message = MutableMapping[str, Any]  # the ASGI specification's own type
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

TEXT = "text/plain; version=0.0.4; charset=utf-8"
JSON = "application/json"
ITEMS, API = "/items/", "/api/"
TRUSTED = "feedwitness.trusted"
"""Where the door tells the API, in the request's scope, whether the token was shown."""
SWALLOWED = 4 << 20
"""Bytes of a body that are taken in before its sender is cut off."""
ALLOWED = ("GET", "HEAD", "OPTIONS")
SAFE = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
"""Headers of every answer: nothing is kept, guessed at, run, framed or lent to another site."""


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    body: bytes
    kind: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def application(
    pulse: Pulse,
    readiness: Readiness,
    metrics: Metrics,
    *,
    access: Access | None = None,
    api: Callable[[], Application] | None = None,
) -> Application:
    """The ASGI 3 application over these. `api` builds the API; it blocks, and is called once, in a thread."""
    door = access or Access()
    built = _Once(api) if api is not None else None

    def answer(scope: Message) -> Answer | None:
        """What needs no database; None: the API answers."""
        path, method = scope["path"], scope["method"]
        if method not in ALLOWED:
            return _refused(NOT_ALLOWED)
        if (healthy := _health(path, pulse, readiness)) is not None:
            return healthy
        asked = _asked(scope)
        if (refused := door.refusal(asked, by_link=path.startswith(ITEMS))) is not None:
            return _refused(refused)
        if _has_body(scope):
            return _refused(NO_BODY)
        if method == "OPTIONS":
            return Answer(200, b"", headers=((b"allow", ", ".join(ALLOWED).encode()),))
        if path == "/metrics":
            return Answer(200, metrics.exposition(), TEXT)
        if built is None or not path.startswith((ITEMS, API)):
            return _refused(NOT_FOUND)
        scope[TRUSTED] = door.trusts(asked)
        return None

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        send = _headed(send)
        found = answer(scope)
        if _has_body(scope):
            await _swallow(receive)
        if found is not None:
            await _say(found, send)
        elif built is not None:
            path = scope["path"]
            path = "/api" + path if path.startswith(ITEMS) else path
            await (await built.get())({**scope, "method": "GET", "path": path}, receive, send)

    return app


class _Once:
    """What is built when it is first asked for, in a thread, while the loops go on turning."""

    def __init__(self, build: Callable[[], Application]) -> None:
        self._build = build
        self._building: asyncio.Task[Application] | None = None

    async def get(self) -> Application:
        if self._building is None:
            self._building = asyncio.create_task(asyncio.to_thread(self._build), name="building the API")
        return await asyncio.shield(self._building)


def _health(path: str, pulse: Pulse, readiness: Readiness) -> Answer | None:
    match path:
        case "/healthz":
            stuck = pulse.stuck()
            return Answer(503 if stuck else 200, _json({"status": "stuck" if stuck else "ok", "loops": list(stuck)}))
        case "/readyz":
            reasons = sorted(readiness.reasons)
            said = {"ready": not reasons, "reasons": reasons, "remarks": sorted(readiness.remarks)}
            return Answer(503 if reasons else 200, _json(said))
        case _:
            return None


def _headed(send: Send) -> Send:
    """`send` with the headers of every answer."""

    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *SAFE]}
        await send(message)

    return headed


async def _say(answer: Answer, send: Send) -> None:
    headers = [
        (b"content-type", answer.kind.encode()),
        (b"content-length", str(len(answer.body)).encode()),
        *answer.headers,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def _refused(refusal: Refusal) -> Answer:
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if refusal.status == 401:
        headers = ((b"www-authenticate", b'Basic realm="feedwitness", charset="UTF-8"'),)
    elif refusal.status == 405:
        headers = ((b"allow", ", ".join(ALLOWED).encode()),)
    return Answer(refusal.status, refusal.body(), headers=headers)


def _asked(scope: Message) -> Asked:
    return Asked(
        host=_header(scope, b"host"),
        authorization=_header(scope, b"authorization"),
        origin=_header(scope, b"origin"),
        site=_header(scope, b"sec-fetch-site"),
        mode=_header(scope, b"sec-fetch-mode"),
        target=_header(scope, b"sec-fetch-dest"),
    )


def _has_body(scope: Message) -> bool:
    return _header(scope, b"content-length") not in ("", "0") or bool(_header(scope, b"transfer-encoding"))


async def _swallow(receive: Receive) -> None:
    """Take in a body that nobody wants: who is still sending would lose the answer with the connection."""
    left = SWALLOWED
    while left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        if not message.get("more_body", False):
            return


def _header(scope: Message, name: bytes) -> str:
    """The header's value; of several, all in one, which fits nothing that one would."""
    return ", ".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()

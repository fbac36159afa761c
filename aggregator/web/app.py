"""The daemon's HTTP face as a minimal ASGI application: `/healthz`, `/readyz`, `/metrics`, `/items/FEED/ITEM`.

The two of health hold no data and are answered to everybody; `/healthz` never asks the database: a store that is away
must not become a restart loop. The rest passes `Access` first. `/items/…`, to which the links in alerts lead, is an
item's history as JSON. Anything but GET and HEAD is 405, any other path 404.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple

from aggregator.metrics import Metrics
from aggregator.web.access import Access
from aggregator.web.health import Pulse, Readiness
from store.ports import StoreUnavailable

Message = MutableMapping[str, Any]  # the ASGI specification's own type
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]
History = Callable[[str], bytes | None]
"""An item's history as JSON by its id, None for one that is not known. Blocking; raises `StoreUnavailable`."""

TEXT = "text/plain; version=0.0.4; charset=utf-8"
JSON = "application/json"
ITEMS = "/items/"


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    body: bytes
    kind: str = JSON


def application(
    pulse: Pulse,
    readiness: Readiness,
    metrics: Metrics,
    *,
    access: Access | None = None,
    history: History | None = None,
) -> Application:
    """The ASGI 3 application over these. Without `history` there are no items."""
    door = access or Access()

    async def answer(scope: Message) -> Answer:
        path: str = scope["path"]
        if scope["method"] not in ("GET", "HEAD"):
            return Answer(405, _json({"error": "GET only"}))
        if (healthy := _health(path, pulse, readiness)) is not None:
            return healthy
        if (refused := door.refusal(_header(scope, b"host"), _header(scope, b"authorization"))) is not None:
            return Answer(refused.status, _json({"error": refused.error}))
        if path == "/metrics":
            return Answer(200, metrics.exposition(), TEXT)
        if path.startswith(ITEMS) and history is not None:
            return await _item(history, path.removeprefix(ITEMS))
        return Answer(404, _json({"error": "not found"}))

    async def app(scope: Message, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        found = await answer(scope)
        headers = [
            (b"content-type", found.kind.encode()),
            (b"content-length", str(len(found.body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if found.status == 401:
            headers.append((b"www-authenticate", b'Basic realm="feedwitness", charset="UTF-8"'))
        await send({"type": "http.response.start", "status": found.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else found.body})

    return app


def _health(path: str, pulse: Pulse, readiness: Readiness) -> Answer | None:
    match path:
        case "/healthz":
            stuck = pulse.stuck()
            return Answer(503 if stuck else 200, _json({"status": "stuck" if stuck else "ok", "loops": list(stuck)}))
        case "/readyz":
            reasons = sorted(readiness.reasons)
            return Answer(503 if reasons else 200, _json({"ready": not reasons, "reasons": reasons}))
        case _:
            return None


async def _item(history: History, item: str) -> Answer:
    try:
        found = await asyncio.to_thread(history, item)
    except StoreUnavailable as away:
        return Answer(503, _json({"error": away.reason}))
    return Answer(404, _json({"error": "no such item"})) if found is None else Answer(200, found)


def _header(scope: Message, name: bytes) -> str:
    value: bytes = next((value for key, value in scope["headers"] if key == name), b"")
    return value.decode("latin-1")


def _json(value: object) -> bytes:
    return json.dumps(value).encode()

"""The daemon's HTTP face as a minimal ASGI application: `/healthz`, `/readyz`, `/metrics`. No data, no token.

`/healthz` never asks the database: a store that is away must not become a restart loop. Anything but GET and HEAD is
405, any other path 404. The Host header is not read, so that no name can be rebound onto data: there is none here.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from aggregator.metrics import Metrics
from aggregator.web.health import Pulse, Readiness

Message = MutableMapping[str, Any]  # the ASGI specification's own type
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

TEXT = "text/plain; version=0.0.4; charset=utf-8"
JSON = "application/json"


def application(pulse: Pulse, readiness: Readiness, metrics: Metrics) -> Application:
    """The ASGI 3 application over these three."""

    def answer(path: str) -> tuple[int, str, bytes]:
        match path:
            case "/healthz":
                stuck = pulse.stuck()
                return (
                    (503 if stuck else 200),
                    JSON,
                    _json({"status": "stuck" if stuck else "ok", "loops": list(stuck)}),
                )
            case "/readyz":
                reasons = sorted(readiness.reasons)
                return (503 if reasons else 200), JSON, _json({"ready": not reasons, "reasons": reasons})
            case "/metrics":
                return 200, TEXT, metrics.exposition()
            case _:
                return 404, JSON, _json({"error": "not found"})

    async def app(scope: Message, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, kind, body = (
            answer(scope["path"]) if scope["method"] in ("GET", "HEAD") else (405, JSON, _json({"error": "GET only"}))
        )
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    return app


def _json(value: object) -> bytes:
    return json.dumps(value).encode()

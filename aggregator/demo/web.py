"""The ministry and the desk's webhook on HTTP: a small ASGI application for each, on a free port of loopback."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aggregator.clock import utc_now
from aggregator.demo.desk import Desk
from aggregator.demo.ministry import Ministry
from aggregator.web.app import Application, Message, Receive, Send
from aggregator.web.server import bind, serving


@asynccontextmanager
async def served(app: Application) -> AsyncIterator[str]:
    """Serve until the block ends; gives the origin, `http://HOST:PORT`."""
    sock = bind("127.0.0.1:0")
    async with serving(app, sock):
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"


def site_of(ministry: Ministry) -> Application:
    """The ministry's site."""

    async def app(scope: Message, _receive: Receive, send: Send) -> None:
        page = ministry.answer(scope["path"], _headers(scope).get("if-none-match", ""))
        etag = {"etag": page.etag} if page.etag else {}
        await _answer(send, page.status, {"content-type": page.kind, **etag}, page.body)

    return app


def hook_of(desk: Desk) -> Application:
    """The desk's webhook, wherever it is posted to."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            if part["type"] == "http.disconnect":  # killed in the middle of it
                return
            body += part.get("body", b"")
            more = part.get("more_body", False)
        status = desk.hook(_headers(scope), body, utc_now())
        await _answer(send, status, {"content-type": "text/plain"}, b"thank you" if status == 200 else b"not now")

    return app


def _headers(scope: Message) -> Mapping[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def _answer(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})

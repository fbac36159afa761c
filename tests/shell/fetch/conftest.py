"""A raw HTTP server on loopback whose every byte a test decides, and requests to send to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from aggregator.outcome import FetchRequest


@dataclass
class Seen:
    """One request as it stood on the wire."""

    head: bytes

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode()

    def header(self, name: str) -> bytes | None:
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b": ")
            if key.lower() == name.lower().encode():
                return value
        return None


@dataclass
class Site:
    """A running server: what it was asked, how many connections it took, and the bytes that were no request."""

    host: str
    port: int = 0
    scheme: str = "http"
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/feed", host: str = "") -> str:
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"


Talk = Callable[[Seen, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Answer = bytes | Callable[[Seen], bytes]


@asynccontextmanager
async def serve(
    answer: Answer = b"",
    *,
    talk: Talk | None = None,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    greet: bool = False,
) -> AsyncIterator[Site]:
    """Answers each request with fixed bytes, with what a function makes of it, or by a conversation; `greet` speaks
    first, without having heard a request.
    """
    site = Site(host, scheme="https" if tls else "http")

    talks: set[asyncio.Task[Any] | None] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        site.connections += 1
        talks.add(asyncio.current_task())
        try:
            seen = Seen(b"" if greet else await reader.readuntil(b"\r\n\r\n"))
            site.seen.append(seen)
            if talk is not None:
                await talk(seen, reader, writer)
            else:
                writer.write(answer if isinstance(answer, bytes) else answer(seen))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # the server is a prop: what the client does to it is no error of the test
        finally:
            talks.discard(asyncio.current_task())
            writer.close()

    server = await asyncio.start_server(accept, host, 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task in list(talks):
            if task is not None:
                task.cancel()
        await asyncio.sleep(0)


def response(status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    """A whole response; `etag_="x"` style names become `etag`, underscores dashes."""
    lines = "".join(f"{name.strip('_').replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode("latin-1") + body


def asking(url: str, **more: Any) -> FetchRequest:
    given: dict[str, Any] = {"timeout": timedelta(seconds=5), "max_body": 10_000_000, "user_agent": "feedwitness/test"}
    return FetchRequest(url, **(given | more))


@pytest.fixture(name="serve")
def _serve() -> Callable[..., AbstractAsyncContextManager[Site]]:
    return serve


@pytest.fixture(name="response")
def _response() -> Callable[..., bytes]:
    return response


@pytest.fixture(name="asking")
def _asking() -> Callable[..., FetchRequest]:
    return asking


@pytest.fixture
def play() -> Callable[[Callable[[], Awaitable[Any]]], Any]:
    """Runs one scenario in an event loop of its own; an unhandled error in that loop fails the test."""

    def run(scenario: Callable[[], Awaitable[Any]]) -> Any:
        errors: list[dict[str, Any]] = []

        async def watched() -> Any:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
            return await scenario()

        result = asyncio.run(watched())
        assert not errors, errors
        return result

    return run

"""The local web site that the benchmarks look at: lean, on loopback only, at fifty addresses that stand for 50 hosts.

`/same/N` never changes and answers 304 to whoever shows its validator; `/news/N` has a new entry each time it is asked
and no validator; `/page/N` is a web page that never changes, `/edited/N` one with another word each time; `/hits` tells
how many documents were served. `POST /hook` takes a webhook. Run as a program it serves until its standard input ends,
and says its port in a line; that keeps its work out of the figures of whoever asks.
"""

import asyncio
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from bench.documents import feed, page

HOSTS = 50
ETAG = '"5f3759df"'
_HEAD = b"Date: Sat, 21 Nov 2026 20:00:00 GMT\r\nServer: bench\r\nCache-Control: max-age=60\r\n"
NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n" + _HEAD + b'ETag: "5f3759df"\r\n\r\n'
ENTRIES_OF_SAME = 5
NUMBERS_APART = 1_000


def url(port: int, kind: str, number: int) -> str:
    """The address of feed number `number` of a kind."""
    return f"http://127.0.0.{1 + number % HOSTS}:{port}/{kind}/{number}"


class Site:
    """What is served. `on_news(path, newest, at)` is called when a changed document has been written, with the number
    of its first entry; `on_hook(body, at)` when a webhook has been read; both with `time.monotonic()`.
    """

    def __init__(
        self,
        on_news: Callable[[str, int, float], None] = lambda _path, _newest, _at: None,
        on_hook: Callable[[bytes, float], None] = lambda _body, _at: None,
    ) -> None:
        self.asked: Counter[str] = Counter()
        self.hits = 0
        self._on_news, self._on_hook = on_news, on_hook

    def answer(self, head: bytes, body: bytes, write: Callable[[bytes], None]) -> None:
        path = head.split(b" ", 2)[1].decode()
        _, kind, *rest = path.split("/")
        if kind == "hits":
            write(_ok(b"%d" % self.hits, "text/plain", ""))
        elif kind == "hook":
            self._on_hook(body, time.monotonic())
            write(b"HTTP/1.1 204 No Content\r\n" + _HEAD + b"\r\n")
        elif kind == "same":
            self.hits += 1
            unchanged = ETAG.encode() in head
            write(NOT_MODIFIED if unchanged else _ok(feed(int(rest[0]) * 100, ENTRIES_OF_SAME), etag=ETAG))
        elif kind == "page":
            self.hits += 1
            unchanged = ETAG.encode() in head
            write(NOT_MODIFIED if unchanged else _ok(page(int(rest[0]), 0), "text/html", ETAG))
        elif kind == "edited":
            self.hits += 1
            write(_ok(page(int(rest[0]), self.asked[path]), "text/html"))
            self.asked[path] += 1
        else:
            self.hits += 1
            newest = int(rest[0]) * NUMBERS_APART + 100 + self.asked[path]
            self.asked[path] += 1
            write(_ok(feed(newest)))
            self._on_news(path, newest, time.monotonic())


def _ok(body: bytes, kind: str = "application/rss+xml", etag: str = "") -> bytes:
    validator = f"ETag: {etag}\r\n" if etag else ""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{validator}".encode()
    return head + _HEAD + b"\r\n" + body


class _Connection(asyncio.Protocol):
    def __init__(self, site: Site) -> None:
        self._site = site
        self._data = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while b"\r\n\r\n" in self._data:
            head, rest = self._data.split(b"\r\n\r\n", 1)
            length = _length(head)
            if len(rest) < length:
                return
            self._data = rest[length:]
            assert self._transport is not None
            self._site.answer(head, rest[:length], self._transport.write)


def _length(head: bytes) -> int:
    lines = (line.split(b":", 1) for line in head.lower().split(b"\r\n") if b":" in line)
    return next((int(value) for name, value in lines if name == b"content-length"), 0)


@asynccontextmanager
async def serving(site: Site) -> AsyncIterator[int]:
    """Serve in this event loop; gives the port."""
    loop = asyncio.get_running_loop()
    first = await loop.create_server(lambda: _Connection(site), "127.0.0.1", 0, backlog=1000)
    port: int = first.sockets[0].getsockname()[1]
    others = [f"127.0.0.{1 + number}" for number in range(1, HOSTS)]
    second = await loop.create_server(lambda: _Connection(site), others, port, backlog=1000)
    try:
        yield port
    finally:
        first.close()
        second.close()


@contextmanager
def apart() -> Iterator[int]:
    """Serve in another process; gives the port."""
    process = subprocess.Popen([sys.executable, "-m", "bench.site"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


def hits(port: int) -> int:
    """How many documents the site has served, 304s included."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/hits", timeout=10) as answer:
        return int(answer.read())


async def _main() -> None:
    async with serving(Site()) as port:
        print(port, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main())

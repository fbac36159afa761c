"""CPU time of looking at an unchanged feed (304), beside bare httpx with one client per fetch and a shared TLS context.

The server runs in another process, so only the client's work is counted; ours and the bare one take turns in one run,
and each figure is the best of its rounds.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx

from aggregator.fetch.client import Fetcher
from aggregator.outcome import FetchRequest, NotModified
from bench import site
from bench.result import Result

FETCHES = 1_000
AT_ONCE = 20
ROUNDS = 3
BUDGET_RATIO = 1.15
ETAG, MODIFIED = site.ETAG, "Sat, 21 Nov 2026 20:00:00 GMT"


def run() -> list[Result]:
    """Bare httpx, ours, and their ratio."""
    with site.apart() as port:
        bare, ours = asyncio.run(_measure(site.url(port, "same", 0)))
    how = f"{FETCHES:,} fetches, {AT_ONCE} at once, best of {ROUNDS}"
    return [
        Result("unchanged feed (304), bare httpx, a client per fetch", bare, "us CPU per fetch", peer=True),
        Result("unchanged feed (304), fetched", ours, "us CPU per fetch", note=how),
        Result("unchanged feed (304), ours to bare httpx", ours / bare, "times", BUDGET_RATIO, "same run"),
    ]


async def _measure(url: str) -> tuple[float, float]:
    context = ssl.create_default_context()
    headers = {"user-agent": "bench", "accept-encoding": "gzip", "if-none-match": ETAG, "if-modified-since": MODIFIED}

    async def bare() -> None:
        async with (
            asyncio.timeout(30),
            httpx.AsyncClient(verify=context, trust_env=False, timeout=None) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            assert response.status_code == 304

    async with Fetcher() as fetcher:
        request = FetchRequest(url, timedelta(seconds=30), 10_000_000, "bench", etag=ETAG, last_modified=MODIFIED)

        async def ours() -> None:
            assert isinstance(await fetcher.fetch(request), NotModified)

        rounds = [(await _cpu(bare), await _cpu(ours)) for _ in range(ROUNDS)]
    return min(first for first, _ in rounds), min(second for _, second in rounds)


async def _cpu(fetch: Callable[[], Awaitable[None]]) -> float:
    """Microseconds of this process's CPU time per fetch."""
    await fetch()
    turns = iter(range(FETCHES))

    async def worker() -> None:
        for _ in turns:
            await fetch()

    began = time.process_time()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return (time.process_time() - began) / FETCHES * 1e6


if __name__ == "__main__":
    for result in run():
        print(result)

"""Manners towards the servers: how many requests at once, and when a host asked to be left alone.

Before a fetch, `async with turn(url)` waits for a free place: at most `per_host` requests to one host and
`max_in_flight` in all. After it, `heed` remembers a Retry-After of a 429 or 503 for the whole host, whichever feed
received it, and `not_before` tells the schedule. Lives in memory; `now` is handed in. It never fails.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from aggregator.outcome import FetchFailed, FetchOutcome, FetchRequest

_SLOW_DOWN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(slots=True)
class _Queue:
    places: asyncio.Semaphore
    users: int = 0


class Etiquette:
    """Shared by all fetches of a process. Hosts are told apart by name only: ports and schemes share their manners."""

    def __init__(self, max_in_flight: int, per_host: int) -> None:
        self._max_in_flight, self._per_host = max_in_flight, per_host
        self._in_flight = asyncio.Semaphore(max_in_flight)
        self._queues: dict[str, _Queue] = {}
        self._not_before: dict[str, datetime] = {}

    def limit(self, max_in_flight: int, per_host: int) -> None:
        """From here on these are the limits. Who waits or is under way keeps the old ones: a host that is never idle
        gets its new one when it is, and for a moment both kinds may be under way beside each other.
        """
        if max_in_flight != self._max_in_flight:
            self._max_in_flight, self._in_flight = max_in_flight, asyncio.Semaphore(max_in_flight)
        self._per_host = per_host

    @asynccontextmanager
    async def turn(self, url: str) -> AsyncIterator[None]:
        """Hold a place at the URL's host, then one of all: waiting for a busy host keeps nobody else waiting."""
        host = _host(url)
        queue = self._queues.setdefault(host, _Queue(asyncio.Semaphore(self._per_host)))
        queue.users += 1
        try:
            async with queue.places, self._in_flight:
                yield
        finally:
            queue.users -= 1
            if queue.users == 0:
                del self._queues[host]

    def heed(self, request: FetchRequest, outcome: FetchOutcome, now: datetime) -> None:
        """Remember until when the host that answered wants to be left alone. A later wish never shortens an earlier."""
        if not isinstance(outcome, FetchFailed) or outcome.status not in _SLOW_DOWN or outcome.retry_after is None:
            return
        host = _host(outcome.redirects[-1].url if outcome.redirects else request.url)
        until = now + outcome.retry_after
        self._not_before = {name: time for name, time in self._not_before.items() if time > now}
        self._not_before[host] = max(until, self._not_before.get(host, until))

    def not_before(self, url: str, now: datetime) -> datetime | None:
        """The time before which the URL's host is to be left alone, None if it may be asked now."""
        until = self._not_before.get(_host(url))
        return until if until is not None and until > now else None


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""

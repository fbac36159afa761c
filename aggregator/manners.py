"""Fetches with manners: waits for a host's turn, and heeds what servers ask for. What every look goes through."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

from aggregator.fetch.client import Fetcher
from aggregator.fetch.etiquette import Etiquette
from aggregator.outcome import FetchOutcome, FetchRequest

AT_HAND = 128
"""Documents between the network and the store; beyond it nothing more is fetched. Thousands of bodies that wait for the
parser would fill the memory of a machine that is too slow for its feeds.
"""


class Manners:
    """A fetcher behind its etiquette. A GET may wait for a place; the request's deadline counts from its turn."""

    def __init__(
        self, fetcher: Fetcher, etiquette: Etiquette, *, now: Callable[[], datetime], at_hand: int = AT_HAND
    ) -> None:
        self._fetcher, self._etiquette, self._now = fetcher, etiquette, now
        self._room = asyncio.Semaphore(at_hand)

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        """One GET, in its turn."""
        async with self._etiquette.turn(request.url):
            outcome = await self._fetcher.fetch(request)
        self._etiquette.heed(request, outcome, self._now())
        return outcome

    @asynccontextmanager
    async def document(self, request: FetchRequest) -> AsyncIterator[FetchOutcome]:
        """As `fetch`, for a document that stays at hand until the block ends. Nothing may be fetched inside the block:
        those who wait for room keep their turn at the host.
        """
        async with AsyncExitStack() as kept:
            async with self._etiquette.turn(request.url):
                await kept.enter_async_context(self._room)
                outcome = await self._fetcher.fetch(request)
            self._etiquette.heed(request, outcome, self._now())
            yield outcome

    def not_before(self, url: str, now: datetime) -> datetime | None:
        """The time before which the URL's host is to be left alone, None if it may be asked now."""
        return self._etiquette.not_before(url, now)

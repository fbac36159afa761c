"""Fetches with manners: waits for a host's turn, and heeds what servers ask for. What every look goes through."""

from collections.abc import Callable
from datetime import datetime

from aggregator.fetch.client import Fetcher
from aggregator.fetch.etiquette import Etiquette
from aggregator.outcome import FetchOutcome, FetchRequest


class Manners:
    """A fetcher behind its etiquette. `fetch` may wait for a place; the request's deadline counts from its turn."""

    def __init__(self, fetcher: Fetcher, etiquette: Etiquette, *, now: Callable[[], datetime]) -> None:
        self._fetcher, self._etiquette, self._now = fetcher, etiquette, now

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        """One GET, in its turn."""
        async with self._etiquette.turn(request.url):
            outcome = await self._fetcher.fetch(request)
        self._etiquette.heed(request, outcome, self._now())
        return outcome

    def not_before(self, url: str, now: datetime) -> datetime | None:
        """The time before which the URL's host is to be left alone, None if it may be asked now."""
        return self._etiquette.not_before(url, now)

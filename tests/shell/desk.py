"""The parts of the program that poll, put together over a real store, with a clock in the test's hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import TypeVar

from aggregator.carrier import Carrier, Watched
from aggregator.fetch.client import Fetcher, Resolver
from aggregator.fetch.etiquette import Etiquette
from aggregator.ledger import Ledger
from aggregator.manners import Manners
from aggregator.parse.pool import ParsePool
from store.database import SqlStore
from store.events import Event, FeedId, Position

START = datetime(2026, 11, 21, 8, tzinfo=UTC)


@dataclass(kw_only=True)
class Desk:
    """A carrier with what it works by, and the clock that all of them live by. Tests add what they do and see."""

    store: SqlStore
    carrier: Carrier = field(init=False)
    ledger: Ledger = field(init=False)
    manners: Manners = field(init=False)
    now: datetime = START

    def events(self, *kinds: type[Event]) -> list[Event]:
        """What the log holds, of these kinds or of all."""
        with self.store.read() as tx:
            events = [recorded.event for recorded in tx.log.read(Position(0), 1000)]
        return [event for event in events if not kinds or isinstance(event, kinds)]


D = TypeVar("D", bound=Desk)


@asynccontextmanager
async def at_work(
    desk: D,
    watched: Mapping[FeedId, Watched],
    *,
    allow: Sequence[str] = ("127.0.0.0/8",),
    resolve: Resolver | None = None,
) -> AsyncIterator[D]:
    """The desk with its parts, watching these feeds. `allow`: networks that learnt addresses may reach."""
    parser = ParsePool()
    async with Fetcher([ip_network(network) for network in allow], resolve=resolve) as fetcher:
        desk.manners = Manners(fetcher, Etiquette(16, 16), now=lambda: desk.now)
        desk.ledger = Ledger(desk.store, now=lambda: desk.now)
        desk.carrier = Carrier(watched, desk.ledger, desk.manners, parser, now=lambda: desk.now, jitter=lambda: 0.0)
        await desk.ledger.load({feed: one.profile for feed, one in watched.items()})
        try:
            yield desk
        finally:
            await parser.close()


def play(story: Callable[[], Awaitable[None]]) -> None:
    """Run a story to its end."""
    asyncio.run(story())  # type: ignore[arg-type]

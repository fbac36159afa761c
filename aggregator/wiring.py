"""The composition root: settings in, the parts of a running program out, closed in reverse order when it ends.

The only place that knows which class stands behind which port. Building costs nothing that a command does not need:
the daemon and `poll` build a `Program`, commands that only look open a store and nothing else.
"""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TextIO

from aggregator import in_force, ways_out
from aggregator import settings as translate
from aggregator.carrier import Carrier, Watched
from aggregator.clock import utc_now
from aggregator.fetch.client import Fetcher
from aggregator.fetch.etiquette import Etiquette
from aggregator.manners import Manners
from aggregator.metrics import Metrics
from aggregator.outcome import FetchRequest
from aggregator.parse.pool import ParsePool
from aggregator.ways_out import revealed, user_agent
from alerts.compose import ChannelComposer
from alerts.deliver import Deliverer
from alerts.react import Reactor
from config import model
from config.load import Loaded
from config.model import Settings
from store.events import ChannelId, FeedId
from store.ports import Store, Transaction

PARSERS = 2


@dataclass(frozen=True, slots=True)
class Program:
    """The parts of a running program, open."""

    settings: Settings
    store: Store
    carrier: Carrier
    reactor: Reactor
    deliverer: Deliverer
    metrics: Metrics
    in_force: Callable[[Transaction], bool]

    async def start(self) -> None:
        """Write what is in force into the log, give back what a killed process held, and remember."""
        channels = [ChannelId(name) for name in self.settings.channels]
        await asyncio.wrap_future(self.store.write(lambda tx: (self.in_force(tx), tx.outbox.free(channels))))
        await self.carrier.load()


@asynccontextmanager
async def build(loaded: Loaded, store: Store, *, console: TextIO | None = None) -> AsyncIterator[Program]:
    """Put the program together over an open store; closes what it opened, not the store. `console` is where console
    channels write, stdout when it is not said.
    """
    settings = loaded.settings
    if settings is None:
        raise ValueError("settings with mistakes do not run")
    metrics = Metrics()
    async with AsyncExitStack() as closers:
        fetcher = await closers.enter_async_context(Fetcher(settings.fetch.allow_networks))
        parser = ParsePool(PARSERS)
        closers.push_async_callback(parser.close)
        etiquette = Etiquette(settings.fetch.max_in_flight, settings.fetch.per_host)
        manners = Manners(fetcher, etiquette, now=utc_now)
        carrier = Carrier(_watched(settings), store, manners, parser, now=utc_now, jitter=random.random)
        cards = {card.id: card for card in map(translate.card, settings.feeds.values())}
        composer = ChannelComposer(ways_out.forms(settings.channels), settings.web.base_url)
        yield Program(
            settings=settings,
            store=store,
            carrier=carrier,
            reactor=Reactor(store, composer, cards, now=utc_now),
            deliverer=Deliverer(
                store,
                ways_out.channels(settings.channels, user_agent(settings), console or sys.stdout),
                now=utc_now,
                jitter=random.random,
                settled=lambda attempt: metrics.deliveries.labels(attempt.verdict.state).inc(),
            ),
            metrics=metrics,
            in_force=lambda tx: in_force.apply(tx, loaded, settings, translate.definitions(settings), utc_now()),
        )


def _watched(settings: Settings) -> dict[FeedId, Watched]:
    agent = user_agent(settings)
    return {FeedId(feed.id): _as_watched(feed, settings, agent) for feed in settings.feeds.values()}


def _as_watched(feed: model.FeedSettings, settings: Settings, agent: str) -> Watched:
    request = FetchRequest(
        url=feed.url,
        timeout=settings.fetch.timeout,
        max_body=settings.fetch.max_body,
        user_agent=revealed(feed.user_agent) or agent,
        headers={name: value.reveal() for name, value in feed.headers.items()},
        auth=(revealed(feed.username), revealed(feed.password)) if feed.username or feed.password else None,
        ca_file=revealed(feed.ca_file),
        proxy=revealed(feed.proxy),
    )
    return Watched(translate.profile(feed), request, revealed(feed.encoding), feed.enabled)

"""The composition root: settings in, the parts of a running program out, closed in reverse order when it ends.

The only place that knows which class stands behind which port. Building costs nothing that a command does not need:
the daemon and `poll` build a `Program`, commands that only look open a store and nothing else.
"""

import asyncio
import logging
import random
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TextIO

from aggregator import in_force
from aggregator.carrier import Carrier
from aggregator.clock import utc_now
from aggregator.fetch.client import Fetcher
from aggregator.fetch.etiquette import Etiquette
from aggregator.ledger import Ledger
from aggregator.manners import Manners
from aggregator.metrics import Metrics
from aggregator.page.pool import PagePool
from aggregator.page.visiting import Visiting
from aggregator.parse.pool import ParsePool
from aggregator.parts import Parts, parts_of
from alerts.compose import ChannelComposer
from alerts.deliver import Deliverer
from alerts.react import Reactor
from config.load import Loaded
from config.model import Settings
from store.database import SqlStore
from store.ports import Store
from store.witness import Witness, open_witness

log = logging.getLogger("feedwitness")

PARSERS = 2
_ANOTHER_RECORD = (
    "the record is not the one that was signed here last: it was restored from a copy, cut or changed; it goes on under"
    " a new key, and the old one is kept as %s. `feedwitness verify --checkpoint FILE` tells which it was"
)


@dataclass(slots=True)
class Program:
    """The parts of a running program, open. `parts` are those in force; `take` exchanges them."""

    parts: Parts
    store: Store
    fetcher: Fetcher
    etiquette: Etiquette
    ledger: Ledger
    carrier: Carrier
    visiting: Visiting
    composer: ChannelComposer
    reactor: Reactor
    witness: Witness
    deliverer: Deliverer
    metrics: Metrics

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.parts.settings

    async def start(self) -> None:
        """Write what is in force into the log, give back what a killed process held, and remember.

        A log that nobody has signed for long, as after an upgrade, is signed up to here, which takes seconds.
        """
        parts, now = self.parts, utc_now()
        await asyncio.wrap_future(
            self.store.write(lambda tx: (in_force.apply(tx, parts.in_force, now), tx.outbox.free(parts.recipients)))
        )
        await self.ledger.load({feed: watched.profile for feed, watched in parts.feeds.items()})
        await self.visiting.plan()
        await asyncio.to_thread(self.witness.catch_up, self.store)

    async def take(self, parts: Parts) -> None:
        """Put other settings in force, all or nothing: first in the log, then in what runs; what is under way ends as
        it began. No look at a feed that is renamed may be under way.

        Rules come into force where the log says so, in another thread: from before that moment until after it the
        channels and cards of both settings are known. Raises what the store raises; then nothing has changed.
        """
        now = utc_now()
        await self.ledger.flush()  # what was counted of a feed goes with it to its new name
        self._tell_by(parts.beside(self.parts))
        try:
            await asyncio.wrap_future(
                self.store.write(
                    lambda tx: (
                        in_force.apply(tx, parts.in_force, now),
                        tx.outbox.free(parts.recipients, leases=False),
                    )
                )
            )
        except BaseException:
            self._tell_by(self.parts)
            raise
        self._tell_by(parts)
        self.fetcher.allow(parts.settings.fetch.allow_networks)
        self.etiquette.limit(parts.settings.fetch.max_in_flight, parts.settings.fetch.per_host)
        await self.ledger.follow({feed: watched.profile for feed, watched in parts.feeds.items()})
        self.carrier.use(parts.feeds)
        self.visiting.use(parts.pages, parts.settings.fetch.per_host)
        self.parts = parts
        await self.visiting.plan()

    def _tell_by(self, parts: Parts) -> None:
        self.composer.use(parts.forms)
        self.reactor.use(parts.cards)
        self.deliverer.use(parts.channels, parts.recipients)


@asynccontextmanager
async def build(loaded: Loaded, store: SqlStore, *, console: TextIO | None = None) -> AsyncIterator[Program]:
    """Put the program together over an open store; closes what it opened, not the store. `console` is where console
    channels write, stdout when it is not said.
    """
    parts = parts_of(loaded, console or sys.stdout)
    settings, metrics = parts.settings, Metrics()
    async with AsyncExitStack() as closers:
        fetcher = await closers.enter_async_context(Fetcher(settings.fetch.allow_networks))
        parser = ParsePool(PARSERS)
        closers.push_async_callback(parser.close)
        reader = PagePool()
        closers.push_async_callback(reader.close)
        etiquette = Etiquette(settings.fetch.max_in_flight, settings.fetch.per_host)
        manners = Manners(fetcher, etiquette, now=utc_now)
        ledger = Ledger(store, now=utc_now)
        composer = ChannelComposer(parts.forms, settings.web.base_url)
        witness = open_witness(store)
        if witness.put_aside:
            log.warning(_ANOTHER_RECORD, witness.put_aside)
        reactor = Reactor(store, composer, parts.cards, now=utc_now, witness=witness)
        store.follow(reactor.follow)
        closers.callback(store.follow, None)
        yield Program(
            parts=parts,
            store=store,
            fetcher=fetcher,
            etiquette=etiquette,
            ledger=ledger,
            carrier=Carrier(parts.feeds, ledger, manners, parser, now=utc_now, jitter=random.random),
            visiting=Visiting(
                store,
                manners,
                reader,
                parts.pages,
                now=utc_now,
                lost=lambda: ledger.network.lost,
                per_host=settings.fetch.per_host,
            ),
            composer=composer,
            reactor=reactor,
            witness=witness,
            deliverer=Deliverer(
                store,
                parts.channels,
                now=utc_now,
                jitter=random.random,
                recipients=parts.recipients,
                settled=lambda attempt: metrics.deliveries.labels(attempt.verdict.state).inc(),
            ),
            metrics=metrics,
        )

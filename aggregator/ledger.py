"""What polling remembers of each feed, in memory, and how it reaches the store.

In: states after polls. What changes nothing but counters (304s, failures) is kept here and written in batches by
`flush`; what has something to record is one job of the store's single writer (`write`). A store that cannot be written
raises `StoreUnavailable`, and then nothing is taken for written. It knows, too, whether it is our own
network that fails.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.deciding.memory import Move
from aggregator.deciding.normalise import FeedProfile
from aggregator.health import pardoned
from aggregator.network import NetworkWatch, News
from aggregator.record import Recording
from aggregator.remembered import remembered
from store.events import DAEMON_STREAM, CaptureDigest, FeedId, FeedMoved, NetworkLost, Position
from store.ports import Capture, PollState, Store, Transaction

log = logging.getLogger("feedwitness.feeds")


class Ledger:
    """The poll states and the moves of the feeds that are followed. It belongs to one event loop."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._states: dict[FeedId, PollState] = {}
        self._moves: dict[FeedId, Move] = {}
        self._dirty: set[FeedId] = set()
        self._flushing = asyncio.Lock()
        self.network = NetworkWatch()

    async def load(self, feeds: Mapping[FeedId, FeedProfile]) -> None:
        """Read what was remembered; once, before anything else."""
        await asyncio.to_thread(self._recall_network)
        await self.follow(feeds)

    async def follow(self, feeds: Mapping[FeedId, FeedProfile]) -> None:
        """Know these feeds from here on: read what was remembered of those that are new here, forget the others."""
        unknown = {feed: profile for feed, profile in feeds.items() if feed not in self._states}
        states, moves = await asyncio.to_thread(self._remembered, unknown) if unknown else ({}, {})
        known = {feed: state for feed, state in self._states.items() if feed in feeds or feed in self._dirty}
        self._states = states | known  # a poll that ended meanwhile knows better than what was read
        self._moves = {feed: move for feed, move in (moves | self._moves).items() if feed in self._states}

    def _recall_network(self) -> None:
        with self._store.read() as tx:
            self.network.recall(tx)

    def _remembered(self, feeds: Mapping[FeedId, FeedProfile]) -> tuple[dict[FeedId, PollState], dict[FeedId, Move]]:
        with self._store.read() as tx:
            states = {feed: state for feed, state in tx.polls.all().items() if feed in feeds}
            moved = {one.event.feed for one in tx.log.read(Position(0), 10_000, kinds=[FeedMoved.KIND])
                     if isinstance(one.event, FeedMoved)}  # fmt: skip
            memories = {feed: remembered(tx, feeds[feed]).move for feed in moved & feeds.keys()}
        return states, {feed: move for feed, move in memories.items() if move}

    def states(self) -> Mapping[FeedId, PollState]:
        """The state of every feed that was ever polled."""
        return self._states

    def state(self, feed: FeedId) -> PollState:
        """The state of this feed, a fresh one when it was never polled."""
        return self._states.get(feed) or PollState(feed)

    def move(self, feed: FeedId) -> Move | None:
        """The permanent redirect that is under observation, or was adopted."""
        return self._moves.get(feed)

    def remember(self, state: PollState) -> None:
        """Keep a state that only counts; `flush` writes it."""
        self._states[state.feed] = state
        self._dirty.add(state.feed)

    async def write(self, feed: FeedId, job: Callable[[Transaction], Recording]) -> Recording:
        """Have a poll recorded. What was only counted before is part of it, and must not be flushed after it."""
        counted = feed in self._dirty
        self._dirty.discard(feed)
        try:
            recording = await asyncio.wrap_future(self._store.write(job))
        except Exception:
            if counted:
                self._dirty.add(feed)
            raise
        if recording.to_read_anew:  # nothing was written
            if counted:
                self._dirty.add(feed)
            return recording
        self._states[feed] = replace(recording.state, memory=None)
        return recording

    async def captures(self, digests: Collection[CaptureDigest]) -> Sequence[Capture]:
        """Those of these documents that are still kept."""
        return await asyncio.to_thread(self._captures, digests)

    def _captures(self, digests: Collection[CaptureDigest]) -> list[Capture]:
        with self._store.read() as tx:
            found = (tx.captures.get(digest) for digest in sorted(digests))
            return [capture for capture in found if capture is not None]

    def moved(self, feed: FeedId, move: Move | None) -> None:
        """What became of the feed's move in the poll that was recorded."""
        if move is None:
            self._moves.pop(feed, None)
        else:
            self._moves[feed] = move

    async def flush(self) -> None:
        """Write what was only counted since the last flush, and what there is to say of our own network."""
        async with self._flushing:  # two at once would say it twice
            await self._flush()

    async def _flush(self) -> None:
        now = self._now()
        news = self.network.news(now)
        self._pardon(news)
        dirty = [self._states[feed] for feed in self._dirty]
        if not dirty and not news:
            return
        self._dirty.clear()

        def job(tx: Transaction) -> None:
            tx.polls.save(dirty)
            if news:
                tx.log.append(DAEMON_STREAM, [news], now=now)

        try:
            await asyncio.wrap_future(self._store.write(job))
        except BaseException:  # cancelled, it may or may not be written: once more does no harm
            self._dirty.update(state.feed for state in dirty)
            raise
        if news:
            self.network.accept(news)
            log.warning("our network: %s", news.reason)

    def _pardon(self, news: News | None) -> None:
        """Failures that turn out to be our own network's do not count against their sources."""
        if isinstance(news, NetworkLost):
            for state in [state for state in self._states.values() if state.failing_since]:
                if (after := pardoned(state, news.since)) != state:
                    self.remember(after)

"""Watching: dispatches a look at each feed when it falls due, and knows which looks are under way.

In: a program, whose feeds may change at any time (`follow`). A feed is never looked at twice at once; what is under way
ends by the settings of its start, and is due again by those of its end. A bug in looking at one feed is logged, counted
and not the others'; a store that cannot be written is told to the one who asked (`failed`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from aggregator.agenda import Agenda
from aggregator.carrier import Watched
from aggregator.clock import utc_now
from aggregator.wiring import Program
from store.events import FeedId
from store.ports import StoreUnavailable

log = logging.getLogger("feedwitness.daemon")

MOST_FLYING = 2000
"""Polls under way or waiting for their host's turn; the etiquette bounds how many of them talk at once."""


class Watching:
    """The looks of one program. `recorded` is called when a look left something in the log, `failed` when the store
    could not take it.
    """

    def __init__(
        self, program: Program, *, recorded: Callable[[], None], failed: Callable[[StoreUnavailable], None]
    ) -> None:
        self._program = program
        self._recorded, self._failed = recorded, failed
        self._agenda = Agenda()
        self._flying: dict[FeedId, asyncio.Task[None]] = {}
        self._resting: frozenset[FeedId] = frozenset()

    def begin(self) -> None:
        """Put every feed on the agenda."""
        for feed, at in self._program.carrier.due_times(utc_now()).items():
            self._agenda.put(feed, at)

    def follow(self, before: Mapping[FeedId, Watched], after: Mapping[FeedId, Watched]) -> None:
        """The program's feeds were other ones before: what is new or changed gets its time, what is gone loses it.

        One that failed and is asked in another way now is asked at once: it may have been mended.
        """
        now = utc_now()
        for feed in before.keys() - after.keys():
            self._agenda.drop(feed)
        changed = {feed for feed, watched in after.items() if before.get(feed) != watched}
        due = self._program.carrier.due_times(now, changed)
        for feed in changed:
            if feed not in due:
                self._agenda.drop(feed)
            elif feed not in self._flying:
                mended = feed in before and before[feed].request != after[feed].request
                failed = self._program.ledger.state(feed).failures > 0
                self._agenda.put(feed, now if mended and failed else due[feed])

    @asynccontextmanager
    async def resting(self, feeds: Collection[FeedId]) -> AsyncIterator[None]:
        """While the block lasts nothing of these feeds is under way; waits for what is."""
        self._resting = frozenset(feeds)
        try:
            if flying := [task for feed, task in self._flying.items() if feed in self._resting]:
                await asyncio.wait(flying)
            yield
        finally:
            self._resting = frozenset()

    async def dispatch(self) -> None:
        """Begin to look at what is due."""
        now = utc_now()
        later = []
        while len(self._flying) < MOST_FLYING and (feed := self._agenda.take(now)):
            if feed in self._resting:
                later.append((feed, now))
            elif until := self._program.carrier.not_before(feed, now):
                later.append((feed, until))
            else:
                self._flying[feed] = asyncio.create_task(self._look(feed), name=f"look {feed}")
        for feed, at in later:
            self._agenda.put(feed, at)
        self._program.metrics.in_flight.set(len(self._flying))

    async def _look(self, feed: FeedId) -> None:
        carrier, metrics = self._program.carrier, self._program.metrics
        if feed not in carrier.feeds:  # taken out of the settings a moment ago
            del self._flying[feed]
            return
        try:
            with metrics.poll_seconds.time():
                report = await carrier.look(feed)
            metrics.polls.labels(report.failure or "good").inc()
            if report.recorded:
                metrics.events.inc(report.recorded)
                self._recorded()
        except StoreUnavailable as away:
            self._failed(away)
        except Exception:  # one feed's bug is not the others'
            log.exception("looking at %s failed", feed)
            metrics.loop_errors.labels("look").inc()
        finally:
            del self._flying[feed]
        if (upcoming := carrier.next_time(feed, utc_now())) is not None:
            self._agenda.put(feed, upcoming)

    async def finish(self, within: timedelta) -> None:
        """Let what is under way end; what has not by then is cut off, and was not acknowledged."""
        if self._flying:
            _, late = await asyncio.wait(self._flying.values(), timeout=within.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

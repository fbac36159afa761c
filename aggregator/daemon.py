"""The daemon: loops over a `Program`, driven by APScheduler, until it is told to stop.

Watching dispatches feeds when they fall due; reacting follows the log; delivering empties the outbox. Each loop wakes
the next, looks by itself as well, and is fed to the pulse that `/healthz` reads. A bug in one turn of a loop is logged,
counted and survived: these are the only broad catches of the program. A store that cannot be written is waited for;
one that has lost writes (`StoreBroken`) ends the daemon, so that a restart recovers from what is on the disk.
"""

import asyncio
import heapq
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from aggregator.clock import utc_now
from aggregator.web.health import Pulse, Readiness
from aggregator.wiring import Program
from alerts.deliver import LONGEST_PAUSE
from store.events import FeedId, Position
from store.ports import StoreBroken, StoreUnavailable

log = logging.getLogger("feedwitness.daemon")

DISPATCH = timedelta(seconds=0.25)
FLUSH = timedelta(seconds=5)
COUNTING = timedelta(seconds=30)
"""How old a gauge of `/metrics` may be. Counting a long history costs; doing it at each scrape would let others."""
HOUSEKEEPING = timedelta(hours=1)
LOOK_AGAIN = timedelta(seconds=1)
DRAIN = timedelta(seconds=8)
"""How long a stop waits for what is in flight; the contract gives ten seconds for all of it."""
STORE_REASONS = frozenset({"store_full", "store_io", "store_away"})
MOST_FLYING = 2000
"""Polls under way or waiting for their host's turn; the etiquette bounds how many of them talk at once."""


class Daemon:
    """One daemon over one program. `run` returns when `stop` is set, and raises `StoreBroken` if writes were lost."""

    def __init__(self, program: Program, pulse: Pulse, readiness: Readiness) -> None:
        self._program = program
        self._pulse = pulse
        self._readiness = readiness
        self._due: list[tuple[datetime, FeedId]] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._events = asyncio.Event()
        self._outbox = asyncio.Event()
        self._broken: asyncio.Future[None] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Watch, react and deliver until `stop` is set; then finish what is in flight and write what was counted."""
        self._broken = asyncio.get_running_loop().create_future()
        self._due = [(at, feed) for feed, at in self._program.carrier.due_times(utc_now()).items()]
        heapq.heapify(self._due)
        scheduler = self._scheduler()
        loops = [
            asyncio.create_task(self._forever("react", self._react, LOOK_AGAIN), name="react"),
            asyncio.create_task(self._forever("deliver", self._deliver, LONGEST_PAUSE), name="deliver"),
        ]
        scheduler.start()
        self._readiness.clear("starting")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait((stopping, self._broken), return_when=asyncio.FIRST_COMPLETED)
            if self._broken.done():
                self._broken.result()
        finally:
            self._readiness.add("stopping")
            stopping.cancel()
            scheduler.pause()  # no new turns; one under way, of `flush` say, ends by itself
            await self._drain(loops)
            scheduler.shutdown(wait=False)

    def _scheduler(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        jobs: tuple[tuple[str, Callable[[], Awaitable[None]], timedelta], ...] = (
            ("dispatch", self._dispatch, DISPATCH),
            ("flush", self._program.carrier.flush, FLUSH),
            ("count", self._count, COUNTING),
            ("housekeeping", self._housekeeping, HOUSEKEEPING),
        )
        for name, job, every in jobs:
            scheduler.add_job(
                self._turn, IntervalTrigger(seconds=every.total_seconds()), args=(name, job, every), id=name,
                next_run_time=utc_now(),
            )  # fmt: skip
        return scheduler

    async def _turn(self, name: str, job: Callable[[], Awaitable[None]], every: timedelta) -> bool:
        """One turn of a loop, whatever happens in it; returns whether it went well. `every`: when the next is due."""
        self._pulse.beat(name, every)
        try:
            await job()
        except StoreUnavailable as away:
            self._store_fails(away)
        except Exception:  # the loop outlives its bugs
            log.exception("a turn of %s failed", name)
            self._program.metrics.loop_errors.labels(name).inc()
        else:
            if name != "dispatch":
                self._recovered()
            return True
        return False

    async def _forever(self, name: str, turn: Callable[[], Awaitable[None]], longest: timedelta) -> None:
        while True:
            if not await self._turn(name, turn, longest):
                await asyncio.sleep(LOOK_AGAIN.total_seconds())

    def _store_fails(self, away: StoreUnavailable) -> None:
        self._program.metrics.store_errors.labels(away.reason).inc()
        if away.reason not in self._readiness.reasons:
            log.error("the store cannot be written: %s", away)
        self._readiness.add(away.reason)
        if isinstance(away, StoreBroken) and self._broken is not None and not self._broken.done():
            self._broken.set_exception(away)

    def _recovered(self) -> None:
        """Ready again, unless no write has reached the disk since one failed: reading alone proves nothing."""
        if self._readiness.reasons & STORE_REASONS and not self._program.store.trouble:
            log.info("the store can be written again")
            self._readiness.clear(*STORE_REASONS)

    # --- watching ---------------------------------------------------------------------------------------------------

    async def _dispatch(self) -> None:
        now = utc_now()
        while self._due and self._due[0][0] <= now and len(self._flying) < MOST_FLYING:
            _, feed = heapq.heappop(self._due)
            if later := self._program.carrier.not_before(feed, now):
                heapq.heappush(self._due, (later, feed))
                continue
            task = asyncio.create_task(self._look(feed), name=f"look {feed}")
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)
        self._program.metrics.in_flight.set(len(self._flying))

    async def _look(self, feed: FeedId) -> None:
        carrier, metrics = self._program.carrier, self._program.metrics
        try:
            with metrics.poll_seconds.time():
                report = await carrier.look(feed)
            metrics.polls.labels(report.failure or "good").inc()
            if report.recorded:
                metrics.events.inc(report.recorded)
                self._events.set()
                self._recovered()
        except StoreUnavailable as away:
            self._store_fails(away)
        except Exception:  # one feed's bug is not the others'
            log.exception("looking at %s failed", feed)
            self._program.metrics.loop_errors.labels("look").inc()
        heapq.heappush(self._due, (carrier.next_time(feed, utc_now()), feed))

    # --- reacting and delivering -------------------------------------------------------------------------------------

    async def _react(self) -> None:
        self._events.clear()
        more = await asyncio.to_thread(self._program.reactor.run_once)
        self._outbox.set()
        if not more:
            await _wait(self._events, LOOK_AGAIN)

    async def _deliver(self) -> None:
        await self._program.deliverer.turn(self._outbox)

    # --- keeping house ----------------------------------------------------------------------------------------------

    async def _count(self) -> None:
        counts, head = await asyncio.to_thread(self._counted)
        health = Counter(state.health for state in self._program.carrier.states().values())
        self._program.metrics.show(health, counts, head)

    def _counted(self) -> tuple[Mapping[str, int], Position]:
        with self._program.store.views() as views:
            return views.counts(), views.tx.log.head().position

    async def _housekeeping(self) -> None:
        before = utc_now() - self._program.settings.store.keep_raw
        dropped = await asyncio.wrap_future(self._program.store.write(lambda tx: tx.captures.prune(before)))
        if dropped:
            log.info("dropped %d raw captures older than %s", dropped, before.isoformat())

    async def _drain(self, loops: list[asyncio.Task[None]]) -> None:
        """Stop claiming, let polls and deliveries in flight end, write what was counted."""
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        deadline = asyncio.get_running_loop().time() + DRAIN.total_seconds()
        if self._flying:
            _, late = await asyncio.wait(self._flying, timeout=DRAIN.total_seconds() / 2)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        left = timedelta(seconds=max(0.1, deadline - asyncio.get_running_loop().time()))
        await self._program.deliverer.finish(left)
        with suppress(StoreUnavailable):
            await self._program.carrier.flush()


async def _wait(event: asyncio.Event, within: timedelta) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(within.total_seconds()):
            await event.wait()

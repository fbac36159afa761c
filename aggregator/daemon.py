"""The daemon: loops over a `Program`, driven by APScheduler, until it is told to stop.

Watching dispatches feeds when they fall due; visiting looks at the pages behind items; reacting follows the log;
delivering empties the outbox; reloading follows the settings. Each loop wakes the next, looks by itself as well, and is
fed to the pulse that `/healthz` and the watchdog read. A bug in one turn of a loop is logged, counted and survived. A
store that cannot be written is waited for; one that has lost writes (`StoreBroken`) ends the daemon, so that a restart
recovers from what is on the disk.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from aggregator.clock import utc_now
from aggregator.notify import Notifier
from aggregator.page.record import Recording
from aggregator.reload import Reloader
from aggregator.watchdog import Watchdog
from aggregator.watching import Watching
from aggregator.web.health import STORE_REASONS, Pulse, Readiness
from aggregator.wiring import Program
from alerts.deliver import LONGEST_PAUSE
from store.events import Position
from store.ports import StoreBroken, StoreUnavailable

log = logging.getLogger("feedwitness.daemon")

DISPATCH = timedelta(seconds=0.25)
FLUSH = timedelta(seconds=5)
COUNTING = timedelta(seconds=30)
"""How old a gauge of `/metrics` may be. Counting a long history costs; doing it at each scrape would let others."""
HOUSEKEEPING = timedelta(hours=1)
LOOK_AGAIN = timedelta(seconds=1)
RELOADING = timedelta(minutes=10)
"""How long reading and compiling settings may take: ten thousand rules on a slow machine."""
DRAIN = timedelta(seconds=8)
"""How long a stop waits for what is in flight; the contract gives ten seconds for all of it."""


class Daemon:
    """One daemon over one program. `run` returns when `stop` is set, and raises `StoreBroken` if writes were lost.

    Without a `reloader` it keeps its settings; without a service manager `notifier` says nothing.
    """

    def __init__(
        self,
        program: Program,
        pulse: Pulse,
        readiness: Readiness,
        *,
        reloader: Reloader | None = None,
        notifier: Notifier | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        self._program = program
        self._pulse = pulse
        self._readiness = readiness
        self._reloader = reloader
        self._notifier = notifier or Notifier({})
        self._watchdog = watchdog
        self._events = asyncio.Event()
        self._outbox = asyncio.Event()
        self._broken: asyncio.Future[None] | None = None
        self._watching = Watching(program, recorded=self._recorded, failed=self._store_fails)

    async def run(self, stop: asyncio.Event) -> None:
        """Watch, react and deliver until `stop` is set; then finish what is in flight and write what was counted."""
        self._broken = asyncio.get_running_loop().create_future()
        self._watching.begin()
        scheduler = self._scheduler()
        loops = [asyncio.create_task(loop, name=name) for name, loop in self._loops().items()]
        scheduler.start()
        self._readiness.clear("starting")
        self._notifier.ready(self._reloader.summary if self._reloader else "watching")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait((stopping, self._broken), return_when=asyncio.FIRST_COMPLETED)
            if self._broken.done():
                self._broken.result()
        finally:
            self._readiness.add("stopping")
            self._notifier.stopping()
            stopping.cancel()
            scheduler.pause()  # no new turns; one under way, of `flush` say, ends by itself
            await self._drain(loops)
            scheduler.shutdown(wait=False)

    def _loops(self) -> dict[str, Coroutine[None, None, None]]:
        """What turns at its own pace, by name."""
        loops: dict[str, Coroutine[None, None, None]] = {
            "react": self._forever("react", self._react, LOOK_AGAIN),
            "deliver": self._forever("deliver", self._deliver, LONGEST_PAUSE),
            "pages": self._forever("pages", self._visit_pages, LOOK_AGAIN),
        }
        if self._reloader is not None:
            turn = partial(self._reloader.turn, self._watching)
            loops["reload"] = self._forever("reload", turn, RELOADING)
        if self._watchdog is not None:
            loops["watchdog"] = self._watchdog.run()
        return loops

    def _scheduler(self) -> AsyncIOScheduler:
        scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        jobs: tuple[tuple[str, Callable[[], Awaitable[None]], timedelta], ...] = (
            ("dispatch", self._watching.dispatch, DISPATCH),
            ("flush", self._program.ledger.flush, FLUSH),
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

    def _recorded(self) -> None:
        """A look left something in the log, and alerts in the outbox, if the reactor could follow at once."""
        self._events.set()
        self._outbox.set()
        self._recovered()

    def _store_fails(self, away: StoreUnavailable) -> None:
        self._program.metrics.store_errors.labels(away.reason).inc()
        if away.reason not in self._readiness.reasons:
            log.error("the store cannot be written: %s", away)
        self._readiness.add(away.reason)
        if isinstance(away, StoreBroken) and self._broken is not None and not self._broken.done():
            self._broken.set_exception(away)

    def _recovered(self) -> None:
        """Ready again, unless no write has reached the disk since one failed: reading alone proves nothing."""
        if self._readiness.store_in_trouble and not self._program.store.trouble:
            log.info("the store can be written again")
            self._readiness.clear(*STORE_REASONS)

    # --- reacting and delivering -------------------------------------------------------------------------------------

    async def _react(self) -> None:
        self._events.clear()
        more = await asyncio.to_thread(self._program.reactor.run_once)
        self._outbox.set()
        if not more:
            await _wait(self._events, LOOK_AGAIN)

    async def _deliver(self) -> None:
        await self._program.deliverer.turn(self._outbox)

    # --- the pages behind items --------------------------------------------------------------------------------------

    async def _visit_pages(self) -> None:
        await self._program.visiting.follow()
        await self._program.visiting.turn(self._visited, self._visit_failed)

    def _visited(self, recording: Recording) -> None:
        self._program.metrics.page_visits.labels(recording.outcome).inc()
        if recording.events:
            self._program.metrics.events.inc(len(recording.events))
            self._recorded()

    def _visit_failed(self, error: Exception) -> None:
        if isinstance(error, StoreUnavailable):
            self._store_fails(error)
            return
        log.error("visiting a page failed", exc_info=error)
        self._program.metrics.loop_errors.labels("visit").inc()

    # --- keeping house ----------------------------------------------------------------------------------------------

    async def _count(self) -> None:
        counts, head, pages = await asyncio.to_thread(self._counted)
        feeds, states = self._program.carrier.feeds, self._program.ledger.states()
        health = Counter(state.health for feed, state in states.items() if feed in feeds)
        self._program.metrics.show(health, counts, head, pages)

    def _counted(self) -> tuple[Mapping[str, int], Position, Mapping[str, int]]:
        with self._program.store.views() as views:
            pages = views.tx.visits.depths(utc_now())
            return views.counts(), views.tx.log.head().position, pages._asdict()

    async def _housekeeping(self) -> None:
        before = utc_now() - self._program.settings.store.keep_raw
        dropped = 0
        while portion := await asyncio.wrap_future(self._program.store.write(lambda tx: tx.captures.prune(before))):
            dropped += portion
        if dropped:
            log.info("dropped %d raw captures older than %s", dropped, before.isoformat())

    async def _drain(self, loops: list[asyncio.Task[None]]) -> None:
        """Stop claiming, let polls and deliveries in flight end, write what was counted."""
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        deadline = asyncio.get_running_loop().time() + DRAIN.total_seconds()
        await asyncio.gather(self._watching.finish(DRAIN / 2), self._program.visiting.finish(DRAIN / 2))
        left = timedelta(seconds=max(0.1, deadline - asyncio.get_running_loop().time()))
        await self._program.deliverer.finish(left)
        with suppress(StoreUnavailable):
            await asyncio.to_thread(self._program.reactor.seal)
            await self._program.ledger.flush()


async def _wait(event: asyncio.Event, within: timedelta) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(within.total_seconds()):
            await event.wait()

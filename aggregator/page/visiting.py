"""Visits pages when they are due: chooses them by their hosts, looks, records.

In: the feeds whose pages are read. Out: a `Recording` for each visit. Waiting runs in parallel, for few hosts at once
and for one page of a host at a time, with a pause between two of them; recording is one job of the store's single
writer. Whatever a page does is a value; only a store that cannot be written raises (`StoreUnavailable`), and then the
visit is due still.

The feeds may be exchanged at any time (`use`): a visit that is under way ends as it began.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from aggregator.page import enrol
from aggregator.page.looking import NO_CAPTURE, Looking, Looks, Paged, Reads
from aggregator.page.memory import Sketch
from aggregator.page.record import Recording, Seen, record, subject
from aggregator.page.sight import PageSight
from store.events import FeedId
from store.failpoint import reach
from store.ports import Store, StoreError, Transaction, Visit

log = logging.getLogger("feedwitness.pages")
T = TypeVar("T")

MOST_AT_ONCE = 4
"""Hosts whose pages are visited at the same time: the rest of the network is for feeds."""
PAUSE = timedelta(seconds=1)
FOR_ONE_HOST = 2
"""So many requests at once to one host are usual; who allows more means a host that bears more, and pauses less."""
LOOK_AGAIN = timedelta(seconds=1)
LAST_ONES = timedelta(seconds=30)
"""How long a pass whose time is up waits for the visits under way."""
_BLOCK_PAGES_KNOWN = 50


def pause_for(per_host: int) -> timedelta:
    """Between two pages of one host: a second, and less where the operator allows more than the usual requests."""
    return PAUSE * min(1.0, FOR_ONE_HOST / per_host)


class Visiting:
    """The visits of one program. It belongs to one event loop. `lost` says whether our own network is."""

    def __init__(
        self,
        store: Store,
        fetcher: Looks,
        reader: Reads,
        feeds: Mapping[FeedId, Paged],
        *,
        now: Callable[[], datetime],
        lost: Callable[[], bool],
        per_host: int = FOR_ONE_HOST,
    ) -> None:
        self._store, self._fetcher, self._now = store, fetcher, now
        self._looking = Looking(fetcher, reader, now=now, lost=lost, rested=self._rested)
        self._feeds = feeds
        self._pause = pause_for(per_host)
        self._rest: dict[str, datetime] = {}
        self._flying: dict[str, asyncio.Task[None]] = {}
        self._landed = asyncio.Event()
        self._blocks: dict[Sketch, None] = {}

    # --- what is visited --------------------------------------------------------------------------------------------

    def use(self, feeds: Mapping[FeedId, Paged], per_host: int) -> None:
        """From here on these are the feeds whose pages are read."""
        self._feeds, self._pause = feeds, pause_for(per_host)

    async def plan(self) -> None:
        """Bring the schedule up to the settings: what feeds no longer ask for ends, the rest is caught up on. At a
        start, and whenever the settings change.
        """
        profiles = {feed: paged.profile for feed, paged in self._feeds.items()}
        if not profiles and not await asyncio.to_thread(self._read, lambda tx: tx.page_plans.all()):
            return
        for feed in await self._write(partial(enrol.take, profiles=profiles, now=self._now())):
            await self._write(partial(enrol.plan_anew, profile=profiles[feed], now=self._now()))

    async def follow(self) -> None:
        """Put the pages of what alerted somebody on the schedule."""
        matched = {feed: one.profile for feed, one in self._feeds.items() if one.profile.page == "matched"}
        if not matched or not await asyncio.to_thread(self._read, _has_alerts):
            return
        while await self._write(partial(enrol.after_alerts, profiles=matched, now=self._now())):
            pass

    # --- when -------------------------------------------------------------------------------------------------------

    async def turn(
        self, recorded: Callable[[Recording], None], failed: Callable[[Exception], None], within: timedelta = LOOK_AGAIN
    ) -> bool:
        """Begin the visits that are due, then wait for one to end, for a host to be rested, or for so long. Whether
        anything is under way, or waits for a host. `failed` hears what a visit raised.
        """
        if not self._feeds:
            await asyncio.sleep(within.total_seconds())
            return False
        self._landed.clear()
        waits = await self._begin(recorded, failed)
        resting = [until for until in self._rest.values() if until > self._now()]
        pause = min(within, *(until - self._now() for until in resting)) if waits and resting else within
        with suppress(TimeoutError):
            async with asyncio.timeout(max(pause.total_seconds(), 0.0)):
                await self._landed.wait()
        return bool(waits or self._flying)

    async def _begin(self, recorded: Callable[[Recording], None], failed: Callable[[Exception], None]) -> bool:
        """Start what is due; whether more is due than may be started now."""
        now = self._now()
        self._rest = {host: until for host, until in self._rest.items() if until > now}
        if (free := MOST_AT_ONCE - len(self._flying)) <= 0:
            return True
        busy = {*self._flying, *self._rest}
        waits = False
        for visit in await asyncio.to_thread(self._due, now, free, busy):
            waits = True
            if until := self._fetcher.not_before(visit.url, now):
                self._rest[visit.host] = until
            elif visit.feed in self._feeds:
                task = asyncio.create_task(self._visit(visit, recorded, failed), name=f"visit {visit.item}")
                self._flying[visit.host] = task
            else:  # its feed was switched off a moment ago
                self._rest[visit.host] = now + LOOK_AGAIN
        return waits or bool(self._rest)

    async def _visit(
        self, visit: Visit, recorded: Callable[[Recording], None], failed: Callable[[Exception], None]
    ) -> None:
        try:
            recorded(await self.look(visit, self._feeds[visit.feed]))
        except Exception as error:  # noqa: BLE001 - the store's, or a bug: one page's is not the others'
            self._rest[visit.host] = self._now() + LOOK_AGAIN
            failed(error)
        finally:
            del self._flying[visit.host]
            self._landed.set()

    async def visit_due(self, recorded: Callable[[Recording], None], within: timedelta) -> Sequence[Exception]:
        """Visit what is due, and what falls due meanwhile, for so long; a host that wants to be left alone is. Returns
        what visits raised; ends early where the store cannot be written.
        """
        errors: list[Exception] = []
        until = self._now() + within
        while self._now() < until and not any(isinstance(error, StoreError) for error in errors):
            self._landed.clear()
            await self._begin(recorded, errors.append)
            soon = [rested for rested in self._rest.values() if rested - self._now() <= self._pause]
            if not self._flying and not (bool(soon) and await asyncio.to_thread(self._read, self._is_due)):
                return errors
            wait = min([until, *soon]) - self._now()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(wait.total_seconds(), 0.0)):
                    await self._landed.wait()
        await self.finish(LAST_ONES)
        return errors

    def _due(self, now: datetime, most: int, busy: Collection[str]) -> Sequence[Visit]:
        with self._store.read() as tx:
            return tx.visits.due(now, most, busy=busy)

    def _is_due(self, tx: Transaction) -> bool:
        return bool(tx.visits.due(self._now(), 1))

    async def finish(self, within: timedelta) -> None:
        """Let what is under way end; what has not by then is cut off, and is due still."""
        if self._flying:
            _, late = await asyncio.wait(self._flying.values(), timeout=within.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # --- one visit --------------------------------------------------------------------------------------------------

    async def look(self, visit: Visit, paged: Paged) -> Recording:
        """Visit one page now."""
        known = partial(subject, profile=paged.profile, visit=visit, block_pages=tuple(self._blocks))
        about = await asyncio.to_thread(self._read, known)
        if about is None:
            seen = Seen(PageSight(visit.item, self._now(), "unreachable", "", NO_CAPTURE))
        else:
            seen = await self._looking.see(visit, paged, about, self._pause)
        reach("after_page")
        recording = await self._write(
            partial(record, profile=paged.profile, planned=visit, seen=seen, block_pages=tuple(self._blocks))
        )
        self._remember(recording.block_pages)
        self._say(visit, recording)
        return recording

    # --- parts ------------------------------------------------------------------------------------------------------

    def _remember(self, met: Collection[Sketch]) -> None:
        """Block pages that one visit met are known to the next, of whatever feed."""
        for sketch in met:
            self._blocks.pop(sketch, None)
            self._blocks[sketch] = None
        for sketch in list(self._blocks)[:-_BLOCK_PAGES_KNOWN]:
            del self._blocks[sketch]

    @staticmethod
    def _say(before: Visit, recording: Recording) -> None:
        """Tell the operator once why a page cannot be read, and when it can be again."""
        after = recording.visit
        if after is None or after.reason == before.reason:
            return
        if after.reason:
            log.info("cannot read the page of %s: %s", after.item, after.reason)
        else:
            log.info("the page of %s is read again", after.item)

    def _rested(self, host: str) -> None:
        """A request to the host has ended: it is left in peace for a moment."""
        self._rest[host] = self._now() + self._pause

    def _read(self, job: Callable[[Transaction], T]) -> T:
        with self._store.read() as tx:
            return job(tx)

    async def _write(self, job: Callable[[Transaction], T]) -> T:
        return await asyncio.wrap_future(self._store.write(job))


def _has_alerts(tx: Transaction) -> bool:
    """Whether alerts were let out since they were followed last."""
    return bool(tx.page_plans.told(tx.checkpoints.get(enrol.FOLLOWER), 1))

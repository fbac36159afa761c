"""Visits pages when they are due: fetch, read in a killable child, compare with the control page, record.

In: the feeds whose pages are read. Out: a `Recording` for each visit. Waiting runs in parallel, for few hosts at once
and for one page of a host at a time, with a pause between two of them; recording is one job of the store's single
writer. A page is a URL learnt from the network: no credentials or headers of the operator go there, and private
networks are out of reach. Whatever a page does is a value; only a store that cannot be written raises
(`StoreUnavailable`), and then the visit is due still.

The feeds may be exchanged at any time (`use`): a visit that is under way ends as it began.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from secrets import token_hex
from typing import Protocol, TypeVar, cast

from aggregator import soft404
from aggregator.fetch.page import Asked, compared, verdict
from aggregator.normalise import FeedProfile
from aggregator.outcome import Fetched, FetchFailed, FetchOutcome, FetchRequest, NotModified, PageProbe
from aggregator.page import decide, enrol
from aggregator.page.known import KnownPage
from aggregator.page.memory import Sketch
from aggregator.page.record import Recording, Seen, Subject, Validators, record, subject
from aggregator.page.sight import PageSight, PageVerdict
from aggregator.page.text import PageOutcome, PageUnread
from store.events import CaptureDigest, FeedId
from store.failpoint import reach
from store.ports import Capture, Store, StoreError, Transaction, Visit

log = logging.getLogger("feedwitness.pages")
T = TypeVar("T")

MOST_AT_ONCE = 4
"""Hosts whose pages are visited at the same time: the rest of the network is for feeds."""
LARGEST = 5 << 20
ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5"
PAUSE = timedelta(seconds=1)
FOR_ONE_HOST = 2
"""So many requests at once to one host are usual; who allows more means a host that bears more, and pauses less."""
LOOK_AGAIN = timedelta(seconds=1)
LAST_ONES = timedelta(seconds=30)
"""How long a pass whose time is up waits for the visits under way."""
_BLOCK_PAGES_KNOWN = 50
_SAID = ("missing", "gone")
_ERRORS = ("error_page", "too_short", "empty")
_NO_CAPTURE = CaptureDigest("")


class Looks(Protocol):
    """Whoever fetches with manners."""

    async def fetch(self, request: FetchRequest) -> FetchOutcome:
        """One GET, in its turn."""
        ...

    def not_before(self, url: str, now: datetime) -> datetime | None:
        """The time before which the URL's host is to be left alone, None if it may be asked now."""
        ...


class Reads(Protocol):
    """Whoever takes the text out of a page."""

    async def extract(self, body: bytes, content_type: str, url: str, *, encoding: str = "") -> PageOutcome:
        """The text, or why there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Paged:
    """A feed whose pages are read. `like`: how it is asked; time-out, user agent, proxy and CA file go for its pages
    too.
    """

    profile: FeedProfile
    like: FetchRequest


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
        self._store, self._fetcher, self._reader = store, fetcher, reader
        self._now, self._lost = now, lost
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
            seen = Seen(PageSight(visit.item, self._now(), "unreachable", "", _NO_CAPTURE))
        else:
            seen = await self._seen(visit, paged, about)
        reach("after_page")
        recording = await self._write(
            partial(record, profile=paged.profile, planned=visit, seen=seen, block_pages=tuple(self._blocks))
        )
        self._remember(recording.block_pages)
        self._say(visit, recording)
        return recording

    async def _seen(self, visit: Visit, paged: Paged, about: Subject) -> Seen:
        answer = await self._ask(visit.url, paged, visit.host, conditional=visit)
        at = self._now()
        said, detail = _verdict(visit.url, answer)
        sight = PageSight(visit.item, at, said, detail, _NO_CAPTURE)
        if isinstance(answer, FetchFailed) and answer.reason == "too_large" and said == "standing":
            seen = Seen(replace(sight, read=PageUnread("too_large", answer.detail)))
        elif isinstance(answer, FetchFailed):
            failed = "" if said in _SAID else answer.reason
            seen = Seen(sight, failed, answer.retry_after, self._lost())
        elif isinstance(answer, Fetched) and said == "standing":
            seen = await self._taken_in(visit, sight, answer, about)
        else:
            seen = Seen(sight)
        if decide.wants_control(about.known, seen.sight, about.memory) or _may_be_an_error(about.known, seen.sight):
            seen = replace(seen, sight=await self._controlled(visit, paged, about, seen.sight, answer))
        return seen

    async def _taken_in(self, visit: Visit, sight: PageSight, answer: Fetched, about: Subject) -> Seen:
        """Read the page that came, unless its bytes are those of the last visit."""
        digest = CaptureDigest(f"sha256:{sha256(answer.body).hexdigest()}")
        validators = Validators(answer.etag, answer.last_modified, answer.url, digest)
        if digest == visit.body:
            return Seen(sight, validators=validators)
        read = await self._reader.extract(answer.body, answer.content_type, answer.url)
        capture = Capture(digest, visit.feed, answer.url, answer.headers, answer.body, sight.at)
        sight = replace(sight, read=read, capture=digest)
        if decide.wants_former(about.known, sight, about.memory) and about.former is not None:
            sight = replace(sight, former=await self._reread(about.former))
        return Seen(sight, validators=validators, capture=capture)

    async def _reread(self, kept: Capture) -> PageOutcome:
        """What the present extractor makes of a capture that another one read."""
        content_type = next((value for name, value in kept.headers if name.lower() == "content-type"), "")
        return await self._reader.extract(kept.body, content_type, kept.url)

    async def _controlled(
        self, visit: Visit, paged: Paged, about: Subject, sight: PageSight, answer: FetchOutcome
    ) -> PageSight:
        """With the page of an item that is still listed, read in the same breath; and of an item that no feed lists any
        more, beside what the site answers to a made-up address: a page like that one is missing ("soft 404").
        """
        if not about.control:
            return sight
        await asyncio.sleep(self._pause.total_seconds())
        control = await self._ask(about.control, paged, visit.host)
        if _verdict(about.control, control)[0] != "standing":
            return sight
        sight = replace(sight, control_stands=True, control_before=about.control_before)
        if not isinstance(control, Fetched):
            return sight
        sight = replace(sight, control=await self._reader.extract(control.body, control.content_type, control.url))
        made_up = soft404.made_up(visit.url, about.control, token_hex(16))
        if about.known.listed or not isinstance(answer, Fetched) or sight.verdict != "standing" or not made_up:
            return sight
        await asyncio.sleep(self._pause.total_seconds())
        asked = PageProbe(visit.item, visit.url, about.control, about.words)
        nowhere = Asked(made_up, await self._ask(made_up, paged, visit.host))
        page, other = Asked(visit.url, answer), Asked(about.control, control)
        told = await asyncio.to_thread(compared, asked, page, other, nowhere, sight.at)
        if told.verdict != "missing":
            return sight
        return replace(sight, verdict="missing", detail=told.detail, read=None, control_stands=told.sibling_stands)

    async def _ask(self, url: str, paged: Paged, host: str, conditional: Visit | None = None) -> FetchOutcome:
        """One GET of a URL that was learnt; the host is left in peace for a moment after it."""
        like = paged.like
        request = FetchRequest(
            url=url,
            timeout=like.timeout,
            max_body=min(like.max_body, LARGEST),
            user_agent=like.user_agent,
            etag=conditional.etag if conditional else "",
            last_modified=conditional.last_modified if conditional else "",
            validated_url=conditional.validated_url if conditional else "",
            ca_file=like.ca_file,
            proxy=like.proxy,
            learnt=True,
            accept=ACCEPT,
        )
        try:
            return await self._fetcher.fetch(request)
        finally:
            self._rest[host] = self._now() + self._pause

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

    def _read(self, job: Callable[[Transaction], T]) -> T:
        with self._store.read() as tx:
            return job(tx)

    async def _write(self, job: Callable[[Transaction], T]) -> T:
        return await asyncio.wrap_future(self._store.write(job))


def _may_be_an_error(known: KnownPage, sight: PageSight) -> bool:
    """Nothing can be read where a page stood, and no feed lists its item any more."""
    return isinstance(sight.read, PageUnread) and sight.read.reason in _ERRORS and not known.listed and bool(known.face)


def _verdict(url: str, answer: FetchOutcome) -> tuple[PageVerdict, str]:
    """What the answer says of the page, and the server's words. Here a 304 answers validators of our own."""
    if isinstance(answer, NotModified):
        return "standing", "304 Not Modified"
    said, detail = verdict(url, answer)
    return cast("PageVerdict", said), detail


def _has_alerts(tx: Transaction) -> bool:
    """Whether alerts were let out since they were followed last."""
    return bool(tx.page_plans.told(tx.checkpoints.get(enrol.FOLLOWER), 1))

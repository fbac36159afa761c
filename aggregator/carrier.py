"""Looks at feeds: fetch, parse, record, probe pages; the asynchronous half of a poll.

In: a feed's id. Out: a `PollReport`. Waiting (network, parser) runs in parallel; recording is one job of the store's
single writer; what is remembered of a feed between polls lies in the `Ledger`. Whatever a source does is a value;
only a store that cannot be written raises (`StoreUnavailable`), and then nothing of that poll is remembered.

The feeds may be exchanged at any time (`use`): a poll that is under way ends as it began, by the settings of its start.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from aggregator import health, schedule
from aggregator.deciding.decide import Decision
from aggregator.deciding.gate import PollProblem
from aggregator.deciding.memory import FeedMemory, Repair
from aggregator.deciding.normalise import FeedProfile
from aggregator.deciding.upgrade import Anew
from aggregator.fetch.hop import named_by
from aggregator.fetch.page import probe
from aggregator.health import Health
from aggregator.ledger import Ledger
from aggregator.manners import Manners
from aggregator.outcome import (
    Fetched,
    FetchFailed,
    FetchOutcome,
    FetchRequest,
    NotModified,
    Observation,
    PageProbe,
    ParsedFeed,
    ParseFailed,
    Redirect,
)
from aggregator.parse.pool import ParsePool
from aggregator.record import record_failure, record_pages, record_poll
from aggregator.repairer import Repairer
from store.chain import body_digest
from store.events import CaptureDigest, FeedId
from store.failpoint import reach
from store.ports import Capture, PollState

log = logging.getLogger("feedwitness.feeds")


@dataclass(frozen=True, slots=True)
class Watched:
    """A feed as it is asked: `request` is everything but validators; `encoding` overrides the document's own. One that
    is off (`enabled` False) is never due, but may be asked for by name.
    """

    profile: FeedProfile
    request: FetchRequest
    encoding: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class PollReport:
    """What one poll came to. `recorded`: events appended. `failure`: the named reason, "" when the poll was good."""

    feed: FeedId
    recorded: int = 0
    failure: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a poll came to, and what it asks for: pages of absent items, and older pages of the feed."""

    report: PollReport
    probes: tuple[PageProbe, ...] = ()
    repair: Repair | None = None


class Carrier:
    """All feeds of a program. One `look` at a time per feed; many feeds at once. `jitter` gives numbers from 0 to 1."""

    def __init__(
        self,
        feeds: Mapping[FeedId, Watched],
        ledger: Ledger,
        manners: Manners,
        parser: ParsePool,
        *,
        now: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._feeds = feeds
        self._ledger = ledger
        self._manners = manners
        self._parser = parser
        self._repairer = Repairer(ledger, manners, parser, now=now)
        self._now, self._jitter = now, jitter

    def use(self, feeds: Mapping[FeedId, Watched]) -> None:
        """From here on these are the feeds."""
        self._feeds = feeds

    @property
    def feeds(self) -> Mapping[FeedId, Watched]:
        """The feeds of the program, those that are off included."""
        return self._feeds

    # --- when -------------------------------------------------------------------------------------------------------

    def due_times(self, now: datetime, among: Collection[FeedId] | None = None) -> Mapping[FeedId, datetime]:
        """When feeds are asked for the first time after a start, or after their settings changed (`among`)."""
        wanted = self._feeds.keys() if among is None else among
        profiles = {feed: self._feeds[feed].profile for feed in wanted if self._feeds[feed].enabled}
        return schedule.due_times(profiles, self._ledger.states(), now)

    def next_time(self, feed: FeedId, now: datetime) -> datetime | None:
        """When the feed is asked next, None if it no longer is; a poll that could not be remembered counts as one all
        the same.
        """
        watched = self._feeds.get(feed)
        if watched is None or not watched.enabled:
            return None
        planned = self._ledger.state(feed).next_at
        if planned is None or planned <= now:
            planned = now + watched.profile.every
        else:  # by settings that may have changed while it was under way
            planned = self.due_times(now, [feed])[feed]
        return max(planned, self.not_before(feed, now) or planned)

    def not_before(self, feed: FeedId, now: datetime) -> datetime | None:
        """The time before which the feed's host is to be left alone, whichever feed it said so to; None: ask now."""
        return self._manners.not_before(self._url(self._feeds[feed]), now)

    # --- one poll ---------------------------------------------------------------------------------------------------

    async def look(self, feed: FeedId) -> PollReport:
        """Poll a feed now, look for what a gap hid, and probe the pages that are due."""
        watched = self._feeds[feed]
        state = self._ledger.state(feed)
        request = self._request(watched, state)
        async with self._manners.document(request) as outcome:
            reach("after_fetch")
            at = self._now()
            self._ledger.network.note(request.url, outcome, at)
            carried = await self._carried(watched, state, outcome, at)
        recorded = carried.report.recorded
        if carried.repair:
            recorded += await self._repairer.repair(watched.profile, watched.request, watched.encoding, carried.repair)
        if carried.probes:
            recorded += await self._probe(watched, carried.probes)
        return replace(carried.report, recorded=recorded)

    async def _carried(self, watched: Watched, state: PollState, outcome: FetchOutcome, at: datetime) -> Carried:
        match outcome:
            case FetchFailed():
                return await self._failed(watched, state, outcome.reason, outcome.detail, at, outcome.retry_after)
            case NotModified():
                return await self._confirmed(watched, state, outcome.redirects, at)
            case Fetched():
                return await self._fetched(watched, state, outcome, at)

    def _request(self, watched: Watched, state: PollState) -> FetchRequest:
        request = named_by(watched.request, self._url(watched))
        if schedule.full_fetch_due(state, self._now()):
            return request
        return replace(request, etag=state.etag, last_modified=state.last_modified, validated_url=state.validated_url)

    def _url(self, watched: Watched) -> str:
        return health.address(watched.profile, FeedMemory(move=self._ledger.move(watched.profile.id)))

    async def _fetched(self, watched: Watched, state: PollState, answer: Fetched, at: datetime) -> Carried:
        digest = CaptureDigest(body_digest(answer.body))
        validated = replace(
            state,
            etag=answer.etag,
            last_modified=answer.last_modified,
            validated_url=answer.url,
            body=digest,
            full_fetch_at=at,
        )
        if state.body == digest:
            return await self._confirmed(watched, validated, answer.redirects, at)
        parsed = await self._parser.parse(
            answer.body, answer.content_type, answer.url, encoding=watched.encoding, timezone=watched.profile.timezone
        )
        reach("after_parse")
        if isinstance(parsed, ParseFailed):
            return await self._failed(watched, state, parsed.reason, parsed.detail, at)
        capture = Capture(digest, state.feed, answer.url, answer.headers, answer.body, at)
        return await self._record(watched, state, validated, parsed, capture, answer.redirects, at)

    async def _confirmed(
        self, watched: Watched, state: PollState, redirects: Sequence[Redirect], at: datetime
    ) -> Carried:
        """The last accepted document is confirmed; only an open suspicion, or something to say, needs the store."""
        if not state.open and not health.is_permanent(redirects):
            after = health.after_good(watched.profile, state, at, new=False)
            if not after.events:
                self._ledger.remember(self._timed(watched, after, at).state)
                return Carried(PollReport(state.feed))
        return await self._record(watched, state, state, None, None, redirects, at)

    async def _record(
        self,
        watched: Watched,
        before: PollState,
        validated: PollState,
        document: ParsedFeed | None,
        capture: Capture | None,
        redirects: Sequence[Redirect],
        at: datetime,
    ) -> Carried:
        """One job of the writer."""

        def verdict(found: Decision | PollProblem) -> Health:
            if isinstance(found, PollProblem):
                after = health.after_failure(watched.profile, before, found.reason, at)
            else:
                after = health.after_good(watched.profile, validated, at, new=found.new > 0)
            return self._timed(watched, after, at)

        digest = capture.digest if capture else CaptureDigest(before.body)
        job = partial(
            record_poll,
            profile=watched.profile,
            observation=Observation(before.feed, at, document, digest),
            last_good_at=before.last_good_at,
            capture=capture,
            redirects=redirects,
            verdict=verdict,
        )
        recording = await self._ledger.write(before.feed, job)
        if recording.to_read_anew:
            anew = await self._read_anew(watched, recording.to_read_anew)
            recording = await self._ledger.write(before.feed, partial(job, anew=anew))
        self._ledger.moved(before.feed, recording.move)
        if recording.problem:
            self._say(before, recording.state, recording.problem.detail)
            problem = recording.problem
            return Carried(PollReport(before.feed, len(recording.events), problem.reason, problem.detail))
        self._say(before, recording.state, "")
        return Carried(PollReport(before.feed, len(recording.events)), recording.probes, recording.repair)

    async def _read_anew(self, watched: Watched, digests: Collection[CaptureDigest]) -> Anew:
        """What our present parser makes of documents that an earlier one read."""
        anew: dict[CaptureDigest, ParsedFeed] = {}
        for capture in await self._ledger.captures(digests):
            parsed = await self._parser.parse(
                capture.body,
                capture.content_type,
                capture.url,
                encoding=watched.encoding,
                timezone=watched.profile.timezone,
            )
            if isinstance(parsed, ParsedFeed):
                anew[capture.digest] = parsed
        return anew

    async def _probe(self, watched: Watched, probes: Sequence[PageProbe]) -> int:
        """Ask the pages of absent items, in the pass that found them due; how many events came of it."""
        feed, at = watched.profile.id, self._now()
        answers = await asyncio.gather(*(probe(self._manners, each, watched.request, at) for each in probes))
        state = self._ledger.state(feed)
        concluded = await self._ledger.write(
            feed, partial(record_pages, profile=watched.profile, state=state, answers=answers, now=self._now())
        )
        return len(concluded.events)

    async def _failed(
        self,
        watched: Watched,
        state: PollState,
        reason: str,
        detail: str,
        at: datetime,
        retry_after: timedelta | None = None,
    ) -> Carried:
        after = health.after_failure(watched.profile, state, reason, at, network_lost=self._ledger.network.lost)
        after = self._timed(watched, after, at, retry_after)
        self._say(state, after.state, detail)
        if not after.events and self._ledger.move(state.feed) is None:
            self._ledger.remember(after.state)
            return Carried(PollReport(state.feed, 0, reason, detail))
        recording = await self._ledger.write(
            state.feed, partial(record_failure, profile=watched.profile, health=after, now=at)
        )
        self._ledger.moved(state.feed, recording.move)
        return Carried(PollReport(state.feed, len(recording.events), reason, detail))

    def _timed(self, watched: Watched, after: Health, at: datetime, retry_after: timedelta | None = None) -> Health:
        """With the time of the next poll."""
        state = after.state
        result = schedule.PollResult(state.reason if state.failures else "", retry_after, self._jitter())
        upcoming = schedule.next_time(watched.profile, state, result, at, network_lost=self._ledger.network.lost)
        return replace(after, state=replace(state, next_at=upcoming))

    def _say(self, before: PollState, after: PollState, detail: str) -> None:
        """Tell the operator when a source is lost from sight and when it is seen again."""
        if after.failing_since and not before.failing_since:
            log.warning("cannot see %s: %s: %s", after.feed, after.reason, detail)
        elif before.failing_since and not after.failing_since:
            log.info("%s is seen again", after.feed)
        elif after.health == "degraded" and before.health != "degraded":
            log.warning("%s is degraded: %s failed polls: %s", after.feed, after.failures, detail)

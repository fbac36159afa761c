"""Asks the older pages of a feed after a gap: the asynchronous half of a repair.

In: a feed and the `Repair` that its memory holds. Out: how many events came of it. One page after the other, each in
its turn at the host, each parsed in the pool and recorded in a job of its own; what a page gives is a value. A page
that cannot be had stops it until the feed's next good poll, or ends it. Only a store that cannot be written raises
(`StoreUnavailable`).
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from aggregator.deciding.memory import Repair
from aggregator.deciding.normalise import FeedProfile
from aggregator.deciding.repair import gives_up
from aggregator.fetch.hop import named_by
from aggregator.ledger import Ledger
from aggregator.manners import Manners
from aggregator.outcome import Fetched, FetchFailed, FetchOutcome, FetchRequest, Observation, ParseFailed
from aggregator.parse.pool import ParsePool
from aggregator.record import Recording, record_older, record_older_end
from store.chain import body_digest
from store.events import CaptureDigest
from store.ports import Capture

log = logging.getLogger("feedwitness.feeds")


class Repairer:
    """Of all feeds of a program; the carrier sees to it that one feed is repaired once at a time."""

    def __init__(self, ledger: Ledger, manners: Manners, parser: ParsePool, *, now: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._manners = manners
        self._parser = parser
        self._now = now

    async def repair(self, profile: FeedProfile, like: FetchRequest, encoding: str, repair: Repair) -> int:
        """Ask page after page. `like` is the feed's request: its credentials go with it on its own origin only;
        `encoding` overrides the documents' own.
        """
        recorded = 0
        unfinished: Repair | None = repair
        while unfinished is not None:
            request = named_by(like, unfinished.page.url)
            if self._manners.not_before(request.url, self._now()):
                break
            async with self._manners.document(request) as outcome:
                recording = await self._recorded(profile, outcome, encoding, unfinished)
            if recording is None:
                break
            recorded += len(recording.events)
            unfinished = recording.repair
        return recorded

    async def _recorded(
        self, profile: FeedProfile, outcome: FetchOutcome, encoding: str, repair: Repair
    ) -> Recording | None:
        """What the answer for one page came to; None: it is to be tried again."""
        at = self._now()
        if not isinstance(outcome, Fetched):
            reason = outcome.reason if isinstance(outcome, FetchFailed) else "protocol"
            return await self._failed(profile, repair, reason, at)
        parsed = await self._parser.parse(
            outcome.body, outcome.content_type, outcome.url, encoding=encoding, timezone=profile.timezone
        )
        if isinstance(parsed, ParseFailed):
            return await self._failed(profile, repair, parsed.reason, at)
        digest = CaptureDigest(body_digest(outcome.body))
        return await self._ledger.write(
            profile.id,
            partial(
                record_older,
                profile=profile,
                state=self._ledger.state(profile.id),
                observation=Observation(profile.id, at, parsed, digest),
                capture=Capture(digest, profile.id, outcome.url, outcome.headers, outcome.body, at),
            ),
        )

    async def _failed(self, profile: FeedProfile, repair: Repair, reason: str, at: datetime) -> Recording | None:
        log.info("an older page of %s cannot be had: %s", profile.id, reason)
        if not gives_up(repair, reason, at):
            return None
        state = self._ledger.state(profile.id)
        return await self._ledger.write(
            profile.id, partial(record_older_end, profile=profile, state=state, reason=reason, now=at)
        )

"""One pass over feeds, for `poll`: look at each now, react to what was recorded, try each due delivery once.

A store that cannot be written ends the pass (`StoreUnavailable`); a bug in looking at one feed is that feed's failure.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aggregator.carrier import PollReport
from aggregator.clock import utc_now
from aggregator.wiring import Program
from store.events import FeedId
from store.ports import StoreError

log = logging.getLogger("feedwitness.poll")


@dataclass(frozen=True, slots=True)
class PassReport:
    """What one pass did. `waiting`: deliveries to be retried later; `dead`: deliveries that died in this pass."""

    reports: tuple[PollReport, ...]
    delivered: int
    waiting: int
    dead: int

    @property
    def failed(self) -> tuple[PollReport, ...]:
        """Polls without a usable document."""
        return tuple(report for report in self.reports if report.failure)

    @property
    def events(self) -> int:
        """How many events the polls recorded."""
        return sum(report.recorded for report in self.reports)

    @property
    def good(self) -> bool:
        """No feed failed and no delivery died; one that waits for its next try is no failure."""
        return not self.failed and not self.dead

    def as_json(self) -> dict[str, object]:
        """The pass for machines."""
        return {
            "feeds": [
                {"id": r.feed, "events": r.recorded, "failure": r.failure or None, "detail": r.detail}
                for r in self.reports
            ],
            "delivered": self.delivered,
            "waiting": self.waiting,
            "dead": self.dead,
        }


async def one_pass(program: Program, feeds: Sequence[FeedId], advance: Callable[[int, int], None]) -> PassReport:
    """Poll these feeds, each once, then react until the log is read, then deliver. `advance` hears (polled, of)."""
    done: list[PollReport] = []
    wanted = tuple(dict.fromkeys(feeds))

    async def look(feed: FeedId) -> None:
        done.append(await _look(program, feed))
        advance(len(done), len(wanted))

    await asyncio.gather(*(look(feed) for feed in wanted))
    await program.ledger.flush()
    await _react(program)
    attempts = await program.deliverer.drain_once(utc_now())
    await _react(program)  # so that what the deliveries wrote counts as read
    await asyncio.to_thread(program.reactor.seal)
    became = [attempt.verdict.state for attempt in attempts]
    return PassReport(
        reports=tuple(sorted(done, key=lambda report: report.feed)),
        delivered=became.count("delivered"),
        waiting=became.count("pending"),
        dead=became.count("dead"),
    )


async def _look(program: Program, feed: FeedId) -> PollReport:
    try:
        return await program.carrier.look(feed)
    except StoreError:
        raise
    except Exception as bug:  # one feed's bug is not the others'
        log.warning("looking at %s failed: %r", feed, bug, exc_info=log.isEnabledFor(logging.INFO))
        return PollReport(feed, failure="bug", detail=f"{type(bug).__name__}; this is a bug, `-v` shows where")


async def _react(program: Program) -> None:
    while await asyncio.to_thread(program.reactor.run_once):
        pass

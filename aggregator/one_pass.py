"""One pass over feeds, for `poll`: look at each now, react to what was recorded, visit the pages that are due, try each
due delivery once.

A store that cannot be written ends the pass (`StoreUnavailable`); a bug in looking at one feed is that feed's failure.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from aggregator.carrier import PollReport
from aggregator.clock import utc_now
from aggregator.page.record import Recording
from aggregator.wiring import Program
from store.events import FeedId
from store.ports import StoreError, VisitDepths

log = logging.getLogger("feedwitness.poll")

VISITING = timedelta(seconds=60)
"""How long one pass visits pages; what is due beyond it is left to the next."""


@dataclass(frozen=True, slots=True)
class PassReport:
    """What one pass did. `waiting`: deliveries to be retried later; `dead`: deliveries that died in this pass. `pages`:
    how many were visited, by outcome; `pages_waiting`: how many are due still.
    """

    reports: tuple[PollReport, ...]
    delivered: int
    waiting: int
    dead: int
    pages: Mapping[str, int] = field(default_factory=dict)
    pages_waiting: int = 0

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
            "pages": {"visited": sum(self.pages.values()), "waiting": self.pages_waiting},
        }


async def one_pass(program: Program, feeds: Sequence[FeedId], advance: Callable[[int, int], None]) -> PassReport:
    """Poll these feeds, each once, then react until the log is read, visit pages, react to that, then deliver.
    `advance` hears (done, of).
    """
    done: list[PollReport] = []
    wanted = tuple(dict.fromkeys(feeds))

    async def look(feed: FeedId) -> None:
        done.append(await _look(program, feed))
        advance(len(done), len(wanted))

    await asyncio.gather(*(look(feed) for feed in wanted))
    await program.ledger.flush()
    await _react(program)
    pages = await _visit(program, lambda visited, due: advance(len(wanted) + visited, len(wanted) + due))
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
        pages=pages,
        pages_waiting=(await asyncio.to_thread(_depths, program)).due,
    )


async def _look(program: Program, feed: FeedId) -> PollReport:
    try:
        return await program.carrier.look(feed)
    except StoreError:
        raise
    except Exception as bug:  # one feed's bug is not the others'
        log.warning("looking at %s failed: %r", feed, bug, exc_info=log.isEnabledFor(logging.INFO))
        return PollReport(feed, failure="bug", detail=f"{type(bug).__name__}; this is a bug, `-v` shows where")


async def _visit(program: Program, advance: Callable[[int, int], None]) -> Mapping[str, int]:
    """Visit what is due, for a limited time; by outcome. Raises what the store raises; a bug is its page's failure."""
    await program.visiting.follow()
    due = (await asyncio.to_thread(_depths, program)).due
    outcomes: Counter[str] = Counter()

    def recorded(recording: Recording) -> None:
        outcomes[recording.outcome] += 1
        advance(outcomes.total(), max(due, outcomes.total()))

    for error in await program.visiting.visit_due(recorded, VISITING):
        if isinstance(error, StoreError):
            raise error
        log.warning("visiting a page failed: %r", error)
        outcomes["bug"] += 1
    return outcomes


def _depths(program: Program) -> VisitDepths:
    with program.store.read() as tx:
        return tx.visits.depths(utc_now())


async def _react(program: Program) -> None:
    while await asyncio.to_thread(program.reactor.run_once):
        pass

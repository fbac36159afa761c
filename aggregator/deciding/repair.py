"""Looking for what a gap hid: what the older pages of a feed prove, page by page. Pure.

`after_poll` begins a repair when a poll recorded a gap. Each older page is then looked at (`look_at`), matched with the
store like any document (`plan.survey`), and gives an `OlderReading`: statements that we had missed, and whether to go
on. A page ends it that lists what was known before the gap, that brings nothing new, or that is older than all that was
listed then. A first document, a reissue, another address and a lost memory begin none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.deciding import reissue
from aggregator.deciding.memory import FeedMemory, Repair
from aggregator.deciding.normalise import FeedProfile, normalise, policy_for
from aggregator.deciding.plan import Loaded, Look, Plan, first_sight, texts_of
from aggregator.deciding.resolve import Match
from aggregator.deciding.window import claimed_dates, order_of, rolling
from aggregator.older import MOST_PAGES, first_page, page_after
from aggregator.outcome import Observation, ParsedFeed
from store.events import Event, FeedBaselined, FeedGap, FeedId, FeedRepaired, ItemId

TRIED_FOR = timedelta(hours=24)
"""How long a repair that fails is tried again, at the polls that come."""

_FINAL = frozenset({"http_400", "http_404", "http_410", "bad_url", "bad_scheme", "ssrf_blocked"})
"""Failures that another try would not mend: there is no such page, or no such address."""


@dataclass(frozen=True, slots=True)
class OlderReading:
    """What one older page adds. `events` end with `FeedRepaired` where the repair is over. `keep` False: the page lists
    what was erased, so it must not be kept.
    """

    events: tuple[Event, ...]
    memory: FeedMemory
    texts: tuple[tuple[ItemId, str], ...] = ()
    keep: bool = True


def after_poll(
    profile: FeedProfile,
    before: FeedMemory,
    after: FeedMemory,
    events: Sequence[Event],
    document: ParsedFeed | None,
    url: str,
    at: datetime,
) -> FeedMemory:
    """The memory `after` a poll, with a repair begun if its `events` tell of a gap. `document` came from `url`. A gap
    behind an open one makes it larger: the pages are asked from the first again.
    """
    if any(isinstance(event, FeedBaselined) for event in events):
        return replace(after, repair=None)
    gap = next((event for event in events if isinstance(event, FeedGap)), None)
    page = first_page(url, document) if gap and document else None
    if gap is None or page is None or before.url != profile.url:
        return after
    if before.repair:
        return replace(after, repair=replace(before.repair, page=page))
    rolled = rolling(before.window)
    floor = min(
        (entry.date for entry in before.window if entry.item in rolled and entry.date is not None), default=None
    )
    return replace(after, repair=Repair(gap.since, at, page, floor))


def look_at(profile: FeedProfile, memory: FeedMemory, observation: Observation) -> Look:
    """An older page, ready to be matched with what is known."""
    document, at = observation.document, observation.at
    look = Look(profile, memory, at, memory.repair.since if memory.repair else at, observation.capture)
    if document is None:
        return look
    observed = normalise(document, profile, policy_for(document, profile, memory.identity))
    return replace(look, parser=document.parser, observed=observed, dates=tuple(claimed_dates(observed)))


def read(plan: Plan, loaded: Loaded, repair: Repair, document: ParsedFeed) -> OlderReading:
    """What the page adds to what is known. Nothing but new statements: what is known is compared where it is listed."""
    number = repair.page.number
    rows = _newest_first(plan)
    if reissue.is_reissue(len(rows), sum(match.familiar or bool(match.rekeyed) for match, _ in rows)):
        return _ended(plan, repair, complete=False, reason=f"page {number} lists known statements under new names")
    met = _meeting(plan, rows, repair)
    above = rows if order_of(plan.look.dates) == "mixed" else rows[:met]
    missed = [(match, date) for match, date in above if match.known is None and _may_be_missed(date, repair)]
    published = tuple(
        first_sight(plan, loaded, match, backdated=_is_before(date, repair), mark="recovered-late")
        for match, date in reversed(missed)
    )
    repair = replace(repair, pages=repair.pages + 1, recovered=repair.recovered + len(published))
    texts = tuple(pair for match, _ in missed for pair in texts_of(match.seen, match.seen.id))
    following = page_after(repair.page, document)
    if met is not None:
        done = _ended(plan, repair, complete=True, reason=f"page {number} lists what was known before")
    elif not published:
        past = any(match.known is None for match, _ in rows)
        what = "is older than what was listed before" if past else "brings nothing new"
        done = _ended(plan, repair, complete=False, reason=f"page {number} {what}")
    elif following is None:
        done = _ended(plan, repair, complete=False, reason=f"page {number} names no older one")
    elif number > MOST_PAGES:
        done = _ended(plan, repair, complete=False, reason=f"{MOST_PAGES} older pages did not reach back to it")
    else:
        done = OlderReading((), replace(plan.look.memory, repair=replace(repair, page=following)))
    return replace(done, events=(*published, *done.events), texts=texts, keep=not plan.lists_erased)


def gives_up(repair: Repair, reason: str, at: datetime) -> bool:
    """Whether a page that could not be had for this `reason` ends the repair; else it is tried again."""
    return reason in _FINAL or at - repair.begun >= TRIED_FOR


def given_up(feed: FeedId, memory: FeedMemory, repair: Repair, reason: str) -> OlderReading:
    """The end of a repair whose next page cannot be had."""
    said = f"page {repair.page.number}: {reason}"
    return OlderReading((_repaired(feed, repair, complete=False, reason=said),), replace(memory, repair=None))


# --- parts ------------------------------------------------------------------------------------------------------------

Row = tuple[Match, int | None]


def _newest_first(plan: Plan) -> list[Row]:
    rows = list(zip(plan.matches, plan.look.dates, strict=True))
    undated = not any(date is not None for _, date in rows)
    rising = plan.look.memory.grows == "end" if undated else order_of(plan.look.dates) == "rising"
    return rows[::-1] if rising else rows


def _meeting(plan: Plan, rows: Sequence[Row], repair: Repair) -> int | None:
    """Where the page meets what was known before the gap, None if it does not. What is still listed on the first page
    is pinned there, and one known entry whose dates have moved was put back up: neither is where we left off.
    """
    listed = {entry.item for entry in plan.look.memory.window}
    known = [
        (place, match)
        for place, (match, _) in enumerate(rows)
        if match.known and match.known.id not in listed and match.known.first_seen_at < repair.begun
    ]
    unmoved = [place for place, match in known if not _moved(match)]
    if unmoved:
        return unmoved[0]
    return known[0][0] if len(known) > 1 else None


def _moved(match: Match) -> bool:
    known = match.known
    return known is not None and (known.content.published, known.content.updated) != (
        match.seen.published,
        match.seen.updated,
    )


def _may_be_missed(date: int | None, repair: Repair) -> bool:
    """What claims to be older than all that was listed before the gap was not missed by it."""
    return date is None or repair.floor is None or date >= repair.floor


def _is_before(date: int | None, repair: Repair) -> bool:
    """It claims a time before our last look ahead of the gap."""
    return date is not None and date < repair.since.timestamp()


def _ended(plan: Plan, repair: Repair, *, complete: bool, reason: str) -> OlderReading:
    done = _repaired(plan.look.profile.id, repair, complete=complete, reason=reason)
    return OlderReading((done,), replace(plan.look.memory, repair=None))


def _repaired(feed: FeedId, repair: Repair, *, complete: bool, reason: str) -> FeedRepaired:
    return FeedRepaired(feed, repair.since, repair.pages, repair.recovered, complete, reason)

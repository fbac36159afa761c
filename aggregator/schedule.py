"""When to look at a feed next, and what is due. Pure: times come in, times go out; the daemon keeps the clock.

Cadence comes from APScheduler triggers: an interval with a phase of its own for each feed (from a hash of its id), so
that many feeds spread evenly, drift nowhere and keep their places over restarts; or a cron expression, read by cronsim
(0 and 7 are Sunday, as everywhere but in APScheduler). Failures back off, and the server's Retry-After is obeyed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger
from cronsim import CronSim

from aggregator.deciding.normalise import FeedProfile
from store.events import FeedId
from store.ports import PollState

UNREACHABLE_MOST = timedelta(minutes=30)
REFUSED_MOST = timedelta(hours=24)
REFUSALS = frozenset({"http_401", "http_403", "http_404", "http_410", "http_451"})
RETRY_AFTER_MOST = timedelta(hours=24)
JITTER_MOST = 0.25
FULL_FETCH_EVERY = timedelta(hours=12)
FIRST_POLLS_A_SECOND = 50
LATE = timedelta(minutes=1)
_ORIGIN = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PollResult:
    """What a poll means for the next one. `reason` "" = a good one. `jitter`: random, from 0 to 1, to part retries."""

    reason: str = ""
    retry_after: timedelta | None = None
    jitter: float = 0.0


class CronTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler 3 ships no types
    """A cron expression with cron's own meaning, in a time zone."""

    def __init__(self, expression: str, timezone: str) -> None:
        self._expression = expression
        self._zone = ZoneInfo(timezone or "UTC")

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The first time after `now`; None if the expression never comes true again."""
        del previous_fire_time
        found: datetime | None = next(CronSim(self._expression, now.astimezone(self._zone)), None)
        return found.astimezone(UTC) if found else None


def next_time(
    profile: FeedProfile, state: PollState, result: PollResult, now: datetime, *, network_lost: bool = False
) -> datetime:
    """When to poll again after a poll that ended now. `state`: as after it. While our network is lost nothing backs
    off.
    """
    earliest = now + min(result.retry_after or timedelta(0), RETRY_AFTER_MOST)
    delay = backoff(profile.every, state.failures, result.reason)
    if result.reason and delay > profile.every and not network_lost:
        wait = delay * (1 + JITTER_MOST * result.jitter)
        if not profile.cron:
            return max(now + wait, earliest)
        earliest = max(earliest, now + wait - profile.every)
    return _cadence(profile, now, max(earliest, now))


def first_time(profile: FeedProfile, now: datetime, feeds: int) -> datetime:
    """When to poll a feed that was never polled: at once, but many are spread over the first seconds."""
    return now + timedelta(seconds=_fraction(profile.id) * feeds / FIRST_POLLS_A_SECOND)


def due_times(
    profiles: Mapping[FeedId, FeedProfile], states: Mapping[FeedId, PollState], now: datetime
) -> dict[FeedId, datetime]:
    """When each feed is due, at a start. What fell due meanwhile is due at once, spread like new feeds; what was due
    later stays so, unless its settings now ask for an earlier time.
    """
    times = {}
    for feed, profile in profiles.items():
        state = states.get(feed)
        planned = state.next_at if state else None
        if planned is None or planned <= now:
            times[feed] = first_time(profile, now, len(profiles))
        elif state is not None and not state.failures:
            times[feed] = min(planned, _cadence(profile, now, now))
        else:
            times[feed] = planned
    return times


def went_by(profile: FeedProfile, last_good_at: datetime, at: datetime) -> bool:
    """Whether a regular time passed between two good polls in which the feed was not seen. A minute late is on time."""
    if not profile.cron:
        return at - last_good_at > 2 * profile.every + LATE
    trigger = CronTrigger(profile.cron, profile.timezone)
    following = trigger.get_next_fire_time(None, last_good_at)
    second = trigger.get_next_fire_time(None, following) if following else None
    return second is not None and at > second + LATE


def backoff(every: timedelta, failures: int, reason: str) -> timedelta:
    """The distance to the next poll after so many failures in a row: doubles from `every`, never below it."""
    most = REFUSED_MOST if reason in REFUSALS else UNREACHABLE_MOST
    doubled: timedelta = every * 2 ** min(max(failures - 1, 0), 20)
    return max(every, min(doubled, most))


def full_fetch_due(state: PollState, now: datetime) -> bool:
    """Ask without validators: some servers' never change. Every 12 h."""
    return state.full_fetch_at is None or now - state.full_fetch_at >= FULL_FETCH_EVERY


def _cadence(profile: FeedProfile, now: datetime, earliest: datetime) -> datetime:
    """The feed's next regular time: not before `earliest`, and not sooner than half an `every` from now."""
    if profile.cron:
        found = CronTrigger(profile.cron, profile.timezone).get_next_fire_time(None, earliest)
        return found or now + REFUSED_MOST
    start = _ORIGIN + profile.every * _fraction(profile.id)
    trigger: Any = IntervalTrigger(seconds=profile.every.total_seconds(), start_date=start, timezone=UTC)
    found = trigger.get_next_fire_time(None, max(earliest, now + profile.every / 2))
    return found or now + profile.every


def _fraction(feed: FeedId) -> float:
    """A number from 0 to 1 that belongs to the feed."""
    return int.from_bytes(sha256(feed.encode()).digest()[:6], "big") / 2**48

"""How a source is doing: outcomes of polls become health states, and events when they change. Pure.

In comes the stored poll state and what happened, out come the new state and at most a few events, each said once:
degraded after 3 failed polls and 2 x `every`, recovered after 2 good ones, gone (410), quiet, moved (a permanent
redirect agreed for 7 days), and network lost, when it is not the sources but us.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.deciding.memory import FeedMemory, Move
from aggregator.deciding.normalise import FeedProfile
from aggregator.outcome import Redirect
from store.events import FeedDegraded, FeedGone, FeedMoved, FeedQuiet, FeedRecovered, NetworkLost, NetworkRestored
from store.ports import PollState

FAILURES = 3
GOODS = 2
MOVE_AFTER = timedelta(days=7)
MOVE_GIVEN_UP_AFTER = 3
NETWORK_REASONS = frozenset({"dns", "connect", "timeout", "reset"})
NETWORK_HOSTS = 4
NETWORK_WINDOW = timedelta(minutes=5)

GONE = "http_410"


@dataclass(frozen=True, slots=True)
class Health:
    """The poll state after an outcome, and what is to be said about it."""

    state: PollState
    events: tuple[FeedDegraded | FeedRecovered | FeedQuiet | FeedGone, ...] = ()


def after_failure(
    profile: FeedProfile, state: PollState, reason: str, at: datetime, *, network_lost: bool = False
) -> Health:
    """A failed poll: no answer, no feed, or a document that the gate refused. While our own network is lost, a source
    that cannot be reached has not failed, and none is called degraded.
    """
    if network_lost and reason in NETWORK_REASONS:
        return Health(replace(state, last_polled_at=at))
    since = state.failing_since or at
    failing = replace(
        state, last_polled_at=at, failing_since=since, failures=state.failures + 1, goods=0, reason=reason
    )
    if reason == GONE:
        event = FeedGone(profile.id, since, "the server says that it is gone for good (410)")
        return Health(replace(failing, health="gone"), () if state.health == "gone" else (event,))
    if state.health in ("degraded", "gone"):
        return Health(failing)
    if failing.failures >= FAILURES and at - since >= 2 * profile.every and not network_lost:
        degraded = FeedDegraded(profile.id, since, reason, failing.failures)
        return Health(replace(failing, health="degraded"), (degraded,))
    return Health(replace(failing, health="failing"))


def pardoned(state: PollState, lost_since: datetime) -> PollState:
    """The state without failures that were our own network's: it could not be reached, and never before that time."""
    ours = state.health == "failing" and state.reason in NETWORK_REASONS
    if not ours or state.failing_since is None or state.failing_since < lost_since:
        return state
    return replace(state, health="ok", failing_since=None, failures=0, reason="")


def after_good(profile: FeedProfile, state: PollState, at: datetime, *, new: bool) -> Health:
    """A good poll: a document that passed the gate, or a 304. `new`: it brought a new statement, or the baseline."""
    last_new_at = at if new else state.last_new_at or at
    good = replace(
        state, last_polled_at=at, last_good_at=at, last_new_at=last_new_at, failures=0, goods=state.goods + 1
    )
    if state.health in ("degraded", "gone"):
        if good.goods < GOODS:
            return Health(good)
        recovered = FeedRecovered(profile.id, state.failing_since or at, state.reason)
        return Health(replace(good, health="ok", failing_since=None, reason=""), (recovered,))
    silent = profile.quiet_after is not None and at - last_new_at > profile.quiet_after
    well = replace(good, health="quiet" if silent else "ok", failing_since=None, reason="")
    if silent and state.health != "quiet":
        return Health(well, (FeedQuiet(profile.id, last_new_at, f"nothing new for {at - last_new_at}"),))
    return Health(well)


# --- permanent redirects ----------------------------------------------------------------------------------------------


def address(profile: FeedProfile, memory: FeedMemory) -> str:
    """Where to look for the feed now: the configured URL, or the one that it has moved to."""
    move = memory.move
    return move.url if move and move.adopted and move.origin == profile.url else profile.url


def after_redirects(
    profile: FeedProfile, memory: FeedMemory, redirects: Sequence[Redirect], at: datetime
) -> tuple[FeedMemory, FeedMoved | None]:
    """Take the redirects of a good poll into account. A move counts if every hop said 301 or 308, to the same place, in
    every good poll of seven days. An adopted move stays until `after_failures` gives it up.
    """
    move = memory.move if memory.move and memory.move.origin == profile.url else None
    if move and move.adopted:
        return memory, None
    if not is_permanent(redirects) or redirects[-1].url == profile.url:
        return replace(memory, move=None), None
    target = redirects[-1].url
    if move is None or move.url != target:
        return replace(memory, move=Move(profile.url, target, at)), None
    if at - move.since < MOVE_AFTER:
        return memory, None
    moved = FeedMoved(profile.id, move.since, "permanent redirect, the same for 7 days", target)
    return replace(memory, move=replace(move, adopted=True)), moved


def is_permanent(redirects: Sequence[Redirect]) -> bool:
    """Whether they may begin a move; others say nothing, unless a move is under observation already."""
    return bool(redirects) and all(hop.status in (301, 308) for hop in redirects)


def after_failures(memory: FeedMemory, state: PollState) -> FeedMemory:
    """Go back to the configured URL when the adopted one has failed three times in a row."""
    if memory.move and memory.move.adopted and state.failures >= MOVE_GIVEN_UP_AFTER:
        return replace(memory, move=None)
    return memory


# --- our own network --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HostOutcome:
    """The latest outcome of one host. `reason`: why it failed, "" = it answered, with whatever status."""

    host: str
    at: datetime
    reason: str


def network_change(
    outcomes: Sequence[HostOutcome], lost_since: datetime | None, now: datetime
) -> NetworkLost | NetworkRestored | None:
    """What the latest outcome of each host says about our own network: an event when that changes, else None.

    Lost: of at least 4 hosts asked within 5 minutes, over half could not be reached at all.
    """
    recent = [outcome for outcome in outcomes if now - outcome.at <= NETWORK_WINDOW]
    failing = sum(outcome.reason in NETWORK_REASONS for outcome in recent)
    if lost_since is None:
        if len(recent) >= NETWORK_HOSTS and failing * 2 > len(recent):
            first = min(outcome.at for outcome in recent if outcome.reason in NETWORK_REASONS)
            return NetworkLost(first, "most hosts cannot be reached", failing, len(recent))
        return None
    if recent and failing * 2 <= len(recent):
        return NetworkRestored(lost_since, "most hosts answer again")
    return None

"""How a source is doing: outcomes of polls become health states, and events when they change. Pure.

In comes the stored poll state and what happened, out comes a `Turn`: the new state, and events that are each said once:
degraded after 3 failed polls and 2 x `every`, recovered after 2 good ones, gone (410), quiet, and moved (a permanent
redirect agreed for 7 days). Where our own network failed, see `aggregator.network`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.memory import Move
from aggregator.normalise import FeedProfile
from aggregator.outcome import Redirect
from store.events import FeedDegraded, FeedGone, FeedMoved, FeedQuiet, FeedRecovered
from store.ports import PollState

FAILURES = 3
GOODS = 2
MOVE_AFTER = timedelta(days=7)
MOVE_GIVEN_UP_AFTER = 3
GONE = "http_410"


@dataclass(frozen=True, slots=True)
class Turn:
    """The poll state after an outcome, and what is to be said about it. `next_at` is for the schedule to set."""

    state: PollState
    events: tuple[FeedDegraded | FeedRecovered | FeedQuiet | FeedGone, ...] = ()


def good(profile: FeedProfile, state: PollState, at: datetime, *, new: int) -> Turn:
    """A good poll: a document that passed the gate, or a 304. `new`: how many new statements it brought."""
    last_new_at = at if new else state.last_new_at or at
    after = replace(
        state, last_polled_at=at, last_good_at=at, last_new_at=last_new_at, failures=0, goods=state.goods + 1
    )
    if state.health in ("degraded", "gone"):
        if after.goods < GOODS:
            return Turn(after)
        recovered = FeedRecovered(profile.id, state.failing_since or at, state.reason)
        return Turn(replace(after, health="ok", failing_since=None, reason=""), (recovered,))
    silent = profile.quiet_after is not None and at - last_new_at > profile.quiet_after
    after = replace(after, health="quiet" if silent else "ok", failing_since=None, reason="")
    if silent and state.health != "quiet":
        return Turn(after, (FeedQuiet(profile.id, last_new_at, f"nothing new for {at - last_new_at}"),))
    return Turn(after)


def failed(profile: FeedProfile, state: PollState, reason: str, at: datetime) -> Turn:
    """A failed poll: no answer, no feed, or a document that the gate refused."""
    after = _after_failure(state, reason, at)
    since = after.failing_since or at
    if reason == GONE:
        gone = FeedGone(profile.id, since, "the server says that it is gone for good (410)")
        return Turn(replace(after, health="gone"), () if state.health == "gone" else (gone,))
    if state.health in ("degraded", "gone"):
        return Turn(after)
    if after.failures >= FAILURES and at - since >= 2 * profile.every:
        degraded = FeedDegraded(profile.id, since, reason, after.failures)
        return Turn(replace(after, health="degraded"), (degraded,))
    return Turn(replace(after, health="failing"))


def unreached(state: PollState, reason: str, at: datetime) -> Turn:
    """A poll that failed while our own network is lost: we were blind, and the source is not to blame."""
    after = _after_failure(state, reason, at)
    return Turn(after if state.health in ("degraded", "gone") else replace(after, health="failing"))


def _after_failure(state: PollState, reason: str, at: datetime) -> PollState:
    return replace(
        state,
        last_polled_at=at,
        failing_since=state.failing_since or at,
        failures=state.failures + 1,
        goods=0,
        reason=reason,
    )


# --- permanent redirects ----------------------------------------------------------------------------------------------


def address(profile: FeedProfile, move: Move | None) -> str:
    """Where to look for the feed now: the configured URL, or the one that it has moved to."""
    return move.url if move and move.adopted and move.origin == profile.url else profile.url


def moved(
    profile: FeedProfile, move: Move | None, redirects: Sequence[Redirect], at: datetime
) -> tuple[Move | None, tuple[FeedMoved, ...]]:
    """What the redirects of a good poll say. A move counts if every hop said 301 or 308, to the same place, in every
    good poll of seven days; nothing else changes an address, http to https neither. An adopted move stays until it is
    `abandoned`, or the operator writes another URL.
    """
    move = move if move and move.origin == profile.url else None
    if move and move.adopted:
        return move, ()
    permanent = bool(redirects) and all(hop.status in (301, 308) for hop in redirects)
    if not permanent or redirects[-1].url == profile.url:
        return None, ()
    target = redirects[-1].url
    if move is None or move.url != target:
        return Move(profile.url, target, at), ()
    if at - move.since < MOVE_AFTER:
        return move, ()
    said = FeedMoved(profile.id, move.since, "permanent redirect, the same for 7 days", target)
    return replace(move, adopted=True), (said,)


def abandoned(move: Move | None, failures: int) -> Move | None:
    """The move after so many failures in a row: at the third the configured URL is asked again."""
    return None if move and move.adopted and failures >= MOVE_GIVEN_UP_AFTER else move

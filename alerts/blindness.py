"""When a source could not be seen: whether an alert came after a blind spell, and since when we were blind.

A blind spell is what the log says: from `feed.degraded` or `feed.gone` to `feed.recovered`, from `network.lost` to
`network.restored`, and what `feed.unwatched` says went by (we were not running). It touches an event of a feed if

- it is still open there (a feed counts as recovered only after two good polls, so what the first of them shows comes
  within the spell), or
- it ended in the very document that brought the event, or
- it was the network's, ended at most an hour before, and this is the first document since that brought the feed news.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.judge import TELLING_KINDS
from store import walk
from store.events import (
    FeedDegraded,
    FeedGone,
    FeedId,
    FeedRecovered,
    FeedUnwatched,
    NetworkLost,
    NetworkRestored,
    Position,
    Recorded,
    feed_stream,
)
from store.ports import Transaction

AFTERMATH = timedelta(hours=1)
_KINDS = tuple(
    kind.KIND for kind in (FeedDegraded, FeedGone, FeedRecovered, FeedUnwatched, NetworkLost, NetworkRestored)
)
_KEPT = 200
_NETWORK = ""
"""The subject of what concerns all feeds."""


@dataclass(slots=True)
class _Turns:
    """The latest turns (lost sight, saw again) of one feed, or of our network, as far as the log was read."""

    read_to: Position
    turns: list[Recorded] = field(default_factory=list)


class Blindness:
    """Remembers the turns of each feed it was asked about; forget it when the transaction is rolled back.

    They are read by subject, not by stream: a feed's stream holds the lives of all its items.
    """

    def __init__(self) -> None:
        self._known: dict[str, _Turns] = {}
        self._current: set[str] = set()

    def begin(self) -> None:
        """A new transaction has begun: the log may have grown since the last one, and will not before the next."""
        self._current.clear()

    def since(self, tx: Transaction, cause: Recorded, feed: FeedId) -> datetime | None:
        """Since when the source could not be seen before this event, None if it could. Ask in the order of the log."""
        starts = []
        for subject in (feed, _NETWORK):
            turns = [turn for turn in self._turns(tx, subject) if turn.position < cause.position]
            if turns and (start := _touching(tx, turns[-1], cause, feed)) is not None:
                starts.append(start)
        return min(starts, default=None)

    def _turns(self, tx: Transaction, subject: str) -> Sequence[Recorded]:
        known = self._known.setdefault(subject, _Turns(Position(0)))
        if subject in self._current:
            return known.turns
        self._current.add(subject)
        for page in walk.pages(tx.log, known.read_to, subject=subject, kinds=_KINDS):
            known.turns = [*known.turns, *page][-_KEPT:]
            known.read_to = page[-1].position
        return known.turns


def _touching(tx: Transaction, turn: Recorded, cause: Recorded, feed: FeedId) -> datetime | None:
    """The start of the blind spell that this latest turn began or ended, if it touches the event."""
    match turn.event:
        case FeedDegraded(since=since) | FeedGone(since=since) | NetworkLost(since=since):
            return since
        case FeedRecovered(since=since) | FeedUnwatched(since=since):
            return since if turn.recorded_at == cause.recorded_at else None
        case NetworkRestored(since=since):
            if cause.recorded_at - turn.recorded_at > AFTERMATH:
                return None
            first = tx.log.read(turn.position, 1, stream=feed_stream(feed), kinds=TELLING_KINDS)
            return since if not first or first[0].recorded_at == cause.recorded_at else None
    return None

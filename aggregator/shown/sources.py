"""How the sources stand: what `status` and `feeds` tell, from the settings and one snapshot. No printing."""

from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.settings import public_url
from aggregator.shown.form import ago, minute, stamp
from aggregator.shown.telling import reason_in_words, repair
from config.model import FeedSettings, Settings
from store import walk
from store.events import (
    DAEMON_STREAM,
    FeedDegraded,
    FeedGap,
    FeedGone,
    FeedId,
    FeedRecovered,
    FeedRepaired,
    FeedUnwatched,
    NetworkLost,
    NetworkRestored,
    Recorded,
    feed_stream,
)
from store.ports import PollState, Views


@dataclass(frozen=True, slots=True)
class Source:
    """One feed of the settings with what polling remembers of it; `known` None: never polled."""

    feed: FeedSettings
    known: PollState | None

    @property
    def state(self) -> str:
        """`new`, `off`, or the health of its polls."""
        return "off" if not self.feed.enabled else self.known.health if self.known else "new"

    @property
    def state_in_words(self) -> str:
        """The state for people: who was asked and never answered is not called ok, even where it is not to blame."""
        return "not yet seen" if self.unanswered else self.state

    @property
    def failing(self) -> bool:
        """It is watched and cannot be seen."""
        return self.feed.enabled and self.known is not None and self.known.failing_since is not None

    @property
    def unanswered(self) -> bool:
        """It was asked, never gave a document, and is not to blame: our own network was lost meanwhile."""
        return self.state == "ok" and self.known is not None and self.known.last_good_at is None

    def as_row(self) -> dict[str, object]:
        """The feed as CONTRACT 4 shows it."""
        known, watched = self.known, self.feed.enabled
        return {
            "id": self.feed.id,
            "url": public_url(self.feed.url),
            "state": self.state,
            "last_good_at": stamp(known.last_good_at) if known else None,
            "next_at": stamp(known.next_at) if known and watched else None,
            "failing_since": stamp(known.failing_since) if known else None,
            "reason": (known.reason or None) if known else None,
        }

    def as_cells(self, now: datetime) -> tuple[str, str, str, str, str]:
        """The feed for `COLUMNS`."""
        if not self.feed.enabled:
            return (self.feed.id, "off", "-", "-", "")
        if self.known is None:
            return (self.feed.id, "new", "never", "at start", "")
        upcoming = self.known.next_at
        due = "due" if upcoming is None or upcoming <= now else ago(upcoming, now)
        return (self.feed.id, self.state_in_words, ago(self.known.last_good_at, now), due, self.trouble)

    @property
    def trouble(self) -> str:
        """Since when and why it cannot be seen, "" while it can."""
        if self.known is None or self.known.failing_since is None:
            return ""
        return f"since {minute(self.known.failing_since)}: {reason_in_words(self.known.reason)}"


COLUMNS = ("feed", "state", "last good", "next", "trouble (UTC)")


def sources_of(settings: Settings, views: Views | None) -> list[Source]:
    """Every feed of the settings, in their order; without a store (None) all of them were never polled."""
    states = views.tx.polls.all() if views else {}
    return [Source(feed, states.get(FeedId(feed.id))) for feed in settings.feeds.values()]


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which we could not see the source, or in which it went past us; `until` None while it lasts."""

    since: datetime
    until: datetime | None
    reason: str

    def as_row(self) -> dict[str, object]:
        """The spell for JSON."""
        return {"since": stamp(self.since), "until": stamp(self.until), "reason": self.reason}


_KINDS = (
    "feed.degraded/1", "feed.gone/1", "feed.recovered/1", "feed.unwatched/1", "feed.gap/1", "feed.repaired/1",
    "network.lost/1", "network.restored/1",
)  # fmt: skip


def spells_of(views: Views, feed: FeedId) -> list[Spell]:
    """The feed's blind spells, oldest first, as the log tells them; those of our own network are every feed's."""
    spells: list[Spell] = []
    open_at: dict[bool, int] = {}
    gaps: list[int] = []
    for recorded in _health(views, feed):
        match recorded.event:
            case FeedDegraded(since=since, reason=reason) | FeedGone(since=since, reason=reason):
                if False not in open_at:
                    open_at[False] = len(spells)
                    spells.append(Spell(since, None, reason_in_words(reason)))
            case NetworkLost(since=since):
                open_at[True] = len(spells)
                spells.append(Spell(since, None, "our own network was lost"))
            case FeedUnwatched(since=since):
                spells.append(Spell(since, recorded.recorded_at, "it was not looked at"))
            case FeedGap(since=since):
                gaps.append(len(spells))
                spells.append(Spell(since, recorded.recorded_at, "its whole list was replaced between two looks"))
            case FeedRepaired() as repaired:
                for gap in gaps:
                    spells[gap] = replace(spells[gap], reason=f"{spells[gap].reason}; {repair(repaired)}")
                gaps.clear()
            case FeedRecovered() | NetworkRestored() as back:
                number = open_at.pop(isinstance(back, NetworkRestored), None)
                if number is not None:
                    spells[number] = Spell(spells[number].since, recorded.recorded_at, spells[number].reason)
            case _:
                pass
    return spells


def _health(views: Views, feed: FeedId) -> list[Recorded]:
    """The events that open and close blind spells, this feed's and our network's, in order."""
    streams = (feed_stream(feed), DAEMON_STREAM)
    found = [each for stream in streams for each in walk.events(views.tx.log, stream=stream, kinds=_KINDS)]
    return sorted(found, key=lambda each: each.position)

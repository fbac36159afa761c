"""What one look at a feed tells somebody who thinks of watching it: how much, how new, how often to ask. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.outcome import Fetched, ParsedFeed

ASKED_PER_WINDOW = 100
"""A feed is asked about so often while its list turns over once: what is published is seen soon, and none is missed."""
CADENCES = tuple(timedelta(minutes=minutes) for minutes in (30, 15, 10, 5))
ASLEEP = timedelta(days=365)
_AHEAD = timedelta(days=1)
_COMMENTS = ("comment", "commentaire", "kommentar", "comentario")


@dataclass(frozen=True, slots=True)
class Seen:
    """One feed as it was seen at `at`. `window`: how much time its list spans, None where fewer than two entries are
    dated; `keys` are what its entries are known by, to tell two forms of one feed.
    """

    url: str
    at: datetime
    format: str
    title: str
    language: str
    entries: int
    newest: datetime | None
    window: timedelta | None
    validators: tuple[str, ...]
    problem: str
    keys: frozenset[str]

    @property
    def every(self) -> timedelta | None:
        """The cadence to begin with; None where the dates tell nothing."""
        if not self.window:
            return None
        wanted = self.window / ASKED_PER_WINDOW
        return next((cadence for cadence in CADENCES if cadence <= wanted), CADENCES[-1])

    @property
    def asleep(self) -> bool:
        """Nothing new for a year."""
        return self.newest is not None and self.at - self.newest > ASLEEP

    @property
    def about_comments(self) -> bool:
        """It lists what readers say of the articles, by its name or address."""
        name = f"{self.title} {self.url}".casefold()
        return any(word in name for word in _COMMENTS)

    def same_as(self, other: "Seen") -> bool:
        """The two list mostly the same entries: one feed in two forms, or a part of one."""
        shared = len(self.keys & other.keys)
        return shared > 0 and shared * 2 >= min(len(self.keys), len(other.keys))


def seen_in(url: str, fetched: Fetched, feed: ParsedFeed, at: datetime) -> Seen:
    """What a document says of its feed. `url` is the address to write into settings."""
    claimed = [entry.published_at or entry.updated_at for entry in feed.entries]
    dates = sorted(date for date in claimed if date is not None and date <= at + _AHEAD)
    pairs = (("ETag", fetched.etag), ("Last-Modified", fetched.last_modified))
    return Seen(
        url=url,
        at=at,
        format=feed.format,
        title=feed.title,
        language=feed.language or _shared_language(feed),
        entries=len(feed.entries),
        newest=dates[-1] if dates else None,
        window=dates[-1] - dates[0] if len(dates) > 1 else None,
        validators=tuple(name for name, value in pairs if value),
        problem="" if feed.well_formed else feed.problem,
        keys=frozenset(entry.link or entry.guid or entry.title for entry in feed.entries),
    )


def rank(seen: Seen) -> tuple[bool, bool, bool, bool]:
    """What to sort by, the best first: those that list something, about the matter itself, alive, sound."""
    return not seen.entries, seen.about_comments, seen.asleep, bool(seen.problem)


def _shared_language(feed: ParsedFeed) -> str:
    """The language that all entries name, if it is one."""
    named = {entry.language for entry in feed.entries}
    return named.pop() if len(named) == 1 else ""

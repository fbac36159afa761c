"""How the visits to pages stand: what `feeds ID`, `history`, `why` and `status` tell of them. No printing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.shown.form import ago, counted, stamp, when
from aggregator.shown.telling import reason_in_words
from config.model import FeedSettings
from config.values import spelled
from store.events import FeedId, ItemId
from store.ports import Views, Visit

SETTINGS = {
    "none": "not read",
    "fulltext": "read once an item is published",
    "matched": "read for thirty days once an item alerted somebody",
}
ENDED = ("off", "erased")
"""Reasons that are nobody's failure."""
_MEANINGS = {
    "missing": "its page is not found",
    "gone": "its page is gone",
    "unreachable": "its page cannot be asked",
    "doubtful": "another text stands there; it is looked at again before that counts",
    "block-page": "the same text stands at other addresses: a page against robots, or an error page",
    "not_html": "no web page (a PDF, say) stands there",
    "too_large": "what stands there is larger than is read",
    "challenge": "a page against robots came instead",
    "error_page": "a page about an error came instead",
    "empty": "there is no text on its page",
    "too_short": "there is hardly any text on its page",
    "shared": "several items link to it, so it is none's own",
    "home-page": "its link leads to the home page of a site",
    "no-link": "it has no link",
    "no-web-address": "its link leads to nothing on the web",
    "ssrf_blocked": "it lies in a private network, or redirects into one (see allow_networks)",
    "off": "the settings no longer ask for it",
    "erased": "what it said was erased",
}


def unread_in_words(reason: str) -> str:
    """A named reason why a page is not read, with its meaning."""
    return f"{reason}: {_MEANINGS[reason]}" if reason in _MEANINGS else reason_in_words(reason)


@dataclass(frozen=True, slots=True)
class FeedPages:
    """The pages behind the items of one feed."""

    feed: FeedSettings
    visits: Sequence[Visit]

    @property
    def read(self) -> int:
        """How many pages gave a text at some time."""
        return sum(bool(visit.body) for visit in self.visits)

    @property
    def next_at(self) -> datetime | None:
        """When one of them is looked at next."""
        return min((visit.next_at for visit in self.visits if visit.next_at), default=None)

    @property
    def unread(self) -> Counter[str]:
        """How many could not be read at the last look, by reason."""
        found: Counter[str] = Counter()
        for (reason, _), count in self._failing.items():
            found[reason] += count
        return found

    @property
    def _failing(self) -> Counter[tuple[str, bool]]:
        """As `unread`, and whether they gave a text before."""
        visits = (visit for visit in self.visits if visit.reason and visit.reason not in ENDED)
        return Counter((visit.reason, bool(visit.body)) for visit in visits)

    def as_row(self) -> dict[str, object]:
        """The pages for JSON."""
        return {
            "setting": self.feed.page,
            "revisit": [spelled(span) for span in self.feed.revisit],
            "known": len(self.visits),
            "read": self.read,
            "next_at": stamp(self.next_at),
            "unread": dict(self.unread),
        }

    def lines(self, now: datetime) -> list[str]:
        """The pages for people; nothing where none is read, and none was."""
        if self.feed.page == "none" and not self.visits:
            return []
        told = [SETTINGS[self.feed.page]]
        if self.visits:
            upcoming = f", the next look {ago(max(self.next_at, now), now)}" if self.next_at else ""
            told.append(f"{self.read} of {counted(len(self.visits), 'page')} read so far{upcoming}")
        told += [
            f"{count} {_unread(before)}: {unread_in_words(reason)}"
            for (reason, before), count in self._failing.most_common()
        ]
        return told


def _unread(before: bool) -> str:
    """How a page fails that gave a text before, or never did."""
    return "read before, but not at the last look" if before else "not read"


def pages_of(views: Views, feed: FeedSettings) -> FeedPages:
    """The pages of a feed's items as they stand in this snapshot."""
    return FeedPages(feed, views.tx.visits.of(FeedId(feed.id)))


def page_lines(views: Views, item: ItemId, now: datetime) -> list[str]:
    """What the page behind one item answered last, and when it is looked at next; nothing if it never was planned."""
    visit = views.tx.visits.get([item]).get(item)
    return [] if visit is None else visit_lines(visit, now)


def visit_lines(visit: Visit, now: datetime) -> list[str]:
    """One visit for people."""
    if visit.reason:
        tries = f", {counted(visit.failures, 'look')} in a row" if visit.failures > 1 else ""
        told = f"{_unread(bool(visit.body))}{tries}: {unread_in_words(visit.reason)}"
    elif visit.looked_at:
        told = "read" if visit.body else "answers"
    else:
        told = "not read yet"
    looked = f"last look {when(visit.looked_at)} UTC" if visit.looked_at else "never looked at"
    upcoming = "no further look"
    if visit.next_at:
        upcoming = "due now" if visit.next_at <= now else f"next look {when(visit.next_at)} UTC"
    return [told, f"{looked}, {upcoming}"]

"""What is known about one alert when it is raised: the value that `react` builds and `compose` renders. Pure data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alerts.tree import TextField
from store.events import (
    About,
    AlertHeld,
    AlertRaised,
    FeedId,
    HealthEvent,
    ItemId,
    ItemPublished,
    ItemRevised,
    ItemWithdrawn,
    NetworkLost,
    NetworkRestored,
    Recorded,
    RuleDefined,
)
from store.ports import Delivery, ItemRow

CATEGORY_SEPARATOR = ", "
"""Places in the field `category` count code points of the categories joined by this."""


@dataclass(frozen=True, slots=True)
class FeedCard:
    """A feed as messages name it; `url` without user name and password."""

    id: FeedId
    title: str
    url: str
    language: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Face:
    """One version of an item as people read it and rules judge it. Offsets of hits count code points of these texts.

    `text` is what its page says where that was read, and `lead` then is what the feed says; else `lead` is None and
    `text` the feed's. `observed_at` is when we first saw this version; `published_at` is what the source claims, UTC.
    """

    id: ItemId
    feed: FeedId
    version: int
    title: str
    text: str
    author: str
    categories: tuple[str, ...]
    link: str
    language: str
    published_at: datetime | None
    observed_at: datetime
    truncated: bool = False
    lead: str | None = None

    @property
    def fed(self) -> str:
        """What the feed says."""
        return self.text if self.lead is None else self.lead

    def text_of(self, field: TextField) -> str:
        """The text that the places of hits in this field count from."""
        match field:
            case "title":
                return self.title
            case "text":
                return self.text
            case "lead":
                return self.fed
            case "author":
                return self.author
            case "category":
                return CATEGORY_SEPARATOR.join(self.categories)
            case "link":
                return self.link


def face_of_row(row: ItemRow) -> Face:
    """The face of an item as a list shows it; the row must carry its text and metadata (`Views.items(texts=True)`). One
    that was erased has no words.
    """
    about = row.about or About("", (), row.link)
    title = "" if row.erased else row.title
    return Face(
        row.id, row.feed, row.version, title, row.text, about.author, about.categories, about.link, row.language,
        row.published_at, row.observed_at, lead=row.lead,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """Everything a message may say. `item` is the version judged now, `before` the one judged before it.

    `cause` is the event that the alert follows from; `change`/`withdrawal`/`health` are that event where it is of that
    kind. `blind_since` is set when the source could not be seen for a while before this. `checkpoint`: a signed one
    that covers the cause, "" where none does.
    """

    alert: AlertRaised | AlertHeld
    recorded_at: datetime
    rule: RuleDefined
    feed: FeedCard
    cause: Recorded
    item: Face | None = None
    before: Face | None = None
    change: ItemRevised | None = None
    withdrawal: ItemWithdrawn | None = None
    health: HealthEvent | NetworkLost | NetworkRestored | None = None
    blind_since: datetime | None = None
    checkpoint: str = ""

    @property
    def recovered_late(self) -> bool:
        """It tells of a statement that was missed when it was news, and found on an older page of its feed."""
        return isinstance(self.cause.event, ItemPublished) and self.cause.event.mark == "recovered-late"


class Composer(Protocol):
    """Renders an alert for every recipient of every channel that its rule notifies."""

    def deliveries(self, facts: AlertFacts) -> Sequence[Delivery]:
        """One pending delivery per channel and recipient, body rendered; a channel that the settings no longer have
        gives one delivery held as `channel-removed`."""
        ...

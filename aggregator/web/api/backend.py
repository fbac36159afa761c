"""What the API's answers are made of, and questions that several of them have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aggregator.web.refusal import Refused
from config.model import Settings
from config.values import shown
from store.events import FeedId, ItemId, feed_stream
from store.ports import Store, Views


@dataclass(frozen=True, slots=True)
class Backend:
    """`settings` gives those in force now; `now` is the time, `clock` counts seconds."""

    store: Store
    settings: Callable[[], Settings]
    now: Callable[[], datetime]
    clock: Callable[[], float]

    def knows_feed(self, views: Views, feed: str) -> None:
        """Raise `Refused` for a feed that neither the settings nor the log know: that is no empty answer."""
        if feed not in self.settings().feeds and not views.tx.log.version(feed_stream(FeedId(feed))):
            raise unknown("feed", feed, "/api/feeds lists them")


def knows_item(views: Views, item: str) -> None:
    """Raise `Refused` for an item that the log does not know."""
    if ItemId(item) not in views.tx.items.get([ItemId(item)]):
        raise unknown("item", item, "/api/items lists them")


def unknown(what: str, name: str, hint: str) -> Refused:
    """The refusal of a name that nothing has."""
    return Refused(404, f"no_such_{what}", f"there is no {what} {shown(name)}: {hint}")

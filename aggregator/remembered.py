"""What is remembered of a feed, as one transaction sees it."""

from aggregator.deciding.memory import FeedMemory, recall
from aggregator.deciding.normalise import FeedProfile
from store.events import FeedBaselined, FeedId, FeedRenamed, ItemId, Position
from store.ports import Transaction


def remembered(tx: Transaction, profile: FeedProfile) -> FeedMemory:
    """What is remembered of the feed; whether it was baselined is for the log alone to say."""
    return recall(tx.polls.memory(profile.id), _baseline(tx, profile.id))


def window_of(tx: Transaction, feed: FeedId) -> frozenset[ItemId]:
    """The items of the feed's last accepted document."""
    return frozenset(entry.item for entry in recall(tx.polls.memory(feed), _baseline(tx, feed)).window)


def _baseline(tx: Transaction, feed: FeedId) -> FeedBaselined | None:
    """The feed's baseline, under its former ids too: a feed that was renamed is no new feed."""
    for recorded in tx.log.read(Position(0), 2, subject=feed, kinds=[FeedBaselined.KIND, FeedRenamed.KIND]):
        match recorded.event:
            case FeedBaselined():
                return recorded.event
            case FeedRenamed(formerly=formerly) if found := _baseline(tx, formerly):
                return found
            case _:
                continue
    return None

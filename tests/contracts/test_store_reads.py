"""What a read costs does not grow with what else the log holds: counted in steps of the database, not in time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from aggregator.deciding.normalise import FeedProfile
from aggregator.remembered import remembered
from alerts.blindness import Blindness
from alerts.react import BATCH, CONCERNING_KINDS
from store.database import SqlStore
from store.events import FeedBaselined, FeedDegraded, FeedId, ItemPublished, Position, SettingsApplied, feed_stream
from store.ports import Transaction

Publish = Callable[..., ItemPublished]
FEED = FeedId("ministry")
READS: dict[str, Callable[[Transaction], object]] = {
    "reading on": lambda tx: tx.log.read(Position(0), BATCH, kinds=CONCERNING_KINDS),
    "looking for a rare kind": lambda tx: tx.log.read(Position(0), 10, kinds=[SettingsApplied.KIND]),
    "a feed's baseline": lambda tx: remembered(tx, FeedProfile(FEED, "https://a.example", timedelta(minutes=1))),
    "a feed's blind spells": lambda tx: Blindness().since(tx, tx.log.read(Position(0), 10)[-1], FEED),
    "the head and versions": lambda tx: (tx.log.head(), tx.log.version(feed_stream(FEED))),
    "the outbox": lambda tx: tx.outbox.next_due(),
}


@contextmanager
def steps(tx: object) -> Iterator[list[int]]:
    """How many steps of SQLite's machine are run inside, give or take ten."""
    counted = [0]
    driver = tx.connection.connection.driver_connection  # type: ignore[attr-defined]  # the store's own transaction

    def step() -> int:
        counted[0] += 10
        return 0

    driver.set_progress_handler(step, 10)
    yield counted
    driver.set_progress_handler(None, 10)


def cost(store: SqlStore, read: Callable[[Transaction], object]) -> int:
    """The steps of a read that was done before, so that nothing is counted but itself."""
    with store.read() as tx:
        read(tx)
        with steps(tx) as counted:
            read(tx)
    return counted[0]


def grow(store: SqlStore, feed: FeedId, published: Publish, now: datetime, *, items: int) -> None:
    """A feed begins, or goes on, with so many new items."""
    with store.read() as tx:
        version = tx.log.version(feed_stream(feed))
    capture = published("x/1").capture
    first = [] if version else [FeedBaselined(feed, 0, "guid", capture), FeedDegraded(feed, now, "timeout", 3)]
    events = [*first, *(published(f"{feed}/{version + number}") for number in range(items))]
    store.write(lambda tx: tx.log.append(feed_stream(feed), events, now=now)).result()


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_long_history_makes_no_read_dearer(
    store: SqlStore, published: Publish, now: datetime, read: Callable[[Transaction], object]
) -> None:
    grow(store, FEED, published, now, items=200)
    young = cost(store, read)
    others = [FeedId(f"other-{number}") for number in range(200)]
    for other in others:
        grow(store, other, published, now, items=3)
    grow(store, FEED, published, now, items=900)
    assert cost(store, read) <= young * 1.5 + 50

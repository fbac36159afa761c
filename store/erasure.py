"""Removes an item's words for good: `store.ports.Erasure`.

The database permits it only once the log says so. What stays is what the log holds: digests whose salt is gone. Writing
connections overwrite what they delete (`secure_delete`), but the write-ahead log holds the pages as they were until it
is emptied: see `store.database.SqlStore.scrub`.
"""

from collections.abc import Collection

import sqlalchemy as sa

from store.events import CaptureDigest, FeedId, FeedRenamed, ItemId
from store.log import EventLog
from store.outbox import ERASED_REASON
from store.ports import Erased
from store.tables import CAPTURES, DELIVERIES, ITEMS, SALTS, TEXTS, VERSIONS
from store.walk import events

_FEED = sa.select(ITEMS.c.feed).where(ITEMS.c.id == sa.bindparam("of"))
_CAPTURES = sa.select(CAPTURES.c.digest).where(CAPTURES.c.feed.in_(sa.bindparam("feeds", expanding=True)))
_CITED = (
    sa.select(CAPTURES.c.digest)
    .join(VERSIONS, VERSIONS.c.capture == CAPTURES.c.digest)
    .where(VERSIONS.c.item == sa.bindparam("of"))
)
_DROP = sa.delete(CAPTURES).where(CAPTURES.c.digest == sa.bindparam("of"))
_TEXTS = sa.delete(TEXTS).where(TEXTS.c.item == sa.bindparam("of"))
_SALT = sa.delete(SALTS).where(SALTS.c.item == sa.bindparam("of"))
_UNSENT = DELIVERIES.c.state.in_(("pending", "leased", "held"))
_EMPTY = (
    sa.update(DELIVERIES)
    .where(DELIVERIES.c.item == sa.bindparam("of"), DELIVERIES.c.reason != ERASED_REASON)
    .values(
        body=b"",
        last_answer="",
        reason=ERASED_REASON,
        state=sa.case((_UNSENT, "held"), else_=DELIVERIES.c.state),
        next_at=None,
    )
)


class Erasure:
    """Erasing as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def captures(self, item: ItemId) -> frozenset[CaptureDigest]:
        """See `store.ports.Erasure.captures`; and those that its own versions cite, under whatever feed they lie."""
        feed = self._connection.execute(_FEED, {"of": item}).scalar()
        feeds = sorted(self._names(FeedId(feed))) if feed else []
        found = {*self._connection.execute(_CAPTURES, {"feeds": feeds}).scalars()}
        return frozenset(map(CaptureDigest, found.union(self._connection.execute(_CITED, {"of": item}).scalars())))

    def _names(self, feed: FeedId) -> set[FeedId]:
        """Every id that the feed ever had."""
        names = {feed}
        renamed = [one.event for one in events(EventLog(self._connection), kinds=[FeedRenamed.KIND])]
        for event in reversed(renamed):
            if isinstance(event, FeedRenamed) and event.feed in names:
                names.add(event.formerly)
        return names

    def erase(self, item: ItemId, captures: Collection[CaptureDigest]) -> Erased:
        """See `store.ports.Erasure.erase`."""
        texts = self._connection.execute(_TEXTS, {"of": item}).rowcount
        self._connection.execute(_SALT, {"of": item})
        dropped = sum(self._connection.execute(_DROP, {"of": digest}).rowcount for digest in sorted(captures))
        emptied = self._connection.execute(_EMPTY, {"of": item}).rowcount
        return Erased(texts, dropped, emptied)

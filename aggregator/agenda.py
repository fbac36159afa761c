"""Which feed is due when: one time for each, the earliest first. Pure but for its own memory.

An entry that is moved or dropped stays in the heap and is passed over when its time comes.
"""

import heapq
from datetime import datetime

from store.events import FeedId


class Agenda:
    """Feeds and their times. A feed stands in it at most once."""

    def __init__(self) -> None:
        self._at: dict[FeedId, datetime] = {}
        self._heap: list[tuple[datetime, FeedId]] = []

    def put(self, feed: FeedId, at: datetime) -> None:
        """The feed is due then, whatever was planned before."""
        self._at[feed] = at
        heapq.heappush(self._heap, (at, feed))

    def drop(self, feed: FeedId) -> None:
        """The feed is not due any more."""
        self._at.pop(feed, None)

    def when(self, feed: FeedId) -> datetime | None:
        """When the feed is due, None if it does not stand here."""
        return self._at.get(feed)

    def take(self, now: datetime) -> FeedId | None:
        """Take out the feed that has been due longest, None when nothing is due."""
        while self._heap and self._heap[0][0] <= now:
            at, feed = heapq.heappop(self._heap)
            if self._at.get(feed) == at:
                del self._at[feed]
                return feed
        return None

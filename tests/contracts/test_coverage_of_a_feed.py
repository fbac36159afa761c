"""When a source could not be seen, or was seen too late: the times that `feeds ID` and the API tell, from the log."""

from datetime import datetime, timedelta

from aggregator.shown.sources import Spell, spells_of
from store.database import SqlStore
from store.events import FeedGap, FeedId, FeedUnwatched, feed_stream

FEED = FeedId("ministry")


def test_a_gap_stands_among_the_times_in_which_something_may_have_been_missed(store: SqlStore, now: datetime) -> None:
    since = now - timedelta(minutes=10)
    unwatched, gap = FeedUnwatched(FEED, since), FeedGap(FEED, since, "nothing listed before is listed now", 10, 12)
    store.write(lambda tx: tx.log.append(feed_stream(FEED), [unwatched, gap], now=now)).result(timeout=10)
    with store.views() as views:
        told = spells_of(views, FEED)
    assert told == [
        Spell(since, now, "it was not looked at"),
        Spell(since, now, "its whole list was replaced between two looks"),
    ]

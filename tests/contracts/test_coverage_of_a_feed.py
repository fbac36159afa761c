"""When a source could not be seen, or was seen too late: the times that `feeds ID` and the API tell, from the log."""

from datetime import datetime, timedelta

from aggregator.shown.sources import Spell, spells_of
from store.database import SqlStore
from store.events import FeedGap, FeedId, FeedRepaired, FeedUnwatched, feed_stream

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


def test_what_became_of_a_gap_stands_beside_it(store: SqlStore, now: datetime) -> None:
    gaps = [FeedGap(FEED, now - timedelta(minutes=k), "nothing listed before is listed now", 10, 12) for k in (20, 10)]
    repaired = FeedRepaired(FEED, gaps[0].since, 2, 13, True, "page 3 lists what was known before")
    later = FeedGap(FEED, now, "nothing listed before is listed now", 10, 12)
    ended = FeedRepaired(FEED, now, 1, 0, False, "page 3: http_503")
    told = [*gaps, repaired, later, ended, later]
    store.write(lambda tx: tx.log.append(feed_stream(FEED), told, now=now)).result(timeout=10)
    with store.views() as views:
        reasons = [spell.reason for spell in spells_of(views, FEED)]
    replaced = "its whole list was replaced between two looks"
    found = f"{replaced}; gap repaired: 13 missed statements found on 2 older pages"
    lost = f"{replaced}; gap not repaired to its end: 0 missed statements found on 1 older page; page 3: http_503"
    assert reasons == [found, found, lost, replaced]

"""What the store says of one item's siblings, for what its page proves."""

from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.deciding.identity import comparable_link, key
from aggregator.deciding.memory import FeedMemory, Listed, dump
from aggregator.deciding.normalise import FeedProfile
from aggregator.page.record import Seen, record
from aggregator.page.sight import PageSight
from aggregator.page.text import PageText
from aggregator.siblings import family_of_item
from store.codec import about_to_text
from store.database import SqlStore
from store.events import (
    About,
    CaptureDigest,
    Content,
    Event,
    FeedBaselined,
    FeedId,
    ItemCompleted,
    ItemId,
    ItemPublished,
    ItemWithdrawn,
    Key,
    Twin,
    feed_stream,
)
from store.ports import PollState, Transaction, Visit

ALL, NEWS = FeedId("all"), FeedId("news")
HERE, THERE = ItemId("all/s"), ItemId("news/s")
LINK = "https://site.example/1"
DAY = timedelta(days=1)
CAPTURE = CaptureDigest("sha256:" + "0" * 64)


def published(tx: Transaction, item: ItemId, keys: tuple[Key, ...], now: datetime) -> None:
    feed = FeedId(item.partition("/")[0])
    texts = [tx.texts.put(item, one) for one in ("Aid", "Twelve trucks.", about_to_text(About("", (), LINK)))]
    content = Content(*texts, "", "en", "", "", None, None)
    event = ItemPublished(item, feed, keys, content, False, False, False, "", CAPTURE, "t")
    tx.log.append(feed_stream(feed), [event, FeedBaselined(feed, 1, "guid", CAPTURE)], now=now)


def test_an_item_is_known_to_be_listed_by_a_sibling_or_to_be_gone_there_too(store: SqlStore, now: datetime) -> None:
    profile = FeedProfile(ALL, "https://site.example/all", timedelta(minutes=10), siblings=(NEWS,))
    window = FeedMemory(baselined=True, identity="guid", window=(Listed(THERE, None),))
    gone = ItemWithdrawn(HERE, ALL, "page-gone", now, now, ())

    def job(tx: Transaction) -> None:
        link = key("link", comparable_link(LINK))
        published(tx, HERE, (link,), now)
        published(tx, THERE, (link,), now)
        tx.polls.save([PollState(NEWS, memory=dump(window))])
        known = tx.items.get([HERE])[HERE]
        assert family_of_item(tx, profile, known).listed_elsewhere == {HERE}
        assert family_of_item(tx, replace(profile, siblings=()), known).listed_elsewhere == frozenset()
        tx.polls.save([PollState(NEWS, memory=dump(replace(window, window=())))])
        tx.log.append(feed_stream(NEWS), [replace(gone, item=THERE, feed=NEWS)], now=now)
        family = family_of_item(tx, profile, known)
        assert family.listed_elsewhere == frozenset()
        assert family.with_twins([gone]) == (replace(gone, twin=Twin(THERE, 1)),)

    store.write(job).result()


def test_a_page_that_is_read_for_two_feeds_of_a_source_names_its_twin(store: SqlStore, now: datetime) -> None:
    """What the page of a statement says is told once, too."""
    read = PageText("Aid\nTwelve trucks. More is on its way.", "Aid", "en", "x1")

    def look(tx: Transaction, item: ItemId, feed: FeedId, other: FeedId) -> Twin | None:
        profile = FeedProfile(feed, "https://site.example/", timedelta(minutes=10), page="fulltext", siblings=(other,))
        visit = Visit(item, feed, LINK, "site.example/1", "site.example", now, now)
        tx.visits.save([visit])
        seen = Seen(PageSight(item, now, "standing", "200", CAPTURE, read))
        (completed,) = [one.event for one in record(tx, profile, visit, seen).events]
        assert isinstance(completed, ItemCompleted)
        return completed.twin

    def job(tx: Transaction) -> tuple[Twin | None, Twin | None]:
        for item in (HERE, THERE):
            published(tx, item, (key("link", comparable_link(LINK)),), now)
        return look(tx, HERE, ALL, NEWS), look(tx, THERE, NEWS, ALL)

    assert store.write(job).result() == (None, Twin(HERE, 1))


def test_a_page_that_is_gone_is_not_withdrawn_while_another_feed_of_the_source_lists_it(
    store: SqlStore, now: datetime
) -> None:
    profile = FeedProfile(
        ALL, "https://site.example/", timedelta(minutes=10), page="fulltext", revisit=(DAY,), siblings=(NEWS,)
    )
    window = FeedMemory(baselined=True, identity="guid", window=(Listed(THERE, None),))
    read = PageText("Aid\nTwelve trucks. More is on its way.", "Aid", "en", "x1")

    def look(tx: Transaction, sight: PageSight) -> list[Event]:
        (planned,) = tx.visits.get([HERE]).values()
        return [one.event for one in record(tx, profile, planned, Seen(sight)).events]

    def job(tx: Transaction) -> None:
        for item in (HERE, THERE):
            published(tx, item, (key("link", comparable_link(LINK)),), now)
        tx.visits.save([Visit(HERE, ALL, LINK, "site.example/1", "site.example", now, now)])
        look(tx, PageSight(HERE, now, "standing", "200", CAPTURE, read))
        tx.polls.save([PollState(NEWS, memory=dump(window))])
        gone = PageSight(HERE, now, "gone", "410 Gone", CaptureDigest(""), control_stands=True)
        assert look(tx, gone) == []
        tx.polls.save([PollState(NEWS, memory=dump(replace(window, window=())))])
        assert [type(event) for event in look(tx, gone)] == [ItemWithdrawn]

    store.write(job).result()

"""What the store says of one item's siblings, for what its page proves."""

from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.identity import comparable_link, key
from aggregator.memory import FeedMemory, Listed, dump
from aggregator.normalise import FeedProfile
from aggregator.siblings import family_of_item
from store.codec import about_to_text
from store.database import SqlStore
from store.events import (
    About,
    CaptureDigest,
    Content,
    FeedBaselined,
    FeedId,
    ItemId,
    ItemPublished,
    ItemWithdrawn,
    Key,
    Twin,
    feed_stream,
)
from store.ports import PollState, Transaction

ALL, NEWS = FeedId("all"), FeedId("news")
HERE, THERE = ItemId("all/s"), ItemId("news/s")
LINK = "https://site.example/1"
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

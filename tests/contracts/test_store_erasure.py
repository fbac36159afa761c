"""Erasing an item's words: only what the log says is erased, everywhere that the store knows of."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from store.database import SqlStore
from store.events import CaptureDigest, FeedId, FeedRenamed, ItemId, ItemPublished, TextErased
from store.ports import ERASED, Capture, ItemFilter, StoreError, Transaction
from store.rebuild import rebuild
from store.verify import verify

Publish = Callable[..., ItemPublished]
ITEM = ItemId("old/1")


def capture(store: SqlStore, name: str, feed: str, now: datetime) -> CaptureDigest:
    digest = CaptureDigest(f"sha256:{name}")
    store.write(lambda tx: tx.captures.put(Capture(digest, FeedId(feed), "u", (), name.encode(), now))).result()
    return digest


@pytest.fixture
def published_item(store: SqlStore, published: Publish, now: datetime) -> ItemId:
    def job(tx: Transaction) -> None:
        digests = [tx.texts.put(ITEM, words) for words in ("Title", "Text", '{"author":"","categories":[],"link":""}')]
        event = published(ITEM, title=digests[0], text=digests[1], about=digests[2])
        tx.log.append("feed:old", [event], now=now)

    store.write(job).result()
    return ITEM


def test_without_a_word_in_the_log_nothing_can_be_erased(store: SqlStore, published_item: ItemId) -> None:
    with pytest.raises(StoreError, match="the log does not say"):
        store.write(lambda tx: tx.erasure.erase(published_item, [])).result()
    with store.views() as views:
        assert [row.title for row in views.items(ItemFilter())] == ["Title"]


def test_an_erased_item_is_known_without_words_and_a_rebuild_agrees(
    store: SqlStore, published_item: ItemId, now: datetime
) -> None:
    def job(tx: Transaction) -> int:
        tx.log.append("feed:old", [TextErased(published_item, "clerk", "court order")], now=now)
        return tx.erasure.erase(published_item, []).texts

    assert store.write(job).result() == 3
    for again in (False, True):
        if again:
            rebuild(store)
        with store.views() as views:
            (row,) = views.items(ItemFilter(), texts=True)
            assert (row.title, row.text, row.link, row.about, row.erased) == (ERASED, "", "", None, True)
            assert views.tx.items.get([ITEM])[ITEM].erased
    assert verify(store).ok


def test_captures_are_looked_for_under_every_name_that_the_feed_had(
    store: SqlStore, published_item: ItemId, now: datetime
) -> None:
    for hour, (new, old) in enumerate((("middle", "old"), ("new", "middle"), ("other", "another")), start=1):
        renamed = FeedRenamed(FeedId(new), FeedId(old))
        at = now + timedelta(hours=hour)
        store.write(
            lambda tx, at=at, renamed=renamed: tx.log.append(f"feed:{renamed.feed}", [renamed], now=at)
        ).result()
    ours = {capture(store, feed, feed, now) for feed in ("old", "middle", "new")}
    capture(store, "another", "another", now)
    with store.read() as tx:
        assert tx.erasure.captures(published_item) == ours

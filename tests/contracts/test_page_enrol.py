"""Which pages are put on the schedule: with the poll that recorded an item, with the alert that told of it, or late."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from aggregator.deciding.normalise import FeedProfile
from aggregator.page import enrol
from aggregator.page.plan import FOLLOWED
from store.codec import about_to_text
from store.database import SqlStore
from store.events import (
    About,
    AlertId,
    AlertRaised,
    Content,
    Event,
    FeedId,
    ItemId,
    ItemPublished,
    ItemRevised,
    Position,
    RuleId,
    TextErased,
)
from store.ports import Transaction, Visit

FEED = FeedId("a")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FULLTEXT = FeedProfile(FEED, "https://a.org/feed", HOUR, page="fulltext", revisit=(HOUR, 7 * DAY))
MATCHED = replace(FULLTEXT, page="matched")
NONE = replace(FULLTEXT, page="none")
Publish = Callable[..., ItemPublished]


@pytest.fixture
def published(store: SqlStore, published: Publish) -> Publish:
    """The shared builder, with a link that lies in the text store."""

    def build(item: str, link: str = "", **more: object) -> ItemPublished:
        text = about_to_text(About("", (), link or f"https://a.org/{item}"))
        about = store.write(lambda tx: tx.texts.put(ItemId(item), text)).result()
        return published(item, about=about, **more)

    return build


def revised(first: ItemPublished, content: Content | None = None) -> ItemRevised:
    return ItemRevised(
        first.item,
        first.feed,
        (),
        content or first.content,
        "wording",
        (),
        ("text",),
        1,
        2,
        None,
        "",
        first.capture,
        "t",
    )


def polled(store: SqlStore, profile: FeedProfile, *events: Event, at: datetime) -> None:
    """What the job of a poll does."""

    def job(tx: Transaction) -> None:
        tx.log.append("feed:a", events, now=at)
        enrol.after_poll(tx, profile, events, at)

    store.write(job).result()


def told(store: SqlStore, item: str, at: datetime) -> None:
    alert = AlertRaised(AlertId(f"{item} {at}"), RuleId("r"), FEED, ItemId(item), "appeared", Position(1), 1, None,
                        (), (), None)  # fmt: skip
    store.write(lambda tx: tx.log.append("rule:r", [alert], now=at)).result()


def followed(store: SqlStore, *profiles: FeedProfile, at: datetime) -> None:
    by_id = {profile.id: profile for profile in profiles}
    store.write(lambda tx: enrol.after_alerts(tx, by_id, at)).result()


def taken(store: SqlStore, *profiles: FeedProfile, at: datetime) -> list[str]:
    """What a start or a reload does; returns the feeds that were planned anew."""
    by_id = {profile.id: profile for profile in profiles}
    anew = store.write(lambda tx: enrol.take(tx, by_id, at)).result()
    for feed in anew:
        store.write(lambda tx, feed=feed: enrol.plan_anew(tx, by_id[feed], at)).result()  # type: ignore[misc]
    return list(anew)


def visits(store: SqlStore) -> dict[str, Visit]:
    with store.read() as tx:
        return {visit.item: visit for visit in tx.visits.of(FEED)}


def test_every_item_of_a_feed_that_is_read_in_full_is_visited_from_its_publication_on(
    store: SqlStore, published: Publish, now: datetime
) -> None:
    first = published("a/1", baseline=True, hold="first-fetch")
    polled(store, FULLTEXT, first, published("a/2"), at=now)
    found = visits(store)
    assert {item: (v.next_at, v.hold, v.url) for item, v in found.items()} == {
        "a/1": (now, "first-fetch", "https://a.org/a/1"),
        "a/2": (now, "", "https://a.org/a/2"),
    }


def test_offsets_count_from_the_claimed_publication(store: SqlStore, published: Publish, now: datetime) -> None:
    one = published("a/1")
    polled(store, FULLTEXT, replace(one, content=replace(one.content, published_at=now - 2 * DAY)), at=now)
    assert visits(store)["a/1"].since == now - 2 * DAY


@pytest.mark.parametrize("profile", [NONE, MATCHED])
def test_a_feed_that_is_not_read_in_full_has_no_visits_of_its_own(
    store: SqlStore, published: Publish, now: datetime, profile: FeedProfile
) -> None:
    polled(store, profile, published("a/1"), at=now)
    assert visits(store) == {}


def test_an_edit_in_the_feed_brings_a_look_at_the_page(store: SqlStore, published: Publish, now: datetime) -> None:
    first = published("a/1")
    polled(store, FULLTEXT, first, at=now)
    polled(store, FULLTEXT, revised(first), at=now + DAY)
    assert (visits(store)["a/1"].next_at, visits(store)["a/1"].since) == (now + DAY, now + DAY)


def test_an_old_item_that_is_edited_under_a_new_setting_is_first_read_late(
    store: SqlStore, published: Publish, now: datetime
) -> None:
    first = published("a/1")
    polled(store, NONE, first, at=now)
    polled(store, FULLTEXT, revised(first), at=now + DAY)
    assert (visits(store)["a/1"].hold, visits(store)["a/1"].next_at) == ("late-page", now + DAY)


def test_two_items_with_one_page_leave_it_alone(store: SqlStore, published: Publish, now: datetime) -> None:
    polled(store, FULLTEXT, published("a/1", "https://a.org/day#1"), at=now)
    polled(store, FULLTEXT, published("a/2", "https://a.org/day#2"), published("a/3", "https://a.org/day"), at=now)
    assert {item: (v.next_at, v.reason) for item, v in visits(store).items()} == dict.fromkeys(
        ["a/1", "a/2", "a/3"], (None, "shared")
    )


def test_what_alerted_somebody_is_visited_for_thirty_days(store: SqlStore, published: Publish, now: datetime) -> None:
    polled(store, MATCHED, published("a/1", hold="reissue"), published("a/2"), at=now)
    taken(store, MATCHED, at=now)
    told(store, "a/1", now + MINUTE)
    followed(store, MATCHED, at=now + 2 * MINUTE)
    found = visits(store)
    assert found.keys() == {"a/1"}
    one = found["a/1"]
    assert (one.next_at, one.since, one.until) == (now + 2 * MINUTE, now, now + MINUTE + FOLLOWED)
    assert one.hold == "reissue"
    followed(store, MATCHED, at=now + 9 * MINUTE)
    assert visits(store) == found


def test_alerts_of_other_feeds_are_passed_over(store: SqlStore, published: Publish, now: datetime) -> None:
    polled(store, FULLTEXT, published("a/1"), at=now)
    before = visits(store)
    told(store, "a/1", now + MINUTE)
    followed(store, FULLTEXT, at=now + MINUTE)
    assert visits(store) == before


def test_a_setting_that_is_turned_on_catches_up_and_what_that_brings_is_held(
    store: SqlStore, published: Publish, now: datetime
) -> None:
    polled(store, NONE, published("a/old"), at=now - 8 * DAY)
    polled(store, NONE, published("a/1"), at=now - DAY)
    assert taken(store, NONE, at=now) == []
    assert taken(store, FULLTEXT, at=now) == ["a"]
    assert {item: (v.next_at, v.hold) for item, v in visits(store).items()} == {"a/1": (now, "late-page")}
    assert taken(store, FULLTEXT, at=now + DAY) == [], "a start by the same settings plans nothing"


def test_turning_it_on_for_what_alerted_somebody_catches_up_on_thirty_days(
    store: SqlStore, published: Publish, now: datetime
) -> None:
    polled(store, NONE, published("a/1"), published("a/2"), published("a/3"), at=now - 50 * DAY)
    told(store, "a/1", now - 31 * DAY)
    told(store, "a/2", now - 29 * DAY)
    taken(store, MATCHED, at=now)
    assert {item: (v.next_at, v.until, v.hold) for item, v in visits(store).items()} == {
        "a/2": (now, now + DAY, "late-page")
    }
    told(store, "a/3", now + HOUR)
    followed(store, MATCHED, at=now + HOUR)
    assert visits(store)["a/3"].hold == ""


def test_what_was_told_before_a_stop_is_not_late_after_the_start(
    store: SqlStore, published: Publish, now: datetime
) -> None:
    polled(store, MATCHED, published("a/1"), at=now)
    taken(store, MATCHED, at=now)
    told(store, "a/1", now + MINUTE)
    taken(store, MATCHED, at=now + HOUR)
    assert visits(store)["a/1"].hold == ""


def test_turning_it_off_ends_the_visits_and_turning_it_on_again_goes_on(
    store: SqlStore, published: Publish, now: datetime
) -> None:
    polled(store, FULLTEXT, published("a/1"), at=now)
    taken(store, FULLTEXT, at=now)
    taken(store, at=now + MINUTE)
    assert (visits(store)["a/1"].next_at, visits(store)["a/1"].reason) == (None, "off")
    taken(store, FULLTEXT, at=now + 2 * MINUTE)
    assert (visits(store)["a/1"].next_at, visits(store)["a/1"].reason) == (now + 2 * MINUTE, "")


def test_from_all_pages_to_those_of_alerts_and_back(store: SqlStore, published: Publish, now: datetime) -> None:
    polled(store, FULLTEXT, published("a/1"), published("a/2"), at=now)
    taken(store, FULLTEXT, at=now)
    told(store, "a/1", now)
    taken(store, MATCHED, at=now + MINUTE)
    found = visits(store)
    assert (found["a/1"].until, found["a/2"].reason) == (now + FOLLOWED, "off")
    taken(store, FULLTEXT, at=now + 2 * MINUTE)
    assert [(v.until, v.reason) for v in visits(store).values()] == [(None, ""), (None, "")]


def test_an_erased_item_is_not_visited(store: SqlStore, published: Publish, now: datetime) -> None:
    polled(store, NONE, published("a/1"), at=now)
    store.write(lambda tx: tx.log.append("feed:a", [TextErased(ItemId("a/1"), "w", "y")], now=now)).result()
    store.write(lambda tx: tx.erasure.erase(ItemId("a/1"), [])).result()
    taken(store, FULLTEXT, at=now)
    assert visits(store) == {}

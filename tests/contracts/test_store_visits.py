"""The visits to the pages behind items: what is due, what is kept, and what they are planned from."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from store.database import SqlStore
from store.events import (
    AlertHeld,
    AlertId,
    AlertRaised,
    AlertReleased,
    Event,
    FeedId,
    FeedRenamed,
    ItemId,
    ItemPublished,
    Position,
    RuleId,
)
from store.ports import Visit

Publish = Callable[..., ItemPublished]
FEED, OTHER = FeedId("a"), FeedId("b")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def visit(now: datetime) -> Callable[..., Visit]:
    def build(item: str, host: str = "a.org", **more: object) -> Visit:
        feed = FeedId(item.partition("/")[0])
        fields = {"url": f"https://{host}/{item}", "page": f"{host}/{item}", "host": host, "next_at": now, "since": now}
        return Visit(item=ItemId(item), feed=feed, **{**fields, **more})  # type: ignore[arg-type]

    return build


def save(store: SqlStore, *visits: Visit) -> None:
    store.write(lambda tx: tx.visits.save(visits)).result()


def due(store: SqlStore, now: datetime, most: int = 9, busy: tuple[str, ...] = ()) -> list[str]:
    with store.read() as tx:
        return [visit.item for visit in tx.visits.due(now, most, busy=busy)]


def append(store: SqlStore, *events: Event, now: datetime) -> None:
    store.write(lambda tx: tx.log.append("feed:a", events, now=now)).result()


def test_a_visit_comes_back_as_it_was_saved(store: SqlStore, visit: Callable[..., Visit], now: datetime) -> None:
    bare = visit("a/1", next_at=None)
    full = visit(
        "a/2", until=now + MINUTE, hold="first-fetch", looked_at=now, etag='"x"', last_modified="then",
        validated_url="https://a.org/", body="sha256:0", failures=3, reason="http_403", memory='{"v":1}',
    )  # fmt: skip
    save(store, bare, full)
    with store.read() as tx:
        assert tx.visits.get([bare.item, full.item, ItemId("a/3")]) == {bare.item: bare, full.item: full}
        assert tx.visits.of(FEED) == [bare, full]
        assert tx.visits.of(OTHER) == []
    save(store, replace(full, failures=0, reason="", next_at=None))
    with store.read() as tx:
        assert tx.visits.get([full.item])[full.item] == replace(full, failures=0, reason="", next_at=None)


def test_what_is_due_comes_oldest_first_and_one_of_each_host(
    store: SqlStore, visit: Callable[..., Visit], now: datetime
) -> None:
    save(
        store,
        visit("a/late", "slow.org", next_at=now - MINUTE),
        visit("a/early", "slow.org", next_at=now - 3 * MINUTE),
        visit("a/other", "quick.org", next_at=now - 2 * MINUTE),
        visit("a/exact", "exact.org", next_at=now),
        visit("a/future", "future.org", next_at=now + MINUTE),
        visit("a/over", "over.org", next_at=None),
    )
    assert due(store, now) == ["a/early", "a/other", "a/exact"]
    assert due(store, now, most=1) == ["a/early"]
    assert due(store, now, busy=("slow.org", "exact.org")) == ["a/other"]


def test_what_is_planned_due_and_failing_is_counted(
    store: SqlStore, visit: Callable[..., Visit], now: datetime
) -> None:
    with store.read() as tx:
        assert tx.visits.depths(now) == (0, 0, 0)
    save(store, visit("a/1"), visit("a/2", next_at=now + MINUTE, failures=2), visit("a/3", next_at=None, failures=1))
    with store.read() as tx:
        assert tx.visits.depths(now) == (2, 1, 2)


def test_the_items_of_a_feed_that_share_a_page_are_found(store: SqlStore, visit: Callable[..., Visit]) -> None:
    one, two = visit("a/1", page="a.org/all"), visit("a/2", page="a.org/all")
    save(store, one, two, visit("a/3"), visit("b/1", page="a.org/all"))
    with store.read() as tx:
        assert sorted(v.item for v in tx.visits.of(FEED, pages=["a.org/all", "a.org/none"])) == ["a/1", "a/2"]


def test_items_without_a_visit_are_those_seen_since_then(
    store: SqlStore, visit: Callable[..., Visit], published: Publish, now: datetime
) -> None:
    append(store, published("a/old"), now=now)
    append(store, published("a/new"), published("a/visited"), published("b/1"), now=now + MINUTE)
    save(store, visit("a/visited"))
    with store.read() as tx:
        assert tx.page_plans.unvisited(FEED, now + MINUTE) == ["a/new"]
        assert tx.page_plans.unvisited(FEED, now) == ["a/old", "a/new"]


def test_alerts_are_told_of_once_they_are_let_out(store: SqlStore, published: Publish, now: datetime) -> None:
    common = {"rule": RuleId("r"), "feed": FEED, "transition": "appeared", "cause": Position(1), "version": 1,
              "before": None, "hits": (), "topics": (), "follows": None}  # fmt: skip
    raised = AlertRaised(alert=AlertId("1"), item=ItemId("a/1"), **common)  # type: ignore[arg-type]
    held = AlertHeld(alert=AlertId("2"), item=ItemId("a/2"), reason="reissue", **common)  # type: ignore[arg-type]
    health = AlertRaised(alert=AlertId("3"), item=None, **common)  # type: ignore[arg-type]
    append(store, published("a/1"), published("a/2"), raised, held, health, now=now)
    with store.read() as tx:
        assert tx.page_plans.told(Position(0), 9) == [(3, now, "a/1", "a")]
    append(store, AlertReleased(AlertId("2"), RuleId("r"), "wanted"), now=now + MINUTE)
    with store.read() as tx:
        assert tx.page_plans.told(Position(0), 9) == [(3, now, "a/1", "a"), (6, now + MINUTE, "a/2", "a")]
        assert [one.position for one in tx.page_plans.told(Position(3), 9)] == [6]
        assert [one.position for one in tx.page_plans.told(Position(0), 1)] == [3]
        assert len(tx.page_plans.told(Position(0), 9, feed=FEED)) == 2
        assert tx.page_plans.told(Position(0), 9, feed=OTHER) == []


def test_plans_are_remembered_and_forgotten(store: SqlStore) -> None:
    store.write(lambda tx: (tx.page_plans.set(FEED, "matched"), tx.page_plans.set(OTHER, "fulltext"))).result()
    store.write(lambda tx: (tx.page_plans.set(FEED, "fulltext"), tx.page_plans.set(OTHER, ""))).result()
    with store.read() as tx:
        assert tx.page_plans.all() == {FEED: "fulltext"}


def test_the_visits_of_a_feed_go_with_it_to_its_new_name(
    store: SqlStore, visit: Callable[..., Visit], now: datetime
) -> None:
    save(store, visit("a/1"))
    store.write(lambda tx: tx.page_plans.set(FEED, "fulltext")).result()
    append(store, FeedRenamed(OTHER, FEED), now=now)
    with store.read() as tx:
        assert [one.item for one in tx.visits.of(OTHER)] == ["a/1"]
        assert tx.visits.of(FEED) == []
        assert tx.page_plans.all() == {OTHER: "fulltext"}

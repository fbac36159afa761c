"""The read tables: what they say of the log, and that a rebuild says the same."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.codec import about_to_text
from store.database import SqlStore
from store.events import (
    About,
    AlertHeld,
    AlertId,
    AlertRaised,
    AlertReleased,
    CaptureDigest,
    DeliverySettled,
    Event,
    FeedBaselined,
    FeedDegraded,
    FeedGap,
    FeedGone,
    FeedId,
    FeedMoved,
    FeedQuiet,
    FeedRecovered,
    FeedRenamed,
    FeedUnwatched,
    ItemAbsent,
    ItemCompleted,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemReextracted,
    ItemRekeyed,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
    Key,
    PageFace,
    Position,
    RuleDefined,
    RuleId,
    RuleRetired,
    TextDigest,
    TextErased,
)
from store.ports import ItemFilter, StoreError
from store.rebuild import rebuild
from store.tables import READ_TABLES

Publish = Callable[..., ItemPublished]
AT = datetime.fromisoformat("2026-11-21T20:00:00Z")
SHOT = CaptureDigest("sha256:" + "1" * 64)
ITEM, FEED = ItemId("a/1"), FeedId("a")


def record(store: SqlStore, *events: Event, at: datetime = AT) -> None:
    store.write(lambda tx: tx.log.append("feed:a", events, now=at)).result()


def revised(before: ItemPublished, number: int, **more: object) -> ItemRevised:
    made = ItemRevised(
        item=before.item,
        feed=before.feed,
        keys=(Key(f"link:{number}"),),
        content=replace(before.content, markup=f"m{number}"),
        kind="wording",
        flags=("number",),
        fields=("text",),
        from_version=number - 1,
        to_version=number,
        reverts_to=None,
        hold="",
        capture=SHOT,
        parser="test",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def alert(name: str, *, held: str = "", item: str | None = "a/1") -> AlertRaised | AlertHeld:
    at = (AlertId(name), RuleId("r"), FEED, None if item is None else ItemId(item), "appeared", Position(1))
    known: dict[str, object] = {"version": 1, "before": None, "hits": (), "topics": (), "follows": None}
    return AlertHeld(*at, **known, reason=held) if held else AlertRaised(*at, **known)  # type: ignore[arg-type]


def test_a_published_item_is_known_by_its_keys(store: SqlStore, published: Publish) -> None:
    event = published("a/1", keys=(Key("guid:1"), Key("link:1")))
    record(store, event)
    with store.read() as tx:
        keys = [Key("guid:1"), Key("link:1"), Key("guid:2")]
        assert tx.items.find(FEED, keys) == {"guid:1": ITEM, "link:1": ITEM}
        assert tx.items.find(FeedId("b"), keys) == {}
        known = tx.items.get([ITEM, ItemId("a/none")])[ITEM]
    assert (known.state, known.version, known.content) == ("published", 1, event.content)
    assert known.first_seen_at == known.changed_at == AT


def test_a_key_stays_with_the_item_that_had_it_first(store: SqlStore, published: Publish) -> None:
    record(store, published("a/1", keys=(Key("link:1"),)), published("a/2", keys=(Key("guid:2"), Key("link:1"))))
    with store.read() as tx:
        assert tx.items.find(FEED, [Key("guid:2"), Key("link:1")]) == {"guid:2": "a/2", "link:1": "a/1"}


def test_a_revision_is_the_latest_version_and_the_first_stays(store: SqlStore, published: Publish) -> None:
    first = published("a/1")
    record(store, first)
    later = AT + timedelta(hours=1)
    record(store, revised(first, 2), ItemRekeyed(ITEM, FEED, (Key("guid:new"),), "same link"), at=later)
    with store.read() as tx:
        known = tx.items.get([ITEM])[ITEM]
        versions = tx.items.versions(ITEM)
        assert set(tx.items.find(FEED, [Key("link:2"), Key("guid:new"), Key("guid:a/1")]).values()) == {ITEM}
    assert (known.version, known.content.markup, known.first_seen_at, known.changed_at) == (2, "m2", AT, later)
    assert [(one.number, one.position, one.kind, one.recorded_at) for one in versions] == [
        (1, 1, None, AT),
        (2, 2, "wording", later),
    ]
    assert versions[0].content == first.content


def test_a_version_that_is_known_better_later_stays_the_same_version(store: SqlStore, published: Publish) -> None:
    first = published("a/1")
    page = replace(first.content, page=PageFace(TextDigest("page"), SHOT, "x1"))
    mended = replace(page, markup="mended")
    record(store, first)
    record(store, ItemCompleted(ITEM, FEED, page, 1, "", SHOT, "x1"), at=AT + timedelta(minutes=1))
    record(store, ItemReextracted(ITEM, FEED, mended, 1, ("text",), SHOT, "p2", "test"), at=AT + timedelta(minutes=2))
    with store.read() as tx:
        known = tx.items.get([ITEM])[ITEM]
        readings = tx.items.versions(ITEM)
    assert (known.version, known.content, known.parser, known.changed_at) == (1, mended, "p2", AT)
    assert [(one.number, one.position, one.begins) for one in readings] == [(1, 1, True), (1, 2, False), (1, 3, False)]
    assert [one.content for one in readings] == [first.content, page, mended]


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (ItemAbsent(ITEM, FEED, AT, AT, (), SHOT), "absent"),
        (ItemDelisted(ITEM, FEED, "standing", AT, AT, ()), "delisted"),
        (ItemWithdrawn(ITEM, FEED, "page-gone", AT, AT, ("410",)), "withdrawn"),
        (ItemRestored(ITEM, FEED, "absent", SHOT), "published"),
    ],
)
def test_an_items_state_follows_its_life(store: SqlStore, published: Publish, event: Event, state: str) -> None:
    record(store, published("a/1"), event)
    with store.read() as tx:
        assert tx.items.get([ITEM])[ITEM].state == state


def test_told_are_alerts_raised_or_released_in_that_order(store: SqlStore) -> None:
    rule = RuleId("r")
    record(store, alert("held", held="first-fetch"), alert("raised"), alert("other", item="a/2"))
    with store.read() as tx:
        assert tx.items.told(rule, ITEM) == ["raised"]
    record(store, AlertReleased(AlertId("held"), rule, "by hand"))
    with store.views() as views:
        assert views.tx.items.told(rule, ITEM) == ["raised", "held"]
        assert views.hits(rule) == 3
        assert [(one.alert, one.held) for one in views.alerts(item=ITEM)] == [("held", ""), ("raised", "")]
        assert [one.item for one in views.alerts(alert=AlertId("other"))] == ["a/2"]


def test_an_alert_is_raised_once(store: SqlStore) -> None:
    record(store, alert("same"))
    with pytest.raises(StoreError, match=r"alerts\.alert"):
        record(store, alert("same"))
    with store.read() as tx:
        assert tx.log.head().position == 1


def test_a_renamed_feed_keeps_its_items(store: SqlStore, published: Publish) -> None:
    new = FeedId("b")
    record(store, FeedBaselined(FEED, 1, "guid", SHOT), published("a/1", keys=(Key("guid:1"),)), alert("1"))
    record(store, FeedRenamed(new, FEED))
    with store.views() as views:
        assert views.tx.items.find(new, [Key("guid:1")]) == {"guid:1": ITEM}
        assert views.tx.items.find(FEED, [Key("guid:1")]) == {}
        assert views.tx.items.get([ITEM])[ITEM].feed == new
        assert [one.feed for one in views.alerts()] == [new]
        assert views.counts()["feeds"] == 1


def test_feeds_that_move_up_together_keep_apart(store: SqlStore, published: Publish) -> None:
    record(store, published("a/1", keys=(Key("guid:1"),)), published("c/2", keys=(Key("guid:2"),)))
    record(store, FeedRenamed(FeedId("b"), FEED), FeedRenamed(FEED, FeedId("c")))
    with store.read() as tx:
        keys = [Key("guid:1"), Key("guid:2")]
        found = [dict(tx.items.find(FeedId(feed), keys)) for feed in "abc"]
    assert found == [{"guid:2": "c/2"}, {"guid:1": "a/1"}, {}]


def test_lists_of_items_show_their_words(store: SqlStore, published: Publish) -> None:
    about = About("Press Office", ("aid",), "http://a.example/1")

    def publish(tx: object, item: str, at: datetime) -> None:
        item_id, texts = ItemId(item), tx.texts  # type: ignore[attr-defined]
        event = published(
            item,
            title=texts.put(item_id, f"Title of {item}"),
            text=texts.put(item_id, "Words"),
            about=texts.put(item_id, about_to_text(about)),
        )
        tx.log.append(f"feed:{event.feed}", [event], now=at)  # type: ignore[attr-defined]

    for hour, item in enumerate(("a/1", "b/1", "a/2")):
        store.write(lambda tx, item=item, hour=hour: publish(tx, item, AT + timedelta(hours=hour))).result()
    record(store, ItemWithdrawn(ITEM, FEED, "tombstone", AT, AT, ()))

    def shown(texts: bool = False, **wanted: object) -> list[str]:
        with store.views() as views:
            return [row.title for row in views.items(ItemFilter(**wanted), texts=texts)]  # type: ignore[arg-type]

    assert shown() == ["Title of a/2", "Title of b/1", "Title of a/1"]
    assert shown(feed="a") == ["Title of a/2", "Title of a/1"]
    assert shown(since=AT + timedelta(hours=1)) == ["Title of a/2", "Title of b/1"]
    assert shown(state="withdrawn") == shown(item="a/1") == ["Title of a/1"]
    with store.views() as views:
        (short,), (full,) = (list(views.items(ItemFilter(item=ITEM), texts=texts)) for texts in (False, True))
        assert (short.link, short.text, short.about) == ("http://a.example/1", "", None)
        assert (full.text, full.about, full.observed_at, full.state) == ("Words", about, AT, "withdrawn")
        assert views.counts()["items"] == 3
        assert views.counts()["unread"] == 4


def tables(store: SqlStore) -> dict[str, list[tuple[object, ...]]]:
    with store.read() as tx:
        connection = tx.connection  # type: ignore[attr-defined]  # the SQL transaction's own
        return {
            table.name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in READ_TABLES
        }


def test_a_rebuild_that_fails_leaves_everything_as_it_was(store: SqlStore, published: Publish) -> None:
    record(store, published("a/1"))
    before = tables(store)

    def stop(position: Position) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(store, stop)
    assert tables(store) == before


STEPS = st.lists(
    st.tuples(st.integers(0, 18), st.integers(0, 2), st.sampled_from(["a", "b", "c"])), min_size=1, max_size=40
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.integers(1, 12))
def test_a_rebuild_says_what_live_said(store: SqlStore, published: Publish, steps: list, together: int) -> None:  # type: ignore[type-arg]
    events = list(lives(steps, published, serial=store.commits))
    for start in range(0, len(events), together):
        record(store, *events[start : start + together])
    live = tables(store)
    assert rebuild(store) == head(store)
    assert tables(store) == live


def head(store: SqlStore) -> int:
    with store.read() as tx:
        return tx.log.head().position


def lives(steps: list[tuple[int, int, str]], published: Publish, serial: int) -> Iterator[Event]:
    """A plausible log from small choices: an item is published before anything else happens to it."""
    known: dict[str, tuple[ItemPublished, int]] = {}
    alerts: list[AlertId] = []
    for number, (step, which, name) in enumerate(steps):
        item, feed, rule = ItemId(f"{name}/{serial}-{which}"), FeedId(name), RuleId(f"rule {which}")
        if item not in known:
            known[item] = (published(item, keys=(Key(f"guid:{which}"), Key(f"link:{item}"))), 1)
            yield known[item][0]
        first, version = known[item]
        match step:
            case 0 | 1:
                known[item] = (first, version + 1)
                yield revised(first, version + 1)
            case 2 | 3:
                alerts.append(AlertId(f"{serial} {number}"))
                yield replace(alert(alerts[-1], held="reissue" if step == 2 else "", item=item), rule=rule)
            case 4 if alerts:
                yield AlertReleased(alerts[which % len(alerts)], rule, "by hand")
            case 5:
                yield RuleDefined(rule, name, {}, None, ("appeared",), (), "high", "title")
            case _:
                yield one_of(step, item, feed, FeedId("abc"[which]), rule)


def one_of(step: int, item: ItemId, feed: FeedId, other: FeedId, rule: RuleId) -> Event:
    plain: list[Event] = [
        RuleRetired(rule),
        ItemRekeyed(item, feed, (Key(f"guid:{other}"),), "same link"),
        ItemAbsent(item, feed, AT, AT, (), SHOT),
        ItemDelisted(item, feed, "standing", AT, AT, ()),
        ItemWithdrawn(item, feed, "tombstone", AT, AT, ()),
        ItemRestored(item, feed, "absent", SHOT),
        FeedBaselined(feed, 3, "guid", SHOT),
        FeedDegraded(feed, AT, "dns", 3),
        FeedRecovered(feed, AT, "dns"),
        FeedUnwatched(feed, AT),
        FeedGap(feed, AT, "", 10, 12),
        FeedQuiet(feed, AT, ""),
        FeedGone(feed, AT, "http_410"),
        FeedMoved(feed, AT, "", "http://new.example/"),
        FeedRenamed(feed, other),
        TextErased(item, "clerk", "court order"),
        DeliverySettled(AlertId("1"), rule, "desk", 0, "dead", 9, "smtp 550"),  # type: ignore[arg-type]
    ]
    return plain[step % len(plain)]

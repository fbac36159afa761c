"""The reactor over a real store: what the log says becomes alerts and deliveries, once."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.facts import AlertFacts, FeedCard
from alerts.react import FOLLOWED_AT_ONCE, FOLLOWER, LONGEST_BEHIND, MOST_BEHIND, Reactor
from alerts.transitions import alert_id
from store import writer
from store.codec import about_to_text
from store.database import SqlStore, open_store
from store.events import (
    DAEMON_STREAM,
    About,
    AlertHeld,
    AlertRaised,
    AlertReleased,
    CaptureDigest,
    ChannelId,
    Content,
    Event,
    FeedDegraded,
    FeedGap,
    FeedId,
    FeedRecovered,
    FeedReissued,
    FeedUnwatched,
    Hit,
    ItemAbsent,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
    NetworkLost,
    NetworkRestored,
    Position,
    Recorded,
    RuleDefined,
    RuleId,
    RuleRetired,
    SettingsApplied,
    feed_stream,
    rule_stream,
)
from store.ports import Delivery, StoreUnavailable, Transaction

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
FEED = FeedId("ministry")
CAPTURE = CaptureDigest("sha256:" + "c" * 64)
EVERY_TRANSITION = ("appeared", "changed", "dropped", "withdrawn", "restored", "delisted")
SYRIA = RuleDefined(
    RuleId("syria"), "Syria", {}, None, EVERY_TRANSITION, (ChannelId("desk"),), "normal", "wording"
)  # fmt: skip


class OneDeliveryEach:
    """A composer whose message is the rule's name; remembers the facts it was given."""

    def __init__(self) -> None:
        self.facts: list[AlertFacts] = []

    def deliveries(self, facts: AlertFacts) -> Sequence[Delivery]:
        self.facts.append(facts)
        alert = facts.alert
        return [
            Delivery(
                id=f"{alert.alert}/{channel}",
                alert=alert.alert,
                rule=alert.rule,
                channel=channel,
                recipient="",
                number=0,
                transition=alert.transition,
                item=alert.item,
                body=alert.rule.encode(),
                created_at=facts.recorded_at,
            )
            for channel in facts.rule.notify
        ]


class World:
    """A store with a reactor, and short words for what happens in a feed."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.composer = OneDeliveryEach()
        self.now = START
        self.reactor = self.another_reactor()

    def another_reactor(self) -> Reactor:
        return Reactor(self.store, self.composer, {FEED: FeedCard(FEED, "Ministry", "")}, now=lambda: self.now)

    def append(self, stream: str, *events: Event) -> tuple[Recorded, ...]:
        self.now += timedelta(minutes=1)
        return self.store.write(lambda tx: tx.log.append(stream, events, now=self.now)).result()

    def rules(self, *rules: RuleDefined) -> None:
        for rule in rules:
            self.append(rule_stream(rule.rule), rule)

    def content(self, item: ItemId, title: str, text: str) -> Content:
        def put(tx: Transaction) -> Content:
            about = about_to_text(About("Press Office", ("aid",), "https://ministry.example/1"))
            texts = [tx.texts.put(item, one) for one in (title, text, about)]
            return Content(*texts, "", "en", "", "", None, None)

        return self.store.write(put).result()

    def published(self, name: str, text: str, hold: str = "") -> ItemPublished:
        item = ItemId(f"{FEED}/{name}")
        content = self.content(item, f"Statement {name}", text)
        return ItemPublished(
            item=item,
            feed=FEED,
            keys=(),
            content=content,
            baseline=hold == "first-fetch",
            backdated=False,
            surfaced=False,
            hold=hold,
            capture=CAPTURE,
            parser="p",
        )

    def revised(self, name: str, text: str, to: int, kind: str = "wording", hold: str = "") -> ItemRevised:
        item = ItemId(f"{FEED}/{name}")
        return ItemRevised(
            item=item,
            feed=FEED,
            keys=(),
            content=self.content(item, f"Statement {name}", text),
            kind=kind,  # type: ignore[arg-type]  # tests pass kinds as plain text
            flags=(),
            fields=("text",),
            from_version=to - 1,
            to_version=to,
            reverts_to=None,
            hold=hold,
            capture=CAPTURE,
            parser="p",
        )

    def in_feed(self, *events: Event) -> tuple[Recorded, ...]:
        return self.append(feed_stream(FEED), *events)

    def react(self) -> list[AlertRaised | AlertHeld]:
        """React to all there is; the alerts that came of it, in order."""
        with self.store.read() as tx:
            before = tx.log.head().position
        while self.reactor.run_once():
            pass
        return self.alerts(before)

    def alerts(self, after: int = 0) -> list[AlertRaised | AlertHeld]:
        with self.store.read() as tx:
            kinds = (AlertRaised.KIND, AlertHeld.KIND)
            events = [one.event for one in tx.log.read(Position(after), 10_000, kinds=kinds)]
        return [event for event in events if isinstance(event, AlertRaised | AlertHeld)]

    def checkpoint(self) -> int:
        with self.store.read() as tx:
            return tx.checkpoints.get(FOLLOWER)

    def told(self) -> list[tuple[str, str]]:
        return [(alert.rule, alert.transition) for alert in self.react()]

    def outbox(self) -> list[tuple[str, str, str]]:
        with self.store.views() as views:
            return [(one.rule, one.state, one.reason) for one in views.deliveries()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", migrate=True) as store:
        yield World(store)


def test_a_statement_that_matches_is_raised_with_its_places_and_queued(world: World) -> None:
    world.rules(SYRIA)
    (cause,) = world.in_feed(world.published("a", "Aid for Syria’s north"))
    (alert,) = world.react()
    assert alert == AlertRaised(
        alert=alert_id(RuleId("syria"), f"{FEED}/a", "appeared", cause.position),
        rule=RuleId("syria"),
        feed=FEED,
        item=ItemId(f"{FEED}/a"),
        transition="appeared",
        cause=cause.position,
        version=1,
        before=None,
        hits=(Hit("Syria", "text", 8, 13),),
        topics=(),
        follows=None,
    )
    assert world.outbox() == [("syria", "pending", "")]
    facts = world.composer.facts[0]
    assert (facts.item and facts.item.text, facts.feed.title) == ("Aid for Syria’s north", "Ministry")


def test_what_does_not_match_costs_no_commit_and_the_checkpoint_follows_ten_seconds_later(world: World) -> None:
    world.rules(SYRIA)
    world.in_feed(world.published("a", "Syriac manuscripts"))
    world.now += timedelta(hours=1)
    assert world.told() == []
    assert world.checkpoint() == 0
    world.now += LONGEST_BEHIND
    assert world.told() == []
    assert world.checkpoint() == 2


def test_the_checkpoint_moves_with_what_is_raised_with_a_stop_and_when_much_was_read(world: World) -> None:
    world.rules(SYRIA)
    world.in_feed(world.published("a", "Syriac manuscripts"))
    world.react()
    world.in_feed(world.published("b", "Syria"))
    world.react()
    assert world.checkpoint() == 4, "with the alert"
    world.in_feed(world.published("c", "Syriac"))
    world.react()
    world.reactor.settle()
    assert world.checkpoint() == 5, "with a stop"
    world.in_feed(*(NetworkRestored(START, "") for _ in range(MOST_BEHIND)))
    world.react()
    assert world.checkpoint() == 5 + MOST_BEHIND


def test_what_was_read_again_after_a_kill_is_judged_as_before(world: World) -> None:
    world.rules(SYRIA)
    world.in_feed(world.published("a", "Syriac manuscripts"), world.published("b", "Syria"))
    world.react()
    world.in_feed(world.published("c", "Syriac"), world.revised("b", "Damascus", to=2, kind="dates"))
    world.react()
    before = world.alerts()
    world.reactor = world.another_reactor()
    world.in_feed(world.published("d", "Syria again"))
    assert world.told() == [("syria", "appeared")]
    assert world.alerts()[:-1] == before


def test_a_batch_whose_commit_fails_is_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.rules(SYRIA)
    world.in_feed(world.published("a", "Syria"))

    def lost(name: str) -> None:
        if name == "before_commit":
            raise StoreUnavailable("store_full", "no room")

    monkeypatch.setattr(writer, "reach", lost)
    with pytest.raises(StoreUnavailable):
        world.reactor.run_once()
    monkeypatch.undo()
    assert world.told() == [("syria", "appeared")]


def test_a_life_of_an_item_is_told_in_order_and_follows_the_first_alert(world: World) -> None:
    world.rules(SYRIA)
    item = ItemId(f"{FEED}/a")
    world.in_feed(world.published("a", "On Syria"))
    (first,) = world.react()
    for event, expected in (
        (world.revised("a", "On Syria again", 2), "changed"),
        (world.revised("a", "On nothing", 3), "dropped"),
        (world.revised("a", "On Syria again", 4), "appeared"),
        (ItemAbsent(item, FEED, START, START, (), CAPTURE), None),
        (ItemWithdrawn(item, FEED, "page-gone", START, START, ()), "withdrawn"),
        (ItemRestored(item, FEED, "withdrawn", CAPTURE), "restored"),
    ):
        world.in_feed(event)
        alerts = world.react()
        assert [alert.transition for alert in alerts] == ([expected] if expected else [])
        assert [alert.follows for alert in alerts] == ([first.alert] if expected else [])


def test_a_drop_shows_where_the_terms_stood_before(world: World) -> None:
    world.rules(SYRIA)
    world.in_feed(world.published("a", "Now in Syria"))
    world.in_feed(world.revised("a", "Now gone", 2))
    dropped = world.react()[-1]
    assert dropped.transition == "dropped"
    assert dropped.hits == (Hit("Syria", "text", 7, 12),)
    assert (dropped.version, dropped.before) == (2, 1)


def test_the_first_fetch_is_held_and_a_later_edit_is_the_first_alert(world: World) -> None:
    world.rules(SYRIA)
    world.in_feed(world.published("a", "On Syria", hold="first-fetch"))
    (held,) = world.react()
    assert isinstance(held, AlertHeld)
    assert held.reason == "first-fetch"
    assert world.outbox() == [("syria", "held", "first-fetch")]
    world.in_feed(world.revised("a", "On Syria, edited", 2))
    (changed,) = world.react()
    assert isinstance(changed, AlertRaised)
    assert changed.follows is None


def test_what_a_rule_told_of_it_tells_the_end_of_even_when_the_topic_is_gone(world: World) -> None:
    world.rules(SYRIA, replace(SYRIA, rule=RuleId("iran"), match="Iran"))
    world.in_feed(world.published("a", "On Syria"), world.revised("a", "On nothing", 2))
    world.react()
    world.in_feed(ItemWithdrawn(ItemId(f"{FEED}/a"), FEED, "tombstone", START, START, ()))
    assert world.told() == [("syria", "withdrawn")]


def test_a_held_alert_counts_as_told_once_it_is_released(world: World) -> None:
    world.rules(SYRIA)
    world.in_feed(
        world.published("a", "On Syria", hold="surfaced"), world.revised("a", "On nothing", 2, hold="surfaced")
    )
    held = world.react()
    withdrawn = ItemWithdrawn(ItemId(f"{FEED}/a"), FEED, "tombstone", START, START, ())
    world.in_feed(withdrawn)
    assert world.told() == []
    world.append(rule_stream(RuleId("syria")), AlertReleased(held[0].alert, RuleId("syria"), "checked"))
    world.in_feed(withdrawn)
    (alert,) = world.react()
    assert (alert.transition, alert.follows) == ("withdrawn", held[0].alert)


def test_a_return_from_a_delisting_is_told_only_by_rules_that_told_of_the_delisting(world: World) -> None:
    quiet = replace(SYRIA, rule=RuleId("quiet"), on=("appeared", "withdrawn", "restored"))
    world.rules(SYRIA, quiet)
    item = ItemId(f"{FEED}/a")
    world.in_feed(world.published("a", "On Syria"))
    world.react()
    world.in_feed(ItemDelisted(item, FEED, "standing", START, START, ()))
    world.in_feed(ItemRestored(item, FEED, "delisted", CAPTURE))
    assert world.told() == [("syria", "delisted"), ("syria", "restored")]


def test_reading_the_log_again_raises_nothing_twice(world: World) -> None:
    world.rules(SYRIA)
    world.in_feed(world.published("a", "On Syria"), FeedDegraded(FEED, START, "timeout", 3))
    world.rules(replace(SYRIA, rule=RuleId("health"), match="", on=("degraded",)))
    before = world.react()
    world.store.write(lambda tx: tx.checkpoints.set(FOLLOWER, Position(0))).result()
    assert world.react() == []
    assert world.alerts() == before
    assert len(world.outbox()) == len(before)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_small_batches_come_to_the_same_as_one_large(world: World, limit: int) -> None:
    world.rules(SYRIA)
    world.in_feed(world.published("a", "On Syria"), world.published("b", "Of nothing"), world.published("c", "Syria"))
    world.in_feed(world.revised("a", "On Syria, edited", 2))
    while world.reactor.run_once(limit):
        pass
    assert [(alert.item, alert.transition) for alert in world.alerts()] == [
        ("ministry/a", "appeared"),
        ("ministry/c", "appeared"),
        ("ministry/a", "changed"),
    ]


def test_a_rule_counts_from_where_the_log_defines_it_to_where_it_retires_it(world: World) -> None:
    world.in_feed(world.published("a", "Syria"))
    world.rules(SYRIA)
    world.in_feed(world.published("b", "Syria"))
    world.append(rule_stream(SYRIA.rule), RuleRetired(SYRIA.rule))
    world.in_feed(world.published("c", "Syria"))
    assert [alert.item for alert in world.react()] == ["ministry/b"]


def test_a_restart_takes_the_rules_in_force_from_the_log(world: World) -> None:
    world.rules(SYRIA)
    world.react()
    world.reactor = world.another_reactor()
    world.in_feed(world.published("a", "Syria"))
    assert world.told() == [("syria", "appeared")]


def test_editing_a_rule_raises_nothing_and_both_texts_are_judged_by_the_new_one(world: World) -> None:
    world.rules(SYRIA)
    world.in_feed(world.published("a", "Iran and Iraq"))
    world.rules(replace(SYRIA, match="Iran"))
    assert world.told() == []
    world.in_feed(world.revised("a", "Iran and Oman", 2))
    assert world.told() == [("syria", "changed")]


def test_a_rule_looks_only_at_its_feeds(world: World) -> None:
    world.rules(replace(SYRIA, feeds=(FeedId("other"),)), replace(SYRIA, rule=RuleId("here"), feeds=(FEED,)))
    world.in_feed(world.published("a", "Syria"), FeedDegraded(FEED, START, "timeout", 3))
    assert world.told() == [("here", "appeared")]


def test_health_is_told_to_the_rules_that_ask_for_it(world: World) -> None:
    world.rules(replace(SYRIA, rule=RuleId("sources"), match="", on=("degraded", "recovered", "reissued")))
    world.in_feed(FeedDegraded(FEED, START, "timeout", 3), FeedRecovered(FEED, START, "timeout"))
    world.append(DAEMON_STREAM, NetworkLost(START, "no route", 9, 10), NetworkRestored(START, "no route"))
    assert [(alert.transition, alert.feed, alert.item) for alert in world.react()] == [
        ("degraded", FEED, None),
        ("recovered", FEED, None),
        ("degraded", "", None),
        ("recovered", "", None),
    ]


def test_a_gap_is_told_to_the_rules_that_ask_for_it_and_does_not_make_the_source_blind(world: World) -> None:
    world.rules(SYRIA, replace(SYRIA, rule=RuleId("sources"), match="", on=("gap",)))
    world.in_feed(world.published("a", "Syria"), FeedGap(FEED, START, "nothing listed before is listed now", 10, 12))
    assert world.told() == [("syria", "appeared"), ("sources", "gap")]
    assert [facts.blind_since for facts in world.composer.facts] == [None, None]


@pytest.mark.parametrize("reissued_first", [True, False])
def test_a_reissue_is_told_once_to_the_rules_whose_alerts_it_holds(world: World, reissued_first: bool) -> None:
    world.rules(SYRIA, replace(SYRIA, rule=RuleId("iran"), match="Iran"))
    items = [world.published(name, "Syria", hold="reissue") for name in "abc"]
    reissued = FeedReissued(FEED, START, "reissue", 10, 6, 0)
    world.in_feed(*([reissued, *items] if reissued_first else [*items, reissued]))
    world.reactor.run_once(2)
    while world.reactor.run_once(2):
        pass
    alerts = world.alerts()
    assert sorted(alert.transition for alert in alerts) == ["appeared"] * 3 + ["reissued"]
    assert {alert.rule for alert in alerts} == {"syria"}
    assert {alert.reason for alert in alerts if isinstance(alert, AlertHeld)} == {"reissue"}


def test_an_erased_text_is_passed_over_and_its_withdrawal_still_told(world: World) -> None:
    world.rules(SYRIA)
    published = world.published("a", "Syria")
    world.in_feed(published)
    world.react()
    edit = world.revised("a", "Syria, edited", 2)
    world.in_feed(replace(edit, content=replace(edit.content, text=published.content.title[::-1])))
    assert world.told() == []
    world.in_feed(ItemWithdrawn(published.item, FEED, "tombstone", START, START, ()))
    assert world.told() == [("syria", "withdrawn")]


def test_an_alert_within_a_blind_spell_says_since_when_we_were_blind(world: World) -> None:
    world.rules(SYRIA)
    blind = START - timedelta(hours=3)
    world.in_feed(FeedDegraded(FEED, blind, "timeout", 3))
    world.in_feed(world.published("a", "Syria"), FeedRecovered(FEED, blind, "timeout"))
    world.in_feed(world.published("b", "Syria"))
    world.react()
    assert [facts.blind_since for facts in world.composer.facts] == [blind, None]


def test_an_alert_after_a_time_in_which_nobody_looked_says_since_when(world: World) -> None:
    world.rules(SYRIA)
    blind = START - timedelta(hours=3)
    world.in_feed(FeedUnwatched(FEED, blind), world.published("a", "Syria"))
    world.in_feed(world.published("b", "Syria"))
    world.react()
    assert [facts.blind_since for facts in world.composer.facts] == [blind, None]


def test_the_first_news_after_our_network_came_back_says_so(world: World) -> None:
    world.rules(SYRIA)
    blind = START - timedelta(hours=3)
    world.append(DAEMON_STREAM, NetworkLost(blind, "dns", 9, 10), NetworkRestored(blind, "dns"))
    world.in_feed(world.published("a", "Syria"))
    world.in_feed(world.published("b", "Syria"))
    world.react()
    assert [facts.blind_since for facts in world.composer.facts] == [blind, None]


def test_a_batch_that_fails_leaves_nothing_behind_and_is_read_again(world: World) -> None:
    world.rules(SYRIA)
    world.react()
    world.in_feed(world.published("a", "Syria"))
    world.rules(replace(SYRIA, match="Iran"))
    world.in_feed(world.published("b", "Iran"))
    deliveries = world.composer.deliveries

    def broken(facts: AlertFacts) -> Sequence[Delivery]:
        if facts.alert.item == "ministry/b":
            raise RuntimeError("a template is broken")
        return deliveries(facts)

    world.composer.deliveries = broken  # type: ignore[method-assign]  # the fault
    with pytest.raises(RuntimeError):
        world.reactor.run_once()
    assert (world.alerts(), world.outbox()) == ([], [])
    world.composer.deliveries = deliveries  # type: ignore[method-assign]  # mended
    assert [alert.item for alert in world.react()] == ["ministry/a", "ministry/b"]


def test_events_that_concern_no_rule_are_passed_over_in_bulk(world: World) -> None:
    world.append(DAEMON_STREAM, *[SettingsApplied("d", "f", (), "p")] * 500)
    assert world.reactor.run_once(10) is False
    assert world.reactor.run_once(10) is False


def following(world: World) -> None:
    """From here on the reactor, which has something to remember, reads on in each transaction of the store."""
    world.in_feed(world.published("first", "On nothing"))
    world.react()
    world.store.follow(world.reactor.follow)


def test_an_alert_becomes_durable_by_the_commit_of_its_cause_once(world: World) -> None:
    world.rules(SYRIA)
    following(world)
    statement = world.published("a", "On Syria")
    before = world.store.commits
    world.in_feed(statement)
    assert world.store.commits == before + 1
    assert [(alert.rule, alert.item) for alert in world.alerts()] == [("syria", "ministry/a")]
    assert world.outbox() == [("syria", "pending", "")]
    assert world.told() == []


def test_a_change_of_rules_is_not_waited_for_by_who_records(world: World) -> None:
    following(world)
    world.rules(SYRIA)
    world.in_feed(world.published("a", "On Syria"))
    assert world.alerts() == []
    assert world.told() == [("syria", "appeared")]
    assert world.reactor.run_once() is False
    world.in_feed(world.published("b", "On Syria"))
    assert [alert.item for alert in world.alerts()] == ["ministry/a", "ministry/b"]


def test_of_many_events_at_once_the_rest_is_left_for_later(world: World) -> None:
    world.rules(SYRIA)
    following(world)
    statements = [world.published(f"{number:02}", "On Syria") for number in range(FOLLOWED_AT_ONCE + 5)]
    world.in_feed(*statements)
    assert len(world.alerts()) == FOLLOWED_AT_ONCE
    assert len(world.told()) == 5
    assert [alert.item for alert in world.alerts()] == [statement.item for statement in statements]


def test_who_records_loses_nothing_by_an_alert_that_cannot_be_rendered(world: World) -> None:
    world.rules(SYRIA)
    following(world)
    statement, deliveries = world.published("a", "On Syria"), world.composer.deliveries

    def broken(facts: AlertFacts) -> Sequence[Delivery]:
        raise RuntimeError("a template is broken")

    world.composer.deliveries = broken  # type: ignore[method-assign]  # the fault
    (recorded,) = world.in_feed(statement)
    assert recorded.event == statement
    assert (world.alerts(), world.outbox()) == ([], [])
    with pytest.raises(RuntimeError):
        world.reactor.run_once()
    world.composer.deliveries = deliveries  # type: ignore[method-assign]  # mended
    assert world.told() == [("syria", "appeared")]


def test_an_alert_that_was_lost_with_its_cause_is_raised_when_that_is_recorded_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.rules(SYRIA)
    following(world)
    statement = world.published("a", "On Syria")
    head = world.store.write(lambda tx: tx.log.head()).result()

    def lost(name: str) -> None:
        if name == "before_commit":
            raise StoreUnavailable("store_full", "no room")

    monkeypatch.setattr(writer, "reach", lost)
    with pytest.raises(StoreUnavailable):
        world.in_feed(statement)
    monkeypatch.undo()
    assert world.store.write(lambda tx: tx.log.head()).result() == head
    world.in_feed(statement)
    world.react()
    assert [(alert.rule, alert.item) for alert in world.alerts()] == [("syria", "ministry/a")]
    assert world.outbox() == [("syria", "pending", "")]

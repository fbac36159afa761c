"""A replay of the log through rules says what the reactor did; and what two sets differ in, their replays differ in."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import replay as replaying
from alerts.comparison import Change, Comparison, Side, with_former_feeds
from alerts.dead_terms import DeadTerms
from alerts.facts import AlertFacts, FeedCard
from alerts.react import Reactor
from alerts.replay import Firing, former_names, replay
from alerts.rules import RuleSet
from store.codec import about_to_text
from store.database import SqlStore, open_store
from store.events import (
    DAEMON_STREAM,
    About,
    AlertHeld,
    AlertRaised,
    AlertReleased,
    CaptureDigest,
    Content,
    Event,
    FeedDegraded,
    FeedId,
    FeedRecovered,
    FeedReissued,
    FeedRenamed,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
    NetworkLost,
    Position,
    RuleDefined,
    RuleId,
    TextErased,
    feed_stream,
    rule_stream,
)
from store.ports import Delivery, Transaction
from store.walk import events, position_before

START = datetime(2026, 11, 1, tzinfo=UTC)
CAPTURE = CaptureDigest("sha256:" + "c" * 64)
EVERY = ("appeared", "changed", "dropped", "withdrawn", "restored", "delisted")
HEALTH = ("degraded", "recovered", "reissued")
FEEDS = (FeedId("ministry"), FeedId("embassy"))
TEXTS = ("On Syria.", "On Syria and aid.", "Aid, again.", "On nothing.", "Syria: flour", "flour for Iran")


def rule(name: str, match: str, on: tuple[str, ...] = EVERY, feeds: tuple[FeedId, ...] | None = None) -> RuleDefined:
    return RuleDefined(RuleId(name), match, {}, feeds, on, (), "normal", "wording")


RULES = (
    rule("syria", "Syria"),
    rule("aid", "aid OR flour", ("appeared", "withdrawn", "restored"), FEEDS[:1]),
    rule("without", "NOT Syria", ("appeared", "changed", "withdrawn", "restored")),
    rule("cut", "removed:Syria", ("changed",)),
    rule("sources", "", HEALTH),
)
OTHERS = (rule("syria", "Syria AND NOT aid"), rule("aid", "aid", feeds=FEEDS), RULES[2], rule("new", "flour"))


class Nobody:
    """A composer that tells nobody."""

    def deliveries(self, facts: AlertFacts) -> Sequence[Delivery]:
        return ()


@dataclass
class World:
    """A store, its reactor, and short words for what happens."""

    store: SqlStore
    now: datetime = START
    versions: dict[ItemId, int] = field(default_factory=dict)
    about: About = About("", (), "")  # noqa: RUF009 - frozen

    def append(self, stream: str, *happened: Event) -> None:
        self.now += timedelta(hours=1)
        self.store.write(lambda tx: tx.log.append(stream, happened, now=self.now)).result()

    def rules(self, *rules: RuleDefined) -> None:
        for each in rules:
            self.append(rule_stream(each.rule), each)

    def content(self, item: ItemId, text: str) -> Content:
        def put(tx: Transaction) -> Content:
            about = about_to_text(self.about)
            return Content(*(tx.texts.put(item, one) for one in (text, text, about)), "", "en", "", "", None, None)

        return self.store.write(put).result()

    def item(self, feed: FeedId, name: str, text: str, hold: str = "") -> None:
        """A statement, or its next version."""
        item = ItemId(f"{feed}/{name}")
        number = self.versions[item] = self.versions.get(item, 0) + 1
        content = self.content(item, text)
        if number == 1:
            happened: Event = ItemPublished(item, feed, (), content, False, False, False, hold, CAPTURE, "t")
        else:
            fields = ("title", "text")
            happened = ItemRevised(
                item, feed, (), content, "wording", (), fields, number - 1, number, None, hold, CAPTURE, "t"
            )
        self.append(feed_stream(feed), happened)

    def react(self, limit: int = 200) -> None:
        """A reactor that has just started reads on."""
        reactor = Reactor(self.store, Nobody(), {}, now=lambda: self.now)
        while reactor.run_once(limit):
            pass
        reactor.settle()

    def alerts(self) -> dict[str, str]:
        """Every alert of the log with the reason why it was held."""
        with self.store.read() as tx:
            told = [one.event for one in events(tx.log, kinds=[AlertRaised.KIND, AlertHeld.KIND])]
        return {one.alert: one.reason if isinstance(one, AlertHeld) else "" for one in told}

    def firings(self, rules: RuleSet, after: int = 0) -> list[list[Firing]]:
        with self.store.read() as tx:
            head = tx.log.head().position
        pages = replay(self.store, rules, {}, Position(after), head)
        return [list(firings) for page in pages for firings in page.firings]

    def would(self, *rules: RuleDefined, after: int = 0) -> dict[str, str]:
        flat = [one for firings in self.firings(RuleSet.compile(rules), after) for one in firings]
        assert len({one.alert for one in flat}) == len(flat)
        return {one.alert: one.hold for one in flat}


@contextmanager
def world_of(empty: Path) -> Iterator[World]:
    with TemporaryDirectory() as folder:
        shutil.copy(empty, f"{folder}/store.db")
        with open_store(f"sqlite:///{folder}/store.db", migrate=True) as store:
            yield World(store)


@pytest.fixture
def world(empty_store: Path) -> Iterator[World]:
    with world_of(empty_store) as made:
        yield made


# --- laws over made-up histories --------------------------------------------------------------------------------------

NAMES = st.tuples(st.sampled_from(FEEDS), st.sampled_from("ab"))
STEPS = st.one_of(
    st.tuples(st.just("item"), NAMES, st.sampled_from(TEXTS), st.sampled_from(("", "", "first-fetch", "reissue"))),
    st.tuples(st.just("leaves"), NAMES, st.sampled_from(("withdrawn", "delisted", "absent"))),
    st.tuples(st.just("source"), st.sampled_from(FEEDS), st.sampled_from(("degraded", "recovered", "reissued", "net"))),
    st.tuples(st.just("release"), st.integers(0, 20)),
    st.tuples(st.just("react"), st.integers(1, 5)),
)
HISTORIES = st.lists(STEPS, min_size=3, max_size=14)
few = settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def live(world: World, history: Sequence[tuple]) -> None:  # type: ignore[type-arg]  # steps as drawn
    away: dict[ItemId, str] = {}
    for step, *said in history:
        match step:
            case "item":
                (feed, name), text, hold = said
                world.item(feed, name, text, hold)
            case "leaves":
                (feed, name), how = said
                item = ItemId(f"{feed}/{name}")
                if item not in world.versions:
                    continue
                world.append(feed_stream(feed), _leaving(item, feed, how, away))
            case "source":
                world.append(*_of_source(*said))
            case "release":
                world.react()
                release(world, said[0])
            case "react":
                world.react(said[0])


def _leaving(item: ItemId, feed: FeedId, how: str, away: dict[ItemId, str]) -> Event:
    """It goes; when it is away already, it comes back."""
    if was := away.pop(item, ""):
        return ItemRestored(item, feed, was, CAPTURE)  # type: ignore[arg-type]  # one of the three
    away[item] = how
    if how == "withdrawn":
        return ItemWithdrawn(item, feed, "page-gone", START, START, ())
    return ItemDelisted(item, feed, "standing", START, START, ())


def _of_source(feed: FeedId, how: str) -> tuple[str, Event]:
    match how:
        case "degraded":
            return feed_stream(feed), FeedDegraded(feed, START, "timeout", 3)
        case "recovered":
            return feed_stream(feed), FeedRecovered(feed, START, "timeout")
        case "reissued":
            return feed_stream(feed), FeedReissued(feed, START, "reissue", 10, 6, 0)
        case _:
            return DAEMON_STREAM, NetworkLost(START, "no route", 9, 10)


def release(world: World, number: int) -> None:
    """A held alert is let out by hand."""
    with world.store.read() as tx:
        told = [one.event for one in events(tx.log, kinds=[AlertHeld.KIND])]
    held = [one for one in told if isinstance(one, AlertHeld)]
    if held:
        chosen = held[number % len(held)]
        world.append(rule_stream(chosen.rule), AlertReleased(chosen.alert, chosen.rule, "checked"))


def check_that_the_rules_really_in_force_would_have_raised_what_was_raised(empty: Path, history: list) -> None:
    with world_of(empty) as world:
        world.rules(*RULES)
        live(world, history)
        world.react()
        assert world.would(*RULES) == world.alerts()


def check_that_the_difference_of_two_sets_is_that_of_their_replays(empty: Path, history: list) -> None:
    with world_of(empty) as world:
        live(world, history)
        comparison = Comparison(RULES, OTHERS)
        sides: dict[Side, set[str]] = {side: set() for side in Side}
        for firings in world.firings(comparison.rules):
            for _, side, firing in comparison.sided(firings):
                sides[side].add(firing.alert)
        present, proposed = world.would(*RULES).keys(), world.would(*OTHERS).keys()
        assert sides == {
            Side.BOTH: present & proposed, Side.GAINED: proposed - present, Side.LOST: present - proposed,
        }  # fmt: skip


def check_that_a_later_start_tells_the_same_from_there_on(empty: Path, history: list) -> None:
    with world_of(empty) as world:
        live(world, history)
        whole = [one for firings in world.firings(RuleSet.compile(RULES)) for one in firings]
        with world.store.read() as tx:
            head = tx.log.head().position
        for after in range(0, head, 3):
            assert world.would(*RULES, after=after) == {
                one.alert: one.hold for one in whole if one.cause.position > after
            }


LAWS = [
    check_that_the_rules_really_in_force_would_have_raised_what_was_raised,
    check_that_the_difference_of_two_sets_is_that_of_their_replays,
    check_that_a_later_start_tells_the_same_from_there_on,
]


A = (FEEDS[0], "a")
GOES, COMES = ("leaves", A, "withdrawn"), ("leaves", A, "")
LOST_ITS_TOPIC = [("item", A, "On Syria.", ""), ("item", A, "On nothing.", "")]
HELD = [("item", A, "On Syria.", "reissue"), ("item", A, "On nothing.", "reissue")]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize(
    "history",
    [
        pytest.param([*LOST_ITS_TOPIC, GOES, COMES, GOES], id="it goes when it matches no more"),
        pytest.param([*LOST_ITS_TOPIC, ("leaves", A, "delisted"), COMES, GOES, COMES], id="delisted, then withdrawn"),
        pytest.param([*HELD, GOES, COMES], id="what was held is not told of"),
        pytest.param([*HELD, ("release", 0), GOES, COMES], id="unless somebody releases it"),
        pytest.param([*HELD, GOES, ("release", 0), COMES, GOES], id="and from then on only"),
        pytest.param([("item", A, "Aid.", "reissue"), ("source", FEEDS[0], "reissued")], id="a reissue"),
    ],
)
def test_the_laws_hold_for_what_is_known_to_be_hard(empty_store, law, history):
    law(empty_store, history)


@few
@given(history=HISTORIES)
def test_the_laws_hold(empty_store, history):
    for law in LAWS:
        law(empty_store, history)


@pytest.mark.long
@pytest.mark.parametrize("law", LAWS)
@many
@given(history=HISTORIES)
def test_the_laws_hold_for_many_histories(empty_store, law, history):
    law(empty_store, history)


# --- what stands in the log as it was ---------------------------------------------------------------------------------


def test_texts_are_judged_as_they_were_then(world):
    for text in ("On nothing.", "On Syria.", "On nothing, again."):
        world.item(FEEDS[0], "a", text)
    told = [(one.transition, one.face.version) for (one,) in world.firings(RuleSet.compile(RULES[:1]))]
    assert told == [("appeared", 2), ("dropped", 2)]


@pytest.mark.parametrize("size", [1, 500])
def test_what_comes_while_it_reads_is_not_read(world, monkeypatch, size):
    monkeypatch.setattr(replaying, "PAGE", size)
    world.item(FEEDS[0], "a", "Syria")
    world.item(FEEDS[0], "b", "Syria")
    world.item(FEEDS[0], "later", "Syria")
    seen = []
    for page in replay(world.store, RuleSet.compile(RULES[:1]), {}, Position(0), Position(2)):
        seen += [one.item for firings in page.firings for one in firings]
        world.item(FEEDS[0], "c", "Syria")
    assert seen == ["ministry/a", "ministry/b"]


def test_pages_of_any_size_come_to_the_same(world, monkeypatch):
    for name in "abcde":
        world.item(FEEDS[0], name, "On Syria and flour")
    whole = world.would(*RULES)
    for size in (1, 2, 3):
        monkeypatch.setattr(replaying, "PAGE", size)
        assert world.would(*RULES) == whole


def test_an_erased_text_cannot_be_judged_and_is_counted(world):
    world.item(FEEDS[0], "a", "Syria")
    item = ItemId("ministry/a")

    def erase(tx: Transaction) -> None:
        tx.log.append(feed_stream(FEEDS[0]), [TextErased(item, "desk", "a leaked name")], now=world.now)
        tx.erasure.erase(item, ())

    world.store.write(erase).result()
    (page,) = replay(world.store, RuleSet.compile(RULES[:1]), {}, Position(0), Position(2))
    assert (page.erased, page.statements, page.firings) == (1, 1, [])


def test_a_feed_is_looked_at_under_the_names_it_had(world):
    world.item(FeedId("old"), "a", "Syria")
    world.append(feed_stream(FeedId("mid")), FeedRenamed(FeedId("mid"), FeedId("old")))
    world.append(feed_stream(FeedId("new")), FeedRenamed(FeedId("new"), FeedId("mid")))
    with world.store.read() as tx:
        formerly = former_names(tx)
    (here,) = with_former_feeds([rule("syria", "Syria", feeds=(FeedId("new"),))], formerly)
    assert here.feeds == ("new", "mid", "old")
    assert len(world.would(here)) == 1


def test_an_alert_after_a_blind_spell_says_so(world):
    world.append(feed_stream(FEEDS[0]), FeedDegraded(FEEDS[0], START, "timeout", 3))
    world.item(FEEDS[0], "a", "Syria")
    world.item(FEEDS[1], "a", "Syria")
    here, there = (one for (one,) in world.firings(RuleSet.compile(RULES[:1])))
    assert (here.blind_since, there.blind_since) == (START, None)


def test_the_language_of_the_feed_counts_where_an_item_names_none(world):
    def undeclared(tx: Transaction) -> None:
        item = ItemId("ministry/a")
        texts = [tx.texts.put(item, one) for one in ("x", "x", about_to_text(About("", (), "")))]
        content = Content(*texts, "", "", "", "", None, None)
        happened = ItemPublished(item, FEEDS[0], (), content, False, False, False, "", CAPTURE, "t")
        tx.log.append(feed_stream(FEEDS[0]), [happened], now=START)

    world.store.write(undeclared).result()
    rules = RuleSet.compile([rule("ru", "x lang:ru")])
    cards = {FEEDS[0]: FeedCard(FEEDS[0], "Ministry", "", "ru")}
    assert not world.firings(rules)
    assert [page for page in replay(world.store, rules, cards, Position(0), Position(1)) if page.firings]


@pytest.mark.parametrize("match", ["author:Lavrov", "category:aid", "link:kremlin.ru"])
def test_author_categories_and_link_are_read_where_a_rule_looks_at_them(world, match):
    world.about = About("Sergey Lavrov", ("aid",), "http://en.kremlin.ru/1")
    world.item(FEEDS[0], "a", "On Syria.")
    world.item(FEEDS[0], "a", "On Syria, again.")
    (first, second) = (one for (one,) in world.firings(RuleSet.compile([rule("about", match)])))
    assert (first.transition, second.transition) == ("appeared", "changed")
    (plain, *_) = (one for (one,) in world.firings(RuleSet.compile([RULES[0]])))
    assert (plain.face.author, plain.face.link) == ("", ""), "and not read for rules that do not"


def test_a_moment_is_found_in_the_log(world):
    for name in "abcdef":
        world.item(FEEDS[0], name, "x")
    with world.store.read() as tx:
        for hours in range(9):
            moment = START + timedelta(hours=hours, minutes=30)
            assert position_before(tx.log, moment) == min(hours, 6)


# --- two sets ---------------------------------------------------------------------------------------------------------


def test_what_becomes_of_each_rule():
    quiet = replace(RULES[0], notify=("ops",), severity="high", on=tuple(reversed(RULES[0].on)))
    comparison = Comparison([RULES[0], RULES[1], RULES[2]], [quiet, rule("aid", "aid"), rule("new", "x")])
    assert {name: each.change for name, each in comparison.named.items()} == {
        "syria": Change.SAME, "aid": Change.CHANGED, "without": Change.REMOVED, "new": Change.NEW,
    }  # fmt: skip


def test_a_wider_rule_tells_an_edit_where_the_narrow_one_told_an_appearance(world):
    world.item(FEEDS[0], "a", "Aid.")
    world.item(FEEDS[0], "a", "Aid for Syria.")
    comparison = Comparison([rule("r", "Syria")], [rule("r", "Syria OR aid")])
    told = [
        (side, firing.cause.position, firing.transition)
        for firings in world.firings(comparison.rules)
        for _, side, firing in comparison.sided(firings)
    ]
    assert sorted(told) == [(Side.GAINED, 1, "appeared"), (Side.GAINED, 2, "changed"), (Side.LOST, 2, "appeared")]


def test_a_term_is_dead_when_it_stood_in_no_version_of_any_statement_where_the_rule_looks(world):
    world.item(FEEDS[0], "a", "On Syria.")
    world.item(FEEDS[1], "a", "Aid")
    world.item(FEEDS[1], "a", "Flour")
    rules = [
        rule("some", "Syria OR Mali OR aid OR peace*"),
        rule("fields", "author:Syria OR title:Syria"),
        rule("author", "author:aid"),
        rule("alive", "flour", feeds=FEEDS[:1]),
        rule("edits", "removed:Mali"),
        rule("sources", "", HEALTH),
    ]
    search = DeadTerms(rules)
    with world.store.read() as tx:
        head = tx.log.head().position
    assert list(search.read(world.store, {}, Position(0), head)) == [head]
    assert search.of_rules == {"some": ["Mali", "peace*"], "author": ["aid"]}

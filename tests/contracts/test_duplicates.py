"""One statement in several feeds of a source: each rule tells of it once, live and replayed alike."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.cli.reasons import reasons_of
from alerts.facts import AlertFacts
from alerts.react import Reactor
from alerts.release import Releaser
from alerts.replay import replay
from alerts.rules import RuleSet
from store.codec import about_to_text
from store.database import SqlStore, open_store
from store.events import (
    About,
    AlertHeld,
    AlertRaised,
    CaptureDigest,
    Content,
    Event,
    FeedId,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
    Position,
    RuleDefined,
    RuleId,
    Twin,
    feed_stream,
    rule_stream,
)
from store.ports import Delivery, ItemFilter, Transaction
from store.walk import events

START = datetime(2026, 11, 1, tzinfo=UTC)
CAPTURE = CaptureDigest("sha256:" + "c" * 64)
EVERY = ("appeared", "changed", "dropped", "withdrawn", "restored", "delisted")


def rule(name: str, match: str, feeds: tuple[str, ...] | None = None, min_change: str = "wording") -> RuleDefined:
    scope = None if feeds is None else tuple(map(FeedId, feeds))
    return RuleDefined(RuleId(name), match, {}, scope, EVERY, (), "normal", min_change)  # type: ignore[arg-type]


class Nobody:
    """A composer that tells nobody."""

    def deliveries(self, facts: AlertFacts) -> Sequence[Delivery]:
        return ()


@dataclass
class World:
    """A store, and short words for what happens to one statement in feeds `a`, `b`, `c`."""

    store: SqlStore
    now: datetime = START
    versions: dict[str, int] = field(default_factory=dict)

    def append(self, stream: str, *happened: Event) -> None:
        self.now += timedelta(minutes=1)
        self.store.write(lambda tx: tx.log.append(stream, happened, now=self.now)).result()

    def rules(self, *rules: RuleDefined) -> None:
        for each in rules:
            self.append(rule_stream(each.rule), each)

    def says(self, feed: str, text: str, twin: str = "", *, hold: str = "", kind: str = "wording") -> None:
        """The feed publishes the statement, or lists it edited; `twin` is the feed whose item says the same."""
        item = ItemId(f"{feed}/s")
        number = self.versions[feed] = self.versions.get(feed, 0) + 1
        content = self._content(item, text)
        named = self._twin(twin)
        if number == 1:
            happened: Event = ItemPublished(
                item, FeedId(feed), (), content, False, False, False, hold, CAPTURE, "t", None, named
            )
        else:
            happened = ItemRevised(
                item, FeedId(feed), (), content, kind, (), ("text",), number - 1, number, None, hold, CAPTURE, "t",
                named,
            )  # type: ignore[arg-type]  # fmt: skip
        self.append(feed_stream(FeedId(feed)), happened)

    def gone(self, feed: str, twin: str = "", *, delisted: bool = False) -> None:
        item, named = ItemId(f"{feed}/s"), self._twin(twin)
        withdrawn = ItemWithdrawn(item, FeedId(feed), "page-gone", self.now, self.now, (), named)
        left = ItemDelisted(item, FeedId(feed), "standing", self.now, self.now, (), named)
        self.append(feed_stream(FeedId(feed)), left if delisted else withdrawn)

    def back(self, feed: str, twin: str = "") -> None:
        restored = ItemRestored(ItemId(f"{feed}/s"), FeedId(feed), "withdrawn", CAPTURE, self._twin(twin))
        self.append(feed_stream(FeedId(feed)), restored)

    def told(self, limit: int = 200) -> list[str]:
        """React to all there is; every alert of the log: rule, feed, transition, and `=reason` where it is held."""
        reactor = Reactor(self.store, Nobody(), {}, now=lambda: self.now)
        while reactor.run_once(limit):
            pass
        reactor.settle()
        return list(map(_worded, self.alerts()))

    def alerts(self) -> list[AlertRaised | AlertHeld]:
        with self.store.read() as tx:
            told = [one.event for one in events(tx.log, kinds=[AlertRaised.KIND, AlertHeld.KIND])]
        return [one for one in told if isinstance(one, AlertRaised | AlertHeld)]

    def replayed(self, *rules: RuleDefined) -> dict[str, str]:
        """What a replay would raise or hold: alert ids with reasons."""
        with self.store.read() as tx:
            head = tx.log.head().position
        pages = list(replay(self.store, RuleSet.compile(rules), {}, Position(0), head))
        return {one.alert: one.hold for page in pages for firings in page.firings for one in firings}

    def release(self, alert: AlertHeld) -> None:
        self.now += timedelta(minutes=1)

        def job(tx: Transaction) -> object:
            return Releaser(tx, Nobody(), {}, {}, "by hand", self.now).release(alert.alert)

        assert self.store.write(job).result() is not None

    def _content(self, item: ItemId, text: str) -> Content:
        def put(tx: Transaction) -> Content:
            about = about_to_text(About("", (), ""))
            return Content(*(tx.texts.put(item, one) for one in (text, text, about)), "", "en", "", "", None, None)

        return self.store.write(put).result()

    def _twin(self, feed: str) -> Twin | None:
        return Twin(ItemId(f"{feed}/s"), self.versions[feed]) if feed else None


def _worded(alert: AlertRaised | AlertHeld) -> str:
    held = f"={alert.reason}" if isinstance(alert, AlertHeld) else ""
    return f"{alert.rule} {alert.feed} {alert.transition}{held}"


@pytest.fixture
def world(store: SqlStore) -> World:
    return World(store)


SYRIA = rule("all", "Syria")


def test_the_same_statement_in_a_second_feed_is_held_as_a_duplicate(world: World) -> None:
    world.rules(SYRIA)
    world.says("a", "On Syria.")
    world.says("b", "On Syria.", twin="a")
    assert world.told() == ["all a appeared", "all b appeared=duplicate"]


def test_what_was_raised_earlier_in_the_same_batch_counts_and_so_does_a_batch_before(world: World) -> None:
    world.rules(SYRIA)
    world.says("a", "On Syria.")
    world.told()
    world.says("b", "On Syria.", twin="a")
    world.says("c", "On Syria.", twin="b")
    assert world.told() == ["all a appeared", "all b appeared=duplicate", "all c appeared=duplicate"]


def test_a_rule_that_looks_at_the_second_feed_alone_is_told(world: World) -> None:
    world.rules(rule("second", "Syria", ("b", "c")), SYRIA)
    world.says("a", "On Syria.")
    world.says("b", "On Syria.", twin="a")
    world.says("c", "On Syria.", twin="b")
    assert world.told() == [
        "all a appeared", "all b appeared=duplicate", "second b appeared",
        "all c appeared=duplicate", "second c appeared=duplicate",
    ]  # fmt: skip


def test_what_was_held_in_the_first_feed_is_told_of_the_second_until_it_is_released(world: World) -> None:
    world.rules(SYRIA)
    world.says("a", "On Syria.", hold="first-fetch")
    world.says("b", "On Syria.", twin="a")
    assert world.told() == ["all a appeared=first-fetch", "all b appeared"]
    world.rules(rule("new", "Syria", ("a", "c")))
    world.says("c", "On Syria.", twin="b")
    held = world.alerts()[0]
    assert isinstance(held, AlertHeld)
    world.release(held)
    assert world.told()[2:] == ["all c appeared=duplicate", "new c appeared"]


def test_what_its_own_event_holds_keeps_that_reason(world: World) -> None:
    world.rules(SYRIA)
    world.says("a", "On Syria.")
    world.says("b", "On Syria.", twin="a", hold="surfaced")
    assert world.told() == ["all a appeared", "all b appeared=surfaced"]


def test_an_edit_is_told_once_for_each_version_that_says_the_same(world: World) -> None:
    world.rules(SYRIA)
    world.says("a", "On Syria.")
    world.says("b", "On Syria.", twin="a")
    world.says("b", "On Syria, edited.")
    world.says("a", "On Syria, edited.", twin="b")
    world.says("a", "On Syria, edited twice.")
    assert world.told()[2:] == ["all b changed", "all a changed=duplicate", "all a changed"]


def test_an_edit_too_weak_to_be_told_hides_nothing(world: World) -> None:
    """The second feed comes when the first has had a comma added: the rule knows the statement all the same."""
    world.rules(SYRIA)
    world.says("a", "On Syria.")
    world.says("a", "On, Syria.", kind="punctuation")
    world.says("b", "On, Syria.", twin="a")
    assert world.told() == ["all a appeared", "all b appeared=duplicate"]


def test_a_version_of_which_the_alert_was_held_does_not_count_as_told(world: World) -> None:
    world.rules(SYRIA)
    world.says("a", "On Syria.")
    world.says("a", "Aid for Syria.", hold="reissue")
    world.says("b", "Aid for Syria.", twin="a")
    assert world.told() == ["all a appeared", "all a changed=reissue", "all b appeared"]


def test_gone_from_both_is_one_withdrawal_and_back_in_both_one_return(world: World) -> None:
    world.rules(SYRIA)
    world.says("a", "On Syria.")
    world.says("b", "On Syria.", twin="a")
    world.gone("b")
    world.gone("a", twin="b")
    world.back("a")
    world.back("b", twin="a")
    world.gone("a")
    world.gone("b", twin="a")
    assert world.told()[2:] == [
        "all b withdrawn", "all a withdrawn=duplicate", "all a restored", "all b restored=duplicate",
        "all a withdrawn", "all b withdrawn=duplicate",
    ]  # fmt: skip


def test_a_withdrawal_told_before_the_last_return_does_not_count(world: World) -> None:
    first, second = rule("r", "Syria", ("a",)), rule("r", "Syria", ("b",))
    world.rules(first)
    world.says("a", "On Syria.")
    world.gone("a")
    world.back("a")
    world.rules(second)
    world.says("b", "On Syria.", twin="a")
    world.gone("a")
    world.gone("b", twin="a")
    assert world.told()[3:] == ["r b appeared=duplicate", "r b withdrawn"]


def test_a_delisting_is_not_a_withdrawal(world: World) -> None:
    world.rules(SYRIA)
    world.says("a", "On Syria.")
    world.says("b", "On Syria.", twin="a")
    world.gone("a", delisted=True)
    world.gone("b")
    assert world.told()[2:] == ["all a delisted", "all b withdrawn"]


def test_what_appears_elsewhere_after_it_was_told_as_gone_is_news(world: World) -> None:
    world.rules(SYRIA)
    world.says("a", "On Syria.")
    world.gone("a")
    world.says("b", "On Syria.", twin="a")
    assert world.told() == ["all a appeared", "all a withdrawn", "all b appeared"]


def test_why_says_of_what_it_is_a_duplicate(world: World) -> None:
    world.rules(SYRIA)
    world.says("a", "On Syria.")
    world.says("b", "On Syria.", twin="a")
    world.told()
    with world.store.views() as views:
        row, _ = views.items(ItemFilter(), texts=True)
        (judged,) = reasons_of(views, row, SYRIA).judged
    assert (judged.transition, judged.reason) == ("appeared", "duplicate")
    assert judged.words == (
        "first seen (the same as a/s, version 1) -> appeared, but not sent: "
        "held (duplicate: it repeats what the rule told of another feed of the source)"
    )


# --- laws -------------------------------------------------------------------------------------------------------------

RULES = (
    SYRIA,
    rule("second", "Syria OR aid", ("b", "c")),
    rule("edits", "added:aid"),
    rule("weak", "aid", None, "markup"),
)
TEXTS = ("On Syria.", "Aid for Syria.", "On aid.", "Nothing.")
steps = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from((*TEXTS, "leave", "release")), st.booleans()), max_size=12
)


@pytest.fixture(scope="session")
def blank(empty_store: Path) -> Path:
    return empty_store


@contextmanager
def fresh(blank: Path) -> Iterator[World]:
    with TemporaryDirectory() as folder:
        shutil.copy(blank, Path(folder) / "store.db")
        with open_store(f"sqlite:///{folder}/store.db", migrate=False) as store:
            yield World(store)


def play(world: World, life: list[tuple[str, str, bool]]) -> None:
    """A life of the statement in three feeds, each event naming a twin as the recording would: the last one."""
    says: dict[str, str] = {}
    left: list[str] = []
    order: list[str] = []
    released: set[str] = set()
    for feed, what, react in life:
        others = [each for each in order if each != feed and says.get(each) == says.get(feed)]
        if what == "release":
            for alert in world.alerts()[:1]:
                if isinstance(alert, AlertHeld) and not react and alert.alert not in released:
                    released.add(alert.alert)
                    world.release(alert)
        elif what == "leave" and feed in says:
            alike = [each for each in left if each in others]
            if feed in left:
                left.remove(feed)
                back = [each for each in others if each not in left]
                world.back(feed, back[-1] if back else "")
            else:
                world.gone(feed, alike[-1] if alike else "")
                left.append(feed)
        elif what != "leave" and says.get(feed) != what:
            alike = [each for each in order if each != feed and says[each] == what]
            says[feed] = what
            order = [*(each for each in order if each != feed), feed]
            world.says(feed, what, alike[-1] if alike else "", hold="reissue" if react and feed == "c" else "")
        if react:
            world.told(3)


@settings(deadline=None)
@given(life=steps)
def test_a_replay_says_what_the_reactor_did(blank: Path, life: list[tuple[str, str, bool]]) -> None:
    with fresh(blank) as world:
        world.rules(*RULES)
        play(world, life)
        world.told()
        live = {one.alert: one.reason if isinstance(one, AlertHeld) else "" for one in world.alerts()}
        assert world.replayed(*RULES) == live


@settings(deadline=None)
@given(order=st.permutations("abc"), text=st.sampled_from(TEXTS[:3]), scope=st.sets(st.sampled_from("abc"), min_size=1))
def test_whoever_is_polled_first_each_rule_is_told_once(
    blank: Path, order: list[str], text: str, scope: set[str]
) -> None:
    with fresh(blank) as world:
        world.rules(rule("r", "Syria OR aid", tuple(sorted(scope))))
        life = [(feed, said, False) for said in (text, "Aid for Syria, edited.", "leave", "leave") for feed in order]
        play(world, life)
        world.told()
        raised = [alert.transition for alert in world.alerts() if isinstance(alert, AlertRaised)]
        assert raised == ["appeared", "changed", "withdrawn", "restored"]

"""The page behind an item: what rules tell of it live, replayed, by `why`, in messages and in lists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.cli.reasons import reasons_of
from aggregator.shown.chapters import chapters_of
from aggregator.shown.search import matcher
from alerts.facts import AlertFacts
from alerts.payload import document
from alerts.react import Reactor
from alerts.release import Releaser
from alerts.replay import replay
from alerts.rules import RuleSet
from alerts.story import story
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
    ItemCompleted,
    ItemId,
    ItemPublished,
    ItemReextracted,
    ItemRevised,
    ItemWithdrawn,
    PageFace,
    Position,
    RuleDefined,
    RuleId,
    feed_stream,
    rule_stream,
)
from store.ports import Delivery, ItemFilter, Transaction
from store.walk import events

START = datetime(2026, 11, 1, tzinfo=UTC)
FEED, ITEM = FeedId("ministry"), ItemId("ministry/s")
BODY, PAGE = CaptureDigest("sha256:" + "c" * 64), CaptureDigest("sha256:" + "d" * 64)
EVERY = ("appeared", "changed", "dropped", "withdrawn", "restored", "delisted")


def rule(match: str, name: str = "syria") -> RuleDefined:
    return RuleDefined(RuleId(name), match, {}, None, EVERY, (), "normal", "wording")


class Remembers:
    """A composer that keeps the facts it was given and sends nothing."""

    def __init__(self) -> None:
        self.facts: list[AlertFacts] = []

    def deliveries(self, facts: AlertFacts) -> Sequence[Delivery]:
        self.facts.append(facts)
        return ()


@dataclass
class World:
    """A store, and what one statement says in its feed (`lead`) and on its page."""

    store: SqlStore
    rules: tuple[RuleDefined, ...] = ()
    now: datetime = START
    version: int = 0
    lead: str = ""
    page: str | None = None
    composer: Remembers = field(default_factory=Remembers)

    def defines(self, *rules: RuleDefined) -> None:
        self.rules = rules
        for each in rules:
            self.append(rule_stream(each.rule), each)

    def append(self, stream: str, happened: Event) -> None:
        self.now += timedelta(minutes=1)
        self.store.write(lambda tx: tx.log.append(stream, [happened], now=self.now)).result()

    def published(self, lead: str) -> None:
        self.version, self.lead = 1, lead
        self.happens(ItemPublished(ITEM, FEED, (), self.content(), False, False, False, "", BODY, "p"))

    def completed(self, page: str, hold: str = "") -> None:
        self.page = page
        self.happens(ItemCompleted(ITEM, FEED, self.content(), self.version, hold, PAGE, "e"))

    def reextracted(self, page: str) -> None:
        self.page = page
        self.happens(ItemReextracted(ITEM, FEED, self.content(), self.version, ("page",), PAGE, "e2", "e"))

    def revised(self, hold: str = "", **now: str) -> None:
        """The feed (`lead`) or the page (`page`) says something else."""
        self.version += 1
        self.lead, self.page = now.get("lead", self.lead), now.get("page", self.page)
        fields, capture = (("page",), PAGE) if "page" in now else (("text",), BODY)
        number = self.version
        content = self.content()
        self.happens(
            ItemRevised(ITEM, FEED, (), content, "wording", (), fields, number - 1, number, None, hold, capture, "p")
        )

    def happens(self, happened: Event) -> None:
        self.append(feed_stream(FEED), happened)

    def content(self) -> Content:
        def put(tx: Transaction) -> Content:
            title, about = "A statement", about_to_text(About("", (), "https://example.org/s"))
            texts = [tx.texts.put(ITEM, one) for one in (title, self.lead, about)]
            page = None if self.page is None else PageFace(tx.texts.put(ITEM, self.page), PAGE, "e")
            return Content(*texts, "", "en", "", "", None, None, page=page)

        return self.store.write(put).result()

    def told(self) -> list[str]:
        """Every alert so far, as `rule transition`, with `=reason` where held; a replay would say the same."""
        reactor = Reactor(self.store, self.composer, {}, now=lambda: self.now)
        while reactor.run_once():
            pass
        reactor.settle()
        alerts = self.alerts()
        assert self.replayed() == {one.alert: getattr(one, "reason", "") for one in alerts}
        return [
            f"{one.rule} {one.transition}{f'={one.reason}' if isinstance(one, AlertHeld) else ''}" for one in alerts
        ]

    def alerts(self) -> list[AlertRaised | AlertHeld]:
        with self.store.read() as tx:
            told = [one.event for one in events(tx.log, kinds=[AlertRaised.KIND, AlertHeld.KIND])]
        return [one for one in told if isinstance(one, AlertRaised | AlertHeld)]

    def replayed(self) -> dict[str, str]:
        with self.store.read() as tx:
            head = tx.log.head().position
        pages = replay(self.store, RuleSet.compile(self.rules), {}, Position(0), head)
        return {one.alert: one.hold for page in pages for firings in page.firings for one in firings}

    def message(self) -> dict[str, object]:
        """The last message, as a webhook gets it."""
        data: dict[str, object] = document(self.composer.facts[-1], "")["data"]
        return data


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", migrate=True) as store:
        yield World(store)


def test_what_only_the_page_says_appears_when_it_is_read(world: World) -> None:
    world.defines(rule("Syria"))
    world.published("The minister spoke.")
    assert world.told() == []
    world.completed("The minister spoke.\nForty trucks go to Syria.")
    assert world.told() == ["syria appeared"]
    message = world.message()
    assert message["item"]["text"].endswith("go to Syria.")  # type: ignore[index]
    assert message["evidence"]["capture"] == PAGE  # type: ignore[index]
    assert ("Found", "on the page behind the link, which was read after the feed") in story(
        world.composer.facts[-1], ""
    ).details


def test_a_page_that_is_read_late_is_held_and_can_be_released(world: World) -> None:
    world.defines(rule("Syria"))
    world.published("The minister spoke.")
    world.completed("Aid for Syria", hold="late-page")
    assert world.told() == ["syria appeared=late-page"]
    (held,) = world.alerts()
    world.store.write(
        lambda tx: Releaser(tx, world.composer, {}, {}, "by hand", world.now).release(held.alert)
    ).result()
    assert world.message()["item"]["text"] == "Aid for Syria"  # type: ignore[index]


def test_an_edit_of_the_page_is_told_with_its_words_though_the_feed_is_silent(world: World) -> None:
    world.defines(rule("Syria"))
    world.published("Aid for Syria.")
    world.completed("Aid for Syria: 12 tonnes.")
    world.revised(page="Aid for Syria: 120 tonnes.")
    assert world.told() == ["syria appeared", "syria changed"]
    change = world.message()["change"]
    assert (change["fields"], change["removed"], change["added"]) == (["page"], ["12"], ["120"])  # type: ignore[index]
    assert story(world.composer.facts[-1], "").happened == "changed (wording), on its page: version 1 to 2"


def test_a_topic_is_dropped_only_when_neither_face_names_it(world: World) -> None:
    world.defines(rule("Syria"))
    world.published("Aid for Syria.")
    world.completed("Aid for Syria: 12 tonnes.")
    world.revised(page="Aid: 12 tonnes.")
    assert world.told()[-1] == "syria changed"
    world.revised(lead="Aid.", hold="other-face")
    assert world.told()[-1] == "syria dropped"


def test_an_edit_on_both_faces_is_told_once(world: World) -> None:
    world.defines(rule("Syria"), rule("added:120", "more"), rule("removed:12", "less"))
    world.published("Aid for Syria: 12 tonnes.")
    world.completed("Aid for Syria: 12 tonnes. More follows.")
    world.revised(lead="Aid for Syria: 120 tonnes.")
    world.revised(page="Aid for Syria: 120 tonnes. More follows.", hold="other-face")
    assert sorted(world.told()) == sorted(
        ["syria appeared"]
        + [f"{name} changed{hold}" for name in ("syria", "more", "less") for hold in ("", "=other-face")]
    )


def test_a_better_reading_of_our_own_tells_nobody_and_the_next_edit_starts_from_it(world: World) -> None:
    world.defines(rule("Syria"))
    world.published("Aid.")
    world.completed("Aid for Syria")
    world.reextracted("Aid for Syria\nand Iraq")
    world.revised(page="Aid for Syria\nand Iran")
    assert world.told() == ["syria appeared", "syria changed"]
    change = world.message()["change"]
    assert (change["removed"], change["added"]) == (["Iraq"], ["Iran"])  # type: ignore[index]


def test_what_a_page_named_is_told_as_withdrawn(world: World) -> None:
    world.defines(rule("Syria"))
    world.published("Aid.")
    world.completed("Aid for Syria", hold="late-page")
    world.happens(ItemWithdrawn(ITEM, FEED, "page-gone", world.now, world.now, ("410 Gone",)))
    assert world.told() == ["syria appeared=late-page", "syria withdrawn"]


def test_why_and_history_and_lists_know_both_faces(world: World) -> None:
    world.defines(rule("Syria AND Iraq"))
    world.published("Aid for Iraq.")
    world.completed("Aid for Syria: 12 tonnes.")
    world.revised(page="Aid for Syria: 120 tonnes.", hold="other-face")
    assert world.told() == ["syria appeared", "syria changed=other-face"]
    with world.store.views() as views:
        (row,) = views.items(ItemFilter(), texts=True)
        assert matcher("Syria AND Iraq AND 120", {}, [])(row)
        assert not matcher('"Syria 120 tonnes Aid for Iraq"', {}, [])(row)
        reasons = reasons_of(views, row, world.rules[0])
        chapters = chapters_of(views, ITEM)
    judged = [each.words for each in reasons.judged]
    assert (
        "not sent: held (other-face: feed and page tell the same edit, and the other one told it before)" in judged[-1]
    )
    assert [name for name, _ in chapters[-1].diffs] == ["page"]
    assert "Aid for Syria: 12 tonnes." in chapters[1].text

"""Fixtures that tests of several kinds share."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings

from alerts.facts import AlertFacts, Face, FeedCard
from store.events import (
    AlertId,
    AlertRaised,
    CaptureDigest,
    ChannelId,
    Content,
    FeedDegraded,
    FeedId,
    Hit,
    ItemId,
    ItemPublished,
    ItemRevised,
    ItemWithdrawn,
    Position,
    Recorded,
    RuleDefined,
    RuleId,
    TextDigest,
)

settings.register_profile("ci", derandomize=True, database=None)
if os.environ.get("CI"):  # what a change is judged by is the same every time; every other run explores
    settings.load_profile("ci")


def pytest_configure(config: pytest.Config) -> None:
    """In the fast run a law is tried on fewer examples, unless it says how many it needs."""
    if "not long" in config.getoption("markexpr"):
        settings.register_profile("fast", max_examples=30)
        settings.load_profile("fast")


NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
ITEM = ItemId("ministry/abcdefghij234567")
CAPTURE = CaptureDigest("sha256:" + "c" * 64)
CONTENT = Content(TextDigest("t" * 64), TextDigest("x" * 64), TextDigest("a" * 64), "m", "en", "", "", None, None)
CHECKPOINT = (
    "feedwitness/log/139e3940e64b5491\n42\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n"
    "— feedwitness/log/139e3940e64b5491 "
    "C9AGkGSOh3mGlHxgZxbFBPRdnkCsGW206qDQVIprr3/sjnyFMuIUIDjeC7PtfP4XRw1mQH90RyUj8WzPfaMCjw89qQI=\n"
)
"""As the key whose seed is 32 zero bytes signs it."""
OLD_TEXT = "The aid convoy for Syria left at noon.\nIt carried 12 tonnes of flour."
NEW_TEXT = "The aid convoy for Syria left at noon.\nIt carried 120 tonnes of flour."

FactsMaker = Callable[..., AlertFacts]


def face(version: int, title: str, text: str, **more: Any) -> Face:
    base = Face(
        id=ITEM,
        feed=FeedId("ministry"),
        version=version,
        title=title,
        text=text,
        author="Press Office",
        categories=("aid",),
        link="https://ministry.example/statements/1",
        language="en",
        published_at=NOON - timedelta(hours=1),
        observed_at=NOON,
    )
    return replace(base, **more)


def hits_of(term: str, title: str, text: str) -> tuple[Hit, ...]:
    return tuple(
        Hit(term, field, value.index(term), value.index(term) + len(term))
        for field, value in (("title", title), ("text", text))
        if term in value
    )  # type: ignore[arg-type]  # the two names are of the literal type


def recorded(event: Any, position: int = 41) -> Recorded:
    return Recorded(Position(position), "0193", "feed:ministry", 7, event, NOON, bytes(range(32)))


def make_facts(
    transition: str = "appeared",
    *,
    title: str = "Aid for Syria",
    text: str | None = None,
    before: str = OLD_TEXT,
    term: str = "Syria",
    notify: tuple[str, ...] = ("hook",),
    **more: Any,
) -> AlertFacts:
    """Facts of one alert as the rules raise it; what is not told is ordinary."""
    text = text if text is not None else NEW_TEXT.replace(" for Syria", "") if transition == "dropped" else NEW_TEXT
    old, new = face(1, title, before), face(2, title, text)
    shown = before if transition == "dropped" else text
    raised = AlertRaised(
        alert=AlertId("0123456789abcdef0123456789abcdef"),
        rule=RuleId("desk"),
        feed=FeedId("ministry"),
        item=ITEM,
        transition=transition,
        cause=Position(41),
        version=2,
        before=1,
        hits=hits_of(term, title, shown),
        topics=("syria",),
        follows=None if transition == "appeared" else AlertId("f" * 32),
    )
    rule = RuleDefined(RuleId("desk"), "topic:syria", {}, None, (), tuple(map(ChannelId, notify)), "high", "wording")
    published = ItemPublished(
        ITEM, FeedId("ministry"), (), CONTENT, False, False, False, "", CAPTURE, "feedparser/6"
    )  # fmt: skip
    facts = AlertFacts(
        alert=raised,
        recorded_at=NOON + timedelta(seconds=5),
        rule=rule,
        feed=FeedCard(FeedId("ministry"), "Ministry", "https://ministry.example/feed.xml"),
        cause=recorded(published),
        item=new,
        checkpoint=CHECKPOINT,
    )
    if transition in ("changed", "dropped"):
        change = ItemRevised(
            item=ITEM,
            feed=FeedId("ministry"),
            keys=(),
            content=CONTENT,
            kind="wording",
            flags=("number",),
            fields=("text",),
            from_version=1,
            to_version=2,
            reverts_to=None,
            hold="",
            capture=CAPTURE,
            parser="feedparser/6",
        )
        facts = replace(facts, before=old, change=change, cause=recorded(change))
    if transition == "withdrawn":
        last, first = NOON - timedelta(hours=2), NOON - timedelta(hours=1)
        gone = ItemWithdrawn(ITEM, FeedId("ministry"), "page-gone", last, first, ("410 at 11:00",))
        facts = replace(facts, withdrawal=gone, cause=recorded(gone))
    if transition == "degraded":
        health = FeedDegraded(FeedId("ministry"), NOON - timedelta(hours=3), "http_503", 4)
        lone = replace(raised, item=None, version=None, before=None, hits=(), topics=(), follows=None)
        facts = replace(facts, alert=lone, item=None, health=health, cause=recorded(health))
    return replace(facts, **more)


@pytest.fixture(scope="session")
def alert_facts() -> FactsMaker:
    return make_facts

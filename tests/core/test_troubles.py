"""A hundred sources that cannot be seen for one reason are one line."""

from datetime import UTC, datetime, timedelta

from aggregator.shown.sources import Source
from aggregator.shown.troubles import some, troubles_of
from config.model import FeedSettings
from store.events import FeedId
from store.ports import PollState

AT = datetime(2026, 11, 22, tzinfo=UTC)


def source(name, reason="", hours=1, *, enabled=True):
    since = AT - timedelta(hours=hours) if reason else None
    state = PollState(FeedId(name), failing_since=since, reason=reason)
    return Source(FeedSettings(id=name, url="https://a.example/", enabled=enabled), state)


def test_sources_are_grouped_by_reason_and_the_most_frequent_one_comes_first():
    found = troubles_of([
        source("a", "http_404", 9), source("b", "dns"), source("good"), source("c", "dns", 5),
        source("off", "dns", enabled=False), Source(FeedSettings(id="new", url="https://a.example/"), None),
    ])  # fmt: skip
    assert [(each.feeds, each.since) for each in found] == [
        (("b", "c"), AT - timedelta(hours=5)),
        (("a",), AT - timedelta(hours=9)),
    ]
    assert found[0].words == "dns: its host name cannot be resolved"


def test_names_are_listed_up_to_a_handful():
    assert some(["a", "b"], 2) == "a, b"
    assert some(["a", "b", "c", "d"], 2) == "a, b and 2 more"


def test_who_was_asked_and_never_answered_while_our_network_was_lost_is_not_called_seen():
    assert source("a").unanswered
    assert source("a").state_in_words == "not yet seen"
    assert source("a").state == "ok", "rows for programs keep their words"
    assert not source("a", enabled=False).unanswered

"""What a look at feeds comes to as tables for the settings."""

import tomllib
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.finding.listed import as_toml
from aggregator.finding.names import Known, same
from aggregator.finding.proposal import propose
from aggregator.finding.search import DECLARED, Found
from aggregator.finding.seen import rank, seen_in
from aggregator.outcome import Fetched, ParsedEntry, ParsedFeed

AT = datetime(2026, 11, 22, tzinfo=UTC)
URL = "https://a.example/feed"


def entry(name, at):
    return ParsedEntry(name, f"https://a.example/{name}", name, "", "", "", (), "en", "", "", at, None)


def seen(url=URL, *, hours=(1, 25), title="News", well_formed=True, etag="", prefix=""):
    entries = tuple(entry(f"{prefix}{hour}", AT - timedelta(hours=hour)) for hour in hours)
    feed = ParsedFeed("rss20", title, "", "", entries, (), well_formed, "not well-formed: x", "p")
    return seen_in(url, Fetched(url, b"", "", etag, "", ()), feed, AT)


@pytest.mark.parametrize(
    ("hours", "minutes"),
    [((0, 1), 5), ((0, 24), 10), ((0, 36), 15), ((0, 24 * 9), 30), ((0, 24 * 365), 30), ((5,), None), ((), None)],
)
def test_a_feed_is_asked_a_hundred_times_while_its_list_turns_over_within_reason(hours, minutes):
    assert seen(hours=hours).every == (timedelta(minutes=minutes) if minutes else None)


def test_dates_of_the_future_say_nothing_about_how_new_a_feed_is():
    assert seen(hours=(-24 * 30, 2, 4)).newest == AT - timedelta(hours=2)


def test_the_language_is_the_documents_or_that_of_all_entries():
    assert seen().language == "en"


def test_feeds_that_list_something_alive_and_about_the_matter_come_first():
    best = seen()
    others = [seen(well_formed=False), seen(hours=(24 * 400,)), seen(title="Comments on: News"), seen(hours=())]
    assert sorted([*reversed(others), best], key=rank) == [best, *others]


def test_a_table_tells_what_was_seen_and_is_right():
    (proposal,) = propose([Found(seen(etag="x"), DECLARED)], Known())
    text = as_toml([proposal.feed])
    assert text.splitlines()[:2] == [
        "# declared by the page: rss20, 2 entries, the newest of 2026-11-21 23:00 UTC, spanning 24 hours",
        "# answers with ETag",
    ]
    table = {"url": URL, "title": "News", "language": "en", "every": "10m"}
    assert tomllib.loads(text) == {"feeds": {"news": table}}
    assert "neither ETag nor Last-Modified" in as_toml([propose([Found(seen(), DECLARED)], Known())[0].feed])


def test_the_same_entries_in_another_form_and_comments_of_readers_are_off():
    found = [
        Found(seen(), DECLARED),
        Found(seen("https://a.example/atom", title="News (Atom)"), DECLARED),
        Found(seen("https://a.example/comments/feed", title="Comments", prefix="c"), DECLARED),
        Found(seen("https://a.example/other", title="Other", prefix="o"), DECLARED),
    ]
    proposals = propose(found, Known())
    assert [p.feed.enabled for p in proposals] == [True, False, False, True]
    assert [p.same_as for p in proposals] == ["", "news", "", ""]


def test_a_feed_of_the_settings_keeps_its_id_and_a_shipped_one_gets_its_own():
    known = Known(used={same(URL): "mine"}, shipped={same("https://b.example/"): ("b-news", "feeds/b.toml")})
    mine, shipped = propose([Found(seen(), DECLARED), Found(seen("https://b.example/", prefix="b"), DECLARED)], known)
    assert (mine.known_as, mine.feed.id) == ("mine", "mine")
    assert (shipped.known_as, shipped.feed.id) == ("", "b-news")
    assert 'include = ["shipped:feeds/b.toml"]' in shipped.feed.as_toml()
    assert shipped.as_row()["shipped"] == ["b-news", "feeds/b.toml"]

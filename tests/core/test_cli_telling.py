"""Every event has its words; reasons and distances read well."""

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.cli import out
from aggregator.shown.telling import headline, reason_in_words
from store import events as e

NOW = datetime(2026, 11, 21, 20, tzinfo=UTC)
FEED, ITEM = e.FeedId("ministry"), e.ItemId("ministry/abcdefghij234567")
CONTENT = e.Content(e.TextDigest("t"), e.TextDigest("x"), e.TextDigest("a"), "", "", "", "", None, None)
CAPTURE = e.CaptureDigest("sha256:c")


def alert(**more):
    return dict(
        alert=e.AlertId("a" * 32), rule=e.RuleId("syria"), feed=FEED, item=ITEM, transition="changed",
        cause=e.Position(7), version=2, before=1, hits=(), topics=(), follows=None, **more,
    )  # fmt: skip


def published(**more):
    facts = {"baseline": False, "backdated": False, "surfaced": False, "hold": ""} | more
    return e.ItemPublished(ITEM, FEED, (), CONTENT, capture=CAPTURE, parser="p", **facts)


def revised(**more):
    facts = {"kind": "wording", "flags": (), "reverts_to": None, "hold": ""} | more
    return e.ItemRevised(
        ITEM, FEED, (), CONTENT, fields=("text",), from_version=1, to_version=2, capture=CAPTURE, parser="p", **facts
    )


TOLD = [
    (published(), "first seen"),
    (published(baseline=True, surfaced=True), "first seen (first fetch, below the oldest known one)"),
    (published(backdated=True), "first seen (put in between known ones)"),
    (published(mark="recovered-late"), "first seen (recovered late)"),
    (revised(), "version 2: wording"),
    (revised(flags=("number",), reverts_to=1, hold="flapping"),
     "version 2: wording (number, back to version 1, alerts held: flapping)"),
    (e.ItemCompleted(ITEM, FEED, CONTENT, 1, "", CAPTURE, "p"), "its page was read for the first time"),
    (e.ItemCompleted(ITEM, FEED, CONTENT, 1, "first-fetch", CAPTURE, "p"),
     "its page was read for the first time (alerts held: first-fetch)"),
    (e.ItemReextracted(ITEM, FEED, CONTENT, 1, ("title", "text"), CAPTURE, "p2", "p1"),
     "read anew by our own newer parser: title, text put right, no news"),
    (e.ItemRekeyed(ITEM, FEED, (), "same link"), "same item under another address or id: same link"),
    (e.ItemAbsent(ITEM, FEED, NOW, NOW, (), CAPTURE), "missing from the feed while an older one is listed"),
    (e.ItemDelisted(ITEM, FEED, "standing", NOW, NOW, ()), "delisted: gone from the feed, its page still stands"),
    (e.ItemDelisted(ITEM, FEED, "unchecked", NOW, NOW, ()), "delisted: gone from the feed, its page cannot be checked"),
    (e.ItemWithdrawn(ITEM, FEED, "tombstone", NOW, NOW, ()), "withdrawn: tombstone"),
    (e.ItemRestored(ITEM, FEED, "withdrawn", CAPTURE), "it is back; was withdrawn"),
    (e.TextErased(ITEM, "clerk", "court"), "its texts were erased for good"),
    (e.SettingsApplied("d", "f.toml", (FEED,), "0.1.0"), "settings applied: f.toml, 1 feed"),
    (e.RuleDefined(e.RuleId("syria"), "topic:syria", {}, None, (), (), "low", "wording"), "rule in force: topic:syria"),
    (e.RuleDefined(e.RuleId("ops"), "", {}, None, (), (), "low", "wording"), "rule in force: (source health)"),
    (e.RuleRetired(e.RuleId("syria")), "rule no longer in the settings"),
    (e.FeedBaselined(FEED, 12, "guid", CAPTURE), "first fetch: 12 entries; from here on new is news"),
    (e.FeedRenamed(FEED, e.FeedId("old")), "renamed; formerly old"),
    (e.FeedDegraded(FEED, NOW, "dns", 3), "cannot be seen, 3 failed polls: dns: its host name cannot be resolved"),
    (e.FeedRecovered(FEED, NOW, "http_503"), "seen again; was blind for http_503: it answers 503 Service Unavailable"),
    (e.FeedUnwatched(FEED, NOW), "was not looked at from 2026-11-21 20:00:00 UTC until now"),
    (e.FeedQuiet(FEED, NOW, "nothing new for 2 days"), "unusually quiet: nothing new for 2 days"),
    (e.FeedMoved(FEED, NOW, "301", "http://new.example/"), "moved for good to http://new.example/"),
    (e.FeedGone(FEED, NOW, "410"), "gone: 410"),
    (e.FeedReissued(FEED, NOW, "r", 30, 2, 20), "reissued: 2 changed and 20 under new ids of 30; alerts held"),
    (e.FeedGap(FEED, NOW, "r", 10, 12), "a gap: all 10 entries left and 12 new ones came; some may have been missed"),
    (e.FeedRepaired(FEED, NOW, 2, 1, True, ""), "gap repaired: 1 missed statement found on 2 older pages"),
    (e.FeedRepaired(FEED, NOW, 1, 0, False, "http_404"),
     "gap not repaired to its end: 0 missed statements found on 1 older page; http_404"),
    (e.NetworkLost(NOW, "r", 9, 12), "our own network is lost: 9 of 12 hosts fail"),
    (e.NetworkRestored(NOW, "r"), "our own network is back"),
    (e.AlertRaised(**alert()), "alert: changed under syria"),
    (e.AlertHeld(**alert(reason="reissue")), "alert held (reissue): changed under syria"),
    (e.AlertReleased(e.AlertId("a"), e.RuleId("syria"), "checked"), "held alert released by hand: checked"),
    (e.DeliverySettled(e.AlertId("a"), e.RuleId("syria"), e.ChannelId("desk"), 0, "dead", 9, "550"),
     "dead: desk, attempt 9: 550"),
]  # fmt: skip


@pytest.mark.parametrize(("event", "words"), TOLD, ids=lambda value: getattr(value, "KIND", None))
def test_every_event_has_its_words(event, words):
    assert headline(event) == words


def test_no_kind_of_event_is_left_out():
    assert {type(event) for event, _ in TOLD} == set(e.Event.__args__)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("timeout", "timeout: no whole answer in time"),
        ("http_404", "http_404: it answers 404 Not Found"),
        ("http_599", "http_599: it answers 599"),
        ("nothing new for 3 days", "nothing new for 3 days"),
    ],
)
def test_a_reason_is_told_with_its_meaning(reason, words):
    assert reason_in_words(reason) == words


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(0), "0 s ago"),
        (timedelta(seconds=119), "119 s ago"),
        (timedelta(minutes=-5), "in 5 min"),
        (timedelta(hours=3), "3 h ago"),
        (timedelta(days=8), "8 d ago"),
        (timedelta(days=900), "900 d ago"),
    ],
)
def test_a_distance_in_time_reads_well(distance, words):
    assert out.ago(NOW - distance, NOW) == words
    assert out.ago(None, NOW) == "never"


def test_json_is_the_same_value_with_nothing_that_could_drive_a_terminal():
    import json

    text = "a\x9b31m\u202eb\u2028\x7f\ud800 Сирия"
    told = out.compact({"title": text})
    assert json.loads(told)["title"] == text
    assert "Сирия" in told
    assert not set("\x9b\u202e\u2028\x7f\ud800") & set(told)

"""When the page behind an item is looked at: counted from its publication or its last change, and never too often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import page as pages
from aggregator import settings
from aggregator.deciding.normalise import FeedProfile
from aggregator.page import plan
from aggregator.page.plan import Page, page_of
from store.events import Content, FeedId, ItemId, TextDigest
from store.ports import Visit

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FEED = FeedProfile(FeedId("a"), "https://a.org/feed", HOUR, page="fulltext", revisit=(15 * MINUTE, HOUR, 6 * HOUR, DAY))
PAGE = page_of("https://a.org/one")
ITEM = ItemId("a/1")


def visit(**more: object) -> Visit:
    fresh = plan.first_visit(ITEM, FEED, PAGE, since=NOW, now=NOW, hold="")
    return replace(fresh, **more)  # type: ignore[arg-type]  # the names are those of Visit


def looks(one: Visit, profile: FeedProfile = FEED, *, most: int = 99) -> list[timedelta]:
    """When the page is looked at if it always answers and never changes, since `NOW`."""
    found = []
    while one.next_at is not None and len(found) < most:
        at = one.next_at
        found.append(at - NOW)
        one = plan.after_good(one, profile, at, again=None, edited=False)
    return found


def content(published_at: datetime | None) -> Content:
    digest = TextDigest("x")
    return Content(digest, digest, digest, "", "en", "", "", published_at, None)


def test_a_page_is_read_at_once_and_then_at_each_offset_once() -> None:
    assert looks(visit()) == [timedelta(0), 15 * MINUTE, HOUR, 6 * HOUR, DAY]


def test_offsets_that_passed_before_the_item_was_seen_are_skipped_but_for_the_first_reading() -> None:
    assert looks(visit(since=NOW - 2 * HOUR)) == [timedelta(0), 4 * HOUR, 22 * HOUR]
    assert looks(visit(since=NOW - 9 * DAY)) == [timedelta(0)]


def test_a_look_that_comes_late_skips_what_passed_meanwhile() -> None:
    late = plan.after_good(visit(), FEED, NOW + 2 * HOUR, again=None, edited=False)
    assert late.next_at == NOW + 6 * HOUR


def test_an_edit_of_the_page_starts_the_offsets_anew() -> None:
    edited = plan.after_good(visit(), FEED, NOW + 6 * HOUR, again=None, edited=True)
    assert looks(edited)[:2] == [6 * HOUR + 15 * MINUTE, 7 * HOUR]


def test_an_item_that_its_feed_revises_is_looked_at_now_and_anew() -> None:
    over = visit(next_at=None)
    revised = plan.changed(over, FEED, PAGE, NOW + 3 * DAY)
    assert looks(revised)[:2] == [3 * DAY, 3 * DAY + 15 * MINUTE]


def test_an_item_that_gets_another_link_has_another_page() -> None:
    moved = plan.changed(visit(etag='"x"', body="sha256:1", looked_at=NOW), FEED, page_of("https://a.org/two"), NOW)
    assert (moved.url, moved.next_at) == ("https://a.org/two", NOW)
    assert (moved.etag, moved.body, moved.looked_at) == ("", "", NOW)


def test_what_waits_to_settle_is_looked_at_sooner() -> None:
    doubtful = plan.after_good(visit(next_at=NOW), FEED, NOW + HOUR, again=15 * MINUTE, edited=False)
    assert doubtful.next_at == NOW + HOUR + 15 * MINUTE
    last = plan.after_good(visit(), FEED, NOW + 8 * DAY, again=15 * MINUTE, edited=False)
    assert last.next_at == NOW + 8 * DAY + 15 * MINUTE


def test_what_alerted_somebody_is_followed_for_thirty_days() -> None:
    matched = replace(FEED, page="matched")
    told = visit(until=NOW + plan.FOLLOWED)
    found = looks(told, matched)
    assert found[:5] == [timedelta(0), 15 * MINUTE, HOUR, 6 * HOUR, DAY]
    assert found[5:] == [timedelta(days=days) for days in range(2, 31)]


def test_the_first_alert_counts_and_one_after_its_thirty_days_begins_them_anew() -> None:
    matched = replace(FEED, page="matched")
    told = visit(until=NOW + plan.FOLLOWED, looked_at=NOW)
    assert plan.followed(told, matched, NOW + DAY, NOW + DAY) is told
    anew = plan.followed(told, matched, NOW + 40 * DAY, NOW + 40 * DAY)
    assert anew.until == NOW + 70 * DAY
    assert anew.next_at == NOW + 41 * DAY


def test_a_page_that_fails_is_tried_later_and_later_and_not_given_up_for_a_month() -> None:
    one, waits = visit(), []
    while one.next_at is not None:
        at = one.next_at
        one = plan.after_failure(one, FEED, at, reason="http_403")
        waits.append(one.next_at - at if one.next_at else None)
    assert waits[6:9] == [DAY, DAY, DAY]
    assert len(waits) > 30
    assert (one.next_at, one.reason, one.failures) == (None, "http_403", len(waits))


def test_a_page_that_fails_is_asked_all_the_same_when_it_would_have_been() -> None:
    once = plan.after_failure(visit(), FEED, NOW, reason="http_503")
    assert once.next_at == NOW + 15 * MINUTE
    often = plan.after_failure(replace(visit(), failures=5), FEED, NOW + 2 * HOUR, reason="http_503")
    assert often.next_at == NOW + 6 * HOUR, "sooner than a day later"
    late = plan.after_failure(visit(), FEED, NOW + 2 * HOUR, reason="http_503")
    assert late.next_at == NOW + 3 * HOUR, "sooner than its next offset"


def test_a_server_that_asks_for_time_gets_it() -> None:
    asked = plan.after_failure(visit(), FEED, NOW, reason="http_503", wait=5 * HOUR)
    assert asked.next_at == NOW + 5 * HOUR


def test_a_page_that_answers_again_is_back_on_its_schedule() -> None:
    failing = plan.after_failure(visit(), FEED, NOW, reason="http_503")
    back = plan.after_good(failing, FEED, NOW + HOUR, again=None, edited=False)
    assert (back.failures, back.reason, back.next_at) == (0, "", NOW + 6 * HOUR)


def test_what_is_no_web_page_is_looked_at_rarely() -> None:
    pdf = plan.after_other_kind(visit(), FEED, NOW, reason="not_html")
    assert (pdf.next_at, pdf.failures, pdf.reason) == (NOW + DAY, 0, "not_html")
    assert plan.after_other_kind(visit(), FEED, NOW + DAY, reason="not_html").next_at is None


@pytest.mark.parametrize(
    ("claimed", "since"),
    [(NOW - HOUR, NOW - HOUR), (None, NOW), (NOW + HOUR, NOW)],
)
def test_publication_is_what_the_source_claims_unless_that_is_still_to_come(
    claimed: datetime | None, since: datetime
) -> None:
    assert plan.published_at(content(claimed), NOW) == since


@pytest.mark.parametrize(
    ("link", "objection"),
    [
        ("https://a.org/one", ""), ("HTTP://a.org/one", ""), ("https://a.org/?p=1", ""),
        ("", "no-link"), ("#top", "no-link"), ("mailto:a@b.org", "no-web-address"), ("ftp://a.org/x", "no-web-address"),
        ("javascript:alert(1)", "no-web-address"), ("https:///x", "no-web-address"), ("one/two", "no-web-address"),
        ("https://a.org/", "home-page"), ("https://a.org", "home-page"), ("https://a.org/#one", "home-page"),
    ],
)  # fmt: skip
def test_only_a_page_of_its_own_is_looked_at(link: str, objection: str) -> None:
    page = page_of(link)
    assert page.objection == objection
    asked = plan.first_visit(ITEM, FEED, page, since=NOW, now=NOW, hold="")
    assert (asked.next_at, asked.reason) == (None if objection else NOW, objection)


def test_a_fragment_names_a_place_on_a_page_and_no_other_page() -> None:
    one, two = page_of("https://www.a.org/day#one"), page_of("http://a.org/day/#two")
    assert one == Page("https://www.a.org/day", "a.org/day", "www.a.org", "")
    assert one.name == two.name


def test_a_page_that_several_items_link_to_is_nobodys_own() -> None:
    one, two, other = visit(), visit(item=ItemId("a/2")), visit(item=ItemId("a/3"), page="a.org/three")
    shared = plan.unshared([two, other], [one, two])
    assert {v.item: (v.next_at, v.reason) for v in shared} == {
        "a/1": (None, plan.SHARED), "a/2": (None, plan.SHARED), "a/3": (NOW, ""),
    }  # fmt: skip
    assert plan.changed(shared[0], FEED, PAGE, NOW + HOUR).next_at is None
    assert plan.replanned(shared[0], FEED, NOW + HOUR).next_at is None


def test_visits_that_the_settings_ended_go_on_when_they_ask_for_them_again() -> None:
    off = plan.ended(visit(looked_at=NOW))
    assert (off.next_at, off.reason) == (None, plan.OFF)
    on = plan.replanned(off, FEED, NOW + HOUR)
    assert (on.next_at, on.reason) == (NOW + 6 * HOUR, "")
    assert plan.replanned(plan.ended(visit()), FEED, NOW + DAY).next_at == NOW + DAY


def test_longer_offsets_reopen_what_was_over() -> None:
    over = visit(next_at=None, looked_at=NOW + DAY)
    longer = replace(FEED, revisit=(*FEED.revisit, 7 * DAY))
    assert plan.replanned(over, longer, NOW + 2 * DAY).next_at == NOW + 7 * DAY


def test_each_setting_of_pages_is_a_plan_of_its_own() -> None:
    plans = {plan.plan_of(one) for one in (FEED, replace(FEED, page="matched"), replace(FEED, revisit=(HOUR,)))}
    assert len(plans) == 3
    assert plan.plan_of(replace(FEED, page="none")) == ""


def test_without_the_extra_the_setting_is_a_mistake_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "available", lambda: False)
    text = '[feeds.a]\nurl = "http://x.org"\npage = "none"\n[feeds.b]\nurl = "http://y.org"\npage = "matched"\n'
    (tmp_path / "f.toml").write_text(text)
    (mistake,) = settings.load(str(tmp_path / "f.toml"), {}, tmp_path).mistakes
    assert mistake.render().startswith(f"{tmp_path}/f.toml:6:8: `page`: ")
    assert 'pip install "feedwitness[fulltext]"' in mistake.message


def test_the_settings_reach_the_feed(tmp_path: Path) -> None:
    text = (
        '[feeds.a]\nurl = "http://x.org"\npage = "fulltext"\nrevisit = ["1h", "2d"]\n[feeds.b]\nurl = "http://y.org"\n'
    )
    (tmp_path / "f.toml").write_text(text)
    loaded = settings.load(str(tmp_path / "f.toml"), {}, tmp_path)
    assert loaded.settings
    profiles = {name: settings.profile(feed) for name, feed in loaded.settings.feeds.items()}
    assert (profiles["a"].page, profiles["a"].revisit) == ("fulltext", (HOUR, 2 * DAY))
    assert (profiles["b"].page, profiles["b"].revisit) == ("none", (15 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY))

"""New, known, or known under another name: what `decide` makes of entries (quirks Q3, Q4, Q7b, Q8, Q19; re-keys)."""

from datetime import timedelta

import pytest

from bench.watcher import MONDAY, Watcher, document, entry, profile
from store.events import Event, FeedBaselined, ItemAbsent, ItemPublished, ItemRekeyed, ItemRevised

LONG = "The ministry published the full text of the agreement, which says in its first part what follows. " * 4


class Story:
    """Polls ten minutes apart."""

    def __init__(self, **settings) -> None:
        self.watcher = Watcher(profile(**settings))
        self.now = MONDAY + timedelta(days=2)

    def poll(self, *entries, **given) -> list[Event]:
        self.now += timedelta(minutes=10)
        return self.watcher.poll(document(*entries, **given), self.now)


@pytest.fixture
def story() -> Story:
    return Story()


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_the_first_fetch_is_recorded_and_held(story: Story) -> None:
    events = story.poll(entry("b", hours=1), entry("a"))
    assert kinds(events) == ["ItemPublished", "ItemPublished", "FeedBaselined"]
    assert all(e.baseline and e.hold == "first-fetch" for e in events if isinstance(e, ItemPublished))


def test_an_empty_first_document_is_a_baseline_too(story: Story) -> None:
    (baselined,) = story.poll()
    assert isinstance(baselined, FeedBaselined)
    assert (baselined.items, baselined.identity) == (0, "auto")
    (published,) = story.poll(entry("a"))
    assert isinstance(published, ItemPublished)
    assert (published.baseline, published.hold) == (False, "")


def test_a_broken_empty_first_document_is_none(story: Story) -> None:
    assert story.poll(well_formed=False, problem="mismatched tag") == []
    assert story.watcher.refused == ["broken"]
    assert story.watcher.baselined is None


def test_first_fetch_all_holds_nothing() -> None:
    events = Story(first_fetch="all").poll(entry("a"))
    assert [e.hold for e in events if isinstance(e, ItemPublished)] == [""]


def test_first_fetch_of_a_duration_holds_what_is_older_or_undated() -> None:
    story = Story(first_fetch=timedelta(hours=24))
    events = story.poll(entry("new", hours=40), entry("old", hours=1), entry("undated", hours=None))
    assert [e.hold for e in events if isinstance(e, ItemPublished)] == ["first-fetch", "first-fetch", ""]


def test_a_guid_that_carries_the_time_of_the_edit_is_the_same_item(story: Story) -> None:
    def call(stamp: str, text: str):
        return entry(
            "pm", text, guid=f"https://www.gov.uk/news/pm-call#{stamp}", link="https://www.gov.uk/news/pm-call"
        )

    story.poll(call("2026-09-22T17:00:00+01:00", "They spoke at noon."), entry("a"))
    (revised,) = story.poll(call("2026-09-22T18:30:00+01:00", "They spoke at one."), entry("a"))
    assert isinstance(revised, ItemRevised)
    assert revised.kind == "wording"


def test_one_guid_one_link_one_title_seven_items(story: Story) -> None:
    def floor(hour: int):
        return entry(
            f"f{hour}",
            f"Action number {hour}.",
            guid="urn:uuid:https",
            link="https://clerk/",
            title="Floor",
            hours=hour,
        )

    assert kinds(story.poll(*(floor(h) for h in (6, 5, 4, 3, 2, 1, 0)))) == ["ItemPublished"] * 7 + ["FeedBaselined"]
    assert kinds(story.poll(*(floor(h) for h in (7, 6, 5, 4, 3, 2, 1)))) == ["ItemPublished"]
    assert kinds(story.poll(floor(8))) == [], "over half lost: refused"


def test_a_new_guid_for_a_known_link_is_a_rekey(story: Story) -> None:
    story.poll(entry("b", hours=1), entry("a"))
    (rekeyed,) = story.poll(entry("b", hours=1, guid="urn:new:b"), entry("a"))
    assert isinstance(rekeyed, ItemRekeyed)
    assert rekeyed.reason == "same link"
    assert story.poll(entry("b", hours=1, guid="urn:new:b"), entry("a"), title="x") == [], "known by both names"
    assert story.poll(entry("b", hours=1), entry("a")) == []


def test_a_rekey_with_other_words_is_a_rekey_and_an_edit(story: Story) -> None:
    story.poll(entry("b", hours=1), entry("a"))
    events = story.poll(entry("b", "Other words were found.", hours=1, guid="urn:new:b"), entry("a"))
    assert kinds(events) == ["ItemRekeyed", "ItemRevised"]


def test_a_new_name_for_the_same_long_text_is_a_rekey(story: Story) -> None:
    story.poll(entry("b", LONG, hours=1), entry("a"))
    moved = entry("b", LONG, hours=9, guid="urn:new:b", link="https://example.org/new/b")
    rekeyed, revised = story.poll(moved, entry("a"))
    assert isinstance(rekeyed, ItemRekeyed)
    assert isinstance(revised, ItemRevised)
    assert (revised.kind, revised.fields) == ("metadata", ("link", "published"))


def test_a_short_bulletin_repeated_is_news_each_day(story: Story) -> None:
    def bulletin(day: int):
        return entry(f"d{day}", "No warnings in force.", title="Warnings", hours=24 * day)

    story.poll(bulletin(1), bulletin(0))
    assert kinds(story.poll(bulletin(2), bulletin(1))) == ["ItemPublished"]


def test_a_title_claimed_for_the_same_minute_is_the_same_statement(story: Story) -> None:
    story.poll(entry("b", "Short", hours=1.75), entry("a"))
    moved = entry("b", "Short, with more", hours=1.75, guid="urn:new", link="https://example.org/new")
    assert kinds(story.poll(moved, entry("a"))) == ["ItemRekeyed", "ItemRevised"]


def test_two_listed_entries_are_two_items_whatever_they_share(story: Story) -> None:
    story.poll(entry("b", LONG, hours=1), entry("a"))
    twin = entry("c", LONG, hours=1, title="Statement b", link="https://example.org/page/b")
    assert kinds(story.poll(twin, entry("b", LONG, hours=1), entry("a"))) == ["ItemPublished"]


def test_a_link_that_many_statements_share_makes_no_rekey(story: Story) -> None:
    live = {"link": "https://example.org/live"}
    story.poll(entry("b", hours=1, **live), entry("a", **live))
    assert kinds(story.poll(entry("c", hours=2, **live), entry("b", hours=1, **live))) == ["ItemPublished"]


def test_a_feed_of_one_entry_and_one_link_has_new_statements(story: Story) -> None:
    story.poll(entry("a", link="https://example.org/latest"))
    assert kinds(story.poll(entry("b", link="https://example.org/latest"))) == ["ItemPublished"]


def test_a_whole_feed_under_new_names_is_no_news_and_one_note(story: Story) -> None:
    story.poll(*(entry(n, hours=9 - h) for h, n in enumerate("ihgfedcba")))
    events = story.poll(*(entry(n, hours=9 - h, guid=f"urn:new:{n}") for h, n in enumerate("ihgfedcba")))
    assert kinds(events) == ["ItemRekeyed"] * 9 + ["FeedReissued"]


def test_a_rekeyed_feed_still_tells_of_its_news(story: Story) -> None:
    story.poll(*(entry(n, hours=9 - h) for h, n in enumerate("ihgfedcba")))
    events = story.poll(
        entry("j", hours=10), *(entry(n, hours=9 - h, guid=f"urn:new:{n}") for h, n in enumerate("ihgfedcba"))
    )
    (published,) = [e for e in events if isinstance(e, ItemPublished)]
    assert published.hold == ""


def test_a_busy_desk_that_publishes_ten_at_once_is_not_held(story: Story) -> None:
    story.poll(*(entry(f"a{n}", hours=n) for n in range(9, -1, -1)))
    events = story.poll(*(entry(f"b{n}", hours=20 + n) for n in range(9, -1, -1)))
    assert kinds(events) == ["ItemPublished"] * 10 + ["FeedGap"]
    assert not any(e.hold for e in events if isinstance(e, ItemPublished))


def test_undated_entries_are_news_at_the_top_and_held_at_the_end(story: Story) -> None:
    story.poll(*(entry(n, hours=None) for n in "dcb"))
    assert [e.hold for e in story.poll(*(entry(n, hours=None) for n in "edcb"))] == [""]
    assert [e.hold for e in story.poll(*(entry(n, hours=None) for n in "edcba"))] == ["surfaced"]


def test_undated_entries_that_a_feed_adds_at_its_end_are_news(story: Story) -> None:
    story.poll(*(entry(n, hours=None) for n in "abc"))
    for names in ("abcd", "bcde", "cdef"):
        assert [e.hold for e in story.poll(*(entry(n, hours=None) for n in names))] == [""]


def test_one_date_for_all_says_nothing_of_age(story: Story) -> None:
    story.poll(*(entry(n, hours=4) for n in "abc"))
    assert [e.hold for e in story.poll(*(entry(n, hours=4) for n in "abcd"))] == [""]


def test_new_entries_with_titles_that_many_share_are_no_reissue(story: Story) -> None:
    def briefing(n: int):
        return entry(f"n{n}", f"The spokesperson answered question {n}.", title="Briefing", hours=n)

    story.poll(*(briefing(n) for n in range(10, 0, -1)))
    events = story.poll(*(briefing(n) for n in range(16, 6, -1)))
    assert [e.hold for e in events if isinstance(e, ItemPublished)] == [""] * 6


def test_a_feed_that_lists_the_oldest_first_has_its_news_at_the_end(story: Story) -> None:
    story.poll(*(entry(n, hours=h) for h, n in enumerate("abcd")))
    (published,) = story.poll(*(entry(n, hours=h) for h, n in enumerate("abcde")))
    assert isinstance(published, ItemPublished)
    assert (published.hold, published.surfaced, published.backdated) == ("", False, False)


def test_a_statement_dated_ahead_is_kept_and_disturbs_nobody(story: Story) -> None:
    story.poll(entry("f", hours=2000), entry("a"))
    (published,) = story.poll(entry("f", hours=2000), entry("b", hours=50), entry("a"))
    assert isinstance(published, ItemPublished)
    assert not published.backdated


def test_days_without_a_time_make_nothing_backdated(story: Story) -> None:
    story.poll(entry("b", hours=4), entry("a", hours=4))
    (published,) = story.poll(entry("b", hours=4), entry("c", hours=4), entry("a", hours=4))
    assert isinstance(published, ItemPublished)
    assert not published.backdated


def test_another_address_that_shares_nothing_is_a_new_baseline() -> None:
    story = Story()
    story.poll(entry("b"), entry("a"))
    story.watcher.profile = profile(url="https://elsewhere.example/feed")
    events = story.poll(entry("y"), entry("x"))
    assert kinds(events) == ["ItemPublished", "ItemPublished", "FeedBaselined"]


def test_a_lost_memory_makes_nothing_new(story: Story) -> None:
    story.poll(entry("b", hours=1), entry("a"))
    story.watcher.stored = "damaged"
    assert story.watcher.memory.lost
    assert kinds(story.poll(entry("c", hours=2), entry("b", hours=1), entry("a"))) == ["ItemPublished"]


@pytest.mark.parametrize(
    "date", ["", "0001-01-01", "31 Dec 9999 23:59:60", "tomorrow", "Mon, 99 Foo 2026", "\u0663/\u0664"]
)
def test_a_date_that_cannot_be_read_disturbs_nothing(story: Story, date: str) -> None:
    def odd(name: str, raw: str):
        return entry(name, hours=None, published=raw)

    story.poll(odd("c", date), odd("b", ""), odd("a", "yesterday"))
    (published,) = story.poll(odd("d", date), odd("c", date + "?"), odd("b", ""), odd("a", "yesterday"))
    assert isinstance(published, ItemPublished)
    assert published.content.published == date
    assert story.poll(odd("d", date), odd("b", ""), odd("a", "yesterday")) == []
    absent, _ = story.poll(odd("d", date), odd("b", ""), odd("a", "yesterday"), title="again")
    assert isinstance(absent, ItemAbsent)


def test_the_widest_dates_are_still_dates(story: Story) -> None:
    story.poll(entry("b", hours=640_000), entry("a", hours=-320_000))
    assert kinds(story.poll(entry("c", hours=640_001), entry("b", hours=640_000), entry("a", hours=-320_000))) == [
        "ItemPublished"
    ]

"""What a visit to a page proves, rule by rule: readings, edits, walls, other extractors, withdrawals."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from aggregator.page.text import PageText, PageUnread
from bench.page_watcher import ANOTHER_PAGE, Answer, PageWatcher
from bench.watcher import MONDAY, Watcher, document, entry, profile
from store.events import (
    Event,
    ItemAbsent,
    ItemCompleted,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemReextracted,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
)

PAGE = """Statement a
The minister spoke about a and said that forty trucks will cross each week.
The convoy left Amman on Monday with 12 tonnes of flour and medicine.
No date was named for the next convoy, the minister added.
Journalists were not admitted to the crossing."""
OTHER = """Statement a
This page has been replaced. Visit our new site to read the news of the government and subscribe to the newsletter."""
WALL = "Checking your browser\nThis process is automatic. Your browser will be redirected shortly. Ray 8f3a77c1"
LEAD = "The minister spoke about a and said that forty trucks will cross each week."


class Story:
    """One feed with a page behind item `a`, whose page is looked at an hour apart unless said otherwise."""

    def __init__(self, *others: str, lead: str = LEAD, **pages: object) -> None:
        self.feed = Watcher(profile())
        self.now = MONDAY + timedelta(days=2)
        self.others = others or ("b", "c", "d")
        self.lead = lead
        self.poll("a")
        self.pages = PageWatcher(self.feed, **pages)  # type: ignore[arg-type]
        self.item = next(item for item in self.feed.items if self.title(item) == "Statement a")

    def title(self, item: ItemId) -> str:
        return self.feed.texts[self.feed.items[item].content.title]

    def poll(self, *names: str, lead: str = "", title: str = "Statement a", mins: int = 10) -> list[Event]:
        """Poll the feed with the other entries and these, `a` with this lead."""
        self.now += timedelta(minutes=mins)
        self.lead = lead or self.lead
        entries = [entry(name, hours=9 + n) for n, name in enumerate(self.others)]
        ours = [entry(name, self.lead if name == "a" else "", hours=12, title=title) for name in names]
        return self.feed.poll(document(*sorted([*entries, *ours], key=claimed, reverse=True)), self.now)

    def visit(self, shown: Answer, hours: float = 1, **known: str) -> list[Event]:
        self.now += timedelta(hours=hours)
        return self.pages.visit(self.item, shown, self.now, **known)

    def roll_off(self) -> None:
        """`a` leaves the feed as everything does some day: newer entries come, it and what is older go."""
        self.others = ("w", "x", "y", "z")
        assert not any(isinstance(event, ItemAbsent) for event in self.poll(mins=60))

    @property
    def reason(self) -> str:
        return self.pages.decisions[-1].reason


def claimed(each: object) -> datetime:
    return each.published_at  # type: ignore[attr-defined, no-any-return]


def read() -> Story:
    """A story in which the page was read."""
    story = Story()
    (completed,) = story.visit(PAGE)
    assert isinstance(completed, ItemCompleted)
    return story


def told(events: list[Event]) -> list[tuple[str, str]]:
    """Kind of edit and hold of each edit; there is nothing else."""
    assert all(isinstance(event, ItemRevised) for event in events)
    return [(event.kind, event.hold) for event in events if isinstance(event, ItemRevised)]


# --- readings and edits -----------------------------------------------------------------------------------------------


def test_the_first_reading_completes_the_version_and_is_no_edit() -> None:
    story = Story()
    (completed,) = story.visit(PAGE, hold="late-page")
    assert isinstance(completed, ItemCompleted)
    assert (completed.version, completed.hold, completed.parser) == (1, "late-page", "test/1")
    assert completed.content.page
    assert story.feed.texts[completed.content.page.text] == PAGE
    assert replace(completed.content, page=None) == story.feed.versions[story.item][0].content
    assert story.pages.decisions[-1].keep


def test_the_same_page_again_is_nothing_and_keeps_nothing() -> None:
    story = read()
    assert story.visit(PAGE) == story.visit(None) == []
    assert not story.pages.decisions[-1].keep


def test_a_changed_word_is_one_edit_of_the_page() -> None:
    story = read()
    (edit,) = story.visit(PAGE.replace("12 tonnes", "120 tonnes"))
    assert isinstance(edit, ItemRevised)
    assert (edit.kind, edit.flags, edit.fields, edit.hold) == ("wording", ("number",), ("page",), "")
    assert (edit.from_version, edit.to_version, edit.reverts_to) == (1, 2, None)
    assert edit.content.title == story.feed.versions[story.item][0].content.title
    assert story.pages.decisions[-1].edited


def test_what_a_page_adds_only_has_grown() -> None:
    (edit,) = read().visit(PAGE + "\nThe ambassador thanked the drivers.")
    assert isinstance(edit, ItemRevised)
    assert "growth" in edit.flags


def test_white_space_and_punctuation_are_what_they_are_in_feeds() -> None:
    story = read()
    assert told(story.visit(PAGE.replace("Monday with", "Monday, with"))) == [("punctuation", "")]
    assert told(story.visit(PAGE.replace("Monday with", "Monday with\n"))) != []


def test_an_edit_of_the_feed_leaves_the_page_as_it_was_read() -> None:
    story = read()
    (edit,) = story.poll("a", lead=LEAD.replace("forty", "fifty"))
    assert isinstance(edit, ItemRevised)
    assert edit.content.page == story.feed.versions[story.item][1].content.page
    assert story.visit(PAGE) == []


def test_a_page_that_returns_to_an_earlier_text_says_to_which_version() -> None:
    story = read()
    story.visit(PAGE.replace("12", "120"))
    (back,) = story.visit(PAGE)
    assert isinstance(back, ItemRevised)
    assert (back.reverts_to, back.hold) == (1, "")


def test_the_third_return_within_a_day_is_held_as_flapping() -> None:
    story = read()
    other = PAGE.replace("12", "120")
    holds = [told(story.visit(shown))[0][1] for shown in (other, PAGE, other, PAGE)]
    assert holds == ["", "", "", "flapping"]


def test_a_page_read_in_another_encoding_is_held() -> None:
    russian = "Statement a\nМинистр сообщил о сорока грузовиках, которые пройдут через границу на этой неделе."
    garbled = "Statement a\n" + russian.split("\n")[1].encode("cp1251").decode("latin-1")
    story = Story(lead=russian.split("\n")[1])
    story.visit(russian)
    assert told(story.visit(garbled)) == [("wording", "mojibake")]
    assert told(story.visit(russian)) == [("wording", "mojibake")]
    assert story.pages.controls == 0


def test_a_line_that_never_rests_is_looked_past_and_an_edit_beside_it_is_found() -> None:
    story = read()
    ages = [
        f"{PAGE}\nUpdated {age} ago" for age in ("a minute", "five minutes", "an hour", "a day", "two days", "long")
    ]
    story.visit(ages[0])
    holds = [told(story.visit(age)) for age in ages[1:]]
    assert holds[:4] == [[("wording", "")]] * 4
    assert holds[4] == [("wording", "volatile")]
    assert story.visit(f"{PAGE}\nUpdated yesterday") == []
    (edit,) = story.visit(f"{PAGE}\nUpdated on Monday".replace("not admitted", "admitted"))
    assert isinstance(edit, ItemRevised)
    assert (edit.flags, edit.hold) == (("negation",), "")


def test_a_line_of_the_site_that_other_pages_have_too_is_held() -> None:
    line = "\nSubscribe to the newsletter of the ministry"
    story = read()
    story.pages.control = ANOTHER_PAGE + line
    assert told(story.visit(PAGE + line)) == [("wording", "template")]
    (edit,) = story.visit((PAGE + line).replace("12", "120"))
    assert isinstance(edit, ItemRevised)
    assert (edit.kind, edit.hold) == ("wording", "")


def test_an_edit_beside_a_new_line_of_the_site_is_told_without_it() -> None:
    line = "\nFollow us in 2027"
    story = read()
    story.pages.control = ANOTHER_PAGE + line
    (edit,) = story.visit(PAGE.replace("not admitted", "admitted") + line)
    assert isinstance(edit, ItemRevised)
    assert (edit.flags, edit.hold) == (("negation",), "")


def test_a_new_line_that_no_other_page_has_is_an_edit() -> None:
    assert told(read().visit(PAGE + "\nCorrection: the convoy left on Tuesday.")) == [("wording", "")]


def test_a_line_of_the_site_that_left_both_pages_is_held() -> None:
    line = "\nThis site will be closed for maintenance on Sunday"
    story = Story()
    story.visit(PAGE + line)
    story.pages.control_before = ANOTHER_PAGE + line
    assert told(story.visit(PAGE)) == [("wording", "template")]
    assert story.pages.controls == 1


def test_a_line_that_left_this_page_alone_is_an_edit() -> None:
    line = "\nThe ambassador thanked the drivers."
    story = Story()
    story.visit(PAGE + line)
    story.pages.control = story.pages.control_before = ANOTHER_PAGE + line
    assert told(story.visit(PAGE)) == [("wording", "")]


def test_an_erased_item_is_never_read_again() -> None:
    story = read()
    story.feed.items[story.item] = replace(story.feed.items[story.item], salt=b"")
    assert story.visit(PAGE.replace("12", "120")) == []
    assert not story.pages.decisions[-1].keep
    assert story.visit("gone") == []


# --- the other face ---------------------------------------------------------------------------------------------------


def test_an_edit_that_the_feed_told_before_is_held_on_the_page() -> None:
    story = read()
    assert told(story.poll("a", lead=LEAD.replace("forty", "fifty"))) == [("wording", "")]
    assert told(story.visit(PAGE.replace("forty", "fifty"))) == [("wording", "other-face")]


def test_an_edit_that_the_page_told_before_is_held_in_the_feed() -> None:
    story = read()
    assert told(story.visit(PAGE.replace("forty", "fifty"))) == [("wording", "")]
    assert told(story.poll("a", lead=LEAD.replace("forty", "fifty"))) == [("wording", "other-face")]


def test_a_new_headline_is_told_once_though_the_page_repeats_it() -> None:
    story = read()
    assert told(story.poll("a", title="Statement of the minister")) == [("title", "")]
    assert told(story.visit(PAGE.replace("Statement a", "Statement of the minister"))) == [("wording", "other-face")]


def test_what_the_page_changes_beside_the_edit_of_the_feed_is_told() -> None:
    story = read()
    story.poll("a", lead=LEAD.replace("forty", "fifty"))
    assert told(story.visit(PAGE.replace("forty", "fifty").replace("not admitted", "admitted"))) == [("wording", "")]


def test_the_same_word_at_another_place_of_the_page_is_another_edit() -> None:
    story = Story(lead="The minister said that 12 trucks crossed.")
    page = PAGE.replace("forty trucks will cross", "12 trucks crossed")
    story.visit(page)
    story.poll("a", lead="The minister said that 14 trucks crossed.")
    assert told(story.visit(page.replace("12 tonnes", "14 tonnes"))) == [("wording", "")]


def test_the_words_before_and_behind_tell_one_place_from_another() -> None:
    story = Story(lead="It sent 12 trucks.")
    page = "Statement a\nIt sent 12 trucks.\nThe army lost 12 trucks.\nNothing else is known."
    story.visit(page)
    story.poll("a", lead="It sent 14 trucks.")
    assert told(story.visit(page.replace("lost 12", "lost 14"))) == [("wording", "")]


def test_an_edit_that_was_held_has_not_been_told() -> None:
    story = read()
    story.pages.extractor = "test/2"
    assert told(story.visit(PAGE.replace("forty", "fifty"))) == [("wording", "extractor")]
    assert told(story.poll("a", lead=LEAD.replace("forty", "fifty"))) == [("wording", "")]


def test_two_edits_of_the_feed_are_one_on_a_page_that_was_looked_at_late() -> None:
    story = read()
    story.poll("a", lead=LEAD.replace("forty", "fifty"))
    story.poll("a", lead=LEAD.replace("forty", "fifty").replace("week", "day"))
    assert told(story.visit(PAGE.replace("forty", "fifty").replace("week", "day"))) == [("wording", "other-face")]


# --- walls, errors, other pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["challenge", "empty", "error_page", "too_short", "extract_timeout", "no_extra"])
def test_a_page_that_cannot_be_read_changes_nothing_and_is_said(reason: str) -> None:
    story = read()
    assert story.visit(PageUnread(reason, "")) == []
    assert story.reason == reason
    assert story.visit(PAGE) == []


@pytest.mark.parametrize("verdict", ["gone", "missing", "unreachable"])
def test_while_its_feed_lists_it_a_page_that_fails_proves_nothing(verdict: str) -> None:
    story = read()
    for _ in range(5):
        assert story.visit(verdict, hours=4) == []
    assert story.reason == verdict
    assert story.visit(PAGE) == []


def test_one_text_under_two_addresses_is_a_block_page() -> None:
    story = read()
    story.pages.control = WALL.replace("8f3a77c1", "9e0b21d4")
    for _ in range(4):
        assert story.visit(WALL, hours=30) == []
        assert story.reason == "block-page"
        assert story.pages.decisions[-1].again
    assert story.visit(PAGE) == []


def test_a_block_page_is_known_again_without_another_address() -> None:
    story = read()
    story.pages.control = WALL
    story.visit(WALL)
    story.pages.control = "unreachable"
    assert [story.visit(WALL, hours=30), story.visit(WALL, hours=30)] == [[], []]
    assert story.reason == "block-page"


def test_a_block_page_is_not_taken_for_the_first_reading() -> None:
    story = Story(control=WALL)
    assert story.visit(WALL) == []
    assert story.reason == "block-page"
    (completed,) = story.visit(PAGE)
    assert isinstance(completed, ItemCompleted)


def test_a_first_reading_that_shares_nothing_with_its_feed_is_one_if_other_pages_differ() -> None:
    (completed,) = Story(lead="Read more.").visit(PAGE.replace("Statement a", "Forty trucks a week"))
    assert isinstance(completed, ItemCompleted)


def test_another_text_is_believed_when_it_is_seen_again() -> None:
    story = read()
    assert story.visit(OTHER) == []
    assert story.reason == "doubtful"
    assert story.pages.decisions[-1].doubtful
    assert story.pages.decisions[-1].reread
    assert story.visit(OTHER, hours=0.1) == []
    assert told(story.visit(OTHER, hours=0.2)) == [("wording", "")]


def test_another_text_that_was_there_for_a_moment_is_nothing() -> None:
    story = read()
    assert [story.visit(OTHER), story.visit(PAGE), story.visit(OTHER)] == [[], [], []]


def test_where_no_other_page_can_be_read_another_text_must_stand_for_a_day() -> None:
    story = read()
    story.pages.control = "unreachable"
    assert [story.visit(OTHER, hours=6) for _ in range(4)] == [[], [], [], []]
    assert told(story.visit(OTHER, hours=6)) == [("wording", "")]


def test_a_short_statement_of_which_a_word_changed_is_no_other_text() -> None:
    story = Story()
    story.visit("Statement a\nThe minister will not resign, he said on Monday.")
    assert told(story.visit("Statement a\nThe minister will resign, he said on Monday.")) == [("wording", "")]
    assert story.pages.controls == 0


# --- other extractors -------------------------------------------------------------------------------------------------


def test_a_better_reading_of_the_same_bytes_is_put_right_and_is_no_edit() -> None:
    story = read()
    better = PAGE.replace("Journalists", "\nJournalists of all papers")
    story.pages.extractor = "test/2"
    story.pages.former = lambda _: PageText(better, "Statement a", "en", "test/2")
    (righted,) = story.visit(better)
    assert isinstance(righted, ItemReextracted)
    assert (righted.version, righted.fields, righted.formerly, righted.parser) == (1, ("page",), "test/1", "test/2")
    assert righted.capture == story.feed.versions[story.item][1].content.page.capture  # type: ignore[union-attr]
    assert story.visit(better) == []


def test_an_edit_beside_a_better_reading_is_found() -> None:
    story = read()
    better = PAGE.replace("Journalists", "The journalists")
    story.pages.extractor = "test/2"
    story.pages.former = lambda _: PageText(better, "Statement a", "en", "test/2")
    righted, edit = story.visit(better.replace("not admitted", "admitted"))
    assert isinstance(righted, ItemReextracted)
    assert isinstance(edit, ItemRevised)
    assert (edit.flags, edit.hold) == (("negation",), "")


def test_what_another_extractor_reads_otherwise_is_held_where_the_capture_is_gone() -> None:
    story = read()
    story.pages.extractor = "test/2"
    assert told(story.visit(PAGE.replace("Journalists", "The journalists"))) == [("wording", "extractor")]
    assert told(story.visit(PAGE.replace("Journalists", "The journalists").replace("12", "120"))) == [("wording", "")]


def test_a_text_read_alike_by_another_extractor_is_asked_for_once() -> None:
    story = read()
    story.pages.extractor = "test/2"
    asked: list[str] = []
    story.pages.former = asked.append
    assert story.visit(PAGE) == []
    assert told(story.visit(PAGE.replace("12", "120"))) == [("wording", "")]
    assert asked == []


def test_two_ways_of_reading_are_two_extractors() -> None:
    story = read()
    story.pages.former = lambda text: PageText(text, "", "en", "test/1")
    as_seen = PageText(PAGE + "\nPrint this page", "Statement a", "en", "test/1 as-seen")
    assert told(story.visit(as_seen)) == [("wording", "extractor")]


# --- withdrawn --------------------------------------------------------------------------------------------------------


def test_rolled_off_and_its_page_gone_is_withdrawn_at_once() -> None:
    story = read()
    story.roll_off()
    (gone,) = story.visit("gone")
    assert isinstance(gone, ItemWithdrawn)
    assert gone.grade == "page-gone"
    assert len(gone.evidence) == 2
    assert "410 Gone; the page of an entry still listed answered" in gone.evidence[1]
    assert story.visit("gone") == story.visit("missing") == []


def test_rolled_off_and_its_page_missing_three_times_over_six_hours_is_withdrawn() -> None:
    story = read()
    story.roll_off()
    assert [story.visit("missing", hours=3), story.visit("missing", hours=3)] == [[], []]
    assert story.pages.decisions[-1].again == timedelta(hours=3)
    (gone,) = story.visit("missing", hours=3)
    assert isinstance(gone, ItemWithdrawn)
    assert gone.first_absent_at == story.now - timedelta(hours=6)


def test_a_page_missing_for_a_moment_is_forgotten() -> None:
    story = read()
    story.roll_off()
    for _ in range(4):
        assert [story.visit("missing", hours=3), story.visit("missing", hours=3), story.visit(PAGE)] == [[], [], []]


def test_where_no_other_page_answers_nothing_is_withdrawn() -> None:
    story = read()
    story.roll_off()
    story.pages.control = "missing"
    assert [story.visit(verdict, hours=4) for verdict in ("missing", "missing", "gone", "missing")] == [[]] * 4


def test_a_page_that_could_not_be_asked_or_read_proves_nothing() -> None:
    story = read()
    story.roll_off()
    shown: list[Answer] = ["missing", "unreachable", PageUnread("challenge", ""), "unreachable"]
    assert [story.visit(each, hours=4) for each in shown] == [[]] * 4


def test_a_page_that_was_never_seen_standing_cannot_be_withdrawn() -> None:
    story = Story()
    story.roll_off()
    assert [story.visit("gone"), story.visit("gone")] == [[], []]


def test_an_item_missing_from_the_middle_is_the_feeds_to_judge() -> None:
    story = read()
    story.poll()
    (absent, delisted) = story.poll()
    assert isinstance(absent, ItemAbsent)
    assert isinstance(delisted, ItemDelisted)
    (gone,) = story.visit("gone")
    assert isinstance(gone, ItemWithdrawn)


def test_a_withdrawn_page_that_stands_again_is_restored() -> None:
    story = read()
    story.roll_off()
    story.visit("gone")
    (back,) = story.visit(PAGE)
    assert back == ItemRestored(story.item, story.feed.profile.id, "withdrawn", back.capture)  # type: ignore[attr-defined]
    assert story.visit(PAGE) == []
    assert isinstance(story.visit("gone")[0], ItemWithdrawn)


def test_a_withdrawn_page_that_comes_back_with_an_edit_tells_both() -> None:
    story = read()
    story.roll_off()
    story.visit("gone")
    assert [type(event) for event in story.visit(PAGE.replace("12", "120"))] == [ItemRestored, ItemRevised]


@pytest.mark.parametrize("shown", [OTHER, WALL, PageUnread("challenge", ""), "unreachable"])
def test_something_else_at_its_address_does_not_restore_what_was_withdrawn(shown: Answer) -> None:
    story = read()
    story.roll_off()
    story.visit("gone")
    assert [story.visit(shown, hours=30), story.visit(shown, hours=30)] == [[], []]


def test_a_statement_that_its_feed_lists_again_is_restored_by_the_feed_alone() -> None:
    story = read()
    story.roll_off()
    story.visit("gone")
    story.others = ("b", "c", "d")
    assert [type(each) for each in story.poll("a") if not isinstance(each, ItemPublished)] == [ItemRestored]
    assert story.visit(PAGE) == []


def test_a_page_that_stands_all_along_does_not_restore_what_a_tombstone_withdrew() -> None:
    story = read()
    story.roll_off()
    story.feed.add(
        [ItemWithdrawn(story.item, story.feed.profile.id, "tombstone", story.now, story.now, ())], [], story.now
    )
    assert story.visit(PAGE) == []


def test_the_evidence_names_no_address() -> None:
    story = read()
    story.roll_off()
    (gone,) = story.visit("gone")
    assert isinstance(gone, ItemWithdrawn)
    assert "example.org" not in " ".join(gone.evidence)
    assert ANOTHER_PAGE not in " ".join(gone.evidence)

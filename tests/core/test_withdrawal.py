"""What a missing entry proves: windows with sections and strays, pages that answer, tombstones (Q7b, Q9, Q10)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.deciding.memory import Listed, Suspect
from aggregator.deciding.window import find_gaps, order_of, sections_of
from aggregator.deciding.withdrawal import conclude, probes_due
from aggregator.outcome import PageProbe, PageSeen, Tombstone
from bench.watcher import MONDAY, Watcher, document, entry, every_page_is_missing, profile
from store.events import (
    Event,
    FeedId,
    ItemAbsent,
    ItemDelisted,
    ItemId,
    ItemPublished,
    ItemRestored,
    ItemRevised,
    ItemWithdrawn,
)

HOUR = 3600
DAY = 24 * HOUR


def window(*dates: int | None, strays: tuple[int, ...] = ()) -> list[Listed]:
    """A window of items named by their places."""
    return [Listed(ItemId(str(n)), date, n in strays) for n, date in enumerate(dates)]


def holes(previous: list[Listed], gone: set[int], entered: int = 0) -> list[str]:
    """The places of the holes when these places are gone and so many entries came in at the top."""
    present = [*(ItemId(f"new{n}") for n in range(entered)), *(e.item for e in previous if int(e.item) not in gone)]
    return [hole.item for hole in find_gaps(previous, present, entered).holes]


FALLING = [9 * HOUR, 8 * HOUR, 7 * HOUR, 6 * HOUR, 5 * HOUR, 4 * HOUR]


def test_missing_from_the_middle_is_a_hole() -> None:
    assert holes(window(*FALLING), {2}) == ["2"]


def test_missing_from_the_end_has_rolled_off() -> None:
    assert holes(window(*FALLING), {4, 5}) == []
    assert holes(window(*FALLING), {4, 5}, entered=2) == []


def test_the_newest_replaced_by_a_newer_one_is_a_hole() -> None:
    assert holes(window(*FALLING), {0}, entered=1) == ["0"]


def test_a_list_with_the_oldest_first_is_read_from_its_end() -> None:
    assert holes(window(*reversed(FALLING)), {0}) == []
    assert holes(window(*reversed(FALLING)), {3}) == ["3"]


def test_an_undated_list_is_read_by_position() -> None:
    assert holes(window(*[None] * 5), {2}) == ["2"]
    assert holes(window(*[None] * 5), {4}) == []


def test_an_undated_list_that_grows_at_its_end_rolls_off_at_its_top() -> None:
    present = [ItemId(n) for n in ("1", "2", "3", "new")]
    assert find_gaps(window(*[None] * 4), present, 1, "end").holes == ()
    (hole,) = find_gaps(window(*[None] * 4), [ItemId(n) for n in ("0", "1", "3", "new")], 1, "end").holes
    assert hole.item == "2"


def test_an_undated_list_whose_entries_change_places_proves_nothing() -> None:
    previous = window(*[None] * 6)
    present = [ItemId(n) for n in ("5", "0", "4", "1", "3")]
    assert find_gaps(previous, present, 0).holes == ()


def test_one_date_for_all_is_read_by_position() -> None:
    assert holes(window(*[DAY] * 5), {2}) == ["2"]


def test_a_list_in_no_order_proves_nothing() -> None:
    assert order_of([5, 1, 9, 2, 8, 3, 7]) == "mixed"
    assert holes(window(5, 1, 9, 2, 8, 3, 7), {2}) == []


def test_days_without_a_time_prove_nothing_within_a_day() -> None:
    assert holes(window(4 * DAY, 3 * DAY, 3 * DAY, 3 * DAY), {1}) == []
    assert holes(window(3 * DAY, 3 * DAY, 2 * DAY, 1 * DAY), {1}) == ["1"]


def test_the_end_of_a_section_before_pinned_entries_is_roll_off() -> None:
    dated = [100 * DAY - n * DAY for n in range(8)]
    pinned = [-900 * DAY, -20 * DAY, -700 * DAY, -1500 * DAY]
    assert sections_of([*dated, *pinned]) == [0] * 8 + [1, 2, 2, 2]
    assert holes(window(*dated, *pinned), {7}, entered=1) == []
    assert holes(window(*dated, *pinned), {7}) == []
    assert holes(window(*dated, *pinned), {3}) == ["3"]


def test_the_end_of_the_first_of_two_sources_is_roll_off() -> None:
    first = [10 * DAY - n * HOUR for n in range(6)]
    second = [10 * DAY - n * HOUR for n in range(4)]
    assert holes(window(*first, *second), {4, 5}) == []
    assert holes(window(*first, *second), {5}, entered=1) == []
    assert holes(window(*first, *second), {7}) == ["7"]


def test_an_old_entry_put_back_at_the_end_makes_no_holes_of_what_rolls_past_it() -> None:
    advisories = [30 * DAY - n * DAY for n in range(6)]
    assert holes(window(*advisories, 2 * DAY), {4, 5}, entered=2) == []
    assert holes(window(*advisories, 22 * DAY, strays=(6,)), {5}, entered=0) == []


def test_what_outlives_a_roll_off_becomes_a_stray() -> None:
    gaps = find_gaps(window(*FALLING), [ItemId(n) for n in ("x", "y", "0", "1", "2", "5")], 2)
    assert gaps.holes == ()
    assert gaps.strays == {ItemId("5")}


# --- pages ------------------------------------------------------------------------------------------------------------


class Story:
    """Polls ten minutes apart; the page of each name answers as told, the others stand."""

    def __init__(self, **settings) -> None:
        self.answers: dict[str, str] = {}
        self.sibling_stands = True
        self.watcher = Watcher(profile(**settings), pages=self._page)
        self.now = MONDAY + timedelta(days=2)

    def _page(self, probe: PageProbe) -> tuple[str, bool]:
        return self.answers.get(probe.url.rsplit("/", 1)[-1], "standing"), self.sibling_stands

    def poll(self, names: str | None, later: timedelta = timedelta(minutes=10), **given) -> list[Event]:
        self.now += later
        if names is None:
            return self.watcher.poll(None, self.now)
        return self.watcher.poll(document(*(entry(n, hours=ord(n) - 97) for n in names), **given), self.now)


@pytest.fixture
def story() -> Story:
    story = Story()
    story.poll("fedcba")
    return story


def test_two_polls_less_than_an_every_apart_prove_nothing(story: Story) -> None:
    assert story.poll("fecba") == []
    assert story.poll(None, timedelta(minutes=9)) == []
    assert len(story.poll(None, timedelta(minutes=1))) == 2


def test_a_withdrawal_says_what_was_seen_when(story: Story) -> None:
    story.answers["d"] = "gone"
    last_seen = story.now
    story.poll("fecba")
    first_absent = story.now
    absent, withdrawn = story.poll(None)
    assert isinstance(absent, ItemAbsent)
    assert isinstance(withdrawn, ItemWithdrawn)
    assert (withdrawn.grade, withdrawn.last_seen_at, withdrawn.first_absent_at) == (
        "page-gone",
        last_seen,
        first_absent,
    )
    assert len(withdrawn.evidence) == 2
    assert "its page: gone" in withdrawn.evidence[1]
    assert all("\n" not in line for line in withdrawn.evidence)


def test_the_log_never_says_where_a_page_lies_for_a_link_may_name_what_is_erased_one_day(story: Story) -> None:
    story.answers["d"] = "standing"
    events = [*story.poll("fecba"), *story.poll(None)]
    assert [type(event) for event in events] == [ItemAbsent, ItemDelisted]
    assert not [event for event in events if "page/" in repr(event)]


def test_a_page_is_asked_beside_one_that_is_still_listed(story: Story) -> None:
    story.poll("fecba")
    story.poll(None)
    (probe,) = story.watcher.probes
    assert probe.url.endswith("/d")
    assert probe.sibling.endswith("/c")


def test_a_gone_page_on_a_site_that_answers_nothing_proves_nothing(story: Story) -> None:
    story.answers["d"] = "gone"
    story.sibling_stands = False
    story.poll("fecba")
    assert [type(e) for e in story.poll(None)] == [ItemAbsent]
    story.sibling_stands = True
    assert [type(e) for e in story.poll(None, timedelta(hours=1))] == [ItemWithdrawn]


def test_false_404s_that_end_within_six_hours_are_no_withdrawal(story: Story) -> None:
    story.answers["d"] = "missing"
    story.poll("fecba")
    assert [type(e) for e in story.poll(None)] == [ItemAbsent]
    assert story.poll(None, timedelta(hours=3)) == []
    story.answers["d"] = "standing"
    (delisted,) = story.poll(None, timedelta(hours=3))
    assert isinstance(delisted, ItemDelisted)
    assert delisted.page == "standing"


def test_pages_are_not_asked_at_every_poll(story: Story) -> None:
    story.answers["d"] = "missing"
    story.poll("fecba")
    for _ in range(17):
        story.poll(None)
    assert len(story.watcher.probes) == 1


# --- pages that answer 200 to anything --------------------------------------------------------------------------------


def suspected() -> Suspect:
    """An item that was found absent, whose page has not been asked yet."""
    at = MONDAY + timedelta(days=2)
    return Suspect(ItemId("m/d"), MONDAY, at, (ItemId("m/c"),), "https://x.test/news/d", absent_at=at)


def answered(hours: float, verdict: str, *, alike: bool = False) -> PageSeen:
    """What its page said so many hours later, beside a made-up address."""
    at = MONDAY + timedelta(days=2, hours=hours)
    detail = "200, as the site answers a made-up address" if verdict == "missing" else "200"
    stands = not alike
    return PageSeen(ItemId("m/d"), "https://x.test/news/d", at, verdict, detail, stands, True, alike)


def test_a_page_that_is_answered_like_a_made_up_one_three_times_over_six_hours_is_withdrawn() -> None:
    each, ended = conclude(FeedId("m"), suspected(), answered(0, "missing"))
    assert ended is None
    each, ended = conclude(FeedId("m"), each, answered(3, "missing"))
    assert ended is None
    _, ended = conclude(FeedId("m"), each, answered(6, "missing"))
    assert isinstance(ended, ItemWithdrawn)
    assert ended.evidence[-1].endswith(
        "its page: 200, as the site answers a made-up address; "
        "the page of an entry still listed answered with a page of its own."
    )


def test_a_site_that_answers_all_addresses_alike_can_not_be_checked() -> None:
    each = suspected()
    for hours in (0, 1, 2, 6):
        each, ended = conclude(FeedId("m"), each, answered(hours, "missing", alike=True))
    assert isinstance(ended, ItemDelisted)
    assert ended.page == "unchecked"
    assert "like the made-up address, too, which proves nothing" in ended.evidence[-1]


def test_a_page_that_comes_back_from_a_soft_404_stands() -> None:
    each, _ = conclude(FeedId("m"), suspected(), answered(0, "missing"))
    _, ended = conclude(FeedId("m"), each, answered(3, "standing"))
    assert isinstance(ended, ItemDelisted)
    assert ended.page == "standing"


def test_a_made_up_address_is_asked_again_only_while_the_verdict_hangs_on_it() -> None:
    each, links = suspected(), {ItemId("m/c"): "https://x.test/news/c"}
    later = MONDAY + timedelta(days=4)
    assert [probe.made_up for probe in probes_due([each], links, later)] == [False]
    each, _ = conclude(FeedId("m"), each, answered(0, "missing"))
    assert [probe.made_up for probe in probes_due([each], links, later)] == [True]
    each, _ = conclude(FeedId("m"), each, replace(answered(3, "missing"), detail="404", made_up=False))
    assert [probe.made_up for probe in probes_due([each], links, later)] == [False]


def test_the_control_is_a_page_of_the_same_kind_where_there_is_one() -> None:
    links = {ItemId(f"m/{n}"): f"https://x.test/{n}" for n in ("video/c", "news/b")}
    (probe,) = probes_due([suspected()], links, MONDAY + timedelta(days=4))
    assert probe.sibling == "https://x.test/news/b"


def test_a_page_is_asked_for_with_the_words_by_which_it_is_known(story: Story) -> None:
    story.answers["d"] = "missing"
    story.poll("fecba")
    story.poll(None)
    story.poll("gfecba", timedelta(hours=3))
    for probe in story.watcher.probes:
        assert probe.words[0] == "Statement d"
        assert probe.words[1].startswith("The minister spoke about d and said")
    assert len(story.watcher.probes) == 2


def test_an_entry_without_a_link_is_delisted_at_once() -> None:
    story = Story()
    bare = [entry(n, hours=ord(n) - 97, link="") for n in "edcba"]
    story.watcher.poll(document(*bare), story.now)
    story.watcher.poll(document(*bare[:2], *bare[3:]), story.now + timedelta(minutes=10))
    _, delisted = story.watcher.poll(None, story.now + timedelta(minutes=20))
    assert isinstance(delisted, ItemDelisted)
    assert delisted.page == "unchecked"
    assert story.watcher.probes == []


def test_a_link_that_a_listed_entry_shares_is_no_page_of_its_own() -> None:
    story = Story()
    same = [entry(n, hours=ord(n) - 97, link="https://example.org/all") for n in "edcba"]
    story.watcher.poll(document(*same), story.now)
    story.watcher.poll(document(*same[:2], *same[3:]), story.now + timedelta(minutes=10))
    _, delisted = story.watcher.poll(None, story.now + timedelta(minutes=20))
    assert isinstance(delisted, ItemDelisted)
    assert story.watcher.probes == []


def test_an_older_copy_of_the_feed_needs_a_day_to_be_believed() -> None:
    story = Story()
    story.watcher.pages = every_page_is_missing
    story.poll("edcba")
    story.poll("hgfed")
    assert story.poll("edcba") == []
    assert story.poll(None, timedelta(hours=12)) == []
    assert story.poll("hgfed") == []
    assert story.watcher.memory.suspects == ()


def test_an_older_copy_that_brings_an_earlier_text_back_is_held() -> None:
    story = Story()

    def edited(names: str, **texts: str):
        return document(*(entry(n, texts.get(n, ""), hours=ord(n) - 97) for n in names))

    story.watcher.poll(edited("edcba", c="One."), story.now)
    story.watcher.poll(edited("fedcb", c="Two."), story.now + timedelta(minutes=10))
    (older,) = story.watcher.poll(edited("edcba", c="One."), story.now + timedelta(minutes=20))
    (newer,) = story.watcher.poll(edited("fedcb", c="Two."), story.now + timedelta(minutes=30))
    assert isinstance(older, ItemRevised)
    assert isinstance(newer, ItemRevised)
    assert (older.hold, newer.hold) == ("flapping", "flapping")


def test_a_return_after_an_absence_says_what_it_was(story: Story) -> None:
    story.answers["d"] = "missing"
    story.poll("fecba")
    story.poll(None)
    (restored,) = story.poll("fedcba")
    assert isinstance(restored, ItemRestored)
    assert restored.was == "absent"


def test_a_tombstone_withdraws_at_once_and_once(story: Story) -> None:
    stone = (Tombstone("urn:x:d", "2026-11-18T09:00:00Z"),)
    (withdrawn,) = story.poll("fecba", tombstones=stone)
    assert isinstance(withdrawn, ItemWithdrawn)
    assert withdrawn.grade == "tombstone"
    assert "2026-11-18T09:00:00Z" in withdrawn.evidence[0]
    assert story.poll("fecba", tombstones=stone, title="x") == []
    assert story.poll(None) == []


def test_a_tombstone_of_a_listed_or_unknown_entry_says_nothing(story: Story) -> None:
    assert story.poll("fedcba", tombstones=(Tombstone("urn:x:d", ""), Tombstone("urn:x:nobody", ""))) == []


def test_a_broken_memory_of_suspects_ends_in_silence_not_in_an_alert(story: Story) -> None:
    story.poll("fecba")
    story.watcher.stored = "{}"
    assert story.poll(None) == []


def test_failures_in_between_change_nothing(story: Story) -> None:
    story.answers["d"] = "gone"
    story.poll("fecba")
    assert story.poll("") == []
    assert story.poll("f") == []
    assert [type(e) for e in story.poll("fecba")] == [ItemAbsent, ItemWithdrawn]


def test_the_black_box_story_of_the_contract() -> None:
    """tests/acceptance plays the same one over the real program."""
    story = Story(every=timedelta(seconds=1))
    others = {f"g{n}": entry(f"g{n}", hours=6 + n / 60) for n in range(24)} | {
        f"o{n}": entry(f"o{n}", hours=n) for n in range(4)
    }
    old, late = entry("old", hours=-1), entry("late", others["o0"].text, title=others["o0"].title, hours=30)

    def watched(text: str):
        return entry("w", text, hours=20)

    def publish(*items) -> list[Event]:
        story.now += timedelta(seconds=1.05)
        newest_first = sorted(items, key=lambda e: e.published_at, reverse=True)
        return story.watcher.poll(document(*newest_first), story.now)

    publish(old, *others.values())
    (appeared,) = publish(old, *others.values(), watched("40 trucks to Syria"))
    assert isinstance(appeared, ItemPublished)
    assert appeared.hold == ""
    for text in ("14 trucks to Syria", "14 trucks", "14 trucks to Syria"):
        (edit,) = publish(old, *others.values(), watched(text))
        assert isinstance(edit, ItemRevised)
        assert edit.hold == ""
    assert edit.reverts_to == 2
    assert [publish(*others.values(), watched("14 trucks to Syria")) for _ in range(3)] == [[], [], []]
    story.answers["w"] = "gone"
    told = [type(e) for _ in range(4) for e in publish(*others.values(), late)]
    assert told == [ItemPublished, ItemAbsent, ItemWithdrawn]
    assert [type(e) for e in publish(*others.values(), late, watched("14 trucks to Syria"))] == [ItemRestored]

"""Edits and what only looks like one (quirks Q5, Q6, Q10, Q11, Q12, Q16; noise and real edits of real feeds)."""

from datetime import timedelta

import pytest

from bench.watcher import MONDAY, Watcher, document, entry, profile
from store.events import Event, FeedReissued, ItemPublished, ItemRevised

RUSSIAN = "Готовящийся к выпуску седан Audi RS6 будет мощнее прежнего, сообщили в компании."


class Story:
    """Polls ten minutes apart over the same five entries, of which some are replaced."""

    def __init__(self) -> None:
        self.watcher = Watcher(profile())
        self.now = MONDAY + timedelta(days=2)
        self.listed = {name: entry(name, hours=9 - n) for n, name in enumerate("jihgfedcba")}

    def poll(self, *changed, later: timedelta = timedelta(minutes=10), **given) -> list[Event]:
        self.now += later
        self.listed |= {each.guid.removeprefix("urn:x:"): each for each in changed}
        return self.watcher.poll(document(*self.listed.values(), **given), self.now)


@pytest.fixture
def story() -> Story:
    story = Story()
    story.poll()
    return story


def revisions(events: list[Event]) -> list[tuple[str, str]]:
    return [(e.kind, e.hold) for e in events if isinstance(e, ItemRevised)]


def test_another_document_with_the_same_entries_is_nothing(story: Story) -> None:
    assert story.poll(title="Another channel title") == []


@pytest.mark.parametrize(
    ("field", "old", "new", "kind"),
    [
        ("title", "Vulnérabilité dans FreeBSD", "Multiples vulnérabilités dans FreeBSD", "title"),
        ("title", "Research Day : participez à la journée", "Research Day : suivez la retransmission", "title"),
        ("text", "from 08:30 to 13:00 PT", "from 08:30 to 16:00 PT", "wording"),
        ("text", "kickoff in Brasília (GMT−3)", "kickoff in Houston (GMT−5)", "wording"),
        ("text", "na quarta-feira marcará", "no dia 7/5 marca", "wording"),
        ("text", "always even fun", "always even more fun", "wording"),
    ],
)  # fmt: skip
def test_a_real_edit_is_one_event(story: Story, field: str, old: str, new: str, kind: str) -> None:
    story.poll(entry("e", hours=4, **{field: old}))
    assert revisions(story.poll(entry("e", hours=4, **{field: new}))) == [(kind, "")]


def test_the_edit_carries_versions_fields_and_flags(story: Story) -> None:
    story.poll(entry("e", "40 trucks", hours=4))
    (event,) = story.poll(entry("e", "14 trucks", hours=4))
    assert isinstance(event, ItemRevised)
    assert (event.from_version, event.to_version, event.fields, event.flags) == (2, 3, ("text",), ("number",))


def test_dates_that_are_now_on_every_poll_are_nothing(story: Story) -> None:
    for n in range(1, 6):
        moved = [entry(name, hours=100 + n - k * 0.1) for k, name in enumerate("jihgfedcba")]
        assert story.poll(*moved) == []


def test_a_date_that_moves_alone_is_recorded_sparingly(story: Story) -> None:
    assert revisions(story.poll(entry("e", hours=4.5), later=timedelta(days=2))) == [("dates", "")]
    assert story.poll(entry("e", hours=4.6)) == []


def test_another_way_to_write_the_same_time_is_nothing(story: Story) -> None:
    same = entry("e", hours=4, published="Mon, 16 Nov 2026 12:00:00 GMT")
    assert story.poll(same, later=timedelta(days=2)) == []


def test_markup_alone_is_markup(story: Story) -> None:
    assert revisions(story.poll(entry("e", hours=4, markup="ab"))) == [("markup", "")]


def test_a_repaired_encoding_is_held(story: Story) -> None:
    garbled = RUSSIAN.encode().decode("koi8-r")
    story.poll(entry("e", garbled, hours=4))
    assert revisions(story.poll(entry("e", RUSSIAN, hours=4))) == [("wording", "mojibake")]


def test_an_item_that_never_rests_is_recorded_less_and_less(story: Story) -> None:
    held = [revisions(story.poll(entry("e", f"Quote of the moment: {word}.", hours=4))) for word in "abcdefghijkl"]
    assert held[:8] == [[("wording", "")]] * 8
    assert held[8:] == [[]] * 4
    assert story.poll(title="at rest, and told") != []


def test_a_live_item_that_only_grows_is_news_each_time(story: Story) -> None:
    text = "It begins."
    for n in range(9):
        text += f"\nUpdate {n}."
        assert revisions(story.poll(entry("e", text, hours=4))) == [("wording", "")]


def test_two_caches_out_of_step_are_held_from_the_third_flip(story: Story) -> None:
    first = entry("e", hours=4)
    told = [revisions(story.poll(entry("e", "Other words.", hours=4) if n % 2 else first)) for n in range(1, 11)]
    assert told[:5] == [[("wording", "")]] * 3 + [[("wording", "flapping")]] * 2
    assert told[8:] == [[], []]


def test_much_changed_at_once_is_recorded_held_and_noted_once(story: Story) -> None:
    events = story.poll(*(entry(n, f"Rewritten {n}: wholly other words.", hours=9 - h) for h, n in enumerate("jihgf")))
    assert revisions(events) == [("wording", "reissue")] * 5
    (note,) = [e for e in events if isinstance(e, FeedReissued)]
    assert (note.known, note.changed, note.rekeyed) == (10, 5, 0)


def test_news_in_a_reissue_is_told(story: Story) -> None:
    rewritten = [entry(n, f"Rewritten {n}: wholly other words.", hours=9 - h) for h, n in enumerate("jihgf")]
    story.listed = {"k": entry("k", hours=30)} | story.listed
    assert [e.hold for e in story.poll(*rewritten) if isinstance(e, ItemPublished)] == [""]


def test_four_of_ten_are_edits(story: Story) -> None:
    events = story.poll(*(entry(n, f"Rewritten {n}: wholly other words.", hours=9 - h) for h, n in enumerate("jihg")))
    assert revisions(events) == [("wording", "")] * 4


def test_white_space_all_over_is_no_reissue(story: Story) -> None:
    spaced = [
        entry(n, e.text.replace("said that", "said\nthat"), hours=9 - h)
        for h, (n, e) in enumerate(story.listed.items())
    ]
    events = story.poll(*spaced)
    assert not any(isinstance(e, FeedReissued) for e in events)
    assert {kind for kind, _ in revisions(events)} == {"whitespace"}


def with_footer(story: Story, footer: str):
    return [entry(name, f"The statement about {name}.\n{footer}", hours=9 - h) for h, name in enumerate(story.listed)]


def test_a_block_of_the_sites_template_is_no_edit_of_its_entries(story: Story) -> None:
    story.poll(*with_footer(story, "Call us: 123"))
    events = story.poll(*with_footer(story, "Write to us instead"))
    assert revisions(events) == []
    assert [e.reason for e in events if isinstance(e, FeedReissued)] == ["template"]


def test_a_real_edit_beside_a_changed_template_is_found(story: Story) -> None:
    story.poll(*with_footer(story, "Visitors: 123"))
    changed = with_footer(story, "Visitors: 124")
    changed[4] = entry("f", "The statement about peace.\nVisitors: 124", hours=5)
    assert revisions(story.poll(*changed)) == [("wording", "")]


def test_a_counter_in_the_template_is_never_told_again(story: Story) -> None:
    story.poll(*with_footer(story, "Visitors: 123"))
    story.poll(*with_footer(story, "Visitors: 124"))
    for n in range(125, 130):
        assert story.poll(*with_footer(story, f"Visitors: {n}")) == []


def test_one_statement_removed_from_three_in_ten_is_three_edits(story: Story) -> None:
    text = "The president received them.\nMinister Ivanov took part."
    story.poll(*(entry(n, f"Meeting {n}.\n{text}", hours=9 - h) for h, n in enumerate("jih")))
    events = story.poll(
        *(entry(n, f"Meeting {n}.\nThe president received them.", hours=9 - h) for h, n in enumerate("jih"))
    )
    assert revisions(events) == [("wording", "")] * 3


def test_a_new_version_of_our_own_parser_is_no_news(story: Story) -> None:
    events = story.poll(entry("e", "Read in another way.", hours=4), parser="test/2")
    assert revisions(events) == [("wording", "parser")]
    assert revisions(story.poll(entry("e", "Edited.", hours=4), parser="test/2")) == [("wording", "")]


def test_erased_texts_are_not_compared_and_not_told_again(story: Story) -> None:
    item = next(
        i for i in story.watcher.items if story.watcher.texts[story.watcher.items[i].content.title].endswith(" e")
    )
    for digest in (story.watcher.items[item].content.title, story.watcher.items[item].content.text):
        del story.watcher.texts[digest]
    assert story.poll(entry("e", "Other words.", hours=4)) == []

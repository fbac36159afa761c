"""Laws of deciding, over random lives of a feed."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregator.outcome import ParsedFeed
from bench.watcher import MONDAY, Watcher, document, entry, profile
from store.events import Event, ItemAbsent, ItemDelisted, ItemPublished, ItemRevised

NAMES = "abcdefghijkl"
WORDS = ["Forty trucks crossed.", "Fourteen trucks crossed.", "No trucks crossed.", "Слова по-русски.", ""]
EVERY = timedelta(minutes=10)


@st.composite
def documents(draw) -> ParsedFeed:
    """A handful of entries in falling order, sometimes shuffled, undated, or with a shared link or guid."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=4, unique=True))
    ordered = names if draw(st.integers(0, 4)) == 0 else sorted(names, reverse=True)
    dated = draw(st.booleans())
    entries = []
    for name in ordered:
        given_ = {"hours": ord(name) - 97 if dated else None}
        if draw(st.integers(0, 9)) == 0:
            given_["link"] = "https://example.org/shared"
        if draw(st.integers(0, 9)) == 0:
            given_["guid"] = "urn:shared"
        entries.append(entry(name, draw(st.sampled_from(WORDS)), **given_))
    return document(*entries, title=draw(st.text(max_size=3)))


lives = st.lists(documents(), min_size=1, max_size=6)


def play(shown: list[ParsedFeed | None], feed: str = "ministry") -> tuple[Watcher, list[list[Event]]]:
    watcher = Watcher(profile(id=feed))
    told = [watcher.poll(each, MONDAY + timedelta(days=3) + n * EVERY) for n, each in enumerate(shown)]
    return watcher, told


@settings(deadline=None)
@given(lives)
def test_the_same_document_again_gives_no_edit_and_nothing_new(life: list[ParsedFeed]) -> None:
    again = [copy for n, each in enumerate(life) for copy in (each, replace(each, title=f"again {n}"))]
    _, told = play(again)
    for events in told[1::2]:
        assert not [e for e in events if isinstance(e, ItemPublished | ItemRevised)]


@settings(deadline=None)
@given(lives)
def test_every_listed_entry_is_an_item_of_its_own_and_what_is_known_is_what_was_shown(life: list[ParsedFeed]) -> None:
    watcher, _ = play(life)
    if not watcher.refused:
        assert len({e.item for e in watcher.memory.window}) == len(watcher.memory.window) == len(set(life[-1].entries))
        shown = sorted(e.text for e in set(life[-1].entries))
        known = sorted(watcher.texts[watcher.items[e.item].content.text] for e in watcher.memory.window)
        assert known == shown or watcher.memory.restless or watcher.memory.boilerplate


@settings(deadline=None)
@given(lives)
def test_versions_count_from_one_without_gaps(life: list[ParsedFeed]) -> None:
    watcher, _ = play(life)
    for versions in watcher.versions.values():
        assert [version.number for version in versions] == list(range(1, len(versions) + 1))


@settings(deadline=None)
@given(lives, st.data())
def test_304s_and_failed_polls_in_between_make_no_edits(life: list[ParsedFeed], data: st.DataObject) -> None:
    """Unless a 304 confirms an absence, which it is there for: an item that is then delisted, and comes again under
    another name, is another item.
    """
    broken = document(well_formed=False, problem="cut")
    mixed: list[ParsedFeed | None] = []
    for each in life:
        mixed.append(each)
        mixed += data.draw(st.lists(st.sampled_from([None, broken, document()]), max_size=3))
    plain, interrupted = play(list(life))[1], play(mixed)[1]
    assume(_gone(plain) == _gone(interrupted))
    assert _edits(plain) == _edits(interrupted)


@settings(deadline=None)
@given(lives)
def test_the_same_life_of_another_feed_gives_the_same_events(life: list[ParsedFeed]) -> None:
    one, other = play(list(life), "one")[1], play(list(life), "two")[1]
    assert [[type(e) for e in events] for events in one] == [[type(e) for e in events] for events in other]


def _gone(told: list[list[Event]]) -> set[str]:
    return {event.item for events in told for event in events if isinstance(event, ItemAbsent | ItemDelisted)}


def _edits(told: list[list[Event]]) -> list[tuple[str, str]]:
    return [
        (type(event).__name__, event.item)
        for events in told
        for event in events
        if isinstance(event, ItemPublished | ItemRevised)
    ]

"""Blocks that change with every document, and blocks of the site: what is looked past, and that nothing else is."""

from dataclasses import replace
from datetime import timedelta
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.deciding.edits import Face, block_key
from aggregator.deciding.restless import Restless, Spot
from aggregator.deciding.template import MOST_BLOCKS, parts_of_the_site, standing
from aggregator.deciding.unrest import MOST_STEADY, unrest
from aggregator.deciding.volatile import VOLATILE_AFTER, beside, found, streaks_of
from bench.watcher import MONDAY, Watcher, document, entry, profile
from store.events import About, Event, ItemPublished, ItemRevised

EVERY = timedelta(minutes=10)
LEARNT = VOLATILE_AFTER + 1
words = st.sampled_from(
    ["Alpha spoke.", "Beta left.", "Forty trucks crossed.", "Слова по-русски.", "No date was named."]
)
statements = st.lists(words, min_size=2, max_size=5, unique=True)
spots = st.sampled_from(
    [lambda n: f"Read {n} times.", lambda n: f"See also: {'abcdefghijklmnopqrstuvwxyz'[n % 26] * 5}"]
)


def face(text: str, title: str = "A title") -> Face:
    return Face(title, text, About("", (), ""), "", "", "", None, None)


def play(*texts: str, title: str = "Statement a") -> list[list[ItemRevised]]:
    """The edits of one entry that says one text after the other, in documents ten minutes apart."""
    watcher = Watcher(profile())
    told = [
        watcher.poll(document(entry("b", hours=1), entry("a", text, title=title)), MONDAY + n * EVERY)
        for n, text in enumerate(texts)
    ]
    return [[event for event in events if isinstance(event, ItemRevised)] for events in told]


@settings(deadline=None)
@given(statements, spots, st.data())
def test_every_edit_beside_a_volatile_block_is_told(statement: list[str], spot, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(statement)))
    said = [*statement]
    texts, edited = [], []
    for n in range(LEARNT + 8):
        edit = n > LEARNT and n % 4 > 0 and data.draw(st.booleans())  # five edits in a row would be another such block
        if edit:
            at = data.draw(st.integers(0, len(said) - 1))
            said[at] = f"Edited {['once', 'again', 'anew', 'in part', 'in all', 'at last', 'indeed', 'truly'][n % 8]}."
        texts.append("\n".join([*said[:place], spot(n), *said[place:]]))
        edited.append(edit)
    for events, edit in list(zip(play(*texts), edited, strict=True))[LEARNT + 1 :]:
        assert [event.hold for event in events] == ([""] if edit else []), texts


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.booleans(), st.lists(st.integers(0, 3), max_size=2)), min_size=LEARNT, max_size=2 * LEARNT)
)
def test_failures_304s_and_duplicates_in_between_lose_nothing_that_is_told(life: list[tuple[bool, list[int]]]) -> None:
    """They may end a row of changes, so that a counter is told once more; never the other way round."""
    broken = document(well_formed=False, problem="cut")
    plain, mixed = Watcher(profile()), Watcher(profile())
    for n, (_, disturbed) in enumerate(life):
        said = f"Version {'x' * sum(edit for edit, _ in life[: n + 1])} was agreed.\nRead {n} times.\nIt goes on."
        shown = document(entry("b", hours=1), entry("a", said))
        at = MONDAY + n * EVERY
        told, also = ({e.item for e in each.poll(shown, at) if _is_told(e)} for each in (plain, mixed))
        assert told <= also, n
        for k, how in enumerate(disturbed):
            between = (None, broken, document(), replace(shown, title=f"again {n} {k}"))[how]
            assert not [e for e in mixed.poll(between, at + timedelta(minutes=2 * (k + 1))) if _is_told(e)]


def _is_told(event: Event) -> bool:
    return isinstance(event, ItemRevised | ItemPublished) and not event.hold


def test_edits_beside_a_counter_do_not_end_its_row() -> None:
    texts = [f"Version {'x' * (n // 2)} was agreed.\nRead {n} times.\nIt goes on." for n in range(LEARNT + 6)]
    told = play(*texts)
    assert [[event.hold for event in events] for events in told[LEARNT:]] == [[""], [], [""], [], [""], []]


def test_what_is_put_in_beside_a_counter_does_not_end_its_row() -> None:
    texts = [f"It was agreed.{chr(10) + 'And more.' if n > 3 else ''}\nRead {n} times." for n in range(LEARNT + 1)]
    assert [[event.hold for event in events] for events in play(*texts)[-2:]] == [["volatile"], []]


@settings(deadline=None)
@given(statements, st.data())
def test_what_comes_to_a_text_beside_a_volatile_block_is_told(statement: list[str], data: st.DataObject) -> None:
    texts = ["\n".join([*statement, f"Read {n} times."]) for n in range(LEARNT + 2)]
    place = data.draw(st.integers(0, len(statement) + 1))
    blocks = [*statement, "Read 99 times."]
    texts.append("\n".join([*blocks[:place], "The minister resigned.", *blocks[place:]]))
    assert [event.hold for event in play(*texts)[-1]] == [""]


def test_a_statement_written_over_a_counter_is_told() -> None:
    texts = [f"Alpha spoke.\nRead {n} times." for n in range(LEARNT + 2)]
    assert [event.hold for event in play(*texts, "Alpha spoke.\nThe minister resigned.")[-1]] == [""]


def test_a_change_that_rests_for_one_poll_is_told_each_time() -> None:
    texts = [f"Alpha spoke.\nAt least {n // 2} are missing." for n in range(20)]
    told = [event.hold for events in play(*texts) for event in events]
    assert told == [""] * 9


def test_two_spots_of_one_item_are_looked_past_and_what_stands_between_them_is_not() -> None:
    texts = [f"Read {n} times.\nAlpha spoke.\nShared {n} times." for n in range(LEARNT + 3)]
    told = play(*texts, "Read 98 times.\nAlpha left.\nShared 98 times.")
    assert [event.hold for events in told[1:] for event in events] == ["", "", "", "", "volatile", ""]


def test_a_list_that_grows_and_shrinks_hides_no_edit_of_what_stood_still() -> None:
    texts = ["Alpha spoke.\n" + "\n".join(f"See {n * k}" for k in range(1 + n % 3)) for n in range(13)]
    told = play(*texts, texts[-1].replace("Alpha spoke", "Alpha left"))
    assert [event.hold for event in told[-1]] == [""]


def test_a_title_with_a_clock_hides_no_edit_of_the_text() -> None:
    watcher = Watcher(profile())
    for n in range(14):
        watcher.poll(document(entry("b", hours=1), entry("a", "Alpha.", title=f"Live, {n} min")), MONDAY + n * EVERY)
    events = watcher.poll(document(entry("b", hours=1), entry("a", "Beta.", title="Live, 14 min")), MONDAY + 14 * EVERY)
    assert [event.hold for event in events if isinstance(event, ItemRevised)] == [""]


def test_how_often_a_spot_changed_and_since_when_is_remembered() -> None:
    watcher = Watcher(profile())
    for n in range(12):
        text = f"Alpha spoke.\nRead {n} times."
        watcher.poll(document(entry("b", hours=1), entry("a", text)), MONDAY + n * EVERY)
    ((spot,),) = watcher.memory.volatile.values()
    assert (spot.changes, spot.since, spot.changed_at) == (11, MONDAY + VOLATILE_AFTER * EVERY, MONDAY + 11 * EVERY)


def test_what_leaves_the_feed_is_no_longer_remembered() -> None:
    watcher = Watcher(profile())
    for n in range(8):
        text = f"Alpha spoke.\nRead {n} times."
        watcher.poll(document(entry("b", hours=1), entry("a", text)), MONDAY + n * EVERY)
    assert watcher.memory.volatile
    watcher.poll(document(entry("c", hours=2), entry("b", hours=1)), MONDAY + 9 * EVERY)
    assert not watcher.memory.volatile


def test_a_text_without_a_block_that_rests_has_no_spots() -> None:
    assert streaks_of({}, "It is 8 now.", "It is 9 now.") == {}
    assert streaks_of({}, "One.\nTwo.", "Three.\nFour.") == {}


def test_words_that_were_others_once_are_not_told_by_their_figures() -> None:
    streaks = streaks_of({}, "A.\nSeen 1 hour ago.", "A.\nSeen 2 hours ago.")
    streaks = streaks_of(streaks, "A.\nSeen 2 hours ago.", "A.\nSeen 3 hours ago.")
    ((spot, times),) = streaks.items()
    assert (spot.shape, times) == ("", 2)


def test_nothing_is_looked_past_that_is_found_in_one_text_alone() -> None:
    volatile = found(streaks_of({}, "A.\nRead 1 times.", "A.\nRead 2 times."), "A.\nRead 2 times.", MONDAY)
    old, new = beside(face("A.\nRead 2 times."), face("A."), volatile)
    assert (old.text, new.text) == ("A.\nRead 2 times.", "A.")


def test_what_stood_still_is_remembered_of_ordinary_texts_only() -> None:
    before: Restless | None = None
    long = "\n".join(f"Block {n}" for n in range(MOST_STEADY + 1))
    for n in range(3):
        before = unrest(before, face(f"{n}\n{long}"), face(f"{n + 1}\n{long}"), MONDAY).now
    assert before is not None
    assert (before.streak, before.steady) == (3, ())


@given(st.lists(words, min_size=2, max_size=2, unique=True), words, st.integers(3, 9))
def test_a_block_that_gave_way_to_another_is_never_the_sites(pair: list[str], beside_it: str, listed: int) -> None:
    everywhere = dict.fromkeys([*pair, beside_it], listed)
    for old, new in ((pair[0], pair[1]), (pair[0], "Anew."), ("Formerly.", pair[1])):
        assert not parts_of_the_site(f"Said.\n{old}", f"Said.\n{new}", everywhere, listed)


def test_what_stands_in_a_third_of_the_entries_is_the_sites_and_in_less_is_not() -> None:
    def comes(others: int, listed: int) -> bool:
        elsewhere = standing([("Other.\nShare this.", "Other.\nShare this.")] * others)
        return bool(parts_of_the_site("Said.", "Said.\nShare this.", elsewhere, listed))

    assert [comes(others, 6) for others in (2, 3)] == [False, True]
    assert [comes(others, 30) for others in (9, 10)] == [False, True]


def test_a_block_counts_only_where_it_stood_before_and_stands_now() -> None:
    assert standing([("A.\nShare.", "B.\nShare."), ("A.", "A.\nShare."), ("Share.", "A.")]) == {"Share.": 1, "A.": 1}


def test_texts_that_differ_in_too_many_blocks_are_not_looked_at_one_by_one() -> None:
    many = "\n".join(f"Block {n}" for n in range(MOST_BLOCKS + 1))
    assert parts_of_the_site("Said.", f"{many}\nShare this.", {"Share this.": 9}, 9) == frozenset()
    assert streaks_of({}, f"Said.\n{many}", "Said.\nAnew.") == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["a"] * (MOST_BLOCKS - 2), ["a", "a", "a", "c"] * (MOST_BLOCKS // 4 - 1)),
        (["a", "b"] * (MOST_BLOCKS // 2 - 1), ["b", "a"] * (MOST_BLOCKS // 2 - 1)),
        ([f"{n % 2 * n}" for n in range(MOST_BLOCKS - 2)], [f"{n % 2 * -n}" for n in range(MOST_BLOCKS - 2)]),
    ],
)
def test_blocks_made_to_take_time_take_next_to_none(old: list[str], new: list[str]) -> None:
    before, after = face("\n".join(["x", *old])), face("\n".join(["y", *new]))
    spots = found([Spot("x", "y", 1, "")] * 3 + [Spot(block_key("a"), block_key("a"), 2, "")], after.text, MONDAY)
    began = process_time()
    parts_of_the_site(before.text, after.text, {"a": 9}, 9)
    unrest(None, before, after, MONDAY)
    beside(before, after, spots)
    assert process_time() - began < 1

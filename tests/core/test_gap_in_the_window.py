"""A gap: the whole window rolled by between two good polls, so what came and went in between was never seen (Q19)."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bench.watcher import MONDAY, Watcher, document, entry, profile
from store.events import Event, FeedGap

START = MONDAY + timedelta(days=2)
TEN_MINUTES = timedelta(minutes=10)


def listed(names: str, hours: int = 0, **given):
    """Entries of these letters, newest first, an hour apart."""
    return [entry(name, hours=hours + len(names) - n, **given) for n, name in enumerate(names)]


def gaps(events: Sequence[Event]) -> list[tuple[int, int]]:
    return [(event.left, event.new) for event in events if isinstance(event, FeedGap)]


def told(*documents, **settings) -> list[tuple[int, int]]:
    """The gaps of a feed that showed these documents, ten minutes apart; None is a 304."""
    watcher = Watcher(profile(**settings))
    return [gap for n, shown in enumerate(documents) for gap in gaps(watcher.poll(shown, START + n * TEN_MINUTES))]


BEFORE = document(*listed("dcba"))


def test_a_window_that_rolled_by_as_a_whole_is_a_gap_since_the_last_good_poll() -> None:
    watcher = Watcher(profile())
    watcher.poll(BEFORE, START)
    watcher.poll(None, START + 3 * TEN_MINUTES)
    events = watcher.poll(document(*listed("ihgfe", hours=9)), START + 4 * TEN_MINUTES)
    (gap,) = [event for event in events if isinstance(event, FeedGap)]
    assert (gap.left, gap.new, gap.since) == (4, 5, START + 3 * TEN_MINUTES)


def test_it_is_told_once() -> None:
    after = document(*listed("hgfe", hours=9))
    assert told(BEFORE, after, None, after, document(*listed("hgfe", hours=9), title="Another")) == [(4, 4)]


def test_one_old_entry_left_is_enough_to_know_that_nothing_was_missed() -> None:
    assert told(BEFORE, document(*listed("gfed", hours=3))) == []


def test_a_pinned_entry_does_not_hide_a_gap() -> None:
    for pinned in (entry("p", hours=-1), entry("p", hours=-500)):
        assert told(document(*listed("edcba"), pinned), document(*listed("jihgf", hours=9), pinned)) == [(5, 5)]


def test_a_list_of_links_below_the_news_does_not_hide_a_gap() -> None:
    lists = [entry(f"list-{n}", hours=hours) for n, hours in enumerate((400, 100, 300))]
    assert told(document(*listed("edcba"), *lists), document(*listed("jihgf", hours=9), *lists)) == [(5, 5)]


def test_the_news_above_an_unordered_list_may_change_without_a_gap() -> None:
    rest = [entry(f"r{n}", hours=hours) for n, hours in enumerate((10, 50, 20, 60, 30))]
    assert told(document(*listed("ba", hours=60), *rest), document(*listed("dc", hours=70), *rest)) == []


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (document(*listed("dcba", title="Same", text="Same words for all of them.")), "edited, every one of them"),
        (
            document(*[entry(n, guid=f"new:{n}", hours=4 - k) for k, n in enumerate("dcba")]),
            "known links under new ids",
        ),
        (document(), "an emptied list"),
        (document(*listed("e", hours=9)), "a list that lost most of its entries"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_known_in_another_shape_is_no_gap(after, why: str) -> None:
    assert told(BEFORE, after) == []


def renamed(names: str):
    """Entries that say what they said, under other ids, links and dates."""
    return [entry(n, guid=f"new:{n}", link=f"https://new.example/{n}", hours=40 - k) for k, n in enumerate(names)]


def test_a_reissue_is_no_gap_even_with_much_news_above_it() -> None:
    assert told(document(*listed("jihgfedcba")), document(*listed("qponml", hours=50), *renamed("jihgf"))) == []


def test_one_new_entry_above_known_words_is_no_gap() -> None:
    assert told(BEFORE, document(entry("x", hours=50), *renamed("dcb"))) == []


def test_a_first_document_and_one_after_an_empty_one_are_no_gap() -> None:
    assert told(BEFORE) == []
    assert told(document(), BEFORE) == []


def test_another_address_given_by_the_operator_is_a_new_beginning_and_no_gap() -> None:
    watcher = Watcher(profile())
    watcher.poll(BEFORE, START)
    watcher.profile = profile(url="https://elsewhere.example/feed")
    assert gaps(watcher.poll(document(*listed("hgfe", hours=9)), START + TEN_MINUTES)) == []


def test_a_list_of_one_entry_rolls_with_each_new_one() -> None:
    assert told(document(entry("a", hours=1)), document(entry("b", hours=2)), document(entry("c", hours=3))) == []


def test_an_older_copy_of_the_feed_and_the_way_back_are_no_gap() -> None:
    """Two caches a whole window apart: all that is listed is known."""
    now, old = document(*listed("hgfe", hours=9)), BEFORE
    assert told(old, document(*listed("fedc", hours=5)), now, old, now, old, now) == []


def test_a_document_full_of_old_titles_under_new_dates_is_a_gap_only_if_most_is_unseen() -> None:
    """A daily briefing keeps its title; it alone does not tell that the list is the old one."""
    before = document(entry("a", title="Noon briefing", hours=1), *listed("dcb"))
    briefing = entry("x", title="Noon briefing", text="Other words today.", hours=30)
    assert told(before, document(briefing, *listed("hgf", hours=20))) == [(4, 3)]

"""What an edit removed and added, as people would tell it."""

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.diff import Entry, shorten, word_diff


def told(old: str, new: str) -> str:
    """The diff as [-removed-] {+added+}."""
    around = {"=": "{}", "-": "[-{}-]", "+": "{{+{}+}}"}
    return "".join(around[tag].format(text) for tag, text in word_diff(old, new).entries)


EDITS = {
    "each number by itself": (
        "killed 10 in 12 raids",
        "killed 11 in 13 raids",
        "killed [-10-]{+11+} in [-12-]{+13+} raids",
    ),
    "a word put in": ("It will meet.", "It will not meet.", "It will{+ not+} meet."),
    "a sentence put in": ("One. Three.", "One. Two. Three.", "One.{+ Two.+} Three."),
    "a sentence taken out, though its words repeat": (
        "The dog ran. The dog slept. It rained.",
        "The dog ran. It rained.",
        "The dog ran.[- The dog slept.-] It rained.",
    ),
    "no confetti: a lone word between larger changes belongs to them": (
        "The red cat sat on a mat",
        "A blue dog lay on the rug",
        "[-The red cat sat on a mat-]{+A blue dog lay on the rug+}",
    ),
    "Chinese by character": ("两国同意停火。", "两国拒绝停火。", "两国[-同意-]{+拒绝+}停火。"),
    "Thai by character, its marks with it": ("ระบบดี", "ระบบไม่ดี", "ระบบ{+ไม่+}ดี"),
    "Russian by word": ("Это не мир.", "Это мир.", "Это[- не-] мир."),
    "white space alone is not told": ("a\nb  c", "a b c", "a b c"),
    "quotation marks": ("he said peace", 'he said "peace"', 'he said{+ "+}peace{+"+}'),
    "from nothing": ("", "all new", "{+all new+}"),
    "to nothing": ("all gone", "", "[-all gone-]"),
    "no change": ("same", "same", "same"),
    "a name with a number is one word": ("an S-300 here", "an S-400 here", "an [-S-300-]{+S-400+} here"),
}


@pytest.mark.parametrize(("old", "new", "expected"), EDITS.values(), ids=EDITS.keys())
def test_an_edit_reads_as_people_would_tell_it(old: str, new: str, expected: str) -> None:
    assert told(old, new) == expected


def test_the_phrases_removed_and_added_are_listed_without_white_space_around() -> None:
    diff = word_diff("Aid of 10 trucks left.", "Aid of 12 trucks and a crane left.")
    assert (diff.removed, diff.added) == (("10",), ("12", "and a crane"))


def test_phrases_are_bounded_in_length_and_number() -> None:
    diff = word_diff("", "x" * 2_000)
    assert len(diff.added[0]) == 500
    many = word_diff(" ".join(f"k{n} a{n}" for n in range(200)), " ".join(f"k{n} b{n}" for n in range(200)))
    assert len(many.added) == len(many.removed) == 50


WORDS = st.lists(st.sampled_from(["a", "b", "c.", "d,", "\n", " ", "не", "中", "文", "x1", '"']), max_size=40)
TEXTS = st.one_of(st.text(max_size=80), WORDS.map(" ".join))


@given(TEXTS, TEXTS)
@settings(deadline=None)
def test_kept_and_added_make_the_new_text_kept_and_removed_the_old_but_for_white_space(old: str, new: str) -> None:
    entries = word_diff(old, new).entries
    assert "".join(e.text for e in entries if e.tag in "=+") == new
    assert "".join("".join(e.text for e in entries if e.tag in "=-").split()) == "".join(old.split())
    assert all(e.text for e in entries)
    assert all(one.tag != two.tag for one, two in pairwise(entries))


@given(st.text(max_size=60))
@settings(deadline=None)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert {e.tag for e in word_diff(text, text).entries} <= {"="}


NUMBERS = "".join(f"{n} " for n in range(30_000))
HOSTILE = {
    "few words, many times": ("a b " * 30_000, "b a " * 30_000),
    "only white space": (" " * 125_000, "\n" * 125_000),
    "a token a character": ("中" * 60_000, "文中" * 30_000),
    "sentences all new": (NUMBERS.replace(" ", "s. "), NUMBERS.replace(" ", "t. ")),
    "one long word": ("x" * 125_000, "x" * 124_999 + "y"),
    "signs": ("'" * 125_000, "a'" * 60_000),
    "no sentence ends": (NUMBERS, "x " + NUMBERS[::-1]),
}


@pytest.mark.parametrize(("old", "new"), HOSTILE.values(), ids=HOSTILE.keys())
def test_long_hostile_texts_take_well_under_two_seconds(old: str, new: str) -> None:
    started = time.process_time()
    diff = word_diff(old, new)
    assert time.process_time() - started < 2
    assert "".join(e.text for e in diff.entries if e.tag in "=+") == new


def test_a_change_in_a_text_too_large_for_words_is_still_found_by_sentence() -> None:
    sentences = [f"Sentence number {n} tells of village {n * 7}." for n in range(3_000)]
    edited = [*sentences]
    edited[1_500] = "Sentence number 1500 tells of no village."
    diff = word_diff(" ".join(sentences), " ".join(edited))
    assert (diff.removed, diff.added) == (("10500",), ("no",))


def test_long_kept_stretches_give_way_to_their_ends_and_the_length_left_out() -> None:
    entries = [
        Entry("=", "a" * 100),
        Entry("-", "old"),
        Entry("=", "b" * 100),
        Entry("+", "new"),
        Entry("=", "c" * 100),
    ]
    assert [tuple(e) for e in shorten(entries, keep=10, limit=1_000)] == [
        ("…", "90"), ("=", "a" * 10), ("-", "old"), ("=", "b" * 10), ("…", "80"), ("=", "b" * 10), ("+", "new"),
        ("=", "c" * 10), ("…", "90"),
    ]  # fmt: skip


def test_what_lies_beyond_the_limit_is_counted() -> None:
    entries = [Entry("-", "x" * 30), Entry("+", "y" * 30), Entry("=", "z" * 5)]
    assert [tuple(e) for e in shorten(entries, keep=10, limit=40)] == [("-", "x" * 30), ("+", "y" * 10), ("…", "25")]

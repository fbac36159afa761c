"""Regular expressions in rules: Unicode, linear time, and a reason for what cannot be had."""

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.settings import load
from alerts.patterns import PatternSet, refusal


def places(source: str, text: str) -> list[str]:
    assert refusal(source) is None
    found = dict(PatternSet([source]).find(text))
    return [text[start:end] for start, end in found.get(0, [])]


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("S-?300", "an s-300, an S300, an S 300", ["s-300", "S300"]),
        (r"\bсанкц\w+\b", "Новые САНКЦИИ; досанкции", ["САНКЦИИ"]),
        (r"\bS-300\b", "S-300 S-300 S-3000 хS-300", ["S-300", "S-300"]),
        (r"\bعقوبات\b", "عقوبات وعقوباتهم", ["عقوبات"]),
        (r"\w+", "سُورِيَا é_9", ["سُورِيَا", "é_9"]),
        (r"\d+ тонн", "١٢٠ тонн и 12 тонн", ["١٢٠ тонн", "12 тонн"]),
        (r"two\s+state", "two\u00a0state, two \n state", ["two\u00a0state", "two \n state"]),
        (r"[\w.]+@[\d\w]+", "a.b@c", ["a.b@c"]),
        (r"\W+", "да, нет", [", "]),
        (r"aid|\bcon\b", "maid convoy con", ["aid", "con"]),
        (r"(aid)(?P<n> convoy)?(?:s)?", "aid convoys", ["aid convoys"]),
        (r"km\/h", "90 km/h", ["km/h"]),
        (r"[/]x[]]", "/x]", ["/x]"]),
        (r"制裁.{0,3}名单", "制裁人员名单", ["制裁人员名单"]),
        (r"^Joint", "Joint statement. Joint", ["Joint"]),
    ],
)
def test_what_stands_in_the_text_is_found_whatever_the_script(source: str, text: str, expected: list[str]) -> None:
    assert places(source, text) == expected


@pytest.mark.parametrize(
    ("source", "place", "named"),
    [
        (r"x(?=y)", (1, 3), "look-around"),
        (r"(?<!x)y", (0, 4), "look-around"),
        (r"(a)\1", (3, 2), "back-reference"),
        (r"(x{1000}){1000}", (2, 6), "repetition"),
        (r"a**", (1, 2), "repetition"),
        (r"(\ba)", (1, 2), "not inside"),
        (r"a\bb", (1, 2), "start or the end"),
        (r"[\W]", (1, 2), "inside [ ]"),
        (r"[a", (0, 1), "] must follow"),
        (r"(a", (0, 1), ") must follow"),
        (r"a)(b", (1, 1), "no ( opens"),
        ("a\\", (1, 1), "nothing follows"),
        (r"a?", (0, 2), "nothing stands"),
        (r"\b", (0, 2), "nothing stands"),
        ("x" * 1001, (0, 1001), "at most 1000"),
    ],
)
def test_what_cannot_be_had_is_refused_with_its_place(source: str, place: tuple[int, int], named: str) -> None:
    refused = refusal(source)
    assert refused is not None
    assert (refused.offset, refused.length) == place
    assert named in refused.message


REDOS = [
    r"(a+)+$", r"([a-zA-Z]+)*$", r"(a|aa)+$", r"(a|a?)+$", r"(.*a){20}$", r"^(\w+\s?)*$", r"(x+x+)+y", r"(\d+)*\D$",
    r"(?:a|b|ab)*c", r"([^a]*a)*$", r"(\s*\w*)*;", r"((ab)*)*c", r"(.*)*,$", r"([a-z]+)+\d", r"(\w*)*\.",
    r"^(a?){50}a{50}$",
    r"(a{0,500}){2}b", r"(0|[0-9]+)*x", r"((a+)*b?)*c", r"(.+)+@(.+)+\.com",
]  # fmt: skip


@pytest.mark.parametrize("source", REDOS)
def test_known_traps_for_backtracking_are_refused_or_take_no_time_to_speak_of(source: str) -> None:
    text = ("a" * 30_000 + " " + "0" * 30_000 + "!").ljust(65_536)
    if refusal(source) is not None:
        return
    patterns = PatternSet([source])
    list(patterns.find(text))  # made ready to run
    started = time.process_time()
    list(patterns.find(text))
    assert time.process_time() - started < 0.5  # 20 ms on an idle machine; backtracking would not end in this life


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("/x(?=y)/", "look-around"),
        (r"/(a)\1/", "back-reference"),
        ("/(x{1000}){1000}/", "repetition"),
        ("/" + "x" * 1_000_000 + "/", "at most 1000"),
        ("/(a|b)(?<!c)/", "look-around"),
    ],
)
def test_in_settings_it_is_a_mistake_with_its_place_and_found_at_once(written: str, named: str, tmp_path: Path) -> None:
    file = tmp_path / "f.toml"
    file.write_text(f"[feeds.a]\nurl = 'https://a.example/feed'\n[rules.r]\nmatch = '{written}'\n")
    started = time.process_time()
    loaded = load(str(file), {}, tmp_path)
    assert time.process_time() - started < 2  # half a second on an idle machine
    (mistake,) = loaded.mistakes
    assert mistake.render().startswith(f"{file}:4:")
    assert named in mistake.render()


def test_of_many_only_those_are_run_whose_letters_stand_in_the_text() -> None:
    many = PatternSet([rf"\bword{number}s?\b" for number in range(1000)])
    assert dict(many.find("one word7, two word993s")) == {7: [(4, 9)], 993: [(15, 23)]}


@given(st.text(max_size=40), st.text("abсд叙ا😀é ", min_size=1, max_size=3))
def test_offsets_count_code_points(around: str, word: str) -> None:
    source = re.escape(word)
    text = around + word
    assert refusal(source) is None
    found = dict(PatternSet([source]).find(text))[0]
    assert all(text[start:end].casefold() == word.casefold() for start, end in found)

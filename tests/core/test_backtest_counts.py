"""Marks in texts, and the sums of a backtest: counts, days, bars."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.shown.backtest import Backtest, Span, busiest, sparkline, spread
from aggregator.shown.marks import AROUND, MAX_TITLE, pieces, signed, snippet, title
from alerts.comparison import Comparison
from alerts.facts import Face
from alerts.replay import Firing, Page
from alerts.rules import RuleSet
from store.events import AlertHeld, AlertRaised, FeedId, Hit, ItemId, Position, Recorded, RuleDefined, RuleId

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def rule(name: str, match: str) -> RuleDefined:
    return RuleDefined(RuleId(name), match, {}, None, ("appeared",), (), "normal", "wording")


# --- marks ------------------------------------------------------------------------------------------------------------

PLACES = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda one: (one[0], one[0] + one[1])))


@given(places=PLACES)
def test_pieces_are_the_text_and_what_is_marked_is_what_stands_in_a_place(places):
    text = "".join(chr(0x4E00 + number) for number in range(40))
    found = list(pieces(text, places))
    assert "".join(piece for piece, _ in found) == text
    marked = {sign for piece, is_marked in found if is_marked for sign in piece}
    assert marked == {text[place] for start, end in places for place in range(start, end)}
    assert all(left != right for (_, left), (_, right) in pairwise(found))


def test_signs_stand_around_what_is_marked():
    assert signed(pieces("On Syria, on aid", [(3, 8), (13, 16)])) == "On [[Syria]], on [[aid]]"


def test_a_snippet_is_one_line_cut_between_words_with_all_marks_in_it(alert_facts):
    face = alert_facts().item
    text = "far away " * 20 + "the aid\nfor Syria left " + "later on " * 20
    start = text.index("Syria")
    hits = (Hit("aid", "text", text.index("aid"), text.index("aid") + 3), Hit("Syria", "text", start, start + 5))
    told = signed(snippet(replace(face, text=text), hits))
    assert "the [[aid]] for [[Syria]] left" in told
    assert told.startswith("…")
    assert told.endswith("…")
    assert "\n" not in told
    assert len(told) < 2 * AROUND + 30
    assert set(told.strip("…").replace("[[", "").replace("]]", "").split()) <= set(text.split())


def test_where_nothing_stands_in_the_text_there_is_no_snippet(alert_facts):
    assert snippet(alert_facts().item, (Hit("x", "author", 0, 1), Hit("x", "title", 0, 1))) == ()


def test_a_title_is_one_line_and_a_very_long_one_is_cut(alert_facts):
    face = replace(alert_facts().item, title="On\nSyria " + "x" * 1000)
    told = signed(title(face, (Hit("Syria", "title", 3, 8), Hit("x", "title", 9, 1009))))
    assert told.startswith("On [[Syria]] [[xxx")
    assert told.endswith("x]]…")
    assert len(told) < MAX_TITLE + 20


@given(text=st.text(max_size=300), start=st.integers(0, 299), length=st.integers(1, 20))
def test_no_text_breaks_a_snippet(text, start, length):
    if start + length > len(text):
        return
    face = Face(ItemId("f/1"), FeedId("f"), 1, "", text, "", (), "", "", None, START)
    told = "".join(piece for piece, _ in snippet(face, (Hit("x", "text", start, start + length),)))
    assert not {"\n", "\r", "\x1b", "\u2028", "\u202e"} & set(told)


# --- counting ---------------------------------------------------------------------------------------------------------


def firing(name: str, days: int, hold: str = "", position: int = 1) -> Firing:
    at = START + timedelta(days=days)
    cause = Recorded(Position(position), "", "", 1, None, at, b"")  # type: ignore[arg-type]  # the event is not looked at
    return Firing(RuleId(name), "appeared", hold, cause, FeedId("f"), ItemId(f"f/{position}"))


def backtest(*told: list[Firing], present=(), proposed=(), examples=2, **more) -> Backtest:
    span = Span(START, START + timedelta(days=9), Position(5), Position(99))
    made = Backtest(Comparison(present, proposed), span, examples)
    made.add(Page(Position(99), list(told), **more))
    return made


def test_alerts_and_held_ones_are_counted_apart_by_day_and_reason():
    told = [[firing("r", 0)], [firing("r", 0, "reissue")], [firing("r", 2, "first-fetch")], [firing("r", 2)]]
    (row,) = backtest(*told, present=[rule("r", "x")], proposed=[rule("r", "x")]).as_document("new.toml")["rules"]
    assert (row["alerts"], row["held"]) == (2, {"reissue": 1, "first-fetch": 1})
    assert row["days"] == [
        {"day": "2026-11-01", "alerts": 1, "held": 1},
        {"day": "2026-11-03", "alerts": 1, "held": 1},
    ]
    assert (row["change"], row["gained"]["alerts"], row["lost"]["alerts"]) == ("same", 0, 0)


def test_the_latest_examples_come_first_and_no_more_than_asked_for():
    told = [[firing("r", day, position=day)] for day in range(1, 6)]
    (row,) = backtest(*told, proposed=[rule("r", "x")]).as_document("new.toml")["rules"]
    assert [each["item"] for each in row["gained"]["examples"]] == ["f/5", "f/4"]
    assert (row["change"], row["gained"]["alerts"]) == ("new", 5)


def test_what_only_the_present_rule_told_is_lost_and_no_alert_of_the_proposed_set():
    told = [[firing("present r", 1)], [firing("r", 2), firing("present r", 2)], [firing("r", 3)]]
    made = backtest(*told, present=[rule("r", "x")], proposed=[rule("r", "y")])
    (row,) = made.as_document("new.toml")["rules"]
    assert (row["alerts"], row["gained"]["alerts"], row["lost"]["alerts"]) == (2, 1, 1)
    assert [each["alert_id"] for each in row["lost"]["examples"]] == [firing("r", 1).alert], "under the rule's own name"


def test_the_noisiest_rule_comes_first_and_silent_ones_are_known_as_such():
    told = [[firing("b", 0)], [firing("c", 0), firing("c", 1)], [firing("d", 0, "reissue")]]
    made = backtest(*told, proposed=[rule(name, "x") for name in "abcd"])
    assert [(tally.name, tally.silent) for tally in made.tallies] == [
        ("c", False), ("b", False), ("d", False), ("a", True),
    ]  # fmt: skip


def test_what_was_really_told_is_counted_for_causes_inside_the_span(alert_facts):
    raised = alert_facts().alert
    inside, before = Position(7), Position(5)
    values = {each.name: getattr(raised, each.name) for each in fields(AlertRaised)}
    held = AlertHeld(**{**values, "cause": inside}, reason="reissue")
    told = [replace(raised, cause=inside), replace(raised, cause=before), held]
    made = backtest(present=[replace(rule("r", "x"), rule=raised.rule)], told=told)
    (row,) = made.as_document("new.toml")["rules"]
    assert row["told"] == {"alerts": 1, "held": 1}


def test_the_combined_set_has_a_rule_that_is_the_same_once():
    both = [rule(name, "x") for name in "abc"]
    assert len(Comparison(both, both).rules.rules) == len(RuleSet.compile(both).rules)
    assert len(Comparison(both, [rule("a", "y"), *both[1:]]).rules.rules) == 4


# --- bars -------------------------------------------------------------------------------------------------------------


@given(
    counts=st.dictionaries(st.integers(0, 400), st.tuples(st.integers(0, 9), st.integers(0, 9))),
    length=st.integers(401, 500),
    most=st.integers(1, 80),
)
def test_bars_hold_every_alert_and_are_no_more_than_asked_for(counts, length, most):
    first = date(2026, 1, 1)
    days = {first + timedelta(days=day): list(pair) for day, pair in counts.items()}
    bars = spread(days, first, first + timedelta(days=length), most)
    assert len(bars) <= most
    assert sum(bars) == sum(map(sum, counts.values()))
    assert len(sparkline(bars)) == len(bars)


@pytest.mark.parametrize(("bars", "line"), [([0, 1, 8], "·▁█"), ([0, 0], "··"), ([], ""), ([3, 3], "██")])
def test_a_sparkline_is_as_high_as_its_highest_bar(bars, line):
    assert sparkline(bars) == line


def test_the_busiest_day():
    assert busiest({}) is None
    assert busiest({date(2026, 1, 2): [1, 1], date(2026, 1, 1): [2, 0]}) == (date(2026, 1, 1), 2)

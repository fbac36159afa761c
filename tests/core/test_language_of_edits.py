"""Near words, expressions, and what an edit removed or added: what they match, where, and what it means to a rule."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.facts import Face
from alerts.judge import judgement
from alerts.rules import RuleSet
from alerts.sight import Sight
from alerts.topics import TopicMistake, expanded, mistakes
from alerts.transitions import Fired, Silent
from store.events import (
    CaptureDigest,
    Content,
    EditKind,
    FeedId,
    ItemId,
    ItemPublished,
    ItemRevised,
    RuleDefined,
    RuleId,
    TextDigest,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FEED, ITEM, RULE = FeedId("f"), ItemId("f/1"), RuleId("r")
CONTENT = Content(TextDigest("t"), TextDigest("x"), TextDigest("a"), "m", "en", "", "", None, None)
EDIT = ItemRevised(ITEM, FEED, (), CONTENT, "wording", (), ("text",), 1, 2, None, "", CaptureDigest("c"), "p")
FIRST = ItemPublished(ITEM, FEED, (), CONTENT, False, False, False, "", CaptureDigest("c"), "p")


def face(text: str, title: str = "", version: int = 1, **more: object) -> Face:
    base = Face(ITEM, FEED, version, title, text, "", (), "", "en", None, NOW)
    return replace(base, **more)  # type: ignore[arg-type]  # fields by name


def rules(query: str, *, on: tuple[str, ...] = ("appeared", "changed"), min_change: EditKind = "wording") -> RuleSet:
    return RuleSet.compile([RuleDefined(RULE, query, {}, None, on, (), "normal", min_change)])


def found(query: str, now: Face, before: Face | None = None) -> list[str] | None:
    match = rules(query).match(now, before).get(RULE)
    return None if match is None else [getattr(now, hit.field)[hit.start : hit.end] for hit in match.hits]


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ('"aid convoy"~1', "aid convoy", ["aid convoy"]),
        ('"aid convoy"~1', "convoy, aid", ["convoy, aid"]),
        ('"aid convoy"~1', "aid for a convoy", None),
        ('"aid convoy"~3', "aid for a convoy", ["aid for a convoy"]),
        ('"aid convoy"~5', "aid one two three four convoy", ["aid one two three four convoy"]),
        ('"aid convoy"~5', "aid one two three four five convoy", None),
        ('"aid convoy"~5', "aid x aid convoy x convoy", ["aid convoy"]),
        ('"aid convoy"~5', "aid convoy one two three four five six seven convoy aid", ["aid convoy", "convoy aid"]),
        ('"peacekeep* Mali"~3', "Mali: 12 peacekeepers", ["Mali: 12 peacekeepers"]),
        ('"=WHO aid"~3', "who sends aid", None),
        ('"S-300 battery"~2', "a battery of S-300s, S-300", None),
        ('"S-300 battery"~3', "battery of an S-300", ["battery of an S-300"]),
        ('"aid convoy Syria"~4', "Syria: a convoy with aid", ["Syria: a convoy with aid"]),
        ('"حماس غزة"~4', "وحماس في قطاع غزة", ["وحماس في قطاع غزة"]),
        ('"制裁 名单"~6', "制裁人员的名单", ["制裁人员的名单"]),
        ('"制裁 名单"~3', "制裁人员的新名单", None),
        ('"制裁 名单"~6', "关于制裁人员的名单的通知", ["制裁人员的名单"]),
        ('"санкции ЕС"~4', "ЕС вводит новые санкции", ["ЕС вводит новые санкции"]),
    ],
)
def test_words_near_each_other(query: str, text: str, expected: list[str] | None) -> None:
    assert found(query, face(text)) == expected


def test_words_in_two_texts_are_not_near_each_other() -> None:
    assert found('"aid convoy"~50', face("convoy", title="aid")) is None
    assert found('category:"aid convoy"~50', face("", categories=("aid", "convoy"))) is None


def test_an_expression_is_looked_for_where_its_field_says() -> None:
    seen = face("S-300", title="S300")
    assert found("/S-?300/", seen) == ["S300", "S-300"]
    assert found("title:/S-?300/", seen) == ["S300"]
    assert found("author:/S-?300/", seen) is None
    assert found('"a b"~2 OR /s.300/ NOT text:/x/', seen) == ["S-300"]


OLD = face("The convoy with 12 tonnes of aid left. Hostilities must end.")
NEW = face("The convoy with 120 tonnes left. Hostilities must end now.", version=2)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("removed:aid", []),
        ("removed:/\\d+/", []),
        ("added:120", ["120"]),
        ("added:/1\\d0/", ["120"]),
        ("added:now", ["now"]),
        ("added:aid", None),
        ("removed:convoy", None),
        ("removed:hostilities", None),
        ("removed:12 AND added:120", ["120"]),
        ("removed:aid AND hostilities", ["Hostilities"]),
        ('removed:"of aid"', []),
        ('removed:"12 aid"~3', None),
        ("convoy NOT removed:aid", None),
        ("convoy NOT removed:end", ["convoy"]),
    ],
)
def test_what_an_edit_removed_and_added(query: str, expected: list[str] | None) -> None:
    assert found(query, NEW, OLD) == expected
    assert found(query, NEW) is None, "without an edit there is nothing to judge"


def test_a_word_that_stayed_between_two_changes_was_neither_removed_nor_added() -> None:
    before, after = face("old small convoy tiny thing"), face("new big convoy huge other", version=2)
    assert found("removed:convoy", after, before) is None
    assert found("added:convoy", after, before) is None
    assert found('removed:"old small" added:"huge other"', after, before) == ["huge other"]


def test_titles_are_looked_into_as_well_and_places_are_those_of_the_new_one() -> None:
    old, new = face("x", title="Aid for Mali"), face("x", title="Aid for Syria", version=2)
    assert found("added:Syria removed:Mali", new, old) == ["Syria"]


@pytest.mark.parametrize(
    ("query", "cause", "expected"),
    [
        ("removed:aid", EDIT, Fired("changed")),
        ("removed:aid", replace(EDIT, hold="reissue"), Fired("changed", "reissue")),
        ("removed:aid", replace(EDIT, kind="punctuation"), Silent("below-min-change")),
        ("removed:convoy", EDIT, Silent("no-match")),
        ("removed:aid", FIRST, Silent("edits-only")),
        ("NOT removed:aid", FIRST, Silent("edits-only")),
    ],
)
def test_such_a_rule_judges_edits_and_fires_as_changed(query: str, cause: object, expected: object) -> None:
    sight = Sight(NEW, OLD) if isinstance(cause, ItemRevised) else Sight(NEW, None)
    assert judgement(rules(query), RULE, cause, sight, {}).outcome == expected  # type: ignore[arg-type]  # an event


def test_a_rule_that_does_not_ask_for_changed_is_not_told_of_one() -> None:
    outcome = judgement(rules("removed:aid", on=("appeared",)), RULE, EDIT, Sight(NEW, OLD), {}).outcome
    assert outcome == Silent("not-in-on")


def test_a_topic_takes_in_the_terms_of_those_it_names_each_once() -> None:
    topics = {"levant": ("topic:syria", "Lebanon", "Syria"), "syria": ("Syria", "/syr.*n/"), "east": ("topic:levant",)}
    assert expanded(topics)["levant"] == ("Syria", "/syr.*n/", "Lebanon")
    assert expanded(topics)["east"] == expanded(topics)["levant"]
    assert list(mistakes(topics)) == []


def test_a_topic_that_is_named_in_many_places_is_gone_into_once() -> None:
    layers = {f"t{n}": (f"topic:t{n + 1}", f"topic:t{n + 1} ", f"w{n}") for n in range(60)}
    assert expanded(layers | {"t60": ("x",)})["t0"] == ("x", *(f"w{n}" for n in reversed(range(60))))


def test_a_topic_that_is_not_there_or_contains_itself_is_a_mistake_with_its_place() -> None:
    topics = {"a": ("x", " topic:b"), "b": ("topic:c", "topic:a"), "c": ("topic:c", "topic:bb")}
    told = {(topic, number): error for topic, number, error in map(TopicMistake._make, mistakes(topics))}
    assert {key: error.message for key, error in told.items()} == {
        ("a", 1): "a topic cannot contain itself: a in b in a",
        ("b", 1): "a topic cannot contain itself: b in a in b",
        ("c", 0): "a topic cannot contain itself: c in c",
        ("c", 1): "unknown topic bb, did you mean topic:b?",
    }
    assert (told["a", 1].offset, told["a", 1].length) == (1, 7)
    assert expanded(topics)["a"] == ("x",)

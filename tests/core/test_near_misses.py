"""Why a term stands nowhere: `why` shows what almost was it, and what was wrong with that."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aggregator.shown.clauses import clause_lines, clause_row
from alerts.facts import Face
from alerts.misses import MOST_TERMS, NearMiss
from alerts.rules import Clause, RuleSet
from store.events import FeedId, ItemId, RuleDefined, RuleId

RULE = RuleId("r")
NO_TOPICS: Mapping[str, tuple[str, ...]] = {}
FACE = Face(
    ItemId("f/1"), FeedId("f"), 1, "Talks on Syrians", "The convoy left. Who sends aid to Assyria?", "A. Lavrov",
    ("relief", "flour"), "http://un.example/convoy", "en", None, datetime(2026, 11, 21, tzinfo=UTC),
)  # fmt: skip


def clause(
    query: str, face: Face = FACE, before: Face | None = None, topics: Mapping[str, tuple[str, ...]] = NO_TOPICS
) -> Clause:
    rules = RuleSet.compile([RuleDefined(RULE, query, topics, None, (), (), "normal", "wording")])
    found = rules.explain(RULE, face, before).clause
    assert found is not None
    return found


def miss(query: str, face: Face = FACE, before: Face | None = None) -> NearMiss | None:
    (term,) = clause(query, face, before).terms
    return term.miss


@pytest.mark.parametrize(
    ("query", "reason", "field", "seen"),
    [
        ("=WHO", "other-case", "text", "Who"),
        ("title:convoy", "other-field", "text", "convoy"),
        ("Lavrov", "other-field", "author", "Lavrov"),
        ("flour", "other-field", "category", "flour"),
        ("Syria", "other-form", "title", "Syrians"),
        ("Assyrian*", "other-form", "text", "Assyria"),
        ("convoys", "other-form", "text", "convoy"),
        ("onvoy", "inside-a-word", "text", "convoy"),
        ('"aid convoy"', "too-far", "text", "convoy left. Who sends aid"),
        ('"aid convoy"~2', "too-far", "text", "convoy left. Who sends aid"),
        ('"talks aid"~50', "other-text", "title", "Talks"),
        ('"aid flour"~5', "words-missing", "text", "aid"),
        (r"/\byria\b/", "without-boundary", "title", "yria"),
        ("title:/con\\w+/", "other-field", "text", "convoy"),
        ("Iran", None, "", ""),
        ("叙利亚", None, "", ""),
    ],
)
def test_the_most_telling_near_miss_is_told(query: str, reason: str | None, field: str, seen: str) -> None:
    told = miss(query)
    assert (told and told.reason) == reason
    if told:
        assert (told.field, told.seen) == (field, seen)
        assert FACE.text_of(told.field)[told.start : told.end] == seen


def test_words_too_far_apart_tell_how_far() -> None:
    told = miss('"aid left"~1')
    assert told is not None
    assert told.distance == 3
    assert clause('"aid left"~3').holds


def test_words_that_stand_nowhere_are_named() -> None:
    told = miss('"aid flour tent*"~5')
    assert told is not None
    assert told.missing == ("flour", "tent*")


@pytest.mark.parametrize(
    ("query", "reason"),
    [("removed:convoy", "untouched"), ("added:aid", "untouched"), ("removed:who", "added"), ("removed:=Nobody", None)],
)
def test_of_an_edit_it_is_told_what_it_did_instead(query: str, reason: str | None) -> None:
    before = replace(FACE, text="The convoy left. Will nobody send aid to Assyria?")
    told = miss(query, replace(FACE, text="The convoy left. Who will send aid to Assyria?", version=2), before)
    assert (told and told.reason) == reason, "what was removed has no place any more to show"


def test_what_holds_has_no_near_miss() -> None:
    both = clause("topic:t OR Syria", topics={"t": ("aid", "Syria")})
    assert [term.miss for term in both.parts[0].terms] == [None, None]
    assert [term.miss and term.miss.seen for term in both.parts[1].terms] == ["Syrians"]


def test_people_read_it_in_a_line_and_programs_as_fields() -> None:
    told = clause(
        "=WHO AND topic:t", replace(FACE, text="Who\x1b[31m"), topics={"t": ("Syria", "Talk", "lavrov", "relie")}
    )
    assert list(clause_lines(told)) == [
        "no   =WHO AND topic:t",
        "no     =WHO: nowhere, but “Who” stands in text, in another case",
        (
            "no     topic:t: nowhere (Syria, Talk, lavrov, relie), but Syria: “Syrians” stands in title, another form; "
            "Talk: “Talks” stands in title, another form; lavrov: “Lavrov” stands in author"
        ),
    ]
    (row,) = clause_row(told.parts[0])["terms"]  # type: ignore[misc]  # rows are JSON
    assert row["near_miss"] == {
        "reason": "other-case", "field": "text", "start": 0, "end": 3, "seen": "Who", "distance": None, "missing": [],
    }  # fmt: skip


def test_each_part_of_a_query_is_shown_with_its_field() -> None:
    told = clause('title:(aid OR "S 300") feed:x NOT author:"Mr. Lavrov" lang:ru')
    assert [part.text for part in told.parts] == [
        'title:(aid OR "S 300")',
        "feed:x",
        'NOT author:"Mr. Lavrov"',
        "lang:ru",
    ]
    assert list(clause_lines(told))[2] == "no       aid: nowhere, but “aid” stands in text"
    assert list(clause_lines(clause("link:aid"))) == ["no   link:aid: nowhere, but “aid” stands in text"]


def test_hostile_texts_and_very_long_topics_cost_little() -> None:
    terms = tuple(f'term{number} of "' for number in range(MOST_TERMS + 100))
    told = clause("topic:t", replace(FACE, text="terms of " * 2_000), topics={"t": terms})
    assert sum(term.miss is not None for term in told.terms) == MOST_TERMS

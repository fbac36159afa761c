"""What each shipped topic finds and leaves alone, judged by the real query language; the sentences are our own and
stand in tests/data/topics."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from alerts.facts import Face
from alerts.rules import RuleSet
from config.catalogue import STARTER
from config.load import load
from store.events import FeedId, ItemId, RuleDefined, RuleId

DATA = Path(__file__).parents[1] / "data" / "topics"
TOPICS = {name: topic.any for name, topic in load(Path(STARTER), {}, Path("/")).draft.topics.items()}
RULES = RuleSet.compile(
    [
        RuleDefined(RuleId(name), f"topic:{name}", {name: terms}, None, ("appeared",), (), "normal", "wording")
        for name, terms in TOPICS.items()
    ]
)
ALPHABETS = {"Latin": "[a-z]", "Cyrillic": "[а-я]", "Arabic": "[\u0621-\u064a]", "Han": "[\u4e00-\u9fff]"}
LETTER_MORE = "ж"
"""Stands where a term has its star; no term ends in it, so that only a star can take it."""

every_topic = pytest.mark.parametrize("topic", TOPICS)


@dataclass(frozen=True, slots=True)
class Examples:
    """`hits`: sentences and exactly the terms that find them. `known_false`: found, though they mean something else."""

    hits: Mapping[str, Sequence[str]]
    misses: Sequence[str]
    known_false: Sequence[str]


@cache
def examples(topic: str) -> Examples:
    return Examples(**tomllib.loads((DATA / f"{topic}.toml").read_text(encoding="utf-8")))


def found(topic: str, text: str) -> set[str]:
    """The terms of the topic that stand in the text."""
    face = Face(ItemId("f/1"), FeedId("f"), 1, text, "", "", (), "", "", None, datetime(2026, 11, 21, tzinfo=UTC))
    match = RULES.match(face).get(RuleId(topic))
    return {hit.term for hit in match.hits} if match else set()


def test_these_topics_are_shipped_and_each_has_its_examples() -> None:
    assert set(TOPICS) == {"syria", "peacekeeping", "sanctions", "security-council", "ukraine", "israel-palestine"}
    assert {path.stem for path in DATA.iterdir()} == set(TOPICS)


def test_the_page_about_rules_names_each_topic() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| `topic:([\w-]+)` \|", page.partition("## The shipped topics")[2], re.MULTILINE)
    assert set(shown) == set(TOPICS)


@every_topic
def test_each_sentence_is_found_by_exactly_the_terms_named(topic: str) -> None:
    for sentence, terms in examples(topic).hits.items():
        assert found(topic, sentence) == set(terms), sentence


@every_topic
def test_each_term_is_shown_in_a_sentence(topic: str) -> None:
    shown = {term for terms in examples(topic).hits.values() for term in terms}
    assert set(TOPICS[topic]) - shown == set()


@every_topic
def test_what_only_looks_like_the_topic_is_left_alone(topic: str) -> None:
    misses = examples(topic).misses
    assert {text: found(topic, text) for text in misses if found(topic, text)} == {}
    assert len(misses) >= 10
    for name, letters in ALPHABETS.items():
        assert any(re.search(letters, text.lower()) for text in misses), f"nothing in {name} letters is left alone"


@every_topic
def test_known_false_hits_are_known(topic: str) -> None:
    """One that misses is good news: it moves to `misses`, and out of the comment of the topic's file."""
    assert [text for text in examples(topic).known_false if not found(topic, text)] == []


@every_topic
def test_no_term_is_found_only_where_another_one_is(topic: str) -> None:
    """A term's own letters, and where it ends in a star one more, are found by no other term of the topic."""
    for term in TOPICS[topic]:
        least = re.sub(r"^\*|\*$", LETTER_MORE, term.removeprefix("="))
        assert found(topic, least) == {term}, f"{term} never adds a hit"


@every_topic
def test_each_topic_speaks_every_alphabet(topic: str) -> None:
    for name, letters in ALPHABETS.items():
        assert any(re.match(letters, term.lower()) for term in TOPICS[topic]), f"no term in {name} letters"

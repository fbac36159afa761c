"""The cost of an item hardly grows with the number of rules: only queries that its words call for are judged."""

from datetime import UTC, datetime

from alerts.facts import Face
from alerts.rules import RuleSet
from store.events import FeedId, ItemId, RuleDefined, RuleId

FACE = Face(
    id=ItemId("f/1"),
    feed=FeedId("f"),
    version=1,
    title="Syria",
    text="aid for Syria, w17 and w18",
    author="",
    categories=(),
    link="",
    language="en",
    published_at=None,
    observed_at=datetime(2026, 11, 21, tzinfo=UTC),
)


def rule(name: str, match: str) -> RuleDefined:
    return RuleDefined(RuleId(name), match, {}, None, (), (), "normal", "wording")


def judged(*queries: str) -> list[str]:
    """The queries that are judged at all for the item."""
    rules = RuleSet.compile([rule(f"r{number}", query) for number, query in enumerate(queries)])
    return sorted(query.text for query in rules._candidates(rules._search(FACE)))


def test_of_an_and_the_rarest_term_calls_and_the_next_one_guards() -> None:
    queries = [f"Syria AND w{number}" for number in range(100)] + [f"Iran w{number}" for number in range(100)]
    assert judged(*queries) == ["Syria AND w17", "Syria AND w18"]


def test_every_branch_of_an_or_calls() -> None:
    assert judged("aid OR Iran", "Iran OR Iraq", "(aid Iran) OR (Iraq w17)", "(Iran aid) OR w17") == [
        "(Iran aid) OR w17",
        "aid OR Iran",
    ]


def test_queries_that_need_no_term_are_always_judged() -> None:
    assert judged("NOT Syria", "feed:f", "feed:g", "Iran", "Iran OR NOT Iraq", "Iran NOT Iraq") == [
        "Iran OR NOT Iraq",
        "NOT Syria",
        "feed:f",
        "feed:g",
    ]


def test_rules_with_the_same_query_are_judged_once() -> None:
    assert judged(*["Syria"] * 50) == ["Syria"]

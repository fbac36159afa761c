"""docs/rules.md is run as it stands: every example in its tables matches, or does not."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.facts import Face
from alerts.query import check
from alerts.rules import RuleSet
from store.events import FeedId, ItemId, RuleDefined, RuleId

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
TOPICS = {"syria": ("Syria", "Syrian*", "Сири*", "Syrie", "Siria", "سوريا", "叙利亚")}
FIELDS = ("title", "text", "author", "category", "link", "feed", "language")


def examples() -> Iterator[tuple[str, str, bool, bool]]:
    """Query, example, whether it gives fields, whether it is to match; for each example of each table."""
    by_fields = False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            by_fields = line == "## Fields"
        cells = [re.findall(r"`([^`]*)`", cell) for cell in line.split(" | ")]
        if line.startswith("| `") and len(cells) == 3:
            for column, expected in ((cells[1], True), (cells[2], False)):
                yield from ((cells[0][0], example, by_fields, expected) for example in column)


def face(example: str, by_fields: bool) -> Face:
    values = dict(zip(FIELDS, example.split(" / "), strict=False)) if by_fields else {"text": example}
    return Face(
        id=ItemId("f/1"),
        feed=FeedId(values.get("feed", "f")),
        version=1,
        title=values.get("title", ""),
        text=values.get("text", ""),
        author=values.get("author", ""),
        categories=(values.get("category", ""),),
        link=values.get("link", ""),
        language=values.get("language", ""),
        published_at=None,
        observed_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


EXAMPLES = list(examples())


def test_the_page_has_its_tables() -> None:
    assert len(EXAMPLES) > 120


@pytest.mark.parametrize(("query", "example", "by_fields", "expected"), EXAMPLES)
def test_the_example_is_true(query: str, example: str, by_fields: bool, expected: bool) -> None:
    assert check(query, TOPICS) == ()
    rule = RuleDefined(RuleId("r"), query, TOPICS, None, (), (), "normal", "wording")
    assert bool(RuleSet.compile([rule]).match(face(example, by_fields))) is expected

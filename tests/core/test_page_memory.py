"""What is remembered of a page between visits: written and read back, and never a reason to fail."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.deciding.memory import PageAnswer
from aggregator.deciding.restless import Restless, Spot, Volatile
from aggregator.page.memory import Doubt, PageMemory, Sketch, dump, recall

NOW = datetime(2026, 11, 22, 5, 30, 0, 250, tzinfo=UTC)
FULL = PageMemory(
    stood_at=NOW - timedelta(hours=7),
    missing_since=NOW - timedelta(hours=6),
    answers=(PageAnswer(NOW, "missing", "404 Not Found", sibling_stands=True),),
    doubt=Doubt(NOW, Sketch("0a 0b"), vouched=True),
    block_pages=(Sketch("0c 0d"),),
    restless=Restless(2, NOW, "77aa"),
    volatile=(Volatile(Spot("0a", "0b", 1, ""), NOW, 5, "77ab", NOW),),
    extractor="feedwitness-1 trafilatura-2.3.0",
)


@pytest.mark.parametrize("memory", [PageMemory(), FULL])
def test_it_is_read_back_as_it_was_written(memory: PageMemory) -> None:
    assert recall(dump(memory)) == memory


@pytest.mark.parametrize("stored", ["", "{", "[]", "null", '{"v":2}', '{"v":1,"doubt":[1]}', '{"v":1,"answers":[[]]}'])
def test_what_cannot_be_read_is_an_empty_memory(stored: str) -> None:
    assert recall(stored) == PageMemory()


JSON = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers() | st.text(max_size=3), max_size=3)


@given(st.dictionaries(st.sampled_from(["v", *json.loads(dump(FULL))]), JSON))
def test_no_json_breaks_it(data: dict[str, object]) -> None:
    recall(json.dumps(json.loads(dump(FULL)) | data))

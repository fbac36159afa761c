"""What is remembered of a feed survives a round trip, and whatever cannot be read is a fresh memory, never a crash."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.deciding.memory import FeedMemory, Listed, Move, PageAnswer, Repair, Smaller, Suspect, dump, recall
from aggregator.deciding.restless import Restless, Spot, Volatile
from aggregator.older import OlderPage
from store.events import CaptureDigest, FeedBaselined, FeedId, ItemId, Key

NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
BASELINED = FeedBaselined(FeedId("ministry"), 3, "link", CaptureDigest("sha256:0"))
FULL = FeedMemory(
    baselined=True,
    identity="guid",
    url="https://example.org/feed",
    parser="p/1",
    window=(Listed(ItemId("ministry/a"), 1_763_000_000), Listed(ItemId("ministry/b"), None, stray=True)),
    suspects=(
        Suspect(
            ItemId("ministry/c"), NOW, NOW + timedelta(minutes=1), (ItemId("ministry/b"),), "https://example.org/c",
            True, NOW,
            (
                PageAnswer(NOW, "missing", "404 Not Found", sibling_stands=True),
                PageAnswer(NOW, "missing", "200", sibling_stands=True, made_up=True),
                PageAnswer(NOW, "missing", "200", sibling_stands=False, made_up=True, sibling_alike=True),
            ),
        ),
    ),
    smaller=Smaller(NOW, 2, (Key("guid:1"),)),
    grows="end",
    restless={
        ItemId("ministry/a"): Restless(3, NOW, "abc"),
        ItemId("ministry/b"): Restless(4, NOW, "abd", ((Spot("^", "c0ffee", 2, ""), 3),), ("12ab", "34cd")),
    },
    volatile={ItemId("ministry/b"): (Volatile(Spot("c0ffee", "$", 1, "f00d"), NOW, 17, "beef", NOW),)},
    boilerplate=("aaa", "bbb"),
    move=Move("https://example.org/feed", "https://new.example/feed", NOW, adopted=True),
    repair=Repair(NOW, NOW, OlderPage("https://example.org/feed?paged=3", 3, "wordpress"), 1_763_000_000, 1, 7),
)  # fmt: skip


@pytest.mark.parametrize("memory", [FULL, FeedMemory(baselined=True), replace(FULL, move=None, smaller=None)])
def test_a_memory_comes_back_as_it_was(memory: FeedMemory) -> None:
    assert recall(dump(memory), BASELINED) == memory


def test_nothing_stored_and_nothing_baselined_is_a_beginning() -> None:
    assert recall("", None) == FeedMemory()


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "damaged",
        "[]",
        "{}",
        '{"v":2}',
        '{"v":1,"window":3}',
        dump(FULL)[:-40],
        dump(FULL).replace("wordpress", "x"),
        "null",
        "1",
    ],
)
def test_a_lost_memory_of_a_known_feed_keeps_its_policy(stored: str) -> None:
    assert recall(stored, BASELINED) == FeedMemory(baselined=True, identity="link", lost=True)


def test_only_the_log_says_that_a_feed_was_baselined() -> None:
    assert recall(dump(FULL), None) == FeedMemory()
    assert recall(dump(FeedMemory()), BASELINED).baselined


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(str))
def test_no_string_breaks_it(stored: str) -> None:
    recall(stored, BASELINED)


@given(
    st.dictionaries(
        st.sampled_from([*"vab", "window", "suspects", "smaller", "restless", "volatile", "move", "identity", "url"]),
        st.none() | st.integers() | st.lists(st.integers()) | st.text(),
    )
)
def test_no_json_breaks_it(data: dict[str, object]) -> None:
    import json

    recall(json.dumps(json.loads(dump(FULL)) | data), BASELINED)


def test_it_stays_small() -> None:
    window = tuple(Listed(ItemId(f"kremlin-en/{n:016d}"), 1_763_000_000 + n) for n in range(30))
    assert len(dump(replace(FeedMemory(baselined=True, identity="guid"), window=window))) < 1600

"""Which documents may change what is known (the part of the gate that looks at the recent past)."""

from datetime import UTC, datetime, timedelta

from aggregator.deciding.gate import judge
from aggregator.deciding.memory import FeedMemory, Listed
from store.events import ItemId, Key

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEN = FeedMemory(baselined=True, window=tuple(Listed(ItemId(f"m/{n}"), n) for n in range(10)))


def keys(count: int) -> list[Key]:
    return [Key(f"guid:{n}") for n in range(count)]


def reason(memory: FeedMemory, count: int, *, well_formed: bool = True) -> str:
    problem = judge(memory, keys(count), well_formed=well_formed, problem="mismatched tag", at=NOW).problem
    return problem.reason if problem else ""


def test_half_of_the_entries_is_enough() -> None:
    assert [reason(TEN, n) for n in (10, 5, 4, 1, 0)] == ["", "", "shrunk", "shrunk", "emptied"]


def test_a_broken_document_is_used_while_it_holds_half() -> None:
    assert [reason(TEN, n, well_formed=False) for n in (10, 5, 4, 0)] == ["", "", "broken", "broken"]


def test_a_new_feed_may_be_empty_if_it_is_well_formed() -> None:
    assert reason(FeedMemory(), 0) == ""
    assert reason(FeedMemory(), 0, well_formed=False) == "broken"


def test_a_small_document_is_believed_after_a_day_and_three_polls() -> None:
    memory, believed = TEN, []
    for hours in (0, 12, 23, 24):
        judged = judge(memory, keys(3), well_formed=True, problem="", at=NOW + timedelta(hours=hours))
        believed.append(judged.problem is None)
        memory = judged.memory
    assert believed == [False, False, False, True]
    assert memory.smaller is None


def test_a_day_without_three_polls_is_not_enough() -> None:
    memory = judge(TEN, keys(3), well_formed=True, problem="", at=NOW).memory
    assert judge(memory, keys(3), well_formed=True, problem="", at=NOW + timedelta(days=2)).problem


def test_a_whole_document_in_between_begins_the_wait_anew() -> None:
    memory = TEN
    for hours, count in ((0, 3), (12, 3), (13, 10), (25, 3)):
        judged = judge(memory, keys(count), well_formed=True, problem="", at=NOW + timedelta(hours=hours))
        memory = judged.memory
    assert judged.problem
    assert memory.smaller
    assert memory.smaller.polls == 1


def test_another_small_document_begins_the_wait_anew() -> None:
    memory = judge(TEN, keys(3), well_formed=True, problem="", at=NOW).memory
    memory = judge(memory, [Key("guid:else")], well_formed=True, problem="", at=NOW + timedelta(days=1)).memory
    assert memory.smaller
    assert memory.smaller.polls == 1

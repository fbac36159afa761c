"""The log and its writer: order, versions, atomic jobs, group commit, snapshots."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from store.database import SqlStore, open_store
from store.events import FeedGone, FeedId, ItemId, Position, Recorded, RuleId, RuleRetired
from store.ports import StoreError, StoreUnavailable, Transaction, VersionConflict
from store.verify import verify


def gone(name: str, at: datetime) -> FeedGone:
    return FeedGone(FeedId(name), at, "http_410")


def append(
    store: SqlStore, feed: str, at: datetime, count: int = 1, expected: int | None = None
) -> tuple[Recorded, ...]:
    events = [gone(feed, at)] * count
    return store.write(lambda tx: tx.log.append(f"feed:{feed}", events, now=at, expected=expected)).result()


def test_an_empty_log_starts_before_the_first_position(store: SqlStore) -> None:
    with store.read() as tx:
        assert tx.log.head() == (tx.log.head().__class__)(Position(0), bytes(32))
        assert tx.log.version("feed:a") == 0
        assert tx.log.read(Position(0), 10) == []


def test_positions_run_without_gaps_and_versions_within_their_stream(store: SqlStore, now: datetime) -> None:
    recorded = [*append(store, "a", now, 2), *append(store, "b", now), *append(store, "a", now)]
    assert [(one.position, one.stream, one.version) for one in recorded] == [
        (1, "feed:a", 1),
        (2, "feed:a", 2),
        (3, "feed:b", 1),
        (4, "feed:a", 3),
    ]
    with store.read() as tx:
        assert tx.log.read(Position(0), 10) == recorded
        assert tx.log.head().hash == recorded[-1].hash


def test_reading_goes_by_position_stream_subject_and_kind(store: SqlStore, now: datetime) -> None:
    append(store, "a", now)
    append(store, "b", now, 2)
    store.write(lambda tx: tx.log.append("rule:a", [RuleRetired(RuleId("a"))], now=now)).result()

    def found(**wanted: object) -> list[int]:
        with store.read() as tx:
            return [one.position for one in tx.log.read(Position(1), 10, **wanted)]  # type: ignore[arg-type]

    assert found() == [2, 3, 4]
    assert found(stream="feed:b") == [2, 3]
    assert found(subject="a") == [4]
    assert found(kinds={"rule.retired/1", "feed.quiet/1"}) == [4]
    with store.read() as tx:
        assert [one.position for one in tx.log.read(Position(0), 2)] == [1, 2]


def test_the_clock_of_the_log_never_runs_backwards(store: SqlStore, now: datetime) -> None:
    append(store, "a", now)
    (later,) = append(store, "a", now - timedelta(hours=1))
    assert later.recorded_at == now
    assert verify(store).ok


def test_an_append_at_the_wrong_version_changes_nothing(store: SqlStore, now: datetime) -> None:
    append(store, "a", now, 2, expected=0)
    with pytest.raises(VersionConflict, match="version 2, not 1"):
        append(store, "a", now, expected=1)
    with store.read() as tx:
        assert tx.log.head().position == 2


def test_of_fifty_threads_with_one_expected_version_one_appends(store: SqlStore, now: datetime) -> None:
    start = threading.Barrier(50)

    def contend(number: int) -> bool:
        start.wait()
        try:
            append(store, "a", now, 3, expected=0)
        except VersionConflict:
            return False
        return True

    with ThreadPoolExecutor(50) as pool:
        won = list(pool.map(contend, range(50)))
    assert won.count(True) == 1
    with store.read() as tx:
        assert tx.log.head().position == 3


def test_two_open_stores_append_to_one_log(store: SqlStore, store_url: str, now: datetime) -> None:
    with open_store(store_url) as other, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: [append(one, "a", now) for _ in range(50)], [store, other]))
    with store.read() as tx:
        log = tx.log.read(Position(0), 200)
    assert [one.version for one in log] == list(range(1, 101))
    assert verify(store).ok


def test_a_job_that_raises_leaves_nothing_and_harms_no_neighbour(store: SqlStore, now: datetime) -> None:
    def bad(tx: Transaction) -> None:
        tx.log.append("feed:bad", [gone("bad", now)], now=now)
        tx.texts.put(ItemId("bad/1"), "left behind")
        raise KeyError("a bug")

    first, broken, last = held_together(store, [lambda tx: append_in(tx, now), bad, lambda tx: append_in(tx, now)])
    with pytest.raises(KeyError):
        broken.result()
    assert [first.result(), last.result()] == [1, 2]
    with store.read() as tx:
        assert [one.stream for one in tx.log.read(Position(0), 10)] == ["feed:a", "feed:a"]
    assert verify(store).ok


def append_in(tx: Transaction, now: datetime) -> int:
    return tx.log.append("feed:a", [gone("a", now)], now=now)[0].position


def held_together(store: SqlStore, jobs: list) -> list[Future]:  # type: ignore[type-arg]
    """Submit jobs while the writer is busy, so that all of them wait together."""
    busy, go = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> None:
        busy.set()
        go.wait(10)

    store.write(hold)
    assert busy.wait(10)
    futures = [store.write(job) for job in jobs]
    go.set()
    return futures


def test_jobs_that_wait_together_are_committed_together(store: SqlStore, now: datetime) -> None:
    before = store.commits
    futures = held_together(store, [lambda tx: append_in(tx, now)] * 100)
    assert sorted(future.result() for future in futures) == list(range(1, 101))
    assert store.commits - before == 1


def test_a_future_resolves_when_everybody_can_see_its_job(store: SqlStore, store_url: str, now: datetime) -> None:
    with open_store(store_url, read_only=True) as other:
        for count in range(1, 21):
            append(store, "a", now)
            with other.read() as tx:
                assert tx.log.head().position == count


def test_a_cancelled_job_is_not_run(store: SqlStore, now: datetime) -> None:
    first, second = held_together(store, [lambda tx: append_in(tx, now), lambda tx: append_in(tx, now)])
    cancelled = second.cancel()
    assert first.result() == 1
    store.write(lambda tx: None).result()
    with store.read() as tx:
        assert tx.log.head().position == (1 if cancelled else 2)


def test_a_snapshot_does_not_move(store: SqlStore, now: datetime) -> None:
    append(store, "a", now)
    with store.read() as tx:
        assert tx.log.head().position == 1
        append(store, "a", now)
        assert tx.log.head().position == 1
    with store.read() as tx:
        assert tx.log.head().position == 2


def test_a_reader_cannot_write(store: SqlStore, store_url: str, now: datetime) -> None:
    with pytest.raises(StoreUnavailable), store.read() as tx:
        tx.log.append("feed:a", [gone("a", now)], now=now)
    with open_store(store_url, read_only=True) as reader, pytest.raises(StoreUnavailable, match="reading only"):
        reader.write(lambda tx: None)


def test_errors_of_the_driver_stay_behind_the_door(store: SqlStore, now: datetime) -> None:
    with pytest.raises(StoreError):
        store.write(lambda tx: tx.connection.exec_driver_sql("SELECT * FROM nowhere")).result()  # type: ignore[attr-defined]
    append(store, "a", now)


def test_closing_finishes_what_was_queued_and_then_takes_nothing(store_url: str, now: datetime) -> None:
    store = open_store(store_url)
    futures = [store.write(lambda tx: append_in(tx, now)) for _ in range(1000)]
    store.close()
    store.close()
    assert [future.result() for future in futures] == list(range(1, 1001))
    with pytest.raises(StoreUnavailable, match="closed"):
        store.write(lambda tx: None)


def test_hashes_link_each_event_to_the_one_before(store: SqlStore, now: datetime) -> None:
    recorded = append(store, "a", now, 5)
    assert len({one.hash for one in recorded}) == 5
    assert all(len(one.hash) == 32 for one in recorded)
    assert all(before.event_id != after.event_id for before, after in pairwise(recorded))


def test_the_writer_outlives_a_job_that_breaks_its_transaction(store: SqlStore, now: datetime) -> None:
    def breaking(tx: Transaction) -> None:
        tx.connection.close()  # type: ignore[attr-defined]  # the store's own transaction

    with pytest.raises(StoreUnavailable):
        store.write(breaking).result(timeout=20)
    assert append(store, "a", now)[0].position == 1

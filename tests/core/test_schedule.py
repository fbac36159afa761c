"""When a feed is looked at next (matrix row 25 for Retry-After)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.schedule import PollResult, backoff, due_times, first_time, full_fetch_due, next_time, went_by
from bench.watcher import profile
from store.events import FeedId
from store.ports import PollState

NOW = datetime(2026, 11, 21, 20, 3, tzinfo=UTC)
STATE = PollState(FeedId("ministry"))
TEN = timedelta(minutes=10)
moments = st.datetimes(datetime(2021, 1, 1), datetime(2090, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


def failing(times: int, reason: str, every: timedelta = TEN, **more) -> timedelta:
    return next_time(profile(every=every), replace(STATE, failures=times), PollResult(reason, **more), NOW) - NOW


def test_good_polls_keep_an_even_beat() -> None:
    times, now = [], NOW
    for _ in range(5):
        now = next_time(profile(), STATE, PollResult(), now + timedelta(seconds=3))
        times.append(now)
    assert {later - earlier for earlier, later in pairwise(times)} == {TEN}


@given(moments, st.integers(1, 86_400))
def test_the_next_time_is_half_to_one_and_a_half_cadences_away(now: datetime, seconds: int) -> None:
    every = timedelta(seconds=seconds)
    ahead = next_time(profile(every=every), STATE, PollResult(), now) - now
    assert every / 2 <= ahead <= every * 1.5 + timedelta(milliseconds=1)


def test_feeds_are_spread_over_the_cadence() -> None:
    times = [next_time(profile(id=FeedId(f"feed-{n}")), STATE, PollResult(), NOW) for n in range(400)]
    by_minute = [sum(timedelta(minutes=m) <= at - NOW < timedelta(minutes=m + 1) for at in times) for m in range(5, 15)]
    assert all(20 <= count <= 60 for count in by_minute)


def test_backoff_doubles_to_its_bounds() -> None:
    assert [backoff(TEN, n, "timeout") / TEN for n in (1, 2, 3, 4, 9)] == [1, 2, 3, 3, 3]
    assert [backoff(TEN, n, "http_403") / timedelta(hours=1) for n in (1, 5, 8, 99)] == [1 / 6, 8 / 3, 64 / 3, 24]
    assert backoff(timedelta(hours=2), 9, "timeout") == timedelta(hours=2)


def test_jitter_is_at_most_a_quarter() -> None:
    assert failing(9, "timeout", jitter=1.0) == timedelta(minutes=37.5)
    assert failing(9, "timeout", jitter=0.0) == timedelta(minutes=30)


@given(st.integers(0, 100_000), st.integers(0, 12), st.sampled_from(["", "http_429", "http_503", "timeout"]))
def test_never_earlier_than_the_server_asked(seconds: int, failures: int, reason: str) -> None:
    asked = timedelta(seconds=seconds)
    assert failing(failures, reason, retry_after=asked) >= min(asked, timedelta(hours=24))


def test_a_server_cannot_send_us_away_for_longer_than_a_day() -> None:
    assert failing(1, "http_429", retry_after=timedelta(days=9999)) <= timedelta(hours=24) + 1.5 * TEN


def test_while_our_network_is_lost_nothing_backs_off() -> None:
    later = next_time(profile(), replace(STATE, failures=9), PollResult("dns"), NOW, network_lost=True)
    assert later - NOW <= 1.5 * TEN


@pytest.mark.parametrize(
    ("cron", "zone", "expected"),
    [
        ("*/5 8-22 * * 1-5", "Europe/Moscow", "2026-11-23T05:00:00+00:00"),
        ("0 9 * * 0", "UTC", "2026-11-22T09:00:00+00:00"),
        ("0 9 * * 7", "UTC", "2026-11-22T09:00:00+00:00"),
        ("0 9 * * SUN", "", "2026-11-22T09:00:00+00:00"),
        ("15 21 * * *", "UTC", "2026-11-21T21:15:00+00:00"),
        ("30 2 29 3 *", "Europe/Berlin", "2027-03-29T00:30:00+00:00"),
    ],
)
def test_cron_means_what_cron_means(cron: str, zone: str, expected: str) -> None:
    feed = profile(cron=cron, timezone=zone)
    assert next_time(feed, STATE, PollResult(), NOW).isoformat() == expected


def test_a_failing_cron_feed_skips_its_times() -> None:
    feed = profile(cron="*/10 * * * *", timezone="UTC")
    ahead = next_time(feed, replace(STATE, failures=3), PollResult("timeout"), NOW) - NOW
    assert timedelta(minutes=20) <= ahead <= timedelta(minutes=30)


def test_a_few_new_feeds_are_due_at_once_and_many_are_spread() -> None:
    assert first_time(profile(), NOW, 10) - NOW < timedelta(seconds=1)
    spread = [first_time(profile(id=FeedId(f"f{n}")), NOW, 10_000) - NOW for n in range(1000)]
    assert max(spread) - min(spread) > timedelta(seconds=150)
    assert max(spread) <= timedelta(seconds=200)


def test_a_restart_puts_nothing_off_and_forgets_no_backoff() -> None:
    soon, failed = NOW + timedelta(minutes=1), NOW + timedelta(hours=5)
    ids = [FeedId("a"), FeedId("b"), FeedId("c"), FeedId("d")]
    states = {
        ids[0]: replace(STATE, next_at=soon),
        ids[1]: replace(STATE, next_at=failed, failures=9),
        ids[2]: replace(STATE, next_at=NOW - timedelta(days=1)),
    }
    due = due_times({feed: profile(id=feed) for feed in ids}, states, NOW)
    assert due[ids[0]] == soon
    assert due[ids[1]] == failed
    assert due[ids[2]] - NOW < timedelta(seconds=1)
    assert due[ids[3]] - NOW < timedelta(seconds=1)


def test_a_shorter_cadence_takes_effect_at_a_restart() -> None:
    due = due_times({FeedId("a"): profile()}, {FeedId("a"): replace(STATE, next_at=NOW + timedelta(days=1))}, NOW)
    assert due[FeedId("a")] - NOW <= 1.5 * TEN


def test_a_whole_document_is_asked_for_every_twelve_hours() -> None:
    assert full_fetch_due(STATE, NOW)
    assert not full_fetch_due(replace(STATE, full_fetch_at=NOW - timedelta(hours=11)), NOW)
    assert full_fetch_due(replace(STATE, full_fetch_at=NOW - timedelta(hours=12)), NOW)


@pytest.mark.parametrize(
    ("cron", "minutes", "passed"),
    [
        ("", 10, False),
        ("", 20, False),
        ("", 21, False),
        ("", 22, True),
        ("0 8,20 * * *", 12 * 60, False),
        ("0 8,20 * * *", 24 * 60, False),
        ("0 8,20 * * *", 24 * 60 + 2, True),
    ],
)
def test_a_feed_was_not_looked_at_when_a_regular_time_of_it_went_by(cron: str, minutes: int, passed: bool) -> None:
    last = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    assert went_by(profile(cron=cron, timezone="UTC"), last, last + timedelta(minutes=minutes)) is passed

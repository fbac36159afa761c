"""When a delivery is tried again, and when it is given up."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.retry import (
    DELAYS,
    GIVE_UP_AFTER,
    STEADY,
    SendResult,
    SmtpStage,
    http_kind,
    smtp_kind,
    verdict,
)
from alerts.retry_after import LONGEST, retry_after
from store.ports import Verdict

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FAILED = SendResult("retry", "http 503", "503 busy")


def ruling(result: SendResult, attempts: int = 1, waited: timedelta = timedelta(0), jitter: float = 0.5) -> Verdict:
    return verdict(result, attempts=attempts, first_try=NOW - waited, now=NOW, jitter=jitter)


def delay(result: SendResult, attempts: int = 1, jitter: float = 0.5) -> timedelta:
    due = ruling(result, attempts, jitter=jitter).next_at
    assert due is not None
    return due - NOW


def test_delays_grow_as_published_and_stay_at_six_hours() -> None:
    assert [delay(FAILED, n).total_seconds() for n in range(1, 12)] == [
        5, 30, 120, 600, 1_800, 3_600, 7_200, 21_600, 21_600, 21_600, 21_600,
    ]  # fmt: skip


@given(st.integers(1, 30), st.floats(0, 1))
def test_jitter_is_at_most_a_quarter_of_the_delay(attempts: int, jitter: float) -> None:
    plain = DELAYS[attempts - 1] if attempts <= len(DELAYS) else STEADY
    assert abs(delay(FAILED, attempts, jitter) - plain) <= plain * 0.25


@given(st.lists(st.floats(0, 1), min_size=60, max_size=60))
def test_a_receiver_that_never_answers_is_tried_for_three_days_and_then_dead(jitters: list[float]) -> None:
    now, attempts = NOW, 0
    while True:
        attempts += 1
        told = verdict(FAILED, attempts=attempts, first_try=NOW, now=now, jitter=jitters[attempts % 60])
        if told.state == "dead":
            break
        assert told.next_at is not None
        now = told.next_at
    assert GIVE_UP_AFTER <= now - NOW <= GIVE_UP_AFTER + STEADY * 1.25
    assert (told.reason, told.code) == ("gave-up", "http 503")


def test_what_waited_while_we_were_not_running_gets_the_whole_ramp_before_it_is_dead() -> None:
    week = timedelta(days=7)
    assert [ruling(FAILED, n, waited=week).state for n in range(1, 9)] == ["pending"] * 7 + ["dead"]


def test_retry_after_stands_above_our_own_delay_up_to_a_day() -> None:
    def asked(wait: timedelta, attempts: int = 1) -> timedelta:
        return delay(SendResult("retry", "http 429", "", retry_after=wait), attempts)

    assert asked(timedelta(minutes=7)) == timedelta(minutes=7)
    assert asked(timedelta(minutes=7), attempts=9) == timedelta(minutes=7)
    assert asked(timedelta(days=30)) == LONGEST
    assert asked(timedelta(0), attempts=9) == timedelta(seconds=5)


def test_delivered_and_refused_end_at_once() -> None:
    assert ruling(SendResult("ok", "http 200", "ok")).state == "delivered"
    refused = ruling(SendResult("permanent", "smtp 550", "no such user"))
    assert (refused.state, refused.reason, refused.next_at) == ("dead", "refused", None)


HTTP_TABLE = {
    "ok": [200, 201, 202, 204, 206, 299],
    "permanent": [410],
    "retry": [100, 199, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 411, 413, 415, 421, 422,
              425, 426, 429, 451, 500, 501, 502, 503, 504, 507, 511, 599],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "status"), [(kind, status) for kind, codes in HTTP_TABLE.items() for status in codes])
def test_each_http_status_has_its_verdict(kind: str, status: int) -> None:
    assert http_kind(status) == kind


@pytest.mark.parametrize("stage", get_args(SmtpStage))
def test_smtp_is_permanent_only_as_the_5xx_answer_to_rcpt_or_the_final_dot(stage: SmtpStage) -> None:
    permanent = stage in ("rcpt", "dot")
    assert smtp_kind(stage, 550) == ("permanent" if permanent else "retry")
    assert {smtp_kind(stage, code) for code in (421, 450, 452)} == {"retry"}
    assert smtp_kind(stage, 250) == ("ok" if stage == "dot" else "retry")


DATE = "Sat, 21 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "date", "expected"),
    [
        ("120", "", 120),
        (" 0 ", "", 0),
        ("1000000000000", "", 86_400),
        ("9" * 5_000, "", 86_400),
        ("Sat, 21 Nov 2026 12:10:00 GMT", "", 600),
        ("Sat, 21 Nov 2026 13:10:00 GMT", "Sat, 21 Nov 2026 13:00:00 GMT", 600),
        ("Sat, 21 Nov 2026 13:10:00 GMT", "nonsense", 4_200),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DATE, 86_400),
        ("Sat, 21 Nov 2026 11:00:00 GMT", DATE, None),
        ("-5", "", None),
        ("1e12", "", None),
        ("٣", "", None),
        ("soon", "", None),
        ("", "", None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date_by_the_servers_own_clock(
    value: str, date: str, expected: int | None
) -> None:
    assert retry_after(value, date, NOW) == (None if expected is None else timedelta(seconds=expected))

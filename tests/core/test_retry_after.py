"""Retry-After as servers write it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.retry_after import LONGEST, retry_after

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
DATE = "Sat, 21 Nov 2026 12:00:00 GMT"

READ = {
    "0": timedelta(0),
    " 120 ": timedelta(seconds=120),
    "86400": LONGEST,
    "86401": LONGEST,
    "1000000000000": LONGEST,
    "9" * 5000: LONGEST,
    "0" * 5000 + "7": timedelta(seconds=7),
    "Sat, 21 Nov 2026 12:05:00 GMT": timedelta(minutes=5),
    "Saturday, 21-Nov-26 12:05:00 GMT": timedelta(minutes=5),
    "Sat Nov 21 12:05:00 2026": timedelta(minutes=5),
    "Fri, 31 Dec 9999 23:59:59 GMT": LONGEST,
}


@pytest.mark.parametrize("value", READ)
def test_seconds_and_dates_are_read_and_capped_at_a_day(value):
    assert retry_after(value, DATE, NOW) == READ[value]


GARBAGE = ["", "-5", "-1000000", "+5", "1.5", "1e12", "1e3", "soon", "٣٠", "²", "nan", "inf", "\x00", "120 seconds"]


@pytest.mark.parametrize("value", [*GARBAGE, "Sat, 21 Nov 2026 11:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_garbage_negatives_and_the_past_ask_for_nothing(value):
    assert retry_after(value, DATE, NOW) is None


def test_a_date_counts_from_the_servers_clock_and_without_one_from_ours():
    until = "Sat, 21 Nov 2026 20:10:00 GMT"
    assert retry_after(until, "", NOW) == timedelta(minutes=10)
    assert retry_after(until, "garbage", NOW) == timedelta(minutes=10)
    assert retry_after(until, "Sat, 21 Nov 2026 20:09:00 GMT", NOW) == timedelta(minutes=1)


@given(st.text(), st.text())
def test_no_header_whatever_raises_or_asks_for_more_than_a_day(value, date):
    wait = retry_after(value, date, NOW)
    assert wait is None or timedelta(0) <= wait <= LONGEST

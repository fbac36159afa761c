"""Dates as sources write them: read in UTC, or not at all; never a crash, never a year from nowhere."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.outcome import ParsedFeed
from aggregator.parse.feed import parse


def published(given: str, timezone: str = ""):
    body = f'<rss version="2.0"><channel><item><pubDate>{given}</pubDate></item></channel></rss>'
    feed = parse(body.encode(), "", "https://a.example/", "", timezone)
    assert isinstance(feed, ParsedFeed), feed
    return feed.entries[0]


@pytest.mark.parametrize(
    ("given", "hour"),
    [
        ("Fri, 20 Nov 2026 12:00:00 +0300", 9),
        ("Fri, 20 Nov 2026 12:00:00 GMT", 12),
        ("Fri, 20 Nov 2026 12:00:00 Z", 12),
        ("Fri, 20 Nov 2026 12:00:00 EST", 17),
        ("Fri, 20 Nov 2026 12:00:00 MSK", 9),
        ("Fri, 20 Nov 2026 12:00:00 CET", 11),
        ("20 Nov 2026 12:00 +0000", 12),
        ("2026-11-20T12:00:00+04:00", 8),
        ("2026-11-20T12:00:00.123456Z", 12),
        ("2026-11-20T12:00:00-0500", 17),
        ("2026-11-20 12:00:00 +0200", 10),
    ],
)
def test_a_date_with_a_zone_is_read_whatever_the_feed_is_set_to(given, hour):
    expected = datetime(2026, 11, 20, hour, tzinfo=UTC)
    assert published(given).published_at == expected
    assert published(given, "Asia/Tokyo").published_at == expected
    assert published(given).published == given


@pytest.mark.parametrize(
    ("given", "hour"),
    [
        ("Fri, 20 Nov 2026 12:00:00", 9),
        ("2026-11-20T12:00:00", 9),
        ("2026-11-20 12:00:00", 9),
        ("Fri, 20 Nov 2026 12:00:00 XYZ", 9),
    ],
)
def test_a_date_without_a_zone_is_read_in_the_zone_of_the_feed(given, hour):
    assert published(given, "Europe/Moscow").published_at == datetime(2026, 11, 20, hour, tzinfo=UTC)
    assert published(given, "").published_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert published(given, "No/Such").published_at == datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_day_without_a_time_begins_at_midnight_of_its_zone():
    assert published("2026-11-20", "Europe/Moscow").published_at == datetime(2026, 11, 19, 21, tzinfo=UTC)
    assert published("2026-11-20").published_at == datetime(2026, 11, 20, tzinfo=UTC)


def test_summer_time_is_that_of_the_day():
    assert published("2026-07-01T12:00:00", "Europe/Paris").published_at == datetime(2026, 7, 1, 10, tzinfo=UTC)


ODD = """0000-00-00 00:00:00|0000-00-00T00:00:00Z|0001-01-01T00:00:00Z|1970-01-01T00:00:00Z|1989-12-31T23:59:59Z
9999-12-31T23:59:59Z|2101-01-01T00:00:00Z|20026-11-20T12:00:00Z|Mon, 01 Jan 0001 00:00:00 GMT
Fri, 31 Dec 9999 23:59:59 GMT|Fri, 20 Nov 2026 24:00:00 GMT|Fri, 31 Nov 2026 12:00:00 GMT|21/11/2026
11/21/2026 12:00|20 ноября 2026 12:00|20 novembre 2026|Freitag, 20. November 2026|yesterday|now|today at noon
null|NaN|Infinity|-1|0|1e400|1763640000|1763640000000|2026-13-01|2026-02-30|2026-11-20T25:61:61Z|T|t|Z|z|-|+|:
::|2026|2026-|2026-11-|2026--|--|GMT|Fri, 20 Nov 2026 12:00:00 +99999|Fri, 20 Nov 2026 12:00:00 +xx:yy|Fri,
, , ,|2026-11-20TT12:00|2026-11-20T12:00:00+|20261120|2026-W47-5|2026-324|２０２６-11-20|١٢ نوفمبر ٢٠٢٦|2026年11月20日
&amp;|&lt;b&gt;2026&lt;/b&gt;"""


@pytest.mark.parametrize(
    "given",
    [*ODD.replace("\n", "|").split("|"), "9" * 10_000, "2026-11-20T12:00:" + "9" * 5_000, "a " * 5_000],
)
def test_an_odd_date_never_stops_the_feed_and_never_leaves_the_possible_years(given):
    entry = published(given, "Europe/Moscow")
    assert entry.published_at is None or 1990 <= entry.published_at.year <= 2100
    assert len(entry.published) <= 200


def test_a_leap_second_and_a_date_to_come_are_no_alarm():
    assert published("2016-12-31T23:59:60Z").published_at in (None, datetime(2017, 1, 1, tzinfo=UTC))
    assert published("2036-11-20T12:00:00Z").published_at == datetime(2036, 11, 20, 12, tzinfo=UTC)


@given(st.text(alphabet="0123456789-:+TZtz. ,GMTFriNov", max_size=40))
def test_no_string_is_too_odd(given):
    published(given, "Europe/Moscow")

"""Dates that no calendar knows, in whole lives of a feed: none of them decides what is new, and none stops the reading.

Row 37 of the list of faults: no date, year 1, year 9999, years ahead, zones that are none, leap seconds.
"""

from datetime import UTC, datetime, timedelta

import pytest

from aggregator.outcome import ParsedFeed
from aggregator.parse.feed import parse
from bench.watcher import MONDAY, Watcher, profile
from store.events import Event, ItemPublished, ItemRevised

DATES = """|0001-01-01T00:00:00Z|9999-12-31T23:59:59Z|2036-11-20T12:00:00Z|2026-06-30T23:59:60Z
2026-12-31T23:59:60+00:00|Fri, 20 Nov 2026 12:00:00 +9999|Fri, 20 Nov 2026 12:00:00 XYZ
Fri, 20 Nov 2026 12:00:00 +xx:yy|2026-11-20T12:00:00+25:00|Fri, 31 Dec 9999 23:59:59 GMT
Mon, 01 Jan 0001 00:00:00 GMT|Tue, 30 Jun 2026 23:59:60 GMT|0000-00-00T00:00:00Z|now|2026-02-30
2026-13-01|Fri, 31 Nov 2026 12:00:00 GMT|20026-11-20T12:00:00Z|-1|1e400|NaN|null|T|Z|::|--|2026-|GMT
1763640000|1763640000000|21/11/2026|11/21/2026|20261120|2026-W47-5|2026-324|yesterday|20 ноября 2026
2026年11月20日|١٢ نوفمبر ٢٠٢٦|２０２６-11-20|2026-11-20T25:61:61Z|2026-11-20TT12:00|2026-11-20T12:00:00+
Fri,|, , ,|&amp;|1970-01-01T00:00:00Z|2101-01-01T00:00:00Z|1899-12-31T00:00:00Z
Fri, 20 Nov 2026 24:00:00 GMT|Fri, 20 Nov 2026 12:00:00 GMT GMT|2026-11-20T12:00:00.999999999999Z
  2026-11-20  |2026-11-20T12:00:00-23:59|2026-11-20T12:00:00 PST8PDT|\u200b2026-11-20"""
SANE = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC))


def shown(form: str, date: str, *entries: tuple[str, str]) -> ParsedFeed:
    """A document whose entries all claim the same odd date."""
    if form == "rss":
        items = "".join(
            f"<item><guid>urn:{name}</guid><title>On {name}</title><pubDate>{date}</pubDate>"
            f"<description>{text}</description></item>"
            for name, text in entries
        )
        body = f'<rss version="2.0"><channel><title>M</title>{items}</channel></rss>'
    else:
        items = "".join(
            f"<entry><id>urn:{name}</id><title>On {name}</title><published>{date}</published>"
            f"<updated>{date}</updated><summary>{text}</summary></entry>"
            for name, text in entries
        )
        body = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>M</title>{items}</feed>'
    parsed = parse(body.encode(), "application/xml", "https://ministry.example/feed")
    assert isinstance(parsed, ParsedFeed), parsed
    return parsed


@pytest.mark.parametrize("form", ["rss", "atom"])
@pytest.mark.parametrize("date", DATES.replace("\n", "|").split("|"))
def test_whatever_the_dates_say_what_is_new_is_told_once_and_an_edit_is_an_edit(date: str, form: str) -> None:
    watcher, told = Watcher(profile()), []
    life = [
        (("b", "It agreed."), ("a", "It declined.")),
        (("c", "It waits."), ("b", "It agreed."), ("a", "It declined.")),
        (("c", "It waits."), ("b", "It agreed."), ("a", "It declined at last.")),
        (("c", "It waits."), ("b", "It agreed."), ("a", "It declined at last.")),
    ]
    for number, entries in enumerate(life):
        events = watcher.poll(shown(form, date, *entries), MONDAY + number * timedelta(minutes=10))
        told.append([_words(event) for event in events if isinstance(event, ItemPublished | ItemRevised)])
    assert told[1:] == [["item.published/1"], ["item.revised/1 wording"], []]
    assert not watcher.refused
    for item in watcher.items.values():
        at = item.content.published_at
        assert at is None or SANE[0] <= at <= SANE[1]


def _words(event: Event) -> str:
    return f"{event.KIND} {event.kind}" if isinstance(event, ItemRevised) else event.KIND

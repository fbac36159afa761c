"""What an entry says about time -> UTC. Pure; never raises.

feedparser reads the many ways of writing a date, and takes what has no zone, or an unknown one, for UTC. Here such a
time is read in the feed's own time zone, the zones that feedparser does not know are put right, and what lies outside
1990-2100 counts as unreadable (`0000-00-00` is the year -1, a typing error the year 20026).
"""

import calendar
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate
from functools import lru_cache
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 1990, 2100
LONGEST = 200
"""A date is kept as given up to this many characters."""

_ZONED = re.compile(r"(?:[+-]\d{1,2}:?\d{2}|\d\s*z|[+-]\d{2})$", re.IGNORECASE)
_ZONELESS = re.compile(
    r"(?:[a-z]{3,9},?\s+)?\d{1,2}\s+[a-z]{3,9}\s+\d{4}\s+\d{1,2}:\d{2}(?::\d{2})?", re.IGNORECASE | re.ASCII
)
_DAY_ONLY = re.compile(r"\d{4}-\d{1,2}(?:-\d{1,2})?|\d{8}")
_ZONE_NAME = re.compile(r"\b(?:etc/)?([a-z]{1,5})(?:[+-][\d:]+)?$", re.IGNORECASE)
_KNOWN_TO_FEEDPARSER = frozenset(
    ("ut", "gmt", "z", "adt", "ast", "at", "edt", "est", "et", "cdt", "cst", "ct", "mdt", "mst", "mt", "pdt", "pst")
) | {"pt", "met", "mest", "utc", "uct", "zulu"}
_UNKNOWN_TO_FEEDPARSER = {
    "wet": 0,
    "west": 1,
    "bst": 1,
    "cet": 1,
    "cest": 2,
    "eet": 2,
    "eest": 3,
    "msk": 3,
    "msd": 4,
    "trt": 3,
    "sast": 2,
    "pkt": 5,
    "hkt": 8,
    "sgt": 8,
    "jst": 9,
    "kst": 9,
    "aest": 10,
    "aedt": 11,
    "nzst": 12,
    "nzdt": 13,
}


def to_utc(given: str, parsed: Sequence[int] | None, timezone: str) -> datetime | None:
    """`parsed` is feedparser's reading of `given`: a nine-tuple in UTC, or None. `timezone` is an IANA name or ""."""
    try:
        if parsed is None:
            parsed = _second_reading(given[:LONGEST])
        if parsed is None:
            return None
        moment = datetime.fromtimestamp(calendar.timegm(tuple(parsed)), UTC)
        moment = _in_its_zone(given.strip()[-LONGEST:], moment, timezone)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return None
    return moment if FIRST_YEAR <= moment.year <= LAST_YEAR else None


def _second_reading(given: str) -> Sequence[int] | None:
    """RFC 5322 without a zone, which many an office sends and feedparser refuses."""
    found = parsedate(given) if _ZONELESS.fullmatch(given) else None
    return None if found is None else datetime(*found[:6], tzinfo=UTC).timetuple()


def _in_its_zone(given: str, moment: datetime, timezone: str) -> datetime:
    if _ZONED.search(given) and not _DAY_ONLY.fullmatch(given):
        return moment
    name = match[1].lower() if (match := _ZONE_NAME.search(given)) else ""
    if name in _KNOWN_TO_FEEDPARSER:
        return moment
    if name in _UNKNOWN_TO_FEEDPARSER:
        return moment - timedelta(hours=_UNKNOWN_TO_FEEDPARSER[name])
    zone = _zone(timezone) if timezone else None
    return moment if zone is None else moment.replace(tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None

"""What a Retry-After header asks for, of feeds' servers and of webhooks' receivers alike. Pure.

Strings and a time in, a duration or None out; garbage is None.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(hours=24)
_SAFE_DIGITS = 9


def retry_after(value: str, date: str, now: datetime) -> timedelta | None:
    """The wait that a server asks for, capped at 24 h (RFC 9110 10.2.3); None when it asks for none or makes no sense.

    A date counts from the answer's own `Date` header, so that a server with a wrong clock is still understood; only
    without one it counts from `now`.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        digits = value.lstrip("0") or "0"
        return LONGEST if len(digits) > _SAFE_DIGITS else min(timedelta(seconds=int(digits)), LONGEST)
    until = _http_date(value)
    if until is None:
        return None
    wait = until - (_http_date(date) or now)
    return min(wait, LONGEST) if wait > timedelta(0) else None


def _http_date(value: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    try:
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except OverflowError:
        return None

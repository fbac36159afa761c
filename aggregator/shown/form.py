"""How values look: times, counts, and JSON that harms no terminal. Pure.

`aggregator.cli.out` prints by it and the API answers by it, so that a row is the same wherever it is read.
"""

import json
import re
from datetime import UTC, datetime

_HARMFUL = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]")


def compact(value: object, *, ascii_only: bool = False) -> str:
    """A value as one line of JSON: what could harm a terminal, or could not be encoded, is written as an escape.

    Datetimes are written as `stamp` has them, bytes as hex digits.
    """
    text = json.dumps(value, ensure_ascii=ascii_only, default=_plain)
    return _HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def stamp(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with microseconds and Z, None for None: how JSON shows times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if moment else None


def when(moment: datetime | None) -> str:
    """How people see times: `2026-11-21 20:00:00`, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else "-"


def minute(moment: datetime | None) -> str:
    """A time in a list: `2026-11-21 20:00`, in UTC."""
    return when(moment)[:16]


def counted(number: int, what: str) -> str:
    """`1 feed`, `2 feeds`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def ago(moment: datetime | None, now: datetime) -> str:
    """How far away a time is: `12 s ago`, `in 5 min`, `3 h ago`, `8 d ago`; `never` for None."""
    if moment is None:
        return "never"
    seconds = (now - moment).total_seconds()
    far = abs(seconds)
    for unit, length, until in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800), ("d", 86_400, float("inf"))):
        if far < until:
            return f"{far / length:.0f} {unit} ago" if seconds >= 0 else f"in {far / length:.0f} {unit}"
    raise AssertionError("every distance has a unit")


def _plain(value: object) -> object:
    match value:
        case datetime():
            return stamp(value)
        case bytes():
            return value.hex()
        case _:
            return str(value)

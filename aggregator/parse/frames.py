"""What passes between the daemon and its parse child: the header of a request, and `ParseOutcome`, as JSON. Pure.

JSON, because reading it can run nothing and crash nothing: the child is the less trusted side.
"""

import json
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator.outcome import ParsedEntry, ParsedFeed, ParseFailed, ParseOutcome, Tombstone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENTRY = tuple(field.name for field in fields(ParsedEntry))
_FEED = tuple(field.name for field in fields(ParsedFeed) if field.name not in ("entries", "tombstones"))


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments of `feed.parse` but for the body."""

    content_type: str
    url: str
    encoding: str
    timezone: str


def encode_request(request: Request) -> bytes:
    """The header of a request."""
    return json.dumps([request.content_type, request.url, request.encoding, request.timezone]).encode()


def decode_request(payload: bytes) -> Request:
    """The reverse of `encode_request`."""
    return Request(*json.loads(payload))


def encode_outcome(outcome: ParseOutcome) -> bytes:
    """Texts hold no lone surrogates by now; one that slips through becomes a question mark."""
    if isinstance(outcome, ParseFailed):
        value: object = [outcome.reason, outcome.detail]
    else:
        value = {
            "feed": [getattr(outcome, name) for name in _FEED],
            "entries": [_entry_values(entry) for entry in outcome.entries],
            "tombstones": [[stone.ref, stone.when] for stone in outcome.tombstones],
        }
    return json.dumps(value, ensure_ascii=False, check_circular=False).encode("utf-8", "replace")


def decode_outcome(payload: bytes) -> ParseOutcome:
    """The reverse of `encode_outcome`; ValueError when the payload is none."""
    try:
        value: Any = json.loads(payload)
        if isinstance(value, list):
            reason, detail = value
            return ParseFailed(str(reason), str(detail))
        head = dict(zip(_FEED, value["feed"], strict=True))
        return ParsedFeed(
            **head,
            entries=tuple(_entry(values) for values in value["entries"]),
            tombstones=tuple(Tombstone(str(ref), str(when)) for ref, when in value["tombstones"]),
        )
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"no outcome: {error}") from error


def _entry_values(entry: ParsedEntry) -> list[object]:
    return [_seconds(value) if isinstance(value := getattr(entry, name), datetime) else value for name in _ENTRY]


def _entry(values: list[Any]) -> ParsedEntry:
    given = dict(zip(_ENTRY, values, strict=True))
    given["categories"] = tuple(given["categories"])
    given["published_at"] = _datetime(given["published_at"])
    given["updated_at"] = _datetime(given["updated_at"])
    return ParsedEntry(**given)


def _seconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1)


def _datetime(seconds: int | None) -> datetime | None:
    return None if seconds is None else _EPOCH + timedelta(seconds=seconds)

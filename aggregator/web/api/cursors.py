"""Cursors: where a page of a list ended, as one opaque word that the next question brings back. Pure.

A cursor says which list and filters it belongs to, where the log ended when the first page was read, and the place of
the last row. It holds no secret and is not signed: whoever makes one up gets another page of what they may read anyway.
`opened` raises `Refused` (400) for what is no cursor, belongs to another list, or comes from a log that ours is not:
a position that ours has not reached yet.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from hashlib import sha256

from aggregator.web.refusal import Refused
from store.events import Position

Part = int | str
LONGEST = 500
BIGGEST = 2**63 - 1


def sealed(name: str, filters: Mapping[str, str], head: Position, place: tuple[Part, ...]) -> str:
    """The cursor of a place in the list of that name."""
    written = json.dumps([_list(name, filters), head, *place], separators=(",", ":"))
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def opened(
    cursor: str, name: str, filters: Mapping[str, str], head: Position, kinds: tuple[type[Part], ...]
) -> tuple[Part, ...]:
    """The place that a cursor of this list marks; its parts are of these kinds."""
    of_list, made_at, *place = _read(cursor)
    if of_list != _list(name, filters):
        raise Refused(400, "bad_cursor", "`after` is of another list, or of other filters: begin again without it")
    if type(made_at) is not int or [type(part) for part in place] != list(kinds) or not all(map(_fits, place)):
        raise unreadable()
    if made_at > head:
        raise ahead(made_at, head)
    return tuple(place)


def ahead(position: int, head: Position) -> Refused:
    """The refusal of a position that the log has not reached."""
    told = f"position {position} is ahead of the log, which ends at {head}: is it of another store, or one restored?"
    return Refused(400, "cursor_ahead", told)


def _list(name: str, filters: Mapping[str, str]) -> str:
    return sha256(json.dumps([name, sorted(filters.items())]).encode()).hexdigest()[:12]


def _read(cursor: str) -> list[Part]:
    try:
        written = base64.b64decode(cursor[:LONGEST] + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(written)
    except (binascii.Error, ValueError, RecursionError):
        raise unreadable() from None
    if not isinstance(parts, list) or len(parts) < 2:
        raise unreadable()
    return parts


def _fits(part: Part) -> bool:
    return part.isascii() if isinstance(part, str) else 0 <= part <= BIGGEST


def unreadable() -> Refused:
    """The refusal of what is no cursor."""
    return Refused(400, "bad_cursor", "`after` is no cursor of ours: take it from `next` of the page before")

"""Reading on in the log until its end: the one loop behind everything that reads more than a page of it; and where in
it a moment lies."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from store.events import Position, Recorded
from store.ports import EventLog

PAGE = 500
_START = Position(0)


def pages(
    log: EventLog,
    after: Position = _START,
    *,
    stream: str | None = None,
    subject: str | None = None,
    kinds: Collection[str] = (),
    size: int = PAGE,
) -> Iterator[Sequence[Recorded]]:
    """The events after a position as `EventLog.read` gives them, page after page; no page is empty."""
    while page := log.read(after, size, stream=stream, subject=subject, kinds=kinds):
        yield page
        after = page[-1].position


def events(
    log: EventLog,
    after: Position = _START,
    *,
    stream: str | None = None,
    subject: str | None = None,
    kinds: Collection[str] = (),
) -> Iterator[Recorded]:
    """The same, event after event."""
    for page in pages(log, after, stream=stream, subject=subject, kinds=kinds):
        yield from page


def beginning(log: EventLog, moment: datetime) -> tuple[datetime, Position]:
    """Where to begin to read what was recorded since that moment: the moment, or that of the first event if the log is
    younger, and the position to read on from."""
    after = position_before(log, moment)
    first = () if after else log.read(after, 1)
    return max(moment, *(one.recorded_at for one in first)) if first else moment, after


def position_before(log: EventLog, moment: datetime) -> Position:
    """The last position recorded before that moment, 0 where there is none; found in some twenty looks."""
    low, high = 0, int(log.head().position)
    while low < high:
        middle = (low + high + 1) // 2
        if log.read(Position(middle - 1), 1)[0].recorded_at < moment:
            low = middle
        else:
            high = middle - 1
    return Position(low)

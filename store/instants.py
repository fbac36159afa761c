"""Times as the database holds them: integer microseconds since 1970 in UTC. Exact both ways."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    """Microseconds of an aware time; a naive one raises TypeError."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware time in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def maybe_micros(at: datetime | None) -> int | None:
    """The same, where there may be no time."""
    return None if at is None else to_micros(at)


def maybe_from_micros(micros: int | None) -> datetime | None:
    """The same, where there may be no time."""
    return None if micros is None else from_micros(micros)

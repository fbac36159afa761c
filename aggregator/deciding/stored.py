"""Values in JSON that we wrote ourselves, read back: each as it has to be, or a TypeError. Pure.

For what is remembered beside the log and may be lost: its readers catch the error and begin anew.
"""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros_of(at: datetime) -> int:
    """A time as whole microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def instant_of(micros: object) -> datetime:
    """The time (UTC) that `micros_of` wrote."""
    return _EPOCH + timedelta(microseconds=int_of(micros))


def str_of(value: object) -> str:
    """A text."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def int_of(value: object) -> int:
    """A whole number; True and False are none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value


def bool_of(value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def list_of(value: object) -> list[object]:
    """A list, of whatever."""
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def rows_of(value: object) -> dict[str, list[object]]:
    """Lists by name."""
    if not isinstance(value, dict):
        raise TypeError(value)
    return {str_of(key): list_of(row) for key, row in value.items()}

"""How values of the vocabulary stand in JSON: one shape for each type hint, derived once and kept.

In comes a type hint of a dataclass of `store.events`; out goes a `Shape` that turns its values into plain JSON values
(`Unwritable` where they could not come back the same) and back (`Unreadable` where they do not fit). A hint that the
vocabulary may not use is a TypeError. A member whose default is None is left out while it is None.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from operator import attrgetter
from types import NoneType, UnionType
from typing import Literal, NamedTuple, NewType, Union, get_args, get_origin, get_type_hints

from store.ports import StoreError

_BIGGEST = 2**53 - 1


class Unwritable(StoreError):
    """An event holds a value that canonical JSON cannot carry there and back."""


class Unreadable(StoreError):
    """Stored bytes are not what their kind says."""


class Shape(NamedTuple):
    """How a value of one type is written to plain JSON values and read from them.

    Values of exactly the type `same` are the same on both sides and need no call, which is most of them.
    """

    write: Callable[[object], object]
    read: Callable[[object], object]
    same: type | None = None


def shape_of(hint: object) -> Shape:
    """The shape of a type hint, derived at the first call."""
    if (known := _SHAPES.get(hint)) is None:
        known = _SHAPES[hint] = _derive(hint)
    return known


def _derive(hint: object) -> Shape:
    """The shape of a type hint; TypeError for a hint that the vocabulary may not use."""
    if isinstance(hint, NewType):
        return shape_of(hint.__supertype__)
    if isinstance(hint, type) and is_dataclass(hint):
        return _record(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _words(frozenset(arguments))
    if origin in (Union, UnionType) and len(arguments) == 2 and NoneType in arguments:
        return _optional(shape_of(next(a for a in arguments if a is not NoneType)))
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _array(shape_of(arguments[0]))
    if origin is Mapping and arguments[0] is str:
        return _object(shape_of(arguments[1]))
    msg = f"events may not hold {hint!r}"
    raise TypeError(msg)


def _record(cls: type) -> Shape:
    hints = get_type_hints(cls)
    members = [
        (field.name, field.default is None, *shape_of(hints[field.name]))
        for field in sorted(fields(cls), key=attrgetter("name"))
    ]
    known = frozenset(name for name, *_ in members)

    def write(value: object) -> object:
        if type(value) is not cls:
            raise _refusal(value, cls.__name__)
        try:
            written = {}
            for name, may_lack, write_member, _, same in members:
                part = getattr(value, name)
                if part is None and may_lack:
                    continue
                written[name] = part if type(part) is same else write_member(part)
        except Unwritable as error:
            msg = f"{cls.__name__}: {error}"
            raise Unwritable(msg) from error
        return written

    def read(value: object) -> object:
        if not isinstance(value, dict) or not value.keys() <= known:
            raise _mismatch(value, cls.__name__)
        try:
            values = {}
            for name, may_lack, _, read_member, same in members:
                if may_lack and name not in value:
                    continue
                part = value[name]
                values[name] = part if type(part) is same else read_member(part)
        except KeyError as error:
            msg = f"{cls.__name__} has no {error}"
            raise Unreadable(msg) from error
        return cls(**values)

    return Shape(write, read)


def _write_text(value: object) -> object:
    if not isinstance(value, str):
        raise _refusal(value, "text")
    return value


def _read_text(value: object) -> object:
    if not isinstance(value, str):
        raise _mismatch(value, "text")
    return value


def _write_integer(value: object) -> object:
    if type(value) is not int or not -_BIGGEST <= value <= _BIGGEST:
        raise _refusal(value, "an integer within 2^53")
    return value


def _read_integer(value: object) -> object:
    if type(value) is not int:
        raise _mismatch(value, "an integer")
    return value


def _write_flag(value: object) -> object:
    if type(value) is not bool:
        raise _refusal(value, "true or false")
    return value


def _read_flag(value: object) -> object:
    if type(value) is not bool:
        raise _mismatch(value, "true or false")
    return value


def _write_instant(value: object) -> object:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise _refusal(value, "a time with its zone")
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _read_instant(value: object) -> object:
    if not isinstance(value, str) or len(value) != 27 or value[-1] != "Z":
        raise _mismatch(value, "a time")
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise _mismatch(value, "a time") from error


_SHAPES: dict[object, Shape] = {
    str: Shape(_write_text, _read_text, str),
    int: Shape(_write_integer, _read_integer),
    bool: Shape(_write_flag, _read_flag, bool),
    datetime: Shape(_write_instant, _read_instant),
}


def _words(words: frozenset[object]) -> Shape:
    expected = " | ".join(sorted(map(str, words)))

    def write(value: object) -> object:
        if not isinstance(value, str) or value not in words:
            raise _refusal(value, expected)
        return value

    def read(value: object) -> object:
        if not isinstance(value, str) or value not in words:
            raise _mismatch(value, expected)
        return value

    return Shape(write, read)


def _optional(inner: Shape) -> Shape:
    return Shape(
        lambda value: None if value is None else inner.write(value),
        lambda value: None if value is None else inner.read(value),
        NoneType,
    )


def _array(inner: Shape) -> Shape:
    def write(value: object) -> object:
        if not isinstance(value, tuple):
            raise _refusal(value, "a tuple")
        return [inner.write(part) for part in value]

    def read(value: object) -> object:
        if not isinstance(value, list):
            raise _mismatch(value, "an array")
        return tuple(inner.read(part) for part in value)

    return Shape(write, read)


def _object(inner: Shape) -> Shape:
    def write(value: object) -> object:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise _refusal(value, "a mapping with text as keys")
        try:
            keys = sorted(value, key=lambda key: key.encode("utf-16-be"))  # the order of RFC 8785
        except UnicodeEncodeError as error:
            msg = "a key holds a lone surrogate"
            raise Unwritable(msg) from error
        return {key: inner.write(value[key]) for key in keys}

    def read(value: object) -> object:
        if not isinstance(value, dict):
            raise _mismatch(value, "an object")
        return {key: inner.read(part) for key, part in value.items()}

    return Shape(write, read)


def _refusal(value: object, expected: str) -> Unwritable:
    return Unwritable(f"{str(value)[:80]!r} ({type(value).__name__}) where {expected} belongs")


def _mismatch(value: object, expected: str) -> Unreadable:
    return Unreadable(f"{str(value)[:80]!r} ({type(value).__name__}) where {expected} belongs")

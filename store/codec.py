"""Events as bytes and back: canonical JSON, one shape per kind, derived from the dataclasses of `store.events`.

Out comes RFC 8785 JSON in UTF-8: sorted keys, no blanks, no floats, times as ISO 8601 in UTC with six digits and `Z`.
What could not come back the same is refused at write (`Unwritable`): floats, naive times, integers beyond 2^53, lone
surrogates, NUL, words that a Literal does not know. On reading, kinds of the past are upcast step by step; an unknown
kind is `UnknownKind`, bytes that do not fit their kind are `Unreadable`. Bytes that are written never change.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Literal, NamedTuple, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from store.events import About, Event
from store.ports import StoreError

Fields = dict[str, object]
Upcaster = tuple[str, Callable[[Fields], Fields]]
T = TypeVar("T")

UPCASTERS: Mapping[str, Upcaster] = {}
"""Old kind -> (the kind it becomes, what turns its fields into that kind's). Steps may follow one another."""

_BIGGEST = 2**53 - 1


class Unwritable(StoreError):
    """An event holds a value that canonical JSON cannot carry there and back."""


class Unreadable(StoreError):
    """Stored bytes are not what their kind says."""


class UnknownKind(StoreError):
    """The log holds a kind of event that this program does not know: it was written by a newer one."""


class _Shape(NamedTuple):
    """How a value of one type is written to plain JSON values and read from them.

    Values of exactly the type `same` are the same on both sides and need no call, which is most of them.
    """

    write: Callable[[object], object]
    read: Callable[[object], object]
    same: type | None = None


# --- the door --------------------------------------------------------------------------------------------------------


def encode(event: Event) -> tuple[str, bytes]:
    """The kind and the canonical bytes of an event; raises `Unwritable`."""
    return event.KIND, _dump(event)


def decode(kind: str, data: bytes, upcasters: Mapping[str, Upcaster] = UPCASTERS) -> Event:
    """The event that these bytes say; raises `UnknownKind` or `Unreadable`."""
    values: object = _load(data)
    while kind in upcasters and isinstance(values, dict):
        kind, step = upcasters[kind]
        values = step(values)
    if (event_class := KINDS.get(kind)) is None:
        msg = f"the log holds an event of kind {kind!r}, unknown to this version of feedwitness: use a newer one"
        raise UnknownKind(msg)
    return _read(event_class, values)


def stored_kinds(kinds: Collection[str], upcasters: Mapping[str, Upcaster] = UPCASTERS) -> frozenset[str]:
    """These kinds and every old kind that is read as one of them: what to ask the database for."""
    wanted = set(kinds)
    while more := {old for old, (new, _) in upcasters.items() if new in wanted} - wanted:
        wanted |= more
    return frozenset(wanted)


def about_to_text(about: About) -> str:
    """The canonical JSON that stands in the text store for an item's metadata."""
    return _dump(about).decode()


def about_from_text(text: str) -> About:
    """The metadata again; raises `Unreadable`."""
    return _read(About, _load(text))


KINDS: Mapping[str, type[Event]] = {event.KIND: event for event in get_args(Event)}
"""Every kind that this program writes, with its class."""


# --- JSON ------------------------------------------------------------------------------------------------------------

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _dump(value: object) -> bytes:
    text = _JSON.encode(_shape(type(value)).write(value))
    if "\\u0000" in text and "\0" in "".join(_strings(json.loads(text))):
        msg = f"{type(value).__name__} holds a NUL character; clean the text before it becomes an event"
        raise Unwritable(msg)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        msg = f"{type(value).__name__} holds a lone surrogate; clean the text before it becomes an event"
        raise Unwritable(msg) from error


def _load(data: bytes | str) -> object:
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        msg = f"an event's data are not JSON: {error}"
        raise Unreadable(msg) from error
    return value


def _read(cls: type[T], values: object) -> T:
    value = _shape(cls).read(values)
    if not isinstance(value, cls):
        msg = f"expected {cls.__name__}, found {type(value).__name__}"
        raise Unreadable(msg)
    return value


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in _strings(part)]
    return [value] if isinstance(value, str) else []


# --- shapes by type hint ---------------------------------------------------------------------------------------------


def _shape(hint: object) -> _Shape:
    if (known := _SHAPES.get(hint)) is None:
        known = _SHAPES[hint] = _derive(hint)
    return known


def _derive(hint: object) -> _Shape:
    """The shape of a type hint; TypeError for a hint that the vocabulary may not use."""
    if isinstance(hint, NewType):
        return _shape(hint.__supertype__)
    if isinstance(hint, type) and is_dataclass(hint):
        return _record(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return _words(frozenset(arguments))
    if origin in (Union, UnionType) and len(arguments) == 2 and NoneType in arguments:
        return _optional(_shape(next(a for a in arguments if a is not NoneType)))
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return _array(_shape(arguments[0]))
    if origin is Mapping and arguments[0] is str:
        return _object(_shape(arguments[1]))
    msg = f"events may not hold {hint!r}"
    raise TypeError(msg)


def _record(cls: type) -> _Shape:
    hints = get_type_hints(cls)
    names = sorted(field.name for field in fields(cls))
    members = [(name, *_shape(hints[name])) for name in names]

    def write(value: object) -> object:
        if type(value) is not cls:
            raise _refusal(value, cls.__name__)
        try:
            written = {}
            for name, write_member, _, same in members:
                part = getattr(value, name)
                written[name] = part if type(part) is same else write_member(part)
        except Unwritable as error:
            msg = f"{cls.__name__}: {error}"
            raise Unwritable(msg) from error
        return written

    def read(value: object) -> object:
        if not isinstance(value, dict) or len(value) != len(members):
            raise _mismatch(value, cls.__name__)
        try:
            values = {}
            for name, _, read_member, same in members:
                part = value[name]
                values[name] = part if type(part) is same else read_member(part)
        except KeyError as error:
            msg = f"{cls.__name__} has no {error}"
            raise Unreadable(msg) from error
        return cls(**values)

    return _Shape(write, read)


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


_SHAPES: dict[object, _Shape] = {
    str: _Shape(_write_text, _read_text, str),
    int: _Shape(_write_integer, _read_integer),
    bool: _Shape(_write_flag, _read_flag, bool),
    datetime: _Shape(_write_instant, _read_instant),
}


def _words(words: frozenset[object]) -> _Shape:
    expected = " | ".join(sorted(map(str, words)))

    def write(value: object) -> object:
        if not isinstance(value, str) or value not in words:
            raise _refusal(value, expected)
        return value

    def read(value: object) -> object:
        if not isinstance(value, str) or value not in words:
            raise _mismatch(value, expected)
        return value

    return _Shape(write, read)


def _optional(inner: _Shape) -> _Shape:
    return _Shape(
        lambda value: None if value is None else inner.write(value),
        lambda value: None if value is None else inner.read(value),
        NoneType,
    )


def _array(inner: _Shape) -> _Shape:
    def write(value: object) -> object:
        if not isinstance(value, tuple):
            raise _refusal(value, "a tuple")
        return [inner.write(part) for part in value]

    def read(value: object) -> object:
        if not isinstance(value, list):
            raise _mismatch(value, "an array")
        return tuple(inner.read(part) for part in value)

    return _Shape(write, read)


def _object(inner: _Shape) -> _Shape:
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

    return _Shape(write, read)


def _refusal(value: object, expected: str) -> Unwritable:
    return Unwritable(f"{str(value)[:80]!r} ({type(value).__name__}) where {expected} belongs")


def _mismatch(value: object, expected: str) -> Unreadable:
    return Unreadable(f"{str(value)[:80]!r} ({type(value).__name__}) where {expected} belongs")

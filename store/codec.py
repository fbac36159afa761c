"""Events as bytes and back: canonical JSON, one shape per kind, derived from the dataclasses of `store.events`.

Out comes RFC 8785 JSON in UTF-8: sorted keys, no blanks, no floats, times as ISO 8601 in UTC with six digits and `Z`.
What could not come back the same is refused at write (`Unwritable`): floats, naive times, integers beyond 2^53, lone
surrogates, NUL, words that a Literal does not know. On reading, kinds of the past are upcast step by step; an unknown
kind is `UnknownKind`, bytes that do not fit their kind are `Unreadable`. Bytes that are written never change.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar, get_args

from store.events import About, Event
from store.ports import StoreError
from store.shapes import Unreadable, Unwritable, shape_of

__all__ = [
    "KINDS",
    "UPCASTERS",
    "UnknownKind",
    "Unreadable",
    "Unwritable",
    "about_from_text",
    "about_to_text",
    "decode",
    "encode",
    "stored_kinds",
]

Fields = dict[str, object]
Upcaster = tuple[str, Callable[[Fields], Fields]]
T = TypeVar("T")

UPCASTERS: Mapping[str, Upcaster] = {"rule.defined/1": ("rule.defined/2", lambda old: old | {"stem": False})}
"""Old kind -> (the kind it becomes, what turns its fields into that kind's). Steps may follow one another."""


class UnknownKind(StoreError):
    """The log holds a kind of event that this program does not know: it was written by a newer one."""


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
    text = _JSON.encode(shape_of(type(value)).write(value))
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
        value: object = json.loads(data if isinstance(data, str) else data.decode())
    except (ValueError, RecursionError) as error:
        msg = f"an event's data are not JSON: {error}"
        raise Unreadable(msg) from error
    return value


def _read(cls: type[T], values: object) -> T:
    value = shape_of(cls).read(values)
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

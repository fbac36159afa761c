"""What of an item's change is noise: blocks of the site that come and go, and what never rests. Pure.

In comes one item's latest version and what it says now, out comes the edit beside all noise, if there is one; else the
whole change with the name of the noise that it is. Nothing is left out that was not found in both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from aggregator.deciding import template, unrest, volatile
from aggregator.deciding.edits import Edit, Face, compare
from aggregator.deciding.memory import FeedMemory
from aggregator.deciding.plan import Plan
from aggregator.deciding.restless import Restless, Volatile
from store.events import ItemId
from store.ports import KnownItem

Noise = Literal["", "template", "volatile"]
"""What a change is, where it is nothing but blocks of the site, or what never rests."""


Compare = Callable[[Face, Face], Edit | None]
"""The edit between two faces, None where nothing changed that counts."""
PartsOf = Callable[[str, str], frozenset[str]]
"""The blocks of the site that came or went as a whole between two texts."""


@dataclass(frozen=True, slots=True)
class Past:
    """What was remembered of something that may not rest, and when it was last recorded."""

    spots: tuple[Volatile, ...]
    restless: Restless | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What comparing one item gave, and what to remember of it. `waits`: it never rests; recorded not long ago."""

    edit: Edit | None
    spots: tuple[Volatile, ...]
    restless: Restless | None = None
    noise: Noise = ""
    waits: bool = False


def past_of(memory: FeedMemory, known: KnownItem) -> Past:
    """What its feed remembers of an item."""
    return Past(memory.volatile.get(known.id, ()), memory.restless.get(known.id), known.changed_at)


def look_past(old: Face, new: Face, past: Past, at: datetime, compared: Compare, parts_of: PartsOf) -> Found:
    """What leads from `old`, as last recorded, to `new`, beside all that is noise."""
    spots = volatile.counted(past.spots, new.text, at)
    edit = compared(*volatile.beside(old, new, spots))
    if edit is None:
        return Found(None, spots)
    rested = len(spots) < len(past.spots) and compared(*volatile.beside(old, new, past.spots)) is None
    stir = unrest.unrest(past.restless, *volatile.beside(old, new, spots), at)
    spots += stir.found
    left, right = volatile.beside(old, new, spots)
    beside = compared(left, right) if stir.found else edit
    noise: Noise = "volatile" if rested or beside is None or stir.usual else ""
    if stir.usual and stir.now and at - past.recorded_at < unrest.RECORDED_EVERY:
        return Found(edit, spots, stir.now, waits=True)
    if beside is not None and not noise:
        beside, noise = _beside_the_site(beside, left, right, compared, parts_of)
    return Found(beside or edit, volatile.moved(spots, new.text), stir.now, noise)


def at_rest(face: Face, past: Past, at: datetime) -> tuple[tuple[Volatile, ...], Restless | None]:
    """What to remember where it says what is recorded: it rests, or came back to that between two changes."""
    spots = volatile.counted(past.spots, face.text, at)
    again = unrest.back_again(past.restless, volatile.beside(face, face, spots)[1]) if past.restless else None
    return spots, again


def _beside_the_site(edit: Edit, old: Face, new: Face, compared: Compare, parts_of: PartsOf) -> tuple[Edit, Noise]:
    """The edit without blocks of the site that came or went as a whole; as it is, if there is nothing else."""
    if "text" not in edit.fields or edit.kind not in ("wording", "title"):
        return edit, ""
    parts = parts_of(old.text, new.text)
    if not parts:
        return edit, ""
    rest = compared(*(replace(face, text=template.without(face.text, parts), markup="") for face in (old, new)))
    return (replace(rest, fields=edit.fields), "") if rest else (edit, "template")


class Comparer:
    """Compares items of one document, beside the blocks of the site and what never rests. `faces`: as last recorded."""

    def __init__(self, plan: Plan, boilerplate: frozenset[str], faces: Mapping[ItemId, Face]) -> None:
        self._look = plan.look
        self._matches = plan.matches
        self._boilerplate = boilerplate
        self._faces = faces
        self._elsewhere: Mapping[str, int] | None = None

    def compare(self, known: KnownItem, old: Face, new: Face) -> Found:
        """What leads from `old`, the latest version of the item, to `new`, what it says now."""
        past = past_of(self._look.memory, known)
        return look_past(old, new, past, self._look.at, self._edit, self._parts_of)

    def _edit(self, old: Face, new: Face) -> Edit | None:
        edit = compare(old, new, self._boilerplate)
        return None if edit is None or edit.kind == "dates" else edit

    def _parts_of(self, old: str, new: str) -> frozenset[str]:
        return template.parts_of_the_site(old, new, self._standing(), len(self._matches))

    def _standing(self) -> Mapping[str, int]:
        if self._elsewhere is None:
            recorded = ((match.known, match.seen.text) for match in self._matches if match.known)
            self._elsewhere = template.standing(
                (self._faces[known.id].text if known.id in self._faces else text, text) for known, text in recorded
            )
        return self._elsewhere

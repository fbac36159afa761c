"""What the order of a feed's entries proves: holes, roll-off, and where a new entry was put in. Pure.

Absence proves nothing by itself: entries roll off the end of the window. An entry is missing from the *middle* only
if one below it, in the same section and older by its claimed date, is still listed. Real windows hold sections (dated
entries, then pinned lists; two sources behind one another) and strays (an old entry put back after an update, a pinned
one); neither is evidence. Where dates have no time, equal days say nothing about order. See docs/change-detection.md.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from aggregator.deciding.memory import Growth, Listed
from aggregator.deciding.normalise import ObservedItem
from store.events import ItemId

Order = Literal["falling", "rising", "mixed"]
"""Newest first (also for undated lists), oldest first, or neither."""

_CLEAR = (
    0.65  # share of neighbours in order that makes a document ordered: 15 % of real feeds are a little out of order
)
_RISE = 0.1  # a step towards newer that is over a tenth of all the time covered begins another section
_DETACHED_AFTER = 5  # entries of a section before a gap below them can cut off a tail
_DETACHED_GAP = 7 * 86_400  # seconds; and more than twice the time that the section covers so far
_REORDERED = 0.1  # share of undated survivors that changed places: then position says nothing

Row = tuple[ItemId, int | None]


@dataclass(frozen=True, slots=True)
class Hole:
    """An item missing from the middle; `older` are listed items that should have left before it, nearest first."""

    item: ItemId
    older: tuple[ItemId, ...]


@dataclass(frozen=True, slots=True)
class Gaps:
    """What the missing entries of one document mean. `strays`: survivors that outlived what rolled off above them.
    `from_the_top`: the holes are exactly the newest entries.
    """

    holes: tuple[Hole, ...] = ()
    strays: frozenset[ItemId] = frozenset()
    from_the_top: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new entry stands. `backdated`: put in between known ones. `surfaced`: below the oldest known one."""

    backdated: bool = False
    surfaced: bool = False


def claimed_dates(observed: Sequence[ObservedItem]) -> list[int | None]:
    """A claimed date for each entry, in seconds since 1970: of published and updated, the one that orders the document
    better.
    """
    by_published = [_seconds(entry, first="published") for entry in observed]
    by_updated = [_seconds(entry, first="updated") for entry in observed]
    return by_updated if _disorder(by_updated) < _disorder(by_published) else by_published


def order_of(dates: Sequence[int | None]) -> Order:
    """Which way the document runs."""
    falls, rises = _steps(dates)
    if not falls + rises or falls >= _CLEAR * (falls + rises):
        return "falling"
    return "rising" if rises >= _CLEAR * (falls + rises) else "mixed"


def find_gaps(previous: Sequence[Listed], present: Sequence[ItemId], entered: int, grows: Growth = "") -> Gaps:
    """What is missing from the previous window, and what that proves. `present`: all items now listed, in document
    order; `entered`: how many of them were not in the previous window; `grows`: where news comes in, for lists whose
    dates do not tell.
    """
    listed = set(present)
    if len({entry.date for entry in previous}) == 1:
        previous = [Listed(entry.item, None, entry.stray) for entry in previous]  # one date for all is none
    dated = sum(entry.date is not None for entry in previous) * 2 > len(previous)
    order: Order = order_of([entry.date for entry in previous]) if dated or grows != "end" else "rising"
    if order == "mixed" or _reordered(previous, present):
        return Gaps()
    rows = list(previous) if order == "falling" else list(reversed(previous))
    sections = sections_of([entry.date for entry in rows])
    missing = [index for index, entry in enumerate(rows) if entry.item not in listed]
    holes = []
    for index in missing:
        older = () if rows[index].stray else _older_survivors(rows, sections, index, listed, len(missing) + 1)
        if older:
            holes.append(Hole(rows[index].item, older))
    evidence = frozenset(item for hole in holes for item in hole.older)
    refilled = entered >= len(missing)
    if refilled and len(evidence) <= len(holes):
        # As many came as went, and those that "should" have left first are no more than those that left: the plainer
        # reading is that the window rolled past a few pinned or updated entries.
        return Gaps((), evidence)
    return Gaps(tuple(holes), from_the_top=missing[: len(holes)] == list(range(len(holes))))


def rolling(window: Sequence[Listed]) -> frozenset[ItemId]:
    """The entries that newer ones push out: the newest section where it is most of the window, else all; no strays."""
    rows = list(reversed(window)) if order_of([entry.date for entry in window]) == "rising" else list(window)
    sections = sections_of([entry.date for entry in rows])
    newest = [entry for entry, section in zip(rows, sections, strict=True) if section == 0]
    return frozenset(entry.item for entry in (newest if 2 * len(newest) > len(rows) else rows) if not entry.stray)


def place_new(rows: Sequence[Row], known: Collection[ItemId], *, looked_at: int, grows: Growth) -> dict[ItemId, Place]:
    """Where each entry that is not `known` was put in. `looked_at`: the last good poll, in seconds since 1970: what
    claims a later date is not backdated. `grows`: where this feed adds its news; if above, then the end of the list is
    the past, even without dates to say so.
    """
    order = order_of([date for _, date in rows])
    turned = list(reversed(rows)) if order == "rising" else list(rows)
    sections = sections_of([date for _, date in turned])
    last_known = max((i for i, (item, _) in enumerate(turned) if item in known), default=-1)
    last_in_section = {sections[i]: i for i, (item, _) in enumerate(turned) if item in known}
    oldest = min((date for item, date in turned if item in known and date is not None), default=None)
    oldest_here: dict[int, int] = {}
    newest_above: int | None = None
    known_above = False
    places = {}
    for index, (item, date) in enumerate(turned):
        section = sections[index]
        if item in known:
            known_above = True
            if date is not None:
                oldest_here[section] = min(date, oldest_here.get(section, date))
                newest_above = date if newest_above is None else max(newest_above, date)
        elif date is None:
            places[item] = Place(surfaced=known_above and index > last_known and grows == "top" and order != "mixed")
        else:
            limit = oldest_here.get(section, oldest)
            at_the_end = order == "mixed" or index > last_in_section.get(section, -1)
            older = limit is not None and (date < limit or (date == limit and grows == "top"))
            surfaced = older and at_the_end and known_above
            older_than_above = newest_above is not None and date < newest_above
            backdated = older_than_above and date < looked_at and index < last_known and not surfaced
            places[item] = Place(backdated, surfaced)
    return places


def growth(rows: Sequence[Row], known: Collection[ItemId], before: Growth) -> Growth:
    """Where the feed adds its news, as known `before` and as this document shows."""
    if not known or not rows:
        return before
    if rows[0][0] not in known:
        return "top"
    return "end" if rows[-1][0] not in known and before != "top" else before


def sections_of(dates: Sequence[int | None]) -> list[int]:
    """A section number for each row of a falling list: a clear step towards newer begins another one, and so does a
    tail that lies far apart from all above it. Undated rows belong to the section that they stand in.
    """
    dated = [date for date in dates if date is not None]
    rise = _RISE * (max(dated) - min(dated)) if dated else 0
    numbers, number, top, last, count = [], 0, None, None, 0
    for date in dates:
        if date is not None:
            if top is not None and last is not None:
                gap = last - date
                detached = count >= _DETACHED_AFTER and gap > max(2 * (top - last), _DETACHED_GAP)
                if -gap > rise or detached:
                    number, top, count = number + 1, date, 0
            top = date if top is None else max(top, date)
            last = date
            count += 1
        numbers.append(number)
    return numbers


def _older_survivors(
    rows: Sequence[Listed], sections: Sequence[int], index: int, listed: Collection[ItemId], most: int
) -> tuple[ItemId, ...]:
    """Up to `most` listed items of the same section that stand below and are older, nearest first."""
    date = rows[index].date
    found: list[ItemId] = []
    for place in range(index + 1, len(rows)):
        entry = rows[place]
        if sections[place] != sections[index] or len(found) == most:
            break
        older = date is None or (entry.date is not None and entry.date < date)
        if older and not entry.stray and entry.item in listed:
            found.append(entry.item)
    return tuple(found)


def _reordered(previous: Sequence[Listed], present: Sequence[ItemId]) -> bool:
    """Without dates only the order speaks: not if the survivors changed places among themselves."""
    if sum(entry.date is not None for entry in previous) * 2 > len(previous):
        return False
    places = {item: place for place, item in enumerate(present)}
    now = [places[entry.item] for entry in previous if entry.item in places]
    swaps = sum(after < before for before, after in pairwise(now))
    return swaps > _REORDERED * len(now)


def _steps(dates: Sequence[int | None]) -> tuple[int, int]:
    dated = [date for date in dates if date is not None]
    pairs = list(pairwise(dated))
    return sum(after < before for before, after in pairs), sum(after > before for before, after in pairs)


def _disorder(dates: Sequence[int | None]) -> int:
    """Steps against the main direction, and rows without a date."""
    return min(_steps(dates)) + sum(date is None for date in dates)


def _seconds(entry: ObservedItem, *, first: Literal["published", "updated"]) -> int | None:
    chosen = entry.published_at if first == "published" else entry.updated_at
    at = chosen or entry.published_at or entry.updated_at
    return None if at is None else int(at.timestamp())

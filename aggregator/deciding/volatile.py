"""Blocks of one item that change with every document while the rest rests: found, looked past, counted. Pure.

A counter, "updated 3 minutes ago", a box of related posts: nobody edits them. Where the same spot was altered in
`VOLATILE_AFTER` documents in a row, it is looked past until it rests, on both sides of each comparison of that item;
all else in the item is compared as before. A spot is told by its neighbours and, if only its figures move, by its
words. Where more than the spot differs (other words where only figures moved), nothing is looked past.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from aggregator.deciding.edits import Face, block_key
from aggregator.deciding.restless import Spot, Volatile
from aggregator.deciding.template import MOST_BLOCKS, steps

VOLATILE_AFTER = 5
RESTS_AFTER = timedelta(hours=24)
"""What did not change for so long is volatile no more."""
FIRST, LAST = "^", "$"
Streaks = Mapping[Spot, int]


def streaks_of(before: Streaks, old: str, new: str) -> dict[Spot, int]:
    """For each spot altered between two texts, in how many documents in a row it was. `before`: the streaks so far.

    A text without a block that rests has no spots.
    """
    by_place = {(spot.before, spot.after, spot.size): spot for spot in before}
    by_words = {spot.shape: spot for spot in before if spot.shape}
    found = {}
    for spot in _altered(old.split("\n"), new.split("\n")):
        same = by_place.get((spot.before, spot.after, spot.size)) or by_words.get(spot.shape)
        shape = spot.shape if same is None or same.shape == spot.shape else ""
        found[replace(spot, shape=shape)] = 1 + (before[same] if same else 0)
    return found


def beside(old: Face, new: Face, spots: Sequence[Volatile]) -> tuple[Face, Face]:
    """Both faces without the volatile spots that are found in both of them."""
    before, after = old.text.split("\n"), new.text.split("\n")
    gone: set[int] = set()
    come: set[int] = set()
    for each in spots:
        there, here = _locate(before, each.spot), _locate(after, each.spot)
        if there and here:
            gone |= set(there)
            come |= set(here)
    if not gone:
        return old, new
    return (
        replace(old, text=_without(before, gone)),
        # links in the spot are part of the markup: where nothing else differs, neither does the markup
        replace(new, text=_without(after, come), markup=old.markup if old.text != new.text else new.markup),
    )


def counted(spots: Iterable[Volatile], text: str, at: datetime) -> tuple[Volatile, ...]:
    """The spots as this text shows them: one change more for each that says something else than last time; without
    those that have rested long enough.
    """
    blocks = text.split("\n")
    kept = []
    for each in spots:
        place = _locate(blocks, each.spot)
        said = _said(blocks, place) if place else each.said
        if said != each.said:
            kept.append(replace(each, said=said, changes=each.changes + 1, changed_at=at))
        elif at - each.changed_at < RESTS_AFTER:
            kept.append(each)
    return tuple(kept)


def found(spots: Iterable[Spot], text: str, at: datetime) -> tuple[Volatile, ...]:
    """Spots that are volatile from now on."""
    blocks = text.split("\n")
    places = [(spot, _locate(blocks, spot)) for spot in spots]
    return tuple(Volatile(spot, at, VOLATILE_AFTER, _said(blocks, place), at) for spot, place in places if place)


def moved(spots: Iterable[Volatile], text: str) -> tuple[Volatile, ...]:
    """The spots with the neighbours that they have in the text now recorded; without those that are gone from it."""
    blocks = text.split("\n")
    places = [(each, _locate(blocks, each.spot)) for each in spots]
    return tuple(
        replace(each, spot=replace(each.spot, before=_key(blocks, place.start - 1), after=_key(blocks, place.stop)))
        for each, place in places
        if place
    )


def _altered(before: Sequence[str], after: Sequence[str]) -> list[Spot]:
    if max(len(before), len(after)) > MOST_BLOCKS:
        return []
    path = steps(before, after)
    if not any(step.equal and step.a1 > step.a0 for step in path):
        return []
    return [
        spot
        for equal, a0, a1, b0, b1 in path
        if not equal
        for spot in (*_counters(before[a0:a1], after, b0, b1), *_runs(before[a0:a1], after, b0, b1))
    ]


def _counters(gone: Sequence[str], after: Sequence[str], start: int, stop: int) -> Iterator[Spot]:
    """Blocks of a stretch that differs in which only figures moved, whatever else was altered beside them."""
    shapes = Counter(block_key(block) for block in gone)
    for at in range(start, stop):
        shape = block_key(after[at])
        if shapes[shape]:
            shapes[shape] -= 1
            yield Spot(_key(after, at - 1), _key(after, at + 1), 1, shape)


def _runs(gone: Sequence[str], after: Sequence[str], start: int, stop: int) -> Iterator[Spot]:
    """Runs of blocks whose words were altered in place; none where their number changed."""
    if len(gone) != stop - start:
        return
    first = start
    for at in range(start, stop + 1):
        if at == stop or block_key(gone[at - start]) == block_key(after[at]):
            if first < at:
                yield Spot(_key(after, first - 1), _key(after, at), at - first, "")
            first = at + 1


def _locate(blocks: Sequence[str], spot: Spot) -> range | None:
    """Where the spot is: between both neighbours, else where its words are, or, without any, beside one neighbour."""
    if len(blocks) > MOST_BLOCKS:
        return None
    keys = [FIRST, *map(block_key, blocks), LAST]
    places = [range(i, i + spot.size) for i in range(len(blocks) - spot.size + 1)]
    fits = [each for each in places if not spot.shape or _shape(blocks[each.start : each.stop]) == spot.shape]
    follow = [each for each in fits if keys[each.start] == spot.before]
    both = [each for each in follow if keys[each.stop + 1] == spot.after]
    others = fits if spot.shape else [*follow, *(each for each in fits if keys[each.stop + 1] == spot.after)]
    return next(iter([*both, *others]), None)


def _key(blocks: Sequence[str], at: int) -> str:
    return FIRST if at < 0 else LAST if at >= len(blocks) else block_key(blocks[at])


def _shape(blocks: Sequence[str]) -> str:
    return block_key("\n".join(blocks))


def _said(blocks: Sequence[str], place: range) -> str:
    """A print of what the spot says, figures included."""
    whole = "\n".join(blocks[place.start : place.stop])
    return sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _without(blocks: Sequence[str], places: Iterable[int]) -> str:
    left_out = frozenset(places)
    return "\n".join(block for number, block in enumerate(blocks) if number not in left_out)

"""Items that change with every document: how long they have, which spots of theirs, and what stood still. Pure.

Comes before the judgement of a change (`revise`): in come two faces of an item and what was remembered of it, out comes
what to remember, and whether the change is only more of the same. Spots of a text are `volatile`'s; what changes too
much for that (titles, whole texts, lists that grow and shrink) is recorded once a day, and when it rests. What stood
still all the while is never part of it: where that changes, it is an edit.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from aggregator.deciding import volatile
from aggregator.deciding.edits import Face
from aggregator.deciding.restless import Restless, Volatile

RESTLESS_AFTER = 8  # documents in a row that showed the item changed
RECORDED_EVERY = timedelta(hours=24)
MOST_STEADY = 1_000
"""Blocks of a text beyond which we do not remember what stood still."""


@dataclass(frozen=True, slots=True)
class Unrest:
    """`now`: to be remembered, None if the item says what it said last time. `found`: spots volatile from now on.

    `usual`: nothing changed but what did in each of more than `RESTLESS_AFTER` documents in a row.
    """

    now: Restless | None
    found: tuple[Volatile, ...]
    usual: bool


def unrest(before: Restless | None, old: Face, new: Face, at: datetime) -> Unrest:
    """One more document in a row that shows the item changed from `old`, its latest version, to `new`."""
    said, parts = _said(new), _parts(new)
    steady = parts & (frozenset(before.steady) if before else _parts(old))
    usual = (
        before is not None
        and before.streak >= RESTLESS_AFTER
        and not _grows(old, new)
        and steady == frozenset(before.steady)
    )
    if before is not None and before.said == said:
        return Unrest(None, (), usual)
    streaks = volatile.streaks_of(dict(before.spots) if before else {}, old.text, new.text)
    found = [spot for spot, times in streaks.items() if times >= volatile.VOLATILE_AFTER]
    now = Restless(
        streak=before.streak + 1 if before else 1,
        since=before.since if before else at,
        said=said,
        spots=tuple((spot, times) for spot, times in streaks.items() if spot not in found),
        steady=tuple(sorted(steady)),
    )
    return Unrest(now, volatile.found(found, new.text, at), usual)


def back_again(before: Restless, face: Face) -> Restless | None:
    """An item that did not rest and says again what is recorded: one more change in a row, None if it did rest."""
    said = _said(face)
    return None if before.said == said else replace(before, streak=before.streak + 1, said=said, spots=())


def _grows(old: Face, new: Face) -> bool:
    """A live item that only adds to its text is news each time."""
    return old.text != new.text and old.text in new.text


def _said(face: Face) -> str:
    return _digest("\0".join((face.title, face.text, repr(face.about), face.markup)), 12)


def _parts(face: Face) -> frozenset[str]:
    """Prints of the title, of author, categories and link, and of each block of the text; none of very long texts."""
    if face.text.count("\n") >= MOST_STEADY:
        return frozenset()
    parts = (f"title {face.title}", f"about {face.about!r}", *(f"text {block}" for block in face.text.split("\n")))
    return frozenset(_digest(part, 8) for part in parts)


def _digest(text: str, digits: int) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]

"""What is remembered of things that do not rest, as JSON: of items, of their pages, and of single spots in their texts.

Values and their rows. A row that an older program wrote, without spots, is read too.
"""

from dataclasses import dataclass
from datetime import datetime

from aggregator.deciding.stored import instant_of, int_of, list_of, micros_of, str_of


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a text, by fingerprints: of the blocks before and behind it, and how many blocks it has. `shape`: of
    its own words, if only figures move in it; else "".
    """

    before: str
    after: str
    size: int
    shape: str


@dataclass(frozen=True, slots=True)
class Volatile:
    """A spot that changes with every document, and is looked past since `since`. `changes`: so often; `said`: a short
    digest of what it says; `changed_at`: when it last changed.
    """

    spot: Spot
    since: datetime
    changes: int
    said: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Restless:
    """How many documents in a row showed this item changed, since when, and what it said last (a short digest).

    `spots`: the places that were altered, and in how many documents in a row; `steady`: short digests of what stood in
    all of them.
    """

    streak: int
    since: datetime
    said: str
    spots: tuple[tuple[Spot, int], ...] = ()
    steady: tuple[str, ...] = ()


def restless_row(restless: Restless) -> list[object]:
    """What does not rest, as JSON."""
    row: list[object] = [restless.streak, micros_of(restless.since), restless.said]
    if restless.spots or restless.steady:
        row += [[[*_spot_row(spot), times] for spot, times in restless.spots], list(restless.steady)]
    return row


def restless_of(row: list[object]) -> Restless:
    """Read what `restless_row` wrote; TypeError or ValueError if it is something else."""
    streak, since, said, *more = row
    spots, steady = (list_of(each) for each in more) if more else ([], [])
    return Restless(
        int_of(streak),
        instant_of(since),
        str_of(said),
        tuple((_spot_of(list_of(each)[:-1]), int_of(list_of(each)[-1])) for each in spots),
        tuple(str_of(each) for each in steady),
    )


def volatile_row(each: Volatile) -> list[object]:
    """A volatile spot as JSON."""
    return [*_spot_row(each.spot), micros_of(each.since), each.changes, each.said, micros_of(each.changed_at)]


def volatile_of(row: list[object]) -> Volatile:
    """Read what `volatile_row` wrote; TypeError or ValueError if it is something else."""
    *spot, since, changes, said, changed_at = row
    return Volatile(_spot_of(spot), instant_of(since), int_of(changes), str_of(said), instant_of(changed_at))


def _spot_row(spot: Spot) -> list[object]:
    return [spot.before, spot.after, spot.size, spot.shape]


def _spot_of(row: list[object]) -> Spot:
    before, after, size, shape = row
    return Spot(str_of(before), str_of(after), int_of(size), str_of(shape))

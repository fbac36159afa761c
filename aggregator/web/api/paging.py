"""Pages of lists: filled from short looks into the store, for a bounded time, and told with the cursor of the next.

A page ends when it is full, when the list ends, or when `SECONDS` are over: what is rare in a large store comes in
several pages, some of them empty, each of which costs little. No look keeps its snapshot of the store.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from fastapi import Response

from aggregator.shown.form import compact

SECONDS = 1.0

T = TypeVar("T")
P = TypeVar("P")


def filled(
    look: Callable[[P | None, int], tuple[Sequence[T], P | None]],
    start: P | None,
    limit: int,
    clock: Callable[[], float],
) -> tuple[list[T], P | None]:
    """Rows from `start` on (None: the beginning), at most `limit`, and the place to go on from; None at the end.

    `look` gives at most so many rows from a place on, and how far it came. `clock` counts seconds.
    """
    until = clock() + SECONDS
    rows: list[T] = []
    place = start
    while True:
        found, came_to = look(place, limit - len(rows))
        rows += found
        if came_to is None or len(rows) >= limit or clock() >= until:
            return rows, came_to
        place = came_to


def document(value: object, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as the command line writes it. Made here, in a thread, and not in the event loop."""
    return Response(compact(value), media_type="application/json", headers=headers)

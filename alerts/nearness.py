"""Words near each other: from the places of single words to the stretches of text in which all of them stand. Pure.

Places are (number of the word, start, end) in the haystack's line. Two words are 1 apart when nothing stands between
them.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from alerts.haystack import Haystack, Place

Places = Iterable[tuple[int, int, int]]


class _Standing(NamedTuple):
    """Where a word stands: the number of its last word in the text, start, end."""

    last: int
    start: int
    end: int


_Latest = dict[int, _Standing]


def stretches(places: Places, wanted: Collection[int], distance: int, haystack: Haystack) -> list[Place]:
    """The stretches, from the first of the words to the last, that do not overlap, in order; `wanted` are the numbers
    that must all be there."""
    found: list[Place] = []
    for apart, latest in _together(places, wanted, haystack):
        if apart <= distance:
            found.append(_around(latest))
            latest.clear()
    return found


def narrowest(places: Places, wanted: Collection[int], haystack: Haystack) -> tuple[int, Place]:
    """How far apart the words stand where they are nearest to each other, and that stretch; each must stand there."""
    return min((apart, _around(latest)) for apart, latest in _together(places, wanted, haystack))


def _together(places: Places, wanted: Collection[int], haystack: Haystack) -> Iterator[tuple[int, _Latest]]:
    """For each place at which all of the words were seen: how far they are apart, and where each was seen last. Who
    empties that begins anew."""
    line = haystack.line
    latest: _Latest = {}
    for number, start, end in sorted(places, key=lambda place: place[1:]):
        first, last = start + (line[start] == " "), end - (line[end - 1] == " ")
        latest[number] = _Standing(haystack.word_number(last - 1), first, last)
        if len(latest) == len(wanted):
            yield haystack.word_number(first) - min(one.last for one in latest.values()), latest


def _around(latest: _Latest) -> Place:
    return min(one.start for one in latest.values()), max(one.end for one in latest.values())

"""Words near each other: from the places of single words to the stretches of text in which all of them stand. Pure."""

from collections.abc import Collection, Iterable

from alerts.haystack import Haystack, Place


def stretches(
    places: Iterable[tuple[int, int, int]], wanted: Collection[int], distance: int, haystack: Haystack
) -> list[Place]:
    """The stretches, from the first of the words to the last, that do not overlap, in order.

    `places` are (number of the word, start, end) in the haystack's line; `wanted` the numbers that must all be there.
    Two words are within a distance of 1 when nothing stands between them.
    """
    line = haystack.line
    found: list[Place] = []
    latest: dict[int, tuple[int, int, int]] = {}  # by word: the number of its last word in the text, start, end
    for number, start, end in sorted(places, key=lambda place: place[1:]):
        inner_start, inner_end = start + (line[start] == " "), end - (line[end - 1] == " ")
        latest[number] = (haystack.word_number(inner_end - 1), inner_start, inner_end)
        if len(latest) < len(wanted):
            continue
        earliest_last = min(last for last, _, _ in latest.values())
        if haystack.word_number(inner_start) - earliest_last <= distance:
            found.append((min(first for _, first, _ in latest.values()), max(last for _, _, last in latest.values())))
            latest.clear()
    return found

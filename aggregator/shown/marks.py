"""Words of a text marked where terms stand in it: as stretches that a terminal can colour, or with signs around them.

In: a text, and places in it (code points). Out: its pieces, each with whether it is marked. Pure; overlapping places
are one mark.
"""

from collections.abc import Iterable, Iterator, Sequence

from alerts.facts import Face
from alerts.payload import places
from alerts.plain import one_line
from store.events import Hit

Piece = tuple[str, bool]
"""A stretch of text, and whether it is marked."""
OPEN, CLOSE = "[[", "]]"
AROUND = 60
MAX_TITLE = 300


def pieces(text: str, marked: Iterable[tuple[int, int]]) -> Iterator[Piece]:
    """The whole text, piece by piece; what is marked beyond its end is not there."""
    done = 0
    for start, end in _joined((start, min(end, len(text))) for start, end in marked if start < len(text)):
        if start > done:
            yield text[done:start], False
        yield text[start:end], True
        done = end
    if done < len(text):
        yield text[done:], False


def title(face: Face, hits: Sequence[Hit]) -> tuple[Piece, ...]:
    """The title on one line; a very long one is cut."""
    cut = [*in_one_line(face.title[:MAX_TITLE], places(hits, "title"))]
    return (*cut, *([("…", False)] if len(face.title) > MAX_TITLE else []))


def snippet(face: Face, hits: Sequence[Hit]) -> tuple[Piece, ...]:
    """The first match in the text, on one line with some words on either side; all that stands there is marked. Empty
    where nothing stands in the text."""
    there = places(hits, "text")
    if not there:
        return ()
    text, (first, last) = face.text, there[0]
    start = _word_start(text, max(first - AROUND, 0), first)
    end = _word_end(text, min(last + AROUND, len(text)), last)
    inside = [(one - start, other - start) for one, other in there if start <= one < end]
    cut = in_one_line(text[start:end], inside)
    return (*([("…", False)] if start else []), *cut, *([("…", False)] if end < len(text) else []))


def in_one_line(text: str, marked: Iterable[tuple[int, int]]) -> Iterator[Piece]:
    """The pieces of a text on one line."""
    return ((_line(piece), is_marked) for piece, is_marked in pieces(text, marked))


def signed(marked: Iterable[Piece]) -> str:
    """The text with signs around what is marked, for where there are no colours."""
    return "".join(f"{OPEN}{piece}{CLOSE}" if is_marked else piece for piece, is_marked in marked)


def _joined(places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The places in order, those that touch or overlap as one."""
    current: tuple[int, int] | None = None
    for start, end in sorted(places):
        if current is not None and start <= current[1]:
            current = (current[0], max(current[1], end))
            continue
        if current is not None:
            yield current
        current = (start, end)
    if current is not None:
        yield current


def _word_start(text: str, cut: int, hit: int) -> int:
    blank = text.find(" ", cut, hit) if cut else -1
    return blank + 1 if blank >= 0 else cut


def _word_end(text: str, cut: int, hit: int) -> int:
    blank = text.rfind(" ", hit, cut) if cut < len(text) else -1
    return blank if blank >= 0 else cut


def _line(piece: str) -> str:
    """The piece on one line, with the blanks at its ends that part it from its neighbours."""
    before, after = " " * piece[:1].isspace(), " " * piece[-1:].isspace()
    return before + one_line(piece) + after if piece.strip() else " "

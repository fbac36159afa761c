"""Words of a text marked where terms stand in it: as stretches that a terminal can colour, or with signs around them.

In: a text, and places in it (code points). Out: its pieces, each with whether it is marked. Pure; overlapping places
are one mark.
"""

from collections.abc import Iterable, Iterator, Sequence

from alerts.facts import Face
from alerts.plain import one_line
from store.events import Hit

Piece = tuple[str, bool]
"""A stretch of text, and whether it is marked."""
OPEN, CLOSE = "[[", "]]"
AROUND = 60


def pieces(text: str, places: Iterable[tuple[int, int]]) -> Iterator[Piece]:
    """The whole text, piece by piece."""
    done = 0
    for start, end in _joined(places):
        if start > done:
            yield text[done:start], False
        yield text[start:end], True
        done = end
    if done < len(text):
        yield text[done:], False


def snippet(face: Face, hits: Sequence[Hit]) -> tuple[Piece, ...]:
    """The first match in the text, else in the title, on one line with some words on either side; all that stands there
    is marked. Empty where nothing stands in either."""
    hit = next((hit for hit in hits if hit.field == "text"), next((hit for hit in hits if hit.field == "title"), None))
    if hit is None:
        return ()
    text = face.text_of(hit.field)
    start = _word_start(text, max(hit.start - AROUND, 0), hit.start)
    end = _word_end(text, min(hit.end + AROUND, len(text)), hit.end)
    there = [one for one in hits if one.field == hit.field and start <= one.start < end]
    places = [(one.start - start, one.end - start) for one in there]
    cut = [(_line(piece), marked) for piece, marked in pieces(text[start:end], places)]
    return (*([("…", False)] if start else []), *cut, *([("…", False)] if end < len(text) else []))


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

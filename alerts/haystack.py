"""An item laid out for one search: its texts folded and put behind each other in one line.

In: a `Face`, which of its parts are looked into, and for an edit what it removed and added. Out: a `Haystack`, whose
`line` is searched once for everything, and which leads from places in it back to code points of the item's own texts.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from alerts.facts import CATEGORY_SEPARATOR, Face
from alerts.revision import Revision
from alerts.terms import RUN_SCRIPTS, Page
from alerts.tree import TextField

Part = Literal["title", "text", "author", "category", "link", "removed", "added"]
FIELDS: tuple[Part, ...] = ("title", "text", "author", "category", "link", "removed", "added")

Place = tuple[int, int]
"""Start and end in a haystack's line."""
Source = tuple[TextField, int, int]
"""A field of the item, and code points of its text."""

EDGE = "\x00"
"""Stands between two texts: no word holds it, so no phrase reaches across."""
_FAR_APART = 1000
_WORD_STARTS = re.compile(f"(?<= )[^ {RUN_SCRIPTS}]|[{RUN_SCRIPTS}]")


@dataclass(frozen=True, slots=True)
class Section:
    """A text inside the haystack: the part it belongs to, where it begins and ends there, and where in which field it
    stands; `told` None for what stands in none, because it was removed."""

    field: int
    page: Page
    begin: int
    end: int
    told: TextField | None
    shift: int


class Haystack:
    """An item folded and laid out for one search."""

    __slots__ = ("__dict__", "line", "sections")

    def __init__(
        self, face: Face, parts: Collection[Part] = ("title", "text"), revision: Revision | None = None
    ) -> None:
        self.sections: list[Section] = []
        lines: list[str] = []
        begin = 0
        for field, told, shift, text in _texts(face, parts, revision):
            page = Page(text)
            end = begin + len(page.line)
            self.sections.append(Section(field, page, begin, end, told, shift))
            lines.append(page.line)
            begin = end + 1
        self.line = EDGE.join(lines)

    def source(self, start: int, end: int) -> Source | None:
        """The field and code points of its text for a place in the line; None for what was removed."""
        section = self.section(start)
        if section.told is None:
            return None
        first, last = section.page.source(start - section.begin, end - section.begin)
        return section.told, first + section.shift, last + section.shift

    def whole_words(self, start: int, end: int) -> Place:
        """The place widened to the words it touches."""
        section = self.section(start)
        first, last = section.page.whole_words(start - section.begin, end - section.begin)
        return first + section.begin, last + section.begin

    def section(self, place: int) -> Section:
        """The section that holds this place."""
        return self.sections[bisect_right(self._begins, place) - 1]

    def word_number(self, place: int) -> int:
        """Which word stands at a place, counted from the start; texts are far apart. In scripts without spaces each
        letter counts as a word."""
        number = bisect_right(self._begins, place)
        return number * _FAR_APART + bisect_right(self._word_starts, place)

    @cached_property
    def _begins(self) -> list[int]:
        return [section.begin for section in self.sections]

    @cached_property
    def _word_starts(self) -> list[int]:
        return [word.start() for word in _WORD_STARTS.finditer(self.line)]


class _Text(NamedTuple):
    field: int
    told: TextField | None
    shift: int
    text: str


def _texts(face: Face, parts: Collection[Part], revision: Revision | None) -> Iterator[_Text]:
    """The texts in the order of `FIELDS`; `shift` is how far into the field's own text this one begins."""
    yield _Text(0, "title", 0, face.title)
    yield _Text(1, "text", 0, face.text)
    if face.lead and face.lead not in face.text:
        yield _Text(1, "lead", 0, face.lead)
    if "author" in parts:
        yield _Text(2, "author", 0, face.author)
    if "category" in parts:
        shift = 0
        for category in face.categories:
            yield _Text(3, "category", shift, category)
            shift += len(category) + len(CATEGORY_SEPARATOR)
    if "link" in parts:
        yield _Text(4, "link", 0, face.link)
    if revision and "removed" in parts:
        yield from (_Text(5, None, 0, text) for text in revision.removed)
    if revision and "added" in parts:
        yield from (_Text(6, field, start, text) for field, start, text in revision.added)

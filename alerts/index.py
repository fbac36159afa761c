"""One search for everything: an automaton over the literals of all terms of all rules finds, in one pass over an item,
which terms stand where.

In: the leaves of all queries, then an item's `Face`. Out: the leaves that hold and the places of their terms. The cost
of a search grows with the length of the item and with what is found in it, hardly with the number of terms.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import ahocorasick_rs

from alerts.facts import Face
from alerts.folding import fold_but_case
from alerts.terms import Page, is_run
from alerts.tree import Has, Scope, Term, TextField

FIELDS: tuple[TextField, ...] = ("title", "text", "author", "category", "link")
CATEGORY_SEPARATOR = ", "
"""Places in the field `category` count code points of the categories joined by this."""

_SCOPE_FIELDS: Mapping[Scope, tuple[TextField, ...]] = {
    "title or text": ("title", "text"),
    "title": ("title",),
    "text": ("text",),
    "author": ("author",),
    "category": ("category",),
    "link": ("link",),
}
_EDGE = "\x00"  # between two fields: no word holds it, so no phrase reaches across
_CLITICS = frozenset(
    [first + second + article for first in ("", "و", "ف") for second in ("", "ب", "ك", "ل") for article in ("", "ال")]
    + [first + "لل" for first in ("", "و", "ف")]
)
"""What may be written together with the Arabic word it stands before: and, so, in, like, to, the."""
_CONJUNCTIONS = frozenset({"", "و", "ف"})

Place = tuple[int, int]
Found = dict[int, list[Place]]
Check = Callable[["Haystack", int, int], bool]


@dataclass(frozen=True, slots=True)
class _Section:
    """A field (or one category) inside the haystack: where it begins and ends there, and in the field's text."""

    field: int
    page: Page
    begin: int
    end: int
    shift: int


class Haystack:
    """An item folded and laid out for one search."""

    __slots__ = ("line", "sections")

    def __init__(self, face: Face, fields: Collection[TextField] = ("title", "text")) -> None:
        self.sections: list[_Section] = []
        lines: list[str] = []
        begin = 0
        for field, shift, text in _texts(face, fields):
            page = Page(text)
            end = begin + len(page.line)
            self.sections.append(_Section(field, page, begin, end, shift))
            lines.append(page.line)
            begin = end + 1
        self.line = _EDGE.join(lines)

    def source(self, start: int, end: int) -> tuple[TextField, int, int]:
        """The field and code points of its text for a place in the line."""
        section = self.section(start)
        first, last = section.page.source(start - section.begin, end - section.begin)
        return FIELDS[section.field], first + section.shift, last + section.shift

    def whole_words(self, start: int, end: int) -> Place:
        """The place widened to the words it touches."""
        section = self.section(start)
        first, last = section.page.whole_words(start - section.begin, end - section.begin)
        return first + section.begin, last + section.begin

    def section(self, place: int) -> _Section:
        """The section that holds this place."""
        return next(section for section in self.sections if place < section.end)


def _texts(face: Face, fields: Collection[TextField]) -> Iterable[tuple[int, int, str]]:
    """The number of a field, how far into the field's text this part begins, and the part."""
    yield 0, 0, face.title
    yield 1, 0, face.text
    if "author" in fields:
        yield 2, 0, face.author
    if "category" in fields:
        shift = 0
        for category in face.categories:
            yield 3, shift, category
            shift += len(category) + len(CATEGORY_SEPARATOR)
    if "link" in fields:
        yield 4, 0, face.link


@dataclass(frozen=True, slots=True)
class Watch:
    """A term looked for in one scope."""

    term: Term
    scope: Scope


class Index:
    """The automaton and what its literals stand for. `watches` are numbered by their place in the sequence."""

    def __init__(self, leaves: Iterable[Has]) -> None:
        self._numbers: dict[Watch, int] = {}
        literals: dict[str, list[list[tuple[int, Check | None]]]] = {}
        for leaf in leaves:
            for term in leaf.terms:
                self._add(Watch(term, leaf.scope), literals)
        self.watches: Sequence[Watch] = tuple(self._numbers)
        self.fields = frozenset(field for watch in self.watches for field in _SCOPE_FIELDS[watch.scope])
        self._users = tuple(tuple(map(tuple, users)) for users in literals.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(literals)) if literals else None

    def _add(self, watch: Watch, literals: dict[str, list[list[tuple[int, Check | None]]]]) -> None:
        if watch in self._numbers:
            return
        number = self._numbers[watch] = len(self._numbers)
        for literal, check in _literals(watch.term):
            users = literals.get(literal)
            if users is None:
                users = literals[literal] = [[] for _ in FIELDS]
            for field in _SCOPE_FIELDS[watch.scope]:
                users[FIELDS.index(field)].append((number, check))

    def numbers(self, leaf: Has) -> tuple[int, ...]:
        """The numbers of the leaf's watches."""
        return tuple(dict.fromkeys(self._numbers[Watch(term, leaf.scope)] for term in leaf.terms))

    def find(self, haystack: Haystack) -> Found:
        """Where the watched terms stand: places in the haystack's line by the number of the watch, in order."""
        found: Found = {}
        if self._automaton is None:
            return found
        users = self._users
        sections = iter(haystack.sections)
        section = next(sections)
        for literal, start, end in self._automaton.find_matches_as_indexes(haystack.line, overlapping=True):
            while end > section.end:
                section = next(sections)
            for number, check in users[literal][section.field]:
                if check is None or check(haystack, start, end):
                    places = found.get(number)
                    if places is None:
                        found[number] = [(start, end)]
                    else:
                        places.append((start, end))
        return found

    def place(self, number: int, haystack: Haystack, place: Place) -> tuple[TextField, int, int]:
        """A found place as field and code points: whole words for `word*` and `*word`, else the term itself."""
        term = self.watches[number].term
        wide = (term.open_start and not is_run(term.words[0])) or (term.open_end and not is_run(term.words[-1]))
        return haystack.source(*(haystack.whole_words(*place) if wide else place))


def _literals(term: Term) -> Iterable[tuple[str, Check | None]]:
    """What to search for to find a term, and what must be checked where it is found."""
    first, last = term.words[0], term.words[-1]
    check = _same_case(term) if term.exact else None
    before = "" if term.open_start or is_run(first) else " "
    after = "" if term.open_end or is_run(last) else " "
    for middle in _joined(term.words):
        if _is_arabic(first) and before and not term.exact:
            yield middle + after, _after_clitics(_CLITICS)
            if first.startswith("ال") and len(first) > 2:
                yield "لل" + middle[2:] + after, _after_clitics(_CONJUNCTIONS)
        else:
            yield before + middle + after, check


def _joined(words: tuple[str, ...]) -> Iterable[str]:
    """The words with a space between them; between two runs without spaces there may be none."""
    gaps = [(" ", "") if is_run(left) and is_run(right) else (" ",) for left, right in pairwise(words)]
    for chosen in product(*gaps):
        yield words[0] + "".join(gap + word for gap, word in zip(chosen, words[1:], strict=True))


def _is_arabic(word: str) -> bool:
    return "\u0620" <= word[0] <= "\u06ff" and word[0].isalpha()


def _after_clitics(allowed: frozenset[str]) -> Check:
    def check(haystack: Haystack, start: int, _: int) -> bool:
        return haystack.line[haystack.line.rfind(" ", 0, start) + 1 : start] in allowed

    return check


def _same_case(term: Term) -> Check:
    wanted = _cased_words(term.written.strip("=*"))

    def check(haystack: Haystack, start: int, end: int) -> bool:
        section = haystack.section(start)
        source = section.page.source(start - section.begin, end - section.begin)
        return _cased_words(section.page.text[slice(*source)]) == wanted

    return check


def _cased_words(text: str) -> str:
    return "".join(filter(str.isalnum, fold_but_case(text)))

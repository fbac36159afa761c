"""One search for everything: an automaton over the literals of all terms of all rules finds, in one pass over an item,
which terms stand where; what words stand near each other follows from that, and regular expressions are run where
their fixed letters stand.

In: the leaves of all queries, then an item laid out as a `Haystack`. Out: the places of what was sought. The cost of a
search grows with the length of the item and with what is found in it, hardly with the number of terms.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import NamedTuple

import ahocorasick_rs

from alerts.haystack import FIELDS, Haystack, Part, Place, Source
from alerts.nearness import stretches
from alerts.patterns import PatternSet
from alerts.stems import Stems
from alerts.terms import ARABIC_CLITICS, Page, is_run
from alerts.tree import Has, Near, Pattern, Scope, Sought, Term

_SCOPE_PARTS: Mapping[Scope, tuple[Part, ...]] = {
    "title or text": ("title", "text"),
    "title": ("title",),
    "text": ("text",),
    "author": ("author",),
    "category": ("category",),
    "link": ("link",),
    "removed": ("removed",),
    "added": ("added",),
}
_CLITICS = frozenset(ARABIC_CLITICS)
_CONJUNCTIONS = frozenset({"", "و", "ف"})

Check = Callable[[Haystack, int, int], bool]
_Users = list[list[tuple[int, Check | None]]]


@dataclass(frozen=True, slots=True)
class Found:
    """Where the watches stand that were found, by their numbers: `places` in the haystack's line; of patterns the
    `sources`, an empty list for one that stands only in what was removed."""

    places: dict[int, list[Place]] = field(default_factory=dict)
    sources: dict[int, list[Source]] = field(default_factory=dict)

    def numbers(self) -> Iterator[int]:
        """Every watch that was found."""
        yield from self.places
        yield from self.sources


@dataclass(frozen=True, slots=True)
class Watch:
    """Something looked for in one scope."""

    sought: Sought
    scope: Scope


class _Nearness(NamedTuple):
    """The words that must stand near each other, by their numbers."""

    parts: tuple[int, ...]
    distance: int


class Index:
    """The automaton and what its literals stand for. `watches` are numbered by their place in the sequence."""

    def __init__(self, leaves: Iterable[Has]) -> None:
        self._numbers: dict[Watch, int] = {}
        self._nears: dict[int, _Nearness] = {}
        self._near_by_part: dict[int, list[int]] = {}
        self._stems = Stems()
        literals: dict[str, _Users] = {}
        for leaf in leaves:
            for sought in leaf.terms:
                self._add(Watch(sought, leaf.scope), literals)
        self.watches: Sequence[Watch] = tuple(self._numbers)
        self.parts = frozenset(part for watch in self.watches for part in _SCOPE_PARTS[watch.scope])
        self._users = tuple(tuple(map(tuple, users)) for users in literals.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(literals)) if literals else None
        has_patterns = any(isinstance(watch.sought, Pattern) for watch in self.watches)
        self._patterns = _Patterns(self._numbers) if has_patterns else None

    def _add(self, watch: Watch, literals: dict[str, _Users]) -> int:
        number = self._numbers.get(watch)
        if number is not None:
            return number
        match watch.sought:
            case Near(terms=terms, distance=distance):
                parts = [self._add(Watch(term, watch.scope), literals) for term in terms]
                number = self._numbers[watch] = len(self._numbers)
                self._nears[number] = _Nearness(tuple(dict.fromkeys(parts)), distance)
                longest = max(range(len(terms)), key=lambda place: sum(map(len, terms[place].words)))
                self._near_by_part.setdefault(parts[longest], []).append(number)
            case Term():
                number = self._numbers[watch] = len(self._numbers)
                self._add_literals(number, watch.sought, watch.scope, literals)
                if watch.sought.inflected:
                    self._stems.add(number, watch.sought, [FIELDS.index(part) for part in _SCOPE_PARTS[watch.scope]])
            case Pattern():
                number = self._numbers[watch] = len(self._numbers)
        return number

    def _add_literals(self, number: int, term: Term, scope: Scope, literals: dict[str, _Users]) -> None:
        for literal, check in _literals(term):
            users = literals.get(literal)
            if users is None:
                users = literals[literal] = [[] for _ in FIELDS]
            for part in _SCOPE_PARTS[scope]:
                users[FIELDS.index(part)].append((number, check))

    def numbers(self, leaf: Has) -> tuple[int, ...]:
        """The numbers of the leaf's watches."""
        return tuple(dict.fromkeys(self._numbers[Watch(sought, leaf.scope)] for sought in leaf.terms))

    @property
    def asks_language(self) -> bool:
        """Whether the language of an item makes a difference."""
        return bool(self._stems)

    def find(self, haystack: Haystack, language: str = "") -> Found:
        """Where what is watched for stands; `language` is that of the item."""
        places = self._find_literals(haystack)
        if self._stems:
            for number, place in self._stems.find(haystack, language):
                places.setdefault(number, []).append(place)
        if self._near_by_part:
            for number in [near for part in self._near_by_part.keys() & places for near in self._near_by_part[part]]:
                self._find_near(number, haystack, places)
        return Found(places, self._patterns.find(haystack) if self._patterns else {})

    def _find_literals(self, haystack: Haystack) -> dict[int, list[Place]]:
        found: dict[int, list[Place]] = {}
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

    def _find_near(self, number: int, haystack: Haystack, places: dict[int, list[Place]]) -> None:
        near = self._nears[number]
        if all(part in places for part in near.parts):
            of_parts = [(part, *place) for part in near.parts for place in places[part]]
            if found := stretches(of_parts, near.parts, near.distance, haystack):
                places[number] = found

    def sources(self, number: int, haystack: Haystack, found: Found) -> Iterator[Source]:
        """Where something found stands in the item's texts, in order: whole words for `word*` and `*word`."""
        if number in found.sources:
            yield from sorted(found.sources[number], key=_in_order_of_fields)
            return
        sought = self.watches[number].sought
        wide = isinstance(sought, Near) or (isinstance(sought, Term) and _is_part_of_a_word(sought))
        for place in sorted(found.places.get(number, ())):
            source = haystack.source(*(haystack.whole_words(*place) if wide else place))
            if source:
                yield source


class _Patterns:
    """The regular expressions among the watches."""

    def __init__(self, watches: Mapping[Watch, int]) -> None:
        users: dict[str, list[tuple[int, tuple[Part, ...]]]] = {}
        for watch, number in watches.items():
            if isinstance(watch.sought, Pattern):
                users.setdefault(watch.sought.source, []).append((number, _SCOPE_PARTS[watch.scope]))
        self._users = list(users.values())
        self._set = PatternSet(list(users))

    def find(self, haystack: Haystack) -> dict[int, list[Source]]:
        """Where they stand, by the numbers of the watches."""
        found: dict[int, list[Source]] = {}
        for section in haystack.sections:
            for one, places in self._set.find(section.page.text):
                for number, parts in self._users[one]:
                    if FIELDS[section.field] in parts:
                        sources = found.setdefault(number, [])
                        if section.told:
                            told, shift = section.told, section.shift
                            sources += [(told, start + shift, end + shift) for start, end in places]
        return found


def _in_order_of_fields(source: Source) -> tuple[int, int, int]:
    field, start, end = source
    return FIELDS.index(field), start, end


def _is_part_of_a_word(term: Term) -> bool:
    """Whether what is found of this term may be only a part of a word with spaces around it."""
    return (term.open_start and not is_run(term.words[0])) or (term.open_end and not is_run(term.words[-1]))


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
    page = Page(term.written.strip("=*"))
    wanted = page.cased_words(0, len(page.line))

    def check(haystack: Haystack, start: int, end: int) -> bool:
        section = haystack.section(start)
        return section.page.cased_words(start - section.begin, end - section.begin) == wanted

    return check

"""Near misses: what stands in an item almost where a term was looked for, so that `why` can say what was wrong.

In: what was sought in vain, each with its scope, and the item. Out: for each the most telling near miss, if there is
one. Pure. The whole item is searched once more, for variants of the terms; nobody pays for that who does not ask why.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, NamedTuple, get_args

from alerts.facts import Face
from alerts.haystack import Haystack, Source
from alerts.index import Found, Index, Watch
from alerts.language import language_of
from alerts.nearness import narrowest
from alerts.patterns import refusal
from alerts.revision import Revision
from alerts.terms import is_run
from alerts.tree import Field, Has, Near, Pattern, Scope, Sought, Span, Term, TextField

Reason = Literal[
    "other-case", "untouched", "added", "other-field", "too-far", "other-text", "other-form", "inside-a-word",
    "without-boundary", "words-missing",
]  # fmt: skip
"""Why a near miss is none: in the order in which they are told, the most telling first."""

MOST_TERMS = 500
"""Terms that are looked at; a rule with more is told of the first ones."""
_SHORTEST_ROOT = 3
_LONGEST_ENDING = 4
_NOWHERE = Span(0, 0)
_TEXTS = get_args(Field)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """What almost was it. `seen`: the words that stand there, as the item has them; `distance`: how many words apart,
    for words that stand too far from each other; `missing`: those of its words that stand nowhere."""

    reason: Reason
    field: TextField
    start: int
    end: int
    seen: str
    distance: int | None = None
    missing: tuple[str, ...] = ()


class _Variant(NamedTuple):
    """Something else to look for, and what it would mean to find it; several terms are looked for together."""

    reason: Reason
    terms: tuple[Sought, ...]
    scope: Scope


def near_misses(missed: Sequence[Watch], face: Face, revision: Revision | None) -> Mapping[Watch, NearMiss]:
    """The near misses among what was sought in vain."""
    variants = {watch: tuple(_variants(watch.sought, watch.scope)) for watch in missed[:MOST_TERMS]}
    index = Index(_leaf(variant) for those in variants.values() for variant in those)
    haystack = Haystack(face, index.parts, revision)
    found = index.find(haystack, language_of(face) if index.asks_language else "")
    search = _Search(index, haystack, found, face)
    told = {watch: next(filter(None, map(search.told, those)), None) for watch, those in variants.items()}
    return {watch: miss for watch, miss in told.items() if miss}


def _leaf(variant: _Variant) -> Has:
    return Has(variant.terms, variant.scope, "", _NOWHERE)


@dataclass(frozen=True, slots=True)
class _Search:
    """The item, searched for all variants at once."""

    index: Index
    haystack: Haystack
    found: Found
    face: Face

    def told(self, variant: _Variant) -> NearMiss | None:
        numbers = self.index.numbers(_leaf(variant))
        if variant.reason in ("too-far", "words-missing"):
            return self.apart(numbers)
        longest = _longest(variant.terms[0]) if variant.reason == "other-form" else None
        places = islice(self.index.sources(numbers[0], self.haystack, self.found), 100)
        source = next((one for one in places if longest is None or one[2] - one[1] <= longest), None)
        return self.miss(variant.reason, source) if source else None

    def apart(self, numbers: Sequence[int]) -> NearMiss | None:
        """Words that stand apart from each other, or only some of them."""
        stand = [number for number in numbers if number in self.found.places]
        if not stand:
            return None
        if len(stand) < len(numbers):
            source = next(self.index.sources(stand[0], self.haystack, self.found), None)
            missing = tuple(self.index.watches[number].sought.written for number in numbers if number not in stand)
            return self.miss("words-missing", source, missing=missing) if source else None
        places = [(number, *place) for number in numbers for place in self.found.places[number]]
        distance, (start, end) = narrowest(places, numbers, self.haystack)
        if self.haystack.section(start) is not self.haystack.section(end - 1):
            source = next(self.index.sources(stand[0], self.haystack, self.found), None)
            return self.miss("other-text", source) if source else None
        source = self.haystack.source(start, end)
        return self.miss("too-far", source, distance=distance) if source else None

    def miss(
        self, reason: Reason, source: Source, *, distance: int | None = None, missing: tuple[str, ...] = ()
    ) -> NearMiss:
        field, start, end = source
        return NearMiss(reason, field, start, end, self.face.text_of(field)[start:end], distance, missing)


# --- what to look for instead -----------------------------------------------------------------------------------------


def _variants(sought: Sought, scope: Scope) -> Iterator[_Variant]:
    """The most telling ones first."""
    if isinstance(sought, Term) and sought.exact:
        yield _Variant("other-case", (replace(sought, exact=False),), scope)
    if scope in ("removed", "added"):
        if scope == "removed":
            yield _Variant("added", (sought,), "added")
        yield _Variant("untouched", (sought,), "title or text")
    else:
        looked_into = scope.split(" or ")
        yield from (_Variant("other-field", (sought,), field) for field in _TEXTS if field not in looked_into)
    match sought:
        case Near(terms=terms):
            yield _Variant("too-far", terms, scope)
        case Pattern(source=source):
            inner = source.removeprefix(r"\b").removesuffix(r"\b")
            if inner != source and not refusal(inner):
                yield _Variant("without-boundary", (Pattern(f"/{inner}/", inner),), scope)
        case Term():
            yield from _variants_of_term(sought, scope)


def _variants_of_term(term: Term, scope: Scope) -> Iterator[_Variant]:
    words = tuple(dict.fromkeys(term.words))
    if len(words) > 1:
        yield _Variant("too-far", tuple(Term(word, (word,)) for word in words), scope)
    last = term.words[-1]
    if is_run(last):
        return
    literal = replace(term, exact=False, inflected=False)
    root = last[: max(_SHORTEST_ROOT, len(last) - 2)]
    if len(last) >= _SHORTEST_ROOT:
        form = (*term.words[:-1], root)
        yield _Variant("other-form", (replace(literal, words=form, open_end=True),), scope)
    yield _Variant("inside-a-word", (replace(literal, open_start=True, open_end=True),), scope)


def _longest(sought: Sought) -> int:
    """How many letters another form of a word may have, its root given."""
    return len(sought.written.strip("=*")) + _LONGEST_ENDING

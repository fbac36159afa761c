"""Inflected forms: which words of an item have the stem of a word that a rule looks for.

In: the terms of rules with `stem`, then an item laid out as a `Haystack`, and its language. Out: the places of words in
other forms than the one written in the rule; that one the automaton finds. A phrase is found where each of its words
has the right stem, in order. Stems are those of Snowball (the optional PyStemmer); a language that it does not know
has none, and Chinese, Japanese and Thai need none. The work grows with the item, not with the number of terms.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from typing import NamedTuple

from alerts.haystack import EDGE, Haystack, Place
from alerts.terms import ARABIC_CLITICS, is_run
from alerts.tree import Term

NOT_INSTALLED = '"stem" needs the extra "language": pip install \'feedwitness[language]\''

_KNOWN_AS = {"nb": "no", "nn": "no"}
_ARTICLE = "ال"
_CLITIC_LETTERS = frozenset("وفبكلا")

Stem = Callable[[str], str]


@cache
def installed() -> bool:
    """Whether there is something to make stems with."""
    return find_spec("Stemmer") is not None


class _Known(dict[str, str]):
    """Stems made so far; bounded, for a hostile text can hold any number of words."""

    MOST = 50_000

    def __init__(self, stem: Stem) -> None:
        super().__init__()
        self._stem = stem

    def __missing__(self, word: str) -> str:
        if len(self) >= self.MOST:
            self.clear()
        stem = self[word] = self._stem(word)
        return stem


class _Wanted(NamedTuple):
    """A term by its stems: the watch's number, the fields it is looked for in, the stems after the first one."""

    number: int
    fields: frozenset[int]
    words: tuple[str, ...]
    rest: tuple[str, ...]


class Stems:
    """The terms whose other forms are looked for; made ready for a language when the first item in it comes."""

    def __init__(self) -> None:
        self._terms: list[tuple[int, frozenset[int], tuple[str, ...]]] = []
        self._languages: dict[str, _Language] = {}

    def add(self, number: int, term: Term, fields: Sequence[int]) -> None:
        """Look for this term as well; before the first search."""
        if not any(map(is_run, term.words)):
            self._terms.append((number, frozenset(fields), term.words))

    def __bool__(self) -> bool:
        return bool(self._terms)

    def find(self, haystack: Haystack, language: str) -> Iterator[tuple[int, Place]]:
        """The watches' numbers with the places of other forms, in the order of the text."""
        known = self._languages.get(language)
        if known is None:
            stem = _stemmer(language)
            if stem is None:
                return iter(())
            known = self._languages[language] = _Language(stem, self._terms, arabic=language == "ar")
        return known.find(haystack)


class _Language:
    """The terms by their stems in one language."""

    def __init__(
        self, stem: Stem, terms: Sequence[tuple[int, frozenset[int], tuple[str, ...]]], *, arabic: bool
    ) -> None:
        self._stem = _Known(_stem_of_arabic(stem) if arabic else stem).__getitem__
        self._has_clitics = arabic
        self._by_first: dict[str, list[_Wanted]] = {}
        for number, fields, words in terms:
            first, *rest = map(self._stem, words)
            self._by_first.setdefault(first, []).append(_Wanted(number, fields, words, tuple(rest)))

    def find(self, haystack: Haystack) -> Iterator[tuple[int, Place]]:
        tokens = haystack.line.split(" ")
        stems = list(map(self._stem, tokens))
        if not self._has_clitics and self._by_first.keys().isdisjoint(stems):
            return
        sections = iter(haystack.sections)
        field, start = next(sections).field, 0
        for at, token in enumerate(tokens):
            if token == EDGE:
                field = next(sections).field
            elif token:
                for bare, wanted in self._called(token, stems[at]):
                    found = (bare, *tokens[at + 1 : at + len(wanted.words)])
                    fits = tuple(stems[at + 1 : at + len(wanted.words)]) == wanted.rest
                    if fits and found != wanted.words and field in wanted.fields:
                        begin = start + len(token) - len(bare)
                        yield wanted.number, (begin, begin + len(" ".join(found)))
            start += len(token) + 1

    def _called(self, token: str, stem: str) -> Iterator[tuple[str, _Wanted]]:
        """What begins with this word: the word without what Arabic writes together with it, and the term."""
        if not self._has_clitics:
            yield from ((token, wanted) for wanted in self._by_first.get(stem, ()))
            return
        bare_words = list(_without_clitics(token))
        called = {wanted: bare for bare in bare_words for wanted in self._by_first.get(self._stem(bare), ())}
        for wanted, bare in called.items():
            yield (wanted.words[0] if wanted.words[0] in bare_words else bare), wanted


def _without_clitics(token: str) -> Iterator[str]:
    """The word itself, then without what may be written together with it, shorter and shorter."""
    yield token
    if token[0] not in _CLITIC_LETTERS:
        return
    for clitic in ARABIC_CLITICS:
        bare = token[len(clitic) :]
        if clitic and len(bare) > 1 and token.startswith(clitic):
            if clitic.endswith("لل"):
                yield _ARTICLE + bare
            yield bare


def _stemmer(language: str) -> Stem | None:
    if not installed():
        return None
    import Stemmer

    try:
        stem: Stem = Stemmer.Stemmer(_KNOWN_AS.get(language, language)).stemWord
    except KeyError:
        return None
    return stem


def _stem_of_arabic(stem: Stem) -> Stem:
    """Snowball cuts Arabic words otherwise with the article than without it; so all of them get it."""
    return lambda word: stem(_ARTICLE + word.removeprefix(_ARTICLE))

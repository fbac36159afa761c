"""Whether two texts mention other proper names: people, places, bodies. Pure.

In scripts with capital letters (Latin, Cyrillic, Greek, Armenian) a name is a capitalised word that does not stand
where any word has a capital: at the start of a sentence or a line, or in a headline in title case. There it counts
only if it also stands elsewhere in the two texts. A word that they write small as well is none, and so are words in
capitals throughout, three or more of them in a row. Arabic, Hebrew, Chinese, Japanese and the like have no capitals,
and German gives one to every noun: there nothing is found.
"""

from collections import Counter
from collections.abc import Collection, Iterator

import regex

from aggregator.deciding.dates_in_text import is_date_word

EVERY_NOUN_IS_CAPITALISED = ("de", "lb", "gsw", "nds")

_PIECE = regex.compile(
    r"(?P<word>[\p{L}\p{M}]+)"
    r"|(?P<stop>\.(?=[\"”»’')\]]*(?:\s|$)))"
    r"|(?P<start>[!?…:]+(?=[\"”»’')\]]*(?:\s|$))|[。！？：•·▪►|]|\s[–—-]\s|,\s?(?=[\"“„«‘「]))"
)
_TITLES = "mr mrs ms dr st sr sra prof gen col lt maj capt sgt sen rep gov pres hon rev no vs mm mme mlle гг им ул"
_SHORTENED = frozenset(_TITLES.split())
"""Words before a full stop that ends no sentence; none of them is a name."""
_ZONE_NAMES = "UTC GMT PT ET PST PDT EST EDT CST CDT MST MDT BST CET CEST EET EEST MSK МСК AM PM"
_ZONES = frozenset(_ZONE_NAMES.split())
_SHOUTED = regex.compile(r"\p{Lu}+(?:[^\p{L}\n]+\p{Lu}+){2,}(?!\p{L})")
"""Three words or more that are capitals throughout: emphasis, whatever they say."""
_TITLE_CASE = 4  # words of at least so many letters in a line, and at least so many of them, all capitalised
_SAME_STEM = 4  # letters that two forms of one name share
_ENDING = 3  # letters by which they may differ


def names_differ(old: str, new: str, language: str = "") -> bool:
    """The texts do not mention the same names equally often. `language`: a tag such as `de-AT`, "" = not known."""
    if language.lower().split("-")[0] in EVERY_NOUN_IS_CAPITALISED:
        return False
    before, after = _Words(old), _Words(new)
    names = (set(before.inside) | set(after.inside)) - before.small - after.small
    gone, come = before.naming(names), after.naming(names)
    return not _only_inflected(gone - come, come - gone)


class _Words:
    """The words of a text: capitalised inside of sentences, capitalised at their starts, and (folded) small ones."""

    def __init__(self, text: str) -> None:
        self.inside: list[str] = []
        self.first: list[str] = []
        self.small: set[str] = set()
        for line in text.split("\n"):
            self._read(line)

    def naming(self, names: Collection[str]) -> Counter[str]:
        """How often each of the names is mentioned."""
        return Counter(word for word in (*self.inside, *self.first) if word in names)

    def _read(self, line: str) -> None:
        headline = _is_title_case(line)
        for word, starts in _words(_SHOUTED.sub(" ", line)):
            if not word[0].isupper():
                self.small.add(word.capitalize())
            elif len(word) > 1 and word.lower() not in _SHORTENED:
                (self.first if starts or headline else self.inside).append(word)


def _words(line: str) -> Iterator[tuple[str, bool]]:
    """Each word of a line, and whether it begins a sentence. What tells the time is left out: it does neither."""
    fresh, last = True, ""
    for piece in _PIECE.finditer(line):
        if piece.lastgroup == "word":
            last = piece[0]
            if last in _ZONES or is_date_word(last):
                continue
            yield last, fresh
            fresh = False
        elif piece.lastgroup == "start" or (len(last) > 1 and last.lower() not in _SHORTENED):
            fresh = True


def _is_title_case(line: str) -> bool:
    long = [word for word in regex.findall(r"\p{L}+", line) if len(word) >= _TITLE_CASE]
    return len(long) >= _TITLE_CASE and all(word[0].isupper() for word in long)


def _only_inflected(gone: Counter[str], come: Counter[str]) -> bool:
    """Each name that went came in another form (Лавров, Лаврову), and no other came."""
    left = list(come.elements())
    for name in gone.elements():
        other = next((each for each in left if _same_name(name, each)), None)
        if other is None:
            return False
        left.remove(other)
    return not left


def _same_name(one: str, other: str) -> bool:
    if not regex.match(r"\p{Cyrillic}|\p{Greek}", one):
        return False
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return shared >= _SAME_STEM and max(len(one), len(other)) - shared <= _ENDING

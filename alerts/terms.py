"""Words of a text, as rules see them: folded, split, and put side by side so that one search finds words and phrases.

In: any text. Out: a `Page` whose `line` holds every word between single spaces (` syria peacekeeping force `), so a
word is the literal ` syria `, a prefix ` peacekeep`, a phrase ` two state solution `; `Page.source` leads from a place
in the line back to code points of the original. Never fails; linear in the length of the text.

Words are those of UAX #29 with the exceptions of docs/rules.md. Runs of scripts that put no space between words (Han,
kana, Thai, Lao, Khmer, Burmese) are one "word" each, inside which terms match as substrings.
"""

import re
from bisect import bisect_right
from functools import cached_property

import regex

from alerts.folding import Alignment, fold, fold_but_case

RUN_SCRIPTS = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0eb2\u0eb4-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u1780-\u17d3"
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts without spaces between words."""

ARABIC_CLITICS = tuple(
    sorted(
        [
            first + second + article
            for first in ("", "و", "ف")
            for second in ("", "ب", "ك", "ل")
            for article in ("", "ال")
        ]
        + [first + "لل" for first in ("", "و", "ف")],
        key=len,
    )
)
"""What may be written together with the Arabic word it stands before: and, so, in, like, to, the. Shortest first."""

_APOSTROPHE, _STOP, _COMMA, _SEMICOLON, _MIDDLE_DOT, _GERSHAYIM = "\x01", "\x02", "\x03", "\x04", "\x05", "\x06"
_KEPT = {"'": _APOSTROPHE, ".": _STOP, ",": _COMMA, ";": _SEMICOLON, "·": _MIDDLE_DOT, '"': _GERSHAYIM}
_KEPT |= {"\u05f4": _GERSHAYIM, "\u05f3": _APOSTROPHE, "\u2044": _SEMICOLON, "\u066b": _COMMA, "\u066c": _COMMA}
_KEPT["\u060c"] = _COMMA
"""Signs that are part of a word where they stand inside one; each has a stand-in, so that what is left separates."""

_ELIDED_LETTER = re.compile(r"'(?<=(?<![\w'])[ldjmtsnc]')(?=[^\W\d_])(?!s(?!\w))")
_ELIDED = frozenset(
    {"qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "un", "dell", "all", "nell", "dall", "sull", "coll", "quell", "quest"}
)
"""What French, Italian and Catalan put before an apostrophe: a word of its own. Where it is one letter, the apostrophe
is found by a pattern alone, for a French text holds one in every line."""

_IN_WORD = re.compile(
    r"""['.,·;"\u05f4\u05f3\u2044\u066b\u066c\u060c](?:"""
    r"""(?=\w)(?:(?=[^\W\d_])(?:(?<=[\w.]')s(?!\w)|(?<=[^\W\d_][.'·])|(?=[א-ת])(?<=[א-ת]["\u05f4\u05f3]))"""
    r"""|(?=\d)(?<=\d['.,;\u2044\u066b\u066c\u060c])))"""
)
_FAR = 20
_CLEAR = dict.fromkeys(map(ord, _KEPT.values()), " ")
_STAND_INS = re.compile("[\x01-\x06]")
_WORD = re.compile(r"[\w\x01-\x06]+")
_GAP = re.compile(r"[^\w\x01-\x06]{2,}")
_RARE = re.compile(
    "[^\x00-\u02ff\u0370-\u0482\u048a-\u052f\u05d0-\u05ea\u060c-\u060f\u061b-\u064a\u0660-\u066f"
    "\u0671-\u06d3\u1e00-\u1fff\u2010-\u206f\u20a0-\u20cf\u2100-\u2bff\uac00-\ud7a3]"
)
_RARE_WORD = regex.compile(
    rf"[{RUN_SCRIPTS}]+|[[\w\x01-\x06]--[\p{{M}}{RUN_SCRIPTS}]][[\w\p{{M}}\x01-\x06]--[{RUN_SCRIPTS}]]*", regex.V1
)
_IS_RUN = re.compile(f"[{RUN_SCRIPTS}]")
_ASCII_AND_SIGNS = re.compile("[\x00-\x7f\xa7\xab\xb0\xbb\u2010-\u2027\u2030-\u203a\u20ac]*")
"""Texts that are ASCII but for signs that are part of no word, such as « and –: they split as fast as ASCII does."""
_SIGN = re.compile("[^\x00-\x7f]")
_ASCII_SPLIT = "".join(
    sign if sign.isalnum() or sign == "_" or "\x01" <= sign <= "\x06" else " " for sign in map(chr, range(128))
)


def words(text: str) -> list[str]:
    """The folded words of a text, in order. Signs kept inside a word appear as their stand-ins."""
    return _split(_marked(fold(text)))


def is_run(word: str) -> bool:
    """Whether a folded word is a run of a script without spaces between words."""
    return _IS_RUN.match(word) is not None


class Page:
    """A text ready to be searched; places are worked out only when something was found."""

    __slots__ = ("__dict__", "_marked", "line", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._marked = _marked(fold(text))
        self.line = " ".join(["", *_split(self._marked), ""])

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Code points of the original text that `line[start:end]` stands for; spaces at its ends do not count."""
        while self.line[start] == " ":
            start += 1
        while self.line[end - 1] == " ":
            end -= 1
        return self._alignment.source(self._folded_place(start), self._folded_place(end - 1) + 1)

    def whole_words(self, start: int, end: int) -> tuple[int, int]:
        """The place in the line widened to the words that it touches; a run has no words to widen to."""
        if self.line[start] != " " and not is_run(self.line[start]):
            start = self.line.rfind(" ", 0, start)
        if self.line[end - 1] != " " and not is_run(self.line[end - 1]):
            end = self.line.find(" ", end) + 1
        return start, end

    def cased_words(self, start: int, end: int) -> list[str]:
        """The words at a place in the line, folded but for their case."""
        found: list[str] = []
        for word in re.finditer("[^ ]+", self.line[start:end]):
            first, last = self.source(start + word.start(), start + word.end())
            found.append("".join(filter(str.isalnum, fold_but_case(self.text[first:last]))))
        return found

    def _folded_place(self, place: int) -> int:
        places, ahead = self._ahead
        return place + ahead[bisect_right(places, place) - 1]

    @cached_property
    def _ahead(self) -> tuple[list[int], list[int]]:
        """By how much the folded text is ahead of the line: from which places of the line on, and how far there."""
        marked = self._marked
        if _pattern(marked) is _RARE_WORD:
            return _ahead_word_by_word(marked)
        first = _WORD.search(marked)
        ahead = first.start() - 1 if first else 0
        places, aheads = [0], [ahead]
        for gap in _GAP.finditer(marked, first.end() if first else 0):
            ahead += gap.end() - gap.start() - 1
            places.append(gap.end() - ahead)
            aheads.append(ahead)
        return places, aheads

    @cached_property
    def _alignment(self) -> Alignment:
        return Alignment(self.text, len(self._marked))


def _ahead_word_by_word(marked: str) -> tuple[list[int], list[int]]:
    """The same where words may stand side by side with nothing between them."""
    places, aheads, place = [0], [0], 1
    for word in _RARE_WORD.finditer(marked):
        if word.start() - place != aheads[-1]:
            places.append(place)
            aheads.append(word.start() - place)
        place += word.end() - word.start() + 1
    return places, aheads


def _pattern(marked: str) -> "re.Pattern[str]":
    pattern: re.Pattern[str] = _RARE_WORD if _RARE.search(marked) else _WORD
    return pattern


def _split(marked: str) -> list[str]:
    if not marked.isascii() and _ASCII_AND_SIGNS.fullmatch(marked):
        marked = _SIGN.sub(" ", marked)
    if marked.isascii():
        return marked.translate(_ASCII_SPLIT).split()
    return _pattern(marked).findall(marked)


def _marked(folded: str) -> str:
    """The folded text, equally long, with stand-ins for the signs that belong to words and blanks for possessives."""
    if _STAND_INS.search(folded):
        folded = folded.translate(_CLEAR)
    return _IN_WORD.sub(_stand_in, _ELIDED_LETTER.sub(" ", folded))


def _stand_in(found: re.Match[str]) -> str:
    """What a sign between two letters or digits becomes: its stand-in where it belongs to the word, else a blank."""
    sign, text, place = found[0], found.string, found.start()
    if sign == "'s":
        return "  "
    if sign == "." and not text[place - 1].isdigit() and not _stands_in_initials(text, place):
        return " "
    if sign == "'" and _before(text, place) in _ELIDED:
        return " "
    return _KEPT[sign]


def _stands_in_initials(text: str, stop: int) -> bool:
    """Whether each part of the dotted run around this full stop is one letter: `u.s.a`, not `end.next` or `ph.d`.

    Looks no further than `_FAR` to either side, so that a run without end costs no more than its length.
    """
    start, end = stop - 1, stop + 2
    while start >= 2 and stop - start < _FAR and text[start - 1] == "." and text[start - 2].isalpha():
        start -= 2
    while end - stop < _FAR and text[end : end + 1] == "." and text[end + 1 : end + 2].isalpha():
        end += 2
    return not _WORD.match(text[start - 1 : start]) and not _WORD.match(text[end : end + 1])


def _before(text: str, end: int) -> str:
    """The letters right before that place; at most as many as an elided word has, and one more."""
    start = end
    while start and end - start < 7 and (text[start - 1].isalnum() or text[start - 1] in "'_" + _APOSTROPHE):
        start -= 1
    return text[start:end]

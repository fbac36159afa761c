"""Folding: what does not matter when a term is compared with a text, taken out of both, with the way back kept.

In: any text. Out: a text in which case, width, Latin and Greek accents, Arabic vowel marks, `ё`/`е`, Arabic alef and
presentation forms, soft hyphens and zero-width signs make no difference, and an `Alignment` that leads from places in
it back to code points of the original. Never fails; the work is linear in the length of the text.

The rules, by script (docs/rules.md): everything is NFKC and case-folded; accents go on Latin and Greek letters only, so
`й` stays another letter than `и`; on Cyrillic vowels the stress marks go; Arabic loses vowel marks and tatweel, and its
alef forms are one letter. A text is folded letter by letter (a letter with the marks that follow it), never across
letters, so the same term folds alike wherever it stands.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

_STRESS = "\u0300\u0301"
_DIAERESIS = "\u0308"
_ALEF_MARKS = "\u0653\u0654\u0655"
_NEVER_STRESSED = "гкГК"  # with an acute these are the Macedonian letters ѓ and ќ

_SAME_LETTER = str.maketrans(
    {
        "ٱ": "ا",
        "ی": "ي",  # Persian and Arabic keyboards write the same letters with different code points
        "ک": "ك",
        **dict(zip("đħıłøŧĐĦŁØŦ", "dhilotDHLOT", strict=True)),  # accents that Unicode does not decompose
        **dict.fromkeys("\u2018\u2019\u02bc", "'"),
    }
)

_IGNORED = (
    "\u00ad\u0345\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufe70-\ufe7f\ufeff\u3164\uffa0\ufcf2-\ufcf4"
    "\u0640\u0610-\u061a\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08ca-\u08e1\u08e3-\u08ff"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
)
"""Soft hyphen, zero-width and direction signs, variation selectors; tatweel and Arabic vowel marks; Hebrew points."""

_INERT = (
    "\x00-\x7f\u00a1-\u00a7\u00a9\u00ab\u00ac\u00ae\u00b0\u00b1\u00b6\u00b7\u00bb\u00bf"
    "\u0391-\u03a1\u03a4-\u03a9\u03b1-\u03c1\u03c3-\u03c9"
    "\u0402\u0404-\u040b\u040e-\u044f\u0452\u0454-\u045b\u045e\u045f\u0490-\u04bf"
    "\u05d0-\u05ea\u060c\u061b\u061f\u0621\u0624\u0626-\u063a\u0641-\u064a\u0660-\u0669\u067e\u0686\u0698\u06af"
    "\u0e01-\u0e32\u0e34-\u0e3a\u0e40-\u0e4e\u0905-\u0928\u092a-\u0930\u0932\u0933\u0935-\u0939\u093e-\u094d"
    "\u2012-\u2016\u201a-\u2023\u2030\u2031\u2039\u203a\u20ac"
    "\u3001\u3002\u3008-\u3011\u3041-\u3096\u30a1-\u30fa\u30fc\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
)
"""Code points for which folding is no more than `str.lower`: nearly every letter of a real text."""

_MARK = (
    "\u0300-\u036f\u0483-\u0489\u0653-\u0655\u06df-\u06ed\u0711\u0730-\u074a\u093c\u09bc\u09be\u09d7\u0a3c"
    "\u0b3c\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0c56\u0cc2\u0cd5\u0cd6\u0d3e\u0d57\u0dca\u0dcf\u0ddf\u0f71-\u0f80\u0fb5\u0fb7\u102e\u1ab0-\u1aff"
    "\u1b35\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\uff9e\uff9f\ufe20-\ufe2f\u1161-\u11ff"
)
"""Code points that may melt into the letter before them."""

_MARKS_A_LETTER = 30  # as in the Unicode stream-safe format; more would make normalising quadratic

_PLAIN = re.compile(f"[{_INERT}]*")
_HAS_IGNORED = re.compile(f"[{_IGNORED}]")
_HAS_MARK = re.compile(f"[{_MARK}]")
_MAY_SHIFT = re.compile(f"[{_IGNORED}{_MARK}]")
_LETTER = re.compile(f"[^{_INERT}]")
_CLUSTER = re.compile(
    f"[^{_INERT}{_MARK}][{_MARK}]{{0,{_MARKS_A_LETTER}}}|[^{_MARK}][{_MARK}]{{1,{_MARKS_A_LETTER}}}|[{_MARK}]"
)


def fold(text: str) -> str:
    """The text with all that does not matter taken out; may be shorter or longer than the original."""
    if text.isascii() or _PLAIN.fullmatch(text):
        return text.lower()
    bare = _HAS_IGNORED.sub("", text)
    return _letters(bare).sub(_FOLDS.of, bare).lower()


def fold_but_case(text: str) -> str:
    """The same with its case kept: what `=Word` compares."""
    bare = _HAS_IGNORED.sub("", text)
    return _letters(bare).sub(lambda letter: _fold_letter(letter[0], str), bare)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of a text that is not one sign for one sign: `out` of the folded text is `source` of the original."""

    out_start: int
    out_end: int
    source_start: int
    source_end: int


class Alignment:
    """The way from places in `fold(text)` back to code points of `text`."""

    __slots__ = ("_steps",)

    def __init__(self, text: str, folded_length: int) -> None:
        """`folded_length` is that of `fold(text)`: where no letter vanishes, equal lengths mean sign for sign."""
        steps = []
        if len(text) != folded_length or (not text.isascii() and _MAY_SHIFT.search(text)):
            bare = _HAS_IGNORED.sub("", text)
            letters = _letters(bare)
            if letters is _CLUSTER or len(bare) != folded_length:
                steps.append(_stretches(bare, letters, _FOLDS.of))
            if len(bare) != len(text):
                steps.append(_stretches(text, _HAS_IGNORED, lambda _: ""))
        self._steps = [([stretch.out_start for stretch in step], step) for step in steps if step]

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The code points of the original that `[start, end)` of the folded text stands for; `start < end`."""
        last = end - 1
        for starts, stretches in self._steps:
            before = bisect_right(starts, start)
            if before:
                stretch = stretches[before - 1]
                inside = start < stretch.out_end
                start = stretch.source_start if inside else stretch.source_end + start - stretch.out_end
            before = bisect_right(starts, last)
            if before:
                stretch = stretches[before - 1]
                inside = last < stretch.out_end
                last = stretch.source_end - 1 if inside else stretch.source_end + last - stretch.out_end
        return start, last + 1


def _letters(bare: str) -> re.Pattern[str]:
    """What finds the parts of the text that folding must look at: single code points, unless marks follow letters."""
    return _CLUSTER if _HAS_MARK.search(bare) else _LETTER


def _stretches(text: str, parts: re.Pattern[str], folded: Callable[[re.Match[str]], str]) -> list[_Stretch]:
    found = []
    shift = 0
    for part in parts.finditer(text):
        start, end = part.span()
        length = len(folded(part))
        if length != 1 or end - start != 1:
            found.append(_Stretch(start + shift, start + shift + length, start, end))
            shift += length - (end - start)
    return found


def _fold_letter(letter: str, change_case: Callable[[str], str]) -> str:
    """One letter with its marks; the slow and obvious way, once per letter of the alphabet."""
    kept: list[str] = []
    base = ""
    for sign in unicodedata.normalize("NFD", unicodedata.normalize("NFKC", letter)):
        if not unicodedata.combining(sign):
            base = sign
        elif _is_accent(base, sign):
            continue
        kept.append(sign)
    bare = _HAS_IGNORED.sub("", change_case("".join(kept)))
    return unicodedata.normalize("NFC", bare.translate(_SAME_LETTER))


def _is_accent(base: str, mark: str) -> bool:
    """Whether this mark makes no other letter of that one."""
    if not base:
        return False
    if base < "\u0250" or "\u0370" <= base <= "\u03ff" or "\u1e00" <= base <= "\u1fff":
        return base.isalpha()
    if "\u0400" <= base <= "\u052f":
        return (mark in _STRESS and base not in _NEVER_STRESSED) or (mark == _DIAERESIS and base in "еЕ")
    return base in "اٱ" and mark in _ALEF_MARKS


class _Folds(dict[str, str]):
    """Folded letters met so far; bounded, because a hostile text can hold any number of letters with odd marks."""

    MOST = 20_000

    def __missing__(self, letter: str) -> str:
        folded = _fold_letter(letter, str.casefold)
        if len(letter) < 4:
            if len(self) >= self.MOST:
                self.clear()
            self[letter] = folded
        return folded

    def of(self, letter: re.Match[str]) -> str:
        """The folded form of a matched letter."""
        return self[letter[0]]


_FOLDS = _Folds()

"""What an edit removed and added, word by word, so that people can read it. Pure, and bounded on hostile text.

Comes in: two texts. Goes out: a `Diff`, entries ["=", …], ["-", …], ["+", …] in reading order and the phrases removed
and added. Joining the "=" and "+" entries gives the new text exactly; joining "=" and "-" gives the old one but for
white space (an edit of white space alone is not shown). Words are compared whole, Chinese, Japanese, Korean and Thai by
character. Text too large to compare by word is compared by sentence, and beyond that replaced as a block.
"""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import regex
from rapidfuzz.distance import LCSseq

Tag = Literal["=", "-", "+", "…"]

MAX_CELLS = 64_000_000
"""Words of the old text times words of the new: 8 MB and about 10 ms in the comparison that holds this many."""
MAX_PHRASE = 500
MAX_PHRASES = 50

_ALONE = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_TOKEN = regex.compile(
    rf"(\s*+)(?:([{_ALONE}]\p{{M}}*+|[[\p{{L}}\p{{M}}\p{{N}}]--[{_ALONE}]]++"
    rf"(?:['’.,:/-][[\p{{L}}\p{{M}}\p{{N}}]--[{_ALONE}]]++)*+)|(\S))|(\s++)",
    regex.VERSION1,
)
_ENDS_SENTENCE = frozenset(".!?。！？؟…")


class Entry(NamedTuple):
    """One stretch: kept, removed or added. "…" (only after `shorten`) holds the number of characters left out."""

    tag: Tag
    text: str


@dataclass(frozen=True, slots=True)
class Diff:
    """`removed` and `added` are the changed phrases, bounded in length and number."""

    entries: tuple[Entry, ...]
    removed: tuple[str, ...]
    added: tuple[str, ...]


class _Token(NamedTuple):
    space: str
    core: str
    is_word: bool


class _Span(NamedTuple):
    """Tokens a0:a1 of the old text became b0:b1 of the new one."""

    equal: bool
    a0: int
    a1: int
    b0: int
    b1: int

    def moved(self, a: int, b: int) -> "_Span":
        return _Span(self.equal, self.a0 + a, self.a1 + a, self.b0 + b, self.b1 + b)


def word_diff(old: str, new: str) -> Diff:
    """Compare two texts."""
    a, b = _tokens(old), _tokens(new)
    entries = tuple(_joined(_entries(a, b, _settled(_Texts(a, b), _spans(a, b)))))
    return Diff(entries, _phrases(entries, "-"), _phrases(entries, "+"))


def word_changes(old: str, new: str) -> tuple[Entry, ...]:
    """The same entries for rules instead of people: a word that was kept is never told as part of a change, however
    small it is beside what changed around it."""
    a, b = _tokens(old), _tokens(new)
    return tuple(_joined(_entries(a, b, _spans(a, b))))


def shorten(entries: Sequence[Entry], *, keep: int, limit: int) -> tuple[Entry, ...]:
    """Long kept stretches give way to their ends: `keep` characters on each side of a change, "…" between.

    `limit` bounds the characters of the result; what lies beyond is one last "…".
    """
    short: list[Entry] = []
    last = len(entries) - 1
    for n, entry in enumerate(entries):
        before, after = keep if n else 0, keep if n < last else 0
        left_out = len(entry.text) - before - after
        if entry.tag != "=" or left_out <= keep // 2:
            short.append(entry)
            continue
        head, tail = entry.text[:before], entry.text[len(entry.text) - after :]
        short += [e for e in (Entry("=", head), Entry("…", str(left_out)), Entry("=", tail)) if e.text]
    return _bounded(short, limit)


def _bounded(entries: Sequence[Entry], limit: int) -> tuple[Entry, ...]:
    room, kept = limit, list[Entry]()
    for n, (tag, text) in enumerate(entries):
        size = 0 if tag == "…" else len(text)
        if size > room:
            beyond = sum(int(e.text) if e.tag == "…" else len(e.text) for e in entries[n:]) - room
            kept += [Entry(tag, text[:room])] if room else []
            return (*kept, Entry("…", str(beyond)))
        room -= size
        kept.append(Entry(tag, text))
    return tuple(kept)


# --- comparing --------------------------------------------------------------------------------------------------------


def _tokens(text: str) -> list[_Token]:
    """Each word or sign with the white space before it; trailing white space is a token without a core."""
    return [_Token(space or tail, word or sign, bool(word)) for space, word, sign, tail in _TOKEN.findall(text) if text]


def _starts(tokens: Sequence[_Token]) -> list[int]:
    """Where sentences or lines begin: token numbers from 0 to the number of tokens."""
    inner = (
        n
        for n in range(1, len(tokens))
        if "\n" in tokens[n].space or (tokens[n - 1].core in _ENDS_SENTENCE and tokens[n].space)
    )
    return [0, *inner, len(tokens)]


def _spans(a: Sequence[_Token], b: Sequence[_Token]) -> list[_Span]:
    """Equal and changed stretches in turn; what both texts begin and end with is not compared."""
    shorter = min(len(a), len(b))
    head = next((n for n in range(shorter) if a[n].core != b[n].core), shorter)
    tail = next((n for n in range(shorter - head) if a[-1 - n].core != b[-1 - n].core), shorter - head)
    a_end, b_end = len(a) - tail, len(b) - tail
    middle = (s.moved(head, head) for s in _compared(a[head:a_end], b[head:b_end]))
    return _merged([_Span(True, 0, head, 0, head), *middle, _Span(True, a_end, len(a), b_end, len(b))])  # noqa: FBT003 -- equal


def _compared(a: Sequence[_Token], b: Sequence[_Token]) -> list[_Span]:
    """By word where that is affordable, else by sentence, and by word within the sentences that changed."""
    a_cores, b_cores = [t.core for t in a], [t.core for t in b]
    if len(a) * len(b) <= MAX_CELLS:
        return _aligned(a_cores, b_cores)
    a_starts, b_starts = _starts(a), _starts(b)
    a_lines = [tuple(a_cores[i:j]) for i, j in pairwise(a_starts)]
    b_lines = [tuple(b_cores[i:j]) for i, j in pairwise(b_starts)]
    if len(a_lines) * len(b_lines) > MAX_CELLS:
        return [_Span(equal=False, a0=0, a1=len(a), b0=0, b1=len(b))]
    spans: list[_Span] = []
    room = MAX_CELLS
    for equal, i0, i1, j0, j1 in _aligned(a_lines, b_lines):
        a0, a1, b0, b1 = a_starts[i0], a_starts[i1], b_starts[j0], b_starts[j1]
        cells = (a1 - a0) * (b1 - b0)
        if equal or not cells or cells > room:
            spans.append(_Span(equal, a0, a1, b0, b1))
            continue
        room -= cells
        spans += [_Span(s.equal, a0 + s.a0, a0 + s.a1, b0 + s.b0, b0 + s.b1) for s in _aligned(a[a0:a1], b[b0:b1])]
    return _merged(spans)


def _aligned(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[_Span]:
    numbers: dict[Hashable, int] = {}  # numbers, not hashes: the same answer in every process, and no collisions
    left = [numbers.setdefault(token, len(numbers)) for token in a]
    right = [numbers.setdefault(token, len(numbers)) for token in b]
    ops = LCSseq.opcodes(left, right)
    return _merged(_Span(op.tag == "equal", op.src_start, op.src_end, op.dest_start, op.dest_end) for op in ops)


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    merged: list[_Span] = []
    for span in spans:
        if merged and merged[-1].equal == span.equal:
            merged[-1] = merged[-1]._replace(a1=span.a1, b1=span.b1)
        else:
            merged.append(span)
    return merged


# --- making it readable -----------------------------------------------------------------------------------------------


class _Texts:
    """Both token lists with running counts of their words, so that a span is weighed in one step."""

    def __init__(self, a: Sequence[_Token], b: Sequence[_Token]) -> None:
        self.a, self.b = a, b
        self._words_a, self._words_b = self._counts(a), self._counts(b)

    @staticmethod
    def _counts(tokens: Sequence[_Token]) -> list[int]:
        counts = [0]
        for token in tokens:
            counts.append(counts[-1] + token.is_word)
        return counts

    def words(self, span: _Span) -> int:
        """Words removed or added, whichever is more; of an equal span its words."""
        removed = self._words_a[span.a1] - self._words_a[span.a0]
        return max(removed, self._words_b[span.b1] - self._words_b[span.b0])


def _settled(texts: _Texts, spans: Sequence[_Span]) -> list[_Span]:
    """No confetti: a word or two kept between larger changes is told as part of one change. Then edits are slid."""
    out: list[_Span] = []
    for span in spans:
        out.append(span)
        while len(out) >= 3 and not out[-1].equal and _is_confetti(texts, *out[-3:]):
            first, _, last = out[-3:]
            out[-3:] = [first._replace(a1=last.a1, b1=last.b1)]
    for n in range(1, len(out) - 1):
        if not out[n].equal:
            out[n - 1 : n + 2] = _slid(texts, *out[n - 1 : n + 2])
    return [s for s in out if s.a1 > s.a0 or s.b1 > s.b0]


def _is_confetti(texts: _Texts, before: _Span, kept: _Span, after: _Span) -> bool:
    words = texts.words(kept)
    if words == 0:
        return all(s.a1 > s.a0 and s.b1 > s.b0 for s in (before, after))
    return words <= 3 and words < min(texts.words(before), texts.words(after))


def _slid(texts: _Texts, left: _Span, edit: _Span, right: _Span) -> list[_Span]:
    """An insertion or deletion that could stand at several places stands where a sentence or line begins."""
    tokens, start, end = (texts.b, edit.b0, edit.b1) if edit.a0 == edit.a1 else (texts.a, edit.a0, edit.a1)
    if (edit.a1 > edit.a0 and edit.b1 > edit.b0) or not (left.equal and right.equal):
        return [left, edit, right]
    lowest = highest = 0
    while -lowest < left.b1 - left.b0 - 1 and tokens[start + lowest - 1] == tokens[end + lowest - 1]:
        lowest -= 1
    while highest < right.b1 - right.b0 - 1 and tokens[start + highest] == tokens[end + highest]:
        highest += 1
    by = max(range(lowest, highest + 1), key=lambda n: (_seam(tokens, start + n), n == 0, n))
    return [
        left._replace(a1=left.a1 + by, b1=left.b1 + by),
        _Span(equal=False, a0=edit.a0 + by, a1=edit.a1 + by, b0=edit.b0 + by, b1=edit.b1 + by),
        right._replace(a0=right.a0 + by, b0=right.b0 + by),
    ]


def _seam(tokens: Sequence[_Token], place: int) -> int:
    """How natural it is to begin an edit before this token."""
    if place == 0 or place == len(tokens) or "\n" in tokens[place].space:
        return 3
    if tokens[place - 1].core in _ENDS_SENTENCE:
        return 2
    return int(not tokens[place - 1].is_word)


def _entries(a: Sequence[_Token], b: Sequence[_Token], spans: Sequence[_Span]) -> Iterator[Entry]:
    for span in spans:
        new = "".join(t.space + t.core for t in b[span.b0 : span.b1])
        if span.equal:
            yield Entry("=", new)
            continue
        old = "".join(t.space + t.core for t in a[span.a0 : span.a1])
        shared = len(new) - len(new.lstrip()) if old.strip() and new.strip() and _leading(old) == _leading(new) else 0
        yield from (Entry("=", new[:shared]), Entry("-", old[shared:]), Entry("+", new[shared:]))


def _leading(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _joined(entries: Iterator[Entry]) -> Iterator[Entry]:
    held = Entry("=", "")
    for found in entries:
        entry = Entry("=", found.text) if found.text.isspace() and found.tag == "+" else found
        if not entry.text or (entry.tag == "-" and entry.text.isspace()):
            continue
        if entry.tag == held.tag or not held.text:
            held = Entry(entry.tag, held.text + entry.text)
        else:
            yield held
            held = entry
    if held.text:
        yield held


def _phrases(entries: Sequence[Entry], tag: Tag) -> tuple[str, ...]:
    found = (e.text.strip() for e in entries if e.tag == tag)
    phrases = [p if len(p) <= MAX_PHRASE else p[: MAX_PHRASE - 1] + "…" for p in found if p]
    return tuple(phrases[:MAX_PHRASES])

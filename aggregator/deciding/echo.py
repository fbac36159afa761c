"""An edit is often made twice: in the feed and on the page behind the item. Is one of them the echo of the other? Pure.

The two faces of an item are never compared with each other, for a lead is no page. Compared are their edits: what one
lost and gained, and beside which words, has been told before if an edit of the other face lost and gained all of that.
Only edits that were not held count as told. In doubt an edit is no echo: told twice is better than not at all.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import pairwise, takewhile
from typing import NamedTuple

import regex

from alerts.diff import word_changes
from store.events import Content, TextDigest
from store.ports import Version

MOST_EDITS = 20
"""Edits of the other face that are looked at, the latest ones."""

Side = Callable[[Content], tuple[TextDigest, ...]]
_WORD = regex.compile(r"\w+")


class _Piece(NamedTuple):
    """One stretch that was replaced, with the word before it and the one behind it in the same line."""

    before: str
    removed: str
    added: str
    behind: str


def feed_side(content: Content) -> tuple[TextDigest, ...]:
    """What the feed says, as it may stand on a page: headline and text."""
    return (content.title, content.text)


def page_side(content: Content) -> tuple[TextDigest, ...]:
    """What the page says, nothing as long as it was not read."""
    return (content.page.text,) if content.page else ()


def texts_wanted(readings: Sequence[Version], changed: Side, other: Side) -> frozenset[TextDigest]:
    """The texts of the other face that `told` compares."""
    return frozenset(digest for each in _since_last(readings, changed) for digest in other(each.content))


def is_echo(
    old: str, new: str, readings: Sequence[Version], texts: Mapping[TextDigest, str], changed: Side, other: Side
) -> bool:
    """Does the edit of the face `changed`, from `old` to `new`, repeat what edits of the face `other` told since that
    face last changed? `readings` of the item in the order of the log, the edit itself not among them.
    """
    pieces = _pieces(old, new)
    told = (_pieces(before, after) for before, after in _told(_since_last(readings, changed), texts, other))
    return bool(pieces) and any(pieces <= each for each in told)


def _since_last(readings: Sequence[Version], side: Side) -> list[Version]:
    """The latest readings, as far back as this face has said what it says now."""
    if not readings:
        return []
    now = side(readings[-1].content)
    latest = takewhile(lambda each: side(each.content) == now, reversed(readings))
    return list(latest)[::-1]


def _told(readings: Sequence[Version], texts: Mapping[TextDigest, str], side: Side) -> Iterable[tuple[str, str]]:
    """Each edit of this face that was not held, and all of them as one if none was."""
    edits = [
        (before, after)
        for before, after in pairwise(readings)
        if side(before.content) != side(after.content) and side(before.content)
    ][-MOST_EDITS:]
    free = [(before, after) for before, after in edits if after.kind is not None and not after.hold]
    if len(free) == len(edits) > 1:
        free.append((edits[0][0], edits[-1][1]))
    for before, after in free:
        digests = (*side(before.content), *side(after.content))
        if all(digest in texts for digest in digests):
            yield _joined(texts, side(before.content)), _joined(texts, side(after.content))


def _joined(texts: Mapping[TextDigest, str], digests: Collection[TextDigest]) -> str:
    return "\n".join(texts[digest] for digest in digests)


def _pieces(old: str, new: str) -> frozenset[_Piece]:
    """What an edit replaced, and where. Neither line breaks nor runs of blanks matter."""
    pieces: set[_Piece] = set()
    before = removed = added = ""
    for tag, text in (*word_changes(old, new), ("=", "")):
        if tag == "-":
            removed += text
        elif tag == "+":
            added += text
        else:
            if removed.strip() or added.strip():
                behind = _WORD.findall(text.split("\n", 1)[0])[:1]
                pieces.add(_Piece(before, _plain(removed), _plain(added), "".join(behind)))
            before = "".join(_WORD.findall(text.rsplit("\n", 1)[-1])[-1:])
            removed = added = ""
    return frozenset(pieces)


def _plain(text: str) -> str:
    return " ".join(text.split())

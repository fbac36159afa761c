"""Entries that a child has read before are not read again: a poll mostly brings one new entry among thirty known ones.

feedparser spends its time per entry, so it is handed the document without the known ones. An entry is known when its
source text and all of the document that could bear on it (everything outside the entries but the feed's own dates) are
the same as before. Splitting is left to expat; whatever is unusual is read the whole way. Values in, values out, but
for `Memory`, which is a bounded cache.
"""

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass
from xml.parsers import expat

from aggregator.outcome import ParsedEntry

REMEMBERED_ENTRIES = 4_096
REMEMBERED_FEEDS = 4_096
LONGEST_REMEMBERED = 32_768
"""Characters: longer entries are read each time. Together a bound for the memory of a child, some 20 MB in practice."""

_PLACES = {"rss": ("rss", "channel", "item"), "feed": ("feed", "entry")}
_OWN_DATES = re.compile(r"<(lastBuildDate|pubDate|updated|modified|dc:date)>[^<]{0,100}</\1>")
_LEAKING = re.compile(r"<(?:[\w.-]+:)?language[\s>]")
"""feedparser lets the language that one entry declares leak into those behind it."""


@dataclass(frozen=True, slots=True)
class Split:
    """A well-formed document around its entries: `frame` has one piece more than there are entries."""

    frame: tuple[str, ...]
    entries: tuple[str, ...]

    def without(self, known: set[int]) -> str:
        """The document that lacks the entries with these numbers."""
        pieces = [self.frame[0]]
        for number, entry in enumerate(self.entries):
            pieces += [self.frame[number + 1]] if number in known else [entry, self.frame[number + 1]]
        return "".join(pieces)

    def keys(self, *context: str) -> list[bytes]:
        """What each entry is known by."""
        surroundings = _OWN_DATES.sub("", "".join(piece.strip() for piece in self.frame))
        seed = hashlib.blake2b("\0".join((surroundings, *context)).encode("utf-8", "replace"), digest_size=16)
        found = []
        for entry in self.entries:
            digest = seed.copy()
            digest.update(entry.encode("utf-8", "replace"))
            found.append(digest.digest())
        return found


class Memory:
    """The entries read last, by the keys of their source."""

    def __init__(self, size: int = REMEMBERED_ENTRIES) -> None:
        self._size = size
        self._known: OrderedDict[bytes, ParsedEntry] = OrderedDict()
        self._met: OrderedDict[str, None] = OrderedDict()

    def meets_again(self, url: str) -> bool:
        """Whether a document from there was read before: for the first one, splitting is not worth its while."""
        again = url in self._met
        self._met[url] = None
        self._met.move_to_end(url)
        if len(self._met) > REMEMBERED_FEEDS:
            self._met.popitem(last=False)
        return again

    def recall(self, keys: list[bytes]) -> dict[int, ParsedEntry]:
        """The known ones by their number."""
        found = {number: self._known[key] for number, key in enumerate(keys) if key in self._known}
        for number in found:
            self._known.move_to_end(keys[number])
        return found

    def remember(self, keys: list[bytes], entries: tuple[ParsedEntry, ...]) -> None:
        """`entries` belong to `keys`, one to one."""
        for key, entry in zip(keys, entries, strict=True):
            if len(entry.text) <= LONGEST_REMEMBERED:
                self._known[key] = entry
                self._known.move_to_end(key)
        while len(self._known) > self._size:
            self._known.popitem(last=False)


def split(document: str, root: str) -> Split | None:
    """None for what is better read the whole way: not well-formed, RDF, CDF, nested entries, languages per entry."""
    if root not in _PLACES or document.startswith("<!DOCTYPE"):
        return None
    data = document.encode("utf-8", "replace")
    spans = _spans(data, _PLACES[root])
    if not spans:
        return None
    entries = tuple(data[start:end].decode() for start, end in spans)
    edges = [0, *(edge for span in spans for edge in span), len(data)]
    frame = tuple(data[edges[at] : edges[at + 1]].decode() for at in range(0, len(edges), 2))
    if any(_LEAKING.search(entry) for entry in entries):
        return None
    return Split(frame, entries)


def _spans(data: bytes, place: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where the elements at `place` begin and end, in bytes; nothing when the document is not well-formed."""
    spans: list[tuple[int, int]] = []
    wanted, level = place[-1], len(place)
    depth = start = 0
    usual = True
    parser = expat.ParserCreate("utf-8")

    def opened(name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth, start, usual
        depth += 1
        if depth == level:
            if name == wanted:
                start = parser.CurrentByteIndex
        elif name == wanted or (depth < level and name != place[depth - 1]):
            usual = False

    def closed(name: str) -> None:
        nonlocal depth
        if depth == level and name == wanted:
            spans.append((start, data.index(b">", parser.CurrentByteIndex) + 1))
        depth -= 1

    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat takes no keywords
    except (expat.ExpatError, ValueError):
        return []
    return spans if usual else []

"""How much two texts have in common, whatever their length: counted by pairs of neighbouring words. Pure.

It tells another page from an edited one, and one page under two addresses from two pages. It never decides whether an
edit is one: what keeps its subject is compared word by word (`aggregator.deciding.edits`).
"""

import hashlib
from itertools import pairwise

import regex

from aggregator.page.memory import Sketch

PAIRS_KEPT = 200

_WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]|[[\p{L}\p{M}\p{N}]--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]]+",
    regex.VERSION1,
)
_DIGIT = regex.compile(r"\p{N}")


def kept(old: str, new: str) -> float:
    """The share of the old text that stands in the new one, from 0 to 1; of a text without words 1."""
    before = _pairs(old)
    return len(before & _pairs(new)) / len(before) if before else 1.0


def sketch(text: str) -> Sketch:
    """The text in short: of its pairs the few with the lowest digests, so that sketches of like texts are alike."""
    return Sketch(" ".join(sorted(map(_digest, _pairs(text)))[:PAIRS_KEPT]))


def likeness(one: Sketch, other: Sketch) -> float:
    """The share of pairs that two texts have in common of all that either has, from 0 to 1, told by their sketches."""
    first, second = set(one.split()), set(other.split())
    lowest = sorted(first | second)[:PAIRS_KEPT]
    return sum(pair in first and pair in second for pair in lowest) / len(lowest) if lowest else 1.0


def _pairs(text: str) -> set[tuple[str, str]]:
    """Neighbouring words of each block, and its first one alone. Numbers count alike: error pages carry fresh ones."""
    pairs: set[tuple[str, str]] = set()
    for block in text.split("\n"):
        words = ["0" if _DIGIT.search(word) else word.casefold() for word in _WORD.findall(block)]
        pairs.update(pairwise(("", *words)))
    return pairs


def _digest(pair: tuple[str, str]) -> str:
    return hashlib.sha256("\0".join(pair).encode("utf-8", "surrogatepass")).hexdigest()[:8]

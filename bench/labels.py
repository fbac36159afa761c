"""What each difference in the histories truly is, written down before the detector runs: the labels, and their rules.

usage: python -m bench.labels              write what the rules say into bench/labels/, list what is to be read
       python -m bench.labels --second N   N drawn for a second reading, without their labels, in an order of chance

A label is a word for a place (feed, document, digest of the entry's id): no text of the corpus is kept. Labels:

| label | the difference is |
|---|---|
| `text` | an edit of the statement, its title included: words that its author changed |
| `growth` | the statement goes on: nothing was taken back |
| `template` | made by the site or the scraper around the statement, or in the same way to many at once |
| `encoding` | the same words, read in another encoding |
| `counter` | a figure or a date that moves without anybody touching the statement |
| `rekey` | the same words under another id |
| `copy` | an older copy of the feed, or its end |

`text` and `growth` are to be told; all others are not. The rules below are tried in their order; a file names the one
that spoke, or says `read`. A rule that finds `text` or `growth` decides nothing that the tables count apart.
"""

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from bench.differences import Difference, Good, differences, documents, histories, hunks

FOLDER = Path(__file__).with_name("labels")
TO_BE_TOLD = frozenset({"text", "growth"})
SEED = 20261122
MANY = 5
NEARLY_ALL = 0.8
A_SENTENCE = 5  # words
_GARBLED = re.compile("[ĐŃđ]|â€|Â.")


@dataclass(frozen=True, slots=True)
class Around:
    """What a rule may look at beside the difference itself: all differences of the same document, the
    documents that are older copies and those that end them, and the share of entries there whose dates moved.
    """

    same_document: Sequence[Difference]
    copies: frozenset[tuple[str, int]]
    ends: frozenset[tuple[str, int]]
    dates_moved: float


def is_copy(each: Difference, around: Around) -> bool:
    """In an older copy (the three newest entries are missing, and most of them back in the next document), or in that
    next one, and only back to what was said before.
    """
    place = (each.feed, each.after)
    return place in around.copies or (place in around.ends and each.returns)


def is_dated(each: Difference, around: Around) -> bool:
    """The source says so itself: the date of this entry moved, and the dates of few others did."""
    return not each.renamed and each.old.dates != each.new.dates and around.dates_moved < 1 / 3


def is_encoding(each: Difference, _: Around) -> bool:
    """In every place that differs, one side shows the marks of UTF-8 read letter by letter, and the other does not."""
    parts = hunks(f"{each.old.title} ¶ {each.old.text}", f"{each.new.title} ¶ {each.new.text}")
    return bool(parts) and all(bool(_GARBLED.search(gone)) != bool(_GARBLED.search(come)) for gone, come in parts)


def is_mass_hand(each: Difference, around: Around) -> bool:
    """At least five entries of the document differ, and four in five of them lost, or gained, the very same words."""
    sides = [_sides(other) for other in around.same_document]
    for side in (0, 1):
        words = _sides(each)[side]
        often = sum(both[side] == words for both in sides)
        if words and often >= MANY and often >= NEARLY_ALL * len(sides):
            return True
    return False


def is_growth(each: Difference, _: Around) -> bool:
    """No word went, and a sentence or more came."""
    gone, come = _sides(each)
    return not gone and any(len(words.split()) >= A_SENTENCE for words in come)


RULES: Mapping[str, tuple[str, Callable[[Difference, Around], bool]]] = {
    "copy": ("copy", is_copy),
    "encoding": ("encoding", is_encoding),
    "mass hand": ("template", is_mass_hand),
    "growth": ("growth", is_growth),
    "dated": ("text", is_dated),
}


def labelled(history: str) -> tuple[dict[str, tuple[str, str, str]], list[Difference]]:
    """Label, rule and digest by place as far as the rules or an earlier reading say, and what is still to be read."""
    path = FOLDER / f"{history}.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["labels"] if path.exists() else {}
    found, _ = differences(history)
    around = _surroundings(history, found)
    labels: dict[str, tuple[str, str, str]] = {}
    unread = []
    for each in found:
        spoke = next((name for name, (_, holds) in RULES.items() if holds(each, around[each.feed, each.after])), "")
        if spoke:
            labels[each.place] = (RULES[spoke][0], spoke, digest(each))
        elif kept.get(each.place, ("", "", ""))[1:] == ["read", digest(each)]:
            labels[each.place] = tuple(kept[each.place])
        else:
            unread.append(each)
    return labels, unread


def digest(each: Difference) -> str:
    """Of both sides, so that a label never speaks of other words than were read."""
    old, new = each.old, each.new
    whole = f"{old.title}\0{old.text}\0{new.title}\0{new.text}"
    return sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read(history: str) -> dict[str, str]:
    """The labels as written down: label by place."""
    path = FOLDER / f"{history}.json"
    labels = json.loads(path.read_text(encoding="utf-8"))["labels"] if path.exists() else {}
    return {place: label for place, (label, _, _) in labels.items()}


def left(history: str) -> frozenset[str]:
    """The entries (feed and digest) that a person saw to have left the middle of their feed."""
    departures = json.loads((FOLDER / "second" / "departures.json").read_text(encoding="utf-8"))
    return frozenset(departures.get(history, {}))


def drawn(number: int) -> list[str]:
    """Places for the second reading, by lot over all histories."""
    places = sorted(place for history in histories() for place in read(history))
    return random.Random(SEED).sample(places, min(number, len(places)))


def _surroundings(history: str, found: Sequence[Difference]) -> dict[tuple[str, int], Around]:
    by_feed: dict[str, list[Good]] = {}
    for good in sorted(documents(history), key=lambda each: each.at):
        by_feed.setdefault(good.feed, []).append(good)
    pairs = [pair for goods in by_feed.values() for pair in _copies(goods)]
    copies, ends = frozenset(copy for copy, _ in pairs), frozenset(end for _, end in pairs)
    around = {}
    for feed, goods in by_feed.items():
        for before, good in pairwise(goods):
            same = [each for each in found if (each.feed, each.after) == (feed, good.number)]
            around[feed, good.number] = Around(same, copies, ends, _dates_moved(before, good))
    return around


def _copies(goods: Sequence[Good]) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """Each older copy, and the document that ends it."""
    found = []
    for before, good, later in zip(goods, goods[1:], goods[2:], strict=False):
        newest = {entry.name for entry in before.entries[:3]}
        if not newest & {entry.name for entry in good.entries} and len(newest & {e.name for e in later.entries}) > 1:
            found.append(((good.feed, good.number), (good.feed, later.number)))
    return found


def _dates_moved(before: Good, good: Good) -> float:
    old = {entry.name: entry.dates for entry in before.entries}
    both = [entry for entry in good.entries if entry.name in old]
    return sum(entry.dates != old[entry.name] for entry in both) / len(both) if both else 0.0


def _sides(each: Difference) -> tuple[tuple[str, ...], tuple[str, ...]]:
    parts = hunks(f"{each.old.title} ¶ {each.old.text}", f"{each.new.title} ¶ {each.new.text}")
    return tuple(gone for gone, _ in parts if gone), tuple(come for _, come in parts if come)


def main() -> None:
    """Write the labels, or show what is drawn for a second reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--second", type=int, metavar="N")
    args = parser.parse_args()
    if args.second:
        by_place = {each.place: each for history in histories() for each in differences(history)[0]}
        for place in drawn(args.second):
            _show(by_place[place])
        return
    FOLDER.mkdir(exist_ok=True)
    for history in histories():
        labels, unread = labelled(history)
        lines = ",\n  ".join(f"{json.dumps(place)}: {json.dumps(said)}" for place, said in labels.items())
        (FOLDER / f"{history}.json").write_text(f'{{"labels": {{\n  {lines}\n}}}}\n', encoding="utf-8")
        print(f"{history}: {dict(Counter(said[:2] for said in labels.values()))}, to be read: {len(unread)}")
        for each in unread:
            _show(each)


def _show(each: Difference) -> None:
    where = f"{'' if each.adjacent else ' away'}{' renamed' if each.renamed else ''}"
    print(f"{each.place} {digest(each)}{where} {each.new.title[:70]!r}")
    for gone, come in hunks(f"{each.old.title} ¶ {each.old.text}", f"{each.new.title} ¶ {each.new.text}")[:6]:
        print(f"    - {gone[:160]!r}\n    + {come[:160]!r}")


if __name__ == "__main__":
    main()

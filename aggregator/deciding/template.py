"""Which blocks that came to or left one entry are the site's, by what stands in its other entries. Pure.

A newsletter line, "read also", a share line: the site puts them under its statements, and now and then one entry has
them sooner or later than the rest. What stands word for word in at least three other entries, and in a third of all
that are listed, before and after, is no part of a statement when it comes or goes as a whole. What was altered is.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

STANDS_IN_AT_LEAST = 3
STANDS_IN_SHARE = 1 / 3
MOST_BLOCKS = 5_000
"""Blocks of the stretch that differs, on either side, beyond which nothing in it is looked at one by one: 10 ms."""

Hunk = tuple[Sequence[str], Sequence[str]]
"""The blocks that went from one place, and those that came there."""


def standing(texts: Iterable[tuple[str, str]]) -> Mapping[str, int]:
    """In how many entries each block stands both before and after. `texts`: old and new text of each known entry."""
    counts: Counter[str] = Counter()
    for old, new in texts:
        blocks = set(new.split("\n"))
        counts.update(blocks if old == new else blocks & set(old.split("\n")))
    del counts[""]
    return counts


def parts_of_the_site(old: str, new: str, elsewhere: Mapping[str, int], listed: int) -> frozenset[str]:
    """The blocks of the site that came to this entry, or left it, as a whole.

    `elsewhere`: what `standing` counted; `listed`: entries of the document. A block that gave way to another one was
    altered, or another one was altered into it: that is an edit, whosever block it is.
    """
    enough = max(STANDS_IN_AT_LEAST, STANDS_IN_SHARE * listed)
    ours = {block for block, entries in elsewhere.items() if entries >= enough}
    return whole_blocks(old, new, ours, ours)


def whole_blocks(old: str, new: str, goes: Collection[str], comes: Collection[str]) -> frozenset[str]:
    """Those of the blocks `goes` that left the text as a whole, and of `comes` that came to it."""
    found: set[str] = set()
    for gone, come in hunks(old, new):
        ours_gone, ours_come = set(gone) & set(goes), set(come) & set(comes)
        left = any(block not in ours_gone for block in gone)
        came = any(block not in ours_come for block in come)
        if bool(ours_gone) != bool(ours_come) and left == came:
            found |= ours_gone | ours_come
    return frozenset(found)


def without(text: str, blocks: Collection[str]) -> str:
    """The text without these blocks, word for word."""
    return "\n".join(block for block in text.split("\n") if block not in blocks)


def hunks(old: str, new: str) -> list[Hunk]:
    """Where the blocks of two texts differ, place by place; nothing where the texts differ in too many of them."""
    before, after = old.split("\n"), new.split("\n")
    return [(before[a0:a1], after[b0:b1]) for equal, a0, a1, b0, b1 in steps(before, after) if not equal]


class Step(NamedTuple):
    """Blocks a0:a1 of the old text became b0:b1 of the new one; `equal`: they are the same."""

    equal: bool
    a0: int
    a1: int
    b0: int
    b1: int


def steps(before: Sequence[str], after: Sequence[str]) -> list[Step]:
    """The way from one list of blocks to the other, equal and other steps in turn; none if they differ in too many."""
    most = min(len(before), len(after))
    head = next((i for i in range(most) if before[i] != after[i]), most)
    tail = next((i for i in range(most - head) if before[-1 - i] != after[-1 - i]), most - head)
    gone, come = before[head : len(before) - tail], after[head : len(after) - tail]
    if max(len(gone), len(come)) > MOST_BLOCKS:
        return []
    path = [Step(equal=True, a0=0, a1=head, b0=0, b1=head)]
    for code in LCSseq.opcodes(gone, come):
        a0, a1, b0, b1 = code.src_start, code.src_end, code.dest_start, code.dest_end
        step = Step(code.tag == "equal", a0 + head, a1 + head, b0 + head, b1 + head)
        if not step.equal and not path[-1].equal:
            step = path.pop()._replace(a1=step.a1, b1=step.b1)
        path.append(step)
    end = Step(equal=True, a0=len(before) - tail, a1=len(before), b0=len(after) - tail, b1=len(after))
    return [*path, end]

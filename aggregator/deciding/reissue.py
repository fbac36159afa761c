"""Brakes against mass changes: a reissued feed, blocks of a site's template, dates that move alone. Pure counting.

Recording goes on (except for template blocks, which are no edits of statements); what is held back is the alerts.
"""

from collections import Counter
from collections.abc import Collection, Sequence

SHARE = 0.3
ALIKE_SHARE = 0.8
REISSUED_AT_LEAST = 5
SHARED_BLOCK_AT_LEAST = 3
BLOCKS_KEPT = 200


def is_reissue(known: int, touched: int) -> bool:
    """Over 30 % of the known window, and at least 5, changed or came under new names in one document."""
    return touched >= REISSUED_AT_LEAST and touched > SHARE * known


def all_alike(sides: Sequence[tuple[frozenset[str], frozenset[str]]]) -> bool:
    """At least 5 entries changed, and nearly all lost, or gained, exactly the same: the hand of a template, not of an
    editor. `sides`: for each changed entry, the blocks that went and the blocks that came.
    """
    counts = Counter((side, blocks[side]) for blocks in sides for side in (0, 1) if blocks[side])
    most = max(counts.values(), default=0)
    return most >= REISSUED_AT_LEAST and most >= ALIKE_SHARE * len(sides)


def dates_speak(known: int, moved: int) -> bool:
    """Dates that moved alone say something about their item only if they did so in few: some sites stamp every entry
    with the time of the request.
    """
    return 0 < moved <= SHARE * known


def shared_blocks(changes: Sequence[Collection[str]], listed: int) -> frozenset[str]:
    """Blocks that changed in the same way in at least three entries and over 30 % of those listed: parts of the site.

    `changes`: for each changed entry, the keys of the blocks that came or went.
    """
    counts = Counter(key for keys in changes for key in set(keys))
    return frozenset(key for key, n in counts.items() if n >= SHARED_BLOCK_AT_LEAST and n > SHARE * listed)


def learn_blocks(known: Sequence[str], found: Collection[str]) -> tuple[str, ...]:
    """The blocks remembered, newest last, at most `BLOCKS_KEPT`."""
    return (*(key for key in known if key not in found), *sorted(found))[-BLOCKS_KEPT:]

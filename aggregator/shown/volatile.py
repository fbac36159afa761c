"""What is looked past in items that never rest, as `feeds ID` and `history` tell it. No printing.

Reads what is remembered of a feed, not the log: how often such a block changes is counted, and not stored.
"""

from dataclasses import dataclass
from datetime import datetime

from aggregator.deciding.memory import peek
from aggregator.shown.form import stamp
from store.events import FeedId, ItemId
from store.ports import Views


@dataclass(frozen=True, slots=True)
class LookedPast:
    """Blocks of one item that change with every document: how many, since when, how often, and when last."""

    item: ItemId
    blocks: int
    since: datetime
    changes: int
    changed_at: datetime

    def as_row(self) -> dict[str, object]:
        """The same for JSON."""
        return {"item": self.item, "blocks": self.blocks, "since": stamp(self.since), "changes": self.changes}


def looked_past(views: Views, feed: FeedId, item: ItemId | None = None) -> list[LookedPast]:
    """What is looked past in the feed's items, or in one of them."""
    memory = peek(views.tx.polls.memory(feed))
    told = {} if memory is None else memory.volatile
    return [
        LookedPast(
            each,
            sum(spot.spot.size for spot in spots),
            min(spot.since for spot in spots),
            max(spot.changes for spot in spots),
            max(spot.changed_at for spot in spots),
        )
        for each, spots in told.items()
        if spots and item in (None, each)
    ]

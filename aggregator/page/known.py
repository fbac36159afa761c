"""What is known of an item whose page is visited, and what a visit adds to it. Values only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from aggregator.page.memory import PageMemory, Sketch
from store.events import Event, Grade, ItemId, ItemRevised, PageFace, TextDigest
from store.ports import KnownItem, Version


@dataclass(frozen=True, slots=True)
class KnownPage:
    """An item and what its page said. `readings`: all of them. `texts`: those that `decide.texts_wanted` names; erased
    ones are left out. `listed`: it stands in the last accepted document of its feed.

    `hold`: what its completion is held for: the hold of its publication, or `late-page` where its page is first read
    long after, because the setting was turned on then. `grade`: how it was withdrawn, None if it is not.
    `block_pages`: texts of block pages that other visits met (`PageMemory.block_pages`).
    """

    item: KnownItem
    readings: Sequence[Version]
    texts: Mapping[TextDigest, str]
    listed: bool
    hold: str = ""
    grade: Grade | None = None
    block_pages: Collection[Sketch] = field(default=())

    @property
    def face(self) -> PageFace | None:
        """The latest reading of its page, None if it was never read."""
        return self.item.content.page

    @property
    def page_text(self) -> str | None:
        """What its page says as far as we know; None if it was never read, or was erased."""
        return self.texts.get(self.face.text) if self.face else None


@dataclass(frozen=True, slots=True)
class PageDecision:
    """What one visit adds to what is known. `texts`: to be stored under their items before the events are appended.

    `keep`: an event rests on the bytes of this visit, so that their capture has to be kept. `again`: something waits to
    settle, so look again that soon (None = when the schedule says). `reread`: take the page in whole at the next visit,
    whether its bytes changed or not: keep no validators and no digest of them. `reason`: what is wrong with the page,
    to be shown ("" = nothing): block-page, doubtful, missing, gone, unreachable, or that of a `PageUnread`.
    """

    events: tuple[Event, ...]
    memory: PageMemory
    texts: tuple[tuple[ItemId, str], ...] = ()
    keep: bool = False
    again: timedelta | None = None
    reread: bool = False
    reason: str = ""

    @property
    def doubtful(self) -> bool:
        """Nothing is settled yet: a further visit will."""
        return self.again is not None

    @property
    def edited(self) -> bool:
        """The page said something new of its own, so that it is worth looking at more often for a while."""
        return any(isinstance(event, ItemRevised) and event.hold in ("", "other-face") for event in self.events)

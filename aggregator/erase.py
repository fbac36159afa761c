"""Takes an item's words out of the record for good: which captures show it, and the one transaction that removes all.

In: an item, who erases it and why. Out: the store without its words; the log keeps that it was, and still verifies. A
capture holds a whole document, so each one of the feed is read again: it goes if an entry of it has a name or the words
of the item, and also if it cannot be read. The captures of its own page go too, and those of other items' pages stay.
What came in while they were read goes unread. All of it is one transaction.
Afterwards the item's entry is ignored for as long as the source lists it, and such documents are not kept
(`aggregator.deciding.decide`).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.deciding.memory import FeedMemory, dump
from aggregator.deciding.normalise import FeedProfile, ObservedItem, normalise, policy_for
from aggregator.outcome import ParseFailed
from aggregator.page.record import forgotten
from aggregator.parse.pool import ParsePool
from aggregator.remembered import remembered
from store.events import (
    CaptureDigest,
    ItemCompleted,
    ItemId,
    ItemPublished,
    ItemRekeyed,
    ItemRevised,
    Key,
    TextErased,
    feed_stream,
)
from store.ports import Capture, Erased, Store, Transaction
from store.walk import events


@dataclass(frozen=True, slots=True)
class Sought:
    """By what an entry is known to be the item: its names, and its words in every version."""

    item: ItemId
    keys: frozenset[Key]
    words: frozenset[str]

    @classmethod
    def of(cls, tx: Transaction, item: ItemId) -> "Sought":
        """What the log and the text store say of it."""
        lived = [one.event for one in events(tx.log, subject=item)]
        keys = {key for e in lived if isinstance(e, ItemPublished | ItemRevised | ItemRekeyed) for key in e.keys}
        contents = [e.content for e in lived if isinstance(e, ItemPublished | ItemRevised)]
        words = tx.texts.get({digest for content in contents for digest in (content.title, content.text)})
        return cls(item, frozenset(keys), frozenset(filter(None, words.values())))

    def is_shown(self, entries: Collection[ObservedItem]) -> bool:
        """Whether one of these entries is the item, or says what it said."""
        return any(
            entry.id == self.item or not self.keys.isdisjoint(entry.keys) or not self.words.isdisjoint(_said(entry))
            for entry in entries
        )


def _said(entry: ObservedItem) -> tuple[str, str]:
    return entry.title, entry.text


@dataclass(frozen=True, slots=True)
class Findings:
    """`read`: the captures that were looked at; `shows`: those among them that must go."""

    read: frozenset[CaptureDigest]
    shows: frozenset[CaptureDigest]


async def find_captures(
    store: Store,
    item: ItemId,
    profile: FeedProfile,
    encoding: str,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Findings:
    """Which captures show the item. `profile` and `encoding` are of its feed; `progress` hears (read, of)."""
    with store.read() as tx:
        sought, candidates = Sought.of(tx, item), tx.erasure.captures(item)
        memory = remembered(tx, profile)
        pages = _page_captures(tx)
    shows = {digest for digest in candidates if item in pages.get(digest, ())}
    documents = sorted(candidates - pages.keys())
    parser = ParsePool()
    try:
        for number, digest in enumerate(documents, start=1):
            with store.read() as tx:
                capture = tx.captures.get(digest)
            if capture and await _shows(parser, capture, sought, profile, encoding, memory):
                shows.add(digest)
            progress(number, len(documents))
    finally:
        await parser.close()
    return Findings(frozenset(candidates), frozenset(shows))


def _page_captures(tx: Transaction) -> dict[CaptureDigest, set[ItemId]]:
    """The captures of pages, each with the items whose page it showed."""
    pages: dict[CaptureDigest, set[ItemId]] = {}
    for one in events(tx.log, kinds=[ItemCompleted.KIND, ItemRevised.KIND]):
        event = one.event
        if isinstance(event, ItemCompleted | ItemRevised) and event.content.page:
            pages.setdefault(event.content.page.capture, set()).add(event.item)
    return pages


async def _shows(
    parser: ParsePool, capture: Capture, sought: Sought, profile: FeedProfile, encoding: str, memory: FeedMemory
) -> bool:
    """Whether the document shows the item; one that cannot be read may."""
    parsed = await parser.parse(
        capture.body, capture.content_type, capture.url, encoding=encoding, timezone=profile.timezone
    )  # fmt: skip
    if isinstance(parsed, ParseFailed):
        return True
    return sought.is_shown(normalise(parsed, profile, policy_for(parsed, profile, memory.identity)))


def erase(
    tx: Transaction, item: ItemId, profile: FeedProfile, findings: Findings, *, who: str, why: str, now: datetime
) -> Erased | None:
    """Write into the log that the item is erased, and remove its words; None if they are gone already."""
    known = tx.items.get([item])[item]
    if known.erased:
        return None
    unread = tx.erasure.captures(item) - findings.read
    tx.log.append(feed_stream(known.feed), [TextErased(item, who, why)], now=now)
    tx.visits.save([forgotten(visit) for visit in tx.visits.get([item]).values()])
    if state := tx.polls.all().get(known.feed):
        memory = remembered(tx, profile)
        tx.polls.save([replace(state, memory="" if memory.lost else dump(forget(memory, item)))])
    return tx.erasure.erase(item, findings.shows | unread)


def forget(memory: FeedMemory, item: ItemId) -> FeedMemory:
    """The memory without what it keeps of the item beyond its id: its link, and prints of what it said."""
    suspects = tuple(each for each in memory.suspects if each.item != item)
    restless = {each: unrest for each, unrest in memory.restless.items() if each != item}
    volatile = {each: spots for each, spots in memory.volatile.items() if each != item}
    return replace(memory, suspects=suspects, restless=restless, volatile=volatile)

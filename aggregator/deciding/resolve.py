"""Which observed entry is which known item, and which came under a new name. Pure.

In come the entries of one document and what the store knows by their keys; out comes a match for each entry: the known
item it is, or none (it is new). No known item is matched twice: two listed entries are two items, whatever they share.
An entry under a new id is an old item re-keyed only if that item has left the same document.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from aggregator.deciding.memory import IdentityPolicy
from aggregator.deciding.normalise import ObservedItem
from store.chain import text_digest
from store.events import ItemId, Key
from store.ports import KnownItem

LONG_TEXT = 200
"""Code points from which an equal title and text identify a statement even under another date."""

_MOST_PAIRS = 20_000  # salted digests to compute in search of equal words; beyond it only links are compared


@dataclass(frozen=True, slots=True)
class Match:
    """An observed entry and the item it is, None = new. `rekeyed` names why another name is the same item ("" = it is
    known by this name); `familiar`: it is new, but its link or its words belong to a known item too.
    """

    seen: ObservedItem
    known: KnownItem | None
    rekeyed: str = ""
    familiar: bool = False


def resolve(
    observed: Sequence[ObservedItem],
    aliases: Mapping[Key, ItemId],
    items: Mapping[ItemId, KnownItem],
    window: Collection[ItemId],
    policy: IdentityPolicy,
    *,
    upgraded: bool = False,
) -> tuple[Match, ...]:
    """A match for each entry, in document order. `window`: items of the last accepted document and open suspects.
    `upgraded`: another parser of ours read that one, and may have named its entries otherwise.
    """
    known: dict[int, KnownItem] = {}
    taken: set[ItemId] = set()

    def take(index: int, item: ItemId | None) -> bool:
        if item is None or item in taken or item not in items:
            return False
        known[index] = items[item]
        taken.add(item)
        return True

    for index, entry in enumerate(observed):
        take(index, entry.id)
    for index, entry in enumerate(observed):
        if index not in known:
            take(index, aliases.get(entry.identity))
    unmatched = [index for index in range(len(observed)) if index not in known]
    left = [items[item] for item in window if item in items and item not in taken]
    reasons: dict[int, str] = {}
    for index in unmatched:
        entry = observed[index]
        other = aliases.get(entry.link_key) if entry.link_key else None
        item = items.get(other) if other else None
        if item and _same_by_link(entry, item, item.id in window, len(observed)) and take(index, item.id):
            reasons[index] = "same link"
    if len(unmatched) * len(left) <= _MOST_PAIRS:
        for index in unmatched:
            for item in left:
                same = index not in known and _same_by_words(observed[index], item, policy, upgraded=upgraded)
                if same and take(index, item.id):
                    reasons[index] = "same title and text"
    new = [observed[i] for i in unmatched if i not in known]
    alike = _familiar(new, aliases, [items[item] for item in window if item in items], taken)
    return tuple(
        Match(entry, known.get(i), reasons.get(i, ""), i not in known and entry.id in alike)
        for i, entry in enumerate(observed)
    )


def same_words(entry: ObservedItem, item: KnownItem) -> bool:
    """Title and text are exactly those of the item's latest version."""
    return (
        text_digest(item.salt, entry.title) == item.content.title
        and text_digest(item.salt, entry.text) == item.content.text
    )


def _same_by_link(entry: ObservedItem, item: KnownItem, listed_last: bool, entries: int) -> bool:
    """The item that had this link is this entry: it was listed until now, or says the same. Where a feed shows a single
    entry, nothing shows that links tell its statements apart: title or text must agree. Of an erased item nothing is
    left to agree with: its link is enough, for it must not come back as another one.
    """
    if item.erased or (listed_last and entries > 1):
        return True
    return text_digest(item.salt, entry.title) == item.content.title or (
        bool(entry.text) and text_digest(item.salt, entry.text) == item.content.text
    )


def _same_by_words(entry: ObservedItem, item: KnownItem, policy: IdentityPolicy, *, upgraded: bool) -> bool:
    """Equal words are the same statement if they are many, or claim the same date; bulletins repeat short ones. A title
    claimed for the same minute is enough. Where our own parser may have named the entry otherwise, equal words are.
    """
    if not entry.title and not entry.text:
        return False
    content = item.content
    same_date = (entry.published, entry.updated) == (content.published, content.updated) and bool(
        entry.published or entry.updated
    )
    if same_date and entry.title and _to_the_minute(entry) and text_digest(item.salt, entry.title) == content.title:
        return True
    enough = upgraded or len(entry.text) >= LONG_TEXT or same_date or (policy == "title" and bool(entry.text))
    return enough and same_words(entry, item)


def _to_the_minute(entry: ObservedItem) -> bool:
    """The claimed time is finer than an hour, so that a title at that time names one statement."""
    claimed = entry.published_at or entry.updated_at
    return claimed is not None and (claimed.minute, claimed.second) != (0, 0)


def _familiar(
    new: Sequence[ObservedItem], aliases: Mapping[Key, ItemId], known: Sequence[KnownItem], listed: Collection[ItemId]
) -> set[ItemId]:
    """New entries that may be old ones reissued: their link is known, or an item that left had their text, or it alone
    had their title (titles that many entries share say nothing).
    """
    alike = {entry.id for entry in new if entry.link_key and entry.link_key in aliases}
    if len(new) * len(known) > _MOST_PAIRS:
        return alike
    for entry in new:
        titled = [item for item in known if entry.title and text_digest(item.salt, entry.title) == item.content.title]
        if (len(titled) == 1 and titled[0].id not in listed) or (
            entry.text
            and any(item.id not in listed and text_digest(item.salt, entry.text) == item.content.text for item in known)
        ):
            alike.add(entry.id)
    return alike

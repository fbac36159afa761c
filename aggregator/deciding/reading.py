"""What one document as a whole says about the window: gaps and places, older copies, suspicions, tombstones. Pure.

In comes a plan with the texts it asked for; out comes a `Reading`, from which `decide` makes events, and the window to
remember.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from aggregator.deciding import reissue, withdrawal
from aggregator.deciding.identity import comparable_link
from aggregator.deciding.memory import Growth, Listed, Suspect
from aggregator.deciding.plan import Loaded, Plan, tombstone_keys
from aggregator.deciding.resolve import Match
from aggregator.deciding.revise import Revisions, find_changes
from aggregator.deciding.window import Gaps, Place, Row, find_gaps, growth, place_new, rolling
from store.codec import about_from_text
from store.events import ItemId, ItemWithdrawn

OLDER_COPY_LACKS = 3
"""Newest entries missing at once, from which a document that holds only known ones is taken for an older copy."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document as a whole says. `known`: size of the known window; `renamed`: entries under new names that are
    known by their link or words. `reissued`: much changed at once. `stale`: it, or the last one, is an older copy.
    `gap`: how many entries left, where the whole window did and nothing tells what came in between (0: no gap).
    `waits`: a tombstone waits, because another feed of the source lists its item still.
    """

    revisions: Revisions
    gaps: Gaps
    places: Mapping[ItemId, Place]
    grows: Growth
    entombed: tuple[ItemWithdrawn, ...]
    known: int
    renamed: int
    reissued: bool
    older_copy: bool
    stale: bool
    gap: int
    waits: bool = False


def read(plan: Plan, loaded: Loaded) -> Reading:
    """Read a document of a feed that we know."""
    memory = plan.look.memory
    revisions = find_changes(plan, loaded)
    known_items = {match.known.id for match in plan.matches if match.known}
    rows = list(zip(listed(plan), plan.look.dates, strict=True))
    grows = growth(rows, known_items, memory.grows)
    gaps = _gaps(plan, grows)
    known = len(memory.window) or sum(match.known is not None for match in plan.matches)
    renamed = sum(bool(match.rekeyed) or match.familiar for match in plan.matches)
    places = _places(plan, rows, known_items, grows)
    older_copy = _is_older_copy(plan, gaps, places, revisions)
    reissued = reissue.is_reissue(known, revisions.touched + renamed) or revisions.alike
    entombed = _entombed(plan)
    proved = tuple(event for event in entombed if event.item not in loaded.family.listed_elsewhere)
    return Reading(
        revisions=revisions,
        gaps=gaps,
        places=places,
        grows=grows,
        entombed=proved,
        known=known,
        renamed=renamed,
        reissued=reissued,
        older_copy=older_copy,
        stale=older_copy or any(each.stale for each in memory.suspects),
        gap=0 if reissued else _gap(plan, gaps),
        waits=len(proved) < len(entombed),
    )


def _is_older_copy(plan: Plan, gaps: Gaps, places: Mapping[ItemId, Place], revisions: Revisions) -> bool:
    """The document is the feed as it was before (a cache out of step): nothing new in it, its newest entries missing,
    and either as many older ones back below, or texts back at earlier versions.
    """
    if not gaps.from_the_top or not gaps.holes or any(not place.surfaced for place in places.values()):
        return False
    before = plan.look.remembered
    back = sum(item not in before for item in listed(plan))
    reverted = any(change.reverts_to is not None for change in revisions.changes)
    return reverted or (len(gaps.holes) >= OLDER_COPY_LACKS and back >= len(gaps.holes))


def _gap(plan: Plan, gaps: Gaps) -> int:
    """How many entries rolled by, if none that would still be listed is, and most that are were never seen. What stays
    whatever rolls past (pinned lists, strays) does not count; a list of one entry rolls with each new one.
    """
    window = plan.look.memory.window
    rolled = rolling(window) - gaps.strays
    staying = {entry.item for entry in window} - rolled
    known = any(match.known and match.known.id not in staying for match in plan.matches)
    unseen, familiar = unseen_and_familiar(plan)
    return len(rolled) if len(rolled) > 1 and not known and unseen > familiar else 0


def unseen_and_familiar(plan: Plan) -> tuple[int, int]:
    """How many entries were never seen before, and how many are new by name alone."""
    new = [match for match in plan.matches if match.known is None]
    familiar = sum(match.familiar for match in new)
    return len(new) - familiar, familiar


def item_of(match: Match) -> ItemId:
    """The item that an entry is, known or new."""
    return match.known.id if match.known else match.seen.id


def listed(plan: Plan) -> tuple[ItemId, ...]:
    """The items that the document lists, in its order."""
    return tuple(item_of(match) for match in plan.matches)


def _gaps(plan: Plan, grows: Growth) -> Gaps:
    before = {entry.item for entry in plan.look.memory.window}
    present = listed(plan)
    return find_gaps(plan.look.memory.window, present, sum(item not in before for item in present), grows)


def _places(plan: Plan, rows: Sequence[Row], known: Collection[ItemId], grows: Growth) -> dict[ItemId, Place]:
    window = plan.look.memory.window
    most_remain = bool(window) and sum(entry.item in known for entry in window) * 2 >= len(window)
    looked_at = int(plan.look.seen_at.timestamp())
    return place_new(rows, known, looked_at=looked_at, grows=grows if most_remain else "")


def window_after(plan: Plan, gaps: Gaps, places: Mapping[ItemId, Place]) -> tuple[Listed, ...]:
    """The window to remember. Strays: what came up from below, and what outlived newer ones."""
    memory = plan.look.memory
    before = {entry.item: entry for entry in memory.window}
    suspected = {each.item for each in memory.suspects}

    def is_stray(match: Match) -> bool:
        item = item_of(match)
        if match.known is None:
            return item in places and places[item].surfaced
        if item in before:
            return before[item].stray or item in gaps.strays
        came_back = match.known.state == "published" and item not in suspected and not match.rekeyed
        return came_back and bool(before)

    return tuple(
        Listed(item_of(match), date, is_stray(match)) for match, date in zip(plan.matches, plan.look.dates, strict=True)
    )


def suspects_after(plan: Plan, loaded: Loaded, reading: Reading) -> list[Suspect]:
    """Suspicions that are open, and new ones. An item whose link a listed entry shares has no page of its own."""
    look = plan.look
    buried = {event.item for event in reading.entombed}
    shared = {comparable_link(match.seen.about.link) for match in plan.matches}
    suspects = [each for each in look.memory.suspects if each.item not in buried]
    for hole in reading.gaps.holes:
        known = plan.items.get(hole.item)
        if known is None or known.state != "published" or hole.item in buried:
            continue
        link = known_link(plan, loaded, hole.item)
        own = link if comparable_link(link) not in shared else ""
        suspects.append(
            withdrawal.suspect(
                hole.item, hole.older, own, last_seen_at=look.seen_at, at=look.at, stale=reading.older_copy
            )
        )
    return suspects


def _entombed(plan: Plan) -> tuple[ItemWithdrawn, ...]:
    look = plan.look
    present = set(listed(plan))
    window = {entry.item for entry in look.memory.window}
    missed = {each.item: each.last_seen_at for each in look.memory.suspects}
    found = {}
    for stone in look.tombstones:
        for each in tombstone_keys(stone):
            known = plan.items.get(plan.aliases[each]) if each in plan.aliases else None
            if known and known.state != "withdrawn" and known.id not in present:
                seen_at = look.seen_at if known.id in window else missed.get(known.id, known.changed_at)
                found[known.id] = withdrawal.entombed(
                    look.profile.id, known.id, stone.when, last_seen_at=seen_at, at=look.at
                )
    return tuple(found.values())


def known_link(plan: Plan, loaded: Loaded, item: ItemId) -> str:
    """The link of a known item's latest version, "" where there is none or it was not asked for."""
    known = plan.items.get(item)
    about = loaded.texts.get(known.content.about) if known else None
    return about_from_text(about).link if about else ""

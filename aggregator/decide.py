"""The heart: what is known, and what a good poll showed, become events. Pure.

Call in this order, all but the reading between them without I/O:

1. `plan.look_at(profile, memory, observation, last_good_at)` gives a `Look`, or `Refused` (a failed poll);
2. read `look.keys` and `look.items` from the store; `plan.survey(look, aliases, items)` gives a `Plan`;
3. read what the plan names; `decide(plan, loaded)` gives a `Decision`: append its events, store its texts and memory;
4. ask the pages in `Decision.probes`; `decide_pages(profile, memory, answers)` gives one more `Decision`.

The same document twice gives no events the second time, and nothing here depends on any other feed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aggregator import reissue, withdrawal
from aggregator.identity import comparable_link
from aggregator.memory import FeedMemory, Listed, Suspect
from aggregator.normalise import FeedProfile, ObservedItem
from aggregator.outcome import PageProbe, PageSeen
from aggregator.plan import Loaded, Look, Plan, content_of, texts_of, tombstone_keys
from aggregator.resolve import Match
from aggregator.revise import Revisions, find_changes, new_keys, record
from aggregator.window import Gaps, Place, find_gaps, place_new
from store.codec import about_from_text
from store.events import (
    Event,
    FeedBaselined,
    FeedReissued,
    ItemId,
    ItemPublished,
    ItemRekeyed,
    ItemRestored,
    ItemWithdrawn,
)

OLDER_COPY_LACKS = 3
"""Newest entries missing at once, from which a document that holds only known ones is taken for an older copy."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one poll, or one round of page probes, adds to what is known.

    `texts`: to be stored under their items before the events are appended. `open`: a suspicion or a doubt is open, so
    even an unchanged document must be decided upon. `reread`: a change waits to settle, so keep no validators and no
    body digest, and read the document again next time. `new`: statements published, the baseline apart.
    """

    events: tuple[Event, ...]
    memory: FeedMemory
    texts: tuple[tuple[ItemId, str], ...] = ()
    probes: tuple[PageProbe, ...] = ()
    open: bool = False
    reread: bool = False
    new: int = 0


def decide(plan: Plan, loaded: Loaded) -> Decision:
    """The events that this poll proves, and what to remember of it."""
    if plan.look.observed is None:
        return _confirm(plan, loaded)
    if _is_baseline(plan):
        return _baseline(plan, loaded)
    return _compare(plan, loaded)


def decide_pages(profile: FeedProfile, memory: FeedMemory, answers: Sequence[PageSeen]) -> Decision:
    """Turn the answers of probed pages into events, in the pass that asked."""
    events: list[Event] = []
    suspects = {each.item: each for each in memory.suspects}
    for answer in answers:
        each = suspects.get(answer.item)
        if each is None or each.absent_at is None:
            continue
        each, concluded = withdrawal.conclude(profile.id, each, answer)
        if concluded:
            events.append(concluded)
            del suspects[answer.item]
        else:
            suspects[answer.item] = each
    memory = replace(memory, suspects=tuple(suspects.values()))
    return Decision(tuple(events), memory, open=_is_open(memory))


# --- the three cases of a good poll -----------------------------------------------------------------------------------


def _confirm(plan: Plan, loaded: Loaded) -> Decision:
    """The last accepted document is still the one (304, or the same body): it confirms absences, and nothing moved."""
    look = plan.look
    absences = withdrawal.confirm(
        look.profile.id,
        look.memory.suspects,
        {entry.item for entry in look.memory.window},
        every=look.profile.every,
        at=look.at,
        capture=look.capture,
    )
    memory = replace(look.memory, suspects=absences.suspects, restless={})
    siblings = {entry.item: _known_link(plan, loaded, entry.item) for entry in memory.window}
    probes = withdrawal.probes_due(memory.suspects, siblings, look.at)
    return Decision(absences.events, memory, probes=probes, open=_is_open(memory))


def _baseline(plan: Plan, loaded: Loaded) -> Decision:
    """The first good document of a feed, or of the address that it was moved to by hand: recorded, and no news."""
    look = plan.look
    published = [
        _published(plan, loaded, match, Place(), hold=_first_fetch_hold(look, match.seen), baseline=True)
        for match in reversed(plan.matches)
        if match.known is None
    ]
    identity = look.memory.identity or "auto"
    done = FeedBaselined(look.profile.id, len(plan.matches), identity, look.capture)
    memory = replace(
        look.memory,
        baselined=True,
        url=look.profile.url,
        parser=look.parser,
        window=_window(plan, Gaps(), {}),
        suspects=(),
        restless={},
        lost=False,
    )
    return Decision((*published, done), memory, _new_texts(plan), open=_is_open(memory))


def _compare(plan: Plan, loaded: Loaded) -> Decision:
    """A document of a feed that we know."""
    look = plan.look
    reading = _read(plan, loaded)
    revised = [
        record(plan, loaded, change, reissued=reading.reissued, stale=reading.stale)
        for change in reading.revisions.changes
    ]
    published = [
        _published(plan, loaded, match, reading.places[match.seen.id], hold=_new_hold(match, reading))
        for match in reversed(plan.matches)
        if match.known is None
    ]
    absences = withdrawal.confirm(
        look.profile.id,
        _suspects(plan, loaded, reading),
        _listed(plan),
        every=look.profile.every,
        at=look.at,
        capture=look.capture,
    )
    memory = replace(
        look.memory,
        url=look.profile.url,
        parser=look.parser,
        window=_window(plan, reading.gaps, reading.places),
        suspects=absences.suspects,
        restless=reading.revisions.restless,
        boilerplate=reading.revisions.boilerplate,
        lost=False,
    )
    siblings = {item: match.seen.about.link for match, item in zip(plan.matches, _listed(plan), strict=True)}
    return Decision(
        events=(
            *_rekeyed(plan),
            *_restored(plan),
            *(event for event, _ in revised),
            *published,
            *reading.entombed,
            *absences.events,
            *_notes(look, reading),
        ),
        memory=memory,
        texts=(*(text for _, texts in revised for text in texts), *_new_texts(plan)),
        probes=withdrawal.probes_due(memory.suspects, siblings, look.at),
        open=_is_open(memory),
        reread=reading.revisions.unsettled,
        new=len(published),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a document as a whole says. `known`: size of the known window; `renamed`: entries under new names that are
    known by their link or words. `reissued`: much changed at once. `stale`: it, or the last one, is an older copy.
    """

    revisions: Revisions
    gaps: Gaps
    places: Mapping[ItemId, Place]
    entombed: tuple[ItemWithdrawn, ...]
    known: int
    renamed: int
    reissued: bool
    older_copy: bool
    stale: bool


def _read(plan: Plan, loaded: Loaded) -> _Reading:
    memory = plan.look.memory
    revisions = find_changes(plan, loaded)
    gaps = _gaps(plan)
    known = len(memory.window) or sum(match.known is not None for match in plan.matches)
    renamed = sum(bool(match.rekeyed) or match.familiar for match in plan.matches)
    places = _places(plan)
    older_copy = _is_older_copy(plan, gaps, places, revisions)
    return _Reading(
        revisions=revisions,
        gaps=gaps,
        places=places,
        entombed=_entombed(plan),
        known=known,
        renamed=renamed,
        reissued=reissue.is_reissue(known, revisions.touched + renamed) or revisions.alike,
        older_copy=older_copy,
        stale=older_copy or any(each.stale for each in memory.suspects),
    )


def _is_older_copy(plan: Plan, gaps: Gaps, places: Mapping[ItemId, Place], revisions: Revisions) -> bool:
    """The document is the feed as it was before (a cache out of step): nothing new in it, its newest entries missing,
    and either as many older ones back below, or texts back at earlier versions.
    """
    if not gaps.from_the_top or not gaps.holes or any(not place.surfaced for place in places.values()):
        return False
    before = plan.look.remembered
    back = sum(item not in before for item in _listed(plan))
    reverted = any(change.reverts_to is not None for change in revisions.changes)
    return reverted or (len(gaps.holes) >= OLDER_COPY_LACKS and back >= len(gaps.holes))


# --- parts ------------------------------------------------------------------------------------------------------------


def _is_baseline(plan: Plan) -> bool:
    """Nothing was recorded before, or the operator pointed the feed to another address that shares nothing with it."""
    memory = plan.look.memory
    if not memory.baselined:
        return True
    elsewhere = bool(memory.url) and memory.url != plan.look.profile.url
    return elsewhere and bool(plan.matches) and not any(match.known for match in plan.matches)


def _is_open(memory: FeedMemory) -> bool:
    return bool(memory.suspects or memory.smaller or memory.restless)


def _item(match: Match) -> ItemId:
    return match.known.id if match.known else match.seen.id


def _listed(plan: Plan) -> tuple[ItemId, ...]:
    return tuple(_item(match) for match in plan.matches)


def _published(
    plan: Plan, loaded: Loaded, match: Match, place: Place, *, hold: str, baseline: bool = False
) -> ItemPublished:
    look, seen = plan.look, match.seen
    return ItemPublished(
        item=seen.id,
        feed=look.profile.id,
        keys=(seen.identity, *(alias for alias in seen.aliases if alias not in plan.aliases)),
        content=content_of(seen, loaded.salts[seen.id]),
        baseline=baseline,
        backdated=place.backdated,
        surfaced=place.surfaced,
        hold=hold,
        capture=look.capture,
        parser=look.parser,
    )


def _new_texts(plan: Plan) -> tuple[tuple[ItemId, str], ...]:
    return tuple(pair for match in plan.matches if not match.known for pair in texts_of(match.seen, match.seen.id))


def _first_fetch_hold(look: Look, seen: ObservedItem) -> str:
    wish = look.profile.first_fetch
    if wish == "all":
        return ""
    if wish == "silent":
        return "first-fetch"
    claimed = seen.published_at or seen.updated_at
    return "" if claimed and claimed >= look.at - wish else "first-fetch"


def _new_hold(match: Match, reading: _Reading) -> str:
    if reading.reissued and match.familiar:
        return "reissue"
    return "surfaced" if reading.places[match.seen.id].surfaced else ""


def _gaps(plan: Plan) -> Gaps:
    before = {entry.item for entry in plan.look.memory.window}
    present = _listed(plan)
    return find_gaps(plan.look.memory.window, present, entered=sum(item not in before for item in present))


def _places(plan: Plan) -> dict[ItemId, Place]:
    known = {match.known.id for match in plan.matches if match.known}
    window = plan.look.memory.window
    remain = sum(entry.item in known for entry in window)
    rows = list(zip(_listed(plan), plan.look.dates, strict=True))
    looked_at = int(plan.look.seen_at.timestamp())
    return place_new(rows, known, looked_at=looked_at, most_remain=bool(window) and remain * 2 >= len(window))


def _window(plan: Plan, gaps: Gaps, places: Mapping[ItemId, Place]) -> tuple[Listed, ...]:
    memory = plan.look.memory
    before = {entry.item: entry for entry in memory.window}
    suspected = {each.item for each in memory.suspects}

    def is_stray(match: Match) -> bool:
        item = _item(match)
        if match.known is None:
            return item in places and places[item].surfaced
        if item in before:
            return before[item].stray or item in gaps.strays
        came_back = match.known.state == "published" and item not in suspected and not match.rekeyed
        return came_back and bool(before)

    return tuple(
        Listed(_item(match), date, is_stray(match)) for match, date in zip(plan.matches, plan.look.dates, strict=True)
    )


def _rekeyed(plan: Plan) -> list[ItemRekeyed]:
    return [
        ItemRekeyed(match.known.id, plan.look.profile.id, new_keys(plan, match.seen), match.rekeyed)
        for match in plan.matches
        if match.known and match.rekeyed
    ]


def _restored(plan: Plan) -> list[ItemRestored]:
    look = plan.look
    return [
        ItemRestored(match.known.id, look.profile.id, match.known.state, look.capture)
        for match in plan.matches
        if match.known and match.known.state != "published"
    ]


def _suspects(plan: Plan, loaded: Loaded, reading: _Reading) -> list[Suspect]:
    """Suspicions that are open, and new ones. An item whose link a listed entry shares has no page of its own."""
    look = plan.look
    buried = {event.item for event in reading.entombed}
    shared = {comparable_link(match.seen.about.link) for match in plan.matches}
    suspects = [each for each in look.memory.suspects if each.item not in buried]
    for hole in reading.gaps.holes:
        known = plan.items.get(hole.item)
        if known is None or known.state != "published" or hole.item in buried:
            continue
        link = _known_link(plan, loaded, hole.item)
        own = link if comparable_link(link) not in shared else ""
        suspects.append(
            withdrawal.suspect(
                hole.item, hole.older, own, last_seen_at=look.seen_at, at=look.at, stale=reading.older_copy
            )
        )
    return suspects


def _entombed(plan: Plan) -> tuple[ItemWithdrawn, ...]:
    look = plan.look
    listed = set(_listed(plan))
    window = {entry.item for entry in look.memory.window}
    found = {}
    for stone in look.tombstones:
        for each in tombstone_keys(stone):
            known = plan.items.get(plan.aliases[each]) if each in plan.aliases else None
            if known and known.state != "withdrawn" and known.id not in listed:
                seen_at = look.seen_at if known.id in window else known.changed_at
                found[known.id] = withdrawal.entombed(
                    look.profile.id, known.id, stone.when, last_seen_at=seen_at, at=look.at
                )
    return tuple(found.values())


def _notes(look: Look, reading: _Reading) -> list[FeedReissued]:
    feed, known, revisions = look.profile.id, reading.known, reading.revisions
    if reading.reissued:
        return [FeedReissued(feed, look.at, "reissue", known, revisions.touched, reading.renamed)]
    if reissue.is_reissue(known, revisions.shared):
        return [FeedReissued(feed, look.at, "template", known, revisions.shared, 0)]
    return []


def _known_link(plan: Plan, loaded: Loaded, item: ItemId) -> str:
    known = plan.items.get(item)
    about = loaded.texts.get(known.content.about) if known else None
    return about_from_text(about).link if about else ""

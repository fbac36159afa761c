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
    revisions = find_changes(plan, loaded)
    rekeyed = [match for match in plan.matches if match.rekeyed]
    familiar = sum(match.familiar for match in plan.matches)
    known = len(look.memory.window) or sum(match.known is not None for match in plan.matches)
    reissued = reissue.is_reissue(known, revisions.touched + len(rekeyed) + familiar)
    gaps = _gaps(plan)
    places = _places(plan)
    events: list[Event] = []
    texts: list[tuple[ItemId, str]] = []
    for match in rekeyed:
        if match.known:
            events.append(ItemRekeyed(match.known.id, look.profile.id, new_keys(plan, match.seen), match.rekeyed))
    events += _restored(plan)
    for change in revisions.changes:
        event, needed = record(plan, loaded, change, reissued=reissued)
        events.append(event)
        texts += needed
    published = [
        _published(plan, loaded, match, places[match.seen.id], hold=_new_hold(match, places, reissued=reissued))
        for match in reversed(plan.matches)
        if match.known is None
    ]
    events += published
    entombed = _entombed(plan)
    events += entombed
    absences = withdrawal.confirm(
        look.profile.id,
        [
            *(each for each in look.memory.suspects if each.item not in {event.item for event in entombed}),
            *_suspects(plan, loaded, gaps, entombed),
        ],
        _listed(plan),
        every=look.profile.every,
        at=look.at,
        capture=look.capture,
    )
    events += absences.events
    events += _notes(look, known, revisions, len(rekeyed) + familiar, reissued=reissued)
    memory = replace(
        look.memory,
        url=look.profile.url,
        parser=look.parser,
        window=_window(plan, gaps, places),
        suspects=absences.suspects,
        restless=revisions.restless,
        boilerplate=revisions.boilerplate,
        lost=False,
    )
    siblings = {item: match.seen.about.link for match, item in zip(plan.matches, _listed(plan), strict=True)}
    return Decision(
        events=tuple(events),
        memory=memory,
        texts=(*texts, *_new_texts(plan)),
        probes=withdrawal.probes_due(memory.suspects, siblings, look.at),
        open=_is_open(memory),
        reread=revisions.unsettled,
        new=len(published),
    )


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


def _new_hold(match: Match, places: Mapping[ItemId, Place], *, reissued: bool) -> str:
    if reissued and match.familiar:
        return "reissue"
    return "surfaced" if places[match.seen.id].surfaced else ""


def _gaps(plan: Plan) -> Gaps:
    before = {entry.item for entry in plan.look.memory.window}
    present = _listed(plan)
    return find_gaps(plan.look.memory.window, present, entered=sum(item not in before for item in present))


def _places(plan: Plan) -> dict[ItemId, Place]:
    known = {match.known.id for match in plan.matches if match.known}
    window = plan.look.memory.window
    remain = sum(entry.item in known for entry in window)
    rows = list(zip(_listed(plan), plan.look.dates, strict=True))
    return place_new(rows, known, most_remain=bool(window) and remain * 2 >= len(window))


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


def _restored(plan: Plan) -> list[ItemRestored]:
    look = plan.look
    return [
        ItemRestored(match.known.id, look.profile.id, match.known.state, look.capture)
        for match in plan.matches
        if match.known and match.known.state != "published"
    ]


def _suspects(plan: Plan, loaded: Loaded, gaps: Gaps, entombed: Sequence[ItemWithdrawn]) -> list[Suspect]:
    """New suspicions. An item whose link a listed entry shares has no page of its own to ask."""
    look = plan.look
    buried = {event.item for event in entombed}
    shared = {comparable_link(match.seen.about.link) for match in plan.matches}
    suspects = []
    for hole in gaps.holes:
        known = plan.items.get(hole.item)
        if known is None or known.state != "published" or hole.item in buried:
            continue
        link = _known_link(plan, loaded, hole.item)
        own = link if comparable_link(link) not in shared else ""
        suspects.append(withdrawal.suspect(hole.item, hole.older, own, last_seen_at=look.seen_at, at=look.at))
    return suspects


def _entombed(plan: Plan) -> list[ItemWithdrawn]:
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
    return list(found.values())


def _notes(look: Look, known: int, revisions: Revisions, renamed: int, *, reissued: bool) -> list[FeedReissued]:
    if reissued:
        return [FeedReissued(look.profile.id, look.at, "reissue", known, revisions.touched, renamed)]
    if reissue.is_reissue(known, revisions.shared):
        return [FeedReissued(look.profile.id, look.at, "template", known, revisions.shared, 0)]
    return []


def _known_link(plan: Plan, loaded: Loaded, item: ItemId) -> str:
    known = plan.items.get(item)
    about = loaded.texts.get(known.content.about) if known else None
    return about_from_text(about).link if about else ""

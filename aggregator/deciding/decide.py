"""The heart: what is known, and what a good poll showed, become events. Pure.

Call in this order, all but the reading between them without I/O:

1. `plan.look_at(profile, memory, observation, last_good_at)` gives a `Look`, or `Refused` (a failed poll);
2. read `look.keys` and `look.items` from the store; `plan.survey(look, aliases, items)` gives a `Plan`;
3. read what the plan names; `decide(plan, loaded)` gives a `Decision`: append its events, store its texts and memory;
4. ask the pages in `Decision.probes`; `decide_pages(profile, memory, answers)` gives one more `Decision`.

The same document twice gives no events the second time. Of other feeds nothing counts but what feeds of the same source
have under the same links (`Loaded.family`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aggregator.deciding import reissue, withdrawal
from aggregator.deciding.memory import FeedMemory
from aggregator.deciding.normalise import FeedProfile, ObservedItem
from aggregator.deciding.plan import Loaded, Look, Plan, first_sight, texts_of
from aggregator.deciding.reading import (
    Reading,
    known_link,
    listed,
    read,
    suspects_after,
    unseen_and_familiar,
    window_after,
)
from aggregator.deciding.resolve import Match
from aggregator.deciding.revise import new_keys, record
from aggregator.deciding.twins import NO_FAMILY, Family
from aggregator.deciding.window import Gaps
from aggregator.outcome import PageProbe, PageSeen
from store.events import (
    Event,
    FeedBaselined,
    FeedGap,
    FeedReissued,
    ItemId,
    ItemPublished,
    ItemRekeyed,
    ItemRestored,
)

OPENING = 120
"""Code points of an item's text that a page must hold to be known as the item's."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one poll, or one round of page probes, adds to what is known.

    `texts`: to be stored under their items before the events are appended. `open`: a suspicion or a doubt is open, so
    even an unchanged document must be decided upon. `reread`: a change or a tombstone waits, so keep no validators and
    no body digest, and read the document again next time. `new`: statements published, the baseline apart. `keep`
    False: the document lists what was erased, so it must not be kept.
    """

    events: tuple[Event, ...]
    memory: FeedMemory
    texts: tuple[tuple[ItemId, str], ...] = ()
    probes: tuple[PageProbe, ...] = ()
    open: bool = False
    reread: bool = False
    new: int = 0
    keep: bool = True


def decide(plan: Plan, loaded: Loaded) -> Decision:
    """The events that this poll proves, and what to remember of it."""
    if plan.look.observed is None:
        return _confirm(plan, loaded)
    decision = _baseline(plan, loaded) if _is_baseline(plan) else _compare(plan, loaded)
    return replace(decision, events=loaded.family.with_twins(decision.events), keep=not plan.lists_erased)


def decide_pages(
    profile: FeedProfile, memory: FeedMemory, answers: Sequence[PageSeen], family: Family = NO_FAMILY
) -> Decision:
    """Turn the answers of probed pages into events, in the pass that asked. `family`: that of the suspects."""
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
    return Decision(family.with_twins(events), memory, open=is_open(memory))


# --- the three cases of a good poll -----------------------------------------------------------------------------------


def _confirm(plan: Plan, loaded: Loaded) -> Decision:
    """The last accepted document is still the one (304, or the same body): it confirms absences, and nothing moved. A
    smaller one seen in between was a blip.
    """
    look = plan.look
    absences = withdrawal.confirm(
        look.profile.id,
        look.memory.suspects,
        {entry.item for entry in look.memory.window},
        every=look.profile.every,
        at=look.at,
        capture=look.capture,
        elsewhere=loaded.family.listed_elsewhere,
    )
    memory = replace(look.memory, suspects=absences.suspects, smaller=None, restless={})
    siblings = {entry.item: known_link(plan, loaded, entry.item) for entry in memory.window}
    probes = withdrawal.probes_due(
        memory.suspects, siblings, look.at, _words(plan, loaded), loaded.family.listed_elsewhere
    )
    return Decision(absences.events, memory, probes=probes, open=is_open(memory))


def _baseline(plan: Plan, loaded: Loaded) -> Decision:
    """The first good document of a feed, or of the address that it was moved to by hand: recorded, and no news."""
    look = plan.look
    published = [
        first_sight(plan, loaded, match, hold=_first_fetch_hold(look, match.seen), baseline=True)
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
        window=window_after(plan, Gaps(), {}),
        suspects=(),
        restless={},
        volatile={},
        lost=False,
    )
    return Decision((*published, done), memory, _new_texts(plan), open=is_open(memory))


def _compare(plan: Plan, loaded: Loaded) -> Decision:
    """A document of a feed that we know."""
    look = plan.look
    reading = read(plan, loaded)
    revised = [
        record(plan, loaded, change, reissued=reading.reissued, stale=reading.stale)
        for change in reading.revisions.changes
    ]
    published = [_published(plan, loaded, match, reading) for match in reversed(plan.matches) if match.known is None]
    absences = withdrawal.confirm(
        look.profile.id,
        suspects_after(plan, loaded, reading),
        listed(plan),
        every=look.profile.every,
        at=look.at,
        capture=look.capture,
        elsewhere=loaded.family.listed_elsewhere,
    )
    memory = replace(
        look.memory,
        url=look.profile.url,
        parser=look.parser,
        window=window_after(plan, reading.gaps, reading.places),
        suspects=absences.suspects,
        grows=reading.grows,
        restless=reading.revisions.restless,
        volatile=reading.revisions.volatile,
        boilerplate=reading.revisions.boilerplate,
        lost=False,
    )
    siblings = {item: match.seen.about.link for match, item in zip(plan.matches, listed(plan), strict=True)}
    return Decision(
        events=(
            *_rekeyed(plan),
            *_restored(plan),
            *(event for event, _ in revised),
            *published,
            *reading.entombed,
            *absences.events,
            *_notes(plan, reading),
        ),
        memory=memory,
        texts=(*(text for _, texts in revised for text in texts), *_new_texts(plan)),
        probes=withdrawal.probes_due(
            memory.suspects, siblings, look.at, _words(plan, loaded), loaded.family.listed_elsewhere
        ),
        open=is_open(memory),
        reread=reading.revisions.unsettled or reading.waits,
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


def is_open(memory: FeedMemory) -> bool:
    """Whether even an unchanged document has something to say: a suspicion or a doubt is open."""
    return bool(memory.suspects or memory.smaller or memory.restless)


def _words(plan: Plan, loaded: Loaded) -> dict[ItemId, tuple[str, str]]:
    """The titles of suspects, and how their texts begin."""
    contents = {
        each.item: plan.items[each.item].content for each in plan.look.memory.suspects if each.item in plan.items
    }
    return {
        item: (loaded.texts.get(content.title, ""), loaded.texts.get(content.text, "")[:OPENING])
        for item, content in contents.items()
    }


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


def _published(plan: Plan, loaded: Loaded, match: Match, reading: Reading) -> ItemPublished:
    place = reading.places[match.seen.id]
    hold = _new_hold(match, reading)
    return first_sight(plan, loaded, match, hold=hold, backdated=place.backdated, surfaced=place.surfaced)


def _new_hold(match: Match, reading: Reading) -> str:
    if reading.reissued and match.familiar:
        return "reissue"
    return "surfaced" if reading.places[match.seen.id].surfaced else ""


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


def _notes(plan: Plan, reading: Reading) -> list[FeedReissued | FeedGap]:
    """What is to be said of the feed as a whole."""
    look = plan.look
    feed, known, revisions = look.profile.id, reading.known, reading.revisions
    if reading.gap:
        unseen, _ = unseen_and_familiar(plan)
        return [FeedGap(feed, look.seen_at, "nothing listed before is listed now", reading.gap, unseen)]
    if reading.reissued:
        return [FeedReissued(feed, look.at, "reissue", known, revisions.touched, reading.renamed)]
    if reissue.is_reissue(known, revisions.shared):
        return [FeedReissued(feed, look.at, "template", known, revisions.shared, 0)]
    return []

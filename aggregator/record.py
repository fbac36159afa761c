"""Carries what a poll showed into the log: the store's half of a poll, run as one job of the single writer.

In: a transaction, and what was seen. Out: a `Recording` of what was appended and what is to be asked next. All of one
poll (events, texts, capture, memory, validators) is one atomic unit: a validator never outlives lost events.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.deciding import repair
from aggregator.deciding.decide import Decision, decide, decide_pages, is_open
from aggregator.deciding.gate import PollProblem
from aggregator.deciding.memory import FeedMemory, Move, Repair, dump
from aggregator.deciding.normalise import FeedProfile
from aggregator.deciding.plan import Loaded, Look, Plan, Refused, look_at, missed, statements, survey
from aggregator.deciding.revise import faces_wanted
from aggregator.deciding.twins import NO_FAMILY, Family
from aggregator.deciding.upgrade import Anew, catch_up, to_read_anew
from aggregator.health import Health, after_failures, after_redirects
from aggregator.outcome import Observation, PageProbe, PageSeen, Redirect
from aggregator.page import enrol
from aggregator.remembered import remembered
from aggregator.schedule import went_by
from aggregator.siblings import family_of
from store.events import (
    CaptureDigest,
    Event,
    FeedRecovered,
    FeedUnwatched,
    Recorded,
    feed_stream,
)
from store.failpoint import reach
from store.ports import Capture, PollState, Transaction

Verdict = Callable[[Decision | PollProblem], Health]
"""How the source fares after this poll, given what deciding made of the document."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What one job left behind. `problem`: the gate refused the document, which makes the poll a failed one. `repair`:
    a gap whose older pages are to be asked. `to_read_anew`: our own parser is another one than that which read these
    captures; nothing was recorded, and it is to be asked again with them.
    """

    state: PollState
    events: tuple[Recorded, ...] = ()
    probes: tuple[PageProbe, ...] = ()
    problem: PollProblem | None = None
    move: Move | None = None
    repair: Repair | None = None
    to_read_anew: frozenset[CaptureDigest] = frozenset()


def record_failure(tx: Transaction, profile: FeedProfile, health: Health, now: datetime) -> Recording:
    """Record a failed poll that has something to say, or that may give an adopted address up again."""
    memory = after_failures(remembered(tx, profile), health.state)
    state = replace(health.state, memory=dump(memory))
    return Recording(state, _keep(tx, profile, health.events, state, now), move=memory.move)


def record_poll(
    tx: Transaction,
    profile: FeedProfile,
    observation: Observation,
    *,
    last_good_at: datetime | None,
    capture: Capture | None,
    redirects: Sequence[Redirect],
    verdict: Verdict,
    anew: Anew | None = None,
) -> Recording:
    """Record a poll that brought a document, or confirmed the last one. `capture` None: there is no new body. `anew`:
    what the present parser makes of documents that another one read, once it was asked.
    """
    reach("in_tx")
    before = remembered(tx, profile)
    look = look_at(profile, before, observation, last_good_at)
    if isinstance(look, Refused):
        health = verdict(look.problem)
        memory = after_failures(look.memory, health.state)
        state = replace(health.state, memory=dump(memory), open=True)
        recorded = _keep(tx, profile, health.events, state, observation.at)
        return Recording(state, recorded, problem=look.problem, move=memory.move)
    decision = _decide(tx, look, anew)
    if not isinstance(decision, Decision):
        return Recording(tx.polls.all()[profile.id], to_read_anew=decision)
    health = verdict(decision)
    memory, moved = after_redirects(profile, decision.memory, redirects, observation.at)
    if capture is not None:
        memory = repair.after_poll(
            profile, before, memory, decision.events, observation.document, capture.url, observation.at
        )
    state = replace(health.state, memory=dump(memory), open=decision.open or _is_pending(memory))
    if decision.reread:
        state = replace(state, etag="", last_modified="", body="")
    for item, text in decision.texts:
        tx.texts.put(item, text)
    if capture is not None and decision.keep and (decision.events or decision.open):  # an open suspicion cites it later
        tx.captures.put(capture)
    unwatched = _unwatched(profile, health, last_good_at, observation.at) if decision.events else ()
    recorded = _keep(
        tx, profile, (*unwatched, *decision.events, *health.events, *([moved] if moved else [])), state, observation.at
    )
    return Recording(state, recorded, decision.probes, move=memory.move, repair=memory.repair)


def _unwatched(
    profile: FeedProfile, health: Health, last_good_at: datetime | None, at: datetime
) -> tuple[FeedUnwatched, ...]:
    """Before news: since when it may have stood there unseen. Where the source failed, its health says so already."""
    told = health.state.health in ("degraded", "gone") or any(isinstance(one, FeedRecovered) for one in health.events)
    if told or last_good_at is None or not went_by(profile, last_good_at, at):
        return ()
    return (FeedUnwatched(profile.id, last_good_at),)


def record_pages(
    tx: Transaction, profile: FeedProfile, state: PollState, answers: Sequence[PageSeen], now: datetime
) -> Recording:
    """Record what the pages of absent items answered."""
    memory = remembered(tx, profile)
    decision = decide_pages(profile, memory, answers, _family_of_suspects(tx, profile, memory))
    state = replace(state, memory=dump(decision.memory), open=decision.open or _is_pending(decision.memory))
    return Recording(state, _keep(tx, profile, decision.events, state, now))


def record_older(
    tx: Transaction, profile: FeedProfile, state: PollState, observation: Observation, capture: Capture
) -> Recording:
    """Record what an older page shows that we had missed. Of a feed whose memory no longer knows of a gap, nothing."""
    memory = remembered(tx, profile)
    if memory.repair is None or observation.document is None:
        return Recording(state)
    plan = _surveyed(tx, repair.look_at(profile, memory, observation))
    loaded = Loaded(salts={item: tx.texts.salt(item) for item in plan.new})
    reading = repair.read(plan, loaded, memory.repair, observation.document)
    family = family_of(tx, profile, statements(plan, {}))
    reading = replace(reading, events=family.with_twins(reading.events))
    for item, text in reading.texts:
        tx.texts.put(item, text)
    if reading.keep and reading.texts:
        tx.captures.put(capture)
    return _repaired(tx, profile, state, reading, observation.at)


def record_older_end(tx: Transaction, profile: FeedProfile, state: PollState, reason: str, now: datetime) -> Recording:
    """Record the end of a repair whose next page cannot be had."""
    memory = remembered(tx, profile)
    if memory.repair is None:
        return Recording(state)
    return _repaired(tx, profile, state, repair.given_up(profile.id, memory, memory.repair, reason), now)


def _repaired(
    tx: Transaction, profile: FeedProfile, state: PollState, reading: repair.OlderReading, now: datetime
) -> Recording:
    memory = reading.memory
    still_open = is_open(memory) or _is_pending(memory)
    state = replace(state, memory=dump(memory), open=still_open)
    return Recording(state, _keep(tx, profile, reading.events, state, now), repair=memory.repair)


def _is_pending(memory: FeedMemory) -> bool:
    """A permanent redirect is under observation, and every poll has to say whether it still holds; or a gap is under
    repair, and every poll is a chance to go on.
    """
    return memory.repair is not None or (memory.move is not None and not memory.move.adopted)


def _decide(tx: Transaction, look: Look, anew: Anew | None) -> Decision | frozenset[CaptureDigest]:
    """`decide`, with what it asks for read from the store on the way; or captures that must be read anew before."""
    plan = _surveyed(tx, look)
    versions = {item: tuple(tx.items.versions(item)) for item in plan.versions}
    if anew is None and (wanted := to_read_anew(plan, versions)):
        return wanted
    texts = tx.texts.get(plan.digests | faces_wanted(versions.values()))
    loaded = Loaded(
        texts=texts,
        versions=versions,
        salts={item: tx.texts.salt(item) for item in plan.new},
        family=family_of(tx, look.profile, statements(plan, texts)),
    )
    caught_up = catch_up(plan, loaded, anew or {})
    decision = decide(caught_up.plan, caught_up.loaded)
    return replace(
        decision,
        events=(*caught_up.events, *decision.events),
        texts=(*caught_up.texts, *decision.texts),
    )


def _surveyed(tx: Transaction, look: Look) -> Plan:
    aliases = tx.items.find(look.profile.id, look.keys)
    return survey(look, aliases, tx.items.get(look.items | set(aliases.values())))


def _family_of_suspects(tx: Transaction, profile: FeedProfile, memory: FeedMemory) -> Family:
    if not profile.siblings:
        return NO_FAMILY
    items = tx.items.get([each.item for each in memory.suspects])
    texts = tx.texts.get({digest for known in items.values() for digest in (known.content.title, known.content.text)})
    return family_of(tx, profile, missed(memory, items, texts))


def _keep(
    tx: Transaction, profile: FeedProfile, events: Sequence[Event], state: PollState, now: datetime
) -> tuple[Recorded, ...]:
    recorded = tx.log.append(feed_stream(profile.id), events, now=now) if events else ()
    enrol.after_poll(tx, profile, events, now)
    tx.polls.save([state])
    return recorded

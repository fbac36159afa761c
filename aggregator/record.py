"""Carries what a poll showed into the log: the store's half of a poll, run as one job of the single writer.

In: a transaction, and what was seen. Out: a `Recording` of what was appended and what is to be asked next. All of one
poll (events, texts, capture, memory, validators) is one atomic unit: a validator never outlives lost events.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.decide import Decision, decide, decide_pages
from aggregator.gate import PollProblem
from aggregator.health import Health, after_failures, after_redirects
from aggregator.memory import FeedMemory, Move, dump
from aggregator.normalise import FeedProfile
from aggregator.outcome import Observation, PageProbe, PageSeen, Redirect
from aggregator.page import enrol
from aggregator.plan import Loaded, Look, Refused, look_at, survey
from aggregator.remembered import remembered
from aggregator.schedule import went_by
from store.events import (
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
    """What one job left behind. `problem`: the gate refused the document, which makes the poll a failed one."""

    state: PollState
    events: tuple[Recorded, ...] = ()
    probes: tuple[PageProbe, ...] = ()
    problem: PollProblem | None = None
    move: Move | None = None


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
) -> Recording:
    """Record a poll that brought a document, or confirmed the last one. `capture` None: there is no new body."""
    reach("in_tx")
    look = look_at(profile, remembered(tx, profile), observation, last_good_at)
    if isinstance(look, Refused):
        health = verdict(look.problem)
        memory = after_failures(look.memory, health.state)
        state = replace(health.state, memory=dump(memory), open=True)
        recorded = _keep(tx, profile, health.events, state, observation.at)
        return Recording(state, recorded, problem=look.problem, move=memory.move)
    decision = _decide(tx, look)
    health = verdict(decision)
    memory, moved = after_redirects(profile, decision.memory, redirects, observation.at)
    state = replace(health.state, memory=dump(memory), open=decision.open or _is_moving(memory))
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
    return Recording(state, recorded, decision.probes, move=memory.move)


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
    decision = decide_pages(profile, remembered(tx, profile), answers)
    state = replace(state, memory=dump(decision.memory), open=decision.open or _is_moving(decision.memory))
    return Recording(state, _keep(tx, profile, decision.events, state, now))


def _is_moving(memory: FeedMemory) -> bool:
    """A permanent redirect is under observation: every poll has to say whether it still holds."""
    return memory.move is not None and not memory.move.adopted


def _decide(tx: Transaction, look: Look) -> Decision:
    """`decide`, with what it asks for read from the store on the way."""
    aliases = tx.items.find(look.profile.id, look.keys)
    items = tx.items.get(look.items | set(aliases.values()))
    plan = survey(look, aliases, items)
    loaded = Loaded(
        texts=tx.texts.get(plan.digests),
        versions={item: tuple(tx.items.versions(item)) for item in plan.versions},
        salts={item: tx.texts.salt(item) for item in plan.new},
    )
    return decide(plan, loaded)


def _keep(
    tx: Transaction, profile: FeedProfile, events: Sequence[Event], state: PollState, now: datetime
) -> tuple[Recorded, ...]:
    recorded = tx.log.append(feed_stream(profile.id), events, now=now) if events else ()
    enrol.after_poll(tx, profile, events, now)
    tx.polls.save([state])
    return recorded

"""Follows the log and turns events into alerts: match, raise, enqueue, advance, in one transaction.

In: the log after the checkpoint `react`. Out: `alert.raised` and `alert.held` in the streams of the rules, deliveries
in the outbox, the checkpoint moved. All of a batch or nothing of it: a batch that fails leaves nothing behind, raises,
and is read again next time. Alert ids follow from the log, so what is read twice is not raised twice.

A commit costs a sync of the disk, so none is made for the checkpoint alone: where nothing was raised it stays behind,
by `MOST_BEHIND` events or `LONGEST_BEHIND` at most. A restart reads those again and raises nothing, as before.

It reads when it is asked to (`run_once`), and also before the store commits what others wrote (`follow`): then an alert
becomes durable by the same commit as the event that caused it, some milliseconds sooner. Whatever might take long, a
change of rules or many events at once, is left to `run_once`.

With a witness, a batch that raises something has the log signed, once, so that its messages can carry it; without any,
the log is signed at the first commit of ours after so many events, and at the end.

Rules change where the log says so: the rule set is the one in force at the checkpoint, and `rule.defined` and
`rule.retired` change it on the way. Compiling many rules takes seconds, so those in force at the end of the log are
compiled before the transaction begins. What is remembered between batches is tied to the checkpoint it was true at.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from typing import get_args

from alerts.blindness import Blindness
from alerts.facts import Composer, FeedCard
from alerts.heap import growing
from alerts.judge import TELLING_KINDS
from alerts.raising import Raiser
from alerts.rules import RuleSet
from alerts.sight import sights
from alerts.transitions import Telling
from store.events import (
    AlertHeld,
    AlertId,
    AlertRaised,
    FeedId,
    HealthEvent,
    NetworkLost,
    NetworkRestored,
    Position,
    RuleDefined,
    RuleId,
    RuleRetired,
)
from store.failpoint import reach
from store.ports import Store, Transaction, TreeHead
from store.walk import events
from store.witness import Witness

FOLLOWER = "react"
BATCH = 200
FOLLOWED_AT_ONCE = 20
"""So many concerning events may wait for one commit; each takes some milliseconds."""
MOST_BEHIND = 5_000
LONGEST_BEHIND = timedelta(seconds=10)
_HEALTH_KINDS = frozenset(event.KIND for event in (*get_args(HealthEvent), NetworkLost, NetworkRestored))
_RULE_KINDS = frozenset({RuleDefined.KIND, RuleRetired.KIND})
CONCERNING_KINDS = TELLING_KINDS | _HEALTH_KINDS | _RULE_KINDS
"""The kinds that can concern a rule; all others are passed over without being read."""


class Reactor:
    """The follower. `feeds` are the feeds of the settings, for their names. Thread-safe: one batch at a time."""

    def __init__(
        self,
        store: Store,
        composer: Composer,
        feeds: Mapping[FeedId, FeedCard],
        *,
        now: Callable[[], datetime],
        witness: Witness | None = None,
    ) -> None:
        self._store = store
        self._composer = composer
        self._feeds = feeds
        self._now = now
        self._witness = witness
        self._turn = threading.RLock()
        self._memory = _Memory()
        self._ready = RuleSet.compile(())
        self._ready_at = Position(-1)

    def use(self, feeds: Mapping[FeedId, FeedCard]) -> None:
        """From here on these are the feeds of the settings."""
        self._feeds = feeds

    def run_once(self, limit: int = BATCH) -> bool:
        """React to at most so many concerning events; whether there may be more. Blocks until it is durable."""
        with self._turn:
            return self._run_once(limit)

    def _run_once(self, limit: int) -> bool:
        with self._store.read() as tx:
            head = tx.log.head().position
            nothing_new = max(tx.checkpoints.get(FOLLOWER), self._memory.true_at) >= head
            changed = not nothing_new and tx.log.read(self._ready_at, 1, kinds=_RULE_KINDS)
            rules = tx.rules.in_force() if changed else None
        if nothing_new:
            since = self._memory.behind_since
            if since is not None and self._now() - since >= LONGEST_BEHIND:
                self.settle()
            return False
        if rules is not None:
            self._prepare(rules)
        self._ready_at = head
        memory, self._memory = self._memory, _Memory()  # should this batch fail, what it changed is forgotten
        more, self._memory = self._store.write(lambda tx: self._react(tx, memory, limit)).result()
        self._publish()
        return more

    def follow(self) -> "tuple[Callable[[Transaction], _Followed], Future[_Followed]] | None":
        """A job that reacts to what its transaction wrote, and what is to be told how that went: `store.writer`'s
        follower. None while `run_once` is at work, and until that has remembered something.
        """
        if not self._turn.acquire(blocking=False):
            return None
        if self._memory.true_at < 0:
            self._turn.release()
            return None
        memory, self._memory = self._memory, _Memory()
        told: Future[_Followed] = Future()
        told.add_done_callback(self._followed)
        return partial(self._react_at_once, memory=memory), told

    def _react_at_once(self, tx: Transaction, memory: "_Memory") -> "_Followed":
        if tx.log.read(self._ready_at, 1, kinds=_RULE_KINDS):
            return self._ready_at, memory
        _, memory = self._react(tx, memory, FOLLOWED_AT_ONCE)
        return max(self._ready_at, memory.true_at), memory

    def _followed(self, told: "Future[_Followed]") -> None:
        """It is durable, or it failed: then what was remembered is forgotten, and `run_once` meets the reason."""
        try:
            if told.exception() is None:
                self._ready_at, self._memory = told.result()
                self._publish()
        finally:
            self._turn.release()

    def _prepare(self, rules: Sequence[RuleDefined]) -> None:
        """Compile the rules that are in force at the end of the log, while the writer goes on writing."""
        with growing(len(rules)):
            self._ready = RuleSet.compile(rules, like=self._ready)

    def settle(self) -> None:
        """Move the checkpoint to where the log was read to, so that a start reads nothing twice."""
        with self._turn:
            if self._memory.behind_since is not None:
                self._store.write(lambda tx: self._advance(tx, self._memory)).result()
                self._publish()

    def seal(self) -> None:
        """Settle, and have the log signed as it is: before a stop."""
        with self._turn:
            self.settle()
            if self._witness is not None and self._witness.is_behind(self._store):
                self._memory.signed = self._store.write(self._witness.sign).result()
                self._publish()

    def _advance(self, tx: Transaction, memory: "_Memory") -> None:
        """Move the checkpoint; since that is a commit, the log is signed in it when that is due."""
        tx.checkpoints.set(FOLLOWER, memory.true_at)
        memory.behind_since = None
        if self._witness is not None and memory.signed is None:
            memory.signed = self._witness.sign_when_due(tx)

    def _publish(self) -> None:
        """What was signed is durable: it may be seen."""
        if self._witness is not None and self._memory.signed is not None:
            self._witness.publish(self._memory.signed)
            self._memory.signed = None

    def _react(self, tx: Transaction, memory: "_Memory", limit: int) -> "tuple[bool, _Memory]":
        checkpoint, head = tx.checkpoints.get(FOLLOWER), tx.log.head().position
        if memory.true_at < checkpoint:
            memory = _Memory.of(tx, checkpoint)
        memory.ready = self._ready
        memory.blindness.begin()
        read = tx.log.read(memory.true_at, limit, kinds=CONCERNING_KINDS)
        raiser = Raiser(tx, self._composer, self._feeds, memory.blindness, memory.known, self._now(), self._witness)
        causes = [(one, one.event) for one in read if isinstance(one.event, Telling)]
        seen = sights(tx, causes, self._feeds)
        for recorded in read:
            match recorded.event:
                case RuleDefined() | RuleRetired():
                    memory.change(recorded.event)
                case event if isinstance(event, Telling):
                    raiser.item(memory.rules, recorded, event, seen[recorded.position])
                case event if isinstance(event, HealthEvent | NetworkLost | NetworkRestored):
                    raiser.health(memory.rules, recorded, event)
        reach("before_outbox")
        tx.outbox.enqueue(raiser.deliveries)
        more = len(read) == limit
        end = tx.log.head().position
        memory.true_at = read[-1].position if more else end
        if end > head or memory.true_at - checkpoint >= MOST_BEHIND:
            reach("checkpoint")
            memory.signed = raiser.signed
            self._advance(tx, memory)
        else:
            memory.behind_since = memory.behind_since or self._now()
        return more, memory


class _Memory:
    """The rules in force and what else is known at one position of the log, at or after the checkpoint; `behind_since`:
    when the checkpoint was first left behind it.

    `known`: alerts raised already for causes after that position, if it was ever further on. Only the one reactor that
    holds the store raises alerts, so nothing joins them while this is true. `signed`: what the last batch had signed.
    """

    def __init__(self) -> None:
        self.true_at = Position(-1)
        self.behind_since: datetime | None = None
        self.signed: TreeHead | None = None
        self.blindness = Blindness()
        self.known: frozenset[AlertId] = frozenset()
        self.ready = RuleSet.compile(())
        self._definitions: dict[RuleId, RuleDefined] = {}
        self._compiled: RuleSet | None = None

    @classmethod
    def of(cls, tx: Transaction, position: Position) -> "_Memory":
        """What the log says of that position."""
        memory = cls()
        memory.true_at = position
        memory._definitions = {rule.rule: rule for rule in tx.rules.in_force(position)}
        memory.known = frozenset(_alerts_after(tx, position))
        return memory

    @property
    def rules(self) -> RuleSet:
        """The rules in force, compiled when they are first needed, if they are not those that are ready."""
        if self._compiled is None:
            ready = self.ready.rules == self._definitions
            self._compiled = self.ready if ready else RuleSet.compile(tuple(self._definitions.values()))
        return self._compiled

    def change(self, event: RuleDefined | RuleRetired) -> None:
        """A rule is in force from here on, or no longer."""
        self._compiled = None
        if isinstance(event, RuleDefined):
            self._definitions[event.rule] = event
        else:
            self._definitions.pop(event.rule, None)


_Followed = tuple[Position, _Memory]
"""Up to where no rule has changed, and what is remembered."""


def _alerts_after(tx: Transaction, position: Position) -> Iterator[AlertId]:
    for one in events(tx.log, position, kinds=(AlertRaised.KIND, AlertHeld.KIND)):
        if isinstance(one.event, AlertRaised | AlertHeld):
            yield one.event.alert

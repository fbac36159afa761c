"""Lets out by hand what is held: one alert at a time, in a transaction of its own.

In: an alert that is held, or that was told of but has deliveries without a way out. Out: `alert.released` in the log,
and deliveries that are due now. A message that never left is rendered anew from the log: since it was held, the alert
that it follows may be another one, and its channel may have come back as one of another type. What was tried before
keeps its bytes. What cannot be sent is `refused`, with a named reason, and stays as it was.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from alerts.blindness import Blindness
from alerts.facts import AlertFacts, Composer, FeedCard
from alerts.raising import as_raised
from alerts.sight import sights
from alerts.sources import NETWORK, Health
from alerts.transitions import Telling
from store.events import (
    AlertHeld,
    AlertId,
    AlertRaised,
    AlertReleased,
    ChannelId,
    FeedId,
    ItemRevised,
    ItemWithdrawn,
    Position,
    Recorded,
    rule_stream,
)
from store.ports import AlertRow, Delivery, Transaction

ERASED = "erased"
CHANNEL_REMOVED, RECIPIENT_REMOVED = "channel-removed", "recipient-removed"


@dataclass(frozen=True, slots=True)
class Released:
    """What became of one alert: how many of its deliveries are due now, and why the others stay (named reasons)."""

    alert: AlertId
    due: int
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Releaser:
    """One transaction's releases. `recipients`: of each channel of the settings; `why` goes into the log."""

    tx: Transaction
    composer: Composer
    feeds: Mapping[FeedId, FeedCard]
    recipients: Mapping[ChannelId, Collection[str]]
    why: str
    now: datetime

    def release(self, alert: AlertId) -> Released | None:
        """Let one alert out; None if there is nothing (any more) to let out."""
        for row in self.tx.backlog.held(alert=alert):
            deliveries = self.tx.backlog.deliveries(alert)
            return self._held(row, deliveries) if row.held else self._stuck(row, deliveries)
        return None

    def _held(self, row: AlertRow, deliveries: Sequence[Delivery]) -> Released:
        """An alert that was never told of."""
        facts = self._facts(row)
        if facts is None:
            return Released(row.alert, 0, (ERASED,))
        released = AlertReleased(row.alert, row.rule, self.why)
        (recorded,) = self.tx.log.append(rule_stream(row.rule), [released], now=self.now)
        first = self.tx.items.told(row.rule, row.item)[0] if row.item else row.alert
        follows = None if first == row.alert else first
        facts = replace(facts, alert=replace(facts.alert, follows=follows), recorded_at=recorded.recorded_at)
        made = self.composer.deliveries(facts)
        self.tx.backlog.replace(deliveries, made)
        return Released(row.alert, *_counted(made))

    def _stuck(self, row: AlertRow, deliveries: Sequence[Delivery]) -> Released:
        """An alert that was told of, but not on every channel: for some the settings had no way."""
        due, refused = 0, list[str]()
        by_channel = groupby(sorted(deliveries, key=attrgetter("channel")), key=attrgetter("channel"))
        for channel, group in by_channel:
            ours = list(group)
            stuck = [each for each in ours if each.reason in (CHANNEL_REMOVED, RECIPIENT_REMOVED)]
            if not stuck:
                continue
            if channel not in self.recipients:
                refused.append(CHANNEL_REMOVED)
            elif len(stuck) == len(ours) and not any(each.attempts for each in ours):
                anew, reasons = self._rendered(row, channel, ours)
                due += anew
                refused += reasons
            else:
                back = [each for each in stuck if each.recipient in self.recipients[channel]]
                due += self.tx.backlog.renew(back, self.now)
                refused += [RECIPIENT_REMOVED] * (len(stuck) - len(back))
        return Released(row.alert, due, tuple(dict.fromkeys(refused)))

    def _rendered(self, row: AlertRow, channel: ChannelId, old: Sequence[Delivery]) -> tuple[int, tuple[str, ...]]:
        """Render one channel's messages anew, in the place of those that never left."""
        facts = self._facts(row)
        if facts is None:
            return 0, (ERASED,)
        made = self.composer.deliveries(replace(facts, rule=replace(facts.rule, notify=(channel,))))
        self.tx.backlog.replace(old, made)
        return _counted(made)

    def _facts(self, row: AlertRow) -> AlertFacts | None:
        """The alert as it was judged, read from the log; None when its text was erased."""
        alert, cause = self._event(row.position).event, self._event(row.cause)
        if not isinstance(alert, AlertRaised | AlertHeld):
            msg = f"position {row.position} holds {alert.KIND}, no alert"
            raise TypeError(msg)
        told = as_raised(alert)
        rule = next(rule for rule in self.tx.rules.in_force(row.cause) if rule.rule == row.rule)
        feed = self.feeds.get(row.feed) or (FeedCard(row.feed, row.feed, "") if row.feed else NETWORK)
        event, head = cause.event, self.tx.tree_heads.covering(row.cause)
        checkpoint = head.note if head else ""
        if isinstance(event, Health):
            return AlertFacts(told, self.now, rule, feed, cause, health=event, checkpoint=checkpoint)
        if not isinstance(event, Telling):
            msg = f"position {row.cause} holds {event.KIND}, which raises nothing"
            raise TypeError(msg)
        sight = sights(self.tx, [(cause, event)], self.feeds)[cause.position]
        if sight.erased:
            return None
        return AlertFacts(
            alert=told,
            recorded_at=self.now,
            rule=rule,
            feed=feed,
            cause=cause,
            item=sight.now,
            before=sight.before,
            change=event if isinstance(event, ItemRevised) else None,
            withdrawal=event if isinstance(event, ItemWithdrawn) else None,
            blind_since=Blindness().since(self.tx, cause, event.feed),
            checkpoint=checkpoint,
        )

    def _event(self, position: Position) -> Recorded:
        return self.tx.log.read(Position(position - 1), 1)[0]


def _counted(made: Sequence[Delivery]) -> tuple[int, tuple[str, ...]]:
    """How many are due, and why the others are not."""
    refused = [each.reason for each in made if each.state == "held"]
    return len(made) - len(refused), tuple(dict.fromkeys(refused))

"""Raises alerts within one transaction: appends them to the log, has them rendered, and collects their deliveries.

In: an event with the rules in force. Out: `alert.raised` or `alert.held` events, at once, and their deliveries in
`deliveries`, for the outbox. An alert whose id the log has is passed over.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import partial

from alerts.blindness import Blindness
from alerts.duplicates import repeats
from alerts.facts import AlertFacts, Composer, FeedCard
from alerts.judge import Judgement, in_words, judgements, told_of
from alerts.rules import RuleSet
from alerts.sight import Sight
from alerts.sources import NETWORK, WORDS, Health, hearers
from alerts.transitions import Fired, Telling, alert_id
from store.events import (
    AlertHeld,
    AlertId,
    AlertRaised,
    FeedId,
    HealthEvent,
    ItemRevised,
    ItemWithdrawn,
    ReadingEvent,
    Recorded,
    rule_stream,
)
from store.ports import Delivery, Transaction, TreeHead
from store.witness import Witness


@dataclass(slots=True)
class Raiser:
    """One transaction's alerts. `known`: ids that the log already has; `now` is the time of the appends."""

    tx: Transaction
    composer: Composer
    feeds: Mapping[FeedId, FeedCard]
    blindness: Blindness
    known: Collection[AlertId]
    now: datetime
    witness: Witness | None = None
    deliveries: list[Delivery] = field(default_factory=list)
    signed: TreeHead | None = None

    def item(self, rules: RuleSet, recorded: Recorded, cause: Telling, sight: Sight) -> None:
        """Raise or hold what the rules make of an event in the life of an item."""
        is_read = isinstance(cause, ReadingEvent)
        told = {} if is_read else in_words(told_of(self.tx, cause.item, recorded.position))
        repeated = repeats(self.tx, recorded, cause, partial(told_of, self.tx))
        for judged in judgements(rules, cause, sight, told, repeated):
            if isinstance(judged.outcome, Fired):
                self._transition(recorded, cause, sight, judged, judged.outcome)

    def health(self, rules: RuleSet, recorded: Recorded, event: Health) -> None:
        """Raise what the rules that watch this source's health, or whose alerts it held back, must hear of."""
        word = WORDS[type(event)]
        feed = self._card(event.feed) if isinstance(event, HealthEvent) else NETWORK
        for rule in (rules.rules[one] for one in hearers(self.tx, rules, recorded, event, self.feeds)):
            alert = AlertRaised(
                alert=alert_id(rule.rule, feed.id, word, recorded.position),
                rule=rule.rule,
                feed=feed.id,
                item=None,
                transition=word,
                cause=recorded.position,
                version=None,
                before=None,
                hits=(),
                topics=(),
                follows=None,
            )
            self._tell(AlertFacts(alert, self.now, rule, feed, recorded, health=event))

    def _transition(self, recorded: Recorded, cause: Telling, sight: Sight, judged: Judgement, fired: Fired) -> None:
        rule = judged.rule
        earlier = self.tx.items.told(rule.rule, cause.item)
        raised = AlertRaised(
            alert=alert_id(rule.rule, cause.item, fired.transition, recorded.position),
            rule=rule.rule,
            feed=cause.feed,
            item=cause.item,
            transition=fired.transition,
            cause=recorded.position,
            version=sight.now.version if sight.now else None,
            before=sight.before.version if sight.before else None,
            hits=judged.match.hits,
            topics=judged.match.topics,
            follows=earlier[0] if earlier else None,
        )
        facts = AlertFacts(
            alert=_held(raised, fired.hold) if fired.hold else raised,
            recorded_at=self.now,
            rule=rule,
            feed=self._card(cause.feed),
            cause=recorded,
            item=sight.now,
            before=sight.before,
            change=cause if isinstance(cause, ItemRevised) else None,
            withdrawal=cause if isinstance(cause, ItemWithdrawn) else None,
            blind_since=self.blindness.since(self.tx, recorded, cause.feed),
        )
        self._tell(facts)

    def _tell(self, facts: AlertFacts) -> None:
        """Append the alert and have it rendered, unless the log knows it already."""
        alert = facts.alert
        if alert.alert in self.known:
            return
        (recorded,) = self.tx.log.append(rule_stream(alert.rule), [alert], now=self.now)
        facts = replace(facts, recorded_at=recorded.recorded_at, checkpoint=self._checkpoint())
        for delivery in self.composer.deliveries(facts):
            if isinstance(alert, AlertHeld) and delivery.state != "held":
                self.deliveries.append(replace(delivery, state="held", reason=alert.reason))
            else:
                self.deliveries.append(delivery)

    def _checkpoint(self) -> str:
        """One that covers the whole log up to here, signed for the first alert and carried by all."""
        if self.signed is None and self.witness is not None:
            self.signed = self.witness.sign(self.tx)
        return self.signed.note if self.signed else ""

    def _card(self, feed: FeedId) -> FeedCard:
        return self.feeds.get(feed) or FeedCard(feed, feed, "")


def _held(alert: AlertRaised, reason: str) -> AlertHeld:
    return AlertHeld(**{each.name: getattr(alert, each.name) for each in fields(alert)}, reason=reason)


def as_raised(alert: AlertRaised | AlertHeld) -> AlertRaised:
    """The same alert as one that is sent."""
    if isinstance(alert, AlertRaised):
        return alert
    return AlertRaised(**{each.name: getattr(alert, each.name) for each in fields(AlertRaised)})

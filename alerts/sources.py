"""What happens to a source, or to our own network: which rules must hear of it.

In: the rules in force, and an event about the health of a source. Out: the rules that watch it, and, of a reissue,
those that have alerts held because of it. The same function serves the reactor and a backtest. Pure but for a reissue,
for which the events of the reissued document are read.
"""

from collections.abc import Mapping, Sequence

from alerts.facts import FeedCard
from alerts.judge import judgements
from alerts.rules import RuleSet
from alerts.sight import sights
from alerts.transitions import Fired
from store.events import (
    FeedDegraded,
    FeedGap,
    FeedGone,
    FeedId,
    FeedMoved,
    FeedQuiet,
    FeedRecovered,
    FeedReissued,
    HealthEvent,
    HealthKind,
    ItemPublished,
    ItemRevised,
    NetworkLost,
    NetworkRestored,
    Position,
    Recorded,
    RuleDefined,
    RuleId,
    feed_stream,
)
from store.ports import Transaction

Health = HealthEvent | NetworkLost | NetworkRestored
NETWORK = FeedCard(FeedId(""), "our network", "")
"""What stands in the place of a feed where all of them are concerned."""
WORDS: Mapping[type[Health], HealthKind] = {
    FeedDegraded: "degraded",
    FeedRecovered: "recovered",
    FeedQuiet: "quiet",
    FeedGone: "gone",
    FeedMoved: "moved",
    FeedReissued: "reissued",
    FeedGap: "gap",
    NetworkLost: "degraded",
    NetworkRestored: "recovered",
}
"""What `on` calls each of these events."""

_MOST_AT_ONCE = 5_000


def source_of(event: Health) -> FeedId:
    """The feed that the event is about; that of `NETWORK` where it is about all of them."""
    return event.feed if isinstance(event, HealthEvent) else NETWORK.id


def hearers(
    tx: Transaction, rules: RuleSet, recorded: Recorded, event: Health, feeds: Mapping[FeedId, FeedCard]
) -> Sequence[RuleId]:
    """The rules that must hear of it, by id."""
    word, source = WORDS[type(event)], source_of(event)
    concerned = {rule.rule for rule in rules.rules.values() if word in rule.on and _watches(rule, source)}
    if isinstance(event, FeedReissued):
        concerned |= _held_back(tx, rules, recorded, event, feeds)
    return sorted(concerned)


def _watches(rule: RuleDefined, feed: FeedId) -> bool:
    """Whether the feed is in the rule's scope; our own network concerns everybody."""
    return rule.feeds is None or feed == NETWORK.id or feed in rule.feeds


def _held_back(
    tx: Transaction, rules: RuleSet, recorded: Recorded, event: FeedReissued, feeds: Mapping[FeedId, FeedCard]
) -> set[RuleId]:
    """The rules that have an alert about an item of the reissued document, held for that reason.

    They are found by judging that document's events again, whichever side of this one they stand on: a document is
    recorded at one time.
    """
    around = tx.log.read(
        Position(max(recorded.position - _MOST_AT_ONCE, 0)),
        2 * _MOST_AT_ONCE,
        stream=feed_stream(event.feed),
        kinds=(ItemPublished.KIND, ItemRevised.KIND),
    )
    causes = [
        (one, one.event)
        for one in around
        if isinstance(one.event, ItemPublished | ItemRevised)
        and one.recorded_at == recorded.recorded_at
        and one.event.hold == event.reason
    ]
    seen = sights(tx, causes, feeds)
    return {
        judged.rule.rule
        for one, cause in causes
        for judged in judgements(rules, cause, seen[one.position], {})
        if isinstance(judged.outcome, Fired)
    }

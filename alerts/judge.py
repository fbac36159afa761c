"""An event in the life of an item, judged by rules: who fires, who stays silent, and why.

The same function serves the reactor, which asks every rule that could be concerned, and `why`, which asks one. Here
alone it is decided that an alert only repeats what the rule told of another feed of the source (held as `duplicate`).
Pure but for `told_of`, which reads what was told before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from alerts.rules import Match, RuleSet
from alerts.sight import Sight
from alerts.transitions import Fired, Outcome, Silent, Telling, judge, judge_revision
from store.events import (
    AlertHeld,
    AlertRaised,
    AlertReleased,
    ItemCompleted,
    ItemId,
    ItemPublished,
    ItemRevised,
    Position,
    RuleDefined,
    RuleId,
    Transition,
    rule_stream,
)
from store.ports import Transaction
from store.walk import events

_MOST_ALERTS_OF_AN_ITEM = 10_000
NOTHING = Match((), ())

Told = Mapping[RuleId, Sequence[str]]
"""The transitions of one item that rules told of, oldest first."""

Repeats = Callable[[RuleDefined, Transition], bool]
"""Whether this transition would say again what the rule told of the same statement in another feed."""

DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Once:
    """Something that a rule told of an item: the version it was of, and the event that it followed from."""

    transition: str
    version: int | None
    cause: Position


Earlier = Mapping[RuleId, Sequence[Once]]
"""What rules told of one item, oldest first."""


def never(_: RuleDefined, __: Transition) -> bool:
    """Of an event that repeats nothing."""
    return False


TELLING_KINDS = frozenset(event.KIND for event in get_args(Telling))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an event means to a rule. `match`: where its terms stand, for a drop in the version before."""

    rule: RuleDefined
    outcome: Outcome
    match: Match = NOTHING


def judgements(
    rules: RuleSet, cause: Telling, sight: Sight, told: Told, repeats: Repeats = never
) -> Iterator[Judgement]:
    """The judgement of every rule that the event could concern, in the order of the rules' ids."""
    now = rules.match(sight.now, sight.before) if sight.now else {}
    before = rules.match(sight.before) if sight.before else {}
    for rule in sorted({*now, *before, *told} & rules.rules.keys()):
        judged = _judged(rules, rule, cause, sight, now.get(rule), before.get(rule), told.get(rule, ()))
        yield _but_once(judged, repeats)


def judgement(
    rules: RuleSet, rule: RuleId, cause: Telling, sight: Sight, told: Told, repeats: Repeats = never
) -> Judgement:
    """The judgement of one rule, whatever it is."""
    now = rules.match(sight.now, sight.before).get(rule) if sight.now else None
    before = rules.match(sight.before).get(rule) if sight.before else None
    return _but_once(_judged(rules, rule, cause, sight, now, before, told.get(rule, ())), repeats)


def _but_once(judged: Judgement, repeats: Repeats) -> Judgement:
    """What would be sent now, but says what the rule told before, is held."""
    fired = judged.outcome
    if isinstance(fired, Fired) and not fired.hold and repeats(judged.rule, fired.transition):
        return replace(judged, outcome=replace(fired, hold=DUPLICATE))
    return judged


def _judged(
    rules: RuleSet, name: RuleId, cause: Telling, sight: Sight,
    now: Match | None, before: Match | None, told: Sequence[str],
) -> Judgement:  # fmt: skip
    rule = rules.rules[name]
    if not rule.match.strip():
        return Judgement(rule, Silent("no-query"))
    if rule.feeds is not None and cause.feed not in rule.feeds:
        return Judgement(rule, Silent("feed-not-watched"))
    if sight.erased and isinstance(cause, ItemPublished | ItemRevised | ItemCompleted):
        return Judgement(rule, Silent("text-erased"))
    if rules.judges_revisions(name):
        return Judgement(rule, judge_revision(rule, cause, matched=now is not None), now or NOTHING)
    outcome = judge(rule, cause, matched_before=before is not None, matched_now=now is not None, told=told)
    dropped = isinstance(outcome, Fired) and outcome.transition == "dropped"
    return Judgement(rule, outcome, (before if dropped else now) or NOTHING)


def in_words(earlier: Earlier) -> Told:
    """The transitions alone."""
    return {rule: [one.transition for one in told] for rule, told in earlier.items()}


def told_of(tx: Transaction, item: ItemId, before: Position) -> Earlier:
    """What rules told of this item before an event: alerts that follow from earlier ones, and were raised, or held and
    released before it. So the log alone determines it, however late the event is judged, or how often."""
    told: dict[RuleId, list[Once]] = {}
    kinds = (AlertRaised.KIND, AlertHeld.KIND)
    for recorded in tx.log.read(Position(0), _MOST_ALERTS_OF_AN_ITEM, subject=item, kinds=kinds):
        alert = recorded.event
        if (isinstance(alert, AlertRaised) and alert.cause < before) or (
            isinstance(alert, AlertHeld) and _released(tx, alert, before)
        ):
            told.setdefault(alert.rule, []).append(Once(alert.transition, alert.version, alert.cause))
    return told


def _released(tx: Transaction, alert: AlertHeld, before: Position) -> bool:
    if alert.item is None or alert.alert not in tx.items.told(alert.rule, alert.item):
        return False
    releases = events(tx.log, stream=rule_stream(alert.rule), kinds=(AlertReleased.KIND,))
    return any(
        isinstance(one.event, AlertReleased) and one.event.alert == alert.alert and one.position < before
        for one in releases
    )

"""Why an item did, or did not, alert under one rule: its query clause by clause, each event of its life judged.

Reads one snapshot; prints nothing. The judging is the reactor's own (`alerts.judge`), by the rule in force now; what
was really raised stands beside it, so that a rule that was edited since is seen to have been another one then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from aggregator.shown.clauses import clause_lines, clause_row
from aggregator.shown.rows import alert_row
from aggregator.shown.telling import headline
from alerts.duplicates import repeats
from alerts.facts import face_of_row
from alerts.judge import in_words, judgement, told_of
from alerts.rules import Clause, RuleSet
from alerts.sight import Sight, sights
from alerts.transitions import Fired, Outcome, Silent, Telling
from store.events import Event, ItemRevised, Position, Recorded, RuleDefined, rule_stream
from store.ports import AlertRow, Delivery, ItemRow, Views
from store.walk import events

MOST_EVENTS = 5_000
FOLLOWER = "react"

SILENCES = {
    "no-match": "it does not match",
    "not-in-on": "that transition is not in the rule's `on`",
    "dates-only": "only dates moved; that never alerts",
    "below-min-change": "the edit is weaker than the rule's `min_change`",
    "never-matched": "it did not match when last seen, and the rule never told of it",
    "only-absent": "it was only absent for a while, not withdrawn",
    "edits-only": "the rule asks for what edits remove or add, and this is none",
    "delisting-not-told": "the rule had not told of its delisting",
    "matched-before": "it matched before its page was read",
    "text-erased": "its text was erased, so nothing can be judged",
    "feed-not-watched": "the rule does not look at this feed",
    "no-query": "the rule is about the health of sources",
    "not-read-yet": "rules have not read this event yet",
    "rule-was-another": "the rule was not in force then, or was another one",
}
HOLDS = {
    "first-fetch": "it stood in the first document of its feed",
    "surfaced": "it came in below all that was known",
    "reissue": "much of its feed changed at once",
    "parser": "our own parser has become another one",
    "mojibake": "only the encoding differs",
    "flapping": "it goes back and forth",
    "template": "nothing but a block that many entries of the feed have came or went",
    "volatile": "nothing changed but what changes with every document",
    "late-page": "its page was first read long after it came",
    "extractor": "what differs may be our own reading of the page",
    "other-face": "feed and page tell the same edit, and the other one told it before",
    "duplicate": "it repeats what the rule told of another feed of the source",
}
"""What the reasons mean for which alerts about items are held when they are made."""


def _held(reason: str) -> str:
    return f"held ({reason}: {HOLDS[reason]})" if reason in HOLDS else f"held ({reason})"


@dataclass(frozen=True, slots=True)
class Told:
    """An alert that was raised or held, with its deliveries."""

    alert: AlertRow
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One event of the item's life, and what it means to the rule: `transition` "" = nothing. `reason` is the named
    reason for a silence or a hold, "" for an alert that was sent. `told`: what was raised because of this event."""

    position: Position
    at: datetime
    event: Event
    transition: str
    reason: str
    told: tuple[Told, ...]

    @property
    def words(self) -> str:
        """The event and its meaning in a line."""
        if self.transition and not self.reason:
            meaning = self.transition
        elif self.transition:
            meaning = f"{self.transition}, but not sent: {SILENCES.get(self.reason, _held(self.reason))}"
        else:
            meaning = f"nothing: {SILENCES.get(self.reason, self.reason)}"
        return f"{headline(self.event)} -> {meaning}"

    def as_row(self) -> dict[str, object]:
        """The judgement for JSON."""
        return {
            "position": self.position,
            "at": self.at,
            "kind": self.event.KIND,
            "transition": self.transition or None,
            "reason": self.reason or None,
            "alerts": [alert_row(each.alert, each.deliveries) for each in self.told],
        }


@dataclass(frozen=True, slots=True)
class Reasons:
    """Everything `why` says of one rule. `clause` judges the item's latest version, or its latest edit where the rule
    asks what edits remove or add; None for a rule without a query."""

    rule: RuleDefined
    matched: bool
    verdict: str
    clause: Clause | None
    judged: tuple[Judged, ...]

    @property
    def concerned(self) -> bool:
        """The rule matches now, or some event meant something to it."""
        return self.matched or any(each.transition or each.told for each in self.judged)

    def lines(self) -> Iterator[str]:
        """The query for people, clause by clause, indented by depth."""
        if self.clause:
            yield from clause_lines(self.clause)

    def as_row(self) -> dict[str, object]:
        """The reasons for JSON."""
        return {
            "rule": self.rule.rule,
            "match": self.rule.match,
            "matched": self.matched,
            "verdict": self.verdict,
            "query": clause_row(self.clause) if self.clause else None,
            "judged": [each.as_row() for each in self.judged],
        }


def reasons_of(views: Views, row: ItemRow, rule: RuleDefined) -> Reasons:
    """The reasons under one rule in force now."""
    rules = RuleSet.compile([rule])
    lived = views.tx.log.read(Position(0), MOST_EVENTS, subject=row.id)
    causes: list[tuple[Recorded, Telling]] = [(one, one.event) for one in lived if isinstance(one.event, Telling)]
    seen = sights(views.tx, causes, {})
    of_edits = rules.judges_revisions(rule.rule)
    edits = [seen[one.position] for one, event in causes if isinstance(event, ItemRevised)] if of_edits else []
    latest = edits[-1] if edits else Sight(None, None)
    explained = rules.explain(rule.rule, latest.now or face_of_row(row), latest.before)
    if explained.clause is None:
        verdict = "it is about the health of sources, not about statements"
    elif not explained.in_scope:
        verdict = f"it does not look at {row.feed}"
    elif row.erased:
        verdict = SILENCES["text-erased"]
    elif of_edits and not edits:
        verdict = "it asks what edits remove or add, and this item was never edited"
    else:
        judged = "edit" if of_edits else "version"
        verdict = f"the latest {judged} {'matches' if explained.matched else 'does not match'}"
    told = tuple(_judged(views, row, rules, rule, causes, seen))
    return Reasons(rule, explained.matched, verdict, explained.clause, told)


def _judged(
    views: Views, row: ItemRow, rules: RuleSet, rule: RuleDefined,
    causes: Sequence[tuple[Recorded, Telling]], seen: Mapping[Position, Sight],
) -> Iterator[Judged]:  # fmt: skip
    raised = _raised(views, row, rule)
    defined, read = _defined_at(views, rule), views.tx.checkpoints.get(FOLLOWER)
    for recorded, cause in causes:
        before = in_words(told_of(views.tx, row.id, before=recorded.position))
        repeated = repeats(views.tx, recorded, cause, partial(told_of, views.tx))
        told = raised.get(recorded.position, ())
        judged = judgement(rules, rule.rule, cause, seen[recorded.position], before, repeated)
        transition, reason = _named(judged.outcome)
        if told:
            transition, reason = told[0].alert.transition, told[0].alert.held
        elif transition:
            reason = "not-read-yet" if recorded.position > max(defined, read) else "rule-was-another"
        yield Judged(recorded.position, recorded.recorded_at, cause, transition, reason, told)


def _raised(views: Views, row: ItemRow, rule: RuleDefined) -> Mapping[Position, tuple[Told, ...]]:
    """What the rule told of this item, by the event that caused it."""
    found: dict[Position, tuple[Told, ...]] = {}
    for alert in views.alerts(item=row.id):
        if alert.rule == rule.rule:
            one = Told(alert, tuple(views.deliveries(alert=alert.alert)))
            found[alert.cause] = (*found.get(alert.cause, ()), one)
    return found


def _defined_at(views: Views, rule: RuleDefined) -> Position:
    """Since which event the rule reads as it does now."""
    since = Position(0)
    for one in events(views.tx.log, stream=rule_stream(rule.rule), kinds=[RuleDefined.KIND]):
        since = one.position
    return since


def _named(outcome: Outcome) -> tuple[str, str]:
    match outcome:
        case Fired(transition=transition, hold=hold):
            return transition, hold
        case Silent(reason=reason):
            return "", reason

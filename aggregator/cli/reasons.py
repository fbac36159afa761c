"""Why an item did, or did not, alert under one rule: its query clause by clause, each event of its life judged.

Reads one snapshot; prints nothing. The judging is the reactor's own (`alerts.judge`), by the rule in force now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from alerts.facts import face_of_row
from alerts.judge import judgement, told_of
from alerts.rules import Clause, RuleSet, TermSeen
from alerts.sight import sights
from alerts.transitions import Fired, Outcome, Silent, Telling
from store.events import Position, Recorded, RuleDefined
from store.ports import ItemRow, Views

MOST_EVENTS = 5_000

SILENCES = {
    "no-match": "it does not match",
    "not-in-on": "that transition is not in the rule's `on`",
    "dates-only": "only dates moved; that never alerts",
    "below-min-change": "the edit is weaker than the rule's `min_change`",
    "never-matched": "it did not match when last seen, and the rule never told of it",
    "only-absent": "it was only absent for a while, not withdrawn",
    "delisting-not-told": "the rule had not told of its delisting",
    "text-erased": "its text was erased, so nothing can be judged",
    "feed-not-watched": "the rule does not look at this feed",
    "no-query": "the rule is about the health of sources",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One event of the item's life, and what it means to the rule."""

    position: Position
    at: datetime
    kind: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Reasons:
    """Everything `why` says of one rule. `clauses` are lines, indented by depth; the text judged is the latest."""

    rule: str
    match: str
    matched: bool
    verdict: str
    clauses: tuple[str, ...]
    judged: tuple[Judged, ...]

    def as_row(self) -> dict[str, object]:
        """The reasons for JSON."""
        return asdict(self)


def reasons_of(views: Views, row: ItemRow, rule: RuleDefined) -> Reasons:
    """The reasons under one rule in force now."""
    rules = RuleSet.compile([rule])
    explained = rules.explain(rule.rule, face_of_row(row))
    if explained.clause is None:
        verdict = "about the health of sources, not about statements"
    elif not explained.in_scope:
        verdict = f"does not look at {row.feed}"
    else:
        verdict = f"its latest version {'matches' if explained.matched else 'does not match'}: {rule.match}"
    return Reasons(
        rule=rule.rule,
        match=rule.match,
        matched=explained.matched,
        verdict=verdict,
        clauses=tuple(_lines(explained.clause, 0)) if explained.clause else (),
        judged=tuple(_judged(views, row, rules, rule)),
    )


def _lines(clause: Clause, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if clause.parts:
        yield f"{indent}{'yes' if clause.holds else 'no '}  {clause.text}"
        for part in clause.parts:
            yield from _lines(part, depth + 1)
        return
    yield f"{indent}{'yes' if clause.holds else 'no '}  {clause.text}{_places(clause.terms)}"


def _places(terms: Sequence[TermSeen]) -> str:
    found = [f"{term.term} in {hit.field} at {hit.start}" for term in terms for hit in term.hits]
    if found:
        return ": " + "; ".join(found)
    looked_for = ", ".join(term.term for term in terms)
    return f": nowhere ({looked_for})" if looked_for else ""


def _judged(views: Views, row: ItemRow, rules: RuleSet, rule: RuleDefined) -> Iterator[Judged]:
    events = views.tx.log.read(Position(0), MOST_EVENTS, subject=row.id)
    causes: list[tuple[Recorded, Telling]] = [(one, one.event) for one in events if isinstance(one.event, Telling)]
    seen = sights(views.tx, causes, {})
    for recorded, cause in causes:
        told = told_of(views.tx, row.id, before=recorded.position)
        outcome = judgement(rules, rule.rule, cause, seen[recorded.position], told).outcome
        yield Judged(recorded.position, recorded.recorded_at, cause.KIND, _said(outcome))


def _said(outcome: Outcome) -> str:
    match outcome:
        case Fired(transition=transition, hold=""):
            return transition
        case Fired(transition=transition, hold=hold):
            return f"{transition}, held: {hold}"
        case Silent(reason=reason):
            return f"nothing: {SILENCES.get(reason, reason)}"

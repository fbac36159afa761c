"""What the rules in force have told in a while: hits, what was held and why, when each last fired.

In: the store, and a span of time. Out: a `Report`, the noisiest rule first. Reads only, window by window, each in a
snapshot of its own.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aggregator.shown.form import stamp
from store.events import AlertHeld, AlertId, AlertRaised, AlertReleased, Event, Position, RuleDefined, RuleId
from store.ports import EventFilter, Store
from store.walk import beginning

_KINDS = frozenset({AlertRaised.KIND, AlertHeld.KIND, AlertReleased.KIND})
_AT_ONCE = 1_000
_DAY = timedelta(days=1)


@dataclass(slots=True)
class RuleReport:
    """One rule: alerts told in the span (`hits`) and still held, `ever` told, and when last. `dead_terms`: those that
    stood nowhere, None where nobody looked."""

    rule: RuleDefined
    ever: int
    last_at: datetime | None
    hits: int = 0
    dead_terms: Sequence[str] | None = None
    held: dict[AlertId, str] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """An event of the span that is about this rule."""
        match event:
            case AlertRaised():
                self.hits += 1
            case AlertHeld():
                self.held[event.alert] = event.reason
            case AlertReleased():
                self.hits += 1
                self.held.pop(event.alert, None)

    @property
    def reasons(self) -> Mapping[str, int]:
        """How many are held for each reason, the most frequent first."""
        return dict(Counter(self.held.values()).most_common())

    def as_row(self) -> dict[str, object]:
        """The rule for JSON."""
        return {
            "rule": self.rule.rule,
            "match": self.rule.match,
            "hits": self.hits,
            "held": self.reasons,
            "hits_ever": self.ever,
            "last_fired_at": stamp(self.last_at),
            **({} if self.dead_terms is None else {"dead_terms": list(self.dead_terms)}),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """Every rule in force, the noisiest first."""

    since: datetime
    until: datetime
    after: Position
    head: Position
    rules: Sequence[RuleReport]

    def a_day(self, rule: RuleReport) -> float:
        """Hits a day; of a log that is younger than a day, hits so far."""
        return rule.hits / max((self.until - self.since) / _DAY, 1)

    def as_document(self) -> dict[str, object]:
        """What `--json` prints."""
        return {
            "since": stamp(self.since),
            "until": stamp(self.until),
            "rules": [rule.as_row() for rule in self.rules],
            "never_fired": [rule.rule.rule for rule in self.rules if not rule.ever],
        }


def report_of(store: Store, since: datetime, until: datetime) -> Report:
    """What the log says of the rules that are in force now."""
    with store.views() as views:
        (begun, after), head = beginning(views.tx.log, since), views.tx.log.head().position
        rules = {
            rule.rule: RuleReport(rule, views.hits(rule.rule), views.last_hit(rule.rule))
            for rule in views.tx.rules.in_force()
        }
    for rule, event in _told(store, after, head):
        if rule in rules:
            rules[rule].add(event)
    in_order = sorted(rules.values(), key=lambda one: (-one.hits, -len(one.held), one.rule.rule))
    return Report(min(begun, until), until, after, head, in_order)


def _told(store: Store, after: Position, head: Position) -> Iterator[tuple[RuleId, Event]]:
    position: Position | None = after
    while position is not None and position < head:
        with store.views() as views:
            window = views.pages.events(EventFilter(kinds=_KINDS), after=position, most=_AT_ONCE)
        for one in window.rows:
            if isinstance(one.event, AlertRaised | AlertHeld | AlertReleased):
                yield one.event.rule, one.event
        position = window.end

"""A backtest added up: for each rule what it would have told, day by day, and the difference between two sets of rules.

In: pages of a replay. Out: a `Tally` for each rule, and the document that `--json` prints. Pure. Of what is counted
only a few examples are kept, the latest ones, so that a backtest of any length fits into memory.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from aggregator.shown.form import stamp
from alerts.comparison import Compared, Comparison, Side
from alerts.payload import snippet
from alerts.replay import Firing, Page
from store.events import AlertHeld, Position, RuleId

MATCHES = 5
"""Places shown of one example."""


class Count:
    """Alerts of one kind: how many would have been sent, how many held and why, and the latest of them."""

    def __init__(self, examples: int) -> None:
        self.sent = 0
        self.held: Counter[str] = Counter()
        self.examples: deque[Firing] = deque(maxlen=examples)

    def add(self, firing: Firing) -> None:
        """One more."""
        if firing.hold:
            self.held[firing.hold] += 1
        else:
            self.sent += 1
        self.examples.append(firing)

    def __len__(self) -> int:
        return self.sent + self.held.total()

    def as_row(self) -> dict[str, object]:
        """The count for JSON."""
        examples = [example_row(each) for each in reversed(self.examples)]
        return {"alerts": self.sent, "held": dict(self.held.most_common()), "examples": examples}


@dataclass(slots=True)
class Tally:
    """One rule. `would`: what the proposed set would tell, `gained` of it and `lost` against the present one; `days`:
    alerts and held ones of each day; `told` and `told_held`: what the log itself has, by whatever rule there was then.
    """

    name: RuleId
    compared: Compared
    would: Count
    gained: Count
    lost: Count
    days: dict[date, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    transitions: Counter[str] = field(default_factory=Counter)
    told: int = 0
    told_held: int = 0

    @property
    def differs(self) -> bool:
        """The proposed set would have told something else than the present one."""
        return bool(len(self.gained) or len(self.lost))

    @property
    def silent(self) -> bool:
        """Neither set would have told anything, nor was anything told."""
        return not (len(self.would) or self.differs or self.told or self.told_held)

    def add(self, side: Side, firing: Firing) -> None:
        """One more firing."""
        if side is Side.LOST:
            self.lost.add(firing)
            return
        self.would.add(firing)
        self.transitions[firing.transition] += 1
        self.days[firing.cause.recorded_at.astimezone(UTC).date()][bool(firing.hold)] += 1
        if side is Side.GAINED:
            self.gained.add(firing)

    def as_row(self) -> dict[str, object]:
        """The rule for JSON."""
        days = [{"day": str(day), "alerts": sent, "held": held} for day, (sent, held) in sorted(self.days.items())]
        return {
            "rule": self.name,
            "change": self.compared.change.value,
            "match": self.compared.rule.match,
            **self.would.as_row(),
            "transitions": dict(self.transitions.most_common()),
            "days": days,
            "gained": self.gained.as_row(),
            "lost": self.lost.as_row(),
            "told": {"alerts": self.told, "held": self.told_held},
        }


@dataclass(frozen=True, slots=True)
class Span:
    """The part of the log that is replayed: after one position, up to its head; and the times that it lies between."""

    since: datetime
    until: datetime
    after: Position
    head: Position


class Backtest:
    """All rules of both sets, filled page by page."""

    def __init__(self, comparison: Comparison, span: Span, examples: int) -> None:
        self.span = span
        self.statements = 0
        self.erased = 0
        self._comparison = comparison
        self._tallies = {
            name: Tally(name, compared, Count(examples), Count(examples), Count(examples))
            for name, compared in comparison.named.items()
        }

    def add(self, page: Page) -> None:
        """Count what a page holds."""
        self.statements += page.statements
        self.erased += page.erased
        for firings in page.firings:
            for name, side, firing in self._comparison.sided(firings):
                self._tallies[name].add(side, firing)
        for alert in page.told:
            tally = self._tallies.get(alert.rule)
            if tally and alert.cause > self.span.after:
                tally.told_held += isinstance(alert, AlertHeld)
                tally.told += not isinstance(alert, AlertHeld)

    @property
    def tallies(self) -> Sequence[Tally]:
        """Every rule, the noisiest first."""
        return sorted(self._tallies.values(), key=_noise)

    def as_document(self, proposed: str) -> dict[str, object]:
        """What `--json` prints; `proposed` names the file of the proposed rules."""
        return {
            "proposed": proposed,
            "since": stamp(self.span.since),
            "until": stamp(self.span.until),
            "after": self.span.after,
            "head": self.span.head,
            "statements": self.statements,
            "not_judged": self.erased,
            "rules": [tally.as_row() for tally in self.tallies],
        }


def _noise(tally: Tally) -> tuple[int, int, int, str]:
    return -tally.would.sent, -len(tally.would), -len(tally.lost), tally.name


def example_row(firing: Firing) -> dict[str, object]:
    """One would-be alert for JSON; its matches as a message would carry them."""
    face = firing.face
    return {
        "alert_id": firing.alert,
        "transition": firing.transition,
        "held": firing.hold or None,
        "at": stamp(firing.cause.recorded_at),
        "cause": firing.cause.position,
        "feed": firing.feed or None,
        "item": firing.item,
        "version": face.version if face else None,
        "title": face.title if face else None,
        "matches": [
            {"term": hit.term, "field": hit.field, "start": hit.start, "end": hit.end,
             "snippet": snippet(face.text_of(hit.field), hit)}
            for hit in firing.match.hits[:MATCHES]
        ] if face else [],
        "blind_since": stamp(firing.blind_since),
    }  # fmt: skip


def spread(days: Mapping[date, Sequence[int]], first: date, last: date, most: int) -> list[int]:
    """Alerts, held ones included, of equal stretches of days from the first to the last; at most so many stretches."""
    count = (last - first).days + 1
    per_bar = -(-count // most)
    bars = [0] * -(-count // per_bar)
    for day, counts in days.items():
        if first <= day <= last:
            bars[(day - first).days // per_bar] += sum(counts)
    return bars


def sparkline(bars: Iterable[int]) -> str:
    """The bars as one line: a dot for nothing, then eight heights."""
    heights = list(bars)
    top = max(heights, default=0)
    return "".join("·" if not height else "▁▂▃▄▅▆▇█"[-(-height * 8 // top) - 1] for height in heights)


def busiest(days: Mapping[date, Sequence[int]]) -> tuple[date, int] | None:
    """The day with the most alerts, held ones included; the first of several."""
    totals: Iterator[tuple[date, int]] = ((day, sum(counts)) for day, counts in sorted(days.items()))
    return max(totals, key=lambda total: total[1], default=None)

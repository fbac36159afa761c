"""The books of the demo: what the ministry did, what the log holds of it, what the desk was told. Pure.

Comes in: the deeds in their order, every event of the log, what the desk took, what `verify` said. Goes out: a `Row`
for each deed, and every difference between the three in words. The links are the log's own: an event leads to an alert
by its position, an alert to what the desk took by its id.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aggregator.demo.desk import CHANNELS, Channel, Receipt
from aggregator.demo.script import Deed
from store.events import (
    AlertHeld,
    AlertRaised,
    Event,
    FeedBaselined,
    ItemAbsent,
    ItemEvent,
    ItemId,
    ItemPublished,
    ItemRevised,
    ItemWithdrawn,
    Position,
    Recorded,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One deed of the ministry, the event that the log has of it, and how often the desk was told by each channel."""

    did: str
    item: str
    position: int | None
    seen: str
    told: str
    alert: str
    received: Mapping[Channel, int]


@dataclass(frozen=True, slots=True)
class Verification:
    """What `feedwitness verify` said."""

    ok: bool
    events: int
    hash: str


@dataclass(frozen=True, slots=True)
class Books:
    """The whole account; it is `good` when there is no difference."""

    rows: tuple[Row, ...]
    raised: int
    received: Mapping[Channel, int]
    verified: Verification
    differences: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Everything was seen, and told once."""
        return not self.differences


def observed(event: Event) -> str:
    """An event of an item's life in a word or two, as the script's `seen` has it."""
    match event:
        case ItemPublished():
            return "published"
        case ItemRevised():
            return ", ".join((event.kind, *event.flags))
        case ItemWithdrawn():
            return "withdrawn"
        case _:
            return event.KIND


def news(log: Sequence[Recorded]) -> list[Recorded]:
    """What happened to statements after the first look. That one is missing is only a suspicion on the way."""
    return [
        each
        for each in log
        if isinstance(each.event, ItemEvent)
        and not isinstance(each.event, ItemAbsent)
        and not (isinstance(each.event, ItemPublished) and each.event.baseline)
    ]


def raised(log: Sequence[Recorded]) -> dict[Position, AlertRaised]:
    """Alerts by the position of the event that they follow from."""
    return {each.event.cause: each.event for each in log if isinstance(each.event, AlertRaised)}


def first_look(log: Sequence[Recorded]) -> tuple[int, int]:
    """How many statements the first look found, and how many alerts about them were held; none before it happened."""
    known = sum(each.event.items for each in log if isinstance(each.event, FeedBaselined))
    return known, sum(isinstance(each.event, AlertHeld) for each in log)


def balance(
    deeds: Sequence[Deed],
    items: Mapping[str, ItemId],
    log: Sequence[Recorded],
    receipts: Sequence[Receipt],
    verified: Verification,
) -> Books:
    """Hold the three against each other. `items`: the log's id of each statement of the script that it knows."""
    alerts = raised(log)
    told = Counter((receipt.channel, receipt.alert) for receipt in receipts)
    left = news(log)
    rows, differences = [], list[str]()
    for deed in deeds:
        event = next((each for each in left if deed.seen and _item(each) == items.get(deed.act.name)), None)
        if event:
            left.remove(event)
        alert = alerts.get(event.position) if event else None
        row = Row(
            did=deed.brief,
            item=items.get(deed.act.name, ""),
            position=event.position if event else None,
            seen=observed(event.event) if event else "",
            told=alert.transition if alert else "",
            alert=alert.alert if alert else "",
            received={channel: told[channel, alert.alert] if alert else 0 for channel in CHANNELS},
        )
        rows.append(row)
        differences += _differences(deed, row)
    differences += [f"#{each.position} of the log, {observed(each.event)}, is nothing that was done" for each in left]
    differences += _unfounded(alerts, rows, receipts)
    if not verified.ok:
        differences.append("`verify` says that the log does not hold")
    by_channel = {channel: sum(r.channel == channel for r in receipts) for channel in CHANNELS}
    return Books(tuple(rows), len(alerts), by_channel, verified, tuple(differences))


def _item(recorded: Recorded) -> ItemId | None:
    return recorded.event.item if isinstance(recorded.event, ItemEvent) else None


def _differences(deed: Deed, row: Row) -> list[str]:
    found = []
    if row.seen != deed.seen:
        found.append(f"the log should hold {deed.seen or 'nothing'}, and holds {row.seen or 'nothing'}")
    if row.told != deed.told:
        found.append(f"the rule should say {deed.told or 'nothing'}, and said {row.told or 'nothing'}")
    wanted = 1 if deed.told else 0
    found += [
        f"the desk should have {wanted} by {channel}, and has {count}"
        for channel, count in row.received.items()
        if count != wanted
    ]
    return [f"the ministry {deed.words}: {each}" for each in found]


def _unfounded(alerts: Mapping[Position, AlertRaised], rows: Sequence[Row], receipts: Sequence[Receipt]) -> list[str]:
    """Alerts and messages that no deed stands behind, and webhooks that somebody else may have sent."""
    founded = {row.alert for row in rows}
    baseless = [alert for alert in alerts.values() if alert.alert not in founded]
    known = {alert.alert for alert in alerts.values()}
    strange = [receipt for receipt in receipts if receipt.alert not in known]
    return [
        *(f"alert {alert.alert[:8]} ({alert.transition}) is about nothing that was done" for alert in baseless),
        *(f"a {receipt.channel} bears the id {receipt.alert[:8]}, which the log does not know" for receipt in strange),
        *(f"the signature of webhook {receipt.alert[:8]} is wrong" for receipt in receipts if not receipt.good),
    ]

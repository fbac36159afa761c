"""What must leave the house: `store.ports.Outbox`.

A claim is a lease: the row's `next_at` becomes the lease's end, when it can be claimed again. A verdict counts only for
the attempt that holds the lease, so that a sender that was thought dead changes nothing when it comes back.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice, zip_longest

import sqlalchemy as sa

from store.batch import execute_rows, fetch, fetch_one
from store.events import AlertId, ChannelId, ItemId, RuleId
from store.instants import maybe_from_micros, maybe_micros, to_micros
from store.ports import Delivery, DeliveryState, Verdict
from store.tables import DELIVERIES

CHANNEL_REMOVED, RECIPIENT_REMOVED = "channel-removed", "recipient-removed"
ERASED_REASON = "erased"
"""Why deliveries are held that could otherwise leave."""

_ENQUEUE = sa.insert(DELIVERIES)
_NEXT_CHANNEL = sa.select(sa.func.min(DELIVERIES.c.channel).label("channel")).where(
    DELIVERIES.c.channel > sa.bindparam("after")
)
_LAST_SERVED = sa.select(sa.func.max(DELIVERIES.c.tried_at).label("at")).where(
    DELIVERIES.c.channel == sa.bindparam("of")
)
_FIRST_DUE = sa.select(sa.func.min(DELIVERIES.c.next_at).label("at")).where(DELIVERIES.c.channel == sa.bindparam("of"))
_DUE = (
    sa.select(DELIVERIES)
    .where(DELIVERIES.c.channel == sa.bindparam("of"), DELIVERIES.c.next_at <= sa.bindparam("now"))
    .order_by(DELIVERIES.c.next_at, DELIVERIES.c.id)
    .limit(sa.bindparam("most"))
)
_LEASE = (
    sa.update(DELIVERIES)
    .where(DELIVERIES.c.id == sa.bindparam("of"))
    .values(
        state="leased",
        attempts=DELIVERIES.c.attempts + 1,
        next_at=sa.bindparam("until"),
        tried_at=sa.bindparam("now"),
    )
)
_ON_ITS_WAY = sa.or_(
    DELIVERIES.c.state == "leased",
    # it was erased while it was being sent: only how it ended can still be said
    sa.and_(DELIVERIES.c.state == "held", DELIVERIES.c.reason == ERASED_REASON, sa.bindparam("ended")),
)
_SETTLE = (
    sa.update(DELIVERIES)
    .where(
        DELIVERIES.c.id == sa.bindparam("of"),
        DELIVERIES.c.attempts == sa.bindparam("attempt"),
        _ON_ITS_WAY,
    )
    .values(
        state=sa.bindparam("to"),
        reason=sa.case((DELIVERIES.c.reason == ERASED_REASON, ERASED_REASON), else_=sa.bindparam("why")),
        next_at=sa.bindparam("due"),
        last_answer=sa.case((DELIVERIES.c.reason == ERASED_REASON, ""), else_=sa.bindparam("answer")),
    )
)
_FREE = (
    sa.update(DELIVERIES).where(DELIVERIES.c.state == "leased").values(state="pending", next_at=DELIVERIES.c.tried_at)
)
_HOLD = sa.update(DELIVERIES).values(state="held", reason=sa.bindparam("why"), next_at=None)
_HOLD_CHANNELS = _HOLD.where(
    DELIVERIES.c.state == "pending", DELIVERIES.c.channel.not_in(sa.bindparam("channels", expanding=True))
)
_HOLD_RECIPIENTS = _HOLD.where(
    DELIVERIES.c.state == "pending",
    DELIVERIES.c.channel == sa.bindparam("of"),
    DELIVERIES.c.recipient.not_in(sa.bindparam("recipients", expanding=True)),
)


class Outbox:
    """The outbox as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def enqueue(self, deliveries: Sequence[Delivery]) -> None:
        """Add deliveries. A pending one without `next_at` is due at once."""
        if deliveries:
            execute_rows(self._connection, _ENQUEUE, [_row(delivery) for delivery in deliveries])

    def claim(
        self, now: datetime, limit: int, lease: timedelta, *, busy: Collection[ChannelId] = ()
    ) -> Sequence[Delivery]:
        """See `store.ports.Outbox.claim`. Channels take turns, the one served longest ago first."""
        at, until = to_micros(now), to_micros(now + lease)
        served = [(self._last_served(channel), channel) for channel in self._channels() if channel not in busy]
        queues = (self._due(channel, at, limit) for _, channel in sorted(served))
        turns = chain.from_iterable(zip_longest(*queues))
        claimed = list(islice((row for row in turns if row is not None), limit))
        if claimed:
            execute_rows(self._connection, _LEASE, [{"of": row.id, "now": at, "until": until} for row in claimed])
        return [_delivery(row, state="leased", attempts=row.attempts + 1, next_at=now + lease) for row in claimed]

    def settle(self, delivery: Delivery, verdict: Verdict) -> bool:
        """Record the verdict if the lease is still this attempt's; False (and nothing changed) if it is not."""
        if verdict.state == "pending" and verdict.next_at is None:
            msg = "a delivery to be retried needs the time of its next attempt"
            raise ValueError(msg)
        due = verdict.next_at if verdict.state == "pending" else None
        row = {
            "of": delivery.id,
            "attempt": delivery.attempts,
            "to": verdict.state,
            "why": verdict.reason,
            "due": maybe_micros(due),
            "answer": verdict.answer,
            "ended": verdict.state in ("delivered", "dead"),
        }
        return execute_rows(self._connection, _SETTLE, [row]) == 1

    def free(self, recipients: Mapping[ChannelId, Collection[str]], *, leases: bool = True) -> int:
        """See `store.ports.Outbox.free`. What is given back is due now; its attempts stay counted."""
        freed = self._connection.execute(_FREE).rowcount if leases else 0
        self._hold_others(recipients)
        return freed

    def _hold_others(self, recipients: Mapping[ChannelId, Collection[str]]) -> None:
        """Hold what waits for channels, or recipients, that the settings no longer name."""
        self._connection.execute(_HOLD_CHANNELS, {"why": CHANNEL_REMOVED, "channels": sorted(recipients)})
        for channel, known in recipients.items():
            held = {"why": RECIPIENT_REMOVED, "of": channel, "recipients": sorted(known)}
            self._connection.execute(_HOLD_RECIPIENTS, held)

    def next_due(self) -> datetime | None:
        """When the next delivery can be claimed: due, or the end of a lease; None when nothing waits."""
        firsts = (fetch_one(self._connection, _FIRST_DUE, {"of": channel}).at for channel in self._channels())
        first = min((at for at in firsts if at is not None), default=None)
        return maybe_from_micros(first)

    def _channels(self) -> list[ChannelId]:
        channels: list[ChannelId] = []
        after = ""
        while (channel := fetch_one(self._connection, _NEXT_CHANNEL, {"after": after}).channel) is not None:
            channels.append(ChannelId(channel))
            after = channel
        return channels

    def _last_served(self, channel: ChannelId) -> int:
        return fetch_one(self._connection, _LAST_SERVED, {"of": channel}).at or 0

    def _due(self, channel: ChannelId, at: int, most: int) -> Sequence[sa.Row[tuple[object, ...]]]:
        return fetch(self._connection, _DUE, {"of": channel, "now": at, "most": most})


LISTED = [column for column in DELIVERIES.columns if column.name != "body"]
"""The columns of a delivery in a list."""


def read_delivery(row: sa.Row[tuple[object, ...]]) -> Delivery:
    """A row of the outbox as a value, with or without its body."""
    return _delivery(row, state=row.state, attempts=row.attempts, next_at=maybe_from_micros(row.next_at))


def _delivery(
    row: sa.Row[tuple[object, ...]], *, state: DeliveryState, attempts: int, next_at: datetime | None
) -> Delivery:
    return Delivery(
        id=row.id,
        alert=AlertId(row.alert),
        rule=RuleId(row.rule),
        channel=ChannelId(row.channel),
        recipient=row.recipient,
        number=row.number,
        transition=row.transition,
        item=None if row.item is None else ItemId(row.item),
        body=getattr(row, "body", b""),
        state=state,
        reason=row.reason,
        attempts=attempts,
        next_at=next_at,
        last_answer=row.last_answer,
        created_at=maybe_from_micros(row.created_at),
        spent=row.spent,
        renewed_at=maybe_from_micros(row.renewed_at),
    )


def _row(delivery: Delivery) -> dict[str, object]:
    due = None
    if delivery.state == "pending":
        due = maybe_micros(delivery.next_at or delivery.created_at) or 0
    return {
        "id": delivery.id,
        "alert": delivery.alert,
        "rule": delivery.rule,
        "channel": delivery.channel,
        "recipient": delivery.recipient,
        "number": delivery.number,
        "transition": delivery.transition,
        "item": delivery.item,
        "body": delivery.body,
        "state": delivery.state,
        "reason": delivery.reason,
        "attempts": delivery.attempts,
        "spent": delivery.spent,
        "next_at": due,
        "tried_at": None,
        "renewed_at": maybe_micros(delivery.renewed_at),
        "last_answer": delivery.last_answer,
        "created_at": maybe_micros(delivery.created_at),
    }

"""What of the outbox waits for a person: `store.ports.Backlog`. Bodies are never read here, only written."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from store.events import AlertId, FeedId, ItemId, Position, RuleId
from store.instants import from_micros, to_micros
from store.outbox import CHANNEL_REMOVED, ERASED_REASON, LISTED, RECIPIENT_REMOVED, Outbox, read_delivery
from store.ports import AlertRow, Delivery
from store.tables import ALERTS, DELIVERIES

_NO_WAY = (CHANNEL_REMOVED, RECIPIENT_REMOVED)
_HELD = sa.select(ALERTS).order_by(ALERTS.c.position)
_WITHOUT_A_WAY = sa.select(DELIVERIES.c.alert).where(DELIVERIES.c.state == "held", DELIVERIES.c.reason.in_(_NO_WAY))
_FAILED = sa.select(*LISTED).order_by(DELIVERIES.c.created_at, DELIVERIES.c.id)
_AS_IT_WAS = sa.and_(
    DELIVERIES.c.id == sa.bindparam("of"),
    DELIVERIES.c.state == sa.bindparam("was"),
    DELIVERIES.c.attempts == sa.bindparam("tried"),
    DELIVERIES.c.reason != ERASED_REASON,
)
_RENEW = (
    sa.update(DELIVERIES)
    .where(_AS_IT_WAS)
    .values(
        state="pending",
        reason="",
        next_at=sa.bindparam("now"),
        renewed_at=sa.bindparam("now"),
        spent=DELIVERIES.c.attempts,
    )
)
_REMOVE = sa.delete(DELIVERIES).where(DELIVERIES.c.id == sa.bindparam("of"))


class Backlog:
    """The backlog as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def held(
        self, *, alert: AlertId | None = None, feed: FeedId | None = None, rule: RuleId | None = None
    ) -> Sequence[AlertRow]:
        """See `store.ports.Backlog.held`."""
        chosen = _HELD.where(sa.or_(ALERTS.c.told.is_(None), ALERTS.c.alert.in_(_WITHOUT_A_WAY)))
        for column, wanted in ((ALERTS.c.alert, alert), (ALERTS.c.feed, feed), (ALERTS.c.rule, rule)):
            if wanted is not None:
                chosen = chosen.where(column == wanted)
        return [read_alert(row) for row in self._connection.execute(chosen)]

    def failed(self, alert: AlertId | None = None) -> Sequence[Delivery]:
        """Dead deliveries; of one alert those too that wait for their next try."""
        chosen = _FAILED.where(DELIVERIES.c.reason != ERASED_REASON)
        if alert is None:
            chosen = chosen.where(DELIVERIES.c.state == "dead")
        else:
            chosen = chosen.where(DELIVERIES.c.alert == alert, DELIVERIES.c.state.in_(("dead", "pending")))
        return [read_delivery(row) for row in self._connection.execute(chosen)]

    def deliveries(self, alert: AlertId) -> Sequence[Delivery]:
        """All deliveries of an alert."""
        return [read_delivery(row) for row in self._connection.execute(_FAILED.where(DELIVERIES.c.alert == alert))]

    def renew(self, deliveries: Sequence[Delivery], now: datetime) -> int:
        """See `store.ports.Backlog.renew`."""
        at = to_micros(now)
        return sum(
            self._connection.execute(
                _RENEW, {"of": each.id, "was": each.state, "tried": each.attempts, "now": at}
            ).rowcount
            for each in deliveries
        )

    def replace(self, old: Sequence[Delivery], new: Sequence[Delivery]) -> None:
        """Put deliveries rendered anew in the place of some that never left."""
        if old:
            self._connection.execute(_REMOVE, [{"of": each.id} for each in old])
        Outbox(self._connection).enqueue(new)


def read_alert(row: sa.Row[tuple[object, ...]]) -> AlertRow:
    """A row of the alerts as a value."""
    return AlertRow(
        alert=AlertId(row.alert),
        rule=RuleId(row.rule),
        feed=FeedId(row.feed),
        item=None if row.item is None else ItemId(row.item),
        transition=row.transition,
        cause=Position(row.cause),
        position=Position(row.position),
        recorded_at=from_micros(row.recorded_at),
        held=row.held,
        follows=None if row.follows is None else AlertId(row.follows),
    )

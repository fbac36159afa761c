"""Rule definitions folded from the log: `store.ports.Rules`."""

from collections.abc import Sequence

import sqlalchemy as sa

from store import codec
from store.events import Position, RuleDefined
from store.tables import EVENTS, RULES

_LATER = RULES.alias("later")
_IN_FORCE = (
    sa.select(EVENTS.c.kind, EVENTS.c.data)
    .join(RULES, RULES.c.position == EVENTS.c.position)
    .where(
        RULES.c.in_force == 1,
        RULES.c.position
        == sa.select(sa.func.max(_LATER.c.position))
        .where(_LATER.c.rule == RULES.c.rule, _LATER.c.position <= sa.bindparam("at"))
        .scalar_subquery(),
    )
    .order_by(RULES.c.rule)
)
_END = 2**63 - 1


class Rules:
    """The rules as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def in_force(self, at: Position | None = None) -> Sequence[RuleDefined]:
        """The rules in force at that position (None = head), by id."""
        rows = self._connection.execute(_IN_FORCE, {"at": _END if at is None else at})
        events = (codec.decode(kind, data) for kind, data in rows)
        return [event for event in events if isinstance(event, RuleDefined)]

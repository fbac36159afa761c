"""Items by identity, folded from the log: `store.ports.Items`. Contents are read from the events themselves."""

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from store import codec
from store.batch import fetch
from store.events import AlertId, FeedId, ItemId, Key, Position, ReadingEvent, RuleId
from store.instants import from_micros
from store.ports import KnownItem, StoreError, Version
from store.tables import ALERTS, ALIASES, EVENTS, ITEMS, SALTS, VERSIONS

_MOST_AT_ONCE = 500
_FIND = sa.select(ALIASES.c.key, ALIASES.c.item).where(
    ALIASES.c.feed == sa.bindparam("of"), ALIASES.c.key.in_(sa.bindparam("keys", expanding=True))
)
_GET = (
    sa.select(
        ITEMS.c.id,
        ITEMS.c.feed,
        ITEMS.c.state,
        ITEMS.c.version,
        ITEMS.c.first_seen_at,
        ITEMS.c.changed_at,
        SALTS.c.salt,
        EVENTS.c.kind,
        EVENTS.c.data,
    )
    .join(EVENTS, EVENTS.c.position == ITEMS.c.position)
    .outerjoin(SALTS, SALTS.c.item == ITEMS.c.id)
    .where(ITEMS.c.id.in_(sa.bindparam("ids", expanding=True)))
)
_VERSIONS = (
    sa.select(VERSIONS.c.number, VERSIONS.c.position, EVENTS.c.recorded_at, EVENTS.c.kind, EVENTS.c.data)
    .join(EVENTS, EVENTS.c.position == VERSIONS.c.position)
    .where(VERSIONS.c.item == sa.bindparam("of"))
    .order_by(VERSIONS.c.position)
)
_TOLD = (
    sa.select(ALERTS.c.alert)
    .where(ALERTS.c.rule == sa.bindparam("by"), ALERTS.c.item == sa.bindparam("of"), ALERTS.c.told.is_not(None))
    .order_by(ALERTS.c.told)
)


class Items:
    """The known items as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def find(self, feed: FeedId, keys: Collection[Key]) -> Mapping[Key, ItemId]:
        """Which of these keys are known in that feed; a key belongs to the first item that had it."""
        found: dict[Key, ItemId] = {}
        wanted = list(keys)
        for start in range(0, len(wanted), _MOST_AT_ONCE):
            some = wanted[start : start + _MOST_AT_ONCE]
            for key, item in fetch(self._connection, _FIND, {"of": feed, "keys": some}):
                found[Key(key)] = ItemId(item)
        return found

    def get(self, items: Collection[ItemId]) -> Mapping[ItemId, KnownItem]:
        """The known ones of these items."""
        found: dict[ItemId, KnownItem] = {}
        wanted = list(items)
        for start in range(0, len(wanted), _MOST_AT_ONCE):
            rows = fetch(self._connection, _GET, {"ids": wanted[start : start + _MOST_AT_ONCE]})
            for item, feed, state, version, first_seen_at, changed_at, salt, kind, data in rows:
                reading = content_of(kind, data)
                found[ItemId(item)] = KnownItem(
                    id=ItemId(item),
                    feed=FeedId(feed),
                    state=state,
                    version=version,
                    content=reading.content,
                    salt=salt or b"",
                    first_seen_at=from_micros(first_seen_at),
                    changed_at=from_micros(changed_at),
                    capture=reading.capture,
                    parser=reading.parser,
                )
        return found

    def versions(self, item: ItemId) -> Sequence[Version]:
        """Every reading, in the order of the log."""
        return [
            Version(number, Position(position), from_micros(recorded_at), content_of(kind, data))
            for number, position, recorded_at, kind, data in fetch(self._connection, _VERSIONS, {"of": item})
        ]

    def told(self, rule: RuleId, item: ItemId) -> Sequence[AlertId]:
        """Alerts raised or released about this item under this rule, in the order in which they were let out."""
        return [AlertId(row.alert) for row in fetch(self._connection, _TOLD, {"by": rule, "of": item})]


def content_of(kind: str, data: bytes) -> ReadingEvent:
    """The event that says what an item said; StoreError if the read tables point at another one."""
    event = codec.decode(kind, data)
    if not isinstance(event, ReadingEvent):
        msg = f"the read tables take {kind} for a version of an item: run `feedwitness rebuild`"
        raise StoreError(msg)
    return event

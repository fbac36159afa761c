"""Visits to the pages behind items, and by which settings they were planned: `store.ports.Visits`, `PagePlans`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.batch import execute_rows
from store.events import FeedId, ItemId, Position
from store.instants import from_micros, maybe_from_micros, maybe_micros, to_micros
from store.ports import Told, Visit, VisitDepths
from store.tables import ALERTS, EVENTS, ITEMS, PAGE_PLANS, VISITS

_MOST_AT_ONCE = 500
_COLUMNS = [column.name for column in VISITS.columns]
_TIMES = ("next_at", "since", "until", "looked_at")
_SAVE = sa.text(
    f"INSERT INTO visits ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"  # noqa: S608
    f" ON CONFLICT (item) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS[1:])}"
)
_GET = sa.select(VISITS).where(VISITS.c.item.in_(sa.bindparam("some", expanding=True)))
_OF = sa.select(VISITS).where(VISITS.c.feed == sa.bindparam("of")).order_by(VISITS.c.item)
_SHARING = sa.select(VISITS).where(
    VISITS.c.feed == sa.bindparam("of"), VISITS.c.page.in_(sa.bindparam("some", expanding=True))
)
_WAITING = (
    sa.select(
        VISITS.c.item,
        VISITS.c.next_at,
        sa.func.row_number()
        .over(partition_by=VISITS.c.host, order_by=(VISITS.c.next_at, VISITS.c.item))
        .label("turn"),
    )
    .where(
        VISITS.c.next_at <= sa.bindparam("now"), VISITS.c.host.not_in(sa.bindparam("busy", expanding=True))
    )
    .subquery()
)  # fmt: skip
_DUE = (
    sa.select(VISITS)
    .join(_WAITING, _WAITING.c.item == VISITS.c.item)
    .where(_WAITING.c.turn == 1)
    .order_by(_WAITING.c.next_at, VISITS.c.item)
    .limit(sa.bindparam("most"))
)
_DEPTHS = sa.select(
    sa.func.count(VISITS.c.next_at),
    sa.func.count(sa.case((VISITS.c.next_at <= sa.bindparam("now"), 1))),
    sa.func.count(sa.case((VISITS.c.failures > 0, 1))),
)
_RENAME = sa.update(VISITS).where(VISITS.c.feed == sa.bindparam("of")).values(feed=sa.bindparam("to"))

_PLANS = sa.select(PAGE_PLANS.c.feed, PAGE_PLANS.c.plan)
_SET_PLAN = sa.text(
    "INSERT INTO page_plans (feed, plan) VALUES (:feed, :plan) ON CONFLICT (feed) DO UPDATE SET plan = excluded.plan"
)
_DROP_PLAN = sa.delete(PAGE_PLANS).where(PAGE_PLANS.c.feed == sa.bindparam("of"))
_RENAME_PLAN = sa.update(PAGE_PLANS).where(PAGE_PLANS.c.feed == sa.bindparam("of")).values(feed=sa.bindparam("to"))
_UNVISITED = (
    sa.select(ITEMS.c.id)
    .outerjoin(VISITS, VISITS.c.item == ITEMS.c.id)
    .where(
        ITEMS.c.feed == sa.bindparam("of"), ITEMS.c.first_seen_at >= sa.bindparam("since"), VISITS.c.item.is_(None)
    )
    .order_by(ITEMS.c.first_seen_at, ITEMS.c.id)
)  # fmt: skip
_TOLD = (
    sa.select(ALERTS.c.told, EVENTS.c.recorded_at, ALERTS.c.item, ALERTS.c.feed)
    .join(EVENTS, EVENTS.c.position == ALERTS.c.told)
    .where(ALERTS.c.told > sa.bindparam("after"), ALERTS.c.item.is_not(None))
    .order_by(ALERTS.c.told)
    .limit(sa.bindparam("most"))
)
_TOLD_OF = _TOLD.where(ALERTS.c.feed == sa.bindparam("of"))


class Visits:
    """The visits as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, items: Collection[ItemId]) -> Mapping[ItemId, Visit]:
        """Those of these items that have one."""
        return {visit.item: visit for visit in self._some(_GET, {}, items)}

    def save(self, visits: Sequence[Visit]) -> None:
        """Insert or overwrite."""
        if visits:
            execute_rows(self._connection, _SAVE, [_row(visit) for visit in visits])

    def due(self, now: datetime, most: int, *, busy: Collection[str] = ()) -> Sequence[Visit]:
        """What is due, oldest first: one of each host, and none of a `busy` one."""
        wanted = {"now": to_micros(now), "busy": sorted(busy), "most": most}
        return [_visit(row) for row in self._connection.execute(_DUE, wanted)]

    def of(self, feed: FeedId, *, pages: Collection[str] | None = None) -> Sequence[Visit]:
        """Every one of that feed, or those to these pages."""
        if pages is not None:
            return self._some(_SHARING, {"of": feed}, pages)
        return [_visit(row) for row in self._connection.execute(_OF, {"of": feed})]

    def depths(self, now: datetime) -> VisitDepths:
        """How many are planned, are due, and failed the last time."""
        return VisitDepths(*self._connection.execute(_DEPTHS, {"now": to_micros(now)}).one())

    def _some(self, statement: sa.Select[Any], values: Mapping[str, str], some: Collection[str]) -> list[Visit]:
        wanted, found = sorted(some), list[Visit]()
        for start in range(0, len(wanted), _MOST_AT_ONCE):
            portion = {**values, "some": wanted[start : start + _MOST_AT_ONCE]}
            found += (_visit(row) for row in self._connection.execute(statement, portion))
        return found


class PagePlans:
    """The plans as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def all(self) -> Mapping[FeedId, str]:
        """The plan of each feed that has one."""
        return {FeedId(feed): plan for feed, plan in self._connection.execute(_PLANS)}

    def set(self, feed: FeedId, plan: str) -> None:
        """Remember it; "" forgets the feed."""
        if plan:
            self._connection.execute(_SET_PLAN, {"feed": feed, "plan": plan})
        else:
            self._connection.execute(_DROP_PLAN, {"of": feed})

    def unvisited(self, feed: FeedId, since: datetime) -> Sequence[ItemId]:
        """Items of that feed, first seen since then, that have no visit."""
        rows = self._connection.execute(_UNVISITED, {"of": feed, "since": to_micros(since)})
        return [ItemId(item) for item in rows.scalars()]

    def told(self, after: Position, most: int, *, feed: FeedId | None = None) -> Sequence[Told]:
        """Alerts about items that were let out after that place of the log, in order."""
        wanted = {"after": after, "most": most}
        rows = self._connection.execute(_TOLD_OF if feed else _TOLD, {**wanted, "of": feed} if feed else wanted)
        return [Told(Position(told), from_micros(at), ItemId(item), FeedId(of)) for told, at, item, of in rows]

    def rename(self, old: FeedId, new: FeedId) -> None:
        """Give a feed's plan and its visits to its new id."""
        self._connection.execute(_RENAME, {"of": old, "to": new})
        self._connection.execute(_DROP_PLAN, {"of": new})
        self._connection.execute(_RENAME_PLAN, {"of": old, "to": new})


def _row(visit: Visit) -> dict[str, object]:
    row = {name: getattr(visit, name) for name in _COLUMNS}
    for name in _TIMES:
        row[name] = maybe_micros(row[name])
    return row


def _visit(row: sa.Row[Any]) -> Visit:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Visit(**{**values, **{name: maybe_from_micros(values[name]) for name in _TIMES}})

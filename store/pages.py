"""Lists page by page: `store.ports.Pages`.

Each question looks at a bounded number of rows, in the order of the list, and says how far it came. What is rare in a
large store is so found in several short looks, instead of in a long one that keeps the write-ahead log from being
emptied.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any, Protocol

import sqlalchemy as sa

from store.codec import stored_kinds
from store.events import ItemId, Position, Recorded
from store.instants import from_micros, to_micros
from store.log import as_recorded
from store.outbox import LISTED, read_delivery
from store.ports import Delivery, DeliveryFilter, EventFilter, ItemFilter, ItemRow, Place, Window
from store.tables import DELIVERIES, EVENTS, ITEMS

ROWS_LOOKED_AT = 2_000
EVENTS_LOOKED_AT = 10_000

_Row = sa.Row[Any]


class ItemsOf(Protocol):
    """`store.ports.Views.items`."""

    def __call__(self, wanted: ItemFilter, *, texts: bool = False) -> Iterator[ItemRow]:
        """Items with what a list shows of them."""
        ...


class Pages:
    """Windows of lists over one snapshot; `items_of` reads what they show of items."""

    def __init__(self, connection: sa.Connection, items_of: ItemsOf) -> None:
        self._connection = connection
        self._items_of = items_of

    def items(
        self, wanted: ItemFilter, *, before: Place | None, most: int, texts: bool = False
    ) -> Window[ItemRow, Place]:
        """See `store.ports.Pages.items`."""
        chosen = sa.select(ITEMS.c.id, ITEMS.c.first_seen_at.label("at"), ITEMS.c.state)
        if wanted.feed is not None:
            chosen = chosen.where(ITEMS.c.feed == wanted.feed)
        if wanted.item is not None:
            chosen = chosen.where(ITEMS.c.id == wanted.item)
        if wanted.since is not None:
            chosen = chosen.where(ITEMS.c.first_seen_at >= to_micros(wanted.since))
        if wanted.among is not None:
            chosen = chosen.where(ITEMS.c.id.in_(wanted.among))
        rows, end = self._look(
            chosen, ITEMS.c.first_seen_at, ITEMS.c.id, before, most, lambda row: wanted.state in (None, row.state)
        )
        found = {row.id: row for row in self._items_of(ItemFilter(among=[row.id for row in rows]), texts=texts)}
        return Window([found[ItemId(row.id)] for row in rows], end)

    def deliveries(self, wanted: DeliveryFilter, *, before: Place | None, most: int) -> Window[Delivery, Place]:
        """See `store.ports.Pages.deliveries`."""
        chosen = sa.select(*LISTED, DELIVERIES.c.created_at.label("at"))
        if wanted.item is not None:
            chosen = chosen.where(DELIVERIES.c.item == wanted.item)

        def fits(row: _Row) -> bool:
            return (not wanted.states or row.state in wanted.states) and wanted.rule in (None, row.rule)

        rows, end = self._look(chosen, DELIVERIES.c.created_at, DELIVERIES.c.id, before, most, fits)
        return Window([read_delivery(row) for row in rows], end)

    def events(self, wanted: EventFilter, *, after: Position, most: int) -> Window[Recorded, Position]:
        """See `store.ports.Pages.events`."""
        head = self._connection.execute(sa.select(sa.func.max(EVENTS.c.position))).scalar() or 0
        until = min(after + EVENTS_LOOKED_AT, head)
        chosen = sa.select(EVENTS).where(EVENTS.c.position > after, EVENTS.c.position <= until)
        if wanted.stream is not None:  # the stream's own index would give all of it, to be sorted for the first few
            chosen = chosen.where(EVENTS.c.stream + "" == wanted.stream)
        if wanted.subject is not None:
            chosen = chosen.where(EVENTS.c.subject == wanted.subject)
        if wanted.kinds:
            chosen = chosen.where(EVENTS.c.kind.in_(sorted(stored_kinds(wanted.kinds))))
        rows = self._connection.execute(chosen.order_by(EVENTS.c.position).limit(most)).all()
        end = rows[-1].position if len(rows) == most else until
        return Window([as_recorded(row) for row in rows], Position(end) if end < head else None)

    def _look(
        self,
        chosen: sa.Select[Any],
        at: sa.Column[Any],
        name: sa.Column[Any],
        before: Place | None,
        most: int,
        fits: Callable[[_Row], bool],
    ) -> tuple[Collection[_Row], Place | None]:
        """The first fitting rows before a place, newest first, and the place where the look ended."""
        if before is not None:
            chosen = chosen.where(sa.tuple_(at, name) < sa.tuple_(to_micros(before.at), before.id))
        looked_at = self._connection.execute(chosen.order_by(at.desc(), name.desc()).limit(ROWS_LOOKED_AT + 1))
        rows: list[_Row] = []
        with looked_at:
            last = None
            for number, row in enumerate(looked_at):
                if number == ROWS_LOOKED_AT or len(rows) == most:
                    return rows, last
                if fits(row):
                    rows.append(row)
                last = Place(from_micros(row.at), row.id)
        return rows, None

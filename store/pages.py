"""Lists page by page: `store.ports.Pages`.

Each question looks at a bounded number of rows, in the order of the list, and says how far it came. What is rare in a
large store is so found in several short looks, instead of in a long one that keeps the write-ahead log from being
emptied.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from store.codec import stored_kinds
from store.events import ItemId, Position, Recorded
from store.instants import from_micros, to_micros
from store.log import as_recorded
from store.outbox import LISTED, read_delivery
from store.ports import Delivery, DeliveryFilter, EventFilter, ItemFilter, ItemRow, Place, Window
from store.tables import DELIVERIES, EVENTS, ITEMS

ROWS_LOOKED_AT = 20_000
EVENTS_LOOKED_AT = 10_000


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
        chosen = sa.select(ITEMS.c.id, ITEMS.c.first_seen_at.label("at"), ITEMS.c.state).where(*of_items(wanted))
        fits = {} if wanted.state is None else {"state": [wanted.state]}
        rows, end = self._look(chosen, (ITEMS.c.first_seen_at, ITEMS.c.id), fits, before, most)
        found = {row.id: row for row in self._items_of(ItemFilter(among=[row.id for row in rows]), texts=texts)}
        return Window([found[ItemId(row.id)] for row in rows], end)

    def deliveries(self, wanted: DeliveryFilter, *, before: Place | None, most: int) -> Window[Delivery, Place]:
        """See `store.ports.Pages.deliveries`."""
        chosen = sa.select(*LISTED, DELIVERIES.c.created_at.label("at"))
        if wanted.item is not None:
            chosen = chosen.where(DELIVERIES.c.item == wanted.item)

        fits = {"state": wanted.states, "rule": [] if wanted.rule is None else [wanted.rule]}
        rows, end = self._look(chosen, (DELIVERIES.c.created_at, DELIVERIES.c.id), fits, before, most)
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
        order: tuple[sa.Column[Any], sa.Column[Any]],
        fits: Mapping[str, Collection[str]],
        before: Place | None,
        most: int,
    ) -> tuple[Sequence[sa.Row[Any]], Place | None]:
        """Rows before a place, newest first, of those looked at that fit; and the place where the look ended.

        `chosen` calls its columns of `order` `at` and `id`. `fits`: the values that a column may have, none = any. What
        does not fit never leaves the database.
        """
        if before is not None:
            chosen = chosen.where(sa.tuple_(*order) < sa.tuple_(to_micros(before.at), before.id))
        chosen = chosen.order_by(*(column.desc() for column in order))
        looked_at = chosen.limit(ROWS_LOOKED_AT).subquery()
        filters = [looked_at.c[name].in_(values) for name, values in fits.items() if values]
        if filters:
            newest_first = (looked_at.c.at.desc(), looked_at.c.id.desc())
            chosen_now = sa.select(looked_at).where(*filters).order_by(*newest_first)
        else:
            chosen_now = chosen
        found = self._connection.execute(chosen_now.limit(most + 1)).all()
        if len(found) > most:
            return found[:most], _place(found[most - 1])
        beyond = self._connection.execute(chosen.offset(ROWS_LOOKED_AT - 1).limit(1)).one_or_none() if filters else None
        return found, None if beyond is None else _place(beyond)


def of_items(wanted: ItemFilter) -> Iterator[sa.ColumnElement[bool]]:
    """What a filter asks of the table of items, but for the state: few have a rare one, and no index finds them."""
    if wanted.feed is not None:
        yield ITEMS.c.feed == wanted.feed
    if wanted.item is not None:
        yield ITEMS.c.id == wanted.item
    if wanted.since is not None:
        yield ITEMS.c.first_seen_at >= to_micros(wanted.since)
    if wanted.among is not None:
        yield ITEMS.c.id.in_(wanted.among)


def _place(row: sa.Row[Any]) -> Place:
    return Place(from_micros(row.at), row.id)

"""Read-only questions of people and scripts over one snapshot: `store.ports.Views`."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import get_args

import sqlalchemy as sa

from store.backlog import read_alert
from store.codec import about_from_text
from store.events import AlertId, FeedId, ItemId, RuleId
from store.instants import from_micros
from store.items import content_of
from store.outbox import LISTED, read_delivery
from store.pages import Pages, of_items
from store.ports import ERASED, AlertRow, Delivery, DeliveryState, ItemFilter, ItemRow
from store.tables import ALERTS, CHECKPOINTS, DELIVERIES, EVENTS, FEEDS, ITEMS, SALTS
from store.transaction import Transaction

_PAGE = 200
FOLLOWER = "react"
"""The follower whose backlog is called `unread`."""

_ITEMS = (
    sa.select(ITEMS, EVENTS.c.kind, EVENTS.c.data, SALTS.c.salt)
    .join(EVENTS, EVENTS.c.position == ITEMS.c.position)
    .outerjoin(SALTS, SALTS.c.item == ITEMS.c.id)
    .order_by(ITEMS.c.first_seen_at.desc(), ITEMS.c.position.desc())
)


class Views:
    """Questions over the snapshot of one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    @cached_property
    def tx(self) -> Transaction:
        """The ports over the same snapshot; they cannot write."""
        return Transaction(self._connection)

    @cached_property
    def pages(self) -> Pages:
        """Lists over the same snapshot, window by window."""
        return Pages(self._connection, self.items)

    def items(self, wanted: ItemFilter, *, texts: bool = False) -> Iterator[ItemRow]:
        """Newest first by observation; `texts` fills `text` and `about`."""
        chosen = _ITEMS.where(*of_items(wanted))
        if wanted.state is not None:
            chosen = chosen.where(ITEMS.c.state == wanted.state)
        for page in self._connection.execute(chosen).partitions(_PAGE):
            yield from self._page(page, texts=texts)

    def _page(self, rows: Sequence[sa.Row[tuple[object, ...]]], *, texts: bool) -> Iterator[ItemRow]:
        contents = [content_of(row.kind, row.data).content for row in rows]
        digests = {digest for content in contents for digest in (content.title, content.about)}
        if texts:
            digests.update(content.text for content in contents)
            digests.update(content.page.text for content in contents if content.page)
        known = self.tx.texts.get(digests)
        for row, content in zip(rows, contents, strict=True):
            about = about_from_text(known[content.about]) if content.about in known else None
            erased = row.salt is None
            yield ItemRow(
                id=ItemId(row.id),
                feed=FeedId(row.feed),
                version=row.version,
                state=row.state,
                title=ERASED if erased else known.get(content.title, ""),
                link=about.link if about else "",
                published_at=content.published_at,
                observed_at=from_micros(row.first_seen_at),
                language=content.language,
                text=known.get(content.page.text if content.page else content.text, "") if texts else "",
                lead=known.get(content.text, "") if texts and content.page else None,
                about=about if texts else None,
                erased=erased,
            )

    def items_begun(self, beginning: str, *, most: int) -> Sequence[ItemId]:
        """At most so many items whose id, or the part of it after the slash, begins like that."""
        own = sa.func.substr(ITEMS.c.id, sa.func.instr(ITEMS.c.id, "/") + 1, len(beginning))
        begun = sa.or_(_begins(ITEMS.c.id, beginning), own == beginning)
        chosen = sa.select(ITEMS.c.id).where(begun).order_by(ITEMS.c.id).limit(most)
        return [ItemId(name) for name in self._connection.execute(chosen).scalars()]

    def alerts(
        self, *, alert: AlertId | None = None, item: ItemId | None = None, beginning: str = ""
    ) -> Sequence[AlertRow]:
        """Alerts, oldest first; `beginning`: those whose id, or a delivery's, begins like that."""
        chosen = sa.select(ALERTS).order_by(ALERTS.c.position)
        if alert is not None:
            chosen = chosen.where(ALERTS.c.alert == alert)
        if item is not None:
            chosen = chosen.where(ALERTS.c.item == item)
        if beginning:
            of_deliveries = sa.select(DELIVERIES.c.alert).where(_begins(DELIVERIES.c.id, beginning))
            chosen = chosen.where(sa.or_(_begins(ALERTS.c.alert, beginning), ALERTS.c.alert.in_(of_deliveries)))
        return [read_alert(row) for row in self._connection.execute(chosen)]

    def deliveries(
        self,
        *,
        state: str | None = None,
        alert: AlertId | None = None,
        newest: int | None = None,
        bodies: bool = False,
    ) -> Sequence[Delivery]:
        """Deliveries, oldest first; with `newest` so many of them, newest first. Bodies only where they are wanted."""
        chosen = sa.select(DELIVERIES) if bodies else sa.select(*LISTED)
        if state is not None:
            chosen = chosen.where(DELIVERIES.c.state == state)
        if alert is not None:
            chosen = chosen.where(DELIVERIES.c.alert == alert)
        if newest is None:
            chosen = chosen.order_by(DELIVERIES.c.created_at, DELIVERIES.c.id)
        else:
            chosen = chosen.order_by(DELIVERIES.c.created_at.desc(), DELIVERIES.c.id.desc()).limit(newest)
        return [read_delivery(row) for row in self._connection.execute(chosen)]

    def hits(self, rule: RuleId) -> int:
        """How many alerts the rule has raised or had released."""
        told = sa.select(sa.func.count()).where(ALERTS.c.rule == rule, ALERTS.c.told.is_not(None))
        return self._connection.execute(told).scalar_one()

    def last_hit(self, rule: RuleId) -> datetime | None:
        """When the rule last raised an alert, or had one released."""
        last = sa.select(sa.func.max(ALERTS.c.told)).where(ALERTS.c.rule == rule).scalar_subquery()
        at = self._connection.execute(sa.select(EVENTS.c.recorded_at).where(EVENTS.c.position == last)).scalar()
        return None if at is None else from_micros(at)

    def counts(self) -> Mapping[str, int]:
        """Deliveries by state, events not yet reacted to (`unread`), `items`, `feeds`."""
        by_state = sa.select(DELIVERIES.c.state, sa.func.count()).group_by(DELIVERIES.c.state)
        counts = dict.fromkeys(get_args(DeliveryState), 0)
        counts.update((state, count) for state, count in self._connection.execute(by_state))
        read = self._connection.execute(
            sa.select(CHECKPOINTS.c.position).where(CHECKPOINTS.c.name == FOLLOWER)
        ).scalar()
        counts["unread"] = self.tx.log.head().position - (read or 0)
        for name, table in (("items", ITEMS), ("feeds", FEEDS)):
            counts[name] = self._connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        return counts


def _begins(column: sa.Column[str], beginning: str) -> sa.ColumnElement[bool]:
    """The column's text begins like that; found by its index."""
    return sa.and_(column >= beginning, column < beginning + "\U0010ffff")

"""Throws the read tables away and folds the log into them again, in one transaction: readers never see half of it."""

from collections.abc import Callable

import sqlalchemy as sa

from store.database import SqlStore
from store.events import Position
from store.projector import project
from store.tables import READ_TABLES
from store.transaction import Transaction
from store.walk import pages

_PAGE = 1000


def rebuild(store: SqlStore, progress: Callable[[Position], None] = lambda _: None) -> Position:
    """Fold the whole log anew; `progress` hears how far it is. Returns the head's position.

    Outbox, captures, texts, checkpoints and poll states are not touched. An event that cannot be read raises
    `UnknownKind` or `Unreadable` and leaves everything as it was.
    """

    def job(tx: Transaction) -> Position:
        for table in READ_TABLES:
            tx.connection.execute(sa.delete(table))
        done = Position(0)
        for page in pages(tx.log, size=_PAGE):
            project(tx.connection, page)
            done = page[-1].position
            progress(done)
        return done

    return store.write(job).result()

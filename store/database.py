"""An open store over SQLite: `store.ports.Store`, and the door to it, `open_store`.

Writing goes through one thread (`store.writer`), reading through read-only connections apart from it.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from store import schema
from store.address import database_path
from store.engine import create_file, reading_engine, writing_engine
from store.failure import translated
from store.ports import StoreError, StoreUnavailable
from store.scrub import Scrubber
from store.transaction import Transaction
from store.views import Views
from store.writer import Follower, Writer

T = TypeVar("T")


class SqlStore:
    """An open store. Thread-safe; `close` may be called again. A context manager that closes."""

    def __init__(self, path: Path, writing: sa.Engine | None, reading: sa.Engine, *, keeps_house: bool = False) -> None:
        self.path = path
        self._reading = reading
        self._writer = None if writing is None else Writer(writing, Scrubber() if keeps_house else None)

    def write(self, job: Callable[[Transaction], T]) -> "Future[T]":
        """See `store.ports.Store.write`. Raises `StoreUnavailable` when the store takes no writes at all any more."""
        if self._writer is None:
            raise StoreUnavailable("store_away", "the store is open for reading only")
        return self._writer.submit(job)

    def follow(self, follower: Follower | None) -> None:
        """Have this follower of the log read on in each transaction that changed something, None: nobody. It is called
        in the writer's thread; one whose job raises loses nothing but its own work.
        """
        if self._writer is not None:
            self._writer.follower = follower

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A consistent read-only snapshot, apart from the writer; keep it short."""
        with self._snapshot() as connection:
            yield Transaction(connection)

    @contextmanager
    def views(self) -> Iterator[Views]:
        """A consistent read-only snapshot for people and scripts."""
        with self._snapshot() as connection:
            yield Views(connection)

    @contextmanager
    def _snapshot(self) -> Iterator[sa.Connection]:
        with translated(), self._reading.connect() as connection, connection.begin():
            yield connection

    @property
    def trouble(self) -> str:
        """Why the last commit failed (store_full, store_io, store_away), "" when it did not."""
        return "" if self._writer is None else self._writer.trouble

    @property
    def busy_seconds(self) -> float:
        """How long the writer has been at one job or commit; 0.0 while it waits, for work or for the database."""
        return 0.0 if self._writer is None else self._writer.busy_seconds

    @property
    def commits(self) -> int:
        """How many transactions that changed something were committed since the store was opened: each is a sync."""
        return 0 if self._writer is None else self._writer.commits

    def close(self) -> None:
        """Finish what is queued, then close every connection.

        The writer's goes last: the last one that may write folds the write-ahead log into the database file, so that
        after a clean end the record is one file.
        """
        self._reading.dispose()
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> "SqlStore":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(url: str, *, migrate: bool = False, read_only: bool = False) -> SqlStore:
    """Open the store at `sqlite:///PATH`.

    `migrate` is for the process that holds the store's lock (`store.lock.hold`): it makes a new store, brings an older
    one up to date after a copy beside it, and it alone checkpoints the write-ahead log. Raises `StoreTooNew`,
    `StoreUnavailable` (no such store, no rights), or StoreError (a wrong address, an older store and not `migrate`).
    """
    path = database_path(url)
    if migrate:
        create_file(path)
    elif not path.exists():
        raise StoreUnavailable("store_away", f"there is no store at {path} yet: `feedwitness run` or `poll` makes one")
    found = schema.schema_of(path)
    if found is schema.Schema.EMPTY and not migrate:
        msg = f"the store {path} is empty: its making was broken off; `feedwitness run` or `poll` goes on with it"
        raise StoreError(msg)
    if found is schema.Schema.OLDER and not migrate:
        msg = f"the store {path} is of an older version: `feedwitness run` brings it up to date"
        raise StoreError(msg)
    writing = None if read_only else writing_engine(path, checkpoints=migrate)
    if found is not schema.Schema.CURRENT and writing is not None:
        if found is schema.Schema.OLDER:
            schema.back_up(path)
        schema.migrate(writing)
    return SqlStore(path, writing, reading_engine(path), keeps_house=migrate)

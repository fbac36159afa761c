"""The single writer: one thread that owns the writing connection and commits whatever waits together.

In come jobs, each a function of a transaction; each runs in a savepoint of its own, so that one that raises leaves
nothing behind, and its future gets the exception. Futures resolve after the commit that holds their job. A follower of
the log may have a job of its own run in the same transaction, so that what follows costs no commit more. When the
commit, or the transaction under the jobs, fails, every future of that group gets the same `StoreUnavailable`; nothing
of the group is kept, and nothing is tried again here. After a failed fsync the writer accepts nothing more.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from store.failpoint import reach
from store.failure import translate, translated
from store.ports import StoreBroken, StoreError, StoreUnavailable
from store.transaction import Transaction

T = TypeVar("T")
MOST_TOGETHER = 256
Job = Callable[[Transaction], Any]
Follower = Callable[[], "tuple[Job, Future[Any]] | None"]
"""Asked for the job of a follower before a group that changed something is committed; None: not this time."""


@dataclass(slots=True)
class _Waiting:
    """A job in the queue, and what came of it."""

    job: Job
    future: "Future[Any]" = field(default_factory=Future)
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class _GroupLost(Exception):
    """The transaction that held the jobs is gone."""

    def __init__(self, reason: StoreError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Writer:
    """Runs jobs in single file. `trouble` is the named reason why the last commit failed, "" when it did not; a commit
    of nothing does not count, for it needs no room on the disk and so proves nothing. `after` is called with the
    driver's connection between transactions, after each group. The connection is kept from group to group, until one
    fails.
    """

    def __init__(self, engine: sa.Engine, after: Callable[[sqlite3.Connection], None] | None = None) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        self._after = after
        self.follower: Follower | None = None
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._broken: StoreBroken | None = None
        self.trouble = ""
        self.commits = 0
        self._busy_since: float | None = None
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def busy_seconds(self) -> float:
        """How long the writer has been at one job or commit; 0.0 while it waits, for work or for the database."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def submit(self, job: Callable[[Transaction], T]) -> "Future[T]":
        """Queue a job; raises `StoreUnavailable` when the writer is closed, `StoreBroken` when it is broken."""
        waiting = _Waiting(job)
        with self._gate:
            if self._broken is not None:
                raise self._broken
            if self._closed:
                raise StoreUnavailable("store_away", "the store is closed")
            self._queue.put(waiting)
        return waiting.future

    def close(self) -> None:
        """Finish what is queued, then stop; waits for it. Any later call does nothing."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            while group := self._next_group():
                self._commit([waiting for waiting in group if waiting.future.set_running_or_notify_cancel()])
        finally:
            self._disconnect()
            self._engine.dispose()

    def _next_group(self) -> list[_Waiting]:
        """What waits now, at most so many; waits for the first. Empty when the writer is closed."""
        group: list[_Waiting] = []
        one = self._queue.get()
        try:
            while one is not None:
                group.append(one)
                if len(group) == MOST_TOGETHER:
                    return group
                one = self._queue.get_nowait()
        except Empty:
            return group
        if group:
            self._queue.put(None)  # the end was reached in the middle of a group: find it again
        return group

    def _commit(self, group: list[_Waiting]) -> None:
        if not group:
            return
        try:
            wrote = self._together(group)
        except _GroupLost as lost:
            self._lose(group, lost.reason)
        except (DBAPIError, sqlite3.Error) as error:
            self._lose(group, translate(error))
        except Exception as bug:  # noqa: BLE001 -- of ours or the library's: without this thread every job waits for ever
            self._lose(group, StoreUnavailable("store_io", f"the writer failed ({type(bug).__name__}: {bug})"))
        else:
            self.trouble = "" if wrote else self.trouble
            self.commits += wrote
            reach("after_commit")
        for waiting in group:
            waiting.settle()
        self._look_after()

    def _look_after(self) -> None:
        """What may be done between two groups; the connection is the one that the next group takes."""
        if self._after is not None:
            with suppress(DBAPIError):
                self._after(_driver(self._connected()))

    def _connected(self) -> sa.Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        """Give the connection back: whatever state it was in, the next group begins with a clean one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError, sqlite3.Error):
                connection.close()

    def _together(self, group: list[_Waiting]) -> bool:
        """Run the jobs and commit; whether they changed anything."""
        if self._broken is not None:
            raise _GroupLost(self._broken)
        try:
            connection = self._connected()
            with connection.begin():
                driver = _driver(connection)
                before = driver.total_changes
                for waiting in group:
                    self._busy_since = time.monotonic()
                    self._try(connection, driver, waiting)
                wrote = driver.total_changes > before
                if wrote and self.follower is not None and (following := self.follower()) is not None:
                    group.append(_Waiting(*following))
                    self._try(connection, driver, group[-1])
                self._busy_since = time.monotonic()
                reach("before_commit")
        except BaseException:
            self._disconnect()
            raise
        finally:
            self._busy_since = None
        return wrote

    @staticmethod
    def _try(connection: sa.Connection, driver: sqlite3.Connection, waiting: _Waiting) -> None:
        """Run one job in its savepoint."""
        driver.execute("SAVEPOINT job")
        try:
            with translated():
                tx = Transaction(connection)
                waiting.result = waiting.job(tx)
                tx.flush()
        except BaseException as error:  # whatever a job raises belongs to its future, never to this thread
            waiting.error = error
            if isinstance(error, StoreUnavailable) or not driver.in_transaction:
                raise _GroupLost(error if isinstance(error, StoreError) else _gone()) from error
            driver.execute("ROLLBACK TO job")
        if not driver.in_transaction:
            raise _GroupLost(_gone())
        driver.execute("RELEASE job")

    def _lose(self, group: list[_Waiting], reason: StoreError) -> None:
        self.trouble = reason.reason if isinstance(reason, StoreUnavailable) else "store_io"
        if isinstance(reason, StoreBroken):
            with self._gate:
                self._broken = reason
        for waiting in group:
            waiting.error = reason


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    """The driver's own connection; it knows whether a transaction is open, and how many rows were ever changed."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _gone() -> StoreUnavailable:
    return StoreUnavailable("store_io", "the database gave up the transaction: try again")

"""What the database driver's errors mean to the rest of the program.

In comes an exception of SQLAlchemy or sqlite3, out goes one of `store.ports`' errors, whose message says what to do
next. No exception of a library crosses the store's door.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from store.ports import StoreBroken, StoreError, StoreUnavailable

_PRIMARY = 0xFF
_LOST_WRITES = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})


def translate(error: DBAPIError | sqlite3.Error) -> StoreError:
    """The store's own error for this one.

    A failed fsync is `StoreBroken`: the kernel may have dropped the pages, so another try would only look like success.
    """
    cause: BaseException | None = error.orig if isinstance(error, DBAPIError) else error
    code: int = getattr(cause, "sqlite_errorcode", 0) or 0
    if code in _LOST_WRITES:
        return StoreBroken("store_io", f"the disk did not keep what was written ({cause}): stop, check it, start again")
    match code & _PRIMARY:
        case sqlite3.SQLITE_FULL:
            return StoreUnavailable("store_full", "no room left for the store: free some space on its disk")
        case sqlite3.SQLITE_IOERR:
            return StoreUnavailable("store_io", f"the store's disk fails ({cause}): check it")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreUnavailable("store_io", f"the store's file is damaged ({cause}): restore a backup")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreUnavailable(
                "store_away", "another process keeps the store busy: try again when it has finished"
            )
        case sqlite3.SQLITE_READONLY:
            told = f"the store cannot be used ({cause}): this user needs the right to write the file and its folder"
            return StoreUnavailable("store_away", f"{told}, even to read: SQLite keeps its index beside the file")
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return StoreUnavailable("store_away", f"the store cannot be opened or written ({cause}): check its rights")
    return StoreError(f"the database refused: {cause}")


@contextmanager
def translated() -> Iterator[None]:
    """Turns the driver's errors into the store's."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        raise translate(error) from error

"""Opening SQLite rightly: connections, and the two engines over them.

In comes the path of a database, out come a writing and a reading engine. Write-ahead log, every commit on the disk
(`synchronous=FULL`), transactions begun by ourselves: the driver's own way of beginning them loses updates and breaks
savepoints. Only the process that holds the store's lock checkpoints the write-ahead log, so that two never do it at
once (SQLite before 3.51.3 may then corrupt the file).
"""

import sqlite3
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import QueuePool, StaticPool

from store.ports import StoreUnavailable

BUSY_TIMEOUT_SECONDS = 10.0
_CHECKPOINT_PAGES = 12_000  # 48 MB: each checkpoint is two syncs more
_WAL_SIZE_LIMIT = 64 * 1024 * 1024


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """A connection to an existing file, in autocommit; a reading one cannot write. Raises sqlite3.Error."""
    mode = "ro" if read_only else "rw"
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_SECONDS,
        check_same_thread=False,
        cached_statements=256,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def writing_engine(path: Path, *, checkpoints: bool) -> sa.Engine:
    """An engine of one connection, whose transactions are BEGIN IMMEDIATE."""

    def open_connection() -> sqlite3.Connection:
        connection = connect(path, read_only=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten, not only forgotten
        connection.execute(
            "PRAGMA temp_store = MEMORY"
        )  # where savepoints keep the pages that they may have to restore
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES if checkpoints else 0}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_SIZE_LIMIT}")
        return connection

    engine = sa.create_engine("sqlite://", creator=open_connection, poolclass=StaticPool, hide_parameters=True)
    _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def reading_engine(path: Path) -> sa.Engine:
    """An engine of read-only connections, whose transactions are snapshots."""
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: connect(path, read_only=True),
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=-1,
        pool_use_lifo=True,
        hide_parameters=True,
    )
    _begin_with(engine, "BEGIN")
    return engine


def _begin_with(engine: sa.Engine, statement: str) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(statement)


def create_file(path: Path) -> None:
    """An empty database in write-ahead mode; not readable for everybody, for it holds recipients' addresses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o640, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable("store_away", f"the store {path} cannot be made: {error.strerror}") from error

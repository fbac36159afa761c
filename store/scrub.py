"""Empties SQLite's write-ahead log after an erasure by another process.

Erased pages are overwritten in the database, yet the write-ahead log beside it holds them as they were until it is
emptied. Only the process that holds the store's lock may do that, so its writer asks after each of its commits whether
somebody else has written, and whether that was an erasure. While a reader is in the way it tries again, once a second.
"""

import sqlite3
import time

from store.engine import BUSY_TIMEOUT_SECONDS

_ERASED = "SELECT coalesce(max(position), 0) FROM events WHERE kind >= 'text.erased/' AND kind < 'text.erased0'"
_WAIT_MS = 100
_AGAIN_SECONDS = 1.0


class Scrubber:
    """Remembers up to which erasure the write-ahead log is clean. For one connection, outside its transactions."""

    def __init__(self) -> None:
        self._version = -1
        self._clean_to = 0
        self._not_before = 0.0

    def __call__(self, connection: sqlite3.Connection) -> None:
        """Empty the write-ahead log if that is due; an error of the database only puts it off."""
        try:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            if version == self._version or time.monotonic() < self._not_before:
                return
            (erased,) = connection.execute(_ERASED).fetchone()
            if erased == self._clean_to or self._empty(connection):
                self._version, self._clean_to = version, erased
            else:
                self._not_before = time.monotonic() + _AGAIN_SECONDS
        except sqlite3.Error:
            self._not_before = time.monotonic() + _AGAIN_SECONDS

    @staticmethod
    def _empty(connection: sqlite3.Connection) -> bool:
        connection.execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
        try:
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000:.0f}")
        return not busy

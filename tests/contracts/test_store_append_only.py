"""What the database itself refuses, whoever asks, in plain SQL (SQLite)."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime

import pytest

from store.database import SqlStore
from store.events import FeedGone, FeedId, ItemId, ItemPublished, TextErased
from store.verify import verify

Publish = Callable[..., ItemPublished]
COLUMNS = "position, event_id, stream, version, kind, subject, recorded_at, data, hash"
CHANGED = "'x', 'feed:a', 2, 'feed.gone/1', 'a', 0, X'7b7d', zeroblob(32)"
FRESH = "'x', 'feed:a', 4, 'feed.gone/1', 'a', 0, X'7b7d', zeroblob(32)"


@pytest.fixture
def database(store: SqlStore, now: datetime) -> Iterator[sqlite3.Connection]:
    """Another program's connection to a store with three events and a text."""
    events = [FeedGone(FeedId("a"), now, "http_410")] * 3
    store.write(lambda tx: tx.log.append("feed:a", events, now=now)).result()
    store.write(lambda tx: tx.texts.put(ItemId("a/1"), "words")).result()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as connection:
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET kind = 'x' WHERE position = 2",
        "UPDATE OR REPLACE events SET position = 1 WHERE position = 2",
        "DELETE FROM events WHERE position = 2",
        "DELETE FROM events",
        "REPLACE INTO events SELECT * FROM events WHERE position = 2",
        f"INSERT OR REPLACE INTO events ({COLUMNS}) VALUES (2, {CHANGED})",
        f"INSERT OR REPLACE INTO events ({COLUMNS}) VALUES (4, {CHANGED})",
        f"INSERT INTO events ({COLUMNS}) VALUES (2, {CHANGED}) ON CONFLICT DO UPDATE SET kind = 'x'",
        f"INSERT INTO events ({COLUMNS}) VALUES (4, {CHANGED}) ON CONFLICT (stream, version) DO UPDATE SET kind = 'x'",
        f"INSERT INTO events ({COLUMNS}) VALUES (5, {FRESH})",
        f"INSERT INTO events ({COLUMNS}) VALUES (0, {FRESH})",
        f"INSERT INTO events ({COLUMNS}) VALUES (NULL, {FRESH})",
        f"INSERT INTO events ({COLUMNS}) VALUES (4, {FRESH.replace('4', '9')})",
        f"INSERT INTO events ({COLUMNS}) VALUES (4, {FRESH.replace('0,', 'NULL,')})",
    ],
)
def test_the_log_refuses_everything_but_an_append(
    store: SqlStore, database: sqlite3.Connection, statement: str
) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        database.execute(statement)
    assert verify(store).head.position == 3


def test_an_append_at_the_end_passes_and_is_found_by_its_hash(store: SqlStore, database: sqlite3.Connection) -> None:
    database.execute(f"INSERT INTO events ({COLUMNS}) VALUES (4, {FRESH})")
    assert verify(store).first_bad == 4


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE texts SET body = X'00'",
        "DELETE FROM texts",
        "REPLACE INTO texts SELECT digest, item, X'00' FROM texts",
        "UPDATE salts SET salt = zeroblob(16)",
        "DELETE FROM salts",
        "REPLACE INTO salts SELECT item, zeroblob(16) FROM salts",
    ],
)
def test_texts_are_never_changed_and_not_deleted(database: sqlite3.Connection, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute(statement)


def test_an_erased_items_texts_and_salt_may_be_deleted_and_no_others(
    store: SqlStore, database: sqlite3.Connection, now: datetime
) -> None:
    store.write(lambda tx: tx.texts.put(ItemId("a/2"), "words")).result()
    store.write(
        lambda tx: tx.log.append("feed:a", [TextErased(ItemId("a/1"), "clerk", "court order")], now=now)
    ).result()
    for table in ("texts", "salts"):
        database.execute(f"DELETE FROM {table} WHERE item = 'a/1'")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(f"DELETE FROM {table} WHERE item = 'a/2'")
    assert verify(store).ok


def test_no_other_table_could_be_taken_for_the_log(database: sqlite3.Connection) -> None:
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    wanted = {"position", "kind", "recorded_at", "data", "hash"}
    assert [t for t in tables if wanted <= {row[1] for row in database.execute(f"PRAGMA table_info({t})")}] == [
        "events"
    ]


def test_every_table_checks_the_types_of_its_columns(database: sqlite3.Connection) -> None:
    lax = [row[1] for row in database.execute("PRAGMA table_list") if not row[5] and not row[1].startswith("sqlite_")]
    assert lax == ["alembic_version"]

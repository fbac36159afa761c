"""Tampering with the file behind our back: what `verify` finds, and where."""

import random
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from store import chain
from store.database import SqlStore, open_store
from store.events import (
    CaptureDigest,
    Content,
    FeedId,
    FeedQuiet,
    ItemId,
    ItemPublished,
    Key,
    RuleId,
    RuleRetired,
    TextErased,
)
from store.ports import Transaction
from store.verify import verify

Publish = Callable[..., ItemPublished]
COLUMNS = ("position", "event_id", "stream", "version", "kind", "subject", "recorded_at", "data", "hash")
EVENTS = 12


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """A closed store with a dozen events and some texts, without its triggers: what an owner of the disk has."""
    path = tmp_path_factory.mktemp("written") / "store.db"
    shutil.copy(empty_store, path)
    with open_store(f"sqlite:///{path}", migrate=True) as store:
        store.write(fill).result()
    with closing(sqlite3.connect(path)) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.commit()
    return path


def fill(tx: Transaction) -> None:
    at = datetime.fromisoformat("2026-11-21T20:00:00Z")
    for number in range(EVENTS // 4):
        moment = at + timedelta(seconds=number)
        tx.log.append("feed:a", [FeedQuiet(FeedId("a"), at, "тишина")], now=moment)
        tx.log.append("feed:b", [with_texts(tx, f"b/{number}"), with_texts(tx, f"b/x{number}")], now=moment)
        tx.log.append("rule:r", [RuleRetired(RuleId("r"))], now=moment)


def with_texts(tx: Transaction, item: str) -> ItemPublished:
    digests = [tx.texts.put(ItemId(item), f"{word} of {item} " * 20) for word in ("title", "text", "about")]
    content = Content(*digests, "m", "en", "", "", None, None)
    capture = CaptureDigest("sha256:0")
    return ItemPublished(ItemId(item), FeedId("b"), (Key(item),), content, False, False, False, "", capture, "test")


@pytest.fixture
def database(written: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    shutil.copy(written, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        yield connection


@pytest.fixture
def copy(database: sqlite3.Connection, tmp_path: Path) -> Iterator[SqlStore]:
    with open_store(f"sqlite:///{tmp_path / 'copy.db'}", read_only=True) as opened:
        yield opened


def test_an_untouched_log_holds(copy: SqlStore) -> None:
    heard: list[int] = []
    report = verify(copy, heard.append)
    assert (report.ok, report.first_bad, report.problem) == (True, None, "")
    with copy.read() as tx:
        assert report.head == tx.log.head()
    assert heard[-1] == EVENTS


def test_an_empty_log_holds(store: SqlStore) -> None:
    assert verify(store).ok


def test_a_changed_byte_anywhere_is_found_at_its_position(copy: SqlStore, database: sqlite3.Connection) -> None:
    chance = random.Random(58)
    changed = 0
    while changed < 1000:
        position, column = chance.randint(1, EVENTS), chance.choice(COLUMNS)
        (was,) = database.execute(f"SELECT {column} FROM events WHERE position = ?", (position,)).fetchone()
        try:
            becomes = other_by_one_byte(was, chance)
            text = isinstance(was, str)
            database.execute(
                f"UPDATE events SET {column} = {'CAST(? AS TEXT)' if text else '?'} WHERE position = ?",
                (becomes, position),
            )
        except (IndexError, sqlite3.IntegrityError):
            continue  # an empty text has no byte to change; the database keeps positions and versions apart
        report = verify(copy)
        stray = column == "position" and position == EVENTS and becomes < 1
        assert not report.ok
        assert report.first_bad == (becomes if stray else position), (column, was, becomes)
        at = becomes if column == "position" else position
        database.execute(f"UPDATE events SET {column} = ? WHERE position = ?", (was, at))
        changed += 1
    assert verify(copy).ok


def other_by_one_byte(value: Any, chance: random.Random) -> Any:
    """The value with one byte changed; texts come back as bytes, which may be no UTF-8 any more."""
    raw = bytearray(
        value.to_bytes(8, "big", signed=True)
        if isinstance(value, int)
        else value.encode()
        if isinstance(value, str)
        else value
    )
    raw[chance.randrange(len(raw))] ^= chance.randint(1, 255)
    return int.from_bytes(raw, "big", signed=True) if isinstance(value, int) else bytes(raw)


@pytest.mark.parametrize("position", [1, 5, EVENTS - 1])
def test_a_removed_row_is_found_as_a_gap(copy: SqlStore, database: sqlite3.Connection, position: int) -> None:
    database.execute("DELETE FROM events WHERE position = ?", (position,))
    report = verify(copy)
    assert report.first_bad == position
    assert report.head.position == position - 1
    assert "missing" in report.problem


def test_two_rows_that_change_places_are_found(copy: SqlStore, database: sqlite3.Connection) -> None:
    for now, then in ((4, 99), (7, 4), (99, 7)):
        database.execute("UPDATE events SET position = ? WHERE position = ?", (then, now))
    assert verify(copy).first_bad == 4


def test_an_event_made_up_at_the_end_is_found(copy: SqlStore, database: sqlite3.Connection) -> None:
    database.execute(
        "INSERT INTO events SELECT position + 1, event_id, stream, version + 1, kind, subject, recorded_at, data, hash"
        " FROM events ORDER BY position DESC LIMIT 1"
    )
    assert verify(copy).first_bad == EVENTS + 1


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [("recorded_at", 5, "before"), ("version", 9, "version 9 of stream")],
)
def test_a_rewritten_chain_must_still_keep_the_rules_of_the_log(
    copy: SqlStore, database: sqlite3.Connection, column: str, value: int, problem: str
) -> None:
    database.execute(f"UPDATE events SET {column} = ? WHERE position = 5", (value,))
    chain_again(database)
    report = verify(copy)
    assert report.first_bad == 5
    assert problem in report.problem


def chain_again(database: sqlite3.Connection) -> None:
    """What a forger who knows the format does: hash everything anew."""
    previous = chain.GENESIS
    for *columns, _ in database.execute("SELECT * FROM events ORDER BY position").fetchall():
        previous = chain.link(previous, chain.leaf(*columns))
        database.execute("UPDATE events SET hash = ? WHERE position = ?", (previous, columns[0]))


def test_columns_of_a_wrong_type_are_a_finding_not_an_exception(copy: SqlStore, database: sqlite3.Connection) -> None:
    database.execute("PRAGMA writable_schema = ON")
    database.execute(
        "UPDATE sqlite_master SET sql = replace(replace(sql, 'STRICT', ''), ' NOT NULL', '') WHERE name = 'events'"
    )
    database.execute("PRAGMA writable_schema = RESET")
    for column in COLUMNS[1:]:
        (was,) = database.execute(f"SELECT {column} FROM events WHERE position = 3").fetchone()
        for value in (None, 1.5, "text", b"\xff", -1, 2**63 - 1):
            database.execute(f"UPDATE events SET {column} = ? WHERE position = 3", (value,))
            assert verify(copy).first_bad == 3, (column, value)
        database.execute(f"UPDATE events SET {column} = ? WHERE position = 3", (was,))


def test_a_kind_of_a_newer_program_is_vouched_for_by_the_chain(copy: SqlStore, database: sqlite3.Connection) -> None:
    database.execute("UPDATE events SET kind = 'feed.quiet/9', data = X'7b7d' WHERE position = 1")
    chain_again(database)
    assert verify(copy).ok


def test_a_text_edited_in_its_table_is_found(copy: SqlStore, database: sqlite3.Connection) -> None:
    for row in database.execute("SELECT digest, body FROM texts WHERE item = 'b/x0'").fetchall():
        for body in (b"\0other words", b"", b"\1\1\1", row[1][:-1]):
            database.execute("UPDATE texts SET body = ? WHERE digest = ?", (body, row[0]))
            report = verify(copy)
            assert report.first_bad == 3
            assert "changed" in report.problem
        database.execute("UPDATE texts SET body = ? WHERE digest = ?", (row[1], row[0]))
    database.execute("UPDATE salts SET salt = zeroblob(16) WHERE item = 'b/x0'")
    assert verify(copy).first_bad == 3


def test_a_missing_text_is_found_unless_the_log_says_that_it_was_erased(
    copy: SqlStore, database: sqlite3.Connection
) -> None:
    database.execute("DELETE FROM texts WHERE item = 'b/1'")
    report = verify(copy)
    assert report.first_bad == 6
    assert "missing" in report.problem
    with open_store(f"sqlite:///{copy.path}") as writable:
        erased = [TextErased(ItemId("b/1"), "clerk", "court order")]
        writable.write(
            lambda tx: tx.log.append("feed:b", erased, now=datetime.fromisoformat("2027-01-01T00:00Z"))
        ).result()
    assert verify(copy).ok


def test_a_damaged_file_is_a_finding(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    page = whole.index(b'{"feed":"a"') // 4096
    broken = tmp_path / "broken.db"
    broken.write_bytes(whole[: page * 4096] + b"\xff" * 4096 + whole[(page + 1) * 4096 :])
    with open_store(f"sqlite:///{broken}", read_only=True) as store:
        report = verify(store)
    assert not report.ok
    assert "damaged" in report.problem


def test_the_published_verifier_agrees(copy: SqlStore, database: sqlite3.Connection) -> None:
    page = (Path(__file__).parents[2] / "docs" / "log-format.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    theirs: dict[str, Any] = {}
    exec(program, theirs)
    report = verify(copy)
    assert theirs["verify"](copy.path) == f"{EVENTS} events hold; the last hash is {report.head.hash.hex()}"
    database.execute("UPDATE events SET subject = 'c' WHERE position = 9")
    assert theirs["verify"](copy.path) == "position 9 does not hold"

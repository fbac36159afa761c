"""CPU time of appending to the log, 100 events a transaction, beside bare sqlite3 writing rows of the same size.

Each figure is the best of several rounds: this is about the work, not about who else uses the machine. What is appended
is made before the clock starts. `plain` events
touch the log alone; `published` ones are folded into the read tables as well (an item, a version, two aliases).
"""

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import count, islice
from pathlib import Path

from bench.result import Result
from store.codec import encode
from store.database import SqlStore, open_store
from store.events import (
    AlertId,
    CaptureDigest,
    ChannelId,
    Content,
    DeliverySettled,
    Event,
    FeedId,
    ItemId,
    ItemPublished,
    Key,
    RuleId,
    TextDigest,
)

PER_TRANSACTION = 100
TRANSACTIONS = 30
ROUNDS = 7
BUDGET_MICROSECONDS = 30.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def run() -> list[Result]:
    """The bare driver, the log alone, the log with its read tables."""
    with tempfile.TemporaryDirectory() as folder:
        bare = _bare(Path(folder) / "bare.db", size=len(encode(_settled(0))[1]))
        with open_store(f"sqlite:///{folder}/store.db", migrate=True) as store:
            plain = _appending(store, "rule:r", _settled)
            published = _appending(store, "feed:f", _published)
    return [
        Result("raw sqlite3 executemany, 100 rows a transaction", bare, "us CPU per row", peer=True),
        Result("append, 100 events a transaction", plain, "us CPU per event", BUDGET_MICROSECONDS, "chained, log only"),
        Result(
            "append, 100 published items a transaction", published, "us CPU per event", None, "chained and projected"
        ),
    ]


def _best(transactions: Iterator[Callable[[], object]]) -> float:
    next(transactions)()
    rounds = []
    for _ in range(ROUNDS):
        ready = list(islice(transactions, TRANSACTIONS))
        start = time.process_time()
        for transaction in ready:
            transaction()
        rounds.append(time.process_time() - start)
    return round(min(rounds) / TRANSACTIONS / PER_TRANSACTION * 1e6, 1)


def _appending(store: SqlStore, stream: str, make: Callable[[int], Event]) -> float:
    def transaction(events: list[Event]) -> object:
        return store.write(lambda tx: tx.log.append(stream, events, now=NOW)).result()

    return _best(partial(transaction, [make(number) for number in batch]) for batch in _batches())


def _batches() -> Iterator[range]:
    return (range(start, start + PER_TRANSACTION) for start in count(1, PER_TRANSACTION))


def _bare(path: Path, size: int) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        "CREATE TABLE events (position INTEGER PRIMARY KEY, event_id TEXT, stream TEXT, version INTEGER, kind TEXT,"
        " subject TEXT, recorded_at INTEGER, data BLOB, hash BLOB) STRICT"
    )
    data, digest = os.urandom(size), os.urandom(32)

    def transaction(rows: list[tuple[object, ...]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")

    def row(number: int) -> tuple[object, ...]:
        return (number, "0" * 36, "rule:r", number, "delivery.settled/1", "r", 17, data, digest)

    try:
        return _best(partial(transaction, [row(number) for number in batch]) for batch in _batches())
    finally:
        connection.close()


def _settled(number: int) -> Event:
    return DeliverySettled(AlertId(f"{number:032}"), RuleId("r"), ChannelId("desk"), 0, "delivered", 1, "http 200")


def _published(number: int) -> Event:
    digest = TextDigest("a" * 64)
    content = Content(digest, digest, digest, "m" * 16, "en", "Thu, 01 Jan 2026 00:00:00 GMT", "", NOW, None)
    return ItemPublished(
        item=ItemId(f"f/{number:016}"),
        feed=FeedId("f"),
        keys=(Key(f"guid:{number:032}"), Key(f"link:{number:032}")),
        content=content,
        baseline=False,
        backdated=False,
        surfaced=False,
        hold="",
        capture=CaptureDigest("sha256:" + "0" * 64),
        parser="feedparser 6.0.14",
    )


if __name__ == "__main__":
    for result in run():
        print(f"{result.name}: {result.value} {result.unit} (budget {result.budget}) {result.note}")

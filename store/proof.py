"""The events of one item with all that shows a third party that they are in the log that was signed.

In: the store's file, an item, a checkpoint that covers it. Out: the rows as they were hashed, each with the hash before
it and the way from its leaf to the signed root. The whole log is verified on the way: `Unproven` where it does not
hold, or is not the one that was signed.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store import chain
from store.engine import connect
from store.events import ItemId, Position
from store.failure import translated
from store.merkle import Prover
from store.note import PublicKey, opened
from store.ports import StoreError, TreeHead
from store.verify import verify_file

_COLUMNS = "position, event_id, stream, version, kind, subject, recorded_at, data, hash"
_OF_ITEM = f"SELECT {_COLUMNS} FROM events WHERE subject = ? AND position <= ? ORDER BY position"  # noqa: S608
_HASH = "SELECT hash FROM events WHERE position = ?"


class Unproven(StoreError):
    """The log does not hold, or is another one than that which was signed; the message says where."""


@dataclass(frozen=True, slots=True)
class ProvenEvent:
    """A row of the log. `recorded_at` is microseconds since 1970; `previous` is the hash before its own, `path` leads
    from its leaf to the root (RFC 9162, 2.1.3)."""

    position: int
    event_id: str
    stream: str
    version: int
    kind: str
    subject: str
    recorded_at: int
    data: bytes
    hash: bytes
    previous: bytes
    path: Sequence[bytes]


def prove(
    store: Path, item: ItemId, head: TreeHead, progress: Callable[[Position], None] = lambda _: None
) -> list[ProvenEvent]:
    """The item's events up to the checkpoint, in order."""
    checkpoint = opened(head.note, PublicKey.read(head.key))
    with translated(), closing(connect(store, read_only=True)) as connection:
        rows = connection.execute(_OF_ITEM, (item, checkpoint.size)).fetchall()
        before = [_hash(connection, row[0] - 1) for row in rows]
    prover = Prover([row[0] - 1 for row in rows])

    def hear(leaf: bytes) -> None:
        if prover.size < checkpoint.size:
            prover.add(leaf)

    report = verify_file(store, progress, hear)
    if not report.ok:
        msg = f"the log does not hold: position {report.first_bad}: {report.problem}"
        raise Unproven(msg)
    root, ways = prover.finish()
    if root != checkpoint.root:
        msg = f"the log is not the one that was signed when it had {checkpoint.size} events"
        raise Unproven(msg)
    return [_proven(row, previous, ways[row[0] - 1]) for row, previous in zip(rows, before, strict=True)]


def _proven(row: tuple[Any, ...], previous: bytes, path: Sequence[bytes]) -> ProvenEvent:
    position, event_id, stream, version, kind, subject, recorded_at, data, digest = row
    return ProvenEvent(
        position, event_id, stream, version, kind, subject, recorded_at, data, digest, previous, path
    )  # fmt: skip


def _hash(connection: sqlite3.Connection, position: int) -> bytes:
    digest: bytes = connection.execute(_HASH, (position,)).fetchone()[0] if position else chain.GENESIS
    return digest

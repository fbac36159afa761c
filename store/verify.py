"""Proves that the log is what was written: recomputes the chain, and holds the texts against their digests.

Rows are read as they lie in the file, whatever somebody may have put there: a forged row is a finding, never an
exception. Found are changed columns, gaps, rows out of place, hashes that do not follow, a clock or a stream's version
that does not go forward, and texts that were changed or are missing though the log does not say that they were erased.
Not found is a tail that was cut off whole, or a log rewritten to its end: for that, checkpoints that were kept
elsewhere are held against it on the way (`store.hearing` hears every leaf).
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from store import chain, codec
from store.database import SqlStore
from store.engine import connect
from store.events import ItemId, ItemPublished, ItemRevised, Position, TextDigest, TextErased
from store.failure import translated
from store.ports import Head, StoreError
from store.texts import unpack

_PAGE = 500
_NAMES = ("position", "event_id", "stream", "version", "kind", "subject", "recorded_at", "data", "hash")
_ROWS = f"SELECT {', '.join(_NAMES)} FROM events WHERE position > ? ORDER BY position LIMIT {_PAGE}"  # noqa: S608
_ERASED = "SELECT max(position) FROM events WHERE subject = ? AND kind IN ({})"
_TEXT = "SELECT t.body, s.salt FROM texts t LEFT JOIN salts s ON s.item = t.item WHERE t.digest = ? AND t.item = ?"

WithTexts = ItemPublished | ItemRevised


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """`head`: the last position that holds. `first_bad`: None when all is well, else `problem` says what is wrong."""

    ok: bool
    head: Head
    first_bad: Position | None = None
    problem: str = ""


class _Wrong(Exception):
    """What is wrong at a position."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(f"position {position}: {problem}")
        self.position = Position(position)


@dataclass(slots=True)
class _Walk:
    """How far the chain holds."""

    hear: Callable[[bytes], None]
    position: int = 0
    hash: bytes = chain.GENESIS
    recorded_at: int = -(2**63)
    versions: dict[str, int] = field(default_factory=dict)


def verify(
    store: SqlStore,
    progress: Callable[[Position], None] = lambda _: None,
    hear: Callable[[bytes], None] = lambda _: None,
) -> VerifyReport:
    """Check the whole log; `progress` hears the last position checked, now and then, `hear` the leaf of each event that
    holds, in order."""
    return verify_file(store.path, progress, hear)


def verify_file(
    path: Path,
    progress: Callable[[Position], None] = lambda _: None,
    hear: Callable[[bytes], None] = lambda _: None,
) -> VerifyReport:
    """Check the log of the store in a file, as `verify` does.

    The log only grows, so it is read page by page, each in a short snapshot of its own: beside a busy daemon, a long
    one would keep the write-ahead log from being emptied.
    """
    with translated():
        connection = connect(path, read_only=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    walk = _Walk(hear)
    wrong: _Wrong | None = None
    try:
        while _check_page(connection, walk):
            progress(Position(walk.position))
        _check_stray(connection)
    except _Wrong as found:
        wrong = found
    except sqlite3.DatabaseError as error:
        wrong = _Wrong(walk.position + 1, f"the file is damaged ({error})")
    finally:
        connection.close()
    head = Head(Position(walk.position), walk.hash)
    if wrong is None:
        return VerifyReport(ok=True, head=head)
    return VerifyReport(ok=False, head=head, first_bad=wrong.position, problem=str(wrong))


def _check_page(connection: sqlite3.Connection, walk: _Walk) -> bool:
    """Check what follows; False at the end."""
    connection.execute("BEGIN")
    try:
        rows = connection.execute(_ROWS, (walk.position,)).fetchall()
        for row in rows:
            event = _step(walk, row)
            if isinstance(event, WithTexts):
                _check_texts(connection, walk.position, event)
    finally:
        connection.rollback()
    return bool(rows)


def _check_stray(connection: sqlite3.Connection) -> None:
    (lowest,) = connection.execute("SELECT min(position) FROM events").fetchone()
    if isinstance(lowest, int) and lowest < 1:
        raise _Wrong(lowest, "an event before the first position")


def _step(walk: _Walk, row: tuple[object, ...]) -> object:
    """Take one step along the chain; returns the event, None where it cannot be read but holds."""
    due = walk.position + 1
    match row:
        case (
            int(position),
            str(event_id),
            str(stream),
            int(version),
            str(kind),
            str(subject),
            int(recorded_at),
            bytes(data),
            bytes(digest),
        ):
            pass
        case _:
            raise _Wrong(due, "a column is of another type than ever written")
    if position != due:
        raise _Wrong(due, f"missing; the next event stands at {position}")
    try:
        leaf = chain.leaf(position, event_id, stream, version, kind, subject, recorded_at, data)
    except UnicodeEncodeError:
        raise _Wrong(due, "a column is not UTF-8") from None
    if chain.link(walk.hash, leaf) != digest:
        raise _Wrong(due, "its hash does not follow from its columns and the event before it")
    if version != walk.versions.get(stream, 0) + 1:
        raise _Wrong(due, f"version {version} of stream {stream} follows {walk.versions.get(stream, 0)}")
    if recorded_at < walk.recorded_at:
        raise _Wrong(due, "recorded before the event before it")
    walk.position, walk.hash, walk.recorded_at = position, digest, recorded_at
    walk.versions[stream] = version
    walk.hear(leaf)
    try:
        return codec.decode(kind, data)
    except StoreError:
        return None  # a kind of a newer program: the chain vouches for it all the same


def _check_texts(connection: sqlite3.Connection, position: int, event: WithTexts) -> None:
    """The title, text and metadata that this event names are there, and are what it named."""
    content = event.content
    for name, digest in (("title", content.title), ("text", content.text), ("metadata", content.about)):
        found = connection.execute(_TEXT, (digest, event.item)).fetchone()
        if found is not None and not _fits(digest, *found):
            raise _Wrong(position, f"the {name} of {event.item} was changed after it was recorded")
        if found is None and not _erased_after(connection, position, event.item):
            raise _Wrong(position, f"the {name} of {event.item} is missing, and no event says that it was erased")


def _erased_after(connection: sqlite3.Connection, position: int, item: ItemId) -> bool:
    kinds = sorted(codec.stored_kinds({TextErased.KIND}))
    (erased,) = connection.execute(_ERASED.format(", ".join("?" * len(kinds))), (item, *kinds)).fetchone()
    return isinstance(erased, int) and erased > position


def _fits(digest: TextDigest, body: object, salt: object) -> bool:
    if not isinstance(body, bytes) or not isinstance(salt, bytes):
        return False
    text = unpack(body)
    return text is not None and chain.text_digest(salt, text) == digest

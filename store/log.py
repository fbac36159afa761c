"""The append-only log over the database: `store.ports.EventLog`.

Appending encodes the events, chains them to the head read in the same transaction, and folds them into the read tables.
Nothing is remembered between transactions, so that several processes may append.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
import uuid_utils

from store import chain, codec
from store.batch import execute_rows, fetch, fetch_one
from store.events import Event, FeedRenamed, Position, Recorded, subject_of
from store.failpoint import reach
from store.instants import from_micros, to_micros
from store.polls import PollStates
from store.ports import Head, VersionConflict
from store.projector import project
from store.tables import EVENTS
from store.visits import PagePlans

_APPEND = sa.insert(EVENTS)
_HEAD = sa.select(EVENTS.c.position, EVENTS.c.hash, EVENTS.c.recorded_at).order_by(EVENTS.c.position.desc()).limit(1)
_VERSION = sa.select(sa.func.max(EVENTS.c.version)).where(EVENTS.c.stream == sa.bindparam("of"))


class EventLog:
    """The log as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def append(
        self, stream: str, events: Sequence[Event], *, now: datetime, expected: int | None = None
    ) -> tuple[Recorded, ...]:
        """See `store.ports.EventLog.append`; raises `store.codec.Unwritable` for values that JSON cannot carry."""
        version = self.version(stream)
        if expected is not None and version != expected:
            msg = f"stream {stream} is at version {version}, not {expected}: read it again and decide again"
            raise VersionConflict(msg)
        if not events:
            return ()
        recorded, rows = self._chain(stream, version, events, now)
        execute_rows(self._connection, _APPEND, rows)
        reach("in_tx")
        project(self._connection, recorded)
        self._carry_what_is_remembered(events)
        return tuple(recorded)

    def _chain(
        self, stream: str, version: int, events: Sequence[Event], now: datetime
    ) -> tuple[list[Recorded], list[dict[str, object]]]:
        """The events with their places after the head, as values and as rows."""
        position, previous, last_at = self._end()
        recorded_at = max(to_micros(now), last_at)
        at = from_micros(recorded_at)
        rows: list[dict[str, object]] = []
        recorded: list[Recorded] = []
        for event in events:
            position, version = position + 1, version + 1
            event_id, subject = str(uuid_utils.uuid7()), subject_of(event)
            kind, data = codec.encode(event)
            leaf = chain.leaf(position, event_id, stream, version, kind, subject, recorded_at, data)
            previous = chain.link(previous, leaf)
            rows.append(
                {
                    "position": position,
                    "event_id": event_id,
                    "stream": stream,
                    "version": version,
                    "kind": kind,
                    "subject": subject,
                    "recorded_at": recorded_at,
                    "data": data,
                    "hash": previous,
                }
            )
            recorded.append(Recorded(Position(position), event_id, stream, version, event, at, previous))
        return recorded, rows

    def read(
        self,
        after: Position,
        limit: int,
        *,
        stream: str | None = None,
        subject: str | None = None,
        kinds: Collection[str] = (),
    ) -> Sequence[Recorded]:
        """See `store.ports.EventLog.read`; raises `UnknownKind` or `Unreadable` for what this program cannot read."""
        stored = sorted(codec.stored_kinds(kinds)) if kinds else []
        statement = _reading(stream is not None, subject is not None, len(stored))
        values: dict[str, object] = {"after": after, "most": limit, "stream": stream, "subject": subject}
        if stored:
            values["kinds"] = stored
        return [as_recorded(row) for row in fetch(self._connection, statement, values)]

    def version(self, stream: str) -> int:
        """The version of the stream's last event, 0 for a new stream."""
        (version,) = fetch_one(self._connection, _VERSION, {"of": stream})
        return version or 0

    def head(self) -> Head:
        """The last position and its hash."""
        position, digest, _ = self._end()
        return Head(Position(position), digest)

    def _end(self) -> tuple[int, bytes, int]:
        last = fetch_one(self._connection, _HEAD, {})
        return (0, chain.GENESIS, 0) if last is None else (last.position, last.hash, last.recorded_at)

    def _carry_what_is_remembered(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, FeedRenamed):
                PollStates(self._connection).rename(event.formerly, event.feed)
                PagePlans(self._connection).rename(event.formerly, event.feed)


@cache
def _reading(by_stream: bool, by_subject: bool, kinds: int) -> sa.Select[Any]:
    """The statement of `read`, made once for each of its forms: making it costs more than running it.

    One kind is found by its index; for several the log is read on in its order, past whatever is of another kind. Their
    index would give all that follow, to the head, to be sorted for the first few: a follower would read the whole of
    what it has still to read with each of its steps.
    """
    wanted = sa.select(EVENTS).where(EVENTS.c.position > sa.bindparam("after"))
    if by_stream:
        wanted = wanted.where(EVENTS.c.stream == sa.bindparam("stream"))
    if by_subject:
        wanted = wanted.where(EVENTS.c.subject == sa.bindparam("subject"))
    if kinds:
        in_order = kinds > 1 and not by_stream and not by_subject
        kind = EVENTS.c.kind + "" if in_order else EVENTS.c.kind  # an expression has no index
        wanted = wanted.where(kind.in_(sa.bindparam("kinds", expanding=True)))
    return wanted.order_by(EVENTS.c.position).limit(sa.bindparam("most"))


def as_recorded(row: sa.Row[tuple[object, ...]]) -> Recorded:
    """A row of the event table as a value."""
    event = codec.decode(row.kind, row.data)
    at = from_micros(row.recorded_at)
    return Recorded(Position(row.position), row.event_id, row.stream, row.version, event, at, row.hash)

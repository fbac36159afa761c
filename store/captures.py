"""Raw captures of responses: `store.ports.Captures`. A body is kept once per digest, deflated."""

import json
import zlib
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from store import codec
from store.batch import execute_rows
from store.events import CaptureDigest, FeedId, ItemRestored
from store.instants import from_micros, to_micros
from store.ports import Capture
from store.tables import ALERTS, CAPTURES, EVENTS, VERSIONS

_SEEN_AGAIN = sa.update(CAPTURES).where(CAPTURES.c.digest == sa.bindparam("of")).values(last_at=sa.bindparam("at"))
_ADD = sa.insert(CAPTURES)
_ONE = sa.select(CAPTURES).where(CAPTURES.c.digest == sa.bindparam("of"))
_OLD = (
    sa.select(CAPTURES.c.digest)
    .where(CAPTURES.c.cited == 0, CAPTURES.c.last_at < sa.bindparam("before"))
    .order_by(CAPTURES.c.last_at)
    .limit(sa.bindparam("most"))
)
_DROP = sa.delete(CAPTURES).where(CAPTURES.c.digest == sa.bindparam("of"))
_KEEP = sa.update(CAPTURES).where(CAPTURES.c.digest == sa.bindparam("of")).values(cited=1)
_JUDGED = (
    sa.select(VERSIONS.c.capture)
    .distinct()
    .join(ALERTS, ALERTS.c.item == VERSIONS.c.item)
    .where(
        VERSIONS.c.capture.in_(sa.bindparam("digests", expanding=True)),
        VERSIONS.c.number.in_((ALERTS.c.version, ALERTS.c.before)),
    )
)
_CAUSES = (
    sa.select(EVENTS.c.kind, EVENTS.c.data)
    .where(
        EVENTS.c.kind.in_(codec.stored_kinds({ItemRestored.KIND})),
        sa.exists().where(ALERTS.c.cause == EVENTS.c.position),
    )
)  # fmt: skip
_MOST_AT_ONCE = 500


class Captures:
    """The captures as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def put(self, capture: Capture) -> None:
        """Keep a capture; the same body again only moves the time it was last received, which `prune` goes by."""
        at = to_micros(capture.fetched_at)
        if execute_rows(self._connection, _SEEN_AGAIN, [{"of": capture.digest, "at": at}]):
            return
        row = {
            "digest": capture.digest,
            "feed": capture.feed,
            "url": capture.url,
            "headers": json.dumps(capture.headers, ensure_ascii=False),
            "body": zlib.compress(capture.body),
            "fetched_at": at,
            "last_at": at,
            "cited": 0,
        }
        execute_rows(self._connection, _ADD, [row])

    def get(self, digest: CaptureDigest) -> Capture | None:
        """The capture as it was first received."""
        row = self._connection.execute(_ONE, {"of": digest}).one_or_none()
        if row is None:
            return None
        headers = tuple((str(name), str(value)) for name, value in json.loads(row.headers))
        body, at = zlib.decompress(row.body), from_micros(row.fetched_at)
        return Capture(CaptureDigest(row.digest), FeedId(row.feed), row.url, headers, body, at)

    def prune(self, before: datetime) -> int:
        """See `store.ports.Captures.prune`.

        Cited are the captures of the versions that an alert judged, and of the event that caused it. They stay for
        ever, and are not looked at again.
        """
        restored: frozenset[str] | None = None
        while old := self._old(before):
            restored = self._restored() if restored is None else restored
            cited = restored | set(self._connection.execute(_JUDGED, {"digests": old}).scalars())
            if kept := [{"of": digest} for digest in old if digest in cited]:
                self._connection.execute(_KEEP, kept)
            if gone := [{"of": digest} for digest in old if digest not in cited]:
                self._connection.execute(_DROP, gone)
                return len(gone)
        return 0

    def _old(self, before: datetime) -> Sequence[str]:
        return self._connection.execute(_OLD, {"before": to_micros(before), "most": _MOST_AT_ONCE}).scalars().all()

    def _restored(self) -> frozenset[str]:
        """The captures in which an item was listed again, and an alert told of it."""
        causes = (codec.decode(kind, data) for kind, data in self._connection.execute(_CAUSES))
        return frozenset(cause.capture for cause in causes if isinstance(cause, ItemRestored))

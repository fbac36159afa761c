"""Raw captures of responses: `store.ports.Captures`. A body is kept once per digest, deflated."""

import json
import zlib
from datetime import datetime

import sqlalchemy as sa

from store import codec
from store.events import CaptureDigest, FeedId, ItemRestored
from store.instants import from_micros, to_micros
from store.ports import Capture
from store.tables import ALERTS, CAPTURES, EVENTS, VERSIONS

_SEEN_AGAIN = sa.update(CAPTURES).where(CAPTURES.c.digest == sa.bindparam("of")).values(last_at=sa.bindparam("at"))
_ADD = sa.insert(CAPTURES)
_ONE = sa.select(CAPTURES).where(CAPTURES.c.digest == sa.bindparam("of"))
_OLD = sa.select(CAPTURES.c.digest).where(CAPTURES.c.last_at < sa.bindparam("before"))
_DROP = sa.delete(CAPTURES).where(CAPTURES.c.digest == sa.bindparam("of"))
_JUDGED = sa.select(VERSIONS.c.capture).join(
    ALERTS,
    sa.and_(ALERTS.c.item == VERSIONS.c.item, VERSIONS.c.number.in_((ALERTS.c.version, ALERTS.c.before))),
)
_CAUSES = (
    sa.select(EVENTS.c.kind, EVENTS.c.data)
    .join(ALERTS, ALERTS.c.cause == EVENTS.c.position)
    .where(EVENTS.c.kind.in_(codec.stored_kinds({ItemRestored.KIND})))
)


class Captures:
    """The captures as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def put(self, capture: Capture) -> None:
        """Keep a capture; the same body again only moves the time it was last received, which `prune` goes by."""
        at = to_micros(capture.fetched_at)
        if self._connection.execute(_SEEN_AGAIN, {"of": capture.digest, "at": at}).rowcount:
            return
        self._connection.execute(
            _ADD,
            {
                "digest": capture.digest,
                "feed": capture.feed,
                "url": capture.url,
                "headers": json.dumps(capture.headers, ensure_ascii=False),
                "body": zlib.compress(capture.body),
                "fetched_at": at,
                "last_at": at,
            },
        )

    def get(self, digest: CaptureDigest) -> Capture | None:
        """The capture as it was first received."""
        row = self._connection.execute(_ONE, {"of": digest}).one_or_none()
        if row is None:
            return None
        headers = tuple((str(name), str(value)) for name, value in json.loads(row.headers))
        body, at = zlib.decompress(row.body), from_micros(row.fetched_at)
        return Capture(CaptureDigest(row.digest), FeedId(row.feed), row.url, headers, body, at)

    def prune(self, before: datetime) -> int:
        """Drop what was last received before that time, but for what alerts cite; returns how many.

        Cited are the captures of the versions that an alert judged, and of the event that caused it.
        """
        old = set(self._connection.execute(_OLD, {"before": to_micros(before)}).scalars())
        if old:
            old -= set(self._connection.execute(_JUDGED).scalars())
            causes = (codec.decode(kind, data) for kind, data in self._connection.execute(_CAUSES))
            old -= {cause.capture for cause in causes if isinstance(cause, ItemRestored)}
        if old:
            self._connection.execute(_DROP, [{"of": digest} for digest in sorted(old)])
        return len(old)

"""What polling remembers, a row per feed: `store.ports.PollStates`."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from store.batch import execute_rows, fetch_one
from store.events import FeedId
from store.instants import maybe_from_micros, maybe_micros
from store.ports import PollState
from store.tables import POLL_STATES

_COLUMNS = [column.name for column in POLL_STATES.columns]
_TIMES = ("next_at", "last_polled_at", "last_good_at", "last_new_at", "failing_since", "full_fetch_at")
_ALL = sa.select(*(column for column in POLL_STATES.columns if column.name != "memory"))
_MEMORY = sa.select(POLL_STATES.c.memory).where(POLL_STATES.c.feed == sa.bindparam("of"))
_HEALTH = sa.select(POLL_STATES.c.health).where(POLL_STATES.c.feed == sa.bindparam("of"))
_SAVE = sa.text(
    f"INSERT INTO poll_states ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"  # noqa: S608
    f" ON CONFLICT (feed) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS[1:-1])},"
    " memory = coalesce(excluded.memory, poll_states.memory)"
)
_DROP = sa.delete(POLL_STATES).where(POLL_STATES.c.feed == sa.bindparam("of"))
_RENAME = sa.update(POLL_STATES).where(POLL_STATES.c.feed == sa.bindparam("of")).values(feed=sa.bindparam("to"))
_EXISTS = sa.select(POLL_STATES.c.feed).where(POLL_STATES.c.feed == sa.bindparam("of"))


class PollStates:
    """The poll states as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def all(self) -> Mapping[FeedId, PollState]:
        """Every feed's state without its memory (None)."""
        states: dict[FeedId, PollState] = {}
        for row in self._connection.execute(_ALL).mappings():
            times = {name: maybe_from_micros(row[name]) for name in _TIMES}
            states[FeedId(row["feed"])] = PollState(**{**row, **times, "open": bool(row["open"])})
        return states

    def memory(self, feed: FeedId) -> str:
        """The stored memory, "" when there is none."""
        known = fetch_one(self._connection, _MEMORY, {"of": feed})
        return (known.memory or "") if known else ""

    def health(self, feed: FeedId) -> str:
        """How the feed fares, "" when it was never polled."""
        return self._connection.execute(_HEALTH, {"of": feed}).scalar() or ""

    def save(self, states: Sequence[PollState]) -> None:
        """Insert or overwrite; memory None leaves the stored one."""
        if states:
            execute_rows(self._connection, _SAVE, [_row(state) for state in states])

    def rename(self, old: FeedId, new: FeedId) -> None:
        """Give a feed's state to its new id, in place of what may stand there; nothing if there is none."""
        if self._connection.execute(_EXISTS, {"of": old}).first() is not None:
            self._connection.execute(_DROP, {"of": new})
            self._connection.execute(_RENAME, {"of": old, "to": new})


def _row(state: PollState) -> dict[str, object]:
    row = {name: getattr(state, name) for name in _COLUMNS}
    for name in _TIMES:
        row[name] = maybe_micros(row[name])
    row["open"] = int(state.open)
    return row

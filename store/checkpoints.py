"""How far each follower has read the log: `store.ports.Checkpoints`."""

import sqlalchemy as sa

from store.batch import execute_rows, fetch_one
from store.events import Position
from store.tables import CHECKPOINTS

_GET = sa.select(CHECKPOINTS.c.position).where(CHECKPOINTS.c.name == sa.bindparam("of"))
_SET = sa.text(
    "INSERT INTO checkpoints (name, position) VALUES (:name, :position)"
    " ON CONFLICT (name) DO UPDATE SET position = excluded.position"
)


class Checkpoints:
    """The checkpoints as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> Position:
        """The last position that the follower has read, 0 before the first."""
        known = fetch_one(self._connection, _GET, {"of": name})
        return Position(known.position if known else 0)

    def set(self, name: str, position: Position) -> None:
        """From here on the follower has read up to that position."""
        execute_rows(self._connection, _SET, [{"name": name, "position": position}])

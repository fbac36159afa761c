"""Signed checkpoints of the log: `store.ports.TreeHeads`.

To sign costs a look at the last checkpoint, a hash or two for each event since, one signature and one row: the tree is
never made anew. The row holds what the tree goes on from.
"""

from typing import Any

import sqlalchemy as sa

from store import chain, merkle, note
from store.batch import execute_rows, fetch, fetch_one
from store.events import Position
from store.ports import TreeHead
from store.tables import EVENTS, TREE_HEADS

_LATEST = (
    sa.select(TREE_HEADS).where(TREE_HEADS.c.key == sa.bindparam("of")).order_by(TREE_HEADS.c.size.desc()).limit(1)
)
_KEYS = sa.select(TREE_HEADS.c.key).group_by(TREE_HEADS.c.key).order_by(sa.func.max(TREE_HEADS.c.number))
_IN_USE = sa.select(TREE_HEADS.c.key).order_by(TREE_HEADS.c.number.desc()).limit(1).scalar_subquery()
_COVERING = (
    sa.select(TREE_HEADS)
    .where(TREE_HEADS.c.key == _IN_USE, TREE_HEADS.c.size >= sa.bindparam("position"))
    .order_by(TREE_HEADS.c.size)
    .limit(1)
)
_NOTE = sa.select(TREE_HEADS.c.note).where(
    TREE_HEADS.c.key == sa.bindparam("of"), TREE_HEADS.c.size == sa.bindparam("size")
)
_NUMBER = sa.select(sa.func.coalesce(sa.func.max(TREE_HEADS.c.number), 0).label("number"))
_ADD = sa.insert(TREE_HEADS)
_HASH = sa.select(EVENTS.c.hash).where(EVENTS.c.position == sa.bindparam("position"))
_ROWS = (
    sa.select(EVENTS)
    .where(EVENTS.c.position > sa.bindparam("after"))
    .order_by(EVENTS.c.position)
    .limit(sa.bindparam("most"))
)
_ALL = -1


class TreeHeads:
    """The checkpoints as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def newest(self) -> list[TreeHead]:
        """The newest of each key that ever signed, the key in use last."""
        keys = self._connection.execute(_KEYS).scalars().all()
        return [_head(row) for key in keys if (row := self._latest(key)) is not None]

    def covering(self, position: Position) -> TreeHead | None:
        """The first checkpoint that covers that event, of the key in use."""
        row = self._connection.execute(_COVERING, {"position": position}).one_or_none()
        return None if row is None else _head(row)

    def sign(self, signer: note.Signs, most: int | None = None) -> TreeHead | None:
        """See `store.ports.TreeHeads.sign`."""
        key = str(signer.key)
        latest = self._latest(key)
        if latest is not None and self._hash(latest.size) != latest.hash:
            return None
        size, peaks = (latest.size, latest.peaks) if latest else (0, b"")
        rows = fetch(self._connection, _ROWS, {"after": size, "most": _ALL if most is None else most})
        if not rows:
            return _head(latest) if latest else None
        tree = merkle.Tree(size, [peaks[at : at + 32] for at in range(0, len(peaks), 32)])
        for *columns, _ in rows:
            tree.add(chain.leaf(*columns))
        made = note.signed(note.Checkpoint(signer.key.name, tree.size, tree.root()), signer)
        row = {
            "number": fetch_one(self._connection, _NUMBER, {}).number + 1,
            "key": key,
            "size": tree.size,
            "hash": rows[-1].hash,
            "peaks": b"".join(tree.peaks),
            "note": made,
        }
        execute_rows(self._connection, _ADD, [row])
        return TreeHead(key, tree.size, made)

    def contradicts(self, key: str, known: str) -> bool:
        """See `store.ports.TreeHeads.contradicts`."""
        latest = self._latest(key)
        if latest is not None and self._hash(latest.size) != latest.hash:
            return True
        if not known:
            return False
        size = note.opened(known, note.PublicKey.read(key)).size
        return bool(self._connection.execute(_NOTE, {"of": key, "size": size}).scalar() != known)

    def _latest(self, key: str) -> Any:
        return fetch_one(self._connection, _LATEST, {"of": key})

    def _hash(self, position: int) -> bytes | None:
        event = fetch_one(self._connection, _HASH, {"position": position})
        return event.hash if event else None


def _head(row: Any) -> TreeHead:
    return TreeHead(row.key, row.size, row.note)

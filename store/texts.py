"""Texts beside the log, under salted digests: `store.ports.Texts`.

Texts that a job puts are written together when it ends. A body is one byte that says how it is packed, then the text:
as it is, or deflated. What cannot be unpacked is left out on reading, as an erased text is; `store.verify` is who
complains.
"""

import os
import zlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from store.batch import execute_rows, fetch, fetch_one
from store.chain import text_digest
from store.events import ItemId, TextDigest
from store.tables import SALTS, TEXTS

_SALT_BYTES = 16
_PLAIN, _DEFLATED = b"\0", b"\1"
_WORTH_DEFLATING = 128

_SALT_OF = sa.select(SALTS.c.salt).where(SALTS.c.item == sa.bindparam("of"))
_ADD_SALT = sa.insert(SALTS)
_KNOWN = sa.select(TEXTS.c.digest).where(TEXTS.c.digest.in_(sa.bindparam("digests", expanding=True)))
_ADD_TEXT = sa.insert(TEXTS)
_BODIES = sa.select(TEXTS.c.digest, TEXTS.c.body).where(TEXTS.c.digest.in_(sa.bindparam("digests", expanding=True)))
_MOST_AT_ONCE = 500


class Texts:
    """The text store as seen by one transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._salts: dict[ItemId, bytes] = {}
        self._waiting: dict[TextDigest, tuple[ItemId, str]] = {}

    def salt(self, item: ItemId) -> bytes:
        """The item's salt (16 bytes), made and kept at the first call."""
        if (salt := self._salts.get(item)) is None:
            if known := fetch_one(self._connection, _SALT_OF, {"of": item}):
                salt = known.salt
            else:
                salt = os.urandom(_SALT_BYTES)
                execute_rows(self._connection, _ADD_SALT, [{"item": item, "salt": salt}])
            self._salts[item] = salt
        return salt

    def put(self, item: ItemId, text: str) -> TextDigest:
        """Keep a text, once; returns its digest."""
        digest = TextDigest(text_digest(self.salt(item), text))
        self._waiting[digest] = (item, text)
        return digest

    def get(self, digests: Collection[TextDigest]) -> Mapping[TextDigest, str]:
        """Known texts by digest; erased or unknown ones are left out."""
        found = {digest: self._waiting[digest][1] for digest in digests if digest in self._waiting}
        for row in self._rows(_BODIES, [digest for digest in digests if digest not in found]):
            if (text := unpack(row.body)) is not None:
                found[TextDigest(row.digest)] = text
        return found

    def flush(self) -> None:
        """Write what was put; the writer calls it when the job has ended."""
        known = {row.digest for row in self._rows(_KNOWN, list(self._waiting))}
        rows = [
            {"digest": digest, "item": item, "body": pack(text)}
            for digest, (item, text) in self._waiting.items()
            if digest not in known
        ]
        if rows:
            execute_rows(self._connection, _ADD_TEXT, rows)
        self._waiting.clear()

    def _rows(self, statement: sa.Select[Any], digests: list[TextDigest]) -> Iterator[sa.Row[Any]]:
        for start in range(0, len(digests), _MOST_AT_ONCE):
            yield from fetch(self._connection, statement, {"digests": digests[start : start + _MOST_AT_ONCE]})


def pack(text: str) -> bytes:
    """The bytes that are stored for a text."""
    plain = text.encode()
    if len(plain) >= _WORTH_DEFLATING and len(deflated := zlib.compress(plain)) < len(plain):
        return _DEFLATED + deflated
    return _PLAIN + plain


def unpack(body: bytes) -> str | None:
    """The text again; None when the bytes are damaged."""
    try:
        match body[:1]:
            case b"\0":
                return body[1:].decode()
            case b"\1":
                return zlib.decompress(body[1:]).decode()
    except (zlib.error, UnicodeDecodeError):
        pass
    return None

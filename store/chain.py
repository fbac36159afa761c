"""The hash chain over the log, and the digests of texts beside it. Pure.

In come the columns of an event as the database holds them, out come 32-byte SHA-256 values. The format is published in
docs/log-format.md and final: nothing here may ever change for events that are written.
"""

from hashlib import sha256
from struct import Struct

GENESIS = bytes(32)
"""What the first event's hash follows: 32 zero bytes."""

_HEAD = Struct(">BQqQ")  # 0x00, then position with its length, then the length of event_id
_MIDDLE = Struct(">QqQ")  # version with its length, then the length of kind
_TAIL = Struct(">QqQ")  # recorded_at with its length, then the length of data
_LENGTH = Struct(">Q")


def leaf(
    position: int, event_id: str, stream: str, version: int, kind: str, subject: str, recorded_at: int, data: bytes
) -> bytes:
    """SHA-256 over 0x00 and the eight columns, each after its length in 8 bytes, big-endian.

    Text is UTF-8; integers are 8 bytes, big-endian, two's complement; `recorded_at` is microseconds since 1970 in UTC.
    Raises UnicodeEncodeError for lone surrogates.
    """
    event_id_bytes, stream_bytes = event_id.encode(), stream.encode()
    kind_bytes, subject_bytes = kind.encode(), subject.encode()
    return sha256(
        b"".join(
            (
                _HEAD.pack(0, 8, position, len(event_id_bytes)),
                event_id_bytes,
                _LENGTH.pack(len(stream_bytes)),
                stream_bytes,
                _MIDDLE.pack(8, version, len(kind_bytes)),
                kind_bytes,
                _LENGTH.pack(len(subject_bytes)),
                subject_bytes,
                _TAIL.pack(8, recorded_at, len(data)),
                data,
            )
        )
    ).digest()


def link(previous: bytes, leaf_hash: bytes) -> bytes:
    """The hash of an event: SHA-256 over the hash of the event before it and its own leaf."""
    return sha256(previous + leaf_hash).digest()


def body_digest(body: bytes) -> str:
    """ "sha256:" and the hex SHA-256 of a response body: the name under which its capture is kept."""
    return f"sha256:{sha256(body).hexdigest()}"


def text_digest(salt: bytes, text: str) -> str:
    """Hex SHA-256 over an item's 16-byte salt and a text in UTF-8: what events carry in place of the text."""
    return sha256(salt + text.encode()).hexdigest()

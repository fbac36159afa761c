"""A response body as it streams in: inflated if it is gzip, and never larger than its limit.

In go the pieces as they came over the wire; out comes the whole body. It fails with `FetchError`: `too_large` as soon
as the limit is passed (hardly anything beyond it is ever inflated), `bad_encoding` for what is not gzip or plain, or is
cut short, `protocol` for a body sent in splinters. Memory stays near the limit whatever the server sends.
"""

import zlib

from aggregator.fetch.failure import FetchError

_GZIP = 16 + zlib.MAX_WBITS
_STEP = 256 * 1024
_MAX_MEMBERS = 1_000
_SPLINTERS = 20_000
_SPLINTER_BYTES = 16


class Body:
    """Collects one body of at most `limit` bytes after inflation. `encoding` is the Content-Encoding header."""

    def __init__(self, encoding: str, limit: int) -> None:
        codings = [coding for token in encoding.split(",") if (coding := token.strip().lower()) not in ("", "identity")]
        if codings not in ([], ["gzip"], ["x-gzip"]):
            raise FetchError("bad_encoding", f"content-encoding {encoding[:60]!r} was not asked for")
        self._inflater = zlib.decompressobj(_GZIP) if codings else None
        self._limit = limit
        self._data = bytearray()
        self._wire_bytes = 0
        self._pieces = 0
        self._members = 1

    def feed(self, piece: bytes) -> None:
        """Take the next piece off the wire."""
        self._wire_bytes += len(piece)
        self._pieces += 1
        if self._inflater is None:
            self._data += piece
        if self._wire_bytes > self._limit:  # a gzip stream of nothing but empty blocks inflates to nothing, for ever
            raise self._too_large()
        if self._pieces > _SPLINTERS and self._wire_bytes < self._pieces * _SPLINTER_BYTES:
            raise FetchError("protocol", f"the body comes in splinters of under {_SPLINTER_BYTES} bytes")
        if self._inflater is not None:
            self._inflate(self._inflater, piece)

    def close(self) -> bytes:
        """The whole body, once the wire has said that it ended."""
        if self._inflater is not None and self._wire_bytes and not self._inflater.eof:
            raise FetchError("bad_encoding", "the gzip body is cut short")
        return bytes(self._data)

    def beginning(self) -> bytes:
        """What came of it so far, within the limit."""
        return bytes(self._data[: self._limit])

    def _inflate(self, inflater: "zlib._Decompress", rest: bytes) -> None:
        while rest:
            if inflater.eof:
                if not rest.startswith(b"\x1f"):
                    return  # padding after the last member, as gzip itself ignores it
                inflater = self._next_member()
            try:
                self._data += inflater.decompress(rest, _STEP)
            except zlib.error:
                raise FetchError("bad_encoding", "the body is not the gzip that its header promises") from None
            if len(self._data) > self._limit:
                raise self._too_large()
            rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail

    def _next_member(self) -> "zlib._Decompress":
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise FetchError("bad_encoding", f"over {_MAX_MEMBERS} gzip members in one body")
        self._inflater = zlib.decompressobj(_GZIP)
        return self._inflater

    def _too_large(self) -> FetchError:
        return FetchError("too_large", f"the body is over {self._limit} bytes")

"""Captured documents as a WARC/1.1 file (ISO 28500:2017), each record compressed by itself. Pure.

In come captures, out come bytes: the same for the same captures. We keep a body after its coding was undone, and no
status line, so the record is made of what was kept: a status line of ours (only a 200 is ever captured), the headers
with those that spoke of the coding renamed, the body. `set-cookie` is left out: it may be a key to something.
"""

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import urlsplit, urlunsplit
from uuid import NAMESPACE_URL, uuid5

from store.ports import Capture

_CODING = ("content-encoding", "transfer-encoding", "content-length")
_SECRET = ("set-cookie",)
Headers = Sequence[tuple[str, str]]


def archive(captures: Sequence[Capture], software: str) -> bytes:
    """The whole file: a record about itself, then one for each capture."""
    return b"".join([_about(captures, software), *map(_response, captures)])


def _about(captures: Sequence[Capture], software: str) -> bytes:
    block = (
        f"software: {software}\r\nformat: WARC File Format 1.1\r\n"
        "description: bodies are kept after content coding was undone; x-orig- headers are as received\r\n"
    ).encode()
    names = "".join(capture.digest for capture in captures)
    at = min((capture.fetched_at for capture in captures), default=datetime.fromtimestamp(0, UTC))
    return _record("warcinfo", f"warcinfo:{names}", at, [("Content-Type", "application/warc-fields")], block)


def _response(capture: Capture) -> bytes:
    kept = [(name, value) for name, value in capture.headers if name.lower() not in _SECRET]
    lines = [f"x-orig-{name}: {value}" if name.lower() in _CODING else f"{name}: {value}" for name, value in kept]
    head = "\r\n".join(["HTTP/1.1 200 OK", *lines, f"content-length: {len(capture.body)}", "", ""])
    headers = [
        ("WARC-Target-URI", without_user(capture.url)),
        ("WARC-Payload-Digest", capture.digest),
        ("Content-Type", "application/http;msgtype=response"),
    ]
    block = head.encode("latin-1", "replace") + capture.body
    return _record("response", f"{capture.digest} {capture.url}", capture.fetched_at, headers, block)


def without_user(url: str) -> str:
    """An address without the user name and password that the operator may have written into it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _record(kind: str, name: str, at: datetime, more: Headers, block: bytes) -> bytes:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    headers = [
        ("WARC-Type", kind),
        ("WARC-Record-ID", f"<urn:uuid:{uuid5(NAMESPACE_URL, name)}>"),
        ("WARC-Date", moment),
        *more,
        ("WARC-Block-Digest", f"sha256:{sha256(block).hexdigest()}"),
        ("Content-Length", str(len(block))),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return gzip.compress(f"WARC/1.1\r\n{head}\r\n".encode() + block + b"\r\n\r\n", mtime=0)

"""A receiver of feedwitness's webhooks: verifies, stores each alert once, and only then says 204.

    FEEDWITNESS_SECRET=whsec_… python receiver.py 127.0.0.1:9000 alerts.db

Standard library only, to be read and copied. Delivery is at least once, so the same alert may come twice, under the
same `webhook-id` and with the same bytes: the primary key takes it once. An answer before the alert is safe on the disk
could lose it; an answer after that can at worst be lost itself, and then the alert comes again.
"""

import base64
import hashlib
import hmac
import json
import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SKEW = 300
"""How many seconds a message may be old, or ahead of our clock: what is older may be a replay."""
LARGEST = 1 << 20
SCHEMA = "CREATE TABLE IF NOT EXISTS alerts (id TEXT PRIMARY KEY, type TEXT, received_at INTEGER, body BLOB) STRICT"


def verified(key: bytes, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether this request is from the holder of the secret and fresh (Standard Webhooks 1.0.0)."""
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not stamp.isascii() or not stamp.isdigit() or abs(now - int(stamp)) > SKEW:
        return False
    digest = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    given = headers.get("webhook-signature", "").encode()
    return any(hmac.compare_digest(expected, one) for one in given.split(b" "))


def keep(path: str, message_id: str, body: bytes) -> bool:
    """Store the alert; False when it is there already. Durable when this returns."""
    connection = sqlite3.connect(path, timeout=10)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        with connection:
            row = (message_id, json.loads(body)["type"], int(time.time()), body)
            return connection.execute("INSERT OR IGNORE INTO alerts VALUES (?, ?, ?, ?)", row).rowcount == 1
    finally:
        connection.close()


class Receiver(BaseHTTPRequestHandler):
    """One request. `key` and `path` are set below."""

    key: bytes
    path_of_store: str
    timeout = 20

    def do_POST(self) -> None:
        """401: not ours, do not look at it. 204: kept, or here already. 500: not kept, please come again."""
        length = self.headers.get("content-length", "")
        if not length.isascii() or not length.isdigit() or int(length) > LARGEST:
            return self.answer(413)
        body = self.rfile.read(int(length))
        if not verified(self.key, self.headers, body, time.time()):
            return self.answer(401)
        message_id = self.headers["webhook-id"]
        try:
            new = keep(self.path_of_store, message_id, body)
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            self.log_error("%s could not be kept: %s", message_id, error)
            return self.answer(500)
        if new:
            told(json.loads(body))
        return self.answer(204)

    def answer(self, status: int) -> None:
        """A status without a body, and no second request on this connection."""
        self.close_connection = True
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()


def told(message: Mapping[str, Any]) -> None:
    """What you came for: put your own here. `repr` keeps control characters in a title out of the terminal."""
    data = message["data"]
    what = (data.get("item") or data.get("feed") or {}).get("title") or data.get("message", "")
    print(message["type"], repr(what), data.get("links", {}).get("history", ""), flush=True)


def main(listen: str, path: str) -> None:
    """Serve until interrupted."""
    Receiver.key = base64.b64decode(os.environ["FEEDWITNESS_SECRET"].removeprefix("whsec_"))
    Receiver.path_of_store = path
    sqlite3.connect(path).execute(SCHEMA).connection.close()
    host, _, port = listen.rpartition(":")
    with ThreadingHTTPServer((host, int(port)), Receiver) as server:
        print(f"listening on http://{host}:{server.server_port}/", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])

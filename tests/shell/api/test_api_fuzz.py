"""Row 64 of the test matrix: whatever is asked, there is an answer in the one shape, soon, and it is no fault of ours.

A seeded generator writes raw requests, so that nothing on our side of the socket tidies them.
"""

import contextlib
import json
import random
import socket
import time
from collections import Counter
from urllib.parse import quote

import pytest

from aggregator.web.api.cursors import sealed
from store.events import Position

SLOWEST_SECONDS = 5.0
PARAMETERS = ["limit", "after", "feed", "since", "match", "state", "withdrawn", "rule", "item", "kinds", "nonsense", ""]
VALUES = [
    "", "0", "1", "-1", "1001", "NaN", "Infinity", "-0", "1e309", "0x10", "１２", "true", "null", "[]", "{}", "9" * 400,
    str(2**31), str(2**63 - 1), str(2**63), str(2**64), "7d", "99999999999999d", "0s", "2026-11-21T20:00:00Z",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59", "ministry", "palace", "desk", "published", "dead",
    "item.revised/1", "item.revised/1,,", "ministry/item000000000000", "'; DROP TABLE events; --", "%", "*", "\\", "\0",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "\u202e", "((((((", "NOT " * 200, "(" * 700,
    '"' * 99, "topic:aid", "topic:" * 50, "a* OR " * 100 + "a", "title:" * 300 + "x", "=" * 500, "NOT x", "~" * 300,
    "[" * 1000, "..", "../../etc/passwd", "<script>", "a\r\nX-Evil: 1", "é" * 200, "日本" * 100,
]  # fmt: skip
RAW = ["%", "%zz", "%00", "%ff%fe", "%ed%a0%80", "%c0%af", "%25", "+", "&&", "=", ";", "%0d%0aX-Evil:%201", "%u0041"]


def value(r: random.Random, paths: list[str]) -> str:
    if r.random() < 0.2:
        return "".join(r.choices(RAW, k=r.randint(1, 6)))
    if r.random() < 0.2:
        parts = [
            r.choice([Position(0), Position(41), Position(10**9)]),
            (r.choice([0, 2**63 - 1, 17]), r.choice(VALUES)),
        ]
        return sealed(r.choice(paths), {}, *parts)  # type: ignore[arg-type]  # on purpose
    text = r.choice(VALUES)
    if r.random() < 0.2:
        text = "".join(r.choices(text + 'aA0 :"()*/-', k=r.randint(0, 60)))
    return quote(text.encode("utf-8", "replace"), safe="")


def target(r: random.Random, paths: list[str]) -> str:
    path = r.choice([*paths, "/api/openapi.json", "/items/{feed}/{item}", "/api/{rule}", "/api//{feed}"])
    for name in ("feed", "item", "rule", "alert"):
        path = path.replace("{" + name + "}", value(r, paths) if r.random() < 0.7 else "ministry")
    asked = "&".join(f"{r.choice(PARAMETERS)}={value(r, paths)}" for _ in range(r.randint(0, 4)))
    return (f"{path}?{asked}" if asked else path)[:9000]


def headers(r: random.Random) -> str:
    odd = {
        0: "Host: evil.example\r\n",
        1: "Host: 127.0.0.1\r\nAuthorization: Basic " + "A" * r.randint(0, 5000) + "\r\n",
        2: "Host: 127.0.0.1\r\nX-Long: " + "x" * 65_536 + "\r\n",
        3: "Host: 127.0.0.1\r\nOrigin: " + r.choice(["null", "http://[", "https://127.0.0.1", "\xff"]) + "\r\n",
        4: "Host: 127.0.0.1\r\n" + "".join(f"X-{n}: 1\r\n" for n in range(400)),
        5: "Host: 127.0.0.1\r\nAccept: application/xml\r\nAccept-Encoding: br;q=nan\r\nRange: bytes=0-1\r\n",
    }
    return odd.get(r.randrange(40), "Host: 127.0.0.1\r\n")


def body(r: random.Random) -> bytes | None:
    kinds = [b"{", b"[" * 1000 + b"]" * 1000, b'{"limit": NaN}', b"\x00" * 2_000_000, b'{"a":' * 1000, b""]
    return r.choice(kinds) if r.random() < 0.1 else None


def send(port: int, request: bytes) -> tuple[int, bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=SLOWEST_SECONDS) as connection:
        with contextlib.suppress(ConnectionError):  # the answer came before all of the request was sent
            connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    head, _, said = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), said


@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_no_request_whatever_is_answered_with_a_fault_of_ours_or_late(api, paths, count) -> None:
    r = random.Random(64)
    before, statuses, slowest = api.get("/api/head"), Counter[int](), 0.0
    for _ in range(count):
        asked, sent, method = target(r, paths), body(r), r.choice(["GET"] * 9 + ["POST"])
        length = "" if sent is None else f"Content-Length: {len(sent)}\r\n"
        head = f"{method} {asked} HTTP/1.1\r\n{headers(r)}{length}Connection: close\r\n\r\n"
        started = time.monotonic()
        status, said = send(api.port, head.encode("latin-1", "replace") + (sent or b""))
        slowest = max(slowest, time.monotonic() - started)
        statuses[status] += 1
        assert status in (200, 400, 403, 404, 405, 421, 431), (status, head, said)
        if said.startswith(b"{"):
            document = json.loads(said)
            assert status == 200 or set(document) == {"error", "message"}
    assert slowest < SLOWEST_SECONDS
    assert statuses[200] > count // 20
    assert statuses[400] > count // 4
    assert api.get("/api/head") == before
